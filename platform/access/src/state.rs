//! The state of this crate: one for the server, shared by cloning.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use database::{Change, PlatformDb};
use kernel::{Result, Scope, TenantId};
use module::Manifest;
use moka::future::Cache;
use tenants::Tenants;

use crate::authenticate::Record;
use crate::jwt::Signer;
use crate::limits::{Budget, Counters};
use crate::token::Pepper;
use crate::usage::Ledger;
use crate::{Origins, applications};

/// News of changes reaches every node at once; the limit on age only covers news that was lost.
const KEEP: Duration = Duration::from_secs(30);
const CAPACITY: u64 = 20_000;

/// What the database does not know.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// What keys are hashed with.
    pub pepper: Pepper,
    /// What they were hashed with before; a key that still is moves on when it is used.
    pub former_pepper: Option<Pepper>,
    /// What tokens are signed with.
    pub signer: Signer,
}

/// A product as its applications see it.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// Key of its module.
    pub key: &'static str,
    /// Name that people read.
    pub title: &'static str,
    /// What keys of its applications may carry, besides what all products share.
    pub scopes: &'static [Scope],
}

/// Programs and their keys, as the server and the handlers know them. Cloning shares the state.
#[derive(Clone)]
pub struct Access(Arc<Shared>);

struct Shared {
    db: PlatformDb,
    tenants: Tenants,
    secrets: Secrets,
    products: Vec<Product>,
    common: &'static [Scope],
    /// Counts changes: what was read before one and stored after it must not be kept.
    news: AtomicU64,
    keys: Cache<(TenantId, String), Option<Arc<Record>>>,
    origins: Cache<TenantId, Arc<Origins>>,
    counters: Counters,
    ledger: Ledger,
}

impl Access {
    /// Puts the state together; done once, by the server. Modules without scopes have no applications. Keys of every
    /// application may carry the scopes in `shared` as well: those of what all products use.
    #[must_use]
    pub fn new(
        db: PlatformDb,
        tenants: Tenants,
        secrets: Secrets,
        budget: Budget,
        manifests: &[&'static Manifest],
        shared: &'static [Scope],
    ) -> Self {
        let products = manifests
            .iter()
            .filter(|manifest| !manifest.scopes.is_empty())
            .map(|manifest| Product {
                key: manifest.key,
                title: manifest.title,
                scopes: manifest.scopes,
            })
            .collect();
        Self(Arc::new(Shared {
            db,
            tenants,
            secrets,
            products,
            common: shared,
            news: AtomicU64::default(),
            keys: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(KEEP)
                .support_invalidation_closures()
                .build(),
            origins: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(KEEP)
                .build(),
            counters: Counters::new(budget),
            ledger: Ledger::default(),
        }))
    }

    pub(crate) fn db(&self) -> &PlatformDb {
        &self.0.db
    }

    pub(crate) fn tenants(&self) -> &Tenants {
        &self.0.tenants
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Every product that applications may belong to.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.0.products
    }

    /// The product of that key.
    #[must_use]
    pub fn product(&self, key: &str) -> Option<&Product> {
        self.0.products.iter().find(|product| product.key == key)
    }

    /// What keys of a product's applications may carry: the product's own scopes, and those of what all share.
    pub(crate) fn offered(&self, product: &str) -> impl Iterator<Item = &'static Scope> + Clone {
        self.product(product)
            .into_iter()
            .flat_map(|product| product.scopes.iter().chain(self.0.common))
    }

    /// The key of that name in a tenant, if there is one: from memory, or from the database.
    pub(crate) async fn record(
        &self,
        tenant: TenantId,
        public_id: &str,
    ) -> Result<Option<Arc<Record>>> {
        let name = (tenant, public_id.to_owned());
        if let Some(kept) = self.0.keys.get(&name).await {
            return Ok(kept);
        }
        let before = self.0.news.load(Ordering::Acquire);
        let found = self.look_up(tenant, public_id).await?.map(Arc::new);
        self.0.keys.insert(name.clone(), found.clone()).await;
        if self.0.news.load(Ordering::Acquire) != before {
            self.0.keys.invalidate(&name).await;
        }
        Ok(found)
    }

    /// The origins of all applications of a tenant that are in use: who may ask before it is known which one asks.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn origins(&self, tenant: TenantId) -> Result<Arc<Origins>> {
        if let Some(kept) = self.0.origins.get(&tenant).await {
            return Ok(kept);
        }
        let before = self.0.news.load(Ordering::Acquire);
        let stored = applications::store::origins(self.db().pool(), tenant).await?;
        let found = Arc::new(Origins::of(stored));
        self.0.origins.insert(tenant, Arc::clone(&found)).await;
        if self.0.news.load(Ordering::Acquire) != before {
            self.0.origins.invalidate(&tenant).await;
        }
        Ok(found)
    }

    /// Forgets what a change made stale.
    pub fn forget(&self, change: Change) {
        match change {
            // A key speaks with its maker's name.
            Change::Keys(tenant) | Change::Members(tenant) => {
                self.0.news.fetch_add(1, Ordering::Release);
                let stale = self
                    .0
                    .keys
                    .invalidate_entries_if(move |(of, _), _| *of == tenant);
                if stale.is_err() {
                    self.0.keys.invalidate_all();
                }
                // One entry each, made again by one statement: simpler than a future in a listener that must not wait.
                self.0.origins.invalidate_all();
            }
            Change::Everything => {
                self.0.news.fetch_add(1, Ordering::Release);
                self.0.keys.invalidate_all();
                self.0.origins.invalidate_all();
            }
            _ => {}
        }
    }
}
