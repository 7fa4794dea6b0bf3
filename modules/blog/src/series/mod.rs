//! Series: posts that belong together, in an order of their own.
//!
//! A series is put in order by hand or by the day of its posts. Which posts it has and where they stand is one list,
//! changed as a whole under the lock of its series, so that two people who move posts at once do not mix their orders.

pub mod api;
pub mod pages;
mod store;

use kernel::{Cursor, Error, FieldError, Fields, Page, PageRequest, Result, Timestamp};
use module::{Ctx, emit, enqueue};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::content::slug;
use crate::events::SeriesChanged;
use crate::jobs::{PurgeSeries, TRASH};
use crate::posts::{PostId, length, one_line};
use crate::slugs::{self, Kind};

pub use store::{Part, Series};

kernel::id!(
    /// Identifies a series.
    SeriesId
);

/// Most posts of one series.
pub(crate) const MAX_POSTS: usize = 200;

/// How the posts of a series are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderMode {
    /// As somebody put them.
    #[default]
    Manual,
    /// By the day of their first publication, the oldest first.
    Date,
}

impl OrderMode {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Date => "date",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Manual, Self::Date]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

/// What is said of a series.
#[derive(Clone, Debug, Default)]
pub struct SeriesInput {
    /// Title.
    pub title: String,
    /// Slug; `None`: made from the title, or left as it is.
    pub slug: Option<String>,
    /// What it is about, for its public page.
    pub description: String,
    /// How its posts are put in order.
    pub order: OrderMode,
}

impl SeriesInput {
    fn check(mut self) -> Result<Self> {
        let mut fields = Fields::default();
        self.title = one_line(&self.title);
        self.description = one_line(&self.description);
        self.slug = self
            .slug
            .filter(|slug| !slug.is_empty())
            .map(|slug| slug::normalise(&slug));
        fields
            .require("title", &self.title, "Give the series a title.")
            .check(
                length(&self.title) <= 191,
                "title",
                "too_long",
                "Use at most 191 characters.",
            )
            .check(
                length(&self.description) <= 500,
                "description",
                "too_long",
                "Use at most 500 characters.",
            );
        if let Some(slug) = &self.slug {
            fields.take(slugs::check(slug));
        }
        fields.finish()?;
        Ok(self)
    }
}

/// Begins a series without posts.
pub async fn create(tx: &mut TenantTx, ctx: &Ctx, input: SeriesInput) -> Result<Series> {
    let input = input.check()?;
    let now = ctx.now();
    let id = SeriesId::new();
    let slug = match &input.slug {
        Some(slug) => {
            slugs::choose(tx, Kind::Series, id, slug, now).await?;
            slug.clone()
        }
        None => slugs::claim(tx, Kind::Series, id, &slugs::wanted(&input.title), now).await?,
    };
    store::insert(tx, id, &slug, &input, now).await?;
    tell(tx, ctx, Told::Created, id, &input.title).await?;
    get(tx, id).await
}

/// Changes what is said of a series. `based_on` is the revision that the person saw, if it is known.
pub async fn update(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: SeriesId,
    based_on: Option<i64>,
    input: SeriesInput,
) -> Result<Series> {
    let input = input.check()?;
    let series = hold(tx, id, based_on).await?;
    let slug = match &input.slug {
        Some(slug) if *slug != series.slug => {
            slugs::choose(tx, Kind::Series, id, slug, ctx.now()).await?;
            slugs::store::retire(tx, Kind::Series, id, &series.slug).await?;
            slug.clone()
        }
        _ => series.slug.clone(),
    };
    let before = (
        &series.slug,
        &series.title,
        &series.description,
        series.order_mode,
    );
    if (&slug, &input.title, &input.description, input.order) == before {
        return Ok(series);
    }
    store::update(tx, id, &slug, &input, ctx.now()).await?;
    tell(tx, ctx, Told::Changed, id, &input.title).await?;
    get(tx, id).await
}

/// Gives a series exactly these posts in this order.
///
/// # Errors
/// A broken rule of the field `posts`: one that does not exist, stands twice, or is one too many.
pub async fn arrange(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: SeriesId,
    based_on: Option<i64>,
    posts: &[PostId],
) -> Result<Series> {
    let series = hold(tx, id, based_on).await?;
    let before = store::members(tx, id).await?;
    if before
        .iter()
        .map(|member| member.post)
        .eq(posts.iter().copied())
    {
        return Ok(series);
    }
    check_posts(tx, posts).await?;
    store::arrange(tx, id, posts, ctx.now()).await?;
    tell(tx, ctx, Told::Arranged, id, &series.title).await?;
    get(tx, id).await
}

/// What is done to one post of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// It is put at the end, if it is not there.
    Add,
    /// It is taken out.
    Remove,
    /// It changes places with the one before it.
    Up,
    /// It changes places with the one after it.
    Down,
}

