//! From an address to a tenant, through a cache.

use std::sync::Arc;
use std::time::Duration;

use database::Binding;
use kernel::{Result, TenantId};
use moka::future::Cache;
use sqlx::PgPool;

use crate::directory::{Listing, TenantDirectory};
use crate::{Tenant, TenantDb};

/// How long a found tenant is kept without news of a change.
const KEEP_FOUND: Duration = Duration::from_mins(1);
/// How long an unknown address is remembered as unknown.
const KEEP_UNKNOWN: Duration = Duration::from_secs(5);
/// Most addresses remembered; unknown ones are as good as random, so there must be a limit.
const CAPACITY: u64 = 50_000;

/// Finds tenants and opens their databases. Cloning shares the cache.
#[derive(Clone)]
pub struct TenantResolver {
    pool: PgPool,
    binding: Binding,
    directory: Arc<dyn TenantDirectory>,
    addresses: Cache<Address, Option<Listing>>,
}

/// One tenant, together with the door to its data.
#[derive(Clone, Debug)]
pub struct TenantSite {
    /// What is known of the tenant.
    pub tenant: Arc<Tenant>,
    /// Its database.
    pub db: TenantDb,
}

/// What a tenant can be looked up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// The label before the base host.
    Slug(String),
    /// A domain of the tenant's own.
    Domain(String),
    /// Its id: jobs and events carry that.
    Id(TenantId),
}

/// Where an address leads.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// To a tenant.
    Found(TenantSite),
    /// To another host.
    Moved {
        /// The host to go to, without port.
        host: String,
    },
    /// Nowhere.
    Unknown,
}

struct Expiry;

impl moka::Expiry<Address, Option<Listing>> for Expiry {
    fn expire_after_create(
        &self,
        _: &Address,
        found: &Option<Listing>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(if found.is_some() {
            KEEP_FOUND
        } else {
            KEEP_UNKNOWN
        })
    }
}

impl TenantResolver {
    /// A resolver over `directory`, opening databases on `pool`, which is connected as `atelier_tenant`.
    pub fn new(pool: PgPool, binding: Binding, directory: Arc<dyn TenantDirectory>) -> Self {
        let addresses = Cache::builder()
            .max_capacity(CAPACITY)
            .expire_after(Expiry)
            .support_invalidation_closures()
            .build();
        Self {
            pool,
            binding,
            directory,
            addresses,
        }
    }

    /// Where an address leads. Many callers asking at once cost one look-up.
    ///
    /// # Errors
    /// When the directory cannot answer; errors are not cached.
    pub async fn resolve(&self, address: Address) -> Result<Resolution> {
        let listing = match self.addresses.get(&address).await {
            Some(listing) => listing,
            None => self
                .addresses
                .try_get_with(address.clone(), self.look_up(&address))
                .await
                .map_err(|error| kernel::Error::internal(error.to_string()))?,
        };
        Ok(match listing {
            Some(Listing::Tenant(tenant)) => Resolution::Found(self.site(tenant)),
            Some(Listing::Moved { host }) => Resolution::Moved { host },
            None => Resolution::Unknown,
        })
    }

    /// The tenant of an id, whatever its state; `None` when there is none.
    ///
    /// # Errors
    /// When the directory cannot answer.
    pub async fn by_id(&self, id: TenantId) -> Result<Option<TenantSite>> {
        Ok(match self.resolve(Address::Id(id)).await? {
            Resolution::Found(site) => Some(site),
            Resolution::Moved { .. } | Resolution::Unknown => None,
        })
    }

    /// Forgets all that is cached of a tenant, under each of its addresses, and all unknown
    /// addresses: one of them may be its new one.
    pub fn forget(&self, id: TenantId) {
        let forgotten = self.addresses.invalidate_entries_if(move |address, listing| match listing {
            Some(Listing::Tenant(tenant)) => tenant.id == id,
            Some(Listing::Moved { .. }) | None => true,
        } || *address == Address::Id(id));
        if forgotten.is_err() {
            self.addresses.invalidate_all();
        }
    }

    /// Forgets everything, when news may have been missed.
    pub fn forget_everything(&self) {
        self.addresses.invalidate_all();
    }

    async fn look_up(&self, address: &Address) -> Result<Option<Listing>> {
        match address {
            Address::Slug(slug) => self.directory.by_slug(slug).await,
            Address::Domain(domain) => self.directory.by_domain(domain).await,
            Address::Id(id) => Ok(self.directory.by_id(*id).await?.map(Listing::Tenant)),
        }
    }

    fn site(&self, tenant: Arc<Tenant>) -> TenantSite {
        let db = TenantDb::new(self.pool.clone(), self.binding, tenant.id);
        TenantSite { tenant, db }
    }
}
