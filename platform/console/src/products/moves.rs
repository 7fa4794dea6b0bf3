//! Moving the subscribers of one version of a price to another: what it would bring stands in the dialog, and what is
//! announced can be taken back until it happens.

use std::time::Duration;

use catalog::Cycle;
use catalog::manage::{PlanEntry, PriceEntry};
use kernel::Money;
use maud::{Markup, html};
use module::OpsCtx;
use ui::field::{self, Choice};
use ui::table::{head, hidden_head, number_head, table};
use ui::{Card, dialog_opener};
use uuid::Uuid;

use super::Subscribers;
use super::pages::per;
use crate::ask::Ask;
use crate::respond::{count, date, day};
use crate::subscriptions::Move;

/// The prices that its subscribers can be moved to: the same cycle and currency, a later version.
pub(super) fn successors<'a>(plan: &'a PlanEntry, price: &PriceEntry) -> Vec<&'a PriceEntry> {
    plan.prices
        .iter()
        .filter(|other| {
            other.id != price.id
                && other.cycle == price.cycle
                && other.amount.currency == price.amount.currency
                && other.version > price.version
        })
        .collect()
}

/// How many of a price's subscribers would move, by the quantity that each has.
fn of_price(movable: &[(Uuid, i32, i64)], price: &PriceEntry) -> Vec<(i32, i64)> {
    let of_price = movable.iter().filter(|(of, ..)| *of == price.id.0);
    of_price
        .map(|(_, quantity, number)| (*quantity, *number))
        .collect()
}

/// By how much the monthly revenue changes, each subscription rounded as billing rounds it.
fn revenue_change(from: &PriceEntry, to: &PriceEntry, moving: &[(i32, i64)]) -> Option<Money> {
    let monthly = |price: &PriceEntry, quantity: i32| {
        let cycle = match price.cycle {
            Cycle::Monthly => billing::Cycle::Monthly,
            Cycle::Yearly => billing::Cycle::Yearly,
        };
        let price = billing::Price {
            id: billing::PriceId(price.id.0),
            cycle,
            amount: price.amount,
        };
        price.monthly(quantity).ok()
    };
    let mut sum = 0_i64;
    for (quantity, number) in moving {
        let each = monthly(to, *quantity)?.checked_sub(monthly(from, *quantity)?)?;
        sum = sum.checked_add(each.checked_mul(*number)?)?;
    }
    Some(Money::new(sum, to.amount.currency))
}

/// `MRR +€5`, or what stands for no difference.
fn in_words(change: Money) -> String {
    let sum = catalog::display(Money::new(change.minor.abs(), change.currency));
    match change.minor {
        0 => "MRR as before".to_owned(),
        up if up > 0 => format!("MRR +{sum}"),
        _ => format!("MRR −{sum}"),
    }
}

fn migrate_id(price: &PriceEntry) -> String {
    format!("migrate-{}", price.id)
}

fn keep_id(of: &Move) -> String {
    format!("keep-{}-{}", of.from, of.to)
}

fn named(plan: &PlanEntry, id: Uuid) -> String {
    let known = plan.prices.iter().find(|price| price.id.0 == id);
    known.map_or_else(
        || "another plan".to_owned(),
        |price| {
            format!(
                "version {}, {} {}",
                price.version,
                catalog::display(price.amount),
                per(price.cycle)
            )
        },
    )
}

/// The moves that are announced and still to come.
pub(super) fn card(plan: &PlanEntry, moves: &[Move], may: bool) -> Markup {
    let when = |of: &Move| {
        if day(of.first) == day(of.last) {
            day(of.first)
        } else {
            format!("{} to {}", day(of.first), day(of.last))
        }
    };
    html! {
        (Card::new(table("Announced moves",
            &html! { (head("From")) (head("To")) (head("When")) (number_head("Subscribers")) (hidden_head("Actions")) },
            &html! { @for of in moves {
                tr {
                    td { (named(plan, of.from)) }
                    td { (named(plan, of.to)) }
                    td { (when(of)) }
                    td.number { a href={ "/subscriptions?status=live&price=" (of.from) } { (of.number) } }
                    td { @if may { (dialog_opener("Undo", keep_id(of))) } }
                }
            } }))
            .title("Announced moves").note("each with the end of its period").flush().span(12))
    }
}

