//! The dialogs in which operators act on a subscription.

use std::time::Duration;

use catalog::Cycle;
use catalog::manage::{PlanStatus, ProductEntry};
use kernel::{OperatorRole, TenantId, Timestamp};
use maud::{Markup, html};
use module::OpsCtx;
use ui::field::{self, Choice};
use ui::{Menu, icons};

use super::{Payment, Row};
use crate::ask::Ask;
use crate::respond::{amounts, date, day};

fn days(now: Timestamp, days: u64) -> Timestamp {
    now.plus(Duration::from_hours(24 * days))
}

/// Every price that may be given: those in force first, then those that nobody new gets. For a subscription there is,
/// those that it can change to: of its product, in its currency.
pub(super) fn prices(offers: &[ProductEntry], of: Option<&Row>, now: Timestamp) -> Vec<Choice> {
    let mut choices: Vec<(bool, Choice)> = Vec::new();
    for offer in offers {
        if of.is_some_and(|row| row.product != offer.name) {
            continue;
        }
        for plan in offer
            .plans
            .iter()
            .filter(|plan| plan.status != PlanStatus::Draft)
        {
            let on = of.and_then(|row| row.price.as_ref());
            for price in plan.prices.iter().filter(|price| {
                price.active_from <= now
                    && on.is_none_or(|on| {
                        on.id != price.id.0 && on.amount.currency == price.amount.currency
                    })
            }) {
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

/// What may be done to a subscription in the state it is in, in the order of the menu. Nothing is offered that would be
/// refused for it.
fn offered(ctx: &OpsCtx, row: &Row) -> Vec<&'static str> {
    let active = row.status == "active";
    // The period of the coming price is paid already: it cannot be replaced any more.
    let sold = row
        .pending
        .as_ref()
        .zip(row.period_start)
        .is_some_and(|(coming, start)| start > ctx.now && coming.at <= start);
    let payable = row.payment(ctx.now) != Payment::Nothing;
    let mut acts = Vec::new();
    if row.is_over() {
        if row.due.is_some() && ctx.may(OperatorRole::Billing) {
            acts.push("settle");
        }
        return acts;
    }
    if ctx.may(OperatorRole::Support) && row.status == "trialing" {
        acts.push("extend");
    }
    if ctx.may(OperatorRole::Billing) {
        let of_billing = [
            ("pay", payable),
            ("unpaid", payable && active),
            ("change", active && !sold),
            ("keep", active && row.pending.is_some() && !sold),
            ("resume", row.cancel_at_period_end),
            ("cancel", true),
        ];
        let open = of_billing.into_iter().filter(|(_, open)| *open);
        acts.extend(open.map(|(act, _)| act));
    }
    acts
}

/// The menu of one subscription; nothing for one that is over and owes nothing.
pub(super) fn menu(ctx: &OpsCtx, row: &Row) -> Markup {
    let offered = offered(ctx, row);
    if offered.is_empty() {
        return Markup::default();
    }
    let mut menu = Menu::dots(id("menu", row), format!("Actions for {}", row.product));
    for act in offered {
        let (label, icon) = match act {
            // What it would bring needs a page of its own.
            "change" => {
                let path = format!("/tenants/{}/subscriptions/{}/change", row.tenant, row.id);
                menu = menu.link("Change plan or price", path, icons::LuArrowLeftRight);
                continue;
            }
            "extend" => ("Extend the trial", icons::LuCalendarPlus),
            "pay" => ("Record a payment", icons::LuBanknote),
            "unpaid" => ("Note a missing payment", icons::LuCircleAlert),
            "keep" => ("Take back the coming change", icons::LuUndo2),
            "resume" => ("Let it go on", icons::LuRotateCcw),
            "settle" => ("Settle what is open", icons::LuBanknote),
            _ => {
                menu = menu
                    .line()
                    .danger_dialog("Cancel", id("cancel", row), icons::LuBan);
                continue;
            }
        };
        menu = menu.dialog(label, id(act, row), icon);
    }
    html! { (menu) }
}

/// What a payment settles, as the dialog says it.
fn payment(row: &Row, now: Timestamp) -> String {
    match row.payment(now) {
        Payment::Settles(due) if row.status == "unpaid" => format!(
            "{} is open. The payment settles it, and a new period begins today.",
            catalog::display(due)
        ),
        Payment::Settles(due) => match row.payment_due_at {
            Some(by) => format!(
                "{} is open, due {}. The payment settles it.",
                catalog::display(due),
                day(by)
            ),
            None => format!("{} is open. The payment settles it.", catalog::display(due)),
        },
        Payment::PaysAhead(sum, from) => format!(
            "Nothing is open. The payment of {} is for the next period, which begins {}.",
            catalog::display(sum),
            day(from)
        ),
        Payment::Nothing => "There is nothing to pay.".to_owned(),
    }
}

/// What a subscription that is over still owes, and what settling it means.
fn debt(row: &Row) -> String {
    format!(
        "{} is still open. Settle it when it was paid after all, or when it is written off: the reason says which. Nothing is open then, and the workspace can choose a plan again. It gets a mail.",
        amounts(row.due.as_slice())
    )
}

/// What stays as it is when the coming change is taken back.
fn kept(row: &Row) -> String {
    let Some(coming) = &row.pending else {
        return String::new();
    };
    format!(
        "{} {}, {}, would take over on {}. It stays on {} {} instead. The owners get a mail.",
        row.product,
        coming.plan,
        coming.price.in_words(),
        day(coming.at),
        row.product,
        row.plan
    )
}

/// When it can end: at once always, with the period only where one is paid for.
fn ends(row: &Row) -> Vec<Choice> {
    let mut choices = vec![Choice::new("now", "At once")];
    let can_wait = matches!(row.status.as_str(), "active" | "trialing")
        && row.period_end.is_some()
        && !row.cancel_at_period_end;
    if can_wait {
        choices.insert(0, Choice::new("period_end", "At the end of the period"));
    }
    choices
}

/// What the menu of one subscription opens.
pub(super) fn dialogs(ctx: &OpsCtx, row: &Row) -> Markup {
    let offered = offered(ctx, row);
    let open = |act: &str| offered.contains(&act);
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
    html! {
        @if open("extend") {
            @let end = row.trial_end.unwrap_or(ctx.now).max(ctx.now);
            (ask("extend", format!("Extend the trial of {product}?"), "Everything works until then. The owners get a mail.", "Extend", false,
                html! { (field::date("until", "New end").within(id("extend", row)).value(date(days(end, 14))).min(date(days(end, 1))).max(date(days(ctx.now, 365))).required().help("The trial ends at the beginning of this day, in UTC.")) }))
        }
        @if open("pay") {
            (ask("pay", format!("Record a payment for {product}?"), &payment(row, ctx.now), "Record", false, none()))
        }
        @if open("unpaid") {
            (ask("unpaid", format!("Note a missing payment for {product}?"), "The time of grace begins now. Everything works until it is over.", "Note it", true, none()))
        }
        @if open("keep") {
            (ask("keep", "Take back the coming change?".to_owned(), &kept(row), "Take it back", false, none()))
        }
        @if open("resume") {
            (ask("resume", format!("Let {product} go on?"), "It renews at the end of the period as if nobody had cancelled.", "Let it go on", false, none()))
        }
        @if open("settle") {
            (ask("settle", format!("Settle what is open for {product}?"), &debt(row), "Settle it", false, none()))
        }
        @if open("cancel") {
            (ask("cancel", format!("Cancel {product}?"), "What has ended can be read for 30 days. Nothing is deleted.", "Cancel it", true,
                html! { (field::select("when", "When", ends(row)).within(id("cancel", row))) }))
        }
    }
}
