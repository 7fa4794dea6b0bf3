//! What a change of a plan would bring, before it is made. Limits hold for everybody who is on the plan at once.

use catalog::PlanId;
use catalog::manage::{self, PlanEntry, ProductEntry};
use database::PlatformTx;
use kernel::{FieldError, Result};
use maud::{Markup, html};
use module::{Entitlement, EntitlementKind};
use ui::table::{head, table};
use ui::{Card, field, submit};

use super::plan_form::{filled, read, value};
use super::subscribers;
use crate::Console;
use crate::respond::count;

/// A plan before and after a change, and how many are on it.
pub(super) struct Changed {
    product: ProductEntry,
    before: PlanEntry,
    after: PlanEntry,
    subscribers: i64,
}

impl Changed {
    /// The plan with its product, as records name it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.product.name, self.after.name)
    }

    /// Fields that differ: name, value before and value after, as the form holds them.
    fn fields(&self) -> Vec<(String, String, String)> {
        let (before, after) = (filled(&self.before), filled(&self.after));
        let mut changes: Vec<(String, String, String)> = after
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "rev" | "is_public"))
            .map(|(name, now)| (name.clone(), value(&before, name).to_owned(), now.clone()))
            .collect();
        let offered = |sent: &[(String, String)]| value(sent, "is_public").to_owned();
        changes.push(("is_public".to_owned(), offered(&before), offered(&after)));
        changes.retain(|(_, was, now)| was != now);
        changes
    }
}

/// Changes the plan in a transaction that the caller ends.
pub(super) async fn carry_out(
    console: &Console,
    tx: &mut PlatformTx,
    id: PlanId,
    sent: &[(String, String)],
) -> Result<Changed> {
    let (product, before) = manage::plan(tx.conn(), id).await?;
    let amounts = |key: &str| Some(value(sent, key).to_owned());
    let based_on = value(sent, "rev").parse().unwrap_or_default();
    let declared = console.entitlements();
    manage::edit_plan(tx.conn(), id, based_on, &read(sent), &amounts, &declared).await?;
    let (_, after) = manage::plan(tx.conn(), id).await?;
    let subscribers = subscribers(tx.conn()).await?.of_plan(id);
    Ok(Changed {
        product,
        before,
        after,
        subscribers,
    })
}

/// What the change would bring: it is made and never kept, so that the review follows every rule of the change itself.
pub(super) async fn rehearse(
    console: &Console,
    id: PlanId,
    sent: &[(String, String)],
) -> Result<Changed> {
    let mut tx = console.db().begin().await?;
    carry_out(console, &mut tx, id, sent).await
}

/// What changed, for the record.
pub(super) fn record(changed: &Changed) -> serde_json::Value {
    let fields = changed.fields().into_iter();
    fields
        .map(|(name, was, now)| {
            let told = if name == "is_public" {
                serde_json::Value::from(!now.is_empty())
            } else {
                format!("{was} → {now}").into()
            };
            (name, told)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Before and after, whom it concerns, and the way to save it.
pub(super) fn page_part(
    console: &Console,
    changed: &Changed,
    sent: &[(String, String)],
    errors: &[FieldError],
) -> Markup {
    let fields = changed.fields();
    if fields.is_empty() {
        return html! {
            (Card::new(html! { p.muted { "Nothing would change." } }).title("What would change"))
        };
    }
    let declared = console.entitlements();
    html! {
        (Card::new(html! {
            (table("What would change", &html! { (head("What")) (head("Now")) (head("Then")) (head("For whom")) }, &html! {
                @for (name, was, now) in &fields { (row(&declared, name, was, now, changed.subscribers)) }
            }))
        }).title("What would change").flush())
        form.stack method="post" action={ "/products/plans/" (changed.after.id) } {
            @for (name, value) in sent.iter().filter(|(name, _)| name != "reason") { (field::hidden(name, value)) }
            (Card::new(html! {
                (field::textarea("reason", "Reason", 2).within("save").value(value(sent, "reason")).errors(errors).help("It stands in the console's audit log.").max_length(500).required())
            }).title("Save").footer(html! { (submit("Save the plan").primary()) }))
        }
    }
}

fn row(declared: &[Entitlement], name: &str, was: &str, now: &str, subscribers: i64) -> Markup {
    let allowed = declared.iter().find(|known| known.key == name);
    let kind = allowed.map(|known| known.kind);
    let label = allowed.map_or_else(|| label(name), |known| known.title);
    let whom = match (allowed, name) {
        (Some(_), _) => format!(
            "{} at once",
            count(
                subscribers,
                "subscription gets this",
                "subscriptions get this"
            )
        ),
        (None, "trial_days") => "Trials that begin from now on".to_owned(),
        (None, _) => "Whoever looks at the plans".to_owned(),
    };
    html! {
        tr {
            td { (label) }
            td { del { (shown(name, kind, was)) } }
            td { ins { (shown(name, kind, now)) } }
            td { (whom) }
        }
    }
}

fn label(name: &str) -> &str {
    match name {
        "name" => "Name",
        "description" => "For whom it is",
        "features" => "Lines on the price page",
        "trial_days" => "Days of trial",
        "sort" => "Place among the plans",
        "is_public" => "Offered on the price page",
        other => other,
    }
}

/// A value as people read it.
fn shown(name: &str, kind: Option<EntitlementKind>, value: &str) -> String {
    match (kind, value) {
        (Some(EntitlementKind::Switch), "") => "No".to_owned(),
        (Some(EntitlementKind::Switch), _) => "Yes".to_owned(),
        (Some(_), "") => "No limit".to_owned(),
        (Some(EntitlementKind::Bytes), bytes) => bytes
            .parse()
            .map_or_else(|_| bytes.to_owned(), kernel::size),
        (None, "") if name == "is_public" => "No".to_owned(),
        (None, _) if name == "is_public" => "Yes".to_owned(),
        (None, "") => "Nothing".to_owned(),
        (_, text) => text.replace('\n', " · "),
    }
}
