//! The statements of subscriptions, their events and notices.

use std::collections::BTreeMap;

use kernel::{
    ConstraintExt as _, Currency, Error, Money, Result, SubscriptionStatus, TenantId, Timestamp,
    new_uuid,
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::history::Event;
use crate::price::{Cycle, PlanId, Price, PriceId};
use crate::subscription::{Pending, Plan, Subscription, Terms};
use crate::words::{CancelReason, Collection, PendingKind};
use crate::{Act, ProductId, SubscriptionId};

/// What a trial is of.
pub(crate) struct Offer {
    pub plan: Plan,
    pub trial_days: i32,
}

/// The largest plan with a trial of the product on sale that unlocks a module: a trial shows all there is.
pub(crate) async fn trial_offer(conn: &mut PgConnection, module: &str) -> Result<Option<Offer>> {
    let offer = sqlx::query!(
        r#"select p.id as "product: ProductId", p.name as product_name, p.module_key, l.id as "plan: PlanId", l.name,
                  l.sort, l.trial_days
           from products p join plans l on l.product_id = p.id
           where p.module_key = $1 and p.status = 'active' and l.status = 'active' and l.is_public and l.trial_days > 0
           order by l.sort desc, l.id limit 1"#,
        module,
    )
    .fetch_optional(conn)
    .await?;
    Ok(offer.map(|row| Offer {
        plan: Plan {
            id: row.plan,
            name: row.name,
            product: row.product,
            module: row.module_key,
            product_name: row.product_name,
            rank: row.sort,
        },
        trial_days: row.trial_days,
    }))
}

/// Whether the trial was still to be had; the database decides between two at once.
pub(crate) async fn use_trial(
    conn: &mut PgConnection,
    tenant: TenantId,
    product: ProductId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into subscription_trials (tenant_id, product_id, started_at) values ($1, $2, $3) on conflict do nothing",
        tenant as _,
        product as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A price with its plan and product, and whether it is on sale at `now`.
pub(crate) async fn terms(
    conn: &mut PgConnection,
    price: PriceId,
    now: Timestamp,
) -> Result<Option<(Terms, bool)>> {
    let row = sqlx::query!(
        r#"select x.id as "price: PriceId", x.currency, x.amount_minor, x.billing_cycle,
                  l.id as "plan: PlanId", l.name, l.sort,
                  p.id as "product: ProductId", p.name as product_name, p.module_key,
                  p.status = 'active' and l.status = 'active' and l.is_public
                      and x.active_from <= $2 and (x.active_until is null or x.active_until > $2) as "on_sale!"
           from plan_prices x join plans l on l.id = x.plan_id join products p on p.id = l.product_id
           where x.id = $1"#,
        price as _,
        now as _,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let price = read_price(
            row.price,
            &row.billing_cycle,
            row.amount_minor,
            &row.currency,
        )?;
        let plan = Plan {
            id: row.plan,
            name: row.name,
            product: row.product,
            module: row.module_key,
            product_name: row.product_name,
            rank: row.sort,
        };
        Ok((Terms { price, plan }, row.on_sale))
    })
    .transpose()
}

/// Keeps everybody else from a subscription until the transaction ends; false when there is none.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select true as "found!" from subscriptions where tenant_id = $1 and id = $2 for update"#,
        tenant as _,
        id as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// The living subscription to a product, kept from everybody else until the transaction ends.
pub(crate) async fn lock_live(
    conn: &mut PgConnection,
    tenant: TenantId,
    product: ProductId,
) -> Result<Option<SubscriptionId>> {
    Ok(sqlx::query_scalar!(
        r#"select id as "id: SubscriptionId" from subscriptions
           where tenant_id = $1 and product_id = $2 and status not in ('incomplete_expired', 'cancelled', 'expired')
           for update"#,
        tenant as _,
        product as _,
    )
    .fetch_optional(conn)
    .await?)
}

/// The subscriptions of a tenant, or one of them: by product, a living one before ended ones, the newest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Option<SubscriptionId>,
) -> Result<Vec<Subscription>> {
    let rows = sqlx::query!(
        r#"select s.id as "id: SubscriptionId", s.status, s.collection, s.quantity, s.trial_start, s.trial_end,
                  s.period_anchor, s.current_period_start, s.current_period_end, s.payment_due_at, s.due_minor,
                  s.due_currency, s.payment_failed_count, s.grace_until, s.read_only_until, s.cancel_at_period_end,
                  s.cancelled_at, s.ended_at, s.cancel_reason, s.cancel_comment, s.pending_effective_at, s.pending_kind,
                  s.announced_price_id as "announced_price?: PriceId", s.announced_at, s.lock_version, s.created_at,
                  p.id as "product: ProductId", p.module_key, p.name as product_name,
                  l.id as "plan: PlanId", l.name as plan_name, l.sort, l.features,
                  x.id as "price?: PriceId", x.currency as "currency?", x.amount_minor as "amount_minor?",
                  x.billing_cycle as "cycle?",
                  y.id as "next_price?: PriceId", y.currency as "next_currency?", y.amount_minor as "next_amount?",
                  y.billing_cycle as "next_cycle?",
                  n.id as "next_plan?: PlanId", n.name as "next_name?", n.sort as "next_sort?",
                  (select jsonb_object_agg(e.key, e.value) from plan_entitlements e
                   where e.plan_id = s.plan_id and e.value is not null) as limits
           from subscriptions s
           join products p on p.id = s.product_id
           join plans l on l.id = s.plan_id
           left join plan_prices x on x.id = s.plan_price_id
           left join plan_prices y on y.id = s.pending_price_id
           left join plans n on n.id = y.plan_id
           where s.tenant_id = $1 and ($2::uuid is null or s.id = $2)
           order by p.sort, p.id, s.status in ('incomplete_expired', 'cancelled', 'expired'), s.created_at desc, s.id desc"#,
        tenant as _,
        id as Option<SubscriptionId>,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let plan = Plan {
                id: row.plan,
                name: row.plan_name,
                product: row.product,
                module: row.module_key,
                product_name: row.product_name,
                rank: row.sort,
            };
            let price = match (row.price, row.cycle, row.amount_minor, row.currency) {
                (Some(id), Some(cycle), Some(minor), Some(currency)) => {
                    Some(read_price(id, &cycle, minor, &currency)?)
                }
                _ => None,
            };
            let next = match (
                row.next_price,
                row.next_cycle,
                row.next_amount,
                row.next_currency,
            ) {
                (Some(id), Some(cycle), Some(minor), Some(currency)) => {
                    Some(read_price(id, &cycle, minor, &currency)?)
                }
                _ => None,
            };
            let pending = match (
                next,
                row.next_plan,
                row.next_name,
                row.next_sort,
                row.pending_effective_at,
            ) {
                (Some(price), Some(id), Some(name), Some(rank), Some(at)) => Some(Pending {
                    terms: Terms {
                        price,
                        plan: Plan {
                            id,
                            name,
                            rank,
                            ..plan.clone()
                        },
                    },
                    at,
                    kind: if row.pending_kind.as_deref() == Some("migration") {
                        PendingKind::Migration
                    } else {
                        PendingKind::Change
                    },
                }),
                _ => None,
            };
            let due = match row.due_currency {
                Some(currency) if row.due_minor > 0 => {
                    Some(Money::new(row.due_minor, read_currency(&currency)?))
                }
                _ => None,
            };
            Ok(Subscription {
                id: row.id,
                tenant,
                plan,
                price,
                status: read_status(&row.status)?,
                collection: Collection::parse(&row.collection)?,
                quantity: row.quantity,
                trial_start: row.trial_start,
                trial_end: row.trial_end,
                anchor: row.period_anchor,
                period_start: row.current_period_start,
                period_end: row.current_period_end,
                payment_due_at: row.payment_due_at,
                due,
                payment_failed_count: row.payment_failed_count,
                grace_until: row.grace_until,
                read_only_until: row.read_only_until,
                cancel_at_period_end: row.cancel_at_period_end,
                cancelled_at: row.cancelled_at,
                ended_at: row.ended_at,
                cancel_reason: row.cancel_reason.as_deref().and_then(CancelReason::parse),
                cancel_comment: row.cancel_comment,
                pending,
                announced: row.announced_price.zip(row.announced_at),
                rev: row.lock_version,
                created_at: row.created_at,
                limits: limits(row.limits),
                features: row.features,
            })
        })
        .collect()
}

