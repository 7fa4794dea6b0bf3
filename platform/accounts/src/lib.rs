//! People over all tenants: who they are, how they sign in, and for how long.
//!
//! The tables here are global and out of reach of tenant code. What other crates need are plain functions over a
//! connection: [`users`], [`passwords`], [`sessions`], [`tokens`], [`limits`], [`cookies`] and [`operators`].

mod account;
pub mod cookies;
mod dates;
pub mod devices;
pub mod limits;
mod mails;
pub mod operators;
mod pages;
pub mod passwords;
mod purge;
mod recovery;
pub mod sessions;
mod sign_in;
pub mod tokens;
pub mod users;

pub use account::{Accounts, Device, PasswordChange, Profile};
pub use module::Secret;
pub use operators::{Act, Author};
pub use pages::base_routes;
pub use recovery::Reset;
pub use sessions::{Session, SessionId, SessionKind, SessionToken};
pub use sign_in::{Attempt, SignIn};
pub use users::{NewUser, User, UserStatus};

/// Languages in which people may see dates and numbers: tag (BCP 47) and an example that explains it.
pub const LOCALES: &[(&str, &str)] = &[
    ("en-US", "English (United States): Nov 21, 2026, 3:05 PM"),
    ("en-GB", "English (United Kingdom): 21 Nov 2026, 15:05"),
    ("en-CA", "English (Canada): 2026-11-21, 15:05"),
];

/// The migrations of the tables of this crate.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
