//! What operators do to a subscription by hand. The rules are those of the crate `billing`, which also writes the entry
//! of the tenant's audit log and the mail; what is written here is the console's own record.

use accounts::Act;
use axum::Extension;
use axum::response::Response;
use billing::{Activation, Actor, Billing, CancelReason, PriceId, Subscription, SubscriptionId};
use kernel::{FieldError, TenantId};
use module::extract::{Form, Path};
use module::{Operating, OpsCtx, Result, Routes, rank};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Console;
use crate::respond::{day, midnight};
use crate::tenant_page::acts::{conclude, name_of};

/// A tenant and a subscription of its.
pub(super) type Ids = (TenantId, SubscriptionId);

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
        .post("/tenants/{id}/subscriptions/{subscription}/keep", keep)
        .post("/tenants/{id}/subscriptions/{subscription}/cancel", cancel)
        .post("/tenants/{id}/subscriptions/{subscription}/resume", resume)
}

/// What any of the forms may say besides the reason.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ActForm {
    pub reason: String,
    /// The revision of the subscription that the page showed.
    pub rev: String,
    /// A day.
    pub until: String,
    pub price: String,
    pub quantity: String,
    /// A day.
    pub start: String,
    pub paid: String,
    /// `now`, or the end of the period.
    pub when: String,
}

impl ActForm {
    pub(super) fn price(&self) -> kernel::Result<PriceId> {
        let id: Uuid = self
            .price
            .parse()
            .map_err(|_| FieldError::new("price", "invalid", "Choose a price."))?;
        Ok(PriceId(id))
    }
}

/// What was done, as the console's record has it, and what billing does for it.
pub(super) struct Deed<F> {
    /// `billing.payment.recorded`.
    pub action: &'static str,
    /// What the record says besides; nothing for `Null`.
    pub detail: Value,
    /// The act itself, in the transaction that also writes the record.
    pub carry_out: F,
}

/// Carries out one act: what billing does under the operator's name, and the console's own record of it.
pub(super) async fn act<F>(
    ctx: &OpsCtx,
    console: &Console,
    tenant: TenantId,
    form: &ActForm,
    deed: Deed<F>,
) -> kernel::Result<Subscription>
where
    F: AsyncFnOnce(&Billing, &mut PgConnection, &billing::Act) -> kernel::Result<Subscription>,
{
    let mut tx = console.db().begin().await?;
    let name = name_of(tx.conn(), tenant).await?;
    let record = Act::new(ctx, deed.action, &form.reason, ctx.now)?;
    let actor = Actor::operator(ctx.operator.user.0, ctx.operator.name.clone());
    let what = billing::Act::new(tenant, actor, ctx.now)
        .because(record.reason())
        .based_on(form.rev.parse().ok());
    let after = (deed.carry_out)(console.billing(), tx.conn(), &what).await?;
    let subscribed = format!("{} {}", after.plan.product_name, after.plan.name);
    let mut record = record
        .on_tenant(tenant, name)
        .on("subscription", after.id, subscribed)
        .told_already();
    if !deed.detail.is_null() {
        record = record.detail(deed.detail)?;
    }
    record.write(tx.conn()).await?;
    tx.commit().await?;
    Ok(after)
}

/// An act on one subscription whose record says no more than its name.
fn plain<F>(action: &'static str, carry_out: F) -> Deed<F> {
    Deed {
        action,
        detail: Value::Null,
        carry_out,
    }
}

async fn extend_trial(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path((tenant, id)): Path<Ids>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
        let until = midnight(&form.until)
            .ok_or_else(|| FieldError::new("until", "required", "Choose the new end."))?;
        let deed = Deed {
            action: "billing.trial.extended",
            detail: json!({ "until": until }),
            carry_out: async |billing: &Billing, conn: &mut PgConnection, what: &billing::Act| {
                billing.extend_trial(conn, what, id, until).await
            },
        };
        act(&ctx, &console, tenant, &form, deed).await?;
        Ok(format!("The trial ends {} now.", day(until)))
    };
    conclude(&ctx, &console, tenant, outcome.await).await
}

async fn activate(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(tenant): Path<TenantId>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let outcome = async {
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
        let deed = Deed {
            action: "billing.subscription.activated",
            detail: json!({ "price": form.price, "quantity": quantity, "start": start, "paid": activation.paid }),
            carry_out: async |billing: &Billing, conn: &mut PgConnection, what: &billing::Act| {
                billing.activate(conn, what, activation).await
            },
        };
        let after = act(&ctx, &console, tenant, &form, deed).await?;
        Ok(format!(
            "{} {} is active.",
            after.plan.product_name, after.plan.name
        ))
    };
    conclude(&ctx, &console, tenant, outcome.await).await
}

/// Acts that need nothing but the subscription: the handler, how the record calls the act, what billing does, and what
/// the operator is told.
macro_rules! plain_acts {
    ($($name:ident, $action:literal, $carry_out:ident, $told:expr;)+) => {
        $(
            async fn $name(
                ctx: Operating<rank::Billing>,
                Extension(console): Extension<Console>,
                Path((tenant, id)): Path<Ids>,
                Form(form): Form<ActForm>,
            ) -> Result<Response> {
                let deed = plain(
                    $action,
                    async |billing: &Billing, conn: &mut PgConnection, what: &billing::Act| {
                        billing.$carry_out(conn, what, id).await
                    },
                );
                let told: fn(Subscription) -> String = $told;
                let after = act(&ctx, &console, tenant, &form, deed).await;
                conclude(&ctx, &console, tenant, after.map(told)).await
            }
        )+
    };
}

plain_acts! {
    pay, "billing.payment.recorded", record_payment,
        |_| "The payment is noted.".to_owned();
    unpaid, "billing.payment.missed", report_unpaid,
        |_| "The payment is noted as missing. The time of grace has begun.".to_owned();
    settle, "billing.debt.settled", settle_debt,
        |after| format!("Nothing is open for {} any more.", after.plan.product_name);
    keep, "billing.change.withdrawn", keep_price,
        |after| format!("{} stays on {}.", after.plan.product_name, after.plan.name);
    resume, "billing.subscription.resumed", resume,
        |after| format!("{} goes on.", after.plan.product_name);
}

async fn cancel(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((tenant, id)): Path<Ids>,
    Form(form): Form<ActForm>,
) -> Result<Response> {
    let at_once = form.when == "now";
    let action = if at_once {
        "billing.subscription.cancelled"
    } else {
        "billing.cancellation.scheduled"
    };
    let deed = plain(
        action,
        async |billing: &Billing, conn: &mut PgConnection, what: &billing::Act| {
            let why = CancelReason::Operator;
            if at_once {
                billing.cancel_now(conn, what, id, why, None).await
            } else {
                billing
                    .cancel_at_period_end(conn, what, id, why, None)
                    .await
            }
        },
    );
    let after = act(&ctx, &console, tenant, &form, deed).await;
    let told = after.map(|after| match after.period_end.filter(|_| !at_once) {
        Some(end) => format!("{} ends {}.", after.plan.product_name, day(end)),
        None => format!(
            "{} has ended. It can be read for 30 days.",
            after.plan.product_name
        ),
    });
    conclude(&ctx, &console, tenant, told).await
}
