//! Pools, tuned as measured (docs/decisions): no test before use, large statement caches, short waits.

use std::num::NonZeroUsize;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::error::Result;

/// Statements prepared per connection. sqlx's 100 are fewer than the product has, and each miss costs a round trip
/// and a plan.
const STATEMENT_CACHE: usize = 1_024;

/// Size and patience of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Most connections; the sum over all nodes must stay below the server's limit.
    pub connections: u32,
    /// How long a request waits for a connection before it is answered with 503.
    pub acquire_timeout: Duration,
}

impl Default for PoolSettings {
    /// Four connections for each core; two seconds.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            connections: u32::try_from(cores * 4).unwrap_or(u32::MAX),
            acquire_timeout: Duration::from_secs(2),
        }
    }
}

/// Opens a pool, and one connection of it at once, so that a wrong address shows itself at start.
///
/// A caller that waits longer than the settings allow gets `PoolTimedOut`, which is [`kernel::Error::Unavailable`].
///
/// # Errors
/// When the server cannot be reached or refuses the role.
pub async fn connect(options: PgConnectOptions, settings: PoolSettings) -> Result<PgPool> {
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(settings.acquire_timeout)
        // A round trip on every use would cost more than replacing the rare dead connection in `begin`.
        .test_before_acquire(false)
        .connect_with(options.statement_cache_capacity(STATEMENT_CACHE))
        .await?;
    Ok(pool)
}
