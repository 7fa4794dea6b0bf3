//! The dialogs in which operators act on a subscription.

use std::time::Duration;

use catalog::Cycle;
use catalog::manage::{PlanStatus, ProductEntry};
use kernel::{Money, OperatorRole, TenantId, Timestamp};
use maud::{Markup, html};
use module::OpsCtx;
use ui::field::{self, Choice};
use ui::{Menu, icons};

use super::Row;
use crate::ask::Ask;
use crate::respond::date;

fn days(now: Timestamp, days: u64) -> Timestamp {
    now.plus(Duration::from_hours(24 * days))
}

/// Every price that may be given: those in force first, then those that nobody new gets.
fn prices(offers: &[ProductEntry], product: Option<&str>, now: Timestamp) -> Vec<Choice> {
    let mut choices: Vec<(bool, Choice)> = Vec::new();
    for offer in offers {
        if product.is_some_and(|name| name != offer.name) {
            continue;
        }
        for plan in offer
            .plans
            .iter()
            .filter(|plan| plan.status != PlanStatus::Draft)
        {
            for price in plan.prices.iter().filter(|price| price.active_from <= now) {
                let sold = price.in_force(now) && plan.status == PlanStatus::Active;
                let every = match price.cycle {
                    Cycle::Monthly => "a month",
                    Cycle::Yearly => "a year",
                };
                let label = format!(
                    "{} {}: {} {every}, version {}{}",
                    offer.name,
                    plan.name,
                    catalog::display(price.amount),
                    price.version,
                    if sold { "" } else { " (not sold any more)" }
                );
                choices.push((!sold, Choice::new(price.id.to_string(), label)));
            }
        }
    }
    choices.sort_by_key(|(old, _)| *old);
    choices.into_iter().map(|(_, choice)| choice).collect()
}

/// Sets up a plan by hand, on the trial that is there or as a new subscription.
pub(super) fn activate(ctx: &OpsCtx, tenant: TenantId, offers: &[ProductEntry]) -> Markup {
    let fields = html! {
        (field::select("price", "Price", prices(offers, None, ctx.now)).within("activate"))
        (field::number("quantity", "Quantity").within("activate").value("1").min("1").required())
        (field::date("start", "First day").within("activate").value(date(ctx.now)).min(date(ctx.now.minus(Duration::from_hours(24 * 365)))).max(date(days(ctx.now, 365))).help("In UTC. It may lie up to a year away, in either direction."))
        (field::checkbox("paid", "The first period is paid already", false).value("on").within("activate").help("Otherwise the invoice is due within 14 days."))
    };
    Ask {
        id: "activate",
        title: "Activate a plan by hand".to_owned(),
        text: "It takes the place of a trial of the same product. The owners get a mail."
            .to_owned(),
        action: format!("/tenants/{tenant}/subscriptions"),
        verb: "Activate",
        danger: false,
        told: true,
    }
    .dialog(&fields)
}

fn id(act: &str, row: &Row) -> String {
    format!("{act}-{}", row.id)
}

/// What a subscription that is over still owes, where this operator may settle it.
fn debt(ctx: &OpsCtx, row: &Row) -> Option<Money> {
    row.due
        .filter(|_| row.is_over() && ctx.may(OperatorRole::Billing))
}

/// The menu of one subscription; nothing for one that is over and owes nothing.
pub(super) fn menu(ctx: &OpsCtx, row: &Row) -> Markup {
    let mut menu = Menu::dots(id("menu", row), format!("Actions for {}", row.product));
    if debt(ctx, row).is_some() {
        menu = menu.dialog("Settle what is open", id("settle", row), icons::LuBanknote);
        return html! { (menu) };
    }
    if row.is_over() || !ctx.may(OperatorRole::Support) {
        return Markup::default();
    }
    if row.status == "trialing" {
        menu = menu.dialog("Extend the trial", id("extend", row), icons::LuCalendarPlus);
    }
    if ctx.may(OperatorRole::Billing) {
        if row.collection == "manual" {
            menu = menu
                .dialog("Record a payment", id("pay", row), icons::LuBanknote)
                .dialog(
                    "Note a missing payment",
                    id("unpaid", row),
                    icons::LuCircleAlert,
                );
        }
        if matches!(row.status.as_str(), "active" | "past_due") {
            menu = menu.dialog(
                "Change plan or price",
                id("change", row),
                icons::LuArrowLeftRight,
            );
        }
        if row.cancel_at_period_end {
            menu = menu.dialog("Let it go on", id("resume", row), icons::LuRotateCcw);
        }
        menu = menu
            .line()
            .danger_dialog("Cancel", id("cancel", row), icons::LuBan);
    }
    html! { (menu) }
}

/// What the menu of one subscription opens.
pub(super) fn dialogs(ctx: &OpsCtx, row: &Row, offers: &[ProductEntry]) -> Markup {
    let base = format!("/tenants/{}/subscriptions/{}", row.tenant, row.id);
    let rev = field::hidden("rev", &row.rev.to_string());
    let ask = |act: &str, title: String, text: &str, verb: &str, danger: bool, fields: Markup| {
        Ask {
            id: &id(act, row),
            title,
            text: text.to_owned(),
            action: format!("{base}/{act}"),
            verb,
            danger,
            told: true,
        }
        .dialog(&html! { (rev) (fields) })
    };
    let product = &row.product;
    let none = Markup::default;
    if let Some(due) = debt(ctx, row) {
        let text = format!(
            "{} is still open. Settle it when it was paid after all, or when it is written off: the reason says which. Nothing is open then, and the workspace can choose a plan again. It gets a mail.",
            catalog::display(due)
        );
        let title = format!("Settle what is open for {product}?");
        return ask("settle", title, &text, "Settle it", false, none());
    }
    if row.is_over() || !ctx.may(OperatorRole::Support) {
        return Markup::default();
    }
    html! {
        @if row.status == "trialing" {
            @let end = row.trial_end.unwrap_or(ctx.now).max(ctx.now);
            (ask("extend", format!("Extend the trial of {product}?"), "Everything works until then. The owners get a mail.", "Extend", false,
                html! { (field::date("until", "New end").within(id("extend", row)).value(date(days(end, 14))).min(date(days(end, 1))).max(date(days(ctx.now, 365))).required().help("The trial ends at the beginning of this day, in UTC.")) }))
        }
        @if ctx.may(OperatorRole::Billing) {
            @if row.collection == "manual" {
                (ask("pay", format!("Record a payment for {product}?"), "It settles what is open; otherwise it pays for the next period.", "Record", false, none()))
                (ask("unpaid", format!("Note a missing payment for {product}?"), "The time of grace begins now. Everything works until it is over.", "Note it", true, none()))
            }
            @if matches!(row.status.as_str(), "active" | "past_due") {
                (ask("change", format!("Change plan or price of {product}?"), "A larger plan takes over at once, a smaller one with the end of the period. What no longer has room can be read.", "Change", false,
                    html! { (field::select("price", "Price", prices(offers, Some(product), ctx.now)).within(id("change", row))) }))
            }
            @if row.cancel_at_period_end {
                (ask("resume", format!("Let {product} go on?"), "It renews at the end of the period as if nobody had cancelled.", "Let it go on", false, none()))
            }
            (ask("cancel", format!("Cancel {product}?"), "What has ended can be read for 30 days. Nothing is deleted.", "Cancel it", true,
                html! { (field::select("when", "When", vec![Choice::new("period_end", "At the end of the period"), Choice::new("now", "At once")]).within(id("cancel", row))) }))
        }
    }
}
