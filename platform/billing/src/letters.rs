//! What mails about subscriptions say. They come from the platform, not from the tenant: it is the one who is billed.

use kernel::{Email, Money, Result, Timestamp};
use messaging::{Brand, Letter};
use module::Links;
use sqlx::PgConnection;

use crate::notices::KEEP_DAYS;
use crate::price::{Price, days, display};
use crate::state::Addressee;
use crate::subscription::Subscription;
use crate::{Act, Billing, profiles};

/// Whom a mail is for, and where its links lead.
pub(crate) struct To<'a> {
    links: &'a Links,
    tenant: &'a Addressee,
}

impl To<'_> {
    fn day(&self, at: Timestamp) -> String {
        at.in_zone(&self.tenant.zone)
            .strftime("%-d %B %Y")
            .to_string()
    }

    fn day_or_soon(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| "soon".to_owned(), |at| self.day(at))
    }

    fn billing(&self) -> String {
        self.links.tenant(&self.tenant.slug, "/app/billing")
    }

    fn plans(&self) -> String {
        self.links.tenant(&self.tenant.slug, "/app/billing/plans")
    }

    fn letter(&self, template: &'static str, subject: String, of: &Subscription) -> Letter {
        Letter::new(template, subject)
            .brand(Brand::platform(self.links.host()))
            .fact("Workspace", self.tenant.name.clone())
            .fact("Product", of.plan.product_name.clone())
            .fine_print(
                "You get this mail because you look after the subscriptions of this workspace.",
            )
    }
}

/// What the platform's people have to write an invoice for.
pub(crate) struct Invoice {
    plan: String,
    sum: Money,
    due_at: Timestamp,
}

impl Invoice {
    /// For what is open, if anything is.
    pub(crate) fn open(of: &Subscription) -> Option<Self> {
        let (sum, due_at) = of.due.zip(of.payment_due_at)?;
        let plan = plan(of);
        Some(Self { plan, sum, due_at })
    }

    /// For the period after this one, if it costs anything.
    pub(crate) fn renewal(of: &Subscription) -> Result<Option<Self>> {
        let next = of.renewal()?.zip(of.period_end);
        Ok(next.map(|(sum, due_at)| Self {
            plan: next_plan(of, due_at),
            sum,
            due_at,
        }))
    }
}

