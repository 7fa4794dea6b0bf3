//! Trials: had once for each product.

use std::collections::BTreeMap;

use kernel::{Error, FieldError, Result, SubscriptionStatus, TenantId, Timestamp};
use sqlx::PgConnection;

use super::Step;
use crate::price::days;
use crate::store;
use crate::subscription::Subscription;
use crate::words::Collection;
use crate::{Act, Actor, Billing, SubscriptionId};

/// No trial lasts longer than this from the day on which it is extended.
const LONGEST_DAYS: u64 = 365;

/// Begins the trial of the product that unlocks a module, in the caller's transaction.
///
/// # Errors
/// [`Error::Conflict`] with `not_on_sale` when no plan with a trial is on sale, with `trial_used` when the tenant had
/// it already, or with `already_subscribed`.
pub async fn start_trial(
    conn: &mut PgConnection,
    tenant: TenantId,
    module: &str,
    now: Timestamp,
) -> Result<SubscriptionId> {
    let offer = store::trial_offer(conn, module).await?.ok_or_else(|| {
        Error::conflict(
            "not_on_sale",
            "No trial of this product is on offer at present.",
        )
    })?;
    if !store::use_trial(conn, tenant, offer.plan.product, now).await? {
        return Err(Error::conflict(
            "trial_used",
            "The trial of this product was used before.",
        ));
    }
    let length = u64::try_from(offer.trial_days).unwrap_or_default();
    let end = now.plus(days(length));
    let trial = Subscription {
        status: SubscriptionStatus::Trialing,
        trial_start: Some(now),
        trial_end: Some(end),
        period_start: Some(now),
        period_end: Some(end),
        ..Subscription::new(tenant, offer.plan, now)
    };
    store::insert(conn, &trial, trial.attend_at(now)).await?;
    let step = Step {
        kind: "trial_started",
        action: "billing.trial.started",
    };
    let act = Act::new(tenant, Actor::sign_up(), now);
    super::tell(conn, &act, step, now, None, &trial).await?;
    Ok(trial.id)
}

impl Subscription {
    /// A subscription that nothing is known of yet but its plan.
    pub(crate) fn new(tenant: TenantId, plan: crate::Plan, now: Timestamp) -> Self {
        Self {
            id: SubscriptionId::new(),
            tenant,
            plan,
            price: None,
            status: SubscriptionStatus::Incomplete,
            collection: Collection::Free,
            quantity: 1,
            trial_start: None,
            trial_end: None,
            anchor: None,
            period_start: None,
            period_end: None,
            payment_due_at: None,
            due: None,
            payment_failed_count: 0,
            grace_until: None,
            read_only_until: None,
            cancel_at_period_end: false,
            cancelled_at: None,
            ended_at: None,
            cancel_reason: None,
            cancel_comment: None,
            pending: None,
            announced: None,
            rev: 1,
            created_at: now,
            limits: BTreeMap::new(),
            features: Vec::new(),
        }
    }
}

impl Billing {
    /// Lets a trial end later.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the field `until` when that is no later than now or than the present end, or more than a
    /// year away; [`Error::Conflict`] with `invalid_transition` when it is no trial any more.
    pub async fn extend_trial(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
        until: Timestamp,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let mut after = before.clone();
        after.extend_trial(until)?;
        if until <= act.now || before.trial_end.is_some_and(|end| until <= end) {
            let error =
                FieldError::new("until", "too_early", "Choose a day after the present end.");
            return Err(error.into());
        }
        if until > act.now.plus(days(LONGEST_DAYS)) {
            let error = FieldError::new("until", "too_late", "Choose a day within the next year.");
            return Err(error.into());
        }
        let step = Step {
            kind: "trial_extended",
            action: "billing.trial.extended",
        };
        let after = self
            .write(conn, act, step, act.now, Some(&before), after)
            .await?;
        self.send(conn, act, &after, crate::letters::trial_extended)
            .await?;
        Ok(after)
    }
}
