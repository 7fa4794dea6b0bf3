//! Bans, and the removal of a reader's identity.

use std::time::Duration;

use kernel::{
    Email, Error, FieldError, Fields, MembershipId, Page, PageRequest, Result, Timestamp,
};
use module::{Ctx, emit};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use super::queue_store::{self, Ban, NewBan, Whom};
use super::store;
use super::{BanId, CommentId, guard};
use crate::events::CommentErased;
use crate::posts::one_line;

/// Longest ban of a network: the salt of its day is kept that long.
const LONGEST_OF_NETWORK: Duration = Duration::from_hours(30 * 24);

/// What a ban is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A member.
    Member,
    /// A guest's address.
    Email,
    /// The network that a comment came from; at most 30 days.
    Network,
}

impl Subject {
    /// The subject of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "member" => Some(Self::Member),
            "email" => Some(Self::Email),
            "network" => Some(Self::Network),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Email => "email",
            Self::Network => "network",
        }
    }
}

impl Ban {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match (&self.membership_id, &self.email_key) {
            (Some(_), _) => Subject::Member,
            (None, Some(_)) => Subject::Email,
            (None, None) => Subject::Network,
        }
    }
}

/// A ban to be.
#[derive(Clone, Debug)]
pub struct BanInput {
    /// What it is about.
    pub subject: Subject,
    /// The comment whose writer it is about; without it member or address are named.
    pub comment: Option<CommentId>,
    /// The member.
    pub member: Option<MembershipId>,
    /// The address.
    pub email: Option<String>,
    /// Until when; `None`: for good.
    pub until: Option<Timestamp>,
    /// Why, for other moderators.
    pub reason: String,
}

/// Keeps somebody from commenting. A second ban of the same replaces the first.
///
/// # Errors
/// [`Error::Invalid`] for a ban of oneself, in the past, or of nobody; [`Error::NotFound`] without such a comment.
pub async fn ban(tx: &mut TenantTx, ctx: &Ctx, input: BanInput) -> Result<Ban> {
    let now = ctx.now();
    let reason = one_line(&input.reason);
    let mut fields = Fields::default();
    fields
        .check(
            reason.chars().count() <= 500,
            "reason",
            "too_long",
            "Use at most 500 characters.",
        )
        .check(
            input.until.is_none_or(|until| until > now),
            "until",
            "past",
            "Choose a time ahead, or none.",
        );
    if input.subject == Subject::Network {
        fields.check(
            input
                .until
                .is_some_and(|until| until <= now.plus(LONGEST_OF_NETWORK)),
            "until",
            "too_long",
            "A network can be banned for at most 30 days.",
        );
    }
    fields.finish()?;
    let new = NewBan {
        whom: whom(tx, ctx, &input).await?,
        until: input.until,
        reason: &reason,
        by: ctx.person()?.membership,
        now,
    };
    let id = queue_store::put_ban(tx, &new).await?;
    ctx.audit("blog.comment.banned")
        .on("ban", id, input.subject.as_str())
        .detail(serde_json::json!({ "until": input.until }))
        .write(tx)
        .await?;
    queue_store::find_ban(tx, id)
        .await?
        .ok_or(Error::NotFound("ban"))
}

/// Whom the ban is about.
async fn whom(tx: &mut TenantTx, ctx: &Ctx, input: &BanInput) -> Result<Whom> {
    let comment = match input.comment {
        Some(id) => Some(
            store::hold(tx, id)
                .await?
                .ok_or(Error::NotFound("comment"))?,
        ),
        None => None,
    };
    let missing =
        |field: &'static str, text: &'static str| FieldError::new(field, "required", text);
    match input.subject {
        Subject::Member => {
            let member = comment
                .and_then(|comment| comment.author_id)
                .or(input.member)
                .ok_or_else(|| {
                    missing(
                        "membership_id",
                        "Name a comment of a member, or the member.",
                    )
                })?;
            if ctx.person()?.membership == member {
                let text = "You cannot ban yourself.";
                return Err(FieldError::new("membership_id", "yourself", text).into());
            }
            Ok(Whom::Member(member))
        }
        Subject::Email => {
            let typed = comment
                .and_then(|comment| comment.guest_email_key)
                .or_else(|| input.email.clone())
                .ok_or_else(|| missing("email", "Name a comment of a guest, or their address."))?;
            Ok(Whom::Guest(Email::parse(&typed)?.normal().to_owned()))
        }
        Subject::Network => {
            let comment = comment.ok_or_else(|| missing("comment", "Name a comment."))?;
            let day = guard::day(comment.created_at);
            let known = queue_store::has_salt(tx, &day).await?;
            let hash = comment.ip_hash.filter(|_| known).ok_or_else(|| {
                FieldError::new(
                    "comment",
                    "too_old",
                    "It is not known any more where this comment came from. Ban the address instead.",
                )
            })?;
            Ok(Whom::Network(hash, day))
        }
    }
}

/// Lets somebody comment again.
///
/// # Errors
/// [`Error::NotFound`] without such a ban.
pub async fn lift(tx: &mut TenantTx, ctx: &Ctx, id: BanId) -> Result<()> {
    if !queue_store::delete_ban(tx, id).await? {
        return Err(Error::NotFound("ban"));
    }
    ctx.audit("blog.comment.ban_lifted")
        .on("ban", id, "")
        .write(tx)
        .await
}

/// One part of the list of bans, newest first, those that have run out included.
pub async fn bans(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Ban>> {
    let bans = queue_store::list_bans(tx, request).await?;
    Ok(Page::cut(bans, request, |ban| kernel::Cursor {
        at: ban.created_at,
        id: ban.id.0,
    }))
}

/// Removes a guest's identity from everything they wrote, and on request their words as well, with the mail that the
/// blog sent them. Returns how many comments there were. Neither address nor name is kept in the audit log.
///
/// # Errors
/// [`Error::Invalid`] for what is no address.
pub async fn erase(tx: &mut TenantTx, ctx: &Ctx, email: &str, keep_text: bool) -> Result<u64> {
    let email = Email::parse(email)?;
    let now = ctx.now();
    let key = email.normal();
    // Nobody but their writer has seen these.
    let unconfirmed = queue_store::delete_unconfirmed(tx, key).await?;
    let others = if keep_text {
        queue_store::make_anonymous(tx, key).await?
    } else {
        let ids = queue_store::of_guest(tx, key).await?;
        for id in &ids {
            if !store::remove(tx, *id).await? {
                store::blank(tx, *id, now).await?;
            }
        }
        u64::try_from(ids.len()).unwrap_or(u64::MAX)
    };
    queue_store::delete_bans_of(tx, key).await?;
    messaging::forget(tx, &email, "blog.").await?;
    let comments = unconfirmed + others;
    ctx.audit("blog.comment.erased")
        .detail(serde_json::json!({ "comments": comments, "kept_text": keep_text }))
        .write(tx)
        .await?;
    let event = CommentErased {
        comments,
        kept_text: keep_text,
    };
    emit(tx, &event, now).await?;
    Ok(comments)
}
