//! The audit log: who did what, written with the change itself.

use kernel::{Result, TenantId, Timestamp};
use serde::Serialize;
use sqlx::PgConnection;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::{ApiKey, Person, RequestFacts};

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member of the tenant.
    Member(Uuid),
    /// Somebody without an account, by the grant whose link they used.
    Guest(Uuid),
    /// A program, by its key.
    ApiKey(Uuid),
    /// An operator of the platform.
    Operator(Uuid),
    /// The system itself, at a scheduled time.
    System,
}

/// An entry of the audit log in the making.
///
/// `action` is `<module>.<resource>.<what>` in the past tense: `blog.post.published`.
#[derive(Debug)]
pub struct Audit {
    action: &'static str,
    at: Timestamp,
    actor: Actor,
    actor_name: String,
    target: Option<(&'static str, Uuid, String)>,
    ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    detail: serde_json::Value,
}

impl Audit {
    /// An entry about something the system did by itself.
    #[must_use]
    pub fn new(action: &'static str, at: Timestamp) -> Self {
        Self {
            action,
            at,
            actor: Actor::System,
            actor_name: "Atelier".into(),
            target: None,
            ip: None,
            user_agent: None,
            request_id: None,
            detail: serde_json::json!({}),
        }
    }

    /// Names the member who did it.
    #[must_use]
    pub fn by_member(self, person: &Person) -> Self {
        self.by(Actor::Member(person.membership.0), &person.name)
    }

    /// Names the program that did it.
    #[must_use]
    pub fn by_key(self, key: &ApiKey) -> Self {
        let name = format!("{} ({})", key.name, key.application_name);
        self.by(Actor::ApiKey(key.id.0), &name)
    }

    /// Names whoever did it.
    #[must_use]
    pub fn by(mut self, actor: Actor, name: &str) -> Self {
        self.actor = actor;
        name.clone_into(&mut self.actor_name);
        self
    }

    /// Notes where the request came from.
    #[must_use]
    pub fn request(mut self, request: &RequestFacts) -> Self {
        self.ip = Some(request.ip.to_string());
        self.user_agent = Some(request.user_agent.clone());
        self.request_id = Some(request.id.clone());
        self
    }

    /// Names what it was done to: its kind, id and present name.
    #[must_use]
    pub fn on(mut self, kind: &'static str, id: impl Into<Uuid>, name: impl Into<String>) -> Self {
        self.target = Some((kind, id.into(), name.into()));
        self
    }

    /// Adds what else is worth keeping. Secrets never are.
    ///
    /// # Panics
    /// When the detail cannot be written as JSON: a mistake in the program's text.
    #[must_use]
    pub fn detail(mut self, detail: impl Serialize) -> Self {
        self.detail =
            serde_json::to_value(detail).expect("details of audit entries are plain data");
        self
    }

    /// Writes the entry in the tenant's transaction.
    ///
    /// # Errors
    /// When the statement fails; the change it tells of then fails with it.
    pub async fn write(self, tx: &mut TenantTx) -> Result<()> {
        let tenant = tx.tenant();
        self.write_for(tx.conn(), tenant).await
    }

    /// Writes the entry in a transaction of the platform.
    ///
    /// # Errors
    /// As [`Audit::write`].
    pub async fn write_for(self, conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
        crate::store::insert_audit(conn, tenant, self).await
    }

    pub(crate) fn columns(self) -> AuditRow {
        let (actor_kind, actor_id) = match self.actor {
            Actor::Member(id) => ("member", Some(id)),
            Actor::Guest(id) => ("guest", Some(id)),
            Actor::ApiKey(id) => ("api_key", Some(id)),
            Actor::Operator(id) => ("operator", Some(id)),
            Actor::System => ("system", None),
        };
        let (target_kind, target_id, target_name) = match self.target {
            Some((kind, id, name)) => (Some(kind), Some(id), Some(name)),
            None => (None, None, None),
        };
        AuditRow {
            at: self.at,
            actor_kind,
            actor_id,
            actor_name: self.actor_name,
            action: self.action,
            target_kind,
            target_id,
            target_name,
            ip: self.ip,
            user_agent: self.user_agent,
            request_id: self.request_id,
            detail: self.detail,
        }
    }
}

/// The entry as its columns.
pub(crate) struct AuditRow {
    pub at: Timestamp,
    pub actor_kind: &'static str,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    pub action: &'static str,
    pub target_kind: Option<&'static str>,
    pub target_id: Option<Uuid>,
    pub target_name: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub detail: serde_json::Value,
}