/// Adds, removes or moves one post: what was seen of the others does not matter.
pub async fn shift(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: SeriesId,
    post: PostId,
    shift: Shift,
) -> Result<Series> {
    hold(tx, id, None).await?;
    let mut members = store::members(tx, id).await?;
    let at = members.iter().position(|member| member.post == post);
    // Posts in the trash keep their place and are stepped over: nobody sees them.
    let target = match (shift, at) {
        (Shift::Up, Some(at)) => members[..at].iter().rposition(|member| !member.trashed),
        (Shift::Down, Some(at)) => members[at + 1..]
            .iter()
            .position(|member| !member.trashed)
            .map(|ahead| at + 1 + ahead),
        _ => None,
    };
    match (shift, at, target) {
        (Shift::Add, None, _) => members.push(store::Member {
            post,
            trashed: false,
        }),
        (Shift::Remove, Some(at), _) => {
            members.remove(at);
        }
        (Shift::Up | Shift::Down, Some(at), Some(target)) => {
            let member = members.remove(at);
            members.insert(target, member);
        }
        (_, None, _) => return Err(Error::NotFound("post")),
        (_, Some(_), _) => {}
    }
    let posts: Vec<PostId> = members.iter().map(|member| member.post).collect();
    arrange(tx, ctx, id, None, &posts).await
}

async fn check_posts(tx: &mut TenantTx, posts: &[PostId]) -> Result<()> {
    let refuse =
        |code: &'static str, message: &'static str| FieldError::new("posts", code, message).into();
    if posts.len() > MAX_POSTS {
        return Err(refuse("too_many", "A series has at most 200 posts."));
    }
    let mut sorted = posts.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(refuse("twice", "Each post stands in a series once."));
    }
    if store::count_posts(tx, posts).await? != posts.len() {
        return Err(refuse(
            "unknown",
            "One of these posts does not exist or is in the trash.",
        ));
    }
    Ok(())
}

/// Deletes a series; for 30 days it can be taken back with its order. Its posts stay.
pub async fn delete(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: SeriesId,
    based_on: Option<i64>,
) -> Result<Series> {
    let series = hold(tx, id, based_on).await?;
    let now = ctx.now();
    store::set_deleted(tx, id, &series.slug, Some(now), now).await?;
    slugs::store::retire(tx, Kind::Series, id, &series.slug).await?;
    let job = PurgeSeries {
        series: id,
        deleted_at: now,
    };
    enqueue(tx, &job, now.plus(TRASH)).await?;
    tell(tx, ctx, Told::Deleted, id, &series.title).await?;
    Ok(series)
}

/// Takes a deleted series back.
pub async fn restore(tx: &mut TenantTx, ctx: &Ctx, id: SeriesId) -> Result<Series> {
    let series = store::hold(tx, id)
        .await?
        .ok_or(Error::NotFound("series"))?;
    if series.deleted_at.is_none() {
        return Ok(series);
    }
    let slug = slugs::claim(tx, Kind::Series, id, &series.slug, ctx.now()).await?;
    store::set_deleted(tx, id, &slug, None, ctx.now()).await?;
    tell(tx, ctx, Told::Restored, id, &series.title).await?;
    get(tx, id).await
}

/// Removes a series for good that was deleted at `deleted_at` and not taken back since.
pub(crate) async fn purge_expired(
    tx: &mut TenantTx,
    id: SeriesId,
    deleted_at: Timestamp,
) -> Result<()> {
    let Some(series) = store::hold(tx, id).await? else {
        return Ok(());
    };
    if series.deleted_at == Some(deleted_at) {
        slugs::store::forget_all(tx, Kind::Series, id).await?;
        store::remove(tx, id).await?;
    }
    Ok(())
}

/// One series, or the answer that there is none.
pub async fn get(tx: &mut TenantTx, id: SeriesId) -> Result<Series> {
    store::find(tx, id).await?.ok_or(Error::NotFound("series"))
}

/// The posts of a series in their order, drafts included; those in the trash keep their place and are not shown.
pub async fn parts(tx: &mut TenantTx, series: &Series) -> Result<Vec<Part>> {
    store::parts(tx, series.id, series.order_mode).await
}

/// One part of the list of series, newest first.
pub async fn list(
    tx: &mut TenantTx,
    q: Option<&str>,
    request: PageRequest,
) -> Result<Page<Series>> {
    let series = store::list(tx, q, request).await?;
    Ok(Page::cut(series, request, |series| Cursor {
        at: series.created_at,
        id: series.id.0,
    }))
}

async fn hold(tx: &mut TenantTx, id: SeriesId, based_on: Option<i64>) -> Result<Series> {
    let series = store::hold(tx, id)
        .await?
        .filter(|series| series.deleted_at.is_none())
        .ok_or(Error::NotFound("series"))?;
    match based_on {
        Some(rev) if rev != series.rev => Err(Error::PreconditionFailed),
        _ => Ok(series),
    }
}

/// What is told of a series.
#[derive(Clone, Copy)]
enum Told {
    Created,
    Changed,
    Arranged,
    Deleted,
    Restored,
}

impl Told {
    /// Its name in the audit log, and in the event.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("blog.series.created", "created"),
            Self::Changed => ("blog.series.changed", "changed"),
            Self::Arranged => ("blog.series.arranged", "arranged"),
            Self::Deleted => ("blog.series.deleted", "deleted"),
            Self::Restored => ("blog.series.restored", "restored"),
        }
    }
}

async fn tell(
    tx: &mut TenantTx,
    ctx: &Ctx,
    told: Told,
    series: SeriesId,
    title: &str,
) -> Result<()> {
    let (action, what) = told.words();
    ctx.audit(action)
        .on("series", series, title)
        .write(tx)
        .await?;
    emit(tx, &SeriesChanged { series, what }, ctx.now()).await
}