pub(crate) fn read_price(id: PriceId, cycle: &str, minor: i64, currency: &str) -> Result<Price> {
    Ok(Price {
        id,
        cycle: Cycle::parse(cycle)?,
        amount: Money::new(minor, read_currency(currency)?),
    })
}

pub(crate) fn read_currency(code: &str) -> Result<Currency> {
    Currency::parse(code).map_err(|error| Error::internal(error.message))
}

fn read_status(name: &str) -> Result<SubscriptionStatus> {
    SubscriptionStatus::ALL
        .into_iter()
        .find(|status| status.as_str() == name)
        .ok_or_else(|| Error::internal(format!("unknown status {name}")))
}

fn limits(value: Option<Value>) -> BTreeMap<String, i64> {
    let Some(Value::Object(limits)) = value else {
        return BTreeMap::new();
    };
    limits
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.as_i64()?)))
        .collect()
}

/// Adds a subscription, without what only later acts set.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &Subscription,
    attend_at: Option<Timestamp>,
) -> Result<()> {
    sqlx::query!(
        "insert into subscriptions (tenant_id, id, product_id, plan_id, plan_price_id, status, collection, quantity,
                                    trial_start, trial_end, period_anchor, current_period_start, current_period_end,
                                    payment_due_at, due_minor, due_currency, attend_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)",
        new.tenant as _,
        new.id as _,
        new.plan.product as _,
        new.plan.id as _,
        new.price.map(|price| price.id) as Option<PriceId>,
        new.status.as_str(),
        new.collection.as_str(),
        new.quantity,
        new.trial_start as Option<Timestamp>,
        new.trial_end as Option<Timestamp>,
        new.anchor as Option<Timestamp>,
        new.period_start as Option<Timestamp>,
        new.period_end as Option<Timestamp>,
        new.payment_due_at as Option<Timestamp>,
        new.due.map_or(0, |due| due.minor),
        new.due.map(|due| due.currency.code()),
        attend_at as Option<Timestamp>,
        new.created_at as _,
    )
    .execute(conn)
    .await
    .on_constraint("subscriptions_tenant_id_product_id_key", || {
        Error::conflict(
            "already_subscribed",
            "The workspace has a subscription to this product already.",
        )
    })?;
    Ok(())
}

