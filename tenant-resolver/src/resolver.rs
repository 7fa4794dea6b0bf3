//! From an address to a tenant, through a cache.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use database::Binding;
use kernel::{Result, TenantId};
use moka::future::Cache;
use sqlx::PgPool;

use crate::directory::{Listing, TenantDirectory};
use crate::forgetting::{Forgetting, Moment};
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
    addresses: Cache<Address, Loaded>,
    forgetting: Arc<RwLock<Forgetting>>,
}

/// What the directory said, and when it was asked.
#[derive(Clone)]
struct Loaded {
    asked: Moment,
    listing: Option<Listing>,
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

impl moka::Expiry<Address, Loaded> for Expiry {
    fn expire_after_create(&self, _: &Address, loaded: &Loaded, _: Instant) -> Option<Duration> {
        Some(if loaded.listing.is_some() {
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
            .build();
        Self {
            pool,
            binding,
            directory,
            addresses,
            forgetting: Arc::default(),
        }
    }

    /// Where an address leads. Many callers asking at once cost one look-up.
    ///
    /// Never answers with what the directory said before a change that [`TenantResolver::forget`] was told of.
    ///
    /// # Errors
    /// When the directory cannot answer; errors are not cached.
    pub async fn resolve(&self, address: Address) -> Result<Resolution> {
        let mut loaded = self.load(&address).await?;
        if !self.is_fresh(&address, &loaded) {
            // Stored before the change, or asked before it and answered after it: what counts is when it was asked.
            self.addresses.invalidate(&address).await;
            loaded = self.load(&address).await?;
        }
        if !self.is_fresh(&address, &loaded) {
            // Changing faster than it can be cached. This answer was asked for after the call, so it is right.
            loaded = self.look_up(&address).await?;
        }
        Ok(match loaded.listing {
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
        self.forgetting
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .forget(id);
    }

    /// Forgets everything, when news may have been missed.
    pub fn forget_everything(&self) {
        self.forgetting
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .forget_everything();
        self.addresses.invalidate_all();
    }

    async fn load(&self, address: &Address) -> Result<Loaded> {
        if let Some(loaded) = self.addresses.get(address).await {
            return Ok(loaded);
        }
        self.addresses
            .try_get_with_by_ref(address, self.look_up(address))
            .await
            .map_err(|error| match &*error {
                kernel::Error::Unavailable(what) => kernel::Error::Unavailable(what),
                _ => kernel::Error::internal(error),
            })
    }

    async fn look_up(&self, address: &Address) -> Result<Loaded> {
        let asked = self.forgetting().now();
        let listing = match address {
            Address::Slug(slug) => self.directory.by_slug(slug).await?,
            Address::Domain(domain) => self.directory.by_domain(domain).await?,
            Address::Id(id) => self.directory.by_id(*id).await?.map(Listing::Tenant),
        };
        Ok(Loaded { asked, listing })
    }

    fn is_fresh(&self, address: &Address, loaded: &Loaded) -> bool {
        let tenant = match (&loaded.listing, address) {
            (Some(Listing::Tenant(tenant)), _) => Some(tenant.id),
            (_, Address::Id(id)) => Some(*id),
            (Some(Listing::Moved { .. }) | None, _) => None,
        };
        self.forgetting().holds(loaded.asked, tenant)
    }

    fn forgetting(&self) -> std::sync::RwLockReadGuard<'_, Forgetting> {
        self.forgetting
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn site(&self, tenant: Arc<Tenant>) -> TenantSite {
        let db = TenantDb::new(self.pool.clone(), self.binding, tenant.id);
        TenantSite { tenant, db }
    }
}
