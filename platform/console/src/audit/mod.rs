//! What operators did, and why.

pub(crate) mod pages;
mod store;

use kernel::{Cursor, Page, PageRequest, Result, TenantId, Timestamp, UserId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::respond::words;

/// Most entries of a file.
pub(crate) const EXPORT_LIMIT: i64 = 50_000;

/// An act as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub id: Uuid,
    pub at: Timestamp,
    pub operator_name: String,
    pub action: String,
    pub reason: String,
    pub tenant: Option<TenantId>,
    pub tenant_name: Option<String>,
    pub target_kind: Option<String>,
    pub target_name: Option<String>,
    pub ip: Option<String>,
    pub detail: Value,
}

/// Which acts are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Part of a name, an action or a reason.
    pub words: String,
    /// Of this operator.
    pub operator: Option<UserId>,
    /// First part of the action: `workspace`, `catalog`.
    pub area: String,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Entry {
    /// What was done: `workspace.tenant.suspended` as "Suspended the tenant".
    pub(crate) fn what(&self) -> String {
        let mut parts = self.action.split('.').skip(1);
        let (resource, done) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or("changed"),
        );
        format!("{} the {}", words(done), resource.replace('_', " "))
    }

    /// What it was done to.
    pub(crate) fn object(&self) -> Option<&str> {
        self.target_name.as_deref().or(self.tenant_name.as_deref())
    }

    /// What else was noted, in one line.
    pub(crate) fn facts(&self) -> String {
        let Some(detail) = self.detail.as_object() else {
            return String::new();
        };
        let facts: Vec<String> = detail
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                format!("{}: {value}", words(name))
            })
            .collect();
        facts.join(" · ")
    }
}

pub(crate) async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    request: PageRequest,
) -> Result<Page<Entry>> {
    let after = request.after.map(|after| (after.at, after.id));
    let entries = store::list(conn, filter, after, request.fetch()).await?;
    Ok(Page::cut(entries, request, |entry| Cursor {
        at: entry.at,
        id: entry.id,
    }))
}

/// The newest entries, for a file.
pub(crate) async fn export(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Entry>> {
    store::list(conn, filter, None, EXPORT_LIMIT).await
}
