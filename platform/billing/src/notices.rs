//! Which mail is due when: derived from a subscription's dates, never planned ahead.

use kernel::{Standing, SubscriptionStatus, Timestamp};
use messaging::Letter;

use crate::letters::{self, To};
use crate::price::days;
use crate::subscription::Subscription;
use crate::words::Collection;

/// Days before the end of a trial on which it is announced.
const TRIAL_ENDING_DAYS: u64 = 3;
/// Days before the end of a paid period on which the next one is announced, and its invoice asked for.
const RENEWAL_DAYS: u64 = 14;
/// Days after a missed payment on which it is asked for.
const OVERDUE_DAYS: [u64; 4] = [0, 3, 7, 12];
/// Days after a lapse on which is said how long everything is kept.
const KEPT_DAYS: [u64; 3] = [60, 80, 89];
/// Days for which everything is kept after a lapse, at least.
pub(crate) const KEEP_DAYS: u64 = 90;

/// A notice and its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub kind: NoticeKind,
    /// When it is due.
    pub at: Timestamp,
    /// The date that it is about.
    pub about: Timestamp,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    TrialEnding,
    TrialEnded,
    /// The next period comes, and is to be paid.
    RenewalComing,
    /// So many days after a payment was missed.
    Overdue(u64),
    /// The time to pay is over.
    ReadOnly,
    Cancelled,
    Blocked,
    /// So many days after a lapse.
    Kept(u64),
}

impl NoticeKind {
    /// Name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrialEnding => "trial_ending",
            Self::TrialEnded => "trial_ended",
            Self::RenewalComing => "renewal_coming",
            Self::Overdue(0) => "overdue",
            Self::Overdue(3) => "overdue_3",
            Self::Overdue(7) => "overdue_7",
            Self::Overdue(_) => "overdue_12",
            Self::ReadOnly => "read_only",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
            Self::Kept(60) => "kept_60",
            Self::Kept(80) => "kept_80",
            Self::Kept(_) => "kept_89",
        }
    }

    /// The mail that tells it.
    pub fn letter(self, to: &To<'_>, of: &Subscription) -> Letter {
        match self {
            Self::TrialEnding => letters::trial_ending(to, of),
            Self::TrialEnded => letters::trial_ended(to, of),
            Self::RenewalComing => letters::renewal_coming(to, of),
            Self::Overdue(day) => letters::overdue(to, of, day),
            Self::ReadOnly => letters::read_only(to, of),
            Self::Cancelled => letters::cancelled(to, of),
            Self::Blocked => letters::blocked(to, of),
            Self::Kept(_) => letters::kept(to, of),
        }
    }
}

impl Subscription {
    /// When it stopped to be usable in full, if it did.
    pub(crate) fn lapsed_at(&self) -> Option<Timestamp> {
        let readable = match self.status {
            SubscriptionStatus::Expired => Standing::TRIAL_READ_ONLY,
            SubscriptionStatus::Unpaid | SubscriptionStatus::Cancelled => Standing::READ_ONLY,
            _ => return None,
        };
        self.read_only_until.map(|until| until.minus(readable))
    }

    /// Whether a period follows this one that has to be paid for, and nobody has asked for that yet.
    fn renewal_lies_ahead(&self) -> bool {
        let asked_for = match self.status {
            SubscriptionStatus::Active => self.collection != Collection::Manual,
            SubscriptionStatus::PastDue => self.payment_due_at >= self.period_end,
            _ => true,
        };
        !asked_for && matches!(self.renewal(), Ok(Some(_)))
    }

    /// Every notice of the present state, whether it is due, was sent or lies ahead.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut add = |kind, about: Timestamp, at| notices.push(Notice { kind, at, about });
        match self.status {
            SubscriptionStatus::Trialing if !self.cancel_at_period_end => {
                if let Some(end) = self.trial_end {
                    add(
                        NoticeKind::TrialEnding,
                        end,
                        end.minus(days(TRIAL_ENDING_DAYS)),
                    );
                }
            }
            SubscriptionStatus::PastDue => {
                if let Some(until) = self.grace_until {
                    let missed = until.minus(Standing::GRACE);
                    for day in OVERDUE_DAYS {
                        add(NoticeKind::Overdue(day), missed, missed.plus(days(day)));
                    }
                }
            }
            _ => {}
        }
        if let Some(end) = self.period_end.filter(|_| self.renewal_lies_ahead()) {
            let at = end.minus(days(RENEWAL_DAYS));
            add(NoticeKind::RenewalComing, end, at);
        }
        let Some((lapsed, until)) = self.lapsed_at().zip(self.read_only_until) else {
            return notices;
        };
        let (kind, about) = match self.status {
            SubscriptionStatus::Expired => (NoticeKind::TrialEnded, lapsed),
            SubscriptionStatus::Unpaid => (NoticeKind::ReadOnly, lapsed),
            _ => (NoticeKind::Cancelled, self.ended_at.unwrap_or(lapsed)),
        };
        add(kind, about, about);
        add(NoticeKind::Blocked, until, until);
        for day in KEPT_DAYS {
            add(NoticeKind::Kept(day), lapsed, lapsed.plus(days(day)));
        }
        notices
    }
}
