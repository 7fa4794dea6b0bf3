//! What the blog does later.

use std::time::Duration;

use kernel::Timestamp;
use module::{Job, JobContext, JobFuture, Jobs, enqueue};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;

use crate::comments;
use crate::content::RENDERER_VERSION;
use crate::posts::{self, PostId};
use crate::redirects::{self, RedirectId};
use crate::series::{self, SeriesId};
use crate::tags::{self, TagId};

/// How long posts, tags, series and redirects stay in the trash.
pub(crate) const TRASH: Duration = Duration::from_hours(30 * 24);

/// Notes that a scheduled post has gone live and tells of it, once. Visitors do not wait for this.
#[derive(Debug, Serialize, Deserialize)]
pub struct PublishDue {
    /// The post.
    pub post: PostId,
    /// The time that was chosen; another choice is another job.
    pub at: Timestamp,
}

impl Job for PublishDue {
    const KIND: &'static str = "blog.publish_due";

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}:{}", self.post, self.at.as_microseconds()))
    }
}

/// Notes that a post has ended at its chosen time and tells of it, once. Visitors do not wait for this.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnpublishDue {
    /// The post.
    pub post: PostId,
    /// The time that was chosen; another choice is another job.
    pub at: Timestamp,
}

impl Job for UnpublishDue {
    const KIND: &'static str = "blog.unpublish_due";

    fn unique_key(&self) -> Option<String> {
        Some(format!("{}:{}", self.post, self.at.as_microseconds()))
    }
}

/// Removes a post for good when it has been in the trash for 30 days.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgePost {
    /// The post.
    pub post: PostId,
    /// When it was moved there; a post that was restored since is left alone.
    pub trashed_at: Timestamp,
}

impl Job for PurgePost {
    const KIND: &'static str = "blog.purge_post";
}

/// Removes a tag for good when it has been in the trash for 30 days.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeTag {
    /// The tag.
    pub tag: TagId,
    /// When it was deleted; a tag that was restored since is left alone.
    pub deleted_at: Timestamp,
}

impl Job for PurgeTag {
    const KIND: &'static str = "blog.purge_tag";
}

/// Removes a series for good when it has been in the trash for 30 days.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeSeries {
    /// The series.
    pub series: SeriesId,
    /// When it was deleted; a series that was restored since is left alone.
    pub deleted_at: Timestamp,
}

impl Job for PurgeSeries {
    const KIND: &'static str = "blog.purge_series";
}

/// Removes a redirect for good when it has been in the trash for 30 days.
#[derive(Debug, Serialize, Deserialize)]
pub struct PurgeRedirect {
    /// The redirect.
    pub redirect: RedirectId,
    /// When it was deleted; a redirect that was restored since is left alone.
    pub deleted_at: Timestamp,
}

impl Job for PurgeRedirect {
    const KIND: &'static str = "blog.purge_redirect";
}

/// Clears up after comments, once a day as long as there is anything to clear up: what is past its time, salts of days
/// before, counters.
#[derive(Debug, Serialize, Deserialize)]
pub struct TendComments {}

impl TendComments {
    /// When it runs after something was left to clear up.
    pub(crate) fn next(now: Timestamp) -> Timestamp {
        now.plus(Duration::from_hours(24))
    }
}

impl Job for TendComments {
    const KIND: &'static str = "blog.tend_comments";

    fn unique_key(&self) -> Option<String> {
        Some("daily".to_owned())
    }
}

/// Versions that one run of [`RenderAgain`] renders: one transaction stays short.
const BATCH: i64 = 50;

/// Renders again what an older renderer made, some versions at a time.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenderAgain {
    /// The renderer to render with.
    pub version: i32,
}

impl RenderAgain {
    /// With the renderer of this build.
    #[must_use]
    pub fn with_present() -> Self {
        Self {
            version: RENDERER_VERSION,
        }
    }
}

impl Job for RenderAgain {
    const KIND: &'static str = "blog.render_again";

    fn unique_key(&self) -> Option<String> {
        Some(self.version.to_string())
    }
}

/// Registers the handlers.
pub(crate) fn register(jobs: &mut Jobs) {
    jobs.on::<PublishDue>(publish_due)
        .on::<UnpublishDue>(unpublish_due)
        .on::<RenderAgain>(render_again)
        .on::<PurgePost>(purge_post)
        .on::<PurgeTag>(purge_tag)
        .on::<PurgeSeries>(purge_series)
        .on::<PurgeRedirect>(purge_redirect)
        .on::<TendComments>(tend_comments);
}

fn publish_due(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let due: PublishDue = job.read()?;
        posts::note_due(tx, due.post, job.now).await
    })
}

fn unpublish_due(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let due: UnpublishDue = job.read()?;
        posts::note_due(tx, due.post, job.now).await
    })
}

fn render_again(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let again: RenderAgain = job.read()?;
        // Another build's renderer sees to its own versions.
        if again.version == RENDERER_VERSION && posts::render_again(tx, BATCH).await? {
            enqueue(tx, &again, job.now).await?;
        }
        Ok(())
    })
}

fn purge_post(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let expired: PurgePost = job.read()?;
        posts::purge_expired(tx, expired.post, expired.trashed_at, job.now).await
    })
}

fn purge_tag(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let expired: PurgeTag = job.read()?;
        tags::purge_expired(tx, expired.tag, expired.deleted_at).await
    })
}

fn purge_series(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let expired: PurgeSeries = job.read()?;
        series::purge_expired(tx, expired.series, expired.deleted_at).await
    })
}

fn purge_redirect(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let expired: PurgeRedirect = job.read()?;
        redirects::purge_expired(tx, expired.redirect, expired.deleted_at).await
    })
}

fn tend_comments(tx: &mut TenantTx, job: JobContext) -> JobFuture<'_> {
    Box::pin(async move {
        let TendComments {} = job.read()?;
        if comments::tend(tx, job.now).await? {
            enqueue(tx, &TendComments {}, TendComments::next(job.now)).await?;
        }
        Ok(())
    })
}
