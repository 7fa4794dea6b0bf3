//! A new version of a price: what it would change stands on the page before anything does.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use catalog::manage::{self, NewPrice, PlanEntry, PriceEntry, ProductEntry};
use catalog::{Cycle, PlanId};
use http::StatusCode;
use kernel::{Currency, FieldError, Fields, Money, Result, Timestamp};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Operating, OpsCtx, Routes, rank};
use serde::Deserialize;
use serde_json::json;
use ui::field::{self, Choice};
use ui::table::{head, hidden_head, table};
use ui::{Card, Page, error_summary, link_button, submit};

use super::pages::per;
use super::{Subscribers, acts, subscribers};
use crate::Console;
use crate::respond::{count, date, midnight, moment};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/products/plans/{id}/prices/new", review)
        .post("/products/plans/{id}/prices", publish)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PriceForm {
    cycle: String,
    currency: String,
    amount: String,
    /// A day; at once without one.
    from: String,
    /// The newest version that the review showed.
    based_on: String,
    reason: String,
}

impl PriceForm {
    fn check(&self, now: Timestamp) -> Result<NewPrice> {
        let mut fields = Fields::default();
        let cycle = match self.cycle.as_str() {
            "monthly" => Some(Cycle::Monthly),
            "yearly" => Some(Cycle::Yearly),
            _ => None,
        };
        fields.check(
            cycle.is_some(),
            "cycle",
            "invalid",
            "Choose how often it is due.",
        );
        let currency = fields.take(Currency::parse(&self.currency));
        let amount = currency.and_then(|currency| fields.take(Money::read(&self.amount, currency)));
        let from = match self.from.trim() {
            "" => Some(now),
            text => midnight(text),
        };
        fields.check(
            from.is_some(),
            "from",
            "invalid",
            "Choose a day, or leave it empty for now.",
        );
        fields.finish()?;
        match (cycle, amount, from) {
            (Some(cycle), Some(amount), Some(from)) => Ok(NewPrice {
                cycle,
                amount,
                from: from.max(now),
                based_on: self.based_on.parse().unwrap_or_default(),
            }),
            _ => Err(kernel::Error::internal("a checked form has its values")),
        }
    }
}

