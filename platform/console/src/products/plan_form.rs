//! Making plans, and changing what they say and allow.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use catalog::manage::{self, PlanEntry, PlanForm};
use catalog::{PlanId, ProductId};
use http::StatusCode;
use kernel::{Error, FieldError, Result};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{EntitlementKind, Operating, Routes, rank};
use ui::{Card, Page, error_summary, field, link_button, submit};

use super::plan_review as review;
use crate::Console;
use crate::respond::done;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/products/{id}/plans/new", new)
        .post("/products/{id}/plans", create)
        .get("/products/plans/{id}/edit", edit)
        .post("/products/plans/{id}", save)
}

/// The form as it was sent: the fields of a plan, and one for each entitlement under its key.
pub(super) type Sent = Vec<(String, String)>;

pub(super) fn value<'a>(sent: &'a [(String, String)], name: &str) -> &'a str {
    sent.iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value.as_str())
}

pub(super) fn read(sent: &[(String, String)]) -> PlanForm {
    PlanForm {
        slug: value(sent, "slug").to_owned(),
        name: value(sent, "name").to_owned(),
        description: value(sent, "description").to_owned(),
        trial_days: value(sent, "trial_days").to_owned(),
        sort: value(sent, "sort").to_owned(),
        features: value(sent, "features").to_owned(),
        is_public: value(sent, "is_public").to_owned(),
    }
}

/// What the form holds for a plan that is there.
pub(super) fn filled(plan: &PlanEntry) -> Sent {
    let mut sent: Sent = vec![
        ("slug".into(), plan.slug.clone()),
        ("name".into(), plan.name.clone()),
        ("description".into(), plan.description.clone()),
        ("trial_days".into(), plan.trial_days.to_string()),
        ("sort".into(), plan.sort.to_string()),
        ("features".into(), plan.features.join("\n")),
        ("rev".into(), plan.rev.to_string()),
    ];
    if plan.is_public {
        sent.push(("is_public".into(), "on".into()));
    }
    for (key, kind, amount) in &plan.entitlements {
        let text = match (kind.as_str(), amount) {
            ("switch", Some(0)) | (_, None) => String::new(),
            ("switch", _) => "on".to_owned(),
            (_, Some(amount)) => amount.to_string(),
        };
        sent.push((key.clone(), text));
    }
    sent
}

async fn new(
    _ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<ProductId>,
) -> module::Result<Page> {
    let product = manage::product(&mut *console.read().await?, id).await?;
    let sent = vec![
        ("trial_days".to_owned(), "21".to_owned()),
        ("sort".to_owned(), product.plans.len().to_string()),
        ("is_public".to_owned(), "on".to_owned()),
    ];
    let action = format!("/products/{id}/plans");
    let title = format!("New plan of {}", product.name);
    Ok(page(&console, &title, &action, "/products", &sent, &[]))
}

async fn create(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<ProductId>,
    Form(sent): Form<Sent>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let product = manage::product(tx.conn(), id).await?;
        let act = Act::new(
            &*ctx,
            "catalog.plan.created",
            value(&sent, "reason"),
            ctx.now,
        )?;
        let amounts = |key: &str| Some(value(&sent, key).to_owned());
        let plan = manage::create_plan(
            tx.conn(),
            id,
            &read(&sent),
            &amounts,
            &console.entitlements(),
            ctx.now,
        )
        .await?;
        let name = format!("{} {}", product.name, value(&sent, "name").trim());
        act.on("plan", plan, name).write(tx.conn()).await?;
        tx.commit().await?;
        Ok(plan)
    };
    let outcome: Result<PlanId> = outcome.await;
    match outcome {
        Ok(plan) => Ok(done(
            &format!("/products/plans/{plan}"),
            "The plan is a draft. Publish a price, then put it on sale.",
        )),
        Err(Error::Invalid(errors)) => {
            let action = format!("/products/{id}/plans");
            Ok(
                page(&console, "New plan", &action, "/products", &sent, &errors)
                    .status(StatusCode::UNPROCESSABLE_ENTITY)
                    .into_response(),
            )
        }
        Err(error) => Err(error.into()),
    }
}

/// The form; with changes in it, also what they would bring.
async fn edit(
    _ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Query(sent): Query<Sent>,
) -> module::Result<Response> {
    if sent.iter().any(|(field, _)| field == "name") {
        return Ok(reviewed(&console, id, &sent, &[]).await?);
    }
    let (product, plan) = manage::plan(&mut *console.read().await?, id).await?;
    let title = format!("Edit {} {}", product.name, plan.name);
    let form = EditForm { id, title: &title };
    Ok(form
        .page(&console, &filled(&plan), &[], &Markup::default())
        .into_response())
}