/// What the buttons about moves open.
pub(super) fn dialogs(
    ctx: &OpsCtx,
    plan: &PlanEntry,
    subscribers: &Subscribers,
    movable: &[(Uuid, i32, i64)],
    moves: &[Move],
) -> Markup {
    html! {
        @for price in &plan.prices {
            @if subscribers.of_price(price.id) > 0 && !successors(plan, price).is_empty() {
                (migrate(ctx, plan, price, subscribers.of_price(price.id), &of_price(movable, price)))
            }
        }
        @for of in moves {
            (Ask {
                id: &keep_id(of),
                title: "Undo this move?".to_owned(),
                text: format!(
                    "{} on {} instead of moving to {}. Their owners get a mail. Whoever has paid at the new price already moves nevertheless.",
                    count(of.number, "subscription stays", "subscriptions stay"), named(plan, of.from), named(plan, of.to),
                ),
                action: format!("/products/prices/{}/keep", of.from),
                verb: "Undo the move",
                danger: false,
                told: true,
            }.dialog(&field::hidden("to", &of.to.to_string())))
        }
    }
}

fn migrate(
    ctx: &OpsCtx,
    plan: &PlanEntry,
    price: &PriceEntry,
    number: i64,
    moving: &[(i32, i64)],
) -> Markup {
    let id = migrate_id(price);
    let day = |days: u64| date(ctx.now.plus(Duration::from_hours(24 * days)));
    let choices = successors(plan, price)
        .into_iter()
        .map(|to| {
            let change = revenue_change(price, to, moving);
            let label = format!(
                "{} {}{}, version {}",
                catalog::display(to.amount),
                per(to.cycle),
                change.map_or_else(String::new, |change| format!(" ({})", in_words(change))),
                to.version
            );
            Choice::new(to.id.to_string(), label)
        })
        .collect();
    let fields = html! {
        (field::select("to", "To", choices).within(id.clone()))
        (field::date("effective", "From").within(id.clone()).value(day(30)).min(day(15)).required().help("Each subscription moves with the end of its first period from this day on. At least 14 days' notice."))
    };
    let moves: i64 = moving.iter().map(|(_, number)| number).sum();
    let staying = match number - moves {
        0 => String::new(),
        others => format!(
            " {} not: unpaid, cancelled, or about to change the plan.",
            count(others, "other does", "others do")
        ),
    };
    Ask {
        id: &id,
        title: format!("Move the subscribers of version {}?", price.version),
        text: format!(
            "{}.{staying} Their owners get a mail at once that says what changes, and when.",
            count(moves, "subscription moves", "subscriptions move"),
        ),
        action: format!("/products/prices/{}/migrate", price.id),
        verb: "Schedule",
        danger: false,
        told: true,
    }
    .dialog(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::PriceId;
    use kernel::{Currency, Timestamp};

    fn price(minor: i64) -> PriceEntry {
        let from: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        PriceEntry {
            id: PriceId::new(),
            version: 1,
            cycle: Cycle::Yearly,
            amount: Money::new(minor, Currency::EUR),
            active_from: from,
            active_until: None,
        }
    }

    #[test]
    fn the_change_of_revenue_is_the_sum_of_rounded_ones() {
        // 15.83 to 17.50 each, and for two 31.67 to 35.00.
        let change = revenue_change(&price(19_000), &price(21_000), &[(1, 3), (2, 1)]).unwrap();
        assert_eq!(change.minor, 3 * 167 + 333);
        assert_eq!(in_words(change), "MRR +€8.34");
        let less = revenue_change(&price(12_000), &price(6_000), &[(1, 1)]).unwrap();
        assert_eq!(in_words(less), "MRR −€5");
    }
}
