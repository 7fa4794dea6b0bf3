//! How programs reach a tenant: applications, their keys, tokens made from keys, limits, and origins of browsers.
//!
//! An application belongs to one product of the tenant; its keys carry scopes of that product. A key is shown whole
//! once. With it a program asks the API as the member who made it, as far as the key's scopes go and no further.
//!
//! One state, [`Access`], is made by the server. Its middleware asks it who a program is ([`Access::authenticate`]) and
//! whether it may ask once more ([`Access::admit`]); the pages and operations here manage the rest.
//!
//! Keys of idempotent requests (`api_idempotency_keys`) belong to this crate as well; the crate `module` writes them,
//! inside the transaction of the work they stand for.
#![warn(missing_docs)]

mod applications;
mod authenticate;
mod jwt;
mod keys;
mod limits;
mod origins;
mod review;
mod show;
mod state;
mod token;
mod usage;

use kernel::{Permission, Role};
use module::{MailPace, NotificationKind, Routes, Subscriptions};

pub use applications::{Application, ApplicationInput, Status};
pub use authenticate::{Authenticated, names_key};
pub use jwt::{LIFETIME as TOKEN_LIFETIME, Signer};
pub use keys::{Key, KeyInput, NewKey, RevokeReason, State as KeyState};
pub use limits::{Budget, Quota};
pub use origins::Origins;
pub use state::{Access, Product, Secrets};
pub use token::{Env, KeyText, Pepper};

/// The migrations of this crate's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What may be allowed around applications. No scope covers these: keys do not make keys.
pub static PERMISSIONS: &[Permission] = &[
    Permission {
        key: "workspace.applications.read",
        title: "See applications and their keys",
        roles: &[Role::Manager],
    },
    Permission {
        key: "workspace.applications.manage",
        title: "Make applications and keys, and revoke them",
        roles: &[],
    },
];

/// Kinds of notifications that this crate sends.
pub static NOTIFICATIONS: &[NotificationKind] = &[NotificationKind {
    key: "workspace.keys",
    title: "API keys of people who left",
    mail: MailPace::Now,
}];

mod guards {
    //! The permissions as types, for the gates.

    module::guard!(ReadApplications = "workspace.applications.read");
    module::guard!(ManageApplications = "workspace.applications.manage");
}

/// Pages and operations of a tenant's host.
#[must_use]
pub fn tenant_routes() -> Routes {
    applications::pages::routes()
        .merge(keys::pages::routes())
        .merge(applications::api::routes())
        .merge(keys::api::routes())
        .merge(authenticate::api::routes())
}

/// Subscribes to what happens elsewhere.
pub fn subscribe(on: &mut Subscriptions) {
    on.on("member.removed", "access.member_left", |tx, context| {
        Box::pin(review::member_left(tx, context))
    });
}
