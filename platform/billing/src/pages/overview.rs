//! What the workspace subscribes to, what happens next, and what has happened.

use axum::Extension;
use axum::response::Response;
use kernel::{Access, SubscriptionStatus};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Entitlement, Routes};
use ui::{
    Card, Empty, Page, TimelineEntry, badge, definition_list, icons, link_button, meter, submit,
    timeline,
};

use super::words::{day, price, state, terms, what_next};
use super::{MANAGE, PATH, PLANS, Pairs, done, rev};
use crate::acts::shown;
use crate::price::display;
use crate::profiles::{self, Profile};
use crate::subscription::Subscription;
use crate::{Act, Billing, Event, ManageSubscription, ReadSubscription, SubscriptionId};

/// Steps of the history that the page shows.
const STEPS: i64 = 50;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(PATH, overview)
        .post("/app/billing/subscriptions/{id}/resume", resume)
        .post("/app/billing/subscriptions/{id}/keep", keep)
}

async fn overview(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
) -> module::Result<Page> {
    let tenant = ctx.tenant().id;
    let mut conn = billing.db().pool().acquire().await?;
    let subscriptions = billing.subscriptions(&mut conn, tenant).await?;
    let history = billing.history(&mut conn, tenant, STEPS).await?;
    let profile = profiles::find(&mut conn, tenant).await?;
    let mut used = Vec::new();
    for entitlement in &billing.setup().entitlements {
        let usage = &billing.setup().usage;
        if let Some(count) = usage.used(&mut conn, tenant, entitlement.key).await? {
            used.push((*entitlement, count));
        }
    }
    drop(conn);
    let may = ctx.may(MANAGE);
    let mut now = Vec::with_capacity(subscriptions.len());
    for subscription in &subscriptions {
        now.push(subscription.at(ctx.now())?);
    }
    let body = html! {
        div.stack {
            @if now.is_empty() {
                (Card::new(html! {
                    (Empty::new(icons::LuCreditCard, "No subscription yet", "Choose a plan to get started.")
                        .action(link_button("See the plans", PLANS).primary()))
                }))
            }
            @for subscription in &now { (card(&ctx, subscription, may)) }
            (Card::new(in_use(&ctx, &used)).title("In use"))
            (details(profile.as_ref(), may))
            @if !history.is_empty() {
                (Card::new(timeline(&steps(&ctx, &history))).title("History"))
            }
            (Card::new(lapse()).title("When a subscription ends"))
        }
    };
    Ok(Page::new("Billing")
        .lead("What this workspace subscribes to.")
        .actions(html! { (link_button("Compare plans", PLANS)) })
        .body(body)
        .narrow())
}

fn card(ctx: &Ctx, of: &Subscription, may: bool) -> Markup {
    let (tone, word) = state(of, ctx.now());
    let mut facts: Vec<(&str, Markup)> = vec![("Plan", html! { (of.plan.name) })];
    if let Some(price) = price(of) {
        facts.push(("Price", html! { (price) }));
    }
    facts.push(("Since", html! { (day(ctx, of.created_at)) }));
    match (of.status, of.trial_end, of.period_end) {
        (SubscriptionStatus::Trialing, Some(end), _) => {
            let left = end.since(ctx.now()).as_secs().div_ceil(24 * 60 * 60);
            facts.push((
                "Trial ends",
                html! { (day(ctx, end)) " (" (left) " " (if left == 1 { "day" } else { "days" }) " left)" },
            ));
        }
        (SubscriptionStatus::Active, _, Some(end)) => {
            let label = match (of.cancel_at_period_end, of.due.is_some()) {
                (true, _) => "Ends",
                (false, true) => "Period ends",
                (false, false) => "Paid until",
            };
            facts.push((label, html! { (day(ctx, end)) }));
        }
        _ => {}
    }
    if let Some((due, by)) = of.due.zip(of.payment_due_at) {
        facts.push(("To pay", html! { (display(due)) ", by " (day(ctx, by)) }));
    }
    if let Some(pending) = &of.pending {
        facts.push((
            "Later",
            html! { (terms(&pending.terms)) ", from " (day(ctx, pending.at)) " on" },
        ));
    }
    if !of.features.is_empty() {
        facts.push(("Included", html! { (of.features.join(", ")) }));
    }
    let body = html! {
        div.stack { (definition_list(&facts)) p.hint { (what_next(ctx, of)) } }
    };
    let mut card = Card::new(body)
        .title(of.plan.product_name.clone())
        .actions(badge(tone, word));
    if may {
        card = card.footer(actions(of, ctx));
    }
    html! { (card) }
}

