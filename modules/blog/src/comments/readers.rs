//! What readers do with comments that are there: confirm, edit, take back, report; and whether a post takes more.

use kernel::{Error, FieldError, Fields, Result};
use module::{Ctx, emit};
use tenant_resolver::TenantTx;

use super::rules::{self, Facts, Reason};
use super::store::{self, Held};
use super::write::{Told, Visitor, check_text, settings_of};
use super::{
    CommentId, EDITABLE, Move, Status, guard, guard_store, invalid_transition, notices, replies,
};
use crate::content::RENDERER_VERSION;
use crate::events::{CommentApproved, CommentChanged, CommentFacts};
use crate::posts::{PostId, one_line};

/// So many readers take a comment from the public until a moderator has looked.
const REPORTS_TO_HIDE: i64 = 3;

/// Consumes the secret of a confirmation mail: the comment becomes public, or waits for a moderator. Returns what its
/// writer is told, and the post's slug.
///
/// # Errors
/// [`Error::Gone`] when the secret was used or is too old.
pub async fn confirm(tx: &mut TenantTx, ctx: &Ctx, secret: &str) -> Result<(Told, String)> {
    let now = ctx.now();
    let id = store::find_unconfirmed(tx, &guard::hash(secret), now)
        .await?
        .ok_or_else(used_link)?;
    let held = store::hold(tx, id)
        .await?
        .filter(|held| held.unconfirmed && held.status == Status::Pending)
        .ok_or_else(used_link)?;
    let status = if held.reasons.is_empty() {
        Status::Approved
    } else {
        Status::Pending
    };
    store::set_verified(tx, id, now).await?;
    store::set_status(tx, id, status, None, &held.reasons, now).await?;
    let facts = facts(&held, status, None);
    let mut answered = None;
    if status == Status::Approved {
        emit(tx, &CommentApproved(facts), now).await?;
        answered = replies::tell(tx, ctx, id).await?;
    } else {
        emit(tx, &CommentChanged(facts), now).await?;
    }
    if crate::settings::get(tx).await?.comments.comments_notify {
        let post = (held.post_id, held.post_title.as_str());
        notices::tell(tx, ctx, post, id, status, &[answered]).await?;
    }
    let slug = store::of_post(tx, held.post_id)
        .await?
        .map(|post| post.slug)
        .unwrap_or_default();
    let told = if status == Status::Approved {
        Told::Approved
    } else {
        Told::Held
    };
    Ok((told, slug))
}

pub(super) fn used_link() -> Error {
    Error::Gone("This link was used already, or is older than two days. Comment once more to get a new one.".into())
}

/// What events say of a comment.
pub(super) fn facts(held: &Held, status: Status, ctx: Option<&Ctx>) -> CommentFacts {
    CommentFacts {
        comment: held.id,
        post: held.post_id,
        parent: held.parent_id,
        status: status.as_str(),
        by: ctx.and_then(|ctx| ctx.visitor().map(|person| person.membership)),
    }
}