/// Writes what became of a subscription that is locked, and counts its revision.
pub(crate) async fn save(
    conn: &mut PgConnection,
    after: &Subscription,
    attend_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update subscriptions
         set plan_id = $3, plan_price_id = $4, status = $5, collection = $6, quantity = $7, trial_end = $8,
             period_anchor = $9, current_period_start = $10, current_period_end = $11, payment_due_at = $12,
             due_minor = $13, due_currency = $14, payment_failed_count = $15, grace_until = $16, read_only_until = $17,
             cancel_at_period_end = $18, cancelled_at = $19, ended_at = $20, cancel_reason = $21, cancel_comment = $22,
             pending_price_id = $23, pending_effective_at = $24, pending_kind = $25, announced_price_id = $26,
             announced_at = $27, attend_at = $28, lock_version = lock_version + 1, updated_at = $29
         where tenant_id = $1 and id = $2",
        after.tenant as _,
        after.id as _,
        after.plan.id as _,
        after.price.map(|price| price.id) as Option<PriceId>,
        after.status.as_str(),
        after.collection.as_str(),
        after.quantity,
        after.trial_end as Option<Timestamp>,
        after.anchor as Option<Timestamp>,
        after.period_start as Option<Timestamp>,
        after.period_end as Option<Timestamp>,
        after.payment_due_at as Option<Timestamp>,
        after.due.map_or(0, |due| due.minor),
        after.due.map(|due| due.currency.code()),
        after.payment_failed_count,
        after.grace_until as Option<Timestamp>,
        after.read_only_until as Option<Timestamp>,
        after.cancel_at_period_end,
        after.cancelled_at as Option<Timestamp>,
        after.ended_at as Option<Timestamp>,
        after.cancel_reason.map(CancelReason::as_str),
        after.cancel_comment.as_deref(),
        after.pending.as_ref().map(|pending| pending.terms.price.id) as Option<PriceId>,
        after.pending.as_ref().map(|pending| pending.at) as Option<Timestamp>,
        after.pending.as_ref().map(|pending| pending.kind.as_str()),
        after.announced.map(|(price, _)| price) as Option<PriceId>,
        after.announced.map(|(_, at)| at) as Option<Timestamp>,
        attend_at as Option<Timestamp>,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes when a subscription has to be looked at again, without counting a revision: nobody sees a difference.
pub(crate) async fn set_attend_at(
    conn: &mut PgConnection,
    subscription: &Subscription,
    attend_at: Option<Timestamp>,
) -> Result<()> {
    sqlx::query!(
        "update subscriptions set attend_at = $3 where tenant_id = $1 and id = $2",
        subscription.tenant as _,
        subscription.id as _,
        attend_at as Option<Timestamp>,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is written of a step besides who took it.
pub(crate) struct NewEvent<'a> {
    pub kind: &'a str,
    pub cause: &'a str,
    pub at: Timestamp,
    pub mrr_delta: Money,
}

pub(crate) async fn insert_event(
    conn: &mut PgConnection,
    act: &Act,
    event: &NewEvent<'_>,
    before: Option<&Subscription>,
    after: &Subscription,
) -> Result<()> {
    let (actor_kind, actor_id) = act.actor.columns();
    let price = |of: &Subscription| of.price.map(|price| price.id);
    sqlx::query!(
        "insert into subscription_events (tenant_id, id, subscription_id, kind, from_status, to_status, from_price_id,
                                          to_price_id, mrr_delta_minor, currency, cause, actor_kind, actor_id, actor_name,
                                          note, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        after.tenant as _,
        new_uuid(),
        after.id as _,
        event.kind,
        before.map(|before| before.status.as_str()),
        after.status.as_str(),
        before.and_then(price) as Option<PriceId>,
        price(after) as Option<PriceId>,
        event.mrr_delta.minor,
        event.mrr_delta.currency.code(),
        event.cause,
        actor_kind,
        actor_id,
        act.actor.name(),
        act.note,
        event.at as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What happened to the subscriptions of a tenant, newest first; `before` ends the part before this one.
pub(crate) async fn events(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Event>> {
    let (at, id) = before.unzip();
    let rows = sqlx::query!(
        r#"select e.id, e.subscription_id as "subscription: SubscriptionId", e.kind, p.name as product, e.from_status,
                  e.to_status, e.mrr_delta_minor, e.currency, e.cause, e.actor_kind, e.actor_name, e.note, e.at
           from subscription_events e
           join subscriptions s on s.tenant_id = e.tenant_id and s.id = e.subscription_id
           join products p on p.id = s.product_id
           where e.tenant_id = $1 and ($2::timestamptz is null or (e.at, e.id) < ($2, $3))
           order by e.at desc, e.id desc limit $4"#,
        tenant as _,
        at as Option<Timestamp>,
        id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let delta = match row.currency {
                Some(currency) => Some(Money::new(row.mrr_delta_minor, read_currency(&currency)?)),
                None => None,
            };
            Ok(Event {
                id: row.id,
                subscription: row.subscription,
                kind: row.kind,
                product: row.product,
                from: row.from_status.as_deref().map(read_status).transpose()?,
                to: read_status(&row.to_status)?,
                mrr_delta: delta.filter(|delta| delta.minor != 0),
                cause: row.cause,
                actor_kind: row.actor_kind,
                actor: row.actor_name,
                note: row.note,
                at: row.at,
            })
        })
        .collect()
}

/// Whether a notice was not sent yet; it counts as sent from now on. The database decides between two at once.
pub(crate) async fn claim_notice(
    conn: &mut PgConnection,
    of: &Subscription,
    kind: &str,
    about: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into subscription_notices (tenant_id, subscription_id, kind, about, sent_at)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        of.tenant as _,
        of.id as _,
        kind,
        about as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Subscriptions that have to be looked at by `now`, the longest waiting first.
pub(crate) async fn to_attend(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(TenantId, SubscriptionId)>> {
    let rows = sqlx::query!(
        r#"select tenant_id as "tenant: TenantId", id as "id: SubscriptionId" from subscriptions
           where attend_at <= $1 order by attend_at, id limit $2"#,
        now as _,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant, row.id)).collect())
}

/// The tenants with a living subscription on a price, in one order for everybody.
pub(crate) async fn on_price(
    conn: &mut PgConnection,
    price: PriceId,
) -> Result<Vec<(TenantId, SubscriptionId)>> {
    let rows = sqlx::query!(
        r#"select tenant_id as "tenant: TenantId", id as "id: SubscriptionId" from subscriptions
           where plan_price_id = $1 and status in ('active', 'past_due')
           order by tenant_id, id for update"#,
        price as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant, row.id)).collect())
}

/// What a plan sets: key of an entitlement, its type as stored, and its value.
pub(crate) async fn entitlements(
    conn: &mut PgConnection,
    plan: PlanId,
) -> Result<Vec<(String, String, Option<i64>)>> {
    let rows = sqlx::query!(
        "select key, kind, value from plan_entitlements where plan_id = $1 order by key",
        plan as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.key, row.kind, row.value))
        .collect())
}
