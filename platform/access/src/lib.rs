//! How programs reach a tenant.
//!
//! It owns the tables of what comes with a request from a program. Keys of idempotent requests are
//! written by the crate `module`, inside the transaction of the work they stand for.
#![warn(missing_docs)]

/// The migrations of this crate's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
