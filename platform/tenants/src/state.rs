//! The state of this crate: one for the server, shared by cloning.

use std::sync::Arc;

use accounts::limits::{self, Limit};
use database::PlatformDb;
use kernel::{Clock, Permission, Result, Timestamp};
use module::Links;

use crate::{Provision, StandingsSource};

/// What this crate needs to know from those above it.
pub struct Hooks {
    /// Where subscriptions are looked up.
    pub standings: Arc<dyn StandingsSource>,
    /// What a new tenant gets besides, in this order.
    pub provision: Vec<Arc<dyn Provision>>,
    /// Every permission that the platform and its modules declare.
    pub permissions: Vec<&'static Permission>,
    /// Key and name of each module: the areas of the audit log besides the platform's own.
    pub areas: Vec<(&'static str, &'static str)>,
}

/// Tenants, as the server and the handlers know them. Cloning shares the state.
#[derive(Clone)]
pub struct Tenants(Arc<Shared>);

struct Shared {
    db: PlatformDb,
    clock: Clock,
    links: Links,
    hooks: Hooks,
}

impl Tenants {
    /// Puts the state together; done once, by the server.
    #[must_use]
    pub fn new(db: PlatformDb, clock: Clock, links: Links, hooks: Hooks) -> Self {
        Self(Arc::new(Shared {
            db,
            clock,
            links,
            hooks,
        }))
    }

    /// The database as the platform sees it.
    pub(crate) fn db(&self) -> &PlatformDb {
        &self.0.db
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn links(&self) -> &Links {
        &self.0.links
    }

    pub(crate) fn standings(&self) -> &dyn StandingsSource {
        &*self.0.hooks.standings
    }

    pub(crate) fn provision(&self) -> &[Arc<dyn Provision>] {
        &self.0.hooks.provision
    }

    /// First parts of audited actions, with their names: the platform's, then the modules'.
    pub(crate) fn areas(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            ("workspace", "Workspace"),
            ("billing", "Billing"),
            ("files", "Files"),
        ]
        .into_iter()
        .chain(self.0.hooks.areas.iter().copied())
    }

    pub(crate) fn permissions(&self) -> &[&'static Permission] {
        &self.0.hooks.permissions
    }

    /// Counts a try; too many are refused.
    pub(crate) async fn count(&self, limit: Limit, key: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db().begin().await?;
        let verdict = limits::enforce(tx.conn(), limit, key, now).await;
        // Committed before it is judged, or a refused try would not count.
        tx.commit().await?;
        verdict
    }
}
