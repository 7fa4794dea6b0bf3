//! What an operator did, and why.

use kernel::{Error, FieldError, Result, TenantId, Timestamp, UserId};
use module::{Actor, Audit, OpsCtx, RequestFacts};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{self, ActRow};

/// Longest reason, in characters.
const LONGEST: usize = 500;

/// Who acts, and from where.
#[derive(Clone, Copy, Debug)]
pub enum Author<'a> {
    /// An operator at the console.
    Operator {
        /// The person.
        user: UserId,
        /// Their name.
        name: &'a str,
        /// Where the request came from.
        request: &'a RequestFacts,
    },
    /// Somebody at the machine's command line, where there is no operator yet.
    CommandLine,
}

impl<'a> From<&'a OpsCtx> for Author<'a> {
    fn from(ctx: &'a OpsCtx) -> Self {
        Self::Operator {
            user: ctx.operator.user,
            name: &ctx.operator.name,
            request: &ctx.request,
        }
    }
}

/// An act in the making. Write it in the transaction that does it.
///
/// `action` is `<area>.<resource>.<what>` in the past tense, as in the audit log: `workspace.tenant.suspended`.
#[derive(Debug)]
#[must_use = "an act is on record when it is written"]
pub struct Act<'a> {
    author: Author<'a>,
    action: &'static str,
    reason: String,
    at: Timestamp,
    tenant: Option<(TenantId, String)>,
    target: Option<(&'static str, Uuid, String)>,
    detail: Value,
    told: bool,
}

impl<'a> Act<'a> {
    /// An act with its reason, which is never left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the field `reason` when it is blank or longer than 500 characters.
    pub fn new(
        author: impl Into<Author<'a>>,
        action: &'static str,
        reason: &str,
        at: Timestamp,
    ) -> Result<Self> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(FieldError::new("reason", "required", "Say why.").into());
        }
        if reason.chars().count() > LONGEST {
            return Err(
                FieldError::new("reason", "too_long", "Use at most 500 characters.").into(),
            );
        }
        Ok(Self {
            author: author.into(),
            action,
            reason: reason.to_owned(),
            at,
            tenant: None,
            target: None,
            detail: json!({}),
            told: false,
        })
    }

    /// The reason, without blanks around it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Names the tenant that it was done to: its own audit log tells of it, too.
    pub fn on_tenant(mut self, tenant: TenantId, name: impl Into<String>) -> Self {
        self.tenant = Some((tenant, name.into()));
        self
    }

    /// Names what it was done to, where that is not the tenant itself: its kind, id and present name.
    pub fn on(mut self, kind: &'static str, id: impl Into<Uuid>, name: impl Into<String>) -> Self {
        self.target = Some((kind, id.into(), name.into()));
        self
    }

    /// Adds what else is worth keeping: an object of plain values. Secrets never are.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written as JSON.
    pub fn detail(mut self, detail: impl Serialize) -> Result<Self> {
        self.detail = serde_json::to_value(detail).map_err(Error::from)?;
        Ok(self)
    }

    /// Says that whoever carried the act out has written the entry of the tenant's audit log.
    pub fn told_already(mut self) -> Self {
        self.told = true;
        self
    }

    /// Writes the act, and the entry of the tenant's audit log unless that was done.
    ///
    /// # Errors
    /// When a statement fails; what it tells of then fails with it.
    pub async fn write(self, conn: &mut PgConnection) -> Result<()> {
        let (operator, operator_name, request) = match self.author {
            Author::Operator {
                user,
                name,
                request,
            } => (Some(user), name, Some(request)),
            Author::CommandLine => (None, "The command line", None),
        };
        let target = self
            .target
            .as_ref()
            .map(|(kind, id, name)| (*kind, *id, name.as_str()));
        let row = ActRow {
            at: self.at,
            operator,
            operator_name,
            action: self.action,
            reason: &self.reason,
            tenant: self.tenant.as_ref().map(|(tenant, _)| *tenant),
            tenant_name: self.tenant.as_ref().map(|(_, name)| name.as_str()),
            target,
            ip: request.map(|request| request.ip.to_string()),
            user_agent: request.map(|request| request.user_agent.as_str()),
            request_id: request.map(|request| request.id.as_str()),
            detail: &self.detail,
        };
        store::insert_act(&mut *conn, row).await?;
        let (Some((tenant, tenant_name)), Some(operator), false) =
            (&self.tenant, operator, self.told)
        else {
            return Ok(());
        };
        // The tenant learns who acted, for whom and why; not from which address or browser.
        let (kind, id, name) = target.unwrap_or(("workspace", tenant.0, tenant_name.as_str()));
        let mut detail = self.detail.clone();
        if let Value::Object(facts) = &mut detail {
            facts.insert("reason".to_owned(), Value::String(self.reason.clone()));
        }
        Audit::new(self.action, self.at)
            .by(Actor::Operator(operator.0), operator_name)
            .on(kind, id, name)
            .detail(detail)
            .write_for(conn, *tenant)
            .await
    }
}
