//! Pools, transactions of the platform, migrations, roles, catalogue lints and change news.
//!
//! Modules do not depend on this crate. They get their transactions from `tenant-resolver`, which
//! goes through the same [`begin`] door.
#![warn(missing_docs)]

pub mod begin;
mod change;
mod error;
pub mod lint;
pub mod migrate;
pub mod notify;
mod platform_tx;
pub mod pools;
pub mod roles;

use std::time::Duration;

pub use begin::Binding;
pub use change::{CHANNEL, Change};
pub use error::SetupError;
pub use migrate::{Applied, Owner, Step, migrate, pending};
pub use notify::Listener;
pub use platform_tx::{PlatformDb, PlatformTx};
pub use pools::{PoolSettings, connect};

/// A pause of half to one and a half times `milliseconds`, so that those who failed together do not retry together.
fn jitter(milliseconds: u64) -> Duration {
    Duration::from_millis(rand::random_range(milliseconds / 2..=milliseconds * 3 / 2))
}
