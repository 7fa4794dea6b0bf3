//! The states of a post and the moves between them: pure, and complete.
//!
//! Source: blog specification 2.2. Besides its status a post is *changed* when its draft is newer than
//! what visitors read, and in the *trash* when it was deleted less than 30 days ago.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The states of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written; nobody outside sees it.
    Draft,
    /// Waits for somebody who may publish.
    InReview,
    /// Goes live by itself at a chosen time.
    Scheduled,
    /// Live.
    Published,
    /// Was live and is kept; nobody outside sees it.
    Archived,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::InReview,
        Self::Scheduled,
        Self::Published,
        Self::Archived,
    ];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Scheduled => "scheduled",
            Self::Published => "published",
            Self::Archived => "archived",
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
            Self::Draft => "Draft",
            Self::InReview => "In review",
            Self::Scheduled => "Scheduled",
            Self::Published => "Published",
            Self::Archived => "Archived",
        }
    }

    /// Whether it has a version that visitors read, now or from a chosen time.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Scheduled | Self::Published)
    }
}

/// What can be done to a post's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Ask somebody who may publish to look at it.
    Submit,
    /// Take it back from review.
    Withdraw,
    /// Let what waits for review go live, at once or at a chosen time.
    Approve,
    /// Send what waits for review back to its author.
    SendBack,
    /// Let it go live at a chosen time, or choose another.
    Schedule,
    /// Do not let it go live after all.
    Unschedule,
    /// Put the draft before visitors, or the changes of a post that is live.
    Publish,
    /// Take it from visitors and go on writing.
    Unpublish,
    /// Take it from visitors at a chosen time, or choose another.
    ScheduleEnd,
    /// Leave it with visitors after all.
    UnscheduleEnd,
    /// Take it from visitors and keep it.
    Archive,
    /// Take an archived post back to work.
    Unarchive,
    /// Move it to the trash.
    Trash,
    /// Take it from the trash, as a draft.
    Restore,
}

impl Move {
    /// Every move.
    pub const ALL: [Self; 14] = [
        Self::Submit,
        Self::Withdraw,
        Self::Approve,
        Self::SendBack,
        Self::Schedule,
        Self::Unschedule,
        Self::Publish,
        Self::Unpublish,
        Self::ScheduleEnd,
        Self::UnscheduleEnd,
        Self::Archive,
        Self::Unarchive,
        Self::Trash,
        Self::Restore,
    ];

    /// What a person does, for the message that refuses it.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Submit => "submitted for review",
            Self::Withdraw => "taken back from review",
            Self::Approve => "approved",
            Self::SendBack => "sent back",
            Self::Schedule => "scheduled",
            Self::Unschedule => "unscheduled",
            Self::Publish => "published",
            Self::Unpublish => "unpublished",
            Self::ScheduleEnd => "unpublished at a chosen time",
            Self::UnscheduleEnd => "left with visitors",
            Self::Archive => "archived",
            Self::Unarchive => "taken from the archive",
            Self::Trash => "moved to the trash",
            Self::Restore => "restored",
        }
    }
}

/// A status, or the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In use.
    Is(Status),
    /// In the trash.
    Trashed,
}

impl State {
    /// The state after a move; `None` when the move is not allowed here.
    #[must_use]
    pub fn after(self, step: Move) -> Option<Self> {
        use Move as M;
        use Status as S;
        let status = match (self, step) {
            (Self::Is(_), M::Trash) => return Some(Self::Trashed),
            (Self::Trashed, M::Restore) => S::Draft,
            (Self::Trashed, _) => return None,
            (Self::Is(status), step) => match (status, step) {
                (S::Draft, M::Submit) => S::InReview,
                (S::InReview, M::Withdraw | M::SendBack)
                | (S::Scheduled, M::Unschedule)
                | (S::Published, M::Unpublish)
                | (S::Archived, M::Unarchive) => S::Draft,
                (S::Draft | S::InReview | S::Scheduled, M::Schedule) => S::Scheduled,
                // With a time ahead it is scheduled instead, which the step decides.
                (S::InReview, M::Approve) | (_, M::Publish) => S::Published,
                (S::Scheduled | S::Published, M::ScheduleEnd | M::UnscheduleEnd) => status,
                (S::Published, M::Archive) => S::Archived,
                _ => return None,
            },
        };
        Some(Self::Is(status))
    }

    /// Whether a move is allowed here.
    #[must_use]
    pub fn allows(self, step: Move) -> bool {
        self.after(step).is_some()
    }

    /// Name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Is(status) => status.title(),
            Self::Trashed => "In the trash",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_move_from_every_state_is_decided() {
        use Status::{Archived, Draft, InReview, Published, Scheduled};
        // One row for each move; columns: draft, in review, scheduled, published, archived.
        let table = [
            (Move::Submit, [Some(InReview), None, None, None, None]),
            (Move::Withdraw, [None, Some(Draft), None, None, None]),
            (Move::Approve, [None, Some(Published), None, None, None]),
            (Move::SendBack, [None, Some(Draft), None, None, None]),
            (
                Move::Schedule,
                [
                    Some(Scheduled),
                    Some(Scheduled),
                    Some(Scheduled),
                    None,
                    None,
                ],
            ),
            (Move::Unschedule, [None, None, Some(Draft), None, None]),
            (Move::Publish, [Some(Published); 5]),
            (Move::Unpublish, [None, None, None, Some(Draft), None]),
            (
                Move::ScheduleEnd,
                [None, None, Some(Scheduled), Some(Published), None],
            ),
            (
                Move::UnscheduleEnd,
                [None, None, Some(Scheduled), Some(Published), None],
            ),
            (Move::Archive, [None, None, None, Some(Archived), None]),
            (Move::Unarchive, [None, None, None, None, Some(Draft)]),
            (Move::Restore, [None; 5]),
        ];
        assert_eq!(table.len() + 1, Move::ALL.len());
        for (step, row) in table {
            for (status, expected) in Status::ALL.into_iter().zip(row) {
                assert_eq!(
                    State::Is(status).after(step),
                    expected.map(State::Is),
                    "{status:?} {step:?}"
                );
            }
        }
    }

    #[test]
    fn everything_goes_to_the_trash_and_returns_as_a_draft() {
        for status in Status::ALL {
            assert_eq!(State::Is(status).after(Move::Trash), Some(State::Trashed));
        }
        for step in Move::ALL {
            let expected = (step == Move::Restore).then_some(State::Is(Status::Draft));
            assert_eq!(State::Trashed.after(step), expected, "{step:?}");
        }
    }

    #[test]
    fn every_status_reads_its_own_name() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("trashed"), None);
    }
}
