//! Ends: at the end of the period, at once, and taken back.

use kernel::Result;
use sqlx::PgConnection;

use super::Step;
use crate::subscription::Subscription;
use crate::words::CancelReason;
use crate::{Act, Billing, SubscriptionId, letters};

impl Billing {
    /// Lets a subscription end with its period. Where that was asked for already nothing happens.
    ///
    /// # Errors
    /// [`kernel::Error::Conflict`] with `invalid_transition`, or `no_period` for a free plan.
    pub async fn cancel_at_period_end(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
        reason: CancelReason,
        comment: Option<&str>,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.request_cancel(reason, said(comment)?, act.now)?;
        if before.cancel_at_period_end {
            return Ok(before);
        }
        let step = Step {
            kind: "cancel_scheduled",
            action: "billing.cancellation.scheduled",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        self.send(conn, act, &after, letters::cancel_scheduled)
            .await?;
        Ok(after)
    }

    /// Takes back that a subscription ends with its period. Where nobody asked for that nothing happens.
    ///
    /// # Errors
    /// [`kernel::Error::Conflict`] with `invalid_transition`, once it has ended.
    pub async fn resume(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.withdraw_cancel()?;
        if !before.cancel_at_period_end {
            return Ok(before);
        }
        let step = Step {
            kind: "resumed",
            action: "billing.subscription.resumed",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        self.send(conn, act, &after, letters::resumed).await?;
        Ok(after)
    }

    /// Ends a subscription at once, for good. It can be read for 30 days.
    ///
    /// # Errors
    /// [`kernel::Error::Conflict`] with `invalid_transition`, once it has ended.
    pub async fn cancel_now(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
        reason: CancelReason,
        comment: Option<&str>,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.cancel(reason, said(comment)?, act.now)?;
        let step = Step {
            kind: "cancelled",
            action: "billing.subscription.cancelled",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        // The mail that says so is one of the notices.
        self.settle(conn, after, act.now).await
    }
}

/// A comment, when there is one.
fn said(comment: Option<&str>) -> Result<Option<String>> {
    let comment = comment.map(str::trim).filter(|comment| !comment.is_empty());
    if comment.is_some_and(|comment| comment.chars().count() > super::NOTE_LENGTH) {
        return Err(kernel::FieldError::new(
            "comment",
            "too_long",
            "Use at most 1,000 characters.",
        )
        .into());
    }
    Ok(comment.map(str::to_owned))
}
