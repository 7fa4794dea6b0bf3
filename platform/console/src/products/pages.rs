//! The catalogue, and one plan with every version of its prices.

use axum::Extension;
use catalog::manage::{self, PlanEntry, PlanStatus, PriceEntry, ProductEntry, ProductStatus};
use catalog::{Cycle, PlanId};
use kernel::{Error, OperatorRole, Result};
use maud::{Markup, html};
use module::extract::Path;
use module::{Entitlement, Operating, OpsCtx, Routes, rank};
use ui::table::{head, hidden_head, number_head, table};
use ui::{Card, Empty, Page, Tone, badge, definition_list, dialog_opener, icons, link_button};

use super::moves::{self, successors};
use super::{Subscribers, subscribers};
use crate::ask::Ask;
use crate::respond::{count, moment, refusal};
use crate::{Console, subscriptions};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/products", products)
        .get("/products/plans/{id}", show)
}

async fn products(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
) -> module::Result<Page> {
    Ok(catalogue(&ctx, &console, None).await?)
}

/// Every product, with what was refused above it.
pub(super) async fn catalogue(
    ctx: &OpsCtx,
    console: &Console,
    problem: Option<&Error>,
) -> Result<Page> {
    let mut conn = console.read().await?;
    let products = manage::products(&mut conn).await?;
    let subscribers = subscribers(&mut conn).await?;
    drop(conn);
    let (modules, declared) = (console.modules(), console.entitlements());
    Ok(Page::new("Plans & products")
        .lead("What is for sale. A published price never changes: a new version takes its place for new subscribers.")
        .wide()
        .body(html! {
            (refusal(problem))
            div.stack { @for product in &products { (product_card(ctx, product, &subscribers, &modules, &declared)) } }
        }))
}

fn product_card(
    ctx: &OpsCtx,
    product: &ProductEntry,
    subscribers: &Subscribers,
    modules: &[&str],
    declared: &[Entitlement],
) -> Markup {
    let may = ctx.may(OperatorRole::Billing);
    let installed = modules.contains(&product.module.as_str());
    let (tone, state) = match product.status {
        ProductStatus::Active => (Tone::Ok, "On sale"),
        ProductStatus::Draft => (Tone::Neutral, "Draft"),
        ProductStatus::Retired => (Tone::Warn, "Retired"),
    };
    let actions = html! {
        (badge(tone, state))
        @if may {
            (link_button("New plan", format!("/products/{}/plans/new", product.id)).icon(icons::LuPlus))
            @match product.status {
                ProductStatus::Active => (dialog_opener("Retire", format!("retire-{}", product.id)).ghost()),
                _ if installed => (dialog_opener("Put on sale", format!("activate-{}", product.id))),
                _ => {}
            }
        }
    };
    let body = html! {
        div.pad { p.muted { (product.description) @if !installed { " This release has no module of the key " code { (product.module) } "." } } }
        @if product.plans.is_empty() {
            div.pad { p.hint { "No plans yet. A plan says what subscribers may do, and has a price for each cycle." } }
        } @else {
            (table(&format!("Plans of {}", product.name),
                &html! { (head("Plan")) (head("State")) (head("Monthly")) (head("Yearly")) (head("Allows")) (number_head("Subscribers")) },
                &html! { @for plan in &product.plans {
                    tr data-row {
                        td { div.who { div { a href={ "/products/plans/" (plan.id) } { (plan.name) } small { (plan.description) } } } }
                        td { (plan_badge(plan)) }
                        td { (prices_in_force(plan, Cycle::Monthly, ctx)) }
                        td { (prices_in_force(plan, Cycle::Yearly, ctx)) }
                        td { (allows(plan, declared)) }
                        td.number { a href={ "/subscriptions?status=live&plan=" (plan.id) } { (subscribers.of_plan(plan.id)) } }
                    }
                } }))
        }
    };
    html! {
        (Card::new(body).title(product.name.clone()).actions(actions).flush())
        @if may { (product_dialog(product, installed)) }
    }
}

