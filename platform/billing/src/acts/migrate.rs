//! New prices for those who subscribe already, announced ahead; and operators' second thoughts about them.

use kernel::{Error, FieldError, Result, SubscriptionStatus, Timestamp};
use sqlx::PgConnection;

use super::Step;
use crate::price::{PriceId, days};
use crate::subscription::Subscription;
use crate::words::PendingKind;
use crate::{Act, Actor, Billing, SubscriptionId, letters, store};

/// Everybody learns of a new price at least this long before it holds.
pub const NOTICE_DAYS: u64 = 14;

const SCHEDULED: Step = Step {
    kind: "price_migration_scheduled",
    action: "billing.price.announced",
};

const WITHDRAWN: Step = Step {
    kind: "price_migration_withdrawn",
    action: "billing.price.withdrawn",
};

/// From which price subscribers move to which, and when.
#[derive(Clone, Copy, Debug)]
pub struct PriceMigration {
    /// The price that they are on.
    pub from: PriceId,
    /// The price that takes over.
    pub to: PriceId,
    /// From when on: at the first end of a period that is no earlier. At least 14 days away.
    pub effective: Timestamp,
}

impl Billing {
    /// Announces to everybody on one price that another takes over: with the end of the first period that ends at or
    /// after `effective`. Returns how many subscriptions move.
    ///
    /// Whoever has asked for another plan already keeps to that, as does whoever has paid for another price ahead; whoever
    /// cancelled is left alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown price; [`Error::Invalid`] on the field `to` when it is of another product,
    /// currency or cycle, and on `effective` when that is less than 14 days away.
    pub async fn schedule_price_migration(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        now: Timestamp,
        what: PriceMigration,
        note: &str,
    ) -> Result<u64> {
        let PriceMigration {
            from,
            to,
            effective,
        } = what;
        let missing = || Error::NotFound("price");
        let (old, _) = store::terms(conn, from, now).await?.ok_or_else(missing)?;
        let (new, _) = store::terms(conn, to, now).await?.ok_or_else(missing)?;
        if from == to
            || old.plan.product != new.plan.product
            || old.price.cycle != new.price.cycle
            || old.price.amount.currency != new.price.amount.currency
            || old.is_free() != new.is_free()
        {
            let error = FieldError::new(
                "to",
                "no_match",
                "Choose another price of the same product, cycle and currency.",
            );
            return Err(error.into());
        }
        if effective < now.plus(days(NOTICE_DAYS)) {
            let error = FieldError::new(
                "effective",
                "too_early",
                "Choose a day at least 14 days from now, so that everybody learns of it in time.",
            );
            return Err(error.into());
        }
        let mut moved = 0;
        for (tenant, id) in store::on_price(conn, from).await? {
            let act = Act::new(tenant, actor.clone(), now).because(note);
            let before = self.hold(conn, &act, id).await?;
            if !moves(&before, from, now) {
                continue;
            }
            let at = match (before.anchor, before.period_end) {
                (Some(anchor), Some(end)) if end < effective => {
                    let just_before = effective.minus(std::time::Duration::from_micros(1));
                    new.price.cycle.end_after(anchor, just_before)?
                }
                (_, Some(end)) => end,
                _ => effective,
            };
            let mut after = before.clone();
            after.change_later(new.clone(), at, PendingKind::Migration)?;
            let after = self
                .write(conn, &act, SCHEDULED, now, Some(&before), after)
                .await?;
            self.send(conn, &act, &after, letters::price_announced)
                .await?;
            moved += 1;
        }
        Ok(moved)
    }

    /// Takes back what is to take over with the end of the period, be it the tenant's own choice or a new price that was
    /// announced. For operators: those who are billed get a mail, because they were told otherwise.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `nothing_pending` when nothing waits, `paid_ahead` when the period from then on is paid
    /// already, or `invalid_transition`.
    pub async fn keep_price(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let Some(pending) = &before.pending else {
            return Err(Error::conflict(
                "nothing_pending",
                "No change waits for the end of the period. Load the page again.",
            ));
        };
        let after = if pending.kind == PendingKind::Change {
            self.withdraw_change(conn, act, id).await?
        } else {
            self.withdraw_migration(conn, act, &before).await?
        };
        // Where a price had been announced before the change was chosen, it takes over after all, and that was said.
        if after.pending.is_none() {
            self.send(conn, act, &after, letters::keeps).await?;
        }
        Ok(after)
    }

    /// Takes back a migration from everybody who has not moved yet. Returns how many subscriptions stay.
    ///
    /// Whoever has paid for the period after the move already moves nevertheless.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `nothing_pending` when nobody is about to move from the one price to the other.
    pub async fn withdraw_price_migration(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        now: Timestamp,
        (from, to): (PriceId, PriceId),
        note: &str,
    ) -> Result<u64> {
        let mut staying = 0;
        for (tenant, id) in store::on_price(conn, from).await? {
            let act = Act::new(tenant, actor.clone(), now).because(note);
            let before = self.hold(conn, &act, id).await?;
            let moves = before.pending.as_ref().is_some_and(|pending| {
                pending.kind == PendingKind::Migration && pending.terms.price.id == to
            });
            if before.announced.is_some_and(|(price, _)| price == to) {
                // Who has chosen another plan since would come back to this price by taking that back.
                let mut after = before.clone();
                after.announced = None;
                self.write(conn, &act, WITHDRAWN, now, Some(&before), after)
                    .await?;
                staying += 1;
                continue;
            }
            if !moves || before.committed(now) {
                continue;
            }
            let after = self.withdraw_migration(conn, &act, &before).await?;
            self.send(conn, &act, &after, letters::keeps).await?;
            staying += 1;
        }
        if staying == 0 {
            return Err(Error::conflict(
                "nothing_pending",
                "Nobody is about to move to that price any more. Load the page again.",
            ));
        }
        Ok(staying)
    }

    async fn withdraw_migration(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        before: &Subscription,
    ) -> Result<Subscription> {
        let mut after = before.clone();
        after.withdraw_migration(act.now)?;
        self.write(conn, act, WITHDRAWN, act.now, Some(before), after)
            .await
    }
}

/// Whether a subscription is still on the price, and goes on beyond its period.
fn moves(subscription: &Subscription, from: PriceId, now: Timestamp) -> bool {
    let chose = subscription
        .pending
        .as_ref()
        .is_some_and(|pending| pending.kind == PendingKind::Change);
    matches!(
        subscription.status,
        SubscriptionStatus::Active | SubscriptionStatus::PastDue
    ) && subscription.price.is_some_and(|price| price.id == from)
        && !subscription.cancel_at_period_end
        && !chose
        && !subscription.committed(now)
}
