//! A subscription and what can happen to it, without a database: the acts call these and write what came out.

mod moments;
mod payments;

use std::collections::BTreeMap;

use kernel::{Access, Error, Money, Result, Standing, SubscriptionStatus, TenantId, Timestamp};

use crate::price::{PlanId, Price, PriceId, Rest, days};
use crate::status::{Trigger, next};
use crate::words::{CancelReason, Collection, PendingKind};
use crate::{ProductId, SubscriptionId};

pub(crate) use moments::Moment;

/// How long the first payment of a plan, or of a larger one, may take.
pub const PAYMENT_TERM_DAYS: u64 = 14;

/// A price with the plan and product that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The price.
    pub price: Price,
    /// The plan.
    pub plan: Plan,
}

impl Terms {
    /// Whether nothing is ever due.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.price.amount.minor == 0
    }
}

/// A plan, as far as subscriptions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// The product that it is of.
    pub product: ProductId,
    /// Key of the module that the product unlocks.
    pub module: String,
    /// Name of the product.
    pub product_name: String,
    /// Its place among the plans of the product, the smallest first.
    pub rank: i32,
}

/// A price that takes over later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The price and its plan.
    pub terms: Terms,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub kind: PendingKind,
}

/// A subscription as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The plan.
    pub plan: Plan,
    /// The version of the price that it is on; `None` during a trial.
    pub price: Option<Price>,
    /// State as last recorded; time may have moved on since.
    pub status: SubscriptionStatus,
    /// Who collects.
    pub collection: Collection,
    /// How many of the plan.
    pub quantity: i32,
    /// Beginning of the trial.
    pub trial_start: Option<Timestamp>,
    /// End of the trial.
    pub trial_end: Option<Timestamp>,
    /// The instant that periods are counted from.
    pub anchor: Option<Timestamp>,
    /// Beginning of the period.
    pub period_start: Option<Timestamp>,
    /// End of the period.
    pub period_end: Option<Timestamp>,
    /// By when the next payment must have come; only where it is collected by hand.
    pub payment_due_at: Option<Timestamp>,
    /// What is open by then; nothing while the renewal lies ahead.
    pub due: Option<Money>,
    /// Payments missed in a row.
    pub payment_failed_count: i32,
    /// Until when a missed payment is forgiven.
    pub grace_until: Option<Timestamp>,
    /// Until when it can be read after it has lapsed.
    pub read_only_until: Option<Timestamp>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When somebody ended it, or asked for its end.
    pub cancelled_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it was cancelled.
    pub cancel_reason: Option<CancelReason>,
    /// What was said about that.
    pub cancel_comment: Option<String>,
    /// A price that takes over later.
    pub pending: Option<Pending>,
    /// The price that the platform had announced when somebody chose another plan, and when it was to take over. It does
    /// so after all when that choice is taken back.
    pub announced: Option<(PriceId, Timestamp)>,
    /// Counts changes.
    pub rev: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// What the plan limits: key of an entitlement and the most there may be. Absent: no limit.
    pub limits: BTreeMap<String, i64>,
    /// What the plan allows, in words.
    pub features: Vec<String>,
}

/// What a change in the middle of a period costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proration {
    /// Given back for the rest of the period on the old price.
    pub credit: Money,
    /// Asked for the rest of the period, or a new one, on the new price.
    pub charge: Money,
    /// Whether a new period begins, because the cycle is another one.
    pub new_period: bool,
}