fn product_dialog(product: &ProductEntry, installed: bool) -> Markup {
    let ask = |id: String, title: String, text: &str, act: &str, verb: &str, danger: bool| {
        Ask {
            id: &id,
            title,
            text: text.to_owned(),
            action: format!("/products/{}/{act}", product.id),
            verb,
            danger,
            told: false,
        }
        .dialog(&Markup::default())
    };
    match product.status {
        ProductStatus::Active => ask(
            format!("retire-{}", product.id),
            format!("Retire {}?", product.name),
            "Nobody can subscribe to it any more, and no trial of it begins. Who has it keeps it.",
            "retire",
            "Retire",
            true,
        ),
        _ if installed => ask(
            format!("activate-{}", product.id),
            format!("Put {} on sale?", product.name),
            "The price page offers it, and workspaces can subscribe to it.",
            "activate",
            "Put on sale",
            false,
        ),
        _ => Markup::default(),
    }
}

pub(super) fn plan_badge(plan: &PlanEntry) -> Markup {
    let (tone, text) = match plan.status {
        PlanStatus::Active if plan.is_public => (Tone::Ok, "On sale"),
        PlanStatus::Active => (Tone::Info, "By hand only"),
        PlanStatus::Draft => (Tone::Neutral, "Draft"),
        PlanStatus::Grandfathered => (Tone::Warn, "Kept by subscribers"),
        PlanStatus::Retired => (Tone::Neutral, "Retired"),
    };
    badge(tone, text)
}

fn prices_in_force(plan: &PlanEntry, cycle: Cycle, ctx: &OpsCtx) -> String {
    let shown: Vec<String> = plan
        .prices
        .iter()
        .filter(|price| price.cycle == cycle && price.in_force(ctx.now))
        .map(|price| catalog::display(price.amount))
        .collect();
    if shown.is_empty() {
        "–".to_owned()
    } else {
        shown.join(", ")
    }
}

/// What a plan allows, under the names that entitlements have for people.
fn allows(plan: &PlanEntry, declared: &[Entitlement]) -> String {
    let title = |key: &str| {
        let known = declared.iter().find(|known| known.key == key);
        known.map_or_else(|| key.to_owned(), |known| known.title.to_owned())
    };
    let allowed: Vec<String> = plan
        .entitlements
        .iter()
        .map(|(key, kind, value)| match (kind.as_str(), value) {
            ("switch", Some(0)) => format!("{}: no", title(key)),
            ("switch", _) => title(key),
            ("bytes", Some(value)) => format!("{}: {}", title(key), kernel::size(*value)),
            (_, Some(value)) => format!("{}: {value}", title(key)),
            (_, None) => format!("{}: no limit", title(key)),
        })
        .collect();
    allowed.join(", ")
}

async fn show(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
) -> module::Result<Page> {
    Ok(plan_page(&ctx, &console, id, None).await?)
}

/// One plan, with what was refused above it.
pub(super) async fn plan_page(
    ctx: &OpsCtx,
    console: &Console,
    id: PlanId,
    problem: Option<&Error>,
) -> Result<Page> {
    let mut conn = console.read().await?;
    let (product, plan) = manage::plan(&mut conn, id).await?;
    let subscribers = subscribers(&mut conn).await?;
    let movable = subscriptions::movable(&mut conn, id.0).await?;
    let moves = subscriptions::moves(&mut conn, id.0).await?;
    drop(conn);
    let may = ctx.may(OperatorRole::Billing);
    let declared = console.entitlements();
    Ok(Page::new(format!("{} {}", product.name, plan.name))
        .crumb("Plans & products", "/products")
        .lead(plan.description.clone())
        .actions(html! {
            (plan_badge(&plan))
            @if may {
                @match plan.status {
                    PlanStatus::Active => (dialog_opener("Take off sale", "retire-plan").ghost()),
                    _ => (dialog_opener("Put on sale", "offer-plan")),
                }
                (link_button("Edit", format!("/products/plans/{id}/edit")).icon(icons::LuPencil).key('e'))
                (link_button("New price", format!("/products/plans/{id}/prices/new")).primary().icon(icons::LuPlus).key('c'))
            }
        })
        .body(html! {
            (refusal(problem))
            div.grid {
                (Card::new(facts(&plan, &subscribers, &declared)).title("Plan").span(4))
                (Card::new(versions(ctx, &plan, &subscribers, may)).title("Versions of its prices").note("subscribers stay on theirs").flush().span(8))
                @if !moves.is_empty() { (moves::card(&plan, &moves, may)) }
            }
            @if may {
                (plan_dialogs(ctx, &plan, &subscribers))
                (moves::dialogs(ctx, &plan, &subscribers, &movable, &moves))
            }
        }))
}

