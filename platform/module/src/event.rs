//! Events: what happened, told to whoever subscribed, after the change is permanent.

use std::collections::HashMap;

use kernel::{Result, TenantId, Timestamp};
use serde::Serialize;
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use crate::JobContext;
use crate::job::{JobFuture, JobHandler};

/// Something that happened in a tenant.
///
/// Kinds are `<module>.<resource>.<what>`; a subscriber reads the fields it needs with a struct of
/// its own, so modules share names of events and no types.
pub trait Event: Serialize + Send + Sync {
    /// Kind, such as `blog.post.published`.
    const KIND: &'static str;
    /// Version of the payload; raised when a field changes its meaning.
    const VERSION: i16 = 1;
}

/// Tells of an event in the caller's transaction: it is delivered if and only if that commits.
///
/// # Errors
/// When the statement fails.
pub async fn emit<E: Event>(tx: &mut TenantTx, event: &E, at: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    emit_for(tx.conn(), tenant, event, at).await
}

/// As [`emit`], in a transaction of the platform.
///
/// # Errors
/// When the statement fails.
pub async fn emit_for<E: Event>(
    conn: &mut PgConnection,
    tenant: TenantId,
    event: &E,
    at: Timestamp,
) -> Result<()> {
    let payload = serde_json::to_value(event)?;
    crate::store::insert_event(conn, tenant, E::KIND, E::VERSION, payload, at).await
}

/// A handler of events. Its payload is the event's.
pub type EventHandler = JobHandler;

/// Who wants to know of which events.
#[derive(Clone, Default)]
pub struct Subscriptions(HashMap<&'static str, Vec<(&'static str, EventHandler)>>);

impl Subscriptions {
    /// Subscribes `subscriber` (a stable name, such as `blog.author_left`) to events of `kind`.
    ///
    /// The handler runs in a transaction of the event's tenant, which commits together with the note
    /// that the event was delivered to this subscriber: its writes happen exactly once.
    pub fn on(
        &mut self,
        kind: &'static str,
        subscriber: &'static str,
        handler: for<'a> fn(&'a mut TenantTx, JobContext) -> JobFuture<'a>,
    ) -> &mut Self {
        self.0.entry(kind).or_default().push((subscriber, handler));
        self
    }

    /// The subscribers of a kind.
    #[must_use]
    pub fn to(&self, kind: &str) -> &[(&'static str, EventHandler)] {
        self.0.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Every kind that somebody subscribed to.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
