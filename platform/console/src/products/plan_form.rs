//! Making plans, and changing what they say and allow.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use catalog::manage::{self, PlanEntry, PlanForm};
use catalog::{PlanId, ProductId};
use http::StatusCode;
use kernel::{Error, FieldError, Result};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{EntitlementKind, Operating, Routes, rank};
use ui::{Card, Page, error_summary, field, link_button, submit};

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
type Sent = Vec<(String, String)>;

fn value<'a>(sent: &'a [(String, String)], name: &str) -> &'a str {
    sent.iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value.as_str())
}

fn read(sent: &[(String, String)]) -> PlanForm {
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
fn filled(plan: &PlanEntry) -> Sent {
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
    Ok(page(
        &console,
        &title,
        &action,
        "/products",
        true,
        &sent,
        &[],
    ))
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
            Ok(page(
                &console,
                "New plan",
                &action,
                "/products",
                true,
                &sent,
                &errors,
            )
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn edit(
    _ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
) -> module::Result<Page> {
    let (product, plan) = manage::plan(&mut *console.read().await?, id).await?;
    let title = format!("Edit {} {}", product.name, plan.name);
    let (action, back) = (
        format!("/products/plans/{id}"),
        format!("/products/plans/{id}"),
    );
    Ok(page(
        &console,
        &title,
        &action,
        &back,
        false,
        &filled(&plan),
        &[],
    ))
}

async fn save(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Form(sent): Form<Sent>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let (product, before) = manage::plan(tx.conn(), id).await?;
        let act = Act::new(
            &*ctx,
            "catalog.plan.edited",
            value(&sent, "reason"),
            ctx.now,
        )?;
        let amounts = |key: &str| Some(value(&sent, key).to_owned());
        let based_on = value(&sent, "rev").parse().unwrap_or_default();
        let declared = console.entitlements();
        manage::edit_plan(tx.conn(), id, based_on, &read(&sent), &amounts, &declared).await?;
        let (_, after) = manage::plan(tx.conn(), id).await?;
        act.on("plan", id, format!("{} {}", product.name, after.name))
            .detail(difference(&before, &after))?
            .write(tx.conn())
            .await?;
        tx.commit().await
    };
    let outcome: Result<()> = outcome.await;
    let (path, title) = (format!("/products/plans/{id}"), "Edit the plan");
    match outcome {
        Ok(()) => Ok(done(&path, "The plan is saved.")),
        Err(Error::Invalid(errors)) => {
            Ok(page(&console, title, &path, &path, false, &sent, &errors)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(Error::PreconditionFailed) => {
            let message =
                "Somebody changed the plan in the meantime. Open it again and repeat your change.";
            let errors = [FieldError::new("", "changed", message)];
            Ok(page(&console, title, &path, &path, false, &sent, &errors)
                .status(StatusCode::PRECONDITION_FAILED)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What changed, for the record.
fn difference(before: &PlanEntry, after: &PlanEntry) -> serde_json::Value {
    let (before, after) = (filled(before), filled(after));
    let mut changes = serde_json::Map::new();
    for (name, now) in &after {
        let was = value(&before, name);
        if name != "rev" && was != now {
            changes.insert(name.clone(), format!("{was} → {now}").into());
        }
    }
    if value(&before, "is_public") != value(&after, "is_public") {
        let offered = !value(&after, "is_public").is_empty();
        changes.insert("is_public".into(), offered.into());
    }
    changes.into()
}

fn page(
    console: &Console,
    title: &str,
    action: &str,
    back: &str,
    fresh: bool,
    sent: &[(String, String)],
    errors: &[FieldError],
) -> Page {
    Page::new(title)
        .crumb("Plans & products", "/products")
        .narrow()
        .body(html! {
            form.stack method="post" action=(action) {
                (error_summary(errors))
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
                (Card::new(html! { div.stack { @for entitlement in console.entitlements() { (amount(entitlement.key, entitlement.title, entitlement.kind, sent, errors)) } } })
                    .title("What it allows").note("for everybody who is on it, at once"))
                (Card::new(html! {
                    (field::textarea("reason", "Reason", 2).value(value(sent, "reason")).errors(errors).help("It stands in the console's audit log.").max_length(500).required())
                }).footer(html! { (submit(if fresh { "Make the plan" } else { "Save the plan" }).primary()) (link_button("Cancel", back).ghost()) }))
            }
        })
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
