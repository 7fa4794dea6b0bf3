//! What operators do with jobs that were laid down, and with events.

use database::Change;
use kernel::{Error, Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store;

/// A job that was laid down after its last attempt.
#[derive(Clone, Debug)]
pub struct DeadJob {
    /// What it was to do: `blog.publish_due`.
    pub kind: String,
    /// Whose it is; `None` for the platform's own.
    pub tenant: Option<TenantId>,
}

/// Queues a dead job again, with all its attempts.
///
/// # Errors
/// [`Error::NotFound`] when there is no dead job of that id; [`Error::Conflict`] with `queued_already` when one with the
/// same key waits: that one does the work.
pub async fn retry(conn: &mut PgConnection, id: Uuid, now: Timestamp) -> Result<DeadJob> {
    let job = store::revive(conn, id, now)
        .await?
        .ok_or(Error::NotFound("dead job"))?;
    Change::Work.announce(conn).await?;
    Ok(job)
}

/// Removes a dead job for good.
///
/// # Errors
/// [`Error::NotFound`] when there is no dead job of that id.
pub async fn discard(conn: &mut PgConnection, id: Uuid) -> Result<DeadJob> {
    store::bury(conn, id)
        .await?
        .ok_or(Error::NotFound("dead job"))
}

/// An event that is handed on once more.
#[derive(Clone, Debug)]
pub struct HandedOn {
    /// What happened: `blog.post.published`.
    pub kind: String,
    /// Whose it is.
    pub tenant: TenantId,
}

/// Has an event handed to its subscribers: now, if it waits; once more, if that was done. Every subscriber then hears of
/// it again.
///
/// # Errors
/// [`Error::NotFound`] when there is no event of that id.
pub async fn hand_on(conn: &mut PgConnection, id: Uuid) -> Result<HandedOn> {
    let event = store::undispatch(conn, id)
        .await?
        .ok_or(Error::NotFound("event"))?;
    Change::Work.announce(conn).await?;
    Ok(event)
}
