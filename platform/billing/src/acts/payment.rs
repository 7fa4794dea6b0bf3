//! Payments that an operator notes, or misses.

use kernel::{Error, Result};
use sqlx::PgConnection;

use super::Step;
use crate::subscription::Subscription;
use crate::words::Collection;
use crate::{Act, Billing, SubscriptionId, letters};

impl Billing {
    /// Notes that a payment has come in.
    ///
    /// It settles what is open in the present period; otherwise it pays for the next one, which then begins where this
    /// one ends. After the time of grace it begins on the day of the payment, since nothing could be used meanwhile.
    /// One period can be paid ahead.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition`, `paid_ahead`, `ends_with_period` or `becomes_free`.
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
        self.send(conn, act, &after, letters::paid).await?;
        self.settle(conn, after, act.now).await
    }

    /// Notes that a payment will not come by its date. The time of grace begins now.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition`.
    pub async fn report_unpaid(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.miss_payment(act.now)?;
        if before.collection != Collection::Manual {
            return Err(Error::conflict(
                "invalid_transition",
                "This subscription is not paid by invoice, so no payment can be missing.",
            ));
        }
        let step = Step {
            kind: "payment_missed",
            action: "billing.payment.missed",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        self.settle(conn, after, act.now).await
    }
}
