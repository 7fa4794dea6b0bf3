//! Statements about subscriptions of all tenants. They read only.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Filter, Found, OnPrice, Row};
use crate::respond::money;

struct Stored {
    tenant: TenantId,
    tenant_name: String,
    tenant_slug: String,
    id: Uuid,
    product: String,
    plan: String,
    version: Option<i32>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    cycle: Option<String>,
    status: String,
    collection: String,
    quantity: i32,
    trial_end: Option<Timestamp>,
    period_end: Option<Timestamp>,
    due_minor: i64,
    due_currency: Option<String>,
    cancel_at_period_end: bool,
    ended_at: Option<Timestamp>,
    rev: i64,
    created_at: Timestamp,
    total: i64,
}

impl Stored {
    fn read(self) -> Result<Row> {
        let price = match (self.version, self.amount_minor, self.currency, self.cycle) {
            (Some(version), Some(minor), Some(currency), Some(cycle)) => Some(OnPrice {
                version,
                amount: money(minor, &currency)?,
                cycle,
            }),
            _ => None,
        };
        let due = match self.due_currency {
            Some(currency) if self.due_minor > 0 => Some(money(self.due_minor, &currency)?),
            _ => None,
        };
        Ok(Row {
            tenant: self.tenant,
            tenant_name: self.tenant_name,
            tenant_slug: self.tenant_slug,
            id: self.id,
            product: self.product,
            plan: self.plan,
            price,
            status: self.status,
            collection: self.collection,
            quantity: self.quantity,
            trial_end: self.trial_end,
            period_end: self.period_end,
            due,
            cancel_at_period_end: self.cancel_at_period_end,
            ended_at: self.ended_at,
            rev: self.rev,
            created_at: self.created_at,
        })
    }
}

pub(super) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Found> {
    let rows = sqlx::query_as!(
        Stored,
        r#"select s.tenant_id as "tenant: TenantId", t.name as tenant_name, t.slug as tenant_slug, s.id, pr.name as product,
                  pl.name as plan, p.version as "version?",
                  p.amount_minor as "amount_minor?", p.currency as "currency?", p.billing_cycle as "cycle?", s.status,
                  s.collection, s.quantity, s.trial_end, s.current_period_end as period_end, s.due_minor,
                  s.due_currency, s.cancel_at_period_end, s.ended_at, s.lock_version as rev, s.created_at, count(*) over () as "total!"
           from subscriptions s
           join tenants t on t.id = s.tenant_id
           join plans pl on pl.id = s.plan_id
           join products pr on pr.id = s.product_id
           left join plan_prices p on p.id = s.plan_price_id
           where ($1 = '' or s.status = $1
                  or $1 = 'live' and s.status not in ('incomplete_expired', 'cancelled', 'expired'))
             and ($2::uuid is null or s.plan_id = $2)
             and ($3::uuid is null or s.plan_price_id = $3)
             and ($4 = '' or s.collection = $4)
           order by s.created_at desc, s.id desc offset $5 limit $6"#,
        filter.status,
        filter.plan,
        filter.price,
        filter.collection,
        filter.offset,
        filter.limit,
    )
    .fetch_all(conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let rows = rows.into_iter().map(Stored::read).collect::<Result<_>>()?;
    Ok(Found { rows, total })
}

pub(super) async fn of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Stored,
        r#"select s.tenant_id as "tenant: TenantId", t.name as tenant_name, t.slug as tenant_slug, s.id, pr.name as product,
                  pl.name as plan, p.version as "version?",
                  p.amount_minor as "amount_minor?", p.currency as "currency?", p.billing_cycle as "cycle?", s.status,
                  s.collection, s.quantity, s.trial_end, s.current_period_end as period_end, s.due_minor,
                  s.due_currency, s.cancel_at_period_end, s.ended_at, s.lock_version as rev, s.created_at, count(*) over () as "total!"
           from subscriptions s
           join tenants t on t.id = s.tenant_id
           join plans pl on pl.id = s.plan_id
           join products pr on pr.id = s.product_id
           left join plan_prices p on p.id = s.plan_price_id
           where s.tenant_id = $1
           order by s.status in ('incomplete_expired', 'cancelled', 'expired'), pr.sort, s.created_at desc limit 50"#,
        tenant as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Stored::read).collect()
}
