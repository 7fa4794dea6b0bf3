//! What moderators do: decide, take back, answer.

use kernel::{Error, Result};
use module::{Ctx, emit};
use tenant_resolver::TenantTx;

use super::readers::facts;
use super::store::{self, Held};
use super::write::{self, Draft, Posted};
use super::{CommentId, Move, Status, invalid_transition, pin_store, replies};
use crate::events::{CommentApproved, CommentChanged};

/// A comment after a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The comment.
    pub id: CommentId,
    /// Its revision, which names this decision when it is taken back.
    pub rev: i64,
    /// Its status.
    pub status: Status,
}

/// Takes one step with a comment. `based_on` is the revision that the moderator saw, if it is known.
///
/// # Errors
/// [`Error::Conflict`] with `invalid_transition` when the comment's status does not allow it,
/// [`Error::PreconditionFailed`] when it has changed since `based_on`.
pub async fn decide(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: CommentId,
    based_on: Option<i64>,
    step: Move,
) -> Result<Decided> {
    let held = store::hold(tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    if based_on.is_some_and(|rev| rev != held.rev) {
        return Err(Error::PreconditionFailed);
    }
    if !held.status.allows(step) {
        return Err(invalid_transition(held.status));
    }
    let before = Some(held.status);
    put(tx, ctx, &held, step.to(), before, step.action()).await
}

/// Takes the same step with several comments, each for itself: those whose status does not allow it stay as they are.
pub async fn decide_all(
    tx: &mut TenantTx,
    ctx: &Ctx,
    ids: &[CommentId],
    step: Move,
) -> Result<Vec<Decided>> {
    let mut ids = ids.to_vec();
    // In one order for everybody, so that two moderators do not wait for each other.
    ids.sort_unstable();
    ids.dedup();
    let mut decided = Vec::new();
    for id in ids {
        // A step refuses before it writes anything, so the others can go on in the same transaction.
        match decide(tx, ctx, id, None, step).await {
            Ok(done) => decided.push(done),
            Err(Error::Conflict { .. } | Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(decided)
}

/// Takes decisions back, each named by the revision that it made. What has changed since stays as it is.
pub async fn undo(
    tx: &mut TenantTx,
    ctx: &Ctx,
    decisions: &[(CommentId, i64)],
) -> Result<Vec<Decided>> {
    let mut decisions = decisions.to_vec();
    decisions.sort_unstable();
    decisions.dedup();
    let mut undone = Vec::new();
    for (id, rev) in decisions {
        let Some(held) = store::hold(tx, id).await? else {
            continue;
        };
        if let Some(before) = held.status_before.filter(|_| held.rev == rev) {
            undone.push(put(tx, ctx, &held, before, None, "blog.comment.restored").await?);
        }
    }
    Ok(undone)
}

/// Answers a comment as the blog. One that still waits becomes public with its answer.
///
/// # Errors
/// As [`decide`] and [`write::post`].
pub async fn reply(tx: &mut TenantTx, ctx: &Ctx, id: CommentId, content: &str) -> Result<Posted> {
    let held = store::hold(tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    if held.status == Status::Pending {
        decide(tx, ctx, id, None, Move::Approve).await?;
    } else if held.status != Status::Approved {
        return Err(invalid_transition(held.status));
    }
    let post = store::commentable(tx, ctx, Some(held.post_id), None)
        .await?
        .ok_or_else(|| {
            Error::conflict(
                "comments_closed",
                "The post is not public any more, so it takes no comments.",
            )
        })?;
    let draft = Draft {
        content: content.to_owned(),
        parent: Some(id),
        ..Draft::default()
    };
    write::post(tx, ctx, &post, &draft).await
}

/// Puts a comment above all others of its post, in place of the one that was there, or back where it belongs. Answers which
/// one it took the place of.
///
/// # Errors
/// [`Error::Conflict`] with `not_pinnable` unless it is public and begins a thread, [`Error::PreconditionFailed`] when it
/// has changed since `based_on`.
pub async fn pin(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: CommentId,
    based_on: Option<i64>,
    pinned: bool,
) -> Result<Option<CommentId>> {
    pin_store::hold_pins(tx, id).await?;
    let held = store::hold(tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    if based_on.is_some_and(|rev| rev != held.rev) {
        return Err(Error::PreconditionFailed);
    }
    if pinned && (held.status != Status::Approved || held.parent_id.is_some()) {
        return Err(Error::conflict(
            "not_pinnable",
            "Only a public comment that begins a thread can be pinned.",
        ));
    }
    if pinned == held.pinned {
        return Ok(None);
    }
    let former = if pinned {
        pin_store::unpin_other(tx, &held).await?
    } else {
        None
    };
    pin_store::set_pinned(tx, id, pinned.then(|| ctx.now())).await?;
    ctx.audit(if pinned {
        "blog.comment.pinned"
    } else {
        "blog.comment.unpinned"
    })
    .on("comment", id, place(&held))
    .write(tx)
    .await?;
    let facts = facts(&held, held.status, Some(ctx));
    emit(tx, &CommentChanged(facts), ctx.now()).await?;
    Ok(former)
}

/// Where a comment is, as the log says it: approved the comment on First light.
fn place(held: &Held) -> String {
    format!("on {}", crate::posts::display_title(&held.post_title))
}

async fn put(
    tx: &mut TenantTx,
    ctx: &Ctx,
    held: &Held,
    status: Status,
    before: Option<Status>,
    action: &'static str,
) -> Result<Decided> {
    store::set_status(tx, held.id, status, before, &held.reasons, ctx.now()).await?;
    ctx.audit(action)
        .on("comment", held.id, place(held))
        .detail(serde_json::json!({ "from": held.status, "to": status }))
        .write(tx)
        .await?;
    let facts = facts(held, status, Some(ctx));
    if status == Status::Approved {
        emit(tx, &CommentApproved(facts), ctx.now()).await?;
        replies::tell(tx, ctx, held.id).await?;
    } else {
        emit(tx, &CommentChanged(facts), ctx.now()).await?;
    }
    Ok(Decided {
        id: held.id,
        rev: held.rev + 1,
        status,
    })
}
