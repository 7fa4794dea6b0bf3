//! What a subscription allows at a given moment: derived, never stored.
//!
//! Source: platform specification 3.5.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::Timestamp;

/// How much of a module a tenant may use now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing but export and billing; public pages say that they are unavailable.
    Blocked,
    /// Everything can be read and exported, nothing changed; public pages stay up.
    ReadOnly,
    /// Everything, with a reminder that a payment is due.
    Grace,
    /// Everything.
    Full,
}

impl Access {
    /// Whether pages can be read.
    #[must_use]
    pub fn reads(self) -> bool {
        self >= Self::ReadOnly
    }

    /// Whether anything can be changed.
    #[must_use]
    pub fn writes(self) -> bool {
        self >= Self::Grace
    }

    /// Name for programs: `full`, `grace`, `read_only`, `blocked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::ReadOnly => "read_only",
            Self::Grace => "grace",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The states of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// Checkout was begun and not paid yet.
    Incomplete,
    /// Checkout was never paid. Terminal.
    IncompleteExpired,
    /// In its trial.
    Trialing,
    /// Paid.
    Active,
    /// A renewal failed; the grace clock runs.
    PastDue,
    /// The grace clock ran out.
    Unpaid,
    /// Paused at the tenant's wish.
    Paused,
    /// Ended at someone's wish. Terminal.
    Cancelled,
    /// The trial ended without a payment method. Terminal.
    Expired,
}

impl SubscriptionStatus {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Unpaid,
        Self::Paused,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Whether it never comes back to life.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::IncompleteExpired | Self::Cancelled | Self::Expired
        )
    }

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// A limit that an operator set for a time, whatever the plans say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitOverride {
    /// Key of the entitlement.
    pub entitlement: String,
    /// The most there may be; `None` for no limit.
    pub limit: Option<i64>,
    /// Until when it holds.
    pub until: Timestamp,
}

/// The most there may be of something that plans limit; `None` for no limit.
///
/// What an operator set for a time comes first. Plans add nothing up: the most generous of those in force decides.
#[must_use]
pub fn limit(
    standings: &[Standing],
    overrides: &[LimitOverride],
    entitlement: &str,
    now: Timestamp,
) -> Option<i64> {
    let set = overrides
        .iter()
        .find(|set| set.entitlement == entitlement && now < set.until);
    if let Some(set) = set {
        return set.limit;
    }
    let in_force = standings
        .iter()
        .filter(|standing| standing.access(now).reads());
    let mut most = Some(0);
    let mut any = false;
    for standing in in_force {
        any = true;
        most = match (most, standing.limits.get(entitlement)) {
            (Some(most), Some(limit)) => Some(most.max(*limit)),
            _ => None,
        };
    }
    if any { most } else { None }
}

/// The facts about one subscription that decide access to its module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Key of the module that the subscribed product unlocks.
    pub module: String,
    /// State as last recorded. Time may have moved on since; [`Standing::access`] takes that into account.
    pub status: SubscriptionStatus,
    /// End of the trial, when in one.
    pub trial_end: Option<Timestamp>,
    /// End of the paid period.
    pub period_end: Option<Timestamp>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// By when the next payment must have come, where an operator collects it.
    pub payment_due_at: Option<Timestamp>,
    /// Until when a failed payment is forgiven.
    pub grace_until: Option<Timestamp>,
    /// Until when an ended subscription can still be read.
    pub read_only_until: Option<Timestamp>,
    /// An operator's override, and until when it holds.
    pub override_access: Option<(Access, Timestamp)>,
    /// What the plan limits: key of an entitlement and the most there may be. Absent: no limit.
    pub limits: BTreeMap<String, i64>,
}

impl Standing {
    /// How long a trial that ended unpaid stays readable.
    pub const TRIAL_READ_ONLY: Duration = Duration::from_hours(7 * 24);
    /// How long an ended or unpaid subscription stays readable.
    pub const READ_ONLY: Duration = Duration::from_hours(30 * 24);
    /// How long a failed payment is forgiven.
    pub const GRACE: Duration = Duration::from_hours(14 * 24);

