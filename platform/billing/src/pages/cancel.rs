//! The end of a subscription: with its period, or at once.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, SubscriptionStatus};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Routes};
use ui::field::Choice;
use ui::{Card, Page, error_summary, field, link_button, submit};

use super::words::day;
use super::{PATH, Pairs, done, rev, value};
use crate::acts::get;
use crate::subscription::Subscription;
use crate::words::CancelReason;
use crate::{Act, Billing, ManageSubscription, SubscriptionId};

/// Reasons that a tenant can give, in the order of the form.
pub(crate) const REASONS: [CancelReason; 7] = [
    CancelReason::TooExpensive,
    CancelReason::MissingFeatures,
    CancelReason::Switched,
    CancelReason::Unused,
    CancelReason::Service,
    CancelReason::Closing,
    CancelReason::Other,
];

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/app/billing/subscriptions/{id}/cancel", ask)
        .post("/app/billing/subscriptions/{id}/cancel", cancel)
        .post("/app/billing/subscriptions/{id}/end", end)
}

/// What was entered.
struct Input<'a> {
    reason: &'a str,
    comment: &'a str,
    errors: &'a [FieldError],
}

async fn ask(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
) -> module::Result<Response> {
    let input = Input {
        reason: "",
        comment: "",
        errors: &[],
    };
    shown(&ctx, &billing, id, &input).await
}

async fn shown(
    ctx: &Ctx,
    billing: &Billing,
    id: SubscriptionId,
    input: &Input<'_>,
) -> module::Result<Response> {
    let mut conn = billing.db().pool().acquire().await?;
    let of = get(&mut conn, ctx.tenant().id, id).await?.at(ctx.now())?;
    drop(conn);
    if !of.is_live() {
        return Ok(done(PATH, "That subscription has ended already.")?);
    }
    Ok(page(ctx, &of, input).into_response())
}

fn page(ctx: &Ctx, of: &Subscription, input: &Input<'_>) -> Page {
    let base = format!("/app/billing/subscriptions/{}", of.id);
    let later = matches!(
        of.status,
        SubscriptionStatus::Active | SubscriptionStatus::Trialing
    ) && !of.cancel_at_period_end;
    let at = of.period_end.filter(|_| later);
    let body = html! {
        (error_summary(input.errors))
        div.stack {
            @if let Some(at) = at {
                form method="post" action={ (base) "/cancel" } {
                    input type="hidden" name="rev" value=(of.rev);
                    (Card::new(html! { div.stack {
                        p { "Everything works until " (day(ctx, at)) ". After that it can be read and exported for 30 days, and nothing is deleted. You can take it back until then." }
                        (reason(input))
                    } }).title(format!("End it on {}", day(ctx, at)))
                        .footer(html! { div.cluster { (submit(format!("Cancel for {}", day(ctx, at))).danger()) (link_button("Keep it", PATH)) } }))
                }
            }
            form method="post" action={ (base) "/end" } {
                input type="hidden" name="rev" value=(of.rev);
                (Card::new(html! { div.stack {
                    p { "From now on everything can only be read and exported, for 30 days. What you have paid for is not paid back, and this cannot be taken back." }
                    @if at.is_none() { (reason(input)) }
                    (field::text("confirm", "Name of the workspace").errors(input.errors).required()
                        .help(format!("Type {} to confirm.", ctx.tenant().name)))
                } }).title("End it at once").footer(html! { (submit("End now").danger()) }))
            }
        }
    };
    Page::new(format!("Cancel {}", of.plan.product_name))
        .crumb("Billing", PATH)
        .body(body)
        .narrow()
        .status(if input.errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
}

fn reason(input: &Input<'_>) -> Markup {
    let mut choices = vec![Choice::new("", "Choose a reason")];
    choices.extend(
        REASONS
            .iter()
            .map(|reason| Choice::new(reason.as_str(), reason.title())),
    );
    html! {
        (field::select("reason", "Why do you leave?", choices).value(input.reason).errors(input.errors).required())
        (field::textarea("comment", "Anything you want to tell us", 3).value(input.comment).optional().errors(input.errors))
    }
}

/// The reason that a form names.
fn read_reason(pairs: &Pairs) -> Result<CancelReason, FieldError> {
    CancelReason::parse(value(pairs, "reason"))
        .filter(|reason| REASONS.contains(reason))
        .ok_or_else(|| FieldError::new("reason", "required", "Choose the reason that fits best."))
}

async fn cancel(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let act = Act::of(&ctx)?.based_on(rev(&pairs));
    let comment = Some(value(&pairs, "comment"));
    let mut tx = billing.db().begin().await?;
    let done_so = async {
        let reason = read_reason(&pairs)?;
        billing
            .cancel_at_period_end(tx.conn(), &act, id, reason, comment)
            .await
    };
    match done_so.await {
        Ok(after) => {
            tx.commit().await?;
            let name = &after.plan.product_name;
            let text = after.period_end.map_or_else(
                || format!("{name} is cancelled."),
                |end| format!("{name} ends on {}.", day(&ctx, end)),
            );
            Ok(done(PATH, &text)?)
        }
        Err(Error::Invalid(errors)) => {
            drop(tx);
            again(&ctx, &billing, id, &pairs, &errors).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn end(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let act = Act::of(&ctx)?.based_on(rev(&pairs));
    let named = value(&pairs, "confirm").trim();
    let right = named.eq_ignore_ascii_case(ctx.tenant().name.trim());
    if !right {
        let error = FieldError::new(
            "confirm",
            "mismatch",
            format!("Type {} to confirm.", ctx.tenant().name),
        );
        return again(&ctx, &billing, id, &pairs, &[error]).await;
    }
    let reason = read_reason(&pairs).unwrap_or(CancelReason::Other);
    let mut tx = billing.db().begin().await?;
    let comment = Some(value(&pairs, "comment"));
    match billing
        .cancel_now(tx.conn(), &act, id, reason, comment)
        .await
    {
        Ok(after) => {
            tx.commit().await?;
            Ok(done(
                PATH,
                &format!("{} has ended.", after.plan.product_name),
            )?)
        }
        Err(Error::Invalid(errors)) => {
            drop(tx);
            again(&ctx, &billing, id, &pairs, &errors).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The page once more, with what was entered.
async fn again(
    ctx: &Ctx,
    billing: &Billing,
    id: SubscriptionId,
    pairs: &Pairs,
    errors: &[FieldError],
) -> module::Result<Response> {
    let input = Input {
        reason: value(pairs, "reason"),
        comment: value(pairs, "comment"),
        errors,
    };
    shown(ctx, billing, id, &input).await
}
