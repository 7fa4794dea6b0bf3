//! Payments that an operator notes, or misses, and debts that are settled.

use kernel::Result;
use sqlx::PgConnection;

use super::Step;
use crate::letters::Invoice;
use crate::subscription::Subscription;
use crate::{Act, Billing, SubscriptionId, letters};

impl Billing {
    /// Notes that a payment has come in.
    ///
    /// It settles what is open in the present period; otherwise it pays for the next one, which then begins where this
    /// one ends. After the time of grace it begins on the day of the payment, since nothing could be used meanwhile; when
    /// the payment was for an older sum alone, that period is invoiced. One period can be paid ahead.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition`, `paid_ahead`, `ends_with_period` or `becomes_free`.
    ///
    /// [`Error::Conflict`]: kernel::Error::Conflict
    pub async fn record_payment(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.pay(act.now)?;
        let step = Step {
            kind: "payment_recorded",
            action: "billing.payment.recorded",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        let after = self.settle(conn, after, act.now).await?;
        self.send(conn, act, &after, letters::paid).await?;
        if let Some(invoice) = Invoice::open(&after) {
            self.tell_operators(conn, act, &invoice).await?;
        }
        Ok(after)
    }

    /// Notes that a payment will not come by its date: what is open, or else the next period. The time of grace begins
    /// now.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition`; with `paid_ahead`, `ends_with_period` or `becomes_free` when no
    /// payment can be missing.
    ///
    /// [`Error::Conflict`]: kernel::Error::Conflict
    pub async fn report_unpaid(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.report_unpaid(act.now)?;
        let step = Step {
            kind: "payment_missed",
            action: "billing.payment.missed",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        self.settle(conn, after, act.now).await
    }

    /// Notes that what an ended subscription still owed was paid after all, or is written off; the act's note says which.
    /// The tenant can choose a plan by itself again.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition` while the subscription lives, or `nothing_due`.
    ///
    /// [`Error::Conflict`]: kernel::Error::Conflict
    pub async fn settle_debt(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.settle_debt()?;
        let step = Step {
            kind: "debt_settled",
            action: "billing.debt.settled",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        self.send(conn, act, &after, letters::debt_settled).await?;
        Ok(after)
    }
}
