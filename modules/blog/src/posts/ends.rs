//! When a live post ends by itself: a wall time at a place, as when it goes live.
//!
//! Visitors stop reading it at that instant; the worker notes it afterwards and tells of it, once.

use kernel::{FieldError, Result, Timestamp};
use module::enqueue;
use tenant_resolver::TenantTx;

use super::publish::{Schedule, take_down};
use super::save::tell;
use super::write_store::Held;
use super::{State, Status};
use crate::events::Happened;
use crate::jobs::UnpublishDue;

/// Takes the post from visitors at `at`; `gone` is what its address says from then on.
pub(super) async fn plan(
    tx: &mut TenantTx,
    post: &mut Held,
    schedule: &Schedule,
    at: Timestamp,
    gone: bool,
) -> Result<Option<Happened>> {
    let local = schedule.local.trim();
    let same = post.ends_at == Some(at)
        && post.ends_local.as_deref() == Some(local)
        && post.ends_zone.as_ref() == Some(&schedule.time_zone)
        && post.gone == gone;
    if same {
        return Ok(None);
    }
    post.ends_at = Some(at);
    post.ends_local = Some(local.to_owned());
    post.ends_zone = Some(schedule.time_zone.clone());
    post.gone = gone;
    enqueue(tx, &UnpublishDue { post: post.id, at }, at).await?;
    Ok(Some(Happened::EndScheduled))
}

/// Leaves the post with visitors after all.
pub(super) fn cancel(post: &mut Held) -> Option<Happened> {
    post.ends_at?;
    forget(post);
    Some(Happened::EndUnscheduled)
}

/// Forgets the chosen end.
pub(super) fn forget(post: &mut Held) {
    post.ends_at = None;
    post.ends_local = None;
    post.ends_zone = None;
    post.gone = false;
}

/// Holds a chosen end against the time from which visitors read the post.
pub(super) fn check(post: &Held, at: Timestamp, now: Timestamp) -> Result<(), FieldError> {
    if at <= now {
        return Err(FieldError::new(
            "local",
            "in_past",
            "Choose a time ahead, or unpublish the post now.",
        ));
    }
    if post.live_at.is_some_and(|live| live >= at) {
        return Err(FieldError::new(
            "local",
            "before_start",
            "Choose a time after the post goes live.",
        ));
    }
    Ok(())
}

/// Refuses to let a post go live at a time when it would have ended already.
pub(super) fn check_start(post: &Held, live_at: Timestamp) -> Result<(), FieldError> {
    if post.ends_at.is_some_and(|end| end <= live_at) {
        return Err(FieldError::new(
            "local",
            "after_end",
            "The post is unpublished before that. Choose an earlier time, or let it stay online.",
        ));
    }
    Ok(())
}

/// Notes that the time of a post has ended, when it has: in memory, with its one event. The caller writes the
/// post back. Visitors have not read it since.
pub(super) async fn settle(tx: &mut TenantTx, post: &mut Held, now: Timestamp) -> Result<bool> {
    let ended = post.deleted_at.is_none()
        && post.status.is_live()
        && post.state(now) == State::Is(Status::Draft);
    if !ended {
        return Ok(false);
    }
    let gone = post.gone;
    take_down(post, Status::Draft);
    post.gone = gone;
    tell(tx, None, Happened::Unpublished, post, now).await?;
    Ok(true)
}
