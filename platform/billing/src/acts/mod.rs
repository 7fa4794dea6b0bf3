//! What people and time do to subscriptions.
//!
//! Each act is a function on a connection of the platform inside a transaction. It keeps others from the subscription,
//! lets everything happen whose time has come, asks the table of states, and writes what came out together with its
//! line of history, its entry in the tenant's audit log, its news for the caches and its mail. Nothing of it is
//! permanent before the caller commits.

mod activate;
mod cancel;
mod change;
mod migrate;
mod payment;
mod settle;
mod trial;

use database::Change;
use kernel::{Currency, Error, Money, Result, TenantId, Timestamp};
use module::Event as _;
use serde::Serialize;
use sqlx::PgConnection;

use crate::store::{self, NewEvent};
use crate::subscription::Subscription;
use crate::{Act, Billing, SubscriptionId};

pub use activate::Activation;
#[cfg(test)]
pub(crate) use change::check;
pub(crate) use change::shown;
pub use change::{Cost, Outcome, Preview, Shrink};
pub use migrate::PriceMigration;
pub use trial::start_trial;

/// Longest reason or comment.
pub const NOTE_LENGTH: usize = 1_000;

/// A step: how it is called in the history and in the audit log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// In the history: `trial_extended`.
    pub kind: &'static str,
    /// In the audit log: `billing.trial.extended`.
    pub action: &'static str,
}

/// The subscription of a tenant has changed: `subscription.changed`.
#[derive(Debug, Serialize)]
pub struct SubscriptionChanged {
    /// Which one.
    pub subscription: SubscriptionId,
    /// Key of the module that it unlocks.
    pub module: String,
    /// Its state now.
    pub status: &'static str,
}

impl module::Event for SubscriptionChanged {
    const KIND: &'static str = "subscription.changed";
}

/// Kinds of events that this crate emits.
pub const EVENTS: &[&str] = &[SubscriptionChanged::KIND];

impl Billing {
    /// The subscription as it is now, kept from everybody else until the transaction ends. What time has brought about
    /// is written first.
    pub(crate) async fn hold(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        if !store::lock(conn, act.tenant, id).await? {
            return Err(Error::NotFound("subscription"));
        }
        let found = get(conn, act.tenant, id).await?;
        match act.based_on {
            Some(rev) if rev != found.rev => Err(Error::PreconditionFailed),
            _ => self.settle(conn, found, act.now).await,
        }
    }

    /// Writes what became of a subscription, and tells of it. Returns it with its new revision.
    pub(crate) async fn write(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        step: Step,
        at: Timestamp,
        before: Option<&Subscription>,
        after: Subscription,
    ) -> Result<Subscription> {
        check_note(&act.note)?;
        let attend_at = after.attend_at(act.now);
        match before {
            Some(_) => store::save(conn, &after, attend_at, act.now).await?,
            None => store::insert(conn, &after, attend_at).await?,
        }
        tell(conn, act, step, at, before, &after).await?;
        get(conn, act.tenant, after.id).await
    }
}

/// Writes a step into the history and the audit log, and announces it.
pub(crate) async fn tell(
    conn: &mut PgConnection,
    act: &Act,
    step: Step,
    at: Timestamp,
    before: Option<&Subscription>,
    after: &Subscription,
) -> Result<()> {
    let event = NewEvent {
        kind: step.kind,
        cause: act.actor.cause(),
        at,
        mrr_delta: difference(before, after)?,
    };
    store::insert_event(conn, act, &event, before, after).await?;
    let mut detail =
        serde_json::json!({ "plan": after.plan.name, "status": after.status.as_str() });
    if !act.note.is_empty() {
        detail["reason"] = act.note.clone().into();
    }
    act.actor
        .audit(step.action, act.now)
        .on("subscription", after.id, &after.plan.product_name)
        .detail(detail)
        .write_for(conn, act.tenant)
        .await?;
    let changed = SubscriptionChanged {
        subscription: after.id,
        module: after.plan.module.clone(),
        status: after.status.as_str(),
    };
    module::emit_for(conn, act.tenant, &changed, act.now).await?;
    Change::Tenant(act.tenant).announce(conn).await
}

/// By how much a step changes the monthly recurring revenue. Currencies never mix: prices of a subscription share one.
fn difference(before: Option<&Subscription>, after: &Subscription) -> Result<Money> {
    let currency = |of: &Subscription| of.price.map(|price| price.amount.currency);
    let was = before.map_or(Ok(0), Subscription::revenue)?;
    let known = currency(after).or_else(|| before.and_then(currency));
    let delta = after
        .revenue()?
        .checked_sub(was)
        .ok_or_else(|| Error::internal("revenue overflows"))?;
    Ok(Money::new(delta, known.unwrap_or(Currency::EUR)))
}

pub(crate) async fn get(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
) -> Result<Subscription> {
    let found = store::list(conn, tenant, Some(id)).await?;
    found
        .into_iter()
        .next()
        .ok_or(Error::NotFound("subscription"))
}

fn check_note(note: &str) -> Result<()> {
    if note.chars().count() > NOTE_LENGTH {
        return Err(
            kernel::FieldError::new("reason", "too_long", "Use at most 1,000 characters.").into(),
        );
    }
    Ok(())
}
