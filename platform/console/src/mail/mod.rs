//! Mail of all tenants and of the platform, as operators see it: states, never contents.

pub(crate) mod pages;
mod store;

use kernel::{Result, TenantId, Timestamp};
use messaging::MailId;
use sqlx::PgConnection;

pub(crate) use pages::state_badge;

/// A mail in the list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: MailId,
    pub tenant: Option<TenantId>,
    pub tenant_name: Option<String>,
    pub subject: String,
    pub template: String,
    pub to_address: String,
    pub state: String,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
}

/// Which mail is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Part of the recipient's address.
    pub recipient: String,
    /// `queued`, `sent`, `stuck`, or nothing.
    pub state: String,
    pub offset: i64,
    pub limit: i64,
}

pub(crate) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Row>> {
    store::list(conn, filter).await
}
