//! What happens to a subscription by itself, when its time has come.

use kernel::{Result, SubscriptionStatus, Timestamp};

use super::Subscription;
use crate::status::Trigger;
use crate::words::Collection;

/// Something that happens by itself when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Of two at one instant the earlier in this list comes first: what ends needs no new price and no payment.
    PeriodEnds,
    TrialEnds,
    PendingApplies,
    /// The next period begins while an older sum is overdue: it is owed as well. The state stays.
    RenewalDue,
    PaymentMissed,
    GraceEnds,
}

impl Subscription {
    /// What happens next by itself, and when.
    pub(crate) fn next_moment(&self) -> Option<(Timestamp, Moment)> {
        use SubscriptionStatus::{Active, PastDue, Trialing, Unpaid};
        let ends = self.cancel_at_period_end;
        let mut moments: Vec<(Option<Timestamp>, Moment)> = Vec::new();
        match self.status {
            Trialing if ends => moments.push((self.trial_end, Moment::PeriodEnds)),
            Trialing => moments.push((self.trial_end, Moment::TrialEnds)),
            Active | PastDue => {
                if ends {
                    moments.push((self.period_end, Moment::PeriodEnds));
                }
                moments.push((self.pending_applies_at(), Moment::PendingApplies));
                if self.status == PastDue {
                    moments.push((self.renewal_due_at(), Moment::RenewalDue));
                    moments.push((self.grace_until, Moment::GraceEnds));
                } else if self.collection == Collection::Manual {
                    moments.push((self.payment_due_at, Moment::PaymentMissed));
                }
            }
            Unpaid if ends => moments.push((self.period_end, Moment::PeriodEnds)),
            _ => {}
        }
        let moments = moments.into_iter();
        moments.filter_map(|(at, moment)| Some((at?, moment))).min()
    }

    /// When the other price takes over. A free plan waits until nothing is open: whoever owes nothing any more could not
    /// be asked for it.
    fn pending_applies_at(&self) -> Option<Timestamp> {
        let pending = self.pending.as_ref()?;
        (self.due.is_none() || !pending.terms.is_free()).then_some(pending.at)
    }

    /// When the next period is owed besides an older sum that is overdue.
    fn renewal_due_at(&self) -> Option<Timestamp> {
        let end = self.period_end?;
        let stays_free = |pending: &super::Pending| pending.terms.is_free() && pending.at <= end;
        let renews = !self.cancel_at_period_end && !self.pending.as_ref().is_some_and(stays_free);
        (renews && self.payment_due_at < Some(end)).then_some(end)
    }

    /// Lets a moment happen.
    pub(crate) fn happen(&mut self, moment: Moment, at: Timestamp) -> Result<()> {
        match moment {
            Moment::PeriodEnds => self.end(Trigger::PeriodEnded, at),
            Moment::TrialEnds => self.expire(at),
            Moment::PendingApplies => self.apply_pending(at),
            Moment::RenewalDue => self.add_renewal(),
            Moment::PaymentMissed => self.miss_payment(at),
            Moment::GraceEnds => self.give_up(at),
        }
    }
}