    /// What is allowed at `now`: a pure function of the recorded facts and the time.
    ///
    /// No job has to run for a trial, a grace period or a paid period to end on time.
    #[must_use]
    pub fn access(&self, now: Timestamp) -> Access {
        match self.override_access {
            Some((access, until)) if now < until => access,
            _ => self.by_itself(now).0,
        }
    }

    /// Until when everything can be read, where it has lapsed and can be read at `now`.
    #[must_use]
    pub fn read_only_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.by_itself(now).1
    }

    /// What is allowed without an override, and until when it can be read if that is all.
    fn by_itself(&self, now: Timestamp) -> (Access, Option<Timestamp>) {
        match self.status {
            SubscriptionStatus::Incomplete | SubscriptionStatus::IncompleteExpired => {
                (Access::Blocked, None)
            }
            SubscriptionStatus::Trialing => match self.trial_end {
                Some(end) if end <= now => {
                    let readable = if self.cancel_at_period_end {
                        Self::READ_ONLY
                    } else {
                        Self::TRIAL_READ_ONLY
                    };
                    readable_until(Some(end.plus(readable)), now)
                }
                _ => (Access::Full, None),
            },
            SubscriptionStatus::Active => match (self.ends_at(), self.payment_due_at) {
                (Some(end), due) if end <= now && due.is_none_or(|due| end <= due) => {
                    readable_until(Some(end.plus(Self::READ_ONLY)), now)
                }
                (end, Some(due)) if due <= now => overdue(end, due.plus(Self::GRACE), now),
                _ => (Access::Full, None),
            },
            SubscriptionStatus::PastDue => match self.grace_until {
                Some(until) => overdue(self.ends_at(), until, now),
                None => (Access::Grace, None),
            },
            SubscriptionStatus::Paused => (Access::ReadOnly, None),
            SubscriptionStatus::Unpaid
            | SubscriptionStatus::Cancelled
            | SubscriptionStatus::Expired => readable_until(self.read_only_until, now),
        }
    }

    /// The end of the period, when it ends with it.
    fn ends_at(&self) -> Option<Timestamp> {
        self.period_end.filter(|_| self.cancel_at_period_end)
    }
}

/// What an overdue subscription allows: it is forgiven until `grace_until`, unless it ends before.
fn overdue(
    ends_at: Option<Timestamp>,
    grace_until: Timestamp,
    now: Timestamp,
) -> (Access, Option<Timestamp>) {
    let until = ends_at.map_or(grace_until, |end| end.min(grace_until));
    if now < until {
        (Access::Grace, None)
    } else {
        readable_until(Some(until.plus(Standing::READ_ONLY)), now)
    }
}

