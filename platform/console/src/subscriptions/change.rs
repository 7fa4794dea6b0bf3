//! Another plan or price for a subscription: what it would bring stands on the page before anything happens.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use billing::{Billing, Outcome, Preview, PriceId, SubscriptionId};
use catalog::manage::{self, ProductEntry};
use http::StatusCode;
use kernel::{Error, FieldError, TenantId};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Operating, OpsCtx, Result, Routes, rank};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use ui::{Card, Page, Tone, banner, definition_list, error_summary, field, link_button, submit};

use super::acts::{ActForm, Deed, Ids, act};
use super::{Row, ask, of_tenant};
use crate::Console;
use crate::respond::{day, done, refused_with};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/tenants/{id}/subscriptions/{subscription}/change",
            consider,
        )
        .post("/tenants/{id}/subscriptions/{subscription}/change", change)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    price: String,
}

/// The choice of a price; with one chosen, also what would happen.
async fn consider(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(ids): Path<Ids>,
    Query(chosen): Query<Chosen>,
) -> Result<Response> {
    let form = ActForm {
        price: chosen.price,
        ..ActForm::default()
    };
    Ok(page(&ctx, &console, ids, &form, None).await?)
}

async fn change(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(ids): Path<Ids>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let (tenant, id) = ids;
    let outcome = async {
        let price = form.price()?;
        let deed = Deed {
            action: "billing.plan.changed",
            detail: json!({ "price": form.price }),
            carry_out: async |billing: &Billing, conn: &mut PgConnection, what: &billing::Act| {
                // What the plan allows less of stands on the page that this form is from.
                let (after, _) = billing.change_plan(conn, what, id, price, true).await?;
                Ok(after)
            },
        };
        act(&ctx, &console, tenant, &form, deed).await
    };
    match outcome.await {
        Ok(after) => {
            let told = match &after.pending {
                Some(pending) => format!(
                    "{} takes over on {}.",
                    pending.terms.plan.name,
                    day(pending.at)
                ),
                None => format!("The plan is {} now.", after.plan.name),
            };
            Ok(done(&format!("/tenants/{tenant}"), &told))
        }
        Err(error) if refused_with(&error).is_some() => {
            Ok(page(&ctx, &console, ids, &form, Some(error)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The page with what was chosen, and with what was refused of it.
async fn page(
    ctx: &OpsCtx,
    console: &Console,
    (tenant, id): Ids,
    form: &ActForm,
    refused: Option<Error>,
) -> kernel::Result<Response> {
    let mut conn = console.read().await?;
    let row = row(&mut conn, tenant, id).await?;
    let offers = manage::products(&mut conn).await?;
    let preview = match form.price() {
        _ if form.price.is_empty() => None,
        Ok(price) => Some(preview(ctx, console, &mut conn, (tenant, id), price).await),
        Err(error) => Some(Err(error)),
    };
    drop(conn);
    let (preview, impossible) = match preview {
        None => (None, None),
        Some(Ok(preview)) => (Some(preview), None),
        Some(Err(error)) => (None, Some(error)),
    };
    let refused = refused.or(impossible);
    let (errors, message, status) = match refused {
        None => (Vec::new(), None, StatusCode::OK),
        Some(Error::Invalid(errors)) => (errors, None, StatusCode::UNPROCESSABLE_ENTITY),
        Some(error) => match refused_with(&error) {
            Some(status) => (Vec::new(), Some(error.to_string()), status),
            None => return Err(error),
        },
    };
    let base = format!("/tenants/{tenant}");
    let body = html! {
        div.stack {
            @if let Some(message) = message { (banner(Tone::Bad, &message, None)) }
            (error_summary(&errors))
            (choice(ctx, &row, &offers, form, &errors, &base))
            @if let Some(preview) = &preview { (review(ctx, &row, preview, form, &errors)) }
        }
    };
    Ok(Page::new(format!("Change the plan of {}", row.product))
        .crumb("Tenants", "/tenants")
        .crumb(row.tenant_name.clone(), base)
        .lead("Choose a price and look at what would happen, then change it.")
        .narrow()
        .status(status)
        .body(body)
        .into_response())
}

async fn row(conn: &mut PgConnection, tenant: TenantId, id: SubscriptionId) -> kernel::Result<Row> {
    let rows = of_tenant(conn, tenant).await?;
    rows.into_iter()
        .find(|row| row.id == id.0)
        .ok_or(Error::NotFound("subscription"))
}

async fn preview(
    ctx: &OpsCtx,
    console: &Console,
    conn: &mut PgConnection,
    (tenant, id): Ids,
    price: PriceId,
) -> kernel::Result<Preview> {
    let billing = console.billing();
    let found = billing.preview_change(conn, tenant, id, price, ctx.now);
    match found.await {
        // A made-up price, or the subscription of somebody else: neither is on this page.
        Err(Error::NotFound(_)) => {
            Err(FieldError::new("price", "invalid", "Choose one of the prices.").into())
        }
        found => found,
    }
}

fn choice(
    ctx: &OpsCtx,
    row: &Row,
    offers: &[ProductEntry],
    form: &ActForm,
    errors: &[FieldError],
    base: &str,
) -> Markup {
    let prices = ask::prices(offers, Some(row), ctx.now);
    let on = row
        .price
        .as_ref()
        .map_or_else(String::new, |price| format!(", {}", price.in_words()));
    html! {
        form.stack method="get" action={ (base) "/subscriptions/" (row.id) "/change" } {
            (Card::new(html! { div.stack {
                p { (row.tenant_name) " is on " (row.plan) (on) "." }
                (field::select("price", "Price", prices).value(&form.price).errors(errors))
            } }).title("The other price").footer(html! { (submit("Review").primary()) (link_button("Cancel", base.to_owned()).ghost()) }))
        }
    }
}

fn review(
    ctx: &OpsCtx,
    row: &Row,
    preview: &Preview,
    form: &ActForm,
    errors: &[FieldError],
) -> Markup {
    let terms = &preview.terms;
    let (from, verb) = match preview.outcome {
        Outcome::Now => ("At once".to_owned(), "Change now"),
        Outcome::At(at) => (day(at), "Change with the end of the period"),
    };
    let price = catalog::display(terms.price.amount);
    let mut facts = vec![
        (
            "Plan",
            html! { (terms.plan.name) ", " (price) " " (terms.price.cycle.per()) },
        ),
        ("From", html! { (from) }),
    ];
    if let Some(start) = preview.starts_at.filter(|start| *start > ctx.now) {
        facts.push(("First paid day", html! { (day(start)) }));
    }
    for cost in &preview.costs {
        facts.push((
            cost.text.as_str(),
            html! { (catalog::display(cost.amount)) },
        ));
    }
    match preview.due {
        Some((due, by)) => facts.push((
            "To pay",
            html! { strong { (catalog::display(due)) } ", by " (day(by)) },
        )),
        None => facts.push(("To pay now", html! { "Nothing" })),
    }
    for shrink in &preview.shrinks {
        facts.push((
            shrink.title.as_str(),
            html! { (shrink.in_words()) @if shrink.exceeds() { " " (ui::badge(Tone::Warn, "exceeded")) } },
        ));
    }
    html! {
        (Card::new(html! {
            (definition_list(&facts))
            @if preview.shrinks.iter().any(billing::Shrink::exceeds) {
                p.hint { "What exceeds the smaller plan is kept and can be read. Nothing can be added until it fits." }
            }
        }).title("What would happen"))
        form.stack method="post" action={ "/tenants/" (row.tenant) "/subscriptions/" (row.id) "/change" } {
            (field::hidden("price", &form.price)) (field::hidden("rev", &row.rev.to_string()))
            (Card::new(html! {
                (field::textarea("reason", "Reason", 2).within("change").value(&form.reason).errors(errors)
                    .help("The workspace reads it in its audit log, and the owners get a mail.").max_length(500).required())
            }).title("Change it").footer(html! { (submit(verb).primary()) }))
        }
    }
}
