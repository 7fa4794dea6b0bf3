//! What operators do with products and plans, by a button and a reason.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use billing::{Actor, PriceMigration};
use catalog::manage::{self, PlanEntry, ProductEntry};
use catalog::{PlanId, PriceId, ProductId};
use kernel::{Error, FieldError, Result};
use module::extract::{Form, Path};
use module::{Operating, Routes, rank};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{pages, subscribers};
use crate::Console;
use crate::ask::Reason;
use crate::respond::{count, done, midnight, refused_with};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/products/{id}/activate", activate)
        .post("/products/{id}/retire", retire)
        .post("/products/plans/{id}/offer", offer_plan)
        .post("/products/plans/{id}/retire", retire_plan)
        .post("/products/prices/{id}/retire", retire_price)
        .post("/products/prices/{id}/migrate", migrate)
        .post("/products/prices/{id}/keep", keep)
}

async fn activate(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<ProductId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "catalog.product.activated", &form.reason, ctx.now)?;
        let product = manage::activate_product(tx.conn(), id, &console.modules(), ctx.now).await?;
        act.on("product", id, product.name.clone())
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok::<_, Error>(format!("{} is on sale.", product.name))
    };
    match outcome.await {
        Ok(message) => Ok(done("/products", &message)),
        Err(error) => refused_product(&ctx, &console, error).await,
    }
}

async fn retire(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<ProductId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "catalog.product.retired", &form.reason, ctx.now)?;
        let product = manage::retire_product(tx.conn(), id).await?;
        act.on("product", id, product.name.clone())
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok::<_, Error>(format!("{} is off sale.", product.name))
    };
    match outcome.await {
        Ok(message) => Ok(done("/products", &message)),
        Err(error) => refused_product(&ctx, &console, error).await,
    }
}

async fn refused_product(
    ctx: &module::OpsCtx,
    console: &Console,
    error: Error,
) -> module::Result<Response> {
    match refused_with(&error) {
        Some(status) => Ok(pages::catalogue(ctx, console, Some(&error))
            .await?
            .status(status)
            .into_response()),
        None => Err(error.into()),
    }
}

async fn offer_plan(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "catalog.plan.offered", &form.reason, ctx.now)?;
        let (product, plan) = manage::offer_plan(tx.conn(), id, ctx.now).await?;
        let name = format!("{} {}", product.name, plan.name);
        act.on("plan", id, name.clone()).write(tx.conn()).await?;
        tx.commit().await?;
        Ok(format!("{name} is on sale."))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn retire_plan(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PlanId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "catalog.plan.retired", &form.reason, ctx.now)?;
        let in_use = subscribers(tx.conn()).await?.of_plan(id) > 0;
        let (product, plan) = manage::retire_plan(tx.conn(), id, in_use).await?;
        let name = format!("{} {}", product.name, plan.name);
        act.on("plan", id, name.clone()).write(tx.conn()).await?;
        tx.commit().await?;
        Ok(format!("{name} is off sale."))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn retire_price(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PriceId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let mut tx = console.db().begin().await?;
    let products = manage::products(tx.conn()).await?;
    let (product, plan) = plan_of(&products, id)?;
    let outcome = async {
        let act = Act::new(&*ctx, "catalog.price.retired", &form.reason, ctx.now)?;
        manage::retire_price(tx.conn(), id, ctx.now).await?;
        act.on("price", id, format!("{} {}", product.name, plan.name))
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok("The price is not offered any more.".to_owned())
    };
    conclude(&ctx, &console, plan.id, outcome.await).await
}

/// A form that moves subscribers to another price.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct MigrateForm {
    to: String,
    /// A day.
    effective: String,
    reason: String,
}

async fn migrate(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PriceId>,
    Form(form): Form<MigrateForm>,
) -> module::Result<Response> {
    let mut tx = console.db().begin().await?;
    let products = manage::products(tx.conn()).await?;
    let (product, plan) = plan_of(&products, id)?;
    let outcome = async {
        let act = Act::new(&*ctx, "catalog.migration.scheduled", &form.reason, ctx.now)?;
        let to: Uuid = form
            .to
            .parse()
            .map_err(|_| FieldError::new("to", "invalid", "Choose the price that takes over."))?;
        let effective = midnight(&form.effective).ok_or_else(|| {
            FieldError::new("effective", "invalid", "Choose from when it takes over.")
        })?;
        let actor = Actor::operator(ctx.operator.user.0, ctx.operator.name.clone());
        let migration = PriceMigration {
            from: billing::PriceId(id.0),
            to: billing::PriceId(to),
            effective,
        };
        let moved = console
            .billing()
            .schedule_price_migration(tx.conn(), &actor, ctx.now, migration, act.reason())
            .await?;
        act.on("price", id, format!("{} {}", product.name, plan.name))
            .detail(json!({ "to": to, "effective": effective, "subscriptions": moved }))?
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        let moved = i64::try_from(moved).unwrap_or(i64::MAX);
        Ok(format!(
            "{} with the end of its period. The owners get a mail.",
            count(moved, "subscription moves", "subscriptions move, each")
        ))
    };
    conclude(&ctx, &console, plan.id, outcome.await).await
}

/// A form that takes back a move to a price.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct KeepForm {
    to: String,
    reason: String,
}

async fn keep(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<PriceId>,
    Form(form): Form<KeepForm>,
) -> module::Result<Response> {
    let mut tx = console.db().begin().await?;
    let products = manage::products(tx.conn()).await?;
    let (product, plan) = plan_of(&products, id)?;
    let outcome = async {
        let act = Act::new(&*ctx, "catalog.migration.withdrawn", &form.reason, ctx.now)?;
        let to: Uuid = form
            .to
            .parse()
            .map_err(|_| FieldError::new("to", "invalid", "Load the page again."))?;
        let actor = Actor::operator(ctx.operator.user.0, ctx.operator.name.clone());
        let between = (billing::PriceId(id.0), billing::PriceId(to));
        let staying = console
            .billing()
            .withdraw_price_migration(tx.conn(), &actor, ctx.now, between, act.reason())
            .await?;
        act.on("price", id, format!("{} {}", product.name, plan.name))
            .detail(json!({ "to": to, "subscriptions": staying }))?
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        let staying = i64::try_from(staying).unwrap_or(i64::MAX);
        Ok(format!(
            "{} at the present price. The owners get a mail.",
            count(staying, "subscription stays", "subscriptions stay")
        ))
    };
    conclude(&ctx, &console, plan.id, outcome.await).await
}

/// The plan that a price is of.
fn plan_of(products: &[ProductEntry], price: PriceId) -> Result<(&ProductEntry, &PlanEntry)> {
    let of_plan = |plan: &&PlanEntry| plan.prices.iter().any(|known| known.id == price);
    products
        .iter()
        .find_map(|product| Some((product, product.plans.iter().find(of_plan)?)))
        .ok_or(Error::NotFound("price"))
}

/// After an act: back to the plan with a message, or its page again with what was refused.
pub(super) async fn conclude(
    ctx: &module::OpsCtx,
    console: &Console,
    plan: PlanId,
    outcome: Result<String>,
) -> module::Result<Response> {
    match outcome {
        Ok(message) => Ok(done(&format!("/products/plans/{plan}"), &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => Ok(pages::plan_page(ctx, console, plan, Some(&error))
                .await?
                .status(status)
                .into_response()),
            None => Err(error.into()),
        },
    }
}