/// The form as it was sent with what it would change below it, or with what is wrong in it.
async fn reviewed(
    console: &Console,
    id: PlanId,
    sent: &[(String, String)],
    errors: &[FieldError],
) -> Result<Response> {
    let form = EditForm {
        id,
        title: "Edit the plan",
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    match review::rehearse(console, id, sent).await {
        Ok(rehearsed) => {
            let changes = review::page_part(console, &rehearsed, sent, errors);
            let page = form.page(console, sent, errors, &changes);
            Ok(page.status(status).into_response())
        }
        Err(Error::Invalid(errors)) => {
            let page = form.page(console, sent, &errors, &Markup::default());
            Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(Error::PreconditionFailed) => {
            let message =
                "Somebody changed the plan in the meantime. Open it again and repeat your change.";
            let errors = [FieldError::new("", "changed", message)];
            let page = form.page(console, sent, &errors, &Markup::default());
            Ok(page.status(StatusCode::PRECONDITION_FAILED).into_response())
        }
        Err(error) => Err(error),
    }
}

async fn save(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Form(sent): Form<Sent>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(
            &*ctx,
            "catalog.plan.edited",
            value(&sent, "reason"),
            ctx.now,
        )?;
        let done = review::carry_out(&console, &mut tx, id, &sent).await?;
        act.on("plan", id, done.name())
            .detail(review::record(&done))?
            .write(tx.conn())
            .await?;
        tx.commit().await
    };
    let outcome: Result<()> = outcome.await;
    match outcome {
        Ok(()) => Ok(done(&format!("/products/plans/{id}"), "The plan is saved.")),
        Err(Error::Invalid(errors)) => Ok(reviewed(&console, id, &sent, &errors).await?),
        // Trying it once more finds the same, and says so.
        Err(Error::PreconditionFailed) => Ok(reviewed(&console, id, &sent, &[]).await?),
        Err(error) => Err(error.into()),
    }
}

/// The form of a plan that is there.
struct EditForm<'a> {
    id: PlanId,
    title: &'a str,
}

impl EditForm<'_> {
    fn page(
        &self,
        console: &Console,
        sent: &[(String, String)],
        errors: &[FieldError],
        changes: &Markup,
    ) -> Page {
        let path = format!("/products/plans/{}", self.id);
        // The reason is asked for below, beside what would change.
        let of_form: Vec<FieldError> = errors
            .iter()
            .filter(|error| error.field != "reason")
            .cloned()
            .collect();
        Page::new(self.title)
            .crumb("Plans & products", "/products")
            .lead("First look at what would change, then save it.")
            .narrow()
            .body(html! {
                div.stack {
                    form.stack method="get" action={ (path) "/edit" } {
                        (error_summary(&of_form))
                        (says(false, sent, errors))
                        (allows(console, sent, errors, html! { (submit("Review").primary()) (link_button("Cancel", path.clone()).ghost()) }))
                    }
                    (changes)
                }
            })
    }
}

/// The form of a new plan.
fn page(
    console: &Console,
    title: &str,
    action: &str,
    back: &str,
    sent: &[(String, String)],
    errors: &[FieldError],
) -> Page {
    Page::new(title)
        .crumb("Plans & products", "/products")
        .narrow()
        .body(html! {
            form.stack method="post" action=(action) {
                (error_summary(errors))
                (says(true, sent, errors))
                (allows(console, sent, errors, Markup::default()))
                (Card::new(html! {
                    (field::textarea("reason", "Reason", 2).value(value(sent, "reason")).errors(errors).help("It stands in the console's audit log.").max_length(500).required())
                }).footer(html! { (submit("Make the plan").primary()) (link_button("Cancel", back).ghost()) }))
            }
        })
}

/// What a plan says of itself.
fn says(fresh: bool, sent: &[(String, String)], errors: &[FieldError]) -> Markup {
    html! {
        (Card::new(html! { div.stack {
            @if fresh {
                (field::slug("slug", "Name for programs").value(value(sent, "slug")).errors(errors).help("Small letters and digits. It cannot be changed later.").required())
            } @else {
                (field::hidden("rev", value(sent, "rev")))
                (field::hidden("slug", value(sent, "slug")))
            }
            (field::text("name", "Name").value(value(sent, "name")).errors(errors).max_length(60).required())
            (field::text("description", "For whom it is").value(value(sent, "description")).errors(errors).max_length(300))
            (field::textarea("features", "Lines on the price page", 5).value(value(sent, "features")).errors(errors).help("One on each line."))
            (field::number("trial_days", "Days of trial").value(value(sent, "trial_days")).errors(errors).min("0").max("365").required())
            (field::number("sort", "Place among the plans").value(value(sent, "sort")).errors(errors).min("0").max("1000").required().help("The smallest first. A trial is of the last one."))
            (field::switch("is_public", "Offer it on the price page", !value(sent, "is_public").is_empty()).value("on"))
        } }).title("What it says"))
    }
}

/// What a plan allows.
fn allows(
    console: &Console,
    sent: &[(String, String)],
    errors: &[FieldError],
    footer: Markup,
) -> Markup {
    let card = Card::new(html! { div.stack { @for entitlement in console.entitlements() { (amount(entitlement.key, entitlement.title, entitlement.kind, sent, errors)) } } })
        .title("What it allows").note("for everybody who is on it, at once");
    html! { @if footer.0.is_empty() { (card) } @else { (card.footer(footer)) } }
}

fn amount(
    key: &str,
    title: &str,
    kind: EntitlementKind,
    sent: &[(String, String)],
    errors: &[FieldError],
) -> Markup {
    let text = value(sent, key);
    html! {
        @match kind {
            EntitlementKind::Switch => (field::switch(key, title, !text.is_empty()).value("on")),
            EntitlementKind::Count => (field::number(key, title).value(text).errors(errors).min("0").help("Nothing for no limit.")),
            EntitlementKind::Bytes => (field::number(key, title).value(text).errors(errors).min("0").suffix("bytes").help("Nothing for no limit.")),
        }
    }
}
