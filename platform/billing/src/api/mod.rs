//! Operations on the workspace's subscriptions: `/api/v1/billing`.

mod body;
mod respond;

use axum::Extension;
use axum::response::Response;
use kernel::{Cursor, Page, PageRequest};
use module::extract::{Json, Path, Query};
use module::{Allowed, Answer, BasedOn, Ctx, IdempotencyKey, IfMatch, Result, Routes};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::IntoParams;

use self::body::{
    Cancel, Choice, Details, DetailsBody, EventBody, EventList, PlanList, PreviewBody,
    SubscriptionBody, SubscriptionList, When,
};
use self::respond::{Changed, Conflict, Invalid, Missing, Refused, Stale, tagged};
use crate::acts::get;
use crate::price::PriceId;
use crate::subscription::Subscription;
use crate::{
    Act, Billing, ManageSubscription, ReadSubscription, SubscriptionId, offers, profiles, store,
};

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list_subscriptions,
        read_subscription,
        choose,
        preview,
        cancel,
        resume,
        keep,
        list_plans,
        list_events,
        read_details,
        change_details,
    )
}

/// List subscriptions
///
/// Those in force and those that have ended.
#[utoipa::path(
    get, path = "/subscriptions", operation_id = "billing.subscriptions.list", tag = "Billing",
    responses((status = 200, description = "The subscriptions.", body = SubscriptionList), Refused)
)]
async fn list_subscriptions(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
) -> Result<Json<SubscriptionList>> {
    let mut conn = billing.db().pool().acquire().await?;
    let all = billing
        .all_subscriptions(&mut conn, ctx.tenant().id)
        .await?;
    let mut data = Vec::with_capacity(all.len());
    for one in all {
        data.push(SubscriptionBody::of(one.at(ctx.now())?, ctx.now()));
    }
    Ok(Json(SubscriptionList { data }))
}

/// Read a subscription
#[utoipa::path(
    get, path = "/subscriptions/{id}", operation_id = "billing.subscriptions.read", tag = "Billing",
    params(("id" = SubscriptionId, Path)),
    responses((status = 200, description = "The subscription.", body = SubscriptionBody, headers(("ETag" = String, description = "Its revision."))), Refused, Missing)
)]
async fn read_subscription(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
) -> Result<Response> {
    let mut conn = billing.db().pool().acquire().await?;
    let of = get(&mut conn, ctx.tenant().id, id).await?.at(ctx.now())?;
    Ok(tagged(of.rev, &SubscriptionBody::of(of, ctx.now()))?)
}