impl Subscription {
    /// Whether it has not ended for good.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.status.is_terminal()
    }

    /// The facts that decide access.
    #[must_use]
    pub fn standing(&self) -> Standing {
        // Where the next period is free no payment can be missed at its beginning, unless one is open already.
        let free_from = self
            .pending
            .as_ref()
            .filter(|pending| pending.terms.is_free() && self.due.is_none())
            .map(|pending| pending.at);
        let payment_due_at = self
            .payment_due_at
            .filter(|due| free_from.is_none_or(|free| *due < free));
        Standing {
            module: self.plan.module.clone(),
            status: self.status,
            trial_end: self.trial_end,
            period_end: self.period_end,
            cancel_at_period_end: self.cancel_at_period_end,
            payment_due_at,
            grace_until: self.grace_until,
            read_only_until: self.read_only_until,
            override_access: None,
            limits: self.limits.clone(),
        }
    }

    /// What it allows at `now`.
    #[must_use]
    pub fn access(&self, now: Timestamp) -> Access {
        self.standing().access(now)
    }

    /// Monthly recurring revenue in minor units of the price's currency: what active and overdue subscriptions bring,
    /// and nothing else does.
    ///
    /// # Errors
    /// [`Error::Internal`] when the amount overflows.
    pub fn revenue(&self) -> Result<i64> {
        match (self.status, &self.price) {
            (SubscriptionStatus::Active | SubscriptionStatus::PastDue, Some(price)) => {
                price.monthly(self.quantity)
            }
            _ => Ok(0),
        }
    }

    /// What is due for each period.
    ///
    /// # Errors
    /// [`Error::Internal`] when the amount overflows.
    pub fn each_period(&self) -> Result<Option<Money>> {
        self.price
            .map(|price| price.times(self.quantity))
            .transpose()
    }

    /// Moves to the state that follows.
    fn step(&mut self, trigger: Trigger) -> Result<()> {
        self.status = next(self.status, trigger).ok_or_else(|| refused(self.status, trigger))?;
        Ok(())
    }

    pub(crate) fn extend_trial(&mut self, until: Timestamp) -> Result<()> {
        self.step(Trigger::TrialExtended)?;
        self.trial_end = Some(until);
        self.period_end = Some(until);
        Ok(())
    }

    /// Begins a plan that is paid by hand or free. `start` is the beginning of its first period; `paid` whether that is
    /// paid already.
    pub(crate) fn activate(
        &mut self,
        terms: Terms,
        quantity: i32,
        start: Timestamp,
        paid: bool,
        now: Timestamp,
    ) -> Result<()> {
        self.step(Trigger::Activated)?;
        self.quantity = quantity;
        self.cancel_at_period_end = false;
        self.cancelled_at = None;
        self.cancel_reason = None;
        self.cancel_comment = None;
        self.begin(terms, start, paid, now)
    }

    /// Puts it on a price, with a first period from `start`.
    fn begin(&mut self, terms: Terms, start: Timestamp, paid: bool, now: Timestamp) -> Result<()> {
        let free = terms.is_free();
        self.price = Some(terms.price);
        self.plan = terms.plan;
        self.pending = None;
        self.announced = None;
        if free {
            self.collection = Collection::Free;
            self.anchor = None;
            self.period_start = None;
            self.period_end = None;
            self.payment_due_at = None;
            self.due = None;
            return Ok(());
        }
        let end = terms.price.cycle.end_after(start, start)?;
        self.collection = Collection::Manual;
        self.anchor = Some(start);
        self.period_start = Some(start);
        self.period_end = Some(end);
        if paid {
            self.payment_due_at = Some(end);
            self.due = None;
        } else {
            let term = if start > now { start } else { now };
            self.payment_due_at = Some(term.plus(days(PAYMENT_TERM_DAYS)).min(end));
            self.due = Some(terms.price.times(self.quantity)?);
        }
        Ok(())
    }

    fn expire(&mut self, at: Timestamp) -> Result<()> {
        self.step(Trigger::TrialEnded)?;
        self.ended_at = Some(at);
        self.read_only_until = Some(at.plus(Standing::TRIAL_READ_ONLY));
        Ok(())
    }

    pub(crate) fn request_cancel(
        &mut self,
        reason: CancelReason,
        comment: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        self.step(Trigger::CancelRequested)?;
        if self.period_end.is_none() {
            return Err(Error::conflict(
                "no_period",
                "A free plan has no period at whose end it could be cancelled. Cancel it at once instead.",
            ));
        }
        self.cancel_at_period_end = true;
        self.cancelled_at = Some(now);
        self.cancel_reason = Some(reason);
        self.cancel_comment = comment;
        Ok(())
    }

    pub(crate) fn withdraw_cancel(&mut self) -> Result<()> {
        self.step(Trigger::CancelWithdrawn)?;
        self.cancel_at_period_end = false;
        self.cancelled_at = None;
        self.cancel_reason = None;
        self.cancel_comment = None;
        Ok(())
    }

    pub(crate) fn cancel(
        &mut self,
        reason: CancelReason,
        comment: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        self.end(Trigger::Cancelled, now)?;
        self.cancelled_at = Some(now);
        self.cancel_reason = Some(reason);
        self.cancel_comment = comment;
        Ok(())
    }

    fn end(&mut self, trigger: Trigger, at: Timestamp) -> Result<()> {
        let was = self.status;
        self.step(trigger)?;
        self.ended_at = Some(at);
        self.pending = None;
        self.announced = None;
        // One that is read-only or blocked already does not open again by being cancelled.
        if was != SubscriptionStatus::Unpaid {
            self.read_only_until = Some(at.plus(Standing::READ_ONLY));
        }
        Ok(())
    }

    /// What changing to another price at `now` would cost; `None` when there is nothing to reckon with: the subscription
    /// is free, or becomes so.
    pub(crate) fn proration(&self, to: &Terms, now: Timestamp) -> Result<Option<Proration>> {
        let (Some(price), Some(start), Some(end)) =
            (self.price, self.period_start, self.period_end)
        else {
            return Ok(None);
        };
        if to.is_free() {
            return Ok(None);
        }
        let rest = Rest::of(start, end, now);
        let new_period = to.price.cycle != price.cycle;
        let charge = to.price.times(self.quantity)?;
        Ok(Some(Proration {
            credit: rest.share(price.times(self.quantity)?)?,
            charge: if new_period {
                charge
            } else {
                rest.share(charge)?
            },
            new_period,
        }))
    }

    /// Whether a change to other terms takes effect at once: a plan at least as large, for at least as long, that costs
    /// no less for the rest of the period. Everything else waits for its end, since nothing is paid back.
    pub(crate) fn changes_at_once(&self, to: &Terms, now: Timestamp) -> Result<bool> {
        let Some(price) = self.price else {
            return Ok(true);
        };
        if self.period_end.is_none() {
            return Ok(true);
        }
        let grows = to.plan.rank >= self.plan.rank && to.price.cycle >= price.cycle;
        Ok(grows
            && self
                .proration(to, now)?
                .is_some_and(|cost| cost.charge.minor >= cost.credit.minor))
    }

    /// Takes the other terms at once.
    pub(crate) fn change_now(&mut self, to: Terms, now: Timestamp) -> Result<()> {
        self.step(Trigger::PlanChanged)?;
        let Some(cost) = self.proration(&to, now)? else {
            return self.begin(to, now, false, now);
        };
        let open = self.due.map_or(0, |due| due.minor);
        let due = open
            .checked_add(cost.charge.minor)
            .and_then(|sum| sum.checked_sub(cost.credit.minor))
            .ok_or_else(|| Error::internal("an amount overflows"))?;
        let currency = to.price.amount.currency;
        if cost.new_period {
            self.anchor = Some(now);
            self.period_start = Some(now);
            self.period_end = Some(to.price.cycle.end_after(now, now)?);
            self.payment_due_at = if open > 0 {
                self.payment_due_at
            } else {
                self.period_end
            };
        }
        self.price = Some(to.price);
        self.plan = to.plan;
        self.pending = None;
        self.announced = None;
        self.due = (due > 0).then(|| Money::new(due, currency));
        if self.due.is_some() {
            let term = now.plus(days(PAYMENT_TERM_DAYS));
            self.payment_due_at = self.payment_due_at.map(|due| due.min(term));
        }
        Ok(())
    }

    /// Takes the other terms when the period ends; at once, when there is none.
    pub(crate) fn change_later(
        &mut self,
        to: Terms,
        at: Timestamp,
        kind: PendingKind,
    ) -> Result<()> {
        self.step(Trigger::PlanChanged)?;
        let replaced = self.pending.replace(Pending {
            terms: to,
            at,
            kind,
        });
        match (kind, replaced) {
            (PendingKind::Migration, _) => self.announced = None,
            (PendingKind::Change, Some(old)) if old.kind == PendingKind::Migration => {
                self.announced = Some((old.terms.price.id, old.at));
            }
            (PendingKind::Change, _) => {}
        }
        Ok(())
    }

    /// Whether the present period was paid ahead, for the price that takes over with it. That price cannot be replaced
    /// any more: its period is sold.
    pub(crate) fn committed(&self, now: Timestamp) -> bool {
        let pending = self.pending.as_ref().map(|pending| pending.at);
        self.period_start > Some(now) && pending.is_some_and(|at| Some(at) <= self.period_start)
    }

    /// Takes back what somebody chose. `announced` is the price that the platform had announced before, if it had: it
    /// takes over after all.
    pub(crate) fn withdraw_change(
        &mut self,
        announced: Option<Terms>,
        now: Timestamp,
    ) -> Result<()> {
        self.step(Trigger::PlanChanged)?;
        if let Some(reason) = self.stays(now) {
            return Err(reason);
        }
        let at = self.announced.take().map(|(_, at)| at);
        self.pending = announced.zip(at).map(|(terms, at)| Pending {
            terms,
            at,
            kind: PendingKind::Migration,
        });
        Ok(())
    }

    /// Takes back a price that the platform had announced.
    pub(crate) fn withdraw_migration(&mut self, now: Timestamp) -> Result<()> {
        self.step(Trigger::PlanChanged)?;
        if self.committed(now) {
            return Err(paid_ahead());
        }
        self.pending = None;
        Ok(())
    }

    /// Whether a change waits that can be taken back.
    pub(crate) fn can_take_change_back(&self, now: Timestamp) -> bool {
        self.pending.is_some()
            && next(self.status, Trigger::PlanChanged).is_some()
            && self.stays(now).is_none()
    }

    /// Why what takes over later cannot be taken back.
    fn stays(&self, now: Timestamp) -> Option<Error> {
        let pending = self.pending.as_ref()?;
        if pending.kind == PendingKind::Migration {
            return Some(Error::conflict(
                "price_migration",
                "The new price was announced by us and cannot be taken back here. Choose another plan, or cancel.",
            ));
        }
        if self.committed(now) {
            return Some(paid_ahead());
        }
        (pending.at <= now).then(|| {
            Error::conflict(
                "payment_outstanding",
                "The change waits only for the open payment. Settle it first.",
            )
        })
    }

    fn apply_pending(&mut self, at: Timestamp) -> Result<()> {
        self.step(Trigger::PlanChanged)?;
        let Some(Pending { terms, .. }) = self.pending.take() else {
            return Ok(());
        };
        self.announced = None;
        if terms.is_free() || self.period_end.is_none() {
            return self.begin(terms, at, false, at);
        }
        // Periods of another length are counted from where the old one ended.
        if self
            .price
            .is_some_and(|price| price.cycle != terms.price.cycle)
        {
            self.anchor = Some(at);
        }
        self.price = Some(terms.price);
        self.plan = terms.plan;
        Ok(())
    }
}

