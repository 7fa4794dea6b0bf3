//! The outbox as operators see it: what happened, and whether its subscribers were told.

pub(crate) mod pages;
mod store;

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

/// An event in the list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: Uuid,
    pub tenant: TenantId,
    pub tenant_name: Option<String>,
    pub kind: String,
    pub occurred_at: Timestamp,
    /// When its subscribers were told; `None` while it waits.
    pub dispatched_at: Option<Timestamp>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// `waiting`, `late`, `done`, or nothing.
    pub state: String,
    /// The beginning of the kind.
    pub kind: String,
    /// What happened before and still waits is late.
    pub late: Option<Timestamp>,
    pub offset: i64,
    pub limit: i64,
}

pub(crate) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Row>> {
    store::list(conn, filter).await
}
