//! Transactions of the platform itself: across tenants, and over tables that no tenant may see.

use kernel::Result;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// The database as the platform's own features see it (role `atelier_platform`).
///
/// Modules cannot name this type: they do not depend on this crate.
#[derive(Clone, Debug)]
pub struct PlatformDb {
    pool: PgPool,
}

impl PlatformDb {
    /// Wraps a pool that is connected as `atelier_platform`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Begins a transaction. Dropping it without commit rolls it back.
    ///
    /// # Errors
    /// [`kernel::Error::Unavailable`] when no connection can be had.
    pub async fn begin(&self) -> Result<PlatformTx> {
        Ok(PlatformTx {
            tx: crate::begin::begin_platform(&self.pool).await?,
        })
    }

    /// The pool itself, for single statements that need no transaction.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// A transaction of the platform.
#[derive(Debug)]
pub struct PlatformTx {
    tx: Transaction<'static, Postgres>,
}

impl PlatformTx {
    /// The connection, for statements.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Makes everything permanent.
    ///
    /// # Errors
    /// When the server refuses; nothing has happened then.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }
}