/// The form; with an amount in it, also what would change.
async fn review(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Query(form): Query<PriceForm>,
) -> module::Result<Response> {
    let mut conn = console.read().await?;
    let (product, plan) = manage::plan(&mut conn, id).await?;
    let subscribers = subscribers(&mut conn).await?;
    drop(conn);
    if form.amount.is_empty() && form.cycle.is_empty() {
        let blank = PriceForm {
            cycle: "monthly".into(),
            currency: "EUR".into(),
            ..PriceForm::default()
        };
        return Ok(page(&product, &plan, &blank, &[], &Markup::default()).into_response());
    }
    match form.check(ctx.now) {
        Ok(new) => {
            let changes = difference(&ctx, &plan, &new, &form, &subscribers);
            Ok(page(&product, &plan, &form, &[], &changes).into_response())
        }
        Err(kernel::Error::Invalid(errors)) => {
            Ok(page(&product, &plan, &form, &errors, &Markup::default())
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn page(
    product: &ProductEntry,
    plan: &PlanEntry,
    form: &PriceForm,
    errors: &[FieldError],
    changes: &Markup,
) -> Page {
    let currencies = Currency::ALL
        .into_iter()
        .map(|currency| Choice::new(currency.code(), currency.code()))
        .collect();
    let cycles = vec![
        Choice::new("monthly", "Every month"),
        Choice::new("yearly", "Every year"),
    ];
    let path = format!("/products/plans/{}", plan.id);
    Page::new(format!("New price of {} {}", product.name, plan.name))
        .crumb("Plans & products", "/products")
        .crumb(plan.name.clone(), path.clone())
        .lead("First look at what would change, then publish it. A published version never changes.")
        .narrow()
        .body(html! {
            div.stack {
            form.stack method="get" action={ (path) "/prices/new" } {
                (error_summary(errors))
                (Card::new(html! { div.stack {
                    (field::select("cycle", "Due", cycles).value(&form.cycle).errors(errors))
                    (field::select("currency", "Currency", currencies).value(&form.currency).errors(errors))
                    (field::text("amount", "Amount").value(&form.amount).errors(errors).input_mode("decimal").placeholder("19.00").required())
                    (field::date("from", "For new subscribers from").value(&form.from).errors(errors).optional().help("The beginning of this day, in UTC. At once without one."))
                } }).title("The new version").footer(html! { (submit("Review").primary()) (link_button("Cancel", path.clone()).ghost()) }))
            }
            (changes)
            }
        })
}

/// Before and after, and who is not touched.
fn difference(
    ctx: &OpsCtx,
    plan: &PlanEntry,
    new: &NewPrice,
    form: &PriceForm,
    subscribers: &Subscribers,
) -> Markup {
    let newest = plan.newest(new.cycle, new.amount.currency);
    let version = newest.map_or(0, |price| price.version);
    let before = newest.map_or_else(
        || "No price".to_owned(),
        |price| format!("{} {}", catalog::display(price.amount), per(price.cycle)),
    );
    let after = format!("{} {}", catalog::display(new.amount), per(new.cycle));
    let staying = newest.map_or(0, |price| subscribers.of_price(price.id));
    let from = if new.from <= ctx.now {
        "at once".to_owned()
    } else {
        format!("from {} UTC", moment(new.from))
    };
    let shown = |price: &PriceEntry| price.version.to_string();
    html! {
        (Card::new(html! {
            (table("What would change", &html! { (hidden_head("What")) (head("Now")) (head("Then")) }, &html! {
                tr { td { "New subscribers pay" } td { del { (before) } } td { ins { (after) } ", " (from) } }
                tr { td { "Version" } td { (newest.map_or_else(|| "–".to_owned(), shown)) } td { (version + 1) } }
                @if let Some(change) = newest.and_then(|price| change(price.amount, new.amount)) {
                    tr { td { "Change" } td { "–" } td { (change) } }
                }
                tr { td { "Present subscribers" } td { (count(staying, "subscription", "subscriptions")) " on version " (version) } td { "stay on it, at their price" } }
            }))
        }).title("What would change").flush())
        form.stack method="post" action={ "/products/plans/" (plan.id) "/prices" } {
            (field::hidden("cycle", &form.cycle)) (field::hidden("currency", &form.currency))
            (field::hidden("amount", &form.amount)) (field::hidden("from", &form.from))
            (field::hidden("based_on", &version.to_string()))
            (Card::new(html! { (field::textarea("reason", "Reason", 2).within("publish").help("It stands in the console's audit log.").max_length(500).required()) })
                .title("Publish").footer(html! { (submit(format!("Publish version {}", version + 1)).primary()) }))
        }
    }
}

/// `+€3 (+15.8 %)`.
fn change(before: Money, after: Money) -> Option<String> {
    let difference = after.minor.checked_sub(before.minor)?;
    if difference == 0 || before.minor == 0 {
        return None;
    }
    let sign = if difference > 0 { "+" } else { "−" };
    let amount = catalog::display(Money::new(difference.abs(), after.currency));
    // Tenths of a percent, rounded half up; whole numbers, because money never meets a float.
    let share = (difference.abs().checked_mul(2_000)? / before.minor + 1) / 2;
    Some(format!(
        "{sign}{amount} ({sign}{}.{} %)",
        share / 10,
        share % 10
    ))
}

async fn publish(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Form(form): Form<PriceForm>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let (product, plan) = manage::plan(tx.conn(), id).await?;
        let new = form.check(ctx.now)?;
        let act = Act::new(&*ctx, "catalog.price.published", &form.reason, ctx.now)?;
        let before = plan
            .newest(new.cycle, new.amount.currency)
            .map(|price| price.amount.to_string());
        let price = manage::publish_price(tx.conn(), id, new, ctx.now).await?;
        act.on("price", price.id, format!("{} {}", product.name, plan.name))
            .detail(json!({
                "version": price.version,
                "cycle": price.cycle.as_str(),
                "before": before,
                "amount": price.amount.to_string(),
                "from": date(price.active_from),
            }))?
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!(
            "Version {} is published: {} {}.",
            price.version,
            catalog::display(price.amount),
            per(price.cycle)
        ))
    };
    acts::conclude(&ctx, &console, id, outcome.await).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_amount_and_share() {
        let euro = |minor| Money::new(minor, Currency::EUR);
        assert_eq!(change(euro(1900), euro(2200)).unwrap(), "+€3 (+15.8 %)");
        assert_eq!(change(euro(2000), euro(1000)).unwrap(), "−€10 (−50.0 %)");
        assert_eq!(change(euro(1900), euro(1900)), None);
        assert_eq!(change(euro(0), euro(900)), None);
    }
}