/// Takes a comment that this person or browser wrote.
async fn own(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: CommentId,
    visitor: Option<Visitor>,
    based_on: Option<i64>,
) -> Result<Held> {
    let held = store::hold(tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    let member = ctx.visitor().map(|person| person.membership);
    let mine = match (held.author_id, &held.visitor_hash) {
        (Some(author), _) => member == Some(author),
        (None, Some(hash)) => visitor.is_some_and(|visitor| visitor.0.as_slice() == hash),
        (None, None) => false,
    };
    // Of what others wrote no more is told than that it is not theirs to change.
    if !mine {
        return Err(Error::NotFound("comment"));
    }
    match based_on {
        Some(rev) if rev != held.rev => Err(Error::PreconditionFailed),
        _ => Ok(held),
    }
}

/// Changes what somebody said, within 15 minutes. The rules look at the new text as well.
///
/// # Errors
/// [`Error::NotFound`] for comments of others, [`Error::Conflict`] when it is too late (`edit_closed`).
pub async fn edit(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: CommentId,
    visitor: Option<Visitor>,
    based_on: Option<i64>,
    content: &str,
) -> Result<Status> {
    let mut fields = Fields::default();
    let comment = check_text(content, &mut fields);
    let held = own(tx, ctx, id, visitor, based_on).await?;
    fields.finish()?;
    let comment = comment.ok_or_else(|| Error::internal("rendered nothing"))?;
    let now = ctx.now();
    if now.since(held.created_at) > EDITABLE {
        return Err(Error::conflict(
            "edit_closed",
            "A comment can be changed for 15 minutes. You can still delete it.",
        ));
    }
    if !matches!(held.status, Status::Pending | Status::Approved) {
        return Err(invalid_transition(held.status));
    }
    let settings = crate::settings::get(tx).await?.comments;
    let known = Facts {
        typed: &[&comment.source],
        links: comment.links,
        known: held.status == Status::Approved,
        staff: ctx.may("blog.comments.moderate"),
        ..Facts::default()
    };
    let verdict = rules::judge(&settings, &known);
    // What waits goes on waiting, whatever it says now; what is public stays so unless the new words speak against it.
    let (status, reasons) = match verdict.status {
        Status::Spam => (Status::Spam, verdict.reasons),
        Status::Pending if verdict.reasons == [Reason::AllHeld.as_str()] => {
            (held.status, held.reasons.clone())
        }
        Status::Pending => (Status::Pending, verdict.reasons),
        _ => (held.status, held.reasons.clone()),
    };
    let text_hash = rules::fingerprint(&comment.source);
    let text = (
        comment.source.as_str(),
        comment.html.as_str(),
        RENDERER_VERSION,
        text_hash.as_slice(),
    );
    store::set_text(tx, id, text, (status, verdict.score, &reasons), now).await?;
    let facts = facts(&held, status, Some(ctx));
    emit(tx, &CommentChanged(facts), now).await?;
    Ok(status)
}

/// Takes back what somebody said. Where it was answered a trace is left; otherwise it is gone.
///
/// # Errors
/// As [`edit`], but for the time: there is none.
pub async fn withdraw(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: CommentId,
    visitor: Option<Visitor>,
    based_on: Option<i64>,
) -> Result<()> {
    let held = own(tx, ctx, id, visitor, based_on).await?;
    if !held.status.allows(Move::Delete) {
        return Err(invalid_transition(held.status));
    }
    if !store::remove(tx, id).await? {
        store::blank(tx, id, ctx.now()).await?;
    }
    let facts = facts(&held, Status::Deleted, Some(ctx));
    emit(tx, &CommentChanged(facts), ctx.now()).await
}

/// Notes that a reader finds that a comment does not belong there. The third one takes it from the public until a
/// moderator has looked. Saying so twice changes nothing.
///
/// # Errors
/// [`Error::NotFound`] for what is not public, [`Error::TooMany`] for too many reports from one network.
pub async fn report(tx: &mut TenantTx, ctx: &Ctx, id: CommentId, reason: &str) -> Result<()> {
    let reason = one_line(reason);
    if reason.chars().count() > 500 {
        return Err(FieldError::new("reason", "too_long", "Use at most 500 characters.").into());
    }
    let now = ctx.now();
    let held = store::hold(tx, id)
        .await?
        .filter(|held| held.status == Status::Approved)
        .ok_or(Error::NotFound("comment"))?;
    let post = store::commentable(tx, ctx, Some(held.post_id), None)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    let key = guard_store::key(tx).await?.unwrap_or_default();
    let reporter = guard::reporter(ctx, &key);
    guard::count(tx, guard::REPORTS, &reporter, now).await?;
    if !store::insert_report(tx, id, &reporter, &reason, now).await?
        || store::count_reports(tx, id).await? < REPORTS_TO_HIDE
    {
        return Ok(());
    }
    let mut reasons = held.reasons.clone();
    let reason = Reason::Reported.as_str();
    if reasons.iter().all(|known| known != reason) {
        reasons.push(reason.to_owned());
    }
    store::set_status(tx, id, Status::Pending, None, &reasons, now).await?;
    let facts = facts(&held, Status::Pending, None);
    emit(tx, &CommentChanged(facts), now).await?;
    if settings_of(&post).comments.comments_notify {
        let title = (held.post_id, held.post_title.as_str());
        notices::tell(tx, ctx, title, id, Status::Pending, &[]).await?;
    }
    Ok(())
}

/// Opens or closes a post for comments, or leaves that to the blog's settings. Returns the post's revision.
///
/// # Errors
/// [`Error::NotFound`] without such a post, [`Error::PreconditionFailed`] when it has changed since `based_on`.
pub async fn enable(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: PostId,
    based_on: Option<i64>,
    enabled: Option<bool>,
) -> Result<i64> {
    let found = store::of_post(tx, post)
        .await?
        .ok_or(Error::NotFound("post"))?;
    let rev = store::enable(tx, post, enabled, based_on, ctx.now())
        .await?
        .ok_or(match based_on {
            Some(_) => Error::PreconditionFailed,
            None => Error::NotFound("post"),
        })?;
    ctx.audit("blog.post.comments_switched")
        .on("post", post, found.title)
        .detail(serde_json::json!({ "enabled": enabled }))
        .write(tx)
        .await?;
    Ok(rev)
}
