//! The words every crate shares: ids, money, time, slugs, errors, permissions, access.
//!
//! This crate knows nothing of HTTP and opens no connection; it only teaches its types
//! how to be stored ([`sqlx`]), sent ([`serde`]) and described ([`utoipa`]).
//!
//! ```
//! use kernel::{Clock, Slug, Timestamp};
//!
//! let clock = Clock::fixed("2026-03-01T09:00:00Z".parse().unwrap());
//! assert_eq!(clock.now().to_string(), "2026-03-01T09:00:00Z");
//! assert!(Slug::parse("northlight").is_ok());
//! ```
#![warn(missing_docs)]

// `id!` names this crate from wherever it is used, itself included.
extern crate self as kernel;

pub mod access;
mod email;
mod error;
mod id;
mod money;
mod operator;
mod page;
mod permission;
mod size;
mod slug;
mod time;

pub use access::{Access, LimitOverride, Standing, SubscriptionStatus, limit};
pub use email::Email;
pub use error::{ConstraintExt, Error, FieldError, Fields, Result};
pub use id::{MembershipId, RoleId, TenantId, UserId, new_uuid, uuid_schema};
pub use money::{Currency, Money};
pub use operator::OperatorRole;
pub use page::{Cursor, Page, PageRequest};
pub use permission::{Permission, PermissionSet, Role, Scope};
pub use size::size;
pub use slug::Slug;
pub use time::{Clock, Timestamp, Zone};

#[doc(hidden)]
pub mod reexport {
    //! What the [`crate::id!`] macro names, so that its callers need no dependency of their own.
    pub use {serde, sqlx, utoipa, uuid};
}
