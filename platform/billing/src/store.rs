//! The statements of subscriptions.

use std::collections::BTreeMap;

use kernel::{Error, Result, Standing, SubscriptionStatus, TenantId, Timestamp, new_uuid};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::{Step, Subscription, SubscriptionId};

/// What a trial is of.
pub(crate) struct Offer {
    pub product: Uuid,
    pub plan: Uuid,
    pub trial_days: i32,
}

/// The largest plan with a trial of the product on sale that unlocks a module: a trial shows all there is.
pub(crate) async fn trial_offer(conn: &mut PgConnection, module: &str) -> Result<Option<Offer>> {
    let offer = sqlx::query_as!(
        Offer,
        "select p.id as product, l.id as plan, l.trial_days
         from products p join plans l on l.product_id = p.id
         where p.module_key = $1 and p.status = 'active' and l.status = 'active' and l.is_public and l.trial_days > 0
         order by l.sort desc, l.id limit 1",
        module,
    )
    .fetch_optional(conn)
    .await?;
    Ok(offer)
}

/// Whether the trial was still to be had; the database decides between two at once.
pub(crate) async fn use_trial(
    conn: &mut PgConnection,
    tenant: TenantId,
    product: Uuid,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into subscription_trials (tenant_id, product_id, started_at) values ($1, $2, $3) on conflict do nothing",
        tenant as _,
        product,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn insert_trial(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
    offer: &Offer,
    now: Timestamp,
    trial_end: Timestamp,
) -> Result<()> {
    use kernel::ConstraintExt as _;
    sqlx::query!(
        "insert into subscriptions (tenant_id, id, product_id, plan_id, status, collection, trial_start, trial_end,
                                    current_period_start, current_period_end, created_at, updated_at)
         values ($1, $2, $3, $4, 'trialing', 'free', $5, $6, $5, $6, $5, $5)",
        tenant as _,
        id as _,
        offer.product,
        offer.plan,
        now as _,
        trial_end as _,
    )
    .execute(conn)
    .await
    .on_constraint("subscriptions_tenant_id_product_id_key", || {
        Error::conflict("already_subscribed", "The workspace has a subscription to this product already.")
    })?;
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "one for each column that differs"
)]
pub(crate) async fn insert_event(
    conn: &mut PgConnection,
    tenant: TenantId,
    subscription: SubscriptionId,
    kind: &str,
    from: Option<SubscriptionStatus>,
    to: SubscriptionStatus,
    cause: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into subscription_events (tenant_id, id, subscription_id, kind, from_status, to_status,
                                          mrr_delta_minor, cause, actor_name, at)
         values ($1, $2, $3, $4, $5, $6, 0, $7, 'Atelier', $8)",
        tenant as _,
        new_uuid(),
        subscription as _,
        kind,
        from.map(SubscriptionStatus::as_str),
        to.as_str(),
        cause,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest subscription of a tenant to each product, a living one before an ended one.
pub(crate) async fn subscriptions(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<Subscription>> {
    let rows = sqlx::query!(
        r#"select distinct on (p.sort, p.id)
                  s.id as "id: SubscriptionId", p.module_key, p.name as product, l.name as plan, l.features, s.status,
                  s.trial_end, s.current_period_end, s.cancel_at_period_end, s.grace_until, s.read_only_until, s.created_at,
                  (select jsonb_object_agg(e.key, e.value) from plan_entitlements e
                   where e.plan_id = s.plan_id and e.value is not null) as limits
           from subscriptions s
           join products p on p.id = s.product_id
           join plans l on l.id = s.plan_id
           where s.tenant_id = $1
           order by p.sort, p.id, s.status in ('incomplete_expired', 'cancelled', 'expired'), s.created_at desc"#,
        tenant as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status = SubscriptionStatus::ALL
                .into_iter()
                .find(|status| status.as_str() == row.status)
                .ok_or_else(|| Error::internal(format!("unknown status {}", row.status)))?;
            Ok(Subscription {
                id: row.id,
                product: row.product,
                plan: row.plan,
                features: row.features,
                standing: Standing {
                    module: row.module_key,
                    status,
                    trial_end: row.trial_end,
                    period_end: row.current_period_end,
                    cancel_at_period_end: row.cancel_at_period_end,
                    grace_until: row.grace_until,
                    read_only_until: row.read_only_until,
                    override_access: None,
                    limits: limits(row.limits),
                },
                created_at: row.created_at,
            })
        })
        .collect()
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

pub(crate) async fn history(pool: &PgPool, tenant: TenantId) -> Result<Vec<Step>> {
    let steps = sqlx::query_as!(
        Step,
        "select e.kind, p.name as product, e.actor_name as actor, e.at
         from subscription_events e
         join subscriptions s on s.tenant_id = e.tenant_id and s.id = e.subscription_id
         join products p on p.id = s.product_id
         where e.tenant_id = $1
         order by e.at desc, e.id desc limit 100",
        tenant as _,
    )
    .fetch_all(pool)
    .await?;
    Ok(steps)
}

/// How many people work in the tenant.
pub(crate) async fn people(tx: &mut TenantTx) -> Result<i64> {
    let tenant = tx.tenant();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenant_people where tenant_id = $1 and status = 'active'"#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(count)
}
