//! The tenant's page about its subscriptions.

use axum::Extension;
use kernel::{Access, SubscriptionStatus, Timestamp};
use maud::{Markup, html};
use module::{Allowed, Ctx, Routes};
use ui::{
    Card, Empty, Page, TimelineEntry, Tone, badge, definition_list, icons, link_button, meter,
    timeline,
};

use crate::{Billing, Event, ReadSubscription, Subscription, store};

/// The entitlement that limits people.
const SEATS: &str = "workspace.seats";
const DAY: u64 = 24 * 60 * 60;

pub(crate) fn routes() -> Routes {
    Routes::new().get("/app/billing", overview)
}

async fn overview(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
) -> module::Result<Page> {
    let tenant = ctx.tenant().id;
    let mut conn = billing.db().pool().acquire().await?;
    let subscriptions = billing.subscriptions(&mut conn, tenant).await?;
    let history = billing.history(&mut conn, tenant, 100).await?;
    drop(conn);
    let people = store::own_people(&mut ctx.begin().await?).await?;
    let prices = ctx.app().links().base("/pricing");
    let body = html! {
        @if subscriptions.is_empty() {
            (Card::new(html! {
                (Empty::new(icons::LuCreditCard, "No subscription yet", "Choose a product to get started.")
                    .action(link_button("See products and prices", prices.clone()).primary()))
            }))
        } @else {
            div.stack {
                @for subscription in &subscriptions { (card(&ctx, subscription)) }
                (Card::new(definition_list(&[("People", seats(&ctx, people))])).title("In use"))
                (Card::new(lapse()).title("When a subscription ends"))
                (Card::new(timeline(&steps(&ctx, &history))).title("History"))
            }
        }
    };
    Ok(Page::new("Billing")
        .lead("What this workspace subscribes to.")
        .actions(html! { (link_button("Compare plans", prices)) })
        .body(body)
        .narrow())
}

fn card(ctx: &Ctx, subscription: &Subscription) -> Markup {
    let standing = &subscription.standing();
    let access = standing.access(ctx.now());
    let (tone, word) = state(standing.status, access);
    let mut facts: Vec<(&str, Markup)> = vec![
        ("Plan", html! { (subscription.plan.name) }),
        ("Since", html! { (day(ctx, subscription.created_at)) }),
    ];
    match (standing.status, standing.trial_end, standing.period_end) {
        (SubscriptionStatus::Trialing, Some(end), _) if end > ctx.now() => {
            let left = end.since(ctx.now()).as_secs().div_ceil(DAY);
            facts.push(("Trial ends", html! { (day(ctx, end)) " (" (left) " " (if left == 1 { "day" } else { "days" }) " left)" }));
        }
        (SubscriptionStatus::Trialing, Some(end), _) => {
            facts.push(("Trial ended", html! { (day(ctx, end)) }));
        }
        (_, _, Some(end)) if standing.cancel_at_period_end => {
            facts.push(("Ends", html! { (day(ctx, end)) }));
        }
        (_, _, Some(end)) => facts.push(("Paid until", html! { (day(ctx, end)) })),
        _ => {}
    }
    facts.push(("Included", html! { (subscription.features.join(", ")) }));
    let card = Card::new(html! { (definition_list(&facts)) p.hint { (meaning(access)) } })
        .title(subscription.plan.product_name.clone())
        .actions(badge(tone, word));
    html! { (card) }
}

/// How many people there are, and how many the plans in force allow.
fn seats(ctx: &Ctx, people: i64) -> Markup {
    let used = people.unsigned_abs();
    let limit = ctx.tenant().limit(SEATS, ctx.now());
    html! {
        @if let Some(limit) = limit {
            (used) " of " (limit) " " (meter("People of those the plan allows", used, limit.unsigned_abs()))
        } @else {
            (used) ", without a limit"
        }
    }
}

fn state(status: SubscriptionStatus, access: Access) -> (Tone, &'static str) {
    match (status, access) {
        (SubscriptionStatus::Trialing, Access::Full) => (Tone::Info, "Trial"),
        (_, Access::Full) => (Tone::Ok, "Active"),
        (_, Access::Grace) => (Tone::Warn, "Payment due"),
        (_, Access::ReadOnly) => (Tone::Warn, "Read only"),
        (_, Access::Blocked) => (Tone::Bad, "Ended"),
    }
}

fn meaning(access: Access) -> &'static str {
    match access {
        Access::Full => "Everything works.",
        Access::Grace => "Everything works while the payment is being sorted out.",
        Access::ReadOnly => {
            "Everything can be read and exported, and public pages stay up. Changes are refused."
        }
        Access::Blocked => "The product is switched off. Nothing that you stored in it is lost.",
    }
}

fn lapse() -> Markup {
    html! {
        p { "A trial that ends can be read for another 7 days, a subscription that ends for another 30. Public pages stay up during that time." }
        p { "After that the product is switched off until you subscribe again. Nothing is deleted, and other products are not affected." }
    }
}

fn steps(ctx: &Ctx, history: &[Event]) -> Vec<TimelineEntry> {
    history
        .iter()
        .map(|step| TimelineEntry {
            icon: icons::LuCreditCard,
            text: html! { strong { (step.product) } ": " (step.in_words()) },
            when: day(ctx, step.at),
            detail: Markup::default(),
        })
        .collect()
}

/// The tenant's day of an instant.
fn day(ctx: &Ctx, at: Timestamp) -> String {
    at.in_zone(&ctx.tenant().zone)
        .strftime("%-d %B %Y")
        .to_string()
}
