//! The operators' console on its own host: tenants, subscriptions, the catalogue, and the health of the platform.
//!
//! It shows what it reads across all tenants (each `store.rs` here holds select statements and nothing else), and asks
//! the crate that owns a subject to change it: `tenants` suspends, `catalog` publishes a price, `billing` extends a
//! trial. Every change takes a reason and is written down as an [`accounts::Act`] in the same transaction; what concerns
//! a tenant then stands in the tenant's own audit log, too.
#![warn(missing_docs)]

mod ask;
mod audit;
mod events;
mod health;
mod jobs;
mod mail;
mod navigation;
mod operators;
mod overview;
mod products;
mod queue_list;
mod respond;
mod search;
mod sign_in;
mod subscriptions;
mod tenant_list;
mod tenant_page;

use std::sync::Arc;

use accounts::Accounts;
use billing::Billing;
use database::PlatformDb;
use module::{Entitlement, Manifest, Routes};

pub use navigation::{actions, footer, links};

/// A part of this build with tables of its own.
#[derive(Clone, Copy, Debug)]
pub struct Installed {
    /// Key: the prefix of its tables.
    pub key: &'static str,
    /// Name that people read.
    pub title: &'static str,
    /// Version of its crate, where it is a module.
    pub version: Option<&'static str>,
    /// The newest migration that this build brings.
    pub schema: i64,
    /// How many migrations it brings.
    pub migrations: usize,
}

/// What the console needs to know, as the handlers get it. Cloning shares the state.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    db: PlatformDb,
    accounts: Accounts,
    billing: Billing,
    manifests: Vec<&'static Manifest>,
    installed: Vec<Installed>,
}

impl Console {
    /// Puts the state together; done once, by the server.
    #[must_use]
    pub fn new(
        db: PlatformDb,
        accounts: Accounts,
        billing: Billing,
        manifests: Vec<&'static Manifest>,
        installed: Vec<Installed>,
    ) -> Self {
        Self(Arc::new(Shared {
            db,
            accounts,
            billing,
            manifests,
            installed,
        }))
    }

    fn db(&self) -> &PlatformDb {
        &self.0.db
    }

    fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    fn billing(&self) -> &Billing {
        &self.0.billing
    }

    fn installed(&self) -> &[Installed] {
        &self.0.installed
    }

    /// Keys of the modules of this build.
    fn modules(&self) -> Vec<&'static str> {
        self.0
            .manifests
            .iter()
            .map(|manifest| manifest.key)
            .collect()
    }

    /// Everything that a plan may limit.
    fn entitlements(&self) -> Vec<Entitlement> {
        let of_modules = self
            .0
            .manifests
            .iter()
            .flat_map(|manifest| manifest.entitlements);
        catalog::ENTITLEMENTS
            .iter()
            .chain(of_modules)
            .copied()
            .collect()
    }

    /// A connection for statements that change nothing.
    async fn read(&self) -> kernel::Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
        Ok(self.0.db.pool().acquire().await?)
    }
}

/// Pages of the operators' host. Every request carries a [`Console`] as extension.
#[must_use]
pub fn routes() -> Routes {
    sign_in::routes()
        .merge(overview::pages::routes())
        .merge(search::routes())
        .merge(tenant_list::pages::routes())
        .merge(tenant_page::pages::routes())
        .merge(subscriptions::routes())
        .merge(products::routes())
        .merge(jobs::pages::routes())
        .merge(events::pages::routes())
        .merge(mail::pages::routes())
        .merge(health::pages::routes())
        .merge(audit::pages::routes())
        .merge(operators::routes())
}
