//! The one list of modules. Migrations, routes, navigation, permissions, jobs: all follow from it.

use kernel::{Permission, Scope};
use module::{Jobs, Manifest, Module, NotificationKind, Slots, Subscriptions};

/// Every module of this build.
pub const MODULES: [&dyn Module; 1] = [&blog::Blog];

/// Key of the module that a path of a tenant's host leads to: `/app/<key>/..` or `/api/v1/<key>/..`.
#[must_use]
pub fn of_path(path: &str) -> Option<&'static str> {
    let rest = path
        .strip_prefix("/app/")
        .or_else(|| path.strip_prefix("/api/v1/"))?;
    let first = rest.split(['/', '?']).next()?;
    MODULES
        .iter()
        .map(|module| module.manifest().key)
        .find(|key| *key == first)
}

/// What every module says of itself.
#[must_use]
pub fn manifests() -> Vec<&'static Manifest> {
    MODULES.iter().map(|module| module.manifest()).collect()
}

/// Every permission of the platform and its modules.
#[must_use]
pub fn permissions() -> Vec<&'static Permission> {
    let platform = [
        tenants::PERMISSIONS,
        access::PERMISSIONS,
        billing::PERMISSIONS,
        files::PERMISSIONS,
    ];
    let modules = MODULES.iter().map(|module| module.manifest().permissions);
    platform.into_iter().chain(modules).flatten().collect()
}

/// Every kind of notification of the platform and its modules.
#[must_use]
pub fn notifications() -> Vec<&'static NotificationKind> {
    let modules = MODULES.iter().map(|module| module.manifest().notifications);
    [tenants::NOTIFICATIONS, access::NOTIFICATIONS]
        .into_iter()
        .chain(modules)
        .flatten()
        .collect()
}

/// The scopes of what all products share: keys of every application may carry them.
pub const SHARED_SCOPES: &[Scope] = files::SCOPES;

/// Every scope that keys may carry.
#[must_use]
pub fn scopes() -> Vec<&'static Scope> {
    MODULES
        .iter()
        .flat_map(|module| module.manifest().scopes)
        .chain(SHARED_SCOPES)
        .collect()
}

/// Who does which job.
#[must_use]
pub fn jobs() -> Jobs {
    let mut jobs = Jobs::default();
    messaging::register(&mut jobs);
    for module in MODULES {
        module.jobs(&mut jobs);
    }
    jobs
}

/// Who wants to know of what.
#[must_use]
pub fn subscriptions() -> Subscriptions {
    let mut subscriptions = Subscriptions::default();
    access::subscribe(&mut subscriptions);
    for module in MODULES {
        module.events(&mut subscriptions);
    }
    subscriptions
}

/// What the platform and its modules contribute to common pages.
#[must_use]
pub fn slots() -> Slots {
    let mut slots = Slots::default();
    for module in MODULES {
        module.slots(&mut slots);
    }
    // What every workspace has stands below what it came for.
    tenants::fill_slots(&mut slots);
    slots
}

/// Style sheets and scripts of the kit, the platform and the modules.
#[must_use]
pub fn assets() -> Vec<&'static [ui::Asset]> {
    let modules = MODULES.iter().map(|module| module.assets());
    [ui::KIT, tenants::ASSETS, files::ASSETS]
        .into_iter()
        .chain(modules)
        .collect()
}
