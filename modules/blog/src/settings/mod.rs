//! The blog as a whole: its name, its lists, its feeds.

pub mod api;
pub mod pages;
mod store;

use kernel::{Error, Fields, Result, Timestamp};
use module::{Ctx, emit};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::comments::{self, CommentSettings};
use crate::events::SettingsChanged;
use crate::posts::{length, one_line};
use crate::previews;

/// How much of a post its feeds carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedContent {
    /// All of it.
    #[default]
    Full,
    /// Its excerpt.
    Excerpt,
}

impl FeedContent {
    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Excerpt => "excerpt",
        }
    }

    /// The choice of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Full, Self::Excerpt]
            .into_iter()
            .find(|choice| choice.as_str() == name)
    }
}

/// The settings of a tenant's blog. A tenant that never changed them has the defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Settings {
    /// Title; empty: the workspace's name.
    pub title: String,
    /// One line below the title.
    pub tagline: String,
    /// A few sentences for search engines and feeds.
    pub description: String,
    /// Posts on one page of a public list, 1 to 100.
    pub posts_per_page: i32,
    /// Posts in a feed, 1 to 100.
    pub feed_items: i32,
    /// How much of a post its feeds carry.
    pub feed_content: FeedContent,
    /// Whether search engines are welcome.
    pub indexable: bool,
    /// Hours that a preview link works when nobody chooses, 1 to 720.
    pub preview_ttl_hours: i32,
    /// Who may comment, and what is looked at first.
    #[serde(flatten)]
    pub comments: CommentSettings,
    /// Counts changes; 0 for the defaults.
    pub rev: i64,
    /// Last change; `None` for the defaults.
    pub updated_at: Option<Timestamp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: String::new(),
            tagline: String::new(),
            description: String::new(),
            posts_per_page: 15,
            feed_items: 20,
            feed_content: FeedContent::Full,
            indexable: true,
            preview_ttl_hours: 72,
            comments: CommentSettings::default(),
            rev: 0,
            updated_at: None,
        }
    }
}

impl Settings {
    /// The title that readers see: the blog's own, else the workspace's name.
    #[must_use]
    pub fn title_or<'a>(&'a self, workspace: &'a str) -> &'a str {
        if self.title.is_empty() {
            workspace
        } else {
            &self.title
        }
    }

    fn check(mut self) -> Result<Self> {
        self.title = one_line(&self.title);
        self.tagline = one_line(&self.tagline);
        self.description = one_line(&self.description);
        let mut fields = Fields::default();
        fields
            .check(
                length(&self.title) <= 255,
                "title",
                "too_long",
                "Use at most 255 characters.",
            )
            .check(
                length(&self.tagline) <= 300,
                "tagline",
                "too_long",
                "Use at most 300 characters.",
            )
            .check(
                length(&self.description) <= 500,
                "description",
                "too_long",
                "Use at most 500 characters.",
            )
            .check(
                (1..=100).contains(&self.posts_per_page),
                "posts_per_page",
                "out_of_range",
                "Choose 1 to 100.",
            )
            .check(
                (1..=100).contains(&self.feed_items),
                "feed_items",
                "out_of_range",
                "Choose 1 to 100.",
            )
            .check(
                (1..=previews::MAX_HOURS).contains(&i64::from(self.preview_ttl_hours)),
                "preview_ttl_hours",
                "out_of_range",
                "Choose between one hour and 30 days, which is 720 hours.",
            );
        self.comments.check(&mut fields);
        fields.finish()?;
        Ok(self)
    }
}

/// The settings in force.
pub async fn get(tx: &mut TenantTx) -> Result<Settings> {
    Ok(store::find(tx).await?.unwrap_or_default())
}

/// Changes the settings. `based_on` is the revision that the person saw, if it is known.
pub async fn update(
    tx: &mut TenantTx,
    ctx: &Ctx,
    based_on: Option<i64>,
    settings: Settings,
) -> Result<Settings> {
    let settings = settings.check()?;
    let rev = store::save(tx, &settings, based_on, ctx.now())
        .await?
        .ok_or(Error::PreconditionFailed)?;
    comments::settings_saved(tx, ctx, &settings.comments).await?;
    ctx.audit("blog.settings.changed").write(tx).await?;
    emit(tx, &SettingsChanged {}, ctx.now()).await?;
    Ok(Settings {
        rev,
        updated_at: Some(ctx.now()),
        ..settings
    })
}