/// What can be done about a subscription now.
fn actions(of: &Subscription, ctx: &Ctx) -> Markup {
    use SubscriptionStatus::{Active, PastDue, Trialing, Unpaid};
    let base = format!("/app/billing/subscriptions/{}", of.id);
    let choice = match (of.status, of.access(ctx.now())) {
        (Active, _) => Some("Change plan"),
        (Trialing, _) => Some("Choose a plan"),
        (PastDue | Unpaid, _) => None,
        (_, Access::ReadOnly | Access::Blocked) => Some("Subscribe again"),
        _ => None,
    };
    let taken_back = of.can_take_change_back(ctx.now());
    let post = |path: &str, label: &str| {
        html! {
            form method="post" action={ (base) "/" (path) } {
                input type="hidden" name="rev" value=(of.rev);
                (submit(label))
            }
        }
    };
    html! {
        div.cluster {
            @if let Some(label) = choice { (link_button(label, PLANS).primary()) }
            @if of.is_live() && of.cancel_at_period_end { (post("resume", "Take the cancellation back")) }
            @if taken_back { (post("keep", "Keep the present plan")) }
            @if of.is_live() { (link_button("Cancel", format!("{base}/cancel"))) }
        }
    }
}

/// How much is in use, and how much the plans in force allow.
fn in_use(ctx: &Ctx, used: &[(&Entitlement, i64)]) -> Markup {
    let facts: Vec<(&str, Markup)> = used
        .iter()
        .map(|(entitlement, used)| {
            let shown = |value| shown(entitlement.key, value);
            let fact = html! {
                @if let Some(limit) = ctx.tenant().limit(entitlement.key, ctx.now()) {
                    (shown(*used)) " of " (shown(limit)) " "
                    (meter(entitlement.title, used.unsigned_abs(), limit.unsigned_abs()))
                } @else {
                    (shown(*used)) ", without a limit"
                }
            };
            (entitlement.title, fact)
        })
        .collect();
    definition_list(&facts)
}

fn details(profile: Option<&Profile>, may: bool) -> Markup {
    let body = match profile {
        None => html! { p { "Nothing entered yet. Invoices are made out to whom you name here." } },
        Some(profile) => {
            let mut facts = vec![
                ("Made out to", html! { (profile.legal_name) }),
                ("E-mail", html! { (profile.billing_email) }),
                ("Address", html! { (profile.address.replace('\n', ", ")) }),
            ];
            if let Some(country) = &profile.country {
                facts.push(("Country", html! { (country) }));
            }
            if let Some(tax_id) = &profile.tax_id {
                facts.push(("Tax number", html! { (tax_id) }));
            }
            definition_list(&facts)
        }
    };
    let mut card = Card::new(body).title("Billing details");
    if may {
        card = card.actions(html! { (link_button("Edit", "/app/billing/details")) });
    }
    html! { (card) }
}

fn lapse() -> Markup {
    html! { div.stack {
        p { "A trial that ends can be read for another 7 days, a subscription that ends for another 30. Public pages stay up during that time." }
        p { "After that the product is switched off until you subscribe again. Nothing is deleted, and other products are not affected." }
    } }
}

fn steps(ctx: &Ctx, history: &[Event]) -> Vec<TimelineEntry> {
    history
        .iter()
        .map(|step| TimelineEntry {
            icon: match step.to {
                SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid => icons::LuTriangleAlert,
                SubscriptionStatus::Cancelled | SubscriptionStatus::Expired => icons::LuCircleX,
                _ => icons::LuCreditCard,
            },
            text: html! { strong { (step.product) } ": " (step.in_words()) },
            when: day(ctx, step.at),
            detail: html! {
                @if step.actor_kind != "system" {
                    p.fine { (step.actor) @if !step.note.is_empty() { ": " (step.note) } }
                }
            },
        })
        .collect()
}

async fn resume(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let act = Act::of(&ctx)?.based_on(rev(&pairs));
    let mut tx = billing.db().begin().await?;
    let after = billing.resume(tx.conn(), &act, id).await?;
    tx.commit().await?;
    Ok(done(
        PATH,
        &format!("{} goes on.", after.plan.product_name),
    )?)
}

async fn keep(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let act = Act::of(&ctx)?.based_on(rev(&pairs));
    let mut tx = billing.db().begin().await?;
    let after = billing.withdraw_change(tx.conn(), &act, id).await?;
    tx.commit().await?;
    Ok(done(PATH, &format!("You stay on {}.", after.plan.name))?)
}