impl Billing {
    /// Writes a mail to those who look after the tenant's subscriptions: the billing address when there is one, its
    /// owners otherwise.
    pub(crate) async fn send(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        of: &Subscription,
        write: impl Fn(&To<'_>, &Subscription) -> Letter,
    ) -> Result<()> {
        let setup = self.setup();
        let Some(tenant) = setup.addressees.find(conn, act.tenant).await? else {
            return Ok(());
        };
        let readers = match profiles::find(conn, act.tenant).await? {
            Some(profile) => vec![(Email::parse(&profile.billing_email)?, profile.legal_name)],
            None => tenant.owners.clone(),
        };
        let to = To {
            links: &setup.links,
            tenant: &tenant,
        };
        for (email, name) in readers {
            write(&to, of)
                .to(&email, name)
                .send(conn, Some(act.tenant), act.now)
                .await?;
        }
        Ok(())
    }

    /// Tells the platform's people that an invoice has to be written.
    pub(crate) async fn tell_operators(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        invoice: &Invoice,
    ) -> Result<()> {
        let setup = self.setup();
        let Some(tenant) = setup.addressees.find(conn, act.tenant).await? else {
            return Ok(());
        };
        let to = To {
            links: &setup.links,
            tenant: &tenant,
        };
        let profile = profiles::find(conn, act.tenant).await?;
        for operator in &setup.operators {
            let subject = format!("{} needs an invoice", tenant.name);
            let mut letter = Letter::new("billing.invoice_request", subject)
                .to(operator, "")
                .brand(Brand::platform(setup.links.host()))
                .paragraph("Write the invoice, send it to the billing address, and note the payment in the console when it has come in.")
                .fact("Workspace", setup.links.tenant_host(&tenant.slug))
                .fact("Plan", invoice.plan.clone())
                .fact("Amount", display(invoice.sum))
                .fact("Due by", to.day(invoice.due_at));
            if let Some(profile) = &profile {
                letter = letter
                    .fact("Made out to", profile.legal_name.clone())
                    .fact("Send to", profile.billing_email.clone())
                    .fact("Address", profile.address.replace('\n', ", "));
                if let Some(tax_id) = &profile.tax_id {
                    letter = letter.fact("Tax number", tax_id.clone());
                }
            }
            letter
                .button("Open the console", setup.links.ops("/"))
                .send(conn, Some(act.tenant), act.now)
                .await?;
        }
        Ok(())
    }
}

/// "Studio, €19 per month".
fn plan(of: &Subscription) -> String {
    match of.price {
        Some(price) => plan_at(&of.plan.name, price, of.quantity),
        None => of.plan.name.clone(),
    }
}

/// The plan that the period after `end` is on.
fn next_plan(of: &Subscription, end: Timestamp) -> String {
    match &of.pending {
        Some(next) if next.at <= end => {
            plan_at(&next.terms.plan.name, next.terms.price, of.quantity)
        }
        _ => plan(of),
    }
}

fn plan_at(name: &str, price: Price, quantity: i32) -> String {
    if price.amount.minor == 0 {
        return name.to_owned();
    }
    let times = if quantity == 1 {
        String::new()
    } else {
        format!("{quantity} times ")
    };
    format!(
        "{name}, {times}{} {}",
        display(price.amount),
        price.cycle.per()
    )
}

fn sum(of: Option<Money>) -> String {
    of.map_or_else(|| "nothing".to_owned(), display)
}

pub(crate) fn trial_extended(to: &To<'_>, of: &Subscription) -> Letter {
    let end = to.day_or_soon(of.trial_end);
    let name = &of.plan.product_name;
    to.letter(
        "billing.trial_extended",
        format!("Your trial of {name} goes on until {end}"),
        of,
    )
    .paragraph(format!(
        "Your trial was extended. Everything works until {end}."
    ))
    .button("Open billing", to.billing())
}

pub(crate) fn trial_ending(to: &To<'_>, of: &Subscription) -> Letter {
    let end = to.day_or_soon(of.trial_end);
    let name = &of.plan.product_name;
    to.letter("billing.trial_ending", format!("Your trial of {name} ends on {end}"), of)
        .paragraph(format!(
            "Choose a plan to go on without a break. Without one everything can be read and exported for another 7 days after {end}, and your public pages stay up that long."
        ))
        .button("Choose a plan", to.plans())
}

pub(crate) fn trial_ended(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let until = to.day_or_soon(of.read_only_until);
    to.letter("billing.trial_ended", format!("Your trial of {name} has ended"), of)
        .paragraph(format!(
            "Everything can still be read and exported until {until}, and your public pages stay up that long. Choose a plan and you can work on at once. Nothing is deleted."
        ))
        .button("Choose a plan", to.plans())
}

pub(crate) fn activated(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let letter = to
        .letter(
            "billing.activated",
            format!("{name}: your plan is {}", of.plan.name),
            of,
        )
        .fact("Plan", plan(of));
    if let Some((due, by)) = of.due.zip(of.payment_due_at) {
        return letter
            .fact("To pay", display(due))
            .fact("Due by", to.day(by))
            .paragraph("Your plan is active. We send the invoice with our bank details to this address; nothing else has to be done until then.")
            .button("Open billing", to.billing());
    }
    let letter = match of.period_end {
        Some(end) => letter.fact("Paid until", to.day(end)),
        None => letter,
    };
    letter
        .paragraph("Your plan is active.")
        .button("Open billing", to.billing())
}

pub(crate) fn paid(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let letter = to.letter(
        "billing.paid",
        format!("Your payment for {name} has come in"),
        of,
    );
    if let Some((due, by)) = of.due.zip(of.payment_due_at) {
        return letter
            .fact("To pay", display(due))
            .fact("Due by", to.day(by))
            .paragraph("Thank you. Everything works again, and a new period begins today. We send the invoice for it to this address.")
            .button("Open billing", to.billing());
    }
    let letter = match of.period_end {
        Some(end) => letter.fact("Paid until", to.day(end)),
        None => letter,
    };
    letter
        .paragraph("Thank you. Everything works, and there is nothing to do.")
        .button("Open billing", to.billing())
}

pub(crate) fn debt_settled(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    to.letter(
        "billing.debt_settled",
        format!("Nothing is open for {name} any more"),
        of,
    )
    .paragraph(
        "The invoice that was still open is settled. You can choose a plan again at any time.",
    )
    .button("See the plans", to.plans())
}

pub(crate) fn renewal_coming(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let day = to.day_or_soon(of.period_end);
    let mut letter = to.letter(
        "billing.renewal_coming",
        format!("{name}: the next period begins on {day}"),
        of,
    );
    if let Ok(Some(next)) = Invoice::renewal(of) {
        letter = letter
            .fact("Plan", next.plan)
            .fact("To pay", display(next.sum))
            .fact("Due by", to.day(next.due_at));
    }
    letter
        .paragraph(format!(
            "We send the invoice with our bank details to this address. If you have paid it already, or do not want to go on, there is nothing to pay: in the second case cancel before {day}."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn changed(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let letter = to
        .letter(
            "billing.plan_changed",
            format!("{name}: your plan is {} now", of.plan.name),
            of,
        )
        .fact("Plan", plan(of));
    match of.due.zip(of.payment_due_at) {
        Some((due, by)) => letter
            .fact("To pay", display(due))
            .fact("Due by", to.day(by))
            .paragraph(
                "The change holds at once. We send the invoice for the difference to this address.",
            )
            .button("Open billing", to.billing()),
        None => letter
            .paragraph("The change holds at once.")
            .button("Open billing", to.billing()),
    }
}

pub(crate) fn change_scheduled(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let (plan, day) = coming(to, of);
    to.letter("billing.change_scheduled", format!("{name}: your plan changes on {day}"), of)
        .paragraph(format!(
            "Until then everything stays as it is. From {day} on your plan is {plan}. You can take that back until then."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn price_announced(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let (new, day) = coming(to, of);
    to.letter("billing.price_announced", format!("{name}: a new price from {day} on"), of)
        .fact("Today", plan(of))
        .fact(format!("From {day} on"), new)
        .paragraph(
            "What you have paid for stays as it is. If the new price does not suit you, choose another plan or cancel before then.",
        )
        .button("Open billing", to.billing())
}

pub(crate) fn keeps(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    to.letter("billing.keeps_price", format!("{name} keeps its plan and price"), of)
        .fact("Plan", plan(of))
        .paragraph(
            "The change that we had announced for the end of the period was taken back. Everything stays as it is.",
        )
        .button("Open billing", to.billing())
}

/// The price that takes over, in words, and its day.
fn coming(to: &To<'_>, of: &Subscription) -> (String, String) {
    let Some(pending) = &of.pending else {
        return (plan(of), to.day_or_soon(of.period_end));
    };
    let price = pending.terms.price;
    let words = if price.amount.minor == 0 {
        format!("{}, free", pending.terms.plan.name)
    } else {
        format!(
            "{}, {} {}",
            pending.terms.plan.name,
            display(price.amount),
            price.cycle.per()
        )
    };
    (words, to.day(pending.at))
}

pub(crate) fn cancel_scheduled(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let end = to.day_or_soon(of.period_end);
    to.letter("billing.cancel_scheduled", format!("{name} ends on {end}"), of)
        .paragraph(format!(
            "You cancelled. Everything works until {end}; after that it can be read and exported for 30 days. You can take it back until then."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn resumed(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    to.letter("billing.resumed", format!("{name} goes on"), of)
        .paragraph("The cancellation was taken back. Everything stays as it was.")
        .button("Open billing", to.billing())
}

pub(crate) fn overdue(to: &To<'_>, of: &Subscription, day: u64) -> Letter {
    let name = &of.plan.product_name;
    let until = to.day_or_soon(of.grace_until);
    let subject = match day {
        0 => format!("Your payment for {name} is due"),
        12 => format!("{name} becomes read-only in two days"),
        _ => format!("Your payment for {name} is still open"),
    };
    to.letter("billing.overdue", subject, of)
        .fact("To pay", sum(of.due))
        .fact("Please pay by", until.clone())
        .paragraph(format!(
            "We have not received your payment yet. Everything works until {until}; after that it can be read but not changed. If you have paid in the last days, there is nothing to do."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn read_only(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let until = to.day_or_soon(of.read_only_until);
    to.letter("billing.read_only", format!("{name} can be read but not changed"), of)
        .fact("To pay", sum(of.due))
        .paragraph(format!(
            "Your payment has not come. Everything can be read and exported until {until}, and your public pages stay up that long. Once the payment is here you can work on at once."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn cancelled(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let until = to.day_or_soon(of.read_only_until);
    to.letter("billing.cancelled", format!("Your subscription to {name} has ended"), of)
        .paragraph(format!(
            "Everything can still be read and exported until {until}, and your public pages stay up that long. Nothing is deleted. You can subscribe again at any time."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn blocked(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let kept = kept_until(to, of);
    to.letter("billing.blocked", format!("{name} is switched off"), of)
        .paragraph(format!(
            "Its pages cannot be opened any more, and your public pages say that they are unavailable. Nothing is deleted: we keep everything at least until {kept}. Subscribe again and all of it is back at once."
        ))
        .button("Open billing", to.billing())
}

pub(crate) fn kept(to: &To<'_>, of: &Subscription) -> Letter {
    let name = &of.plan.product_name;
    let kept = kept_until(to, of);
    to.letter("billing.kept", format!("We keep what is in {name} at least until {kept}"), of)
        .paragraph(
            "Nothing has been deleted. If you want to go on, or to take your content with you, subscribe again before that day.",
        )
        .button("Open billing", to.billing())
}

fn kept_until(to: &To<'_>, of: &Subscription) -> String {
    to.day_or_soon(of.lapsed_at().map(|lapsed| lapsed.plus(days(KEEP_DAYS))))
}
