//! Subscriptions: which tenant may use which product, and until when.
//!
//! What a subscription allows is never stored. [`kernel::Standing::access`] derives it from the facts that
//! [`standings`] reads and the present time, so that no job has to run for a trial or a paid period to end.
//!
//! | access | pages of the module | its API | its public pages |
//! |---|---|---|---|
//! | full, grace | read and change | read and change | up |
//! | read only | read and export; changes answer 402 `subscription_required` | the same | up |
//! | blocked | 402 | 402 | "temporarily unavailable" |
//!
//! Nothing is deleted on lapse, and other products of the tenant are not affected.
#![warn(missing_docs)]

mod pages;
mod store;

use database::{Change, PlatformDb};
use kernel::{
    Clock, Error, Permission, Result, Role, Standing, SubscriptionStatus, TenantId, Timestamp,
};
use module::Routes;
use sqlx::PgConnection;
use std::time::Duration;

kernel::id!(
    /// Identifies a subscription.
    SubscriptionId
);

/// The migrations of this crate's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What may be allowed around subscriptions.
pub static PERMISSIONS: &[Permission] = &[Permission {
    key: "billing.subscription.read",
    title: "See the subscription",
    roles: &[Role::Admin, Role::Manager, Role::Billing],
}];

module::guard!(
    /// May see the subscription.
    ReadSubscription = "billing.subscription.read"
);

/// Subscriptions, as the server and the handlers know them. Cloning shares the state.
#[derive(Clone, Debug)]
pub struct Billing {
    db: PlatformDb,
    clock: Clock,
}

/// A subscription as its page shows it.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Name of the product.
    pub product: String,
    /// Name of the plan.
    pub plan: String,
    /// What the plan allows, in words.
    pub features: Vec<String>,
    /// The facts that decide access.
    pub standing: Standing,
    /// When it began.
    pub created_at: Timestamp,
}

/// A step in the life of a subscription.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happened: `trial_started`.
    pub kind: String,
    /// Name of the product.
    pub product: String,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

impl Billing {
    /// Subscriptions in `db`.
    #[must_use]
    pub fn new(db: PlatformDb, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The subscriptions of a tenant, the newest to each product.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn subscriptions(&self, tenant: TenantId) -> Result<Vec<Subscription>> {
        let mut conn = self.db.pool().acquire().await?;
        store::subscriptions(&mut conn, tenant).await
    }

    /// What happened to the subscriptions of a tenant, newest first.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn history(&self, tenant: TenantId) -> Result<Vec<Step>> {
        store::history(self.db.pool(), tenant).await
    }
}

/// Starts the trial of a product, on its largest plan and without any payment.
///
/// # Errors
/// [`Error::Conflict`] with `trial_used` when the tenant has had a trial of it, with `already_subscribed` while a
/// subscription to it lives, and with `not_on_sale` when the product has no plan with a trial.
pub async fn start_trial(
    conn: &mut PgConnection,
    tenant: TenantId,
    module: &str,
    now: Timestamp,
) -> Result<SubscriptionId> {
    let Some(offer) = store::trial_offer(&mut *conn, module).await? else {
        return Err(Error::conflict(
            "not_on_sale",
            "This product cannot be tried at the moment.",
        ));
    };
    if !store::use_trial(&mut *conn, tenant, offer.product, now).await? {
        return Err(Error::conflict(
            "trial_used",
            "This workspace has tried that product before.",
        ));
    }
    let days = u64::try_from(offer.trial_days).unwrap_or_default();
    let trial_end = now.plus(Duration::from_hours(24 * days));
    let id = SubscriptionId::new();
    store::insert_trial(&mut *conn, tenant, id, &offer, now, trial_end).await?;
    store::insert_event(
        &mut *conn,
        tenant,
        id,
        "trial_started",
        None,
        SubscriptionStatus::Trialing,
        "sign_up",
        now,
    )
    .await?;
    Change::Tenant(tenant).announce(conn).await?;
    Ok(id)
}

/// The facts that decide what a tenant may use: its newest subscription to each product.
///
/// # Errors
/// When the database cannot answer.
pub async fn standings(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Standing>> {
    let subscriptions = store::subscriptions(conn, tenant).await?;
    Ok(subscriptions
        .into_iter()
        .map(|subscription| subscription.standing)
        .collect())
}

/// Pages of a tenant's host.
#[must_use]
pub fn tenant_routes() -> Routes {
    pages::routes()
}
