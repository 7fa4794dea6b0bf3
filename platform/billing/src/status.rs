//! Which state of a subscription follows which: the table of the platform specification, 3.5.
//!
//! Nothing else decides on states. What the table does not name is refused with `invalid_transition`.

use kernel::SubscriptionStatus::{
    self, Active, Cancelled, Expired, Incomplete, IncompleteExpired, PastDue, Paused, Trialing,
    Unpaid,
};

/// What happens to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The checkout was never paid. Reached by a payment provider alone.
    CheckoutExpired,
    /// The trial is made longer.
    TrialExtended,
    /// A paid or free plan begins: paid at the checkout, chosen by the tenant, or set up by an operator.
    Activated,
    /// The trial is over, and nobody chose a plan.
    TrialEnded,
    /// A payment came in.
    Paid,
    /// A payment did not come in time.
    PaymentMissed,
    /// The time in which a missed payment is forgiven is over.
    GraceEnded,
    /// Another plan or price, now or later.
    PlanChanged,
    /// It shall end with the period.
    CancelRequested,
    /// It shall go on after all.
    CancelWithdrawn,
    /// The period is over, and it was to end then.
    PeriodEnded,
    /// It ends at once.
    Cancelled,
    /// It rests at the tenant's wish. Reached by a payment provider alone.
    Paused,
    /// It goes on after a rest. Reached by a payment provider alone.
    Unpaused,
}

impl Trigger {
    /// Everything that can happen.
    pub const ALL: [Self; 14] = [
        Self::CheckoutExpired,
        Self::TrialExtended,
        Self::Activated,
        Self::TrialEnded,
        Self::Paid,
        Self::PaymentMissed,
        Self::GraceEnded,
        Self::PlanChanged,
        Self::CancelRequested,
        Self::CancelWithdrawn,
        Self::PeriodEnded,
        Self::Cancelled,
        Self::Paused,
        Self::Unpaused,
    ];
}

/// The state that follows; `None` when the trigger means nothing in this state.
#[must_use]
#[expect(clippy::match_same_arms, reason = "each is a row of the table")]
pub fn next(status: SubscriptionStatus, trigger: Trigger) -> Option<SubscriptionStatus> {
    Some(match (status, trigger) {
        (Incomplete | Trialing, Trigger::Activated) => Active,
        (Incomplete, Trigger::CheckoutExpired) => IncompleteExpired,
        (Trialing, Trigger::TrialExtended) => Trialing,
        (Trialing, Trigger::TrialEnded) => Expired,
        (Active | PastDue | Unpaid, Trigger::Paid) => Active,
        (Active, Trigger::PaymentMissed) => PastDue,
        (PastDue, Trigger::GraceEnded) => Unpaid,
        (Active | PastDue, Trigger::PlanChanged)
        | (Active | Trialing, Trigger::CancelRequested)
        | (Active | Trialing | PastDue, Trigger::CancelWithdrawn) => status,
        (Active | Trialing | PastDue | Unpaid, Trigger::PeriodEnded) => Cancelled,
        (live, Trigger::Cancelled) if !live.is_terminal() => Cancelled,
        (Active, Trigger::Paused) => Paused,
        (Paused, Trigger::Unpaused) => Active,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair that means something. All others are refused.
    #[test]
    fn the_whole_table() {
        let table = [
            (Incomplete, Trigger::CheckoutExpired, IncompleteExpired),
            (Incomplete, Trigger::Activated, Active),
            (Incomplete, Trigger::Cancelled, Cancelled),
            (Trialing, Trigger::TrialExtended, Trialing),
            (Trialing, Trigger::Activated, Active),
            (Trialing, Trigger::TrialEnded, Expired),
            (Trialing, Trigger::CancelRequested, Trialing),
            (Trialing, Trigger::CancelWithdrawn, Trialing),
            (Trialing, Trigger::PeriodEnded, Cancelled),
            (Trialing, Trigger::Cancelled, Cancelled),
            (Active, Trigger::Paid, Active),
            (Active, Trigger::PaymentMissed, PastDue),
            (Active, Trigger::PlanChanged, Active),
            (Active, Trigger::CancelRequested, Active),
            (Active, Trigger::CancelWithdrawn, Active),
            (Active, Trigger::PeriodEnded, Cancelled),
            (Active, Trigger::Cancelled, Cancelled),
            (Active, Trigger::Paused, Paused),
            (PastDue, Trigger::Paid, Active),
            (PastDue, Trigger::GraceEnded, Unpaid),
            (PastDue, Trigger::PlanChanged, PastDue),
            (PastDue, Trigger::CancelWithdrawn, PastDue),
            (PastDue, Trigger::PeriodEnded, Cancelled),
            (PastDue, Trigger::Cancelled, Cancelled),
            (Unpaid, Trigger::Paid, Active),
            (Unpaid, Trigger::PeriodEnded, Cancelled),
            (Unpaid, Trigger::Cancelled, Cancelled),
            (Paused, Trigger::Unpaused, Active),
            (Paused, Trigger::Cancelled, Cancelled),
        ];
        for status in SubscriptionStatus::ALL {
            for trigger in Trigger::ALL {
                let expected = table
                    .iter()
                    .find(|(from, by, _)| (*from, *by) == (status, trigger))
                    .map(|(_, _, to)| *to);
                assert_eq!(next(status, trigger), expected, "{status:?} {trigger:?}");
            }
        }
    }

    #[test]
    fn what_has_ended_stays_ended() {
        for status in SubscriptionStatus::ALL {
            let moves = Trigger::ALL
                .iter()
                .any(|trigger| next(status, *trigger).is_some());
            assert_eq!(moves, !status.is_terminal(), "{status:?}");
        }
    }
}
