//! The database as a whole: who owns which tables, and every exception from the rules, by name.

use database::lint::{Ownership, Rules};
use database::migrate::Owner;

/// Every owner of tables, in the order in which their migrations run.
#[must_use]
pub fn owners() -> Vec<Owner> {
    let platform = [
        Owner {
            key: "worker",
            migrator: &worker::MIGRATOR,
        },
        Owner {
            key: "accounts",
            migrator: &accounts::MIGRATOR,
        },
        Owner {
            key: "tenants",
            migrator: &tenants::MIGRATOR,
        },
        Owner {
            key: "catalog",
            migrator: &catalog::MIGRATOR,
        },
        Owner {
            key: "billing",
            migrator: &billing::MIGRATOR,
        },
        Owner {
            key: "access",
            migrator: &access::MIGRATOR,
        },
        Owner {
            key: "messaging",
            migrator: &messaging::MIGRATOR,
        },
        Owner {
            key: "files",
            migrator: &files::MIGRATOR,
        },
    ];
    let modules = crate::modules::MODULES.iter().map(|module| Owner {
        key: module.manifest().key,
        migrator: module.migrations(),
    });
    platform.into_iter().chain(modules).collect()
}

/// What this build brings: the platform's parts, and its modules with their versions.
#[must_use]
pub fn installed() -> Vec<console::Installed> {
    let manifests = crate::modules::manifests();
    owners()
        .into_iter()
        .map(|owner| {
            let module = manifests.iter().find(|manifest| manifest.key == owner.key);
            let newest = owner
                .migrator
                .iter()
                .map(|migration| migration.version)
                .max();
            console::Installed {
                key: owner.key,
                title: module.map_or("Platform", |manifest| manifest.title),
                version: module.map(|manifest| manifest.version),
                schema: newest.unwrap_or_default(),
                migrations: owner.migrator.iter().count(),
            }
        })
        .collect()
}

/// What modules and tenant services may point to besides their own tables.
const CORE: &[&str] = &["tenants"];

/// The rules that the catalogue is held against at start-up and in tests.
pub const RULES: Rules<'static> = Rules {
    owners: &[
        Ownership {
            key: "worker",
            prefixes: &["jobs", "job", "outbox"],
            references: &[],
        },
        Ownership {
            key: "accounts",
            prefixes: &["users", "sessions", "auth", "identity"],
            references: &[],
        },
        Ownership {
            key: "tenants",
            prefixes: &[
                "tenants",
                "tenant",
                "memberships",
                "membership",
                "roles",
                "role",
                "permission",
                "invitations",
                "invitation",
                "guest",
                "audit",
            ],
            references: &["accounts"],
        },
        Ownership {
            key: "catalog",
            prefixes: &["products", "plans", "plan", "entitlement"],
            references: &["tenants"],
        },
        Ownership {
            key: "billing",
            prefixes: &[
                "subscriptions",
                "subscription",
                "billing",
                "platform",
                "stripe",
                "credit",
            ],
            references: &["tenants", "catalog"],
        },
        Ownership {
            key: "access",
            prefixes: &["applications", "api"],
            references: CORE,
        },
        Ownership {
            key: "messaging",
            prefixes: &["messaging", "notifications", "notification", "mail"],
            references: CORE,
        },
        Ownership {
            key: "files",
            prefixes: &["files"],
            references: CORE,
        },
        Ownership {
            key: "blog",
            prefixes: &["blog"],
            references: &["tenants", "files"],
        },
    ],
    global_tables: GLOBAL_TABLES,
    global_indexes: GLOBAL_INDEXES,
    policies: POLICIES,
    definer_functions: DEFINER_FUNCTIONS,
    shared: SHARED,
    append_only: APPEND_ONLY,
};

/// Tables outside the tenant rule. This list may only shrink.
const GLOBAL_TABLES: &[&str] = &[
    // People exist over all tenants; what they carry is looked up before a tenant is known.
    "users",
    "sessions",
    "auth_tokens",
    "auth_attempts",
    // Operators work across tenants, and what they did concerns the platform as well.
    "identity_operators",
    "identity_operator_acts",
    // The tenants themselves.
    "tenants",
    // What is for sale is the same for all.
    "products",
    "plans",
    "plan_prices",
    "plan_entitlements",
    // The queue stays in one place when tenants are distributed over servers.
    "jobs",
    "jobs_schedules",
    "outbox_events",
    // Mail of the platform itself belongs to no tenant.
    "mail_messages",
];
/// What must be unique over all tenants, or is looked up before the tenant is known.
const GLOBAL_INDEXES: &[&str] = &[
    "tenant_slugs_slug_key",
    "tenant_signups_token_hash_key",
    "tenant_signups_email_norm_slot_key",
    "invitations_token_hash_key",
    "memberships_user_idx",
];
/// Policies besides the two agreed ones.
const POLICIES: &[&str] = &[];
/// Functions that run with their owner's rights, each audited.
const DEFINER_FUNCTIONS: &[&str] = &[
    // Finds posts by their words, of the bound tenant alone; hands out ids. See decision 30.
    "blog_search",
];
/// What the tenants' role may do with global tables.
const SHARED: &[&str] = &[
    "jobs:insert",
    "jobs:select",
    "jobs:update",
    "outbox_events:insert",
    "mail_messages:insert",
    "mail_messages:select",
    "mail_messages:delete",
    "tenants:select",
    "tenants:update",
];
/// Tables whose rows nobody may change at run time.
const APPEND_ONLY: &[&str] = &[
    "audit_log",
    "identity_operator_acts",
    "subscription_events",
    "subscription_notices",
    "subscription_trials",
];
