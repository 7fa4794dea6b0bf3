//! What is open, what a payment settles, and what becomes of one that does not come.
//!
//! `due` is what is open, and `payment_due_at` says what that is for. Where it lies before the end of the period, `due`
//! is for this period alone, or for what an upgrade within it cost. Where a payment was missed and it lies at the end of
//! the period, the period after this one is in it too.

use kernel::{Error, Money, Result, Standing, SubscriptionStatus, Timestamp};

use super::{Subscription, Terms};
use crate::status::Trigger;
use crate::words::Collection;

impl Subscription {
    /// A payment has come in: for what is open in this period, or for the next one.
    pub(crate) fn pay(&mut self, now: Timestamp) -> Result<()> {
        let (Collection::Manual, Some(price), Some(anchor), Some(start), Some(end)) = (
            self.collection,
            self.price,
            self.anchor,
            self.period_start,
            self.period_end,
        ) else {
            return Err(not_invoiced());
        };
        let was = self.status;
        self.step(Trigger::Paid)?;
        let for_next = match was {
            SubscriptionStatus::Active => self.due.is_none(),
            _ => self.payment_due_at >= Some(end),
        };
        self.due = None;
        if now < end && !for_next {
            self.payment_due_at = Some(end);
        } else if let Some(change) = self
            .pending
            .as_mut()
            .filter(|change| change.terms.is_free() && change.at <= now)
        {
            // What was open has held the free plan back. It takes over now.
            change.at = now;
            self.payment_due_at = Some(now);
        } else if was == SubscriptionStatus::Unpaid && end <= now {
            self.begin_again(for_next, now)?;
        } else if let Some(reason) = self.not_renewable(start, end, now) {
            return Err(reason);
        } else {
            let coming = self.pending.as_ref().filter(|pending| pending.at <= end);
            let cycle = coming.map_or(price.cycle, |pending| pending.terms.price.cycle);
            if cycle != price.cycle {
                self.anchor = Some(end);
            }
            let next = cycle.end_after(self.anchor.unwrap_or(anchor), end)?;
            self.period_start = Some(end);
            self.period_end = Some(next);
            self.payment_due_at = Some(next);
        }
        self.payment_failed_count = 0;
        self.grace_until = None;
        self.read_only_until = None;
        Ok(())
    }

    /// Begins a period on the day of a payment: nothing could be used since the last one ended. `paid` is whether the
    /// payment was for it; an older sum buys no new period, so that is to be paid as a first one is.
    fn begin_again(&mut self, paid: bool, now: Timestamp) -> Result<()> {
        let (pending, announced) = (self.pending.take(), self.announced.take());
        let (terms, later) = match (pending, self.price) {
            (Some(pending), _) if pending.at <= now => (pending.terms, None),
            (pending, Some(price)) => {
                let plan = self.plan.clone();
                (Terms { price, plan }, pending)
            }
            (_, None) => return Err(not_invoiced()),
        };
        self.begin(terms, now, paid, now)?;
        if later.is_some() {
            (self.pending, self.announced) = (later, announced);
        }
        Ok(())
    }

    /// Why the period after this one cannot be paid now.
    fn not_renewable(&self, start: Timestamp, end: Timestamp, now: Timestamp) -> Option<Error> {
        if start > now {
            return Some(Error::conflict(
                "paid_ahead",
                "The next period is paid already. Note the payment for the one after it when that is near.",
            ));
        }
        if self.cancel_at_period_end {
            return Some(Error::conflict(
                "ends_with_period",
                "It ends with this period, so there is no next one to pay. Resume it first.",
            ));
        }
        let coming = self.pending.as_ref().filter(|pending| pending.at <= end)?;
        coming.terms.is_free().then(|| {
            Error::conflict(
                "becomes_free",
                "It changes to a free plan with the end of this period, so there is nothing to pay.",
            )
        })
    }

    /// What the period after this one costs; `None` where there is none, or it is free.
    pub(crate) fn renewal(&self) -> Result<Option<Money>> {
        let (Some(price), Some(end), false) =
            (self.price, self.period_end, self.cancel_at_period_end)
        else {
            return Ok(None);
        };
        let coming = self.pending.as_ref().filter(|pending| pending.at <= end);
        let price = coming.map_or(price, |pending| pending.terms.price);
        let sum = price.times(self.quantity)?;
        Ok((sum.minor > 0).then_some(sum))
    }

    /// Somebody knows before the date that a payment will not come: what is open, or else the renewal.
    pub(crate) fn report_unpaid(&mut self, now: Timestamp) -> Result<()> {
        let period = self.period_start.zip(self.period_end);
        let nothing_missing = period
            .filter(|_| self.due.is_none())
            .and_then(|(start, end)| self.not_renewable(start, end, now));
        self.miss_payment(now)?;
        if self.collection != Collection::Manual {
            return Err(not_invoiced());
        }
        nothing_missing.map_or(Ok(()), Err)
    }

    /// A payment did not come; it is forgiven for a while from `at` on.
    pub(super) fn miss_payment(&mut self, at: Timestamp) -> Result<()> {
        self.step(Trigger::PaymentMissed)?;
        if self.due.is_none() || self.period_end.is_some_and(|end| end <= at) {
            self.add_renewal()?;
        } else {
            // The renewal is not due before the period ends.
            self.payment_due_at = Some(at);
        }
        self.payment_failed_count += 1;
        self.grace_until = Some(at.plus(Standing::GRACE));
        Ok(())
    }

    /// The renewal is missing, besides what may be open from before.
    pub(super) fn add_renewal(&mut self) -> Result<()> {
        self.due = match (self.due, self.renewal()?) {
            (Some(open), Some(renewal)) => Some(open.plus(renewal)?),
            (open, renewal) => open.or(renewal),
        };
        self.payment_due_at = self.period_end;
        Ok(())
    }

    pub(super) fn give_up(&mut self, at: Timestamp) -> Result<()> {
        self.step(Trigger::GraceEnded)?;
        self.read_only_until = Some(at.plus(Standing::READ_ONLY));
        Ok(())
    }

    /// What an ended subscription still owed is paid after all, or written off.
    pub(crate) fn settle_debt(&mut self) -> Result<()> {
        if self.is_live() {
            return Err(Error::conflict(
                "invalid_transition",
                "This subscription has not ended. Record a payment instead.",
            ));
        }
        if self.due.take().is_none() {
            return Err(Error::conflict(
                "nothing_due",
                "This subscription owes nothing.",
            ));
        }
        Ok(())
    }
}

fn not_invoiced() -> Error {
    Error::conflict(
        "invalid_transition",
        "This subscription is not paid by invoice, so there is no payment to note.",
    )
}
