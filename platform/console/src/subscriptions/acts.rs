//! What operators do to a subscription by hand. The rules are those of the crate `billing`, which also writes the entry
//! of the tenant's audit log and the mail; what is written here is the console's own record.

use accounts::Act;
use axum::Extension;
use axum::response::Response;
use billing::{Activation, Actor, CancelReason, PriceId, SubscriptionId};
use kernel::{Error, FieldError, TenantId};
use module::extract::{Form, Path};
use module::{Operating, OpsCtx, Result, Routes, rank};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::Console;
use crate::respond::{day, midnight};
use crate::tenant_page::acts::{conclude, name_of};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/tenants/{id}/subscriptions", activate)
        .post(
            "/tenants/{id}/subscriptions/{subscription}/extend",
            extend_trial,
        )
        .post("/tenants/{id}/subscriptions/{subscription}/pay", pay)
        .post("/tenants/{id}/subscriptions/{subscription}/unpaid", unpaid)
        .post("/tenants/{id}/subscriptions/{subscription}/settle", settle)
        .post("/tenants/{id}/subscriptions/{subscription}/change", change)
        .post("/tenants/{id}/subscriptions/{subscription}/keep", keep)
        .post("/tenants/{id}/subscriptions/{subscription}/cancel", cancel)
        .post("/tenants/{id}/subscriptions/{subscription}/resume", resume)
}

/// What any of the forms may say besides the reason.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ActForm {
    reason: String,
    /// The revision of the subscription that the page showed.
    rev: String,
    /// A day.
    until: String,
    price: String,
    quantity: String,
    /// A day.
    start: String,
    paid: String,
    /// `now`, or the end of the period.
    when: String,
}

impl ActForm {
    fn price(&self) -> kernel::Result<PriceId> {
        let id: Uuid = self
            .price
            .parse()
            .map_err(|_| FieldError::new("price", "invalid", "Choose a price."))?;
        Ok(PriceId(id))
    }
}

/// The act as billing wants it, under the operator's name.
fn of(ctx: &OpsCtx, tenant: TenantId, form: &ActForm, reason: &str) -> billing::Act {
    let actor = Actor::operator(ctx.operator.user.0, ctx.operator.name.clone());
    billing::Act::new(tenant, actor, ctx.now)
        .because(reason)
        .based_on(form.rev.parse().ok())
}

async fn extend_trial(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.trial.extended", &form.reason, ctx.now)?;
        let until = midnight(&form.until)
            .ok_or_else(|| FieldError::new("until", "required", "Choose the new end."))?;
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .extend_trial(tx.conn(), &what, subscription, until)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .detail(json!({ "until": until }))?
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!("The trial ends {} now.", day(until)))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn activate(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<TenantId>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(
            &*ctx,
            "billing.subscription.activated",
            &form.reason,
            ctx.now,
        )?;
        let quantity = match form.quantity.trim() {
            "" => 1,
            text => text.parse().map_err(|_| {
                FieldError::new("quantity", "invalid", "Enter a whole number from 1 on.")
            })?,
        };
        let start = match form.start.trim() {
            "" => ctx.now,
            text => midnight(text)
                .ok_or_else(|| FieldError::new("start", "invalid", "Choose the first day."))?,
        };
        let activation = Activation {
            price: form.price()?,
            quantity,
            start,
            paid: !form.paid.is_empty(),
        };
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .activate(tx.conn(), &what, activation)
            .await?;
        let plan = format!("{} {}", after.plan.product_name, after.plan.name);
        act.on_tenant(id, name)
            .on("subscription", after.id, plan.clone())
            .detail(json!({ "price": form.price, "quantity": quantity, "start": start, "paid": activation.paid }))?
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!("{plan} is active."))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn pay(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.payment.recorded", &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .record_payment(tx.conn(), &what, subscription)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok("The payment is noted.".to_owned())
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn unpaid(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.payment.missed", &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .report_unpaid(tx.conn(), &what, subscription)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok("The payment is noted as missing. The time of grace has begun.".to_owned())
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn settle(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.debt.settled", &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .settle_debt(tx.conn(), &what, subscription)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!(
            "Nothing is open for {} any more.",
            after.plan.product_name
        ))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn change(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.plan.changed", &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let (after, _) = console
            .billing()
            .change_plan(tx.conn(), &what, subscription, form.price()?, true)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .detail(json!({ "price": form.price }))?
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(match &after.pending {
            Some(pending) => format!(
                "{} takes over on {}.",
                pending.terms.plan.name,
                day(pending.at)
            ),
            None => format!("The plan is {} now.", after.plan.name),
        })
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn keep(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.change.withdrawn", &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .keep_price(tx.conn(), &what, subscription)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!(
            "{} stays on {}.",
            after.plan.product_name, after.plan.name
        ))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn cancel(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let at_once = form.when == "now";
        let action = if at_once {
            "billing.subscription.cancelled"
        } else {
            "billing.cancellation.scheduled"
        };
        let act = Act::new(&*ctx, action, &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let billing = console.billing();
        let why = CancelReason::Operator;
        let after = if at_once {
            billing
                .cancel_now(tx.conn(), &what, subscription, why, None)
                .await?
        } else {
            billing
                .cancel_at_period_end(tx.conn(), &what, subscription, why, None)
                .await?
        };
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(match after.period_end.filter(|_| !at_once) {
            Some(end) => format!("{} ends {}.", after.plan.product_name, day(end)),
            None => format!(
                "{} has ended. It can be read for 30 days.",
                after.plan.product_name
            ),
        })
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn resume(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, subscription)): Path<(TenantId, SubscriptionId)>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "billing.subscription.resumed", &form.reason, ctx.now)?;
        let what = of(&ctx, id, &form, act.reason());
        let after = console
            .billing()
            .resume(tx.conn(), &what, subscription)
            .await?;
        act.on_tenant(id, name)
            .on(
                "subscription",
                subscription,
                after.plan.product_name.clone(),
            )
            .told_already()
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok::<_, Error>(format!("{} goes on.", after.plan.product_name))
    };
    conclude(&ctx, &console, id, outcome.await).await
}
