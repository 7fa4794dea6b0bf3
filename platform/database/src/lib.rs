//! Pools, transactions of the platform, migrations, roles, catalogue lints and change news.
//!
//! Modules do not depend on this crate. They get their transactions from `tenant-resolver`, which
//! goes through the same [`begin`] door.
#![warn(missing_docs)]

pub mod begin;
mod change;
mod platform_tx;

pub use begin::Binding;
pub use change::{CHANNEL, Change};
pub use platform_tx::{PlatformDb, PlatformTx};
