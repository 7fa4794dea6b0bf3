//! Comments: what readers say below posts, and who looks at it before it appears.
//!
//! Members and guests write on a post's public page. A comment is judged by rules in a fixed order ([`rules`]) and is
//! public at once, waits for a moderator, or is set aside as spam; its writer is told whether it is held, and never
//! why. A guest's address counts when its owner has pressed the button behind the link of a mail.
//!
//! What follows from a comment's status is read from it: nothing is counted in advance. Decisions go through one table
//! of moves ([`Move`]), and each can be taken back while nothing else has changed the comment since.
//!
//! About readers no more is kept than needed: networks and browsers as hashes whose salt is thrown away after a day, an
//! address until it is erased. Neither reaches logs, audit entries, events or notifications.

pub mod api;
mod api_body;
mod bans;
mod case_pages;
mod guard;
mod guard_store;
pub mod moderate;
mod notices;
pub mod pages;
mod pin_store;
pub mod public;
mod public_store;
mod queue_store;
mod readers;
mod replies;
mod reply_store;
mod rules;
pub(crate) mod section_public;
mod settings;
pub(crate) mod store;
mod threads;
mod write;

use std::time::Duration;

use kernel::{Error, Result, Timestamp};
use module::Ctx;
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

pub use bans::{BanInput, Subject, ban, bans, erase, lift};
pub use queue_store::{Ban, Counts, Filter, Order, Queued, counts, queue};
pub use readers::{confirm, edit, enable, report, withdraw};
pub(crate) use settings::settings_card;
pub use settings::{CommentSettings, Mode, Moderation};
pub(crate) use store::purge_post;
pub use write::{Draft, Form, Posted, Told, Visitor, post_on};

kernel::id!(
    /// Identifies a comment.
    CommentId
);
kernel::id!(
    /// Identifies a ban.
    BanId
);

/// Kind of the notifications about comments on posts, for preferences and digests.
pub(crate) const NOTICE: &str = "blog.comment";

/// Kind of the notifications to members whose comments were answered.
pub(crate) const ANSWER: &str = "blog.comment_answer";

/// How long a writer may change what they said.
pub(crate) const EDITABLE: Duration = Duration::from_mins(15);
/// How long spam and what was deleted is kept.
pub(crate) const KEPT: Duration = Duration::from_hours(30 * 24);
/// How long the link of a confirmation mail works.
pub(crate) const CONFIRMABLE: Duration = Duration::from_hours(48);

/// Where a comment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CommentStatus)]
pub enum Status {
    /// Waits for a moderator.
    Pending,
    /// Public.
    Approved,
    /// Set aside; gone after 30 days.
    Spam,
    /// Taken from the public by a moderator.
    Hidden,
    /// Deleted; gone after 30 days, but for a trace where it was answered.
    Deleted,
}

impl Status {
    /// Every status, in the order of the queue's tabs.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Approved,
        Self::Spam,
        Self::Hidden,
        Self::Deleted,
    ];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Spam => "spam",
            Self::Hidden => "hidden",
            Self::Deleted => "deleted",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Spam => "Spam",
            Self::Hidden => "Hidden",
            Self::Deleted => "Deleted",
        }
    }

    /// Whether a move may begin here.
    #[must_use]
    pub fn allows(self, step: Move) -> bool {
        MOVES.contains(&(self, step))
    }
}

/// What moderators do with comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Makes it public.
    Approve,
    /// Sets it aside.
    Spam,
    /// Takes it from the public.
    Hide,
    /// Deletes it.
    Delete,
}

/// Every move there is: from where, and which. Whatever is not here is refused with `invalid_transition`.
const MOVES: [(Status, Move); 9] = [
    (Status::Pending, Move::Approve),
    (Status::Pending, Move::Spam),
    (Status::Pending, Move::Delete),
    (Status::Approved, Move::Hide),
    (Status::Approved, Move::Spam),
    (Status::Approved, Move::Delete),
    (Status::Spam, Move::Approve),
    (Status::Spam, Move::Delete),
    (Status::Hidden, Move::Approve),
];