fn readable_until(until: Option<Timestamp>, now: Timestamp) -> (Access, Option<Timestamp>) {
    match until.filter(|until| now < *until) {
        Some(until) => (Access::ReadOnly, Some(until)),
        None => (Access::Blocked, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Access::*, SubscriptionStatus::*, *};

    fn day(day: u64) -> Timestamp {
        "2026-01-01T00:00:00Z"
            .parse::<Timestamp>()
            .unwrap()
            .plus(Duration::from_hours(24 * day))
    }

    fn standing(status: SubscriptionStatus) -> Standing {
        Standing {
            module: "blog".into(),
            status,
            trial_end: None,
            period_end: None,
            cancel_at_period_end: false,
            payment_due_at: None,
            grace_until: None,
            read_only_until: None,
            override_access: None,
            limits: BTreeMap::new(),
        }
    }

    /// Every row of the table in the specification, before, at and after each moment that matters.
    #[test]
    fn access_as_a_table() {
        let trial = Standing {
            trial_end: Some(day(21)),
            ..standing(Trialing)
        };
        let ending = Standing {
            period_end: Some(day(30)),
            cancel_at_period_end: true,
            ..standing(Active)
        };
        let past_due = Standing {
            grace_until: Some(day(14)),
            ..standing(PastDue)
        };
        let by_hand = Standing {
            period_end: Some(day(30)),
            payment_due_at: Some(day(30)),
            ..standing(Active)
        };
        let ended = |status| Standing {
            read_only_until: Some(day(30)),
            ..standing(status)
        };
        let rows: Vec<(&str, Standing, u64, Access)> = vec![
            ("checkout begun", standing(Incomplete), 0, Blocked),
            (
                "checkout never paid",
                standing(IncompleteExpired),
                0,
                Blocked,
            ),
            ("in trial", trial.clone(), 0, Full),
            ("last day of the trial", trial.clone(), 20, Full),
            ("trial over, no job has run", trial.clone(), 21, ReadOnly),
            ("a week after the trial", trial.clone(), 28, Blocked),
            ("active", standing(Active), 400, Full),
            (
                "active past its period while the renewal is under way",
                Standing {
                    period_end: Some(day(30)),
                    ..standing(Active)
                },
                31,
                Full,
            ),
            (
                "cancelled for the end of the period",
                ending.clone(),
                29,
                Full,
            ),
            ("period over, no job has run", ending.clone(), 30, ReadOnly),
            ("a month after the period", ending, 60, Blocked),
            (
                "cancelled in the trial, no job has run",
                Standing {
                    cancel_at_period_end: true,
                    ..trial.clone()
                },
                50,
                ReadOnly,
            ),
            (
                "cancelled in the trial long ago",
                Standing {
                    cancel_at_period_end: true,
                    ..trial
                },
                51,
                Blocked,
            ),
            ("before the payment is due", by_hand.clone(), 29, Full),
            ("payment due, no job has run", by_hand.clone(), 30, Grace),
            (
                "last day of grace, no job has run",
                by_hand.clone(),
                43,
                Grace,
            ),
            (
                "two weeks overdue, no job has run",
                by_hand.clone(),
                44,
                ReadOnly,
            ),
            (
                "six weeks overdue, no job has run",
                by_hand.clone(),
                74,
                Blocked,
            ),
            (
                "cancelled for the end of a period that is paid",
                Standing {
                    cancel_at_period_end: true,
                    ..by_hand.clone()
                },
                30,
                ReadOnly,
            ),
            (
                "overdue in a period after which it ends",
                Standing {
                    payment_due_at: Some(day(20)),
                    cancel_at_period_end: true,
                    ..by_hand.clone()
                },
                29,
                Grace,
            ),
            (
                "the same at the end of the period",
                Standing {
                    payment_due_at: Some(day(20)),
                    cancel_at_period_end: true,
                    ..by_hand
                },
                30,
                ReadOnly,
            ),
            ("payment failed", past_due.clone(), 13, Grace),
            ("grace over, no job has run", past_due.clone(), 14, ReadOnly),
            ("a month after grace", past_due, 44, Blocked),
            ("unpaid", ended(Unpaid), 29, ReadOnly),
            ("unpaid for long", ended(Unpaid), 30, Blocked),
            ("cancelled", ended(Cancelled), 29, ReadOnly),
            ("cancelled long ago", ended(Cancelled), 30, Blocked),
            ("expired", ended(Expired), 29, ReadOnly),
            ("expired long ago", ended(Expired), 30, Blocked),
            ("expired without a date", standing(Expired), 0, Blocked),
            ("paused", standing(Paused), 0, ReadOnly),
            (
                "override in force",
                Standing {
                    override_access: Some((Full, day(5))),
                    ..standing(Expired)
                },
                4,
                Full,
            ),
            (
                "override over",
                Standing {
                    override_access: Some((Full, day(5))),
                    ..standing(Expired)
                },
                5,
                Blocked,
            ),
            (
                "override that blocks",
                Standing {
                    override_access: Some((Blocked, day(5))),
                    ..standing(Active)
                },
                0,
                Blocked,
            ),
        ];
        for (name, standing, at, expected) in rows {
            assert_eq!(standing.access(day(at)), expected, "{name}");
        }
    }

    #[test]
    fn only_full_and_grace_write_and_only_blocked_does_not_read() {
        for access in [Blocked, ReadOnly, Grace, Full] {
            assert_eq!(access.writes(), matches!(access, Full | Grace));
            assert_eq!(access.reads(), access != Blocked);
        }
    }
}