/// Why a plan that the next period is paid for cannot be replaced.
pub(crate) fn paid_ahead() -> Error {
    Error::conflict(
        "paid_ahead",
        "The next period is paid already, on the plan that takes over with it. Change the plan once it has begun.",
    )
}

/// Why a state does not allow something, and what to do instead.
pub(crate) fn refused(status: SubscriptionStatus, trigger: Trigger) -> Error {
    let message = match (status, trigger) {
        (status, _) if status.is_terminal() => {
            "This subscription has ended. Choose a plan to subscribe again."
        }
        (SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid, Trigger::PlanChanged) => {
            "A payment is open. Settle it first, then change the plan."
        }
        (SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid, Trigger::CancelRequested) => {
            "A payment is open, so there is no paid period to wait for. Settle it, or cancel at once."
        }
        (_, Trigger::TrialExtended) => "This subscription is not in a trial.",
        (_, Trigger::Activated) => "This subscription is active already. Change its plan instead.",
        (SubscriptionStatus::Trialing, Trigger::Paid | Trigger::PaymentMissed) => {
            "A trial costs nothing. Activate a plan first."
        }
        (SubscriptionStatus::PastDue, Trigger::PaymentMissed) => {
            "The payment is noted as missed already."
        }
        _ => "The state of this subscription does not allow that. Load it again.",
    };
    Error::conflict("invalid_transition", message)
}