fn facts(plan: &PlanEntry, subscribers: &Subscribers, declared: &[Entitlement]) -> Markup {
    let number = subscribers.of_plan(plan.id);
    definition_list(&[
        ("Name for programs", html! { code { (plan.slug) } }),
        (
            "Subscribers",
            html! { a.link href={ "/subscriptions?status=live&plan=" (plan.id) } { (count(number, "subscription", "subscriptions")) } },
        ),
        (
            "Trial",
            html! { @if plan.trial_days == 0 { "None" } @else { (plan.trial_days) " days" } },
        ),
        (
            "Offered",
            html! { @if plan.is_public { "On the price page" } @else { "By operators only" } },
        ),
        ("Allows", html! { (allows(plan, declared)) }),
        (
            "Listed",
            html! { @for line in &plan.features { (line) br; } },
        ),
    ])
}

fn versions(ctx: &OpsCtx, plan: &PlanEntry, subscribers: &Subscribers, may: bool) -> Markup {
    html! {
        @if plan.prices.is_empty() {
            (Empty::new(icons::LuTag, "No price yet", "Publish one, then put the plan on sale."))
        } @else {
            (table("Versions of prices",
                &html! { (head("Price")) (head("Version")) (head("State")) (head("From")) (head("Until")) (number_head("Subscribers")) (hidden_head("Actions")) },
                &html! { @for price in &plan.prices { (version_row(ctx, plan, price, subscribers, may)) } }))
        }
    }
}

fn version_row(
    ctx: &OpsCtx,
    plan: &PlanEntry,
    price: &PriceEntry,
    subscribers: &Subscribers,
    may: bool,
) -> Markup {
    let number = subscribers.of_price(price.id);
    let replaced = !successors(plan, price).is_empty();
    html! {
        tr {
            td { strong { (catalog::display(price.amount)) } " " (per(price.cycle)) }
            td { (price.version) }
            td { (version_badge(ctx, price)) }
            td { (moment(price.active_from)) }
            td { @match price.active_until { Some(until) => (moment(until)), None => "–" } }
            td.number { a href={ "/subscriptions?status=live&price=" (price.id) } { (number) } }
            td { @if may { div.cluster {
                @if number > 0 && replaced { (dialog_opener("Move subscribers", format!("migrate-{}", price.id))) }
                @if price.in_force(ctx.now) { (dialog_opener("Retire", format!("retire-{}", price.id)).ghost()) }
            } } }
        }
    }
}

fn version_badge(ctx: &OpsCtx, price: &PriceEntry) -> Markup {
    if price.in_force(ctx.now) {
        badge(Tone::Ok, "In force")
    } else if price.active_from > ctx.now {
        badge(Tone::Info, "Scheduled")
    } else {
        badge(Tone::Neutral, "Over")
    }
}

pub(super) fn per(cycle: Cycle) -> &'static str {
    match cycle {
        Cycle::Monthly => "a month",
        Cycle::Yearly => "a year",
    }
}

fn plan_dialogs(ctx: &OpsCtx, plan: &PlanEntry, subscribers: &Subscribers) -> Markup {
    let number = subscribers.of_plan(plan.id);
    let ask =
        |id: String, title: String, text: String, action: String, verb: &str, danger: bool| {
            Ask {
                id: &id,
                title,
                text,
                action,
                verb,
                danger,
                told: false,
            }
            .dialog(&Markup::default())
        };
    let base = format!("/products/plans/{}", plan.id);
    html! {
        @match plan.status {
            PlanStatus::Active => (ask("retire-plan".into(), format!("Take {} off sale?", plan.name),
                format!("Nobody can choose it any more. {} on it, and stay so.", count(number, "subscription is", "subscriptions are")),
                format!("{base}/retire"), "Take off sale", true)),
            _ => (ask("offer-plan".into(), format!("Put {} on sale?", plan.name),
                "New subscribers get its prices in force.".into(), format!("{base}/offer"), "Put on sale", false)),
        }
        @for price in plan.prices.iter().filter(|price| price.in_force(ctx.now)) {
            (ask(format!("retire-{}", price.id), "Retire this price?".into(),
                format!("{} {} is not offered any more, and nothing takes its place. {} on it, and stay so.",
                    catalog::display(price.amount), per(price.cycle),
                    count(subscribers.of_price(price.id), "subscription is", "subscriptions are")),
                format!("/products/prices/{}/retire", price.id), "Retire", true))
        }
    }
}
