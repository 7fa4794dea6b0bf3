//! The product as its sources describe it: owners, rules, files.

use std::fs;
use std::path::{Path, PathBuf};

use database::Owner;
use database::lint::{Ownership, Rules};
use sqlx::migrate::Migrator;
use testkit::{Database, Template};
use tokio::sync::OnceCell;

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
}

/// All files below a folder of the workspace whose name ends like this, in order.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    let folder = root().join(folder);
    if folder.is_dir() {
        walk(&folder, ending, &mut found);
    }
    found
}

/// A path as people write it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A database with every migration applied.
pub async fn database() -> Database {
    static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(|| async {
        let order = fs::read_to_string(root().join("migrations/ORDER")).unwrap();
        let mut owners = Vec::new();
        for key in order.lines().map(str::trim).filter(|key| !key.is_empty()) {
            let folder = root().join("migrations").join(key);
            if folder.is_dir() {
                let mut migrator = Migrator::new(folder).await.unwrap();
                migrator.dangerous_set_table_name(format!("{key}_migrations"));
                owners.push(Owner {
                    key: key.to_owned().leak(),
                    migrator: Box::leak(Box::new(migrator)),
                });
            }
        }
        Template {
            key: "product",
            owners: owners.leak(),
            seed: None,
        }
    });
    Database::new(template.await).await
}

/// What the platform's own tenant tables and modules may point to besides their own tables.
const CORE: &[&str] = &["tenants"];

/// Who owns which tables, and every exception from the rules.
pub const RULES: Rules<'static> = Rules {
    owners: &[
        Ownership {
            key: "worker",
            prefixes: &["jobs", "outbox", "job"],
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
            references: &[],
        },
        Ownership {
            key: "billing",
            prefixes: &[
                "subscriptions",
                "subscription",
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
            key: "blog",
            prefixes: &["blog"],
            references: CORE,
        },
    ],
    global_tables: GLOBAL_TABLES,
    global_indexes: GLOBAL_INDEXES,
    policies: &[],
    definer_functions: &[],
    shared: SHARED,
    append_only: APPEND_ONLY,
};

/// Tables that belong to no tenant, or are read before the tenant is known. This list may only shrink.
const GLOBAL_TABLES: &[&str] = &[
    "auth_attempts",
    "auth_tokens",
    "jobs",
    "jobs_schedules",
    "mail_messages",
    "outbox_events",
    "plan_entitlements",
    "plan_prices",
    "plans",
    "products",
    "sessions",
    "tenants",
    "users",
];

/// What must be unique over all tenants: addresses, and secrets looked up before the tenant is known.
const GLOBAL_INDEXES: &[&str] = &[
    "invitations_token_hash_key",
    "memberships_user_idx",
    "tenant_signups_email_norm_slot_key",
    "tenant_signups_token_hash_key",
    "tenant_slugs_slug_key",
];

/// What tenants may do outside their own tables. Row security bounds each to the tenant's own rows.
const SHARED: &[&str] = &[
    "jobs:insert",
    "jobs:select",
    "jobs:update",
    "mail_messages:insert",
    "outbox_events:insert",
    "tenants:select",
    "tenants:update",
];

/// What happened stays as it was written.
const APPEND_ONLY: &[&str] = &["audit_log", "subscription_events", "subscription_trials"];
