//! Preview links: a post that is not live, shown to whoever has the link, for a while.
//!
//! The link carries 256 random bits, of which only the hash is stored: it is shown once, when it is made. It ends by
//! itself, can be limited to a number of views, and can be revoked at any time. What it shows is at
//! `/p/{token}` on the workspace's own host, in [`crate::public`].

pub mod api;
pub mod pages;
mod store;

use std::time::Duration;

use kernel::{Error, FieldError, Fields, Result, Timestamp};
use module::{Ctx, Secret, emit};
use tenant_resolver::TenantTx;

use crate::events::PreviewChanged;
use crate::posts::{self, Post, PostId, versions};
use crate::settings;

/// How many hours a link works at most: 30 days.
pub const MAX_HOURS: i64 = 30 * 24;
/// Most links of one post at a time.
pub const MAX_LINKS: usize = 20;
/// The largest limit of views.
pub const MAX_VIEWS: i32 = 10_000;

kernel::id!(
    /// Identifies a preview link.
    PreviewId
);

/// A link that works.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Its id, which does not open it.
    pub id: PreviewId,
    /// The version that it shows; `None`: the newest draft at that time.
    pub version_no: Option<i32>,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// How often it may be opened; `None`: as often as anybody likes.
    pub max_views: Option<i32>,
    /// How often it was opened.
    pub views: i32,
    /// When it was opened last.
    pub last_viewed_at: Option<Timestamp>,
    /// Who made it, by the name of that time.
    pub created_by_name: String,
    /// When.
    pub created_at: Timestamp,
}

/// What a link is to be like.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewPreview {
    /// The version that it shows; `None`: the newest draft at that time.
    pub version: Option<i32>,
    /// How many hours it works, 1 to 720; `None`: as the settings say.
    pub hours: Option<i64>,
    /// How often it may be opened, 1 to 10,000; `None`: as often as anybody likes.
    pub max_views: Option<i32>,
}

/// What a link that was opened leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    /// The post.
    pub post: PostId,
    /// The version; `None`: the newest draft.
    pub version_no: Option<i32>,
    /// Until when the link works.
    pub expires_at: Timestamp,
}

/// The links of a post that can still be opened, newest first.
pub async fn list(tx: &mut TenantTx, post: PostId, now: Timestamp) -> Result<Vec<Preview>> {
    store::list(tx, post, now).await
}

/// Whether the person of this request may share a post: who may edit it, and who decides on it.
#[must_use]
pub fn may_share(ctx: &Ctx, post: &Post) -> bool {
    post.deleted_at.is_none() && (post.may_edit(ctx) || ctx.may("blog.posts.publish"))
}

/// Makes a link. Its secret is in the answer, and nowhere else.
///
/// # Errors
/// Broken rules of the fields `hours`, `max_views` and `version`; [`Error::Forbidden`] for who may neither edit the
/// post nor decide on it.
pub async fn create(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: PostId,
    new: NewPreview,
) -> Result<(Preview, Secret)> {
    let post = shareable(tx, ctx, post).await?;
    let hours = match new.hours {
        Some(hours) => hours,
        None => settings::get(tx).await?.preview_ttl_hours.into(),
    };
    let mut fields = Fields::default();
    fields
        .check(
            (1..=MAX_HOURS).contains(&hours),
            "hours",
            "out_of_range",
            "Choose between one hour and 30 days.",
        )
        .check(
            new.max_views
                .is_none_or(|views| (1..=MAX_VIEWS).contains(&views)),
            "max_views",
            "out_of_range",
            "Choose between 1 and 10,000 views, or leave it empty.",
        );
    fields.finish()?;
    if let Some(no) = new.version {
        versions::get(tx, post.id, no)
            .await
            .map_err(|error| match error {
                Error::NotFound(_) => {
                    FieldError::new("version", "not_found", "The post has no such version.").into()
                }
                other => other,
            })?;
    }
    if list(tx, post.id, ctx.now()).await?.len() >= MAX_LINKS {
        return Err(Error::conflict(
            "too_many_previews",
            "This post has 20 preview links already. Revoke one first.",
        ));
    }
    let person = ctx.person()?;
    let hours = Duration::from_hours(u64::try_from(hours).unwrap_or_default());
    let link = Preview {
        id: PreviewId::new(),
        version_no: new.version,
        expires_at: ctx.now().plus(hours),
        max_views: new.max_views,
        views: 0,
        last_viewed_at: None,
        created_by_name: person.name.clone(),
        created_at: ctx.now(),
    };
    let secret = Secret::generate();
    store::insert(tx, post.id, &link, &secret.hash(), person.membership).await?;
    record(tx, ctx, &post, link.id, "blog.preview.created", "created").await?;
    Ok((link, secret))
}

/// Shuts a link for good.
pub async fn revoke(tx: &mut TenantTx, ctx: &Ctx, post: PostId, id: PreviewId) -> Result<()> {
    let post = shareable(tx, ctx, post).await?;
    if !store::revoke(tx, post.id, id, ctx.now()).await? {
        return Err(Error::NotFound("preview link"));
    }
    record(tx, ctx, &post, id, "blog.preview.revoked", "revoked").await
}

/// Opens a link, which counts as a view.
///
/// # Errors
/// [`Error::Gone`] for one that has ended, whatever ended it; [`Error::NotFound`] for one that never was.
pub(crate) async fn open(tx: &mut TenantTx, token: &str, now: Timestamp) -> Result<Opened> {
    let secret = Secret::parse(token).ok_or(Error::NotFound("page"))?;
    if let Some(opened) = store::open(tx, &secret.hash(), now).await? {
        return Ok(opened);
    }
    Err(if store::known(tx, &secret.hash()).await? {
        over()
    } else {
        Error::NotFound("page")
    })
}

/// The answer of a link that has ended. It does not say why.
pub(crate) fn over() -> Error {
    Error::Gone("This preview has ended. Ask whoever sent the link for a new one.".into())
}

async fn shareable(tx: &mut TenantTx, ctx: &Ctx, post: PostId) -> Result<Post> {
    let post = posts::get(tx, post).await?;
    if post.deleted_at.is_some() {
        return Err(Error::conflict(
            "in_trash",
            "The post is in the trash. Restore it before you share it.",
        ));
    }
    if may_share(ctx, &post) {
        Ok(post)
    } else {
        Err(Error::Forbidden("blog.posts.edit_any"))
    }
}

async fn record(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &Post,
    preview: PreviewId,
    action: &'static str,
    what: &'static str,
) -> Result<()> {
    ctx.audit(action)
        .on("post", post.id, posts::display_title(&post.title))
        .write(tx)
        .await?;
    let changed = PreviewChanged {
        preview,
        post: post.id,
        what,
    };
    emit(tx, &changed, ctx.now()).await
}
