//! The list of subscriptions, and the subscriptions of one tenant.

use axum::Extension;
use billing::Event;
use catalog::manage::ProductEntry;
use kernel::{Money, OperatorRole, SubscriptionStatus, TenantId, Timestamp};
use maud::{Markup, html};
use module::extract::Query;
use module::{Operating, OpsCtx, Routes, rank};
use serde::Deserialize;
use ui::table::{
    FilterBar, Pager, head, hidden_head, name_cell, number_head, table, table_with_foot,
};
use ui::{Card, Empty, Page, TimelineEntry, Tone, avatar, badge, dialog_opener, icons, timeline};

use super::{Filter, Found, Row, ask};
use crate::Console;
use crate::respond::{amounts, count, day, encode, moment, words};

/// Subscriptions on one page.
const PER_PAGE: i64 = 50;

/// States that can be filtered by.
const STATES: [(&str, &str); 10] = [
    ("", "Any status"),
    ("live", "Not ended"),
    ("paying", "Bringing revenue"),
    ("active", "Active"),
    ("trialing", "In trial"),
    ("past_due", "Past due"),
    ("unpaid", "Unpaid"),
    ("paused", "Paused"),
    ("cancelled", "Cancelled"),
    ("expired", "Expired"),
];

pub(crate) fn routes() -> Routes {
    Routes::new().get("/subscriptions", list)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    status: String,
    plan: String,
    price: String,
    collection: String,
    page: String,
}

impl ListQuery {
    fn page(&self) -> i64 {
        self.page.parse::<i64>().unwrap_or(1).clamp(1, 100_000)
    }

    fn filtered(&self) -> bool {
        [&self.status, &self.plan, &self.price, &self.collection]
            .iter()
            .any(|value| !value.is_empty())
    }

    fn address(&self, page: i64) -> String {
        format!(
            "/subscriptions?status={}&plan={}&price={}&collection={}&page={page}",
            encode(&self.status),
            encode(&self.plan),
            encode(&self.price),
            encode(&self.collection),
        )
    }
}

async fn list(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<ListQuery>,
) -> module::Result<Page> {
    let filter = Filter {
        status: query.status.clone(),
        plan: query.plan.parse().ok(),
        price: query.price.parse().ok(),
        collection: query.collection.clone(),
        tenant: None,
        offset: (query.page() - 1) * PER_PAGE,
        limit: PER_PAGE,
    };
    let mut conn = console.read().await?;
    let found = super::list(&mut conn, &filter).await?;
    let products = catalog::manage::products(&mut conn).await?;
    drop(conn);
    let plans: Vec<(String, String)> = products
        .iter()
        .flat_map(|product| {
            let named = move |plan: &catalog::manage::PlanEntry| {
                (
                    plan.id.to_string(),
                    format!("{} {}", product.name, plan.name),
                )
            };
            product.plans.iter().map(named)
        })
        .collect();
    let plan_choices: Vec<(&str, &str)> = std::iter::once(("", "Any plan"))
        .chain(plans.iter().map(|(id, name)| (id.as_str(), name.as_str())))
        .collect();
    let collections = [
        ("", "Any collection"),
        ("manual", "By hand"),
        ("free", "Nothing to pay"),
        ("stripe", "By Stripe"),
    ];
    let bar = FilterBar::new("/subscriptions", "subscriptions")
        .filter("status", "Status", &STATES, &query.status)
        .filter("plan", "Plan", &plan_choices, &query.plan)
        .filter("collection", "Collection", &collections, &query.collection)
        .keep("price", &query.price);
    Ok(Page::new("Subscriptions")
        .lead("Who subscribes to what, at which version of which price.")
        .wide()
        .body(html! {
            (Card::new(html! {
                (bar)
                section id="subscriptions" {
                    @if found.rows.is_empty() && query.filtered() {
                        (ui::no_match("No subscription fits these filters.", "/subscriptions"))
                    } @else if found.rows.is_empty() {
                        (Empty::new(icons::LuCreditCard, "No subscriptions yet", "Each workspace that signs up begins with a trial, which appears here."))
                    } @else {
                        (rows(&ctx, &found, &query))
                    }
                }
            }).flush())
        }))
}

fn rows(ctx: &OpsCtx, found: &Found, query: &ListQuery) -> Markup {
    let offset = (query.page() - 1) * PER_PAGE;
    let shown = i64::try_from(found.rows.len()).unwrap_or_default();
    html! {
        (table_with_foot("Subscriptions",
            &html! { (head("Tenant")) (head("Status")) (head("Plan")) (head("Price")) (head("Collection")) (number_head("MRR")) (head("Next")) (head("Since")) },
            &html! { @for row in &found.rows {
                tr data-row {
                    (name_cell(&avatar(&row.tenant_name), &row.tenant_name, &format!("/tenants/{}", row.tenant), &ctx.app.links().tenant_host(&row.tenant_slug)))
                    td { (state(row, ctx.now)) }
                    td { (row.product) " " (row.plan) }
                    td { (price(row)) }
                    td { (collection(row)) }
                    td.number { (amounts(row.mrr.as_slice())) }
                    td { (next(row, ctx.now)) }
                    td { (day(row.created_at)) }
                }
            } },
            &html! { tr { th scope="row" colspan="5" { "All " (count(found.total, "subscription", "subscriptions")) } td.number { (amounts(&found.mrr)) } td colspan="2" {} } }))
        (Pager {
            summary: format!("{}–{} of {}", offset + 1, offset + shown, count(found.total, "subscription", "subscriptions")),
            previous: (query.page() > 1).then(|| query.address(query.page() - 1)),
            next: (offset + shown < found.total).then(|| query.address(query.page() + 1)),
            region: "subscriptions".into(),
        })
    }
}

