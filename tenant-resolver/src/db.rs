//! The tenant's transaction: the only door to SQL for modules and tenant services.

use database::begin::{Binding, begin_tenant};
use kernel::{Result, TenantId};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

/// The database as one tenant sees it.
///
/// There is no public constructor: it comes from [`crate::TenantResolver`] alone.
///
/// ```compile_fail
/// let db = tenant_resolver::TenantDb { tenant: kernel::TenantId::new() };
/// ```
#[derive(Clone, Debug)]
pub struct TenantDb {
    pool: PgPool,
    binding: Binding,
    tenant: TenantId,
}

impl TenantDb {
    pub(crate) fn new(pool: PgPool, binding: Binding, tenant: TenantId) -> Self {
        Self {
            pool,
            binding,
            tenant,
        }
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Begins a transaction that is bound to the tenant. Dropping it rolls it back, off the
    /// response's path: readers do not commit.
    ///
    /// # Errors
    /// [`kernel::Error::Unavailable`] when no connection can be had.
    pub async fn begin(&self) -> Result<TenantTx> {
        let tx = begin_tenant(&self.pool, self.binding, self.tenant.0).await?;
        Ok(TenantTx {
            tx,
            tenant: self.tenant,
        })
    }
}

/// A transaction bound to one tenant, for its whole life.
///
/// It cannot be built, rebound, or used after its end:
///
/// ```compile_fail
/// async fn after_commit(tx: tenant_resolver::TenantTx) {
///     tx.commit().await.unwrap();
///     let _ = tx.tenant();
/// }
/// ```
///
/// ```compile_fail
/// fn from_a_pool(pool: sqlx::PgPool) -> tenant_resolver::TenantTx {
///     pool.into()
/// }
/// ```
#[derive(Debug)]
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant: TenantId,
}

impl TenantTx {
    /// The tenant, to be bound in every statement.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The connection, for statements. Named in `store.rs` files only.
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
