//! Tenants: sign-up and addresses, members and roles, invitations, settings and brand, the audit log, and the way
//! from the base host into a tenant.
//!
//! One state, [`Tenants`], is made by the server and given to every handler as an extension. What belongs to nobody
//! yet, or to several tenants, runs in transactions of the platform; everything else in the tenant's own.
#![warn(missing_docs)]

mod audit;
mod contacts;
mod directory;
mod entry;
mod guests;
mod invitations;
mod members;
mod reserved;
mod respond;
mod roles;
mod settings;
mod sharing;
mod signup;
mod slots;
mod state;
pub mod suspension;
mod theme;

use kernel::{Permission, Role};
use module::{MailPace, NotificationKind, Routes};

pub use audit::{ChangedValue, Entry as AuditEntry, timeline};
pub use contacts::{Contact, contact};
pub use directory::{Directory, StandingsSource};
pub use entry::{HOP_CODE_LIFETIME, Traveller, Workspace};
pub use guests::{GuestGrant, GuestGrantId, GuestInput, cookies as guest_cookies};
pub use invitations::{
    Guest, Invitation, InvitationId, InvitationStatus, InviteForm, MemberJoined, Offer, SEATS,
};
pub use members::{
    Filter as MemberFilter, Member, MemberRemoved, Owner, Principal, Sort as MemberSort,
    Status as MemberStatus, list as list_members, owners, people,
};
pub use reserved::is_reserved;
pub use roles::{Assignment, HeldRole, RoleInfo, RoleInput, RoleKey};
pub use settings::pages::sections as settings_sections;
pub use settings::{GeneralForm, QUARANTINE, REDIRECT};
pub use sharing::{Share, ShareId, ShareInput};
pub use signup::{
    Availability, Confirmed, NewTenant, Pending, Provision, Reason, SignupForm, TenantCreated,
};
pub use slots::fill as fill_slots;
pub use state::{Hooks, Tenants};

/// The migrations of the tables of this crate.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Scripts of the pages of this crate.
pub static ASSETS: &[ui::Asset] = &[
    ui::Asset::js(
        "tenants-signup.js",
        include_bytes!("../assets/tenants-signup.js"),
    ),
    ui::Asset::js(
        "tenants-roles.js",
        include_bytes!("../assets/tenants-roles.js"),
    ),
    ui::Asset::js(
        "tenants-brand.js",
        include_bytes!("../assets/tenants-brand.js"),
    ),
];

/// What may be allowed in a workspace besides its modules.
pub static PERMISSIONS: &[Permission] = &[
    Permission {
        key: "workspace.members.read",
        title: "See the people of the workspace",
        roles: &[Role::Manager, Role::Editor, Role::Author, Role::Viewer],
    },
    Permission {
        key: "workspace.members.invite",
        title: "Invite people",
        roles: &[Role::Manager],
    },
    Permission {
        key: "workspace.members.manage",
        title: "Change roles, suspend and remove people",
        roles: &[],
    },
    Permission {
        key: "workspace.roles.manage",
        title: "Make, change and delete roles",
        roles: &[],
    },
    Permission {
        key: "workspace.guests.manage",
        title: "See and end the links of guests",
        roles: &[Role::Manager],
    },
    Permission {
        key: "workspace.owners.change",
        title: "Make and unmake owners",
        roles: &[],
    },
    Permission {
        key: "workspace.settings.read",
        title: "See the settings",
        roles: &[Role::Manager],
    },
    Permission {
        key: "workspace.settings.update",
        title: "Change name, address, brand and formats",
        roles: &[],
    },
    Permission {
        key: "workspace.audit.read",
        title: "Read the audit log",
        roles: &[],
    },
];

/// Kinds of notifications that this crate sends.
pub static NOTIFICATIONS: &[NotificationKind] = &[
    NotificationKind {
        key: "workspace.role",
        title: "Changes of what you may do",
        mail: MailPace::Now,
    },
    NotificationKind {
        key: "workspace.share",
        title: "Things that are shared with you",
        mail: MailPace::Now,
    },
];

/// Kinds of events that this crate emits.
pub const EVENTS: &[&str] = &["tenant.created", "member.joined", "member.removed"];

mod guards {
    //! The permissions as types, for the gates.

    module::guard!(ReadMembers = "workspace.members.read");
    module::guard!(InviteMembers = "workspace.members.invite");
    module::guard!(ManageMembers = "workspace.members.manage");
    module::guard!(ManageRoles = "workspace.roles.manage");
    module::guard!(ManageGuests = "workspace.guests.manage");
    module::guard!(ChangeOwners = "workspace.owners.change");
    module::guard!(ReadSettings = "workspace.settings.read");
    module::guard!(UpdateSettings = "workspace.settings.update");
    module::guard!(ReadAudit = "workspace.audit.read");
}

/// Pages of the base host.
#[must_use]
pub fn base_routes() -> Routes {
    signup::pages::routes()
        .merge(entry::base_pages::routes())
        .merge(invitations::accept::routes())
}

/// Operations of the API, below `/api/v1/workspace`.
#[must_use]
pub fn api_routes() -> Routes {
    members::api::routes()
        .merge(roles::api::routes())
        .merge(invitations::api::routes())
        .merge(sharing::api::routes())
        .merge(guests::api::routes())
}

/// Pages of a tenant's host.
#[must_use]
pub fn tenant_routes() -> Routes {
    members::pages::routes()
        .merge(roles::pages::routes())
        .merge(sharing::pages::routes())
        .merge(guests::pages::routes())
        .merge(invitations::pages::routes())
        .merge(settings::pages::routes())
        .merge(settings::brand_pages::routes())
        .merge(audit::pages::routes())
        .merge(entry::tenant_pages::routes())
        .merge(theme::routes())
}
