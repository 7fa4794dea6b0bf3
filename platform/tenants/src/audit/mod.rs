//! The audit log, in sentences.

pub(crate) mod pages;
mod store;

use kernel::{Cursor, Error, Page, PageRequest, Result, TenantId, Timestamp};
use serde_json::Value;
use sqlx::PgConnection;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::respond::capitalised;

/// Most entries of one export.
pub(crate) const EXPORT_LIMIT: i64 = 10_000;

/// An entry of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Who acted: `member`, `operator`, `api_key`, `guest`, `system`.
    pub actor_kind: String,
    /// Their id, unless it was the system.
    pub actor_id: Option<Uuid>,
    /// Their name at that time.
    pub actor_name: String,
    /// What was done: `workspace.member.removed`.
    pub action: String,
    /// What kind of thing it was done to.
    pub target_kind: Option<String>,
    /// The thing.
    pub target_id: Option<Uuid>,
    /// Its name at that time.
    pub target_name: Option<String>,
    /// Network address of the request.
    pub ip: Option<String>,
    /// Browser of the request, as it named itself.
    pub user_agent: Option<String>,
    /// What else was noted.
    pub detail: Value,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Part of a name, an action or an address.
    pub words: String,
    /// What somebody did.
    pub person: Option<Uuid>,
    /// First part of the action: `workspace`, `blog`.
    pub area: String,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// One value that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedValue {
    /// What it is of, as a word.
    pub field: String,
    /// The value before.
    pub from: String,
    /// The value since.
    pub to: String,
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    request: PageRequest,
) -> Result<Page<Entry>> {
    let entries = store::list(tx, filter, request).await?;
    Ok(Page::cut(entries, request, |entry| Cursor {
        at: entry.at,
        id: entry.id,
    }))
}

/// The log of a tenant for somebody outside of it: an operator.
///
/// # Errors
/// When the database cannot answer.
pub async fn timeline(
    conn: &mut PgConnection,
    tenant: TenantId,
    request: PageRequest,
) -> Result<Page<Entry>> {
    let entries = store::of_tenant(conn, tenant, request).await?;
    Ok(Page::cut(entries, request, |entry| Cursor {
        at: entry.at,
        id: entry.id,
    }))
}

pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Entry> {
    store::find(tx, id).await?.ok_or(Error::NotFound("entry"))
}

impl Entry {
    /// What was done, as the middle of a sentence that begins with who and ends with the target.
    #[must_use]
    pub fn verb(&self) -> String {
        let known = match self.action.as_str() {
            "workspace.tenant.created" => "opened the workspace",
            "workspace.tenant.restored" => "restored",
            "workspace.allowance.granted" => "allowed more of",
            "workspace.allowance.revoked" => "took back what was allowed of",
            "workspace.member.joined" => "joined",
            "workspace.member.left" => "left the workspace",
            "workspace.member.removed" => "removed",
            "workspace.member.restored" => "brought back",
            "workspace.member.suspended" | "workspace.tenant.suspended" => "suspended",
            "workspace.member.resumed" => "let back in",
            "workspace.member.roles_changed" => "changed the roles of",
            "workspace.role.created" => "made the role",
            "workspace.role.changed" => "changed the role",
            "workspace.role.deleted" => "deleted the role",
            "workspace.share.given" => "shared",
            "workspace.share.revoked" => "took back something shared from",
            "workspace.guest.invited" => "made a guest's link to",
            "workspace.guest.dismissed" => "ended the link of",
            "workspace.owner.added" => "made an owner:",
            "workspace.owner.removed" => "took ownership from",
            "workspace.invitation.sent" => "invited",
            "workspace.invitation.resent" => "invited again",
            "workspace.invitation.revoked" => "took back the invitation of",
            "workspace.settings.changed" => "changed the settings of",
            "workspace.address.changed" => "changed the address of",
            "workspace.brand.changed" => "changed the colour of",
            "workspace.logo.changed" => "changed the logo of",
            "workspace.logo.removed" => "removed the logo of",
            "workspace.api_key.created" => "made the API key",
            "workspace.api_key.rotated" => "replaced the API key",
            "workspace.api_key.revoked" => "revoked the API key",
            "billing.trial.started" => "began the trial of",
            "billing.trial.extended" => "extended the trial of",
            "billing.trial.ended" => "ended the trial of",
            "billing.subscription.activated" => "activated the subscription to",
            "billing.subscription.cancelled" => "cancelled the subscription to",
            "billing.subscription.ended" => "ended the subscription to",
            "billing.subscription.resumed" => "took back the cancellation of",
            "billing.cancellation.scheduled" => "cancelled, for the end of the period,",
            "billing.plan.changed" => "changed the plan of",
            "billing.change.scheduled" => "planned a change of plan of",
            "billing.change.withdrawn" => "took back the change of plan of",
            "billing.price.announced" => "announced a new price of",
            "billing.price.withdrawn" => "took back the new price of",
            "billing.payment.recorded" => "noted a payment for",
            "billing.payment.missed" => "noted a missing payment for",
            "billing.renewal.due" => "noted that the next period is due for",
            "billing.debt.settled" => "settled what was open for",
            "billing.grace.ended" => "ended the time to pay for",
            "billing.details.changed" => "changed the billing details of",
            _ => "",
        };
        if !known.is_empty() {
            return known.to_owned();
        }
        // `blog.post.published`: the last part is what was done, the one before it what it was done to.
        let mut parts = self.action.split('.').skip(1);
        let resource = parts.next().unwrap_or_default().replace('_', " ");
        let done = parts.next().unwrap_or("changed").replace('_', " ");
        match resource.as_str() {
            "" => done,
            resource => format!("{done} the {resource}"),
        }
    }

