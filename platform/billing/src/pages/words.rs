//! How subscriptions are put into words.

use kernel::{Access, SubscriptionStatus, Timestamp};
use module::Ctx;
use ui::Tone;

use crate::price::display;
use crate::subscription::{Subscription, Terms};
use crate::words::{Collection, PendingKind};

/// The tenant's day of an instant.
pub(super) fn day(ctx: &Ctx, at: Timestamp) -> String {
    at.in_zone(&ctx.tenant().zone)
        .strftime("%-d %B %Y")
        .to_string()
}

/// "€19 per month", "Free".
pub(super) fn price(of: &Subscription) -> Option<String> {
    let price = of.price?;
    if price.amount.minor == 0 {
        return Some("Free".to_owned());
    }
    let times = if of.quantity == 1 {
        String::new()
    } else {
        format!("{} times ", of.quantity)
    };
    Some(format!(
        "{times}{} {}",
        display(price.amount),
        price.cycle.per()
    ))
}

/// "Studio for €19 per month".
pub(super) fn terms(of: &Terms) -> String {
    if of.is_free() {
        format!("{}, which is free", of.plan.name)
    } else {
        format!(
            "{} for {} {}",
            of.plan.name,
            display(of.price.amount),
            of.price.cycle.per()
        )
    }
}

/// The state as a badge shows it.
pub(super) fn state(of: &Subscription, now: Timestamp) -> (Tone, &'static str) {
    match (of.status, of.access(now)) {
        (SubscriptionStatus::Trialing, Access::Full) => (Tone::Info, "Trial"),
        (_, Access::Full) if of.cancel_at_period_end => (Tone::Warn, "Cancelled"),
        (_, Access::Full) if of.due.is_some() => (Tone::Info, "Active, invoice open"),
        (_, Access::Full) => (Tone::Ok, "Active"),
        (_, Access::Grace) => (Tone::Warn, "Payment due"),
        (_, Access::ReadOnly) => (Tone::Warn, "Read only"),
        (_, Access::Blocked) => (Tone::Bad, "Switched off"),
    }
}

/// What happens next, in a sentence. `of` is what it is now, whatever was recorded last.
pub(super) fn what_next(ctx: &Ctx, of: &Subscription) -> String {
    use SubscriptionStatus::{Active, PastDue, Trialing, Unpaid};
    let soon = || "soon".to_owned();
    let on = |at: Option<Timestamp>| at.map_or_else(soon, |at| day(ctx, at));
    match of.status {
        Trialing if of.cancel_at_period_end => format!(
            "The trial ends on {} and does not go on. After that everything can be read for 30 days.",
            on(of.trial_end)
        ),
        Trialing => format!(
            "The trial ends on {}. Choose a plan before then to go on without a break.",
            on(of.trial_end)
        ),
        Active if of.cancel_at_period_end => format!(
            "It ends on {}. After that everything can be read for 30 days. You can take that back until then.",
            on(of.period_end)
        ),
        Active => match (&of.pending, of.due, of.collection) {
            (_, Some(due), _) => format!(
                "{} is to be paid by {}. The invoice comes by e-mail.",
                display(due),
                on(of.payment_due_at)
            ),
            (Some(pending), None, _) => {
                let why = match pending.kind {
                    PendingKind::Change => "The plan changes",
                    PendingKind::Migration => "A new price takes over",
                };
                format!(
                    "{why} on {}: {}.",
                    day(ctx, pending.at),
                    terms(&pending.terms)
                )
            }
            (None, None, Collection::Free) => {
                "It costs nothing and goes on until you cancel.".to_owned()
            }
            (None, None, _) => format!(
                "It is paid until {}. We send the next invoice before then.",
                on(of.period_end)
            ),
        },
        PastDue => format!(
            "{} is overdue. Everything works until {}; after that it can only be read.",
            of.due.map_or_else(|| "A payment".to_owned(), display),
            on(of.grace_until)
        ),
        Unpaid | SubscriptionStatus::Cancelled | SubscriptionStatus::Expired => {
            let pay = if of.status == Unpaid {
                format!(
                    " Once {} has come in everything works again.",
                    of.due.map_or_else(|| "the payment".to_owned(), display)
                )
            } else {
                String::new()
            };
            if of.access(ctx.now()) == Access::ReadOnly {
                format!(
                    "Everything can be read and exported until {}. Nothing is deleted.{pay}",
                    on(of.read_only_until)
                )
            } else {
                format!("It is switched off. Nothing that you stored in it is lost.{pay}")
            }
        }
        SubscriptionStatus::Paused => {
            "It rests: everything can be read, nothing changed.".to_owned()
        }
        SubscriptionStatus::Incomplete | SubscriptionStatus::IncompleteExpired => {
            "The checkout was not finished. Choose a plan to begin.".to_owned()
        }
    }
}
