//! The queue as operators see it.

pub(crate) mod pages;
mod store;

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

/// A job in the list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: Uuid,
    pub tenant: Option<TenantId>,
    pub tenant_name: Option<String>,
    pub kind: String,
    pub state: String,
    pub attempts: i32,
    pub max_attempts: i32,
    pub run_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub last_error: Option<String>,
}

/// Which jobs are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// `queued`, `running`, `done`, `dead`, or nothing.
    pub state: String,
    /// The beginning of the kind.
    pub kind: String,
    pub offset: i64,
    pub limit: i64,
}

pub(crate) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Row>> {
    store::list(conn, filter).await
}

/// The newest jobs of a tenant.
pub(crate) async fn of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Row>> {
    store::of_tenant(conn, tenant).await
}