/// Choose a plan
///
/// Begins a subscription, ends a trial, or changes the plan. A larger plan holds at once, a smaller one with the end of
/// the period. What is not free is invoiced to the billing details.
#[utoipa::path(
    post, path = "/subscriptions", operation_id = "billing.subscriptions.choose", tag = "Billing", request_body = Choice,
    params(
        IdempotencyKey,
        BasedOn
    ),
    responses(
        (status = 200, description = "The subscription.", body = SubscriptionBody,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn choose(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    Json(body): Json<Choice>,
) -> Result<Response> {
    let act = Act::of(&ctx)?.based_on(based_on);
    once(&ctx, &billing, &key, &body, async |conn| {
        let chosen = billing
            .choose(conn, &act, body.price, body.acknowledged)
            .await?;
        Ok(chosen.0)
    })
    .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// Id of the price, from the list of plans.
    price: PriceId,
}

/// Preview a choice
///
/// What choosing this price would bring and cost. Nothing changes.
#[utoipa::path(
    get, path = "/preview", operation_id = "billing.subscriptions.preview", tag = "Billing", params(PreviewQuery),
    responses((status = 200, description = "What it would bring.", body = PreviewBody), Refused, Missing, Conflict)
)]
async fn preview(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<PreviewBody>> {
    let mut conn = billing.db().pool().acquire().await?;
    let preview = billing
        .preview(&mut conn, ctx.tenant().id, query.price, ctx.now())
        .await?;
    Ok(Json(preview.into()))
}

/// Cancel a subscription
#[utoipa::path(
    post, path = "/subscriptions/{id}/cancel", operation_id = "billing.subscriptions.cancel", tag = "Billing", request_body = Cancel,
    params(
        ("id" = SubscriptionId, Path),
        IdempotencyKey,
        BasedOn
    ),
    responses(
        (status = 200, description = "The subscription.", body = SubscriptionBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn cancel(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
    Json(body): Json<Cancel>,
) -> Result<Response> {
    let act = Act::of(&ctx)?.based_on(based_on);
    once(&ctx, &billing, &key, &body, async |conn| {
        let comment = body.comment.as_deref();
        match body.at {
            When::PeriodEnd => {
                billing
                    .cancel_at_period_end(conn, &act, id, body.reason, comment)
                    .await
            }
            When::Now => {
                billing
                    .cancel_now(conn, &act, id, body.reason, comment)
                    .await
            }
        }
    })
    .await
}

/// Take a cancellation back
///
/// As long as the period has not ended.
#[utoipa::path(
    post, path = "/subscriptions/{id}/resume", operation_id = "billing.subscriptions.resume", tag = "Billing",
    params(
        ("id" = SubscriptionId, Path),
        IdempotencyKey,
        BasedOn
    ),
    responses(
        (status = 200, description = "The subscription.", body = SubscriptionBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn resume(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
) -> Result<Response> {
    let act = Act::of(&ctx)?.based_on(based_on);
    once(&ctx, &billing, &key, &(), async |conn| {
        billing.resume(conn, &act, id).await
    })
    .await
}

/// Keep the present plan
///
/// Takes a change back that waits for the end of the period.
#[utoipa::path(
    post, path = "/subscriptions/{id}/keep", operation_id = "billing.subscriptions.keep", tag = "Billing",
    params(
        ("id" = SubscriptionId, Path),
        IdempotencyKey,
        BasedOn
    ),
    responses(
        (status = 200, description = "The subscription.", body = SubscriptionBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn keep(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Path(id): Path<SubscriptionId>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
) -> Result<Response> {
    let act = Act::of(&ctx)?.based_on(based_on);
    once(&ctx, &billing, &key, &(), async |conn| {
        billing.withdraw_change(conn, &act, id).await
    })
    .await
}

/// Does something once for each key, and answers with the subscription that came out.
async fn once<F>(
    ctx: &Ctx,
    billing: &Billing,
    key: &IdempotencyKey,
    body: &impl Serialize,
    act: F,
) -> Result<Response>
where
    F: AsyncFnOnce(&mut PgConnection) -> kernel::Result<Subscription>,
{
    let mut tx = billing.db().begin().await?;
    if let Some(answer) = key.replay(tx.conn(), ctx, body).await? {
        return Ok(answer);
    }
    let after = act(tx.conn()).await?;
    let rev = after.rev;
    let path = format!("/api/v1/billing/subscriptions/{}", after.id);
    let body = SubscriptionBody::of(after, ctx.now());
    let answer = Answer::ok(&body).tagged(rev).at(path);
    let answer = key.answer(tx.conn(), ctx, answer).await?;
    tx.commit().await?;
    Ok(answer)
}

/// List plans
///
/// What the workspace can choose from.
#[utoipa::path(
    get, path = "/plans", operation_id = "billing.plans.list", tag = "Billing",
    responses((status = 200, description = "The plans.", body = PlanList), Refused)
)]
async fn list_plans(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
) -> Result<Json<PlanList>> {
    let mut conn = billing.db().pool().acquire().await?;
    let offers = offers::list(&mut conn, ctx.now()).await?;
    Ok(Json(PlanList::of(offers, &billing)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// Most steps to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
}

/// List the history
///
/// What happened to the workspace's subscriptions, who did it and why. Steps never change.
#[utoipa::path(
    get, path = "/events", operation_id = "billing.events.list", tag = "Billing", params(EventQuery),
    responses((status = 200, description = "The steps, the newest first.", body = EventList), Refused)
)]
async fn list_events(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut conn = billing.db().pool().acquire().await?;
    let after = page.after.map(|cursor| (cursor.at, cursor.id));
    let events = store::events(&mut conn, ctx.tenant().id, after, page.fetch()).await?;
    let events = Page::cut(events, page, |event| Cursor {
        at: event.at,
        id: event.id,
    });
    Ok(Json(EventList {
        data: events.items.into_iter().map(EventBody::from).collect(),
        next_cursor: events.next,
    }))
}

/// Read the billing details
#[utoipa::path(
    get, path = "/details", operation_id = "billing.details.read", tag = "Billing",
    responses((status = 200, description = "Whom invoices are made out to; empty with the revision 0 while nothing was entered.",
        body = DetailsBody, headers(("ETag" = String, description = "Their revision."))), Refused)
)]
async fn read_details(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
) -> Result<Response> {
    let mut conn = billing.db().pool().acquire().await?;
    let details = DetailsBody::of(profiles::find(&mut conn, ctx.tenant().id).await?);
    Ok(tagged(details.rev, &details)?)
}

/// Replace the billing details
#[utoipa::path(
    put, path = "/details", operation_id = "billing.details.replace", tag = "Billing", request_body = Details,
    params(IfMatch),
    responses(
        (status = 200, description = "Whom invoices are made out to.", body = DetailsBody, headers(("ETag" = String, description = "Their revision."))),
        Refused, Stale, Invalid
    )
)]
async fn change_details(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    IfMatch(rev): IfMatch,
    Json(body): Json<Details>,
) -> Result<Response> {
    let act = Act::of(&ctx)?.based_on(Some(rev));
    let mut tx = billing.db().begin().await?;
    let profile = profiles::save(tx.conn(), &act, body.into()).await?;
    tx.commit().await?;
    let details = DetailsBody::of(Some(profile));
    Ok(tagged(details.rev, &details)?)
}