    /// What it was done to, unless the sentence says so already.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        let own = matches!(
            self.action.as_str(),
            "workspace.member.joined" | "workspace.member.left"
        );
        self.target_name.as_deref().filter(|_| !own)
    }

    /// Who did it, as people are told: that somebody works for the platform is said.
    #[must_use]
    pub fn actor(&self) -> String {
        if self.actor_kind == "operator" {
            format!("{} (Atelier)", self.actor_name)
        } else {
            self.actor_name.clone()
        }
    }

    /// The whole sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.object() {
            Some(object) => format!("{} {} {object}", self.actor(), self.verb()),
            None => format!("{} {}", self.actor(), self.verb()),
        }
    }

    /// Where whoever did it is shown.
    pub(crate) fn actor_link(&self) -> Option<String> {
        self.actor_id
            .filter(|_| self.actor_kind == "member")
            .map(|id| format!("/app/people/{id}"))
    }

    /// Where its target is shown, as far as that is known here.
    pub(crate) fn target_link(&self) -> Option<String> {
        match (self.target_kind.as_deref(), self.target_id) {
            (Some("member"), Some(id)) => Some(format!("/app/people/{id}")),
            (Some("workspace"), _) => Some("/app/settings".to_owned()),
            _ => None,
        }
    }

    /// The part of the product that it concerns.
    pub(crate) fn area(&self) -> &str {
        self.action.split('.').next().unwrap_or_default()
    }

    /// The values that changed, when the entry says so.
    #[must_use]
    pub fn changes(&self) -> Vec<ChangedValue> {
        let Some(changes) = self.detail.get("changes").and_then(Value::as_object) else {
            return Vec::new();
        };
        changes
            .iter()
            .map(|(field, change)| ChangedValue {
                field: label(field),
                from: in_words(change.get("from")),
                to: in_words(change.get("to")),
            })
            .collect()
    }

    /// Everything else that the entry says.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, String)> {
        let Some(detail) = self.detail.as_object() else {
            return Vec::new();
        };
        detail
            .iter()
            .filter(|(field, _)| *field != "changes")
            .map(|(field, value)| (label(field), in_words(Some(value))))
            .collect()
    }
}

/// `time_zone` as "Time zone".
fn label(field: &str) -> String {
    capitalised(&field.replace('_', " "))
}

fn in_words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| in_words(Some(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}

/// A value as a cell of a CSV file (RFC 4180). One that a spreadsheet would run as a formula is quoted as text.
pub(crate) fn csv_cell(value: &str) -> String {
    let risky = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = if risky {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &str, target: Option<&str>, detail: Value) -> Entry {
        Entry {
            id: Uuid::nil(),
            at: "2026-03-01T09:00:00Z".parse().unwrap(),
            actor_kind: "member".into(),
            actor_id: None,
            actor_name: "Mara".into(),
            action: action.into(),
            target_kind: None,
            target_id: None,
            target_name: target.map(str::to_owned),
            ip: None,
            user_agent: None,
            detail,
        }
    }

    #[test]
    fn entries_read_as_sentences() {
        let sentence = |action, target| entry(action, target, Value::Null).sentence();
        assert_eq!(
            sentence("workspace.member.removed", Some("Ana")),
            "Mara removed Ana"
        );
        assert_eq!(
            sentence("workspace.member.joined", Some("Mara")),
            "Mara joined"
        );
        assert_eq!(
            sentence("blog.post.published", Some("First light")),
            "Mara published the post First light"
        );
        assert_eq!(sentence("odd", None), "Mara changed");
    }

    #[test]
    fn an_operator_is_called_one() {
        let mut entry = entry(
            "workspace.tenant.suspended",
            Some("Northlight"),
            Value::Null,
        );
        entry.actor_kind = "operator".into();
        assert_eq!(entry.sentence(), "Mara (Atelier) suspended Northlight");
    }

    #[test]
    fn changes_are_read_from_the_detail() {
        let entry = entry(
            "workspace.member.roles_changed",
            Some("Ana"),
            serde_json::json!({ "changes": { "roles": { "from": ["viewer"], "to": ["admin", "editor"] } }, "by_hand": true }),
        );
        assert_eq!(
            entry.changes(),
            [ChangedValue {
                field: "Roles".into(),
                from: "viewer".into(),
                to: "admin, editor".into(),
            }]
        );
        assert_eq!(entry.facts(), [("By hand".to_owned(), "yes".to_owned())]);
    }

    #[test]
    fn a_cell_can_neither_break_out_nor_calculate() {
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("a,b"), "\"a,b\"");
        assert_eq!(csv_cell("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("@sum(a,b)"), "\"'@sum(a,b)\"");
    }
}