/// The subscriptions of one tenant, with what can be done to each.
pub(crate) fn of_tenant(
    ctx: &OpsCtx,
    tenant: TenantId,
    rows: &[Row],
    offers: &[ProductEntry],
) -> Markup {
    let activates = ctx.may(OperatorRole::Billing);
    html! {
        (Card::new(html! {
            @if rows.is_empty() {
                (Empty::new(icons::LuCreditCard, "No subscription", "This workspace subscribes to nothing, and never did."))
            } @else {
                (table("Subscriptions",
                    &html! { (head("Product")) (head("Status")) (head("Price")) (head("Collection")) (number_head("MRR")) (head("Next")) (head("Since")) (hidden_head("Actions")) },
                    &html! { @for row in rows {
                        tr {
                            td { strong { (row.product) } " " (row.plan) }
                            td { (state(row, ctx.now)) }
                            td { (price(row)) }
                            td { (collection(row)) }
                            td.number { (amounts(row.mrr.as_slice())) }
                            td { (next(row, ctx.now)) }
                            td { (day(row.created_at)) }
                            td { (ask::menu(ctx, row)) }
                        }
                    } }))
            }
        }).title("Subscriptions").actions(html! {
            @if activates { (dialog_opener("Activate by hand", "activate").icon(icons::LuPlus)) }
        }).flush())
        @for row in rows { (ask::dialogs(ctx, row)) }
        @if activates { (ask::activate(ctx, tenant, offers)) }
    }
}

pub(crate) fn state(row: &Row, now: Timestamp) -> Markup {
    let (tone, text) = match row.status.as_str() {
        "active" => (Tone::Ok, "Active"),
        "trialing" if row.state(now) == "trialing" => (Tone::Info, "Trial"),
        "trialing" => (Tone::Neutral, "Trial over"),
        "past_due" => (Tone::Warn, "Past due"),
        "unpaid" => (Tone::Bad, "Unpaid"),
        "paused" => (Tone::Neutral, "Paused"),
        "incomplete" => (Tone::Neutral, "Not paid yet"),
        "expired" => (Tone::Neutral, "Expired"),
        _ => (Tone::Neutral, "Cancelled"),
    };
    badge(tone, text)
}

/// The amount and version that it is on.
fn price(row: &Row) -> Markup {
    html! {
        @match &row.price {
            Some(price) => {
                (price.in_words())
                @if row.quantity > 1 { " × " (row.quantity) }
                " " small.muted { "version " (price.version) }
            },
            None => span.muted { "Nothing to pay" },
        }
    }
}

fn collection(row: &Row) -> &'static str {
    match row.collection.as_str() {
        "manual" => "By hand",
        "stripe" => "Stripe",
        _ => "–",
    }
}

/// What happens next, and when; below it what is open.
fn next(row: &Row, now: Timestamp) -> Markup {
    html! {
        div.who { div {
            (coming(row, now))
            @if let Some(due) = row.due { small { (open(row, due)) } }
        } }
    }
}

/// What happens next by itself.
fn coming(row: &Row, now: Timestamp) -> String {
    let on = |verb: &str, at: Option<Timestamp>| {
        at.map_or_else(|| "–".to_owned(), |at| format!("{verb} {}", day(at)))
    };
    match row.status.as_str() {
        "trialing" if row.trial_end.is_some_and(|end| now >= end) => {
            on("Trial ended", row.trial_end)
        }
        "trialing" => on("Trial ends", row.trial_end),
        "past_due" => on("Read-only from", row.grace_until),
        "active" if row.cancel_at_period_end => on("Ends", row.period_end),
        "active" => match &row.pending {
            Some(pending) => {
                let what = if pending.announced {
                    format!(
                        "Version {}, {}",
                        pending.price.version,
                        pending.price.in_words()
                    )
                } else {
                    format!("{}, {}", pending.plan, pending.price.in_words())
                };
                format!("{what}, from {}", day(pending.at))
            }
            None => on("Renews", row.period_end),
        },
        "unpaid" if row.read_only_until.is_some_and(|until| now >= until) => {
            on("Switched off since", row.read_only_until)
        }
        "unpaid" => on("Switched off from", row.read_only_until),
        _ => on("Ended", row.ended_at),
    }
}

/// What is open, and by when.
fn open(row: &Row, due: Money) -> String {
    let sum = catalog::display(due);
    row.payment_due_at.map_or_else(
        || format!("{sum} open"),
        |by| format!("{sum} due {}", day(by)),
    )
}

/// What happened to the subscriptions of a tenant.
pub(crate) fn history(steps: &[Event]) -> Markup {
    let entries: Vec<TimelineEntry> = steps
        .iter()
        .map(|step| TimelineEntry {
            icon: icons::LuCreditCard,
            text: html! { strong { (step.product) } ": " (step.in_words()) ", by " (step.actor) },
            when: format!("{} UTC", moment(step.at)),
            detail: detail(step),
        })
        .collect();
    html! {
        @if entries.is_empty() { p.muted { "Nothing happened yet." } } @else { (timeline(&entries)) }
    }
}

fn detail(step: &Event) -> Markup {
    let moved = step.from != Some(step.to);
    let from = step.from.map_or("nothing", SubscriptionStatus::as_str);
    html! {
        @if moved || step.mrr_delta.is_some() || !step.note.is_empty() {
            p.muted {
                @if moved { (words(from)) " → " (words(step.to.as_str())) ". " }
                @if let Some(delta) = step.mrr_delta {
                    "MRR " (if delta.minor > 0 { "+" } else { "−" }) (catalog::display(Money::new(delta.minor.abs(), delta.currency))) ". "
                }
                @if !step.note.is_empty() { "“" (step.note) "”" }
            }
        }
    }
}
