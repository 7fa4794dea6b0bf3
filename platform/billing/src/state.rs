//! The state of this crate: one for the server, shared by cloning.

use std::sync::Arc;

use database::PlatformDb;
use kernel::{Clock, Email, Result, TenantId, Timestamp, Zone};
use module::{Entitlement, Links};
use sqlx::PgConnection;
use tenant_resolver::Lookup;

use crate::{Event, Subscription, store};

/// What a mail about a tenant's subscription needs to know of the tenant.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// Label of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The zone in which its days begin and end.
    pub zone: Zone,
    /// Its owners: address and name.
    pub owners: Vec<(Email, String)>,
}

/// Where tenants and their owners are looked up. `tenants` knows; it stands beside this crate.
pub trait Addressees: Send + Sync + 'static {
    /// The tenant; `None` when there is no such one.
    fn find<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
    ) -> Lookup<'a, Option<Addressee>>;
}

/// How much a tenant takes of what plans limit. Whoever keeps a count knows it; they stand beside this crate or above it.
pub trait Usage: Send + Sync + 'static {
    /// How much of the entitlement is in use; `None` where nobody counts it.
    fn used<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
        entitlement: &'a str,
    ) -> Lookup<'a, Option<i64>>;
}

/// What this crate needs from those above it.
pub struct Setup {
    /// Absolute addresses.
    pub links: Links,
    /// Where mail about subscriptions goes.
    pub addressees: Arc<dyn Addressees>,
    /// Who at the platform is told when a tenant asks for an invoice.
    pub operators: Vec<Email>,
    /// Counts of what is in use.
    pub usage: Arc<dyn Usage>,
    /// Everything that plans may limit, with its name.
    pub entitlements: Vec<&'static Entitlement>,
}

/// Subscriptions, as the server and the handlers know them. Cloning shares the state.
#[derive(Clone)]
pub struct Billing(Arc<Shared>);

struct Shared {
    db: PlatformDb,
    clock: Clock,
    setup: Setup,
}

impl Billing {
    /// Subscriptions in `db`.
    #[must_use]
    pub fn new(db: PlatformDb, clock: Clock, setup: Setup) -> Self {
        Self(Arc::new(Shared { db, clock, setup }))
    }

    /// The database as the platform sees it.
    pub(crate) fn db(&self) -> &PlatformDb {
        &self.0.db
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.0.setup
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Name of an entitlement; its key where nothing declares it.
    pub(crate) fn title_of(&self, key: &str) -> String {
        let known = self.setup().entitlements.iter();
        known
            .clone()
            .find(|entitlement| entitlement.key == key)
            .map_or(key, |entitlement| entitlement.title)
            .to_owned()
    }

    /// The newest subscription of a tenant to each product, a living one before an ended one.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn subscriptions(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
    ) -> Result<Vec<Subscription>> {
        newest(conn, tenant).await
    }

    /// Every subscription that a tenant has or had: by product, a living one first, then the newest.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn all_subscriptions(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
    ) -> Result<Vec<Subscription>> {
        store::list(conn, tenant, None).await
    }

    /// What happened to the subscriptions of a tenant, newest first.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn history(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        limit: i64,
    ) -> Result<Vec<Event>> {
        store::events(conn, tenant, None, limit).await
    }
}

/// The newest subscription to each product.
pub(crate) async fn newest(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Subscription>> {
    let mut all = store::list(conn, tenant, None).await?;
    all.dedup_by_key(|subscription| subscription.plan.product);
    Ok(all)
}
