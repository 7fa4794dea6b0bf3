//! From an address to a tenant: what the tenant resolver asks.

mod store;

use std::sync::Arc;

use database::PlatformTx;
use kernel::{Currency, Error, LimitOverride, Result, Standing, TenantId, Zone};
use sqlx::PgConnection;
use tenant_resolver::{Listing, Lookup, Tenant, TenantDirectory, TenantStatus};

use crate::Tenants;

/// Where the subscriptions of a tenant are looked up. Billing knows; it stands above this crate.
pub trait StandingsSource: Send + Sync + 'static {
    /// The tenant's subscriptions, one for each module at most.
    fn standings<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
    ) -> Lookup<'a, Vec<Standing>>;

    /// Limits that operators set for a time, the newest of each entitlement.
    fn overrides<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        tenant: TenantId,
    ) -> Lookup<'a, Vec<LimitOverride>>;
}

/// The list of all tenants, for the resolver.
#[derive(Clone)]
pub struct Directory(Tenants);

/// A tenant as it is stored.
struct TenantRow {
    id: TenantId,
    slug: String,
    name: String,
    status: String,
    locale: String,
    time_zone: String,
    currency: String,
    brand: String,
    logo: Option<String>,
}

impl Tenants {
    /// The list of all tenants and their addresses.
    #[must_use]
    pub fn directory(&self) -> Directory {
        Directory(self.clone())
    }

    /// The active tenants, for work that concerns each of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn active(&self, tx: &mut PlatformTx) -> Result<Vec<TenantId>> {
        store::active(tx.conn()).await
    }
}

impl Directory {
    async fn find_by_slug(&self, slug: &str) -> Result<Option<Listing>> {
        let now = self.0.now();
        let mut tx = self.0.db().begin().await?;
        let Some((row, redirect_until)) = store::by_slug(tx.conn(), slug).await? else {
            return Ok(None);
        };
        // Neither a sign-up that nobody confirmed nor what was deleted has an address.
        if matches!(row.status.as_str(), "pending" | "deleted") {
            return Ok(None);
        }
        if row.slug == slug {
            let tenant = self.complete(tx.conn(), row).await?;
            return Ok(Some(Listing::Tenant(Arc::new(tenant))));
        }
        let forwards = redirect_until.is_some_and(|until| now < until);
        Ok(forwards.then(|| Listing::Moved {
            host: format!("{}.{}", row.slug, self.0.links().host()),
        }))
    }

    async fn find_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>> {
        let mut tx = self.0.db().begin().await?;
        let Some(row) = store::by_id(tx.conn(), id).await? else {
            return Ok(None);
        };
        Ok(Some(Arc::new(self.complete(tx.conn(), row).await?)))
    }

    async fn complete(&self, conn: &mut PgConnection, row: TenantRow) -> Result<Tenant> {
        let damaged =
            |what: &str| Error::internal(format!("tenant {} has no valid {what}", row.id));
        let status = TenantStatus::parse(&row.status).ok_or_else(|| damaged("status"))?;
        let currency = Currency::parse(&row.currency).map_err(|_| damaged("currency"))?;
        let standings = self.0.standings().standings(&mut *conn, row.id).await?;
        let overrides = self.0.standings().overrides(conn, row.id).await?;
        Ok(Tenant {
            id: row.id,
            slug: row.slug,
            name: row.name,
            status,
            // A zone that a newer database of zones dropped must not take the tenant down.
            zone: Zone::named(&row.time_zone).unwrap_or(Zone::UTC),
            currency,
            locale: row.locale,
            brand: row.brand,
            logo: row.logo,
            standings,
            overrides,
        })
    }
}

impl TenantDirectory for Directory {
    fn by_slug<'a>(&'a self, slug: &'a str) -> Lookup<'a, Option<Listing>> {
        Box::pin(self.find_by_slug(slug))
    }

    /// Tenants stand under the base host only: no domain of their own leads to any.
    fn by_domain<'a>(&'a self, _: &'a str) -> Lookup<'a, Option<Listing>> {
        Box::pin(async { Ok(None) })
    }

    fn by_id(&self, id: TenantId) -> Lookup<'_, Option<Arc<Tenant>>> {
        Box::pin(self.find_by_id(id))
    }
}
