//! A list of tenants in memory, for tests of what is done with the list.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kernel::{Currency, TenantId, Zone};
use tenant_resolver::{Listing, Lookup, Tenant, TenantDirectory, TenantStatus};
use tokio::sync::Semaphore;

#[derive(Default)]
pub struct Directory {
    pub slugs: Mutex<HashMap<String, Listing>>,
    pub domains: Mutex<HashMap<String, Listing>>,
    pub lookups: AtomicUsize,
    /// While set, look-ups read the list at once and answer when a permit comes.
    pub gate: Mutex<Option<Arc<Semaphore>>>,
    pub broken: Mutex<bool>,
}

pub fn tenant(slug: &str, status: TenantStatus) -> Arc<Tenant> {
    Arc::new(Tenant {
        id: TenantId::new(),
        slug: slug.into(),
        name: slug.to_uppercase(),
        status,
        zone: Zone::UTC,
        currency: Currency::EUR,
        locale: "en".into(),
        brand: "#3f51d9".into(),
        logo: None,
        standings: Vec::new(),
        overrides: Vec::new(),
    })
}

impl Directory {
    pub fn put(&self, slug: &str, status: TenantStatus) -> Arc<Tenant> {
        let tenant = tenant(slug, status);
        self.replace(slug, Listing::Tenant(tenant.clone()));
        tenant
    }

    pub fn replace(&self, slug: &str, listing: Listing) {
        self.slugs
            .lock()
            .expect("no panic")
            .insert(slug.into(), listing);
    }

    async fn answer(&self, found: Option<Listing>) -> kernel::Result<Option<Listing>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        if *self.broken.lock().expect("no panic") {
            return Err(kernel::Error::Unavailable("The database"));
        }
        let gate = self.gate.lock().expect("no panic").clone();
        if let Some(gate) = gate {
            gate.acquire().await.expect("an open gate").forget();
        }
        Ok(found)
    }
}

impl TenantDirectory for Directory {
    fn by_slug<'a>(&'a self, slug: &'a str) -> Lookup<'a, Option<Listing>> {
        let found = self.slugs.lock().expect("no panic").get(slug).cloned();
        Box::pin(self.answer(found))
    }

    fn by_domain<'a>(&'a self, domain: &'a str) -> Lookup<'a, Option<Listing>> {
        let found = self.domains.lock().expect("no panic").get(domain).cloned();
        Box::pin(self.answer(found))
    }

    fn by_id(&self, id: TenantId) -> Lookup<'_, Option<Arc<Tenant>>> {
        let slugs = self.slugs.lock().expect("no panic");
        let found = slugs
            .values()
            .find(|listing| matches!(listing, Listing::Tenant(tenant) if tenant.id == id));
        let found = found.cloned();
        drop(slugs);
        Box::pin(async move {
            Ok(self.answer(found).await?.and_then(|listing| match listing {
                Listing::Tenant(tenant) => Some(tenant),
                Listing::Moved { .. } => None,
            }))
        })
    }
}
