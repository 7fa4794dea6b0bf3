//! What a module is.

use crate::{Jobs, Manifest, Routes, Slots, Subscriptions};

/// One product of the platform.
///
/// The server keeps one list of modules; migrations, routes, descriptions, navigation, permissions,
/// jobs and subscriptions all follow from it.
pub trait Module: Send + Sync + 'static {
    /// The facts.
    fn manifest(&self) -> &'static Manifest;

    /// Its migrations, tracked in a table of its own.
    fn migrations(&self) -> &'static sqlx::migrate::Migrator;

    /// Pages for staff, below `/app/<key>`.
    fn pages(&self) -> Routes;

    /// Pages for visitors, below the tenant's root; paths carry the module's own prefix.
    fn public(&self) -> Routes {
        Routes::new()
    }

    /// Operations of the API, below `/api/v1/<key>`.
    fn api(&self) -> Routes;

    /// Registers its jobs.
    fn jobs(&self, _jobs: &mut Jobs) {}

    /// Subscribes to events.
    fn events(&self, _on: &mut Subscriptions) {}

    /// Fills its places in the platform's pages.
    fn slots(&self, _slots: &mut Slots) {}

    /// Style sheets and scripts, named with the module's key.
    fn assets(&self) -> &'static [ui::Asset] {
        &[]
    }
}