impl Move {
    /// Every move.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Spam, Self::Hide, Self::Delete];

    /// Name in addresses and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Spam => "spam",
            Self::Hide => "hide",
            Self::Delete => "delete",
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn to(self) -> Status {
        match self {
            Self::Approve => Status::Approved,
            Self::Spam => Status::Spam,
            Self::Hide => Status::Hidden,
            Self::Delete => Status::Deleted,
        }
    }

    /// Name in the audit log.
    fn action(self) -> &'static str {
        match self {
            Self::Approve => "blog.comment.approved",
            Self::Spam => "blog.comment.marked_as_spam",
            Self::Hide => "blog.comment.hidden",
            Self::Delete => "blog.comment.deleted",
        }
    }
}

/// The refusal of a move that the table does not have.
fn invalid_transition(from: Status) -> Error {
    Error::conflict(
        "invalid_transition",
        format!(
            "The comment is {} now, so that cannot be done with it.",
            from.as_str()
        ),
    )
}

/// Whether a post takes comments: as the blog says, or as the post says for itself.
pub(crate) fn is_open(
    settings: &CommentSettings,
    enabled: Option<bool>,
    published_at: Timestamp,
    now: Timestamp,
) -> bool {
    let young = settings.comments_close_after_days.is_none_or(|days| {
        let days = u64::try_from(days).unwrap_or_default();
        now < published_at.plus(Duration::from_hours(24 * days))
    });
    settings.comments_mode != Mode::Off && enabled.unwrap_or(young)
}

/// What follows from saved settings: once comments are on, their forms need a key, and whoever switched them on hears
/// of them.
pub(crate) async fn settings_saved(
    tx: &mut TenantTx,
    ctx: &Ctx,
    settings: &CommentSettings,
) -> Result<()> {
    if settings.comments_mode == Mode::Off {
        return Ok(());
    }
    let fresh = guard_store::make_key(tx, &rand::random::<[u8; 32]>(), ctx.now()).await?;
    if fresh && let Some(person) = ctx.visitor() {
        store::watch(tx, person.membership, true, ctx.now()).await?;
    }
    Ok(())
}

/// Clears up: what is past its time, salts of days before, counters of yesterday. True when something is left for
/// another day.
pub(crate) async fn tend(tx: &mut TenantTx, now: Timestamp) -> Result<bool> {
    let yesterday = now.minus(Duration::from_hours(24));
    guard_store::delete_tries(tx, yesterday).await?;
    guard_store::delete_salts(tx, &guard::day(yesterday), now).await?;
    store::purge(tx, now.minus(KEPT), now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_moves_is_that_of_the_specification() {
        let allowed = |from: Status| -> Vec<Status> {
            Move::ALL
                .into_iter()
                .filter(|step| from.allows(*step))
                .map(Move::to)
                .collect()
        };
        use Status::{Approved, Deleted, Hidden, Pending, Spam};
        assert_eq!(allowed(Pending), [Approved, Spam, Deleted]);
        assert_eq!(allowed(Approved), [Spam, Hidden, Deleted]);
        assert_eq!(allowed(Spam), [Approved, Deleted]);
        assert_eq!(allowed(Hidden), [Approved]);
        assert_eq!(allowed(Deleted), []);
    }

    #[test]
    fn a_post_is_open_as_the_blog_says_unless_it_says_so_itself() {
        let settings = CommentSettings {
            comments_mode: Mode::Anyone,
            comments_close_after_days: Some(14),
            ..CommentSettings::default()
        };
        let published: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let after = |days: u64| published.plus(Duration::from_hours(24 * days));
        assert!(is_open(&settings, None, published, after(13)));
        assert!(!is_open(&settings, None, published, after(14)));
        assert!(is_open(&settings, Some(true), published, after(14)));
        assert!(!is_open(&settings, Some(false), published, after(1)));
        let off = CommentSettings::default();
        assert!(!is_open(&off, Some(true), published, after(1)));
    }
}
