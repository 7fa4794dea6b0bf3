//! Whom invoices are made out to.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError};
use maud::{Markup, html};
use module::extract::Form;
use module::{Allowed, Routes};
use ui::{Card, Page, error_summary, field, submit};

use super::{PATH, Pairs, done, rev, value};
use crate::profiles::{self, Profile, ProfileInput};
use crate::{Act, Billing, ManageSubscription};

const DETAILS: &str = "/app/billing/details";

pub(super) fn routes() -> Routes {
    Routes::new().get(DETAILS, show).post(DETAILS, save)
}

/// The fields of a profile, for this page and for the first choice of a plan.
pub(super) fn fields(input: &ProfileInput, errors: &[FieldError]) -> Markup {
    html! {
        div.stack {
        (field::text("legal_name", "Name on invoices").value(&input.legal_name).max_length(200).required()
            .autocomplete("organization").errors(errors).help("Your business, or your own name."))
        (field::email("billing_email", "E-mail for invoices and notices").value(&input.billing_email).required()
            .autocomplete("email").errors(errors))
        (field::textarea("address", "Address", 3).value(&input.address).required().autocomplete("street-address").errors(errors))
        (field::text("country", "Country").value(input.country.clone().unwrap_or_default()).max_length(2)
            .autocomplete("country").errors(errors).help("As two letters, such as DE."))
        (field::text("tax_id", "Tax number").value(input.tax_id.clone().unwrap_or_default()).max_length(40).optional().errors(errors))
        }
    }
}

/// What a form says of a profile.
pub(super) fn read(pairs: &Pairs) -> ProfileInput {
    let given =
        |name: &str| Some(value(pairs, name).trim().to_owned()).filter(|text| !text.is_empty());
    ProfileInput {
        legal_name: value(pairs, "legal_name").to_owned(),
        billing_email: value(pairs, "billing_email").to_owned(),
        address: value(pairs, "address").to_owned(),
        country: given("country"),
        tax_id: given("tax_id"),
    }
}

fn page(rev: i64, input: &ProfileInput, errors: &[FieldError]) -> Page {
    let body = html! {
        (error_summary(errors))
        form method="post" action=(DETAILS) {
            input type="hidden" name="rev" value=(rev);
            (Card::new(fields(input, errors)).footer(html! { (submit("Save").primary()) }))
        }
    };
    Page::new("Billing details")
        .crumb("Billing", PATH)
        .lead("Whom our invoices are made out to, and where they go.")
        .body(body)
        .narrow()
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
}

async fn show(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
) -> module::Result<Page> {
    let mut conn = billing.db().pool().acquire().await?;
    let profile = profiles::find(&mut conn, ctx.tenant().id).await?;
    let rev = profile.as_ref().map_or(0, |profile| profile.rev);
    let input = profile.map_or_else(
        || ProfileInput {
            legal_name: ctx.tenant().name.clone(),
            billing_email: ctx
                .visitor()
                .map_or_else(String::new, |person| person.email.clone()),
            ..ProfileInput::default()
        },
        ProfileInput::from,
    );
    Ok(page(rev, &input, &[]))
}

async fn save(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let input = read(&pairs);
    let seen = rev(&pairs).unwrap_or_default();
    let act = Act::of(&ctx)?.based_on(Some(seen));
    let mut tx = billing.db().begin().await?;
    match profiles::save(tx.conn(), &act, input.clone()).await {
        Ok(Profile { .. }) => {
            tx.commit().await?;
            Ok(done(PATH, "The billing details are saved.")?)
        }
        Err(Error::Invalid(errors)) => Ok(page(seen, &input, &errors).into_response()),
        Err(Error::PreconditionFailed) => {
            let error = FieldError::new(
                "",
                "changed_meanwhile",
                "Somebody else changed these details in the meantime. Look at your entries and save again.",
            );
            let present = profiles::find(tx.conn(), ctx.tenant().id).await?;
            let rev = present.map_or(0, |profile| profile.rev);
            Ok(page(rev, &input, &[error]).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
