//! The statement about subscriptions of all tenants. It reads only.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Coming, Filter, Found, OnPrice, Row};
use crate::respond::{money, moneys};

fn price(
    id: Option<Uuid>,
    version: Option<i32>,
    minor: Option<i64>,
    currency: Option<String>,
    cycle: Option<String>,
) -> Result<Option<OnPrice>> {
    match (id, version, minor, currency, cycle) {
        (Some(id), Some(version), Some(minor), Some(currency), Some(cycle)) => Ok(Some(OnPrice {
            id,
            version,
            amount: money(minor, &currency)?,
            cycle,
        })),
        _ => Ok(None),
    }
}

/// The newest first; those of one tenant by product, those that live before those that ended.
pub(super) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Found> {
    let rows = sqlx::query!(
        r#"with wanted as (
               select s.*, case when s.status in ('active', 'past_due')
                                then round(p.amount_minor::numeric * s.quantity
                                           / case p.billing_cycle when 'yearly' then 12 else 1 end)::bigint end as mrr,
                      p.version, p.amount_minor, p.currency, p.billing_cycle
               from subscriptions s
               left join plan_prices p on p.id = s.plan_price_id
               where ($1 = '' or s.status = $1
                      or $1 = 'live' and s.status not in ('incomplete_expired', 'cancelled', 'expired')
                      or $1 = 'paying' and s.status in ('active', 'past_due') and p.amount_minor > 0)
                 and ($2::uuid is null or s.plan_id = $2)
                 and ($3::uuid is null or s.plan_price_id = $3)
                 and ($4 = '' or s.collection = $4)
                 and ($5::uuid is null or s.tenant_id = $5)
           ), summed as (
               select coalesce(array_agg(m.minor order by m.currency), '{}') as minors,
                      coalesce(array_agg(m.currency order by m.currency), '{}') as currencies
               from (select currency, sum(mrr)::bigint as minor from wanted where mrr > 0 group by currency) m
           )
           select s.tenant_id as "tenant: TenantId", t.name as tenant_name, t.slug as tenant_slug, s.id, pr.name as product,
                  pl.name as plan, s.plan_price_id as price, s.version as "version?", s.amount_minor as "amount_minor?",
                  s.currency as "currency?", s.billing_cycle as "cycle?", s.mrr, s.status, s.collection, s.quantity,
                  s.trial_end, s.current_period_start as period_start, s.current_period_end as period_end,
                  s.payment_due_at, s.due_minor, s.due_currency, s.grace_until, s.read_only_until,
                  s.cancel_at_period_end, s.ended_at, s.lock_version as rev, s.created_at,
                  s.pending_kind, s.pending_effective_at as pending_at, y.id as "next_price?", y.version as "next_version?",
                  y.amount_minor as "next_minor?", y.currency as "next_currency?", y.billing_cycle as "next_cycle?",
                  n.name as "next_plan?", count(*) over () as "total!", m.minors as "minors!: Vec<i64>",
                  m.currencies as "currencies!: Vec<String>"
           from wanted s
           join tenants t on t.id = s.tenant_id
           join plans pl on pl.id = s.plan_id
           join products pr on pr.id = s.product_id
           left join plan_prices y on y.id = s.pending_price_id
           left join plans n on n.id = y.plan_id
           cross join summed m
           order by case when $5 is not null then s.status in ('incomplete_expired', 'cancelled', 'expired') end,
                    case when $5 is not null then pr.sort end, s.created_at desc, s.id desc
           offset $6 limit $7"#,
        filter.status,
        filter.plan,
        filter.price,
        filter.collection,
        filter.tenant as Option<TenantId>,
        filter.offset,
        filter.limit,
    )
    .fetch_all(conn)
    .await?;
    let mut found = Found::default();
    for row in rows {
        if found.rows.is_empty() {
            found.total = row.total;
            found.mrr = moneys(&row.minors, &row.currencies)?;
        }
        let price_now = price(
            row.price,
            row.version,
            row.amount_minor,
            row.currency,
            row.cycle,
        )?;
        let next = price(
            row.next_price,
            row.next_version,
            row.next_minor,
            row.next_currency,
            row.next_cycle,
        )?;
        let pending = match (next, row.next_plan, row.pending_at) {
            (Some(price), Some(plan), Some(at)) => Some(Coming {
                price,
                plan,
                at,
                announced: row.pending_kind.as_deref() == Some("migration"),
            }),
            _ => None,
        };
        let due = match row.due_currency {
            Some(currency) if row.due_minor > 0 => Some(money(row.due_minor, &currency)?),
            _ => None,
        };
        let mrr = match (&price_now, row.mrr) {
            (Some(price), Some(minor)) => Some(kernel::Money::new(minor, price.amount.currency)),
            _ => None,
        };
        found.rows.push(Row {
            tenant: row.tenant,
            tenant_name: row.tenant_name,
            tenant_slug: row.tenant_slug,
            id: row.id,
            product: row.product,
            plan: row.plan,
            price: price_now,
            mrr,
            status: row.status,
            collection: row.collection,
            quantity: row.quantity,
            trial_end: row.trial_end,
            period_start: row.period_start,
            period_end: row.period_end,
            due,
            payment_due_at: row.payment_due_at,
            grace_until: row.grace_until,
            read_only_until: row.read_only_until,
            pending,
            cancel_at_period_end: row.cancel_at_period_end,
            ended_at: row.ended_at,
            rev: row.rev,
            created_at: row.created_at,
        });
    }
    Ok(found)
}

/// How many of those who are on a price would move to another one, by the quantity that each has: those in force or
/// overdue that go on beyond their period and have not chosen another plan.
pub(super) async fn movable(conn: &mut PgConnection, plan: Uuid) -> Result<Vec<(Uuid, i32, i64)>> {
    let rows = sqlx::query!(
        r#"select s.plan_price_id as "price!", s.quantity, count(*) as "number!"
           from subscriptions s
           where s.plan_id = $1 and s.plan_price_id is not null and s.status in ('active', 'past_due')
             and not s.cancel_at_period_end and s.pending_kind is distinct from 'change'
           group by s.plan_price_id, s.quantity"#,
        plan,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.price, row.quantity, row.number))
        .collect())
}

/// The moves that are announced and still to come, of subscribers of a plan.
pub(super) async fn moves(conn: &mut PgConnection, plan: Uuid) -> Result<Vec<super::Move>> {
    let rows = sqlx::query!(
        r#"select s.plan_price_id as "from!", s.pending_price_id as "to!", count(*) as "number!",
                  min(s.pending_effective_at) as "first!: Timestamp", max(s.pending_effective_at) as "last!: Timestamp"
           from subscriptions s
           where s.plan_id = $1 and s.plan_price_id is not null and s.pending_price_id is not null
             and s.pending_kind = 'migration' and s.status in ('active', 'past_due')
           group by s.plan_price_id, s.pending_price_id order by min(s.pending_effective_at), s.plan_price_id"#,
        plan,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| super::Move {
            from: row.from,
            to: row.to,
            number: row.number,
            first: row.first,
            last: row.last,
        })
        .collect())
}
