//! The statements of figures over all tenants.

use kernel::{Money, Result, Timestamp};
use sqlx::PgConnection;

use super::{Movement, PlanRevenue, Subscribers};
use crate::price::{PlanId, PriceId};
use crate::store::read_currency;

pub(super) async fn recurring_revenue(conn: &mut PgConnection) -> Result<Vec<Money>> {
    // round() of numeric rounds half away from zero, as `Price::monthly` does.
    let rows = sqlx::query!(
        r#"select x.currency,
                  sum(round(x.amount_minor::numeric * s.quantity
                            / case x.billing_cycle when 'yearly' then 12 else 1 end))::bigint as "minor!"
           from subscriptions s join plan_prices x on x.id = s.plan_price_id
           where s.status in ('active', 'past_due')
           group by x.currency order by x.currency"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok(Money::new(row.minor, read_currency(&row.currency)?)))
        .collect()
}

pub(super) async fn revenue_by_plan(conn: &mut PgConnection) -> Result<Vec<PlanRevenue>> {
    let rows = sqlx::query!(
        r#"select s.plan_id as "plan: PlanId", x.currency, count(*) as "count!",
                  sum(round(x.amount_minor::numeric * s.quantity
                            / case x.billing_cycle when 'yearly' then 12 else 1 end))::bigint as "minor!"
           from subscriptions s join plan_prices x on x.id = s.plan_price_id
           where s.status in ('active', 'past_due') and x.amount_minor > 0
           group by s.plan_id, x.currency order by 4 desc, s.plan_id, x.currency"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(PlanRevenue {
                plan: row.plan,
                count: row.count,
                mrr: Money::new(row.minor, read_currency(&row.currency)?),
            })
        })
        .collect()
}

pub(super) async fn movements(
    conn: &mut PgConnection,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Movement>> {
    let rows = sqlx::query!(
        r#"select at, mrr_delta_minor, currency as "currency!" from subscription_events
           where at >= $1 and at < $2 and mrr_delta_minor <> 0 order by at, id"#,
        from as _,
        until as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Movement {
                at: row.at,
                delta: Money::new(row.mrr_delta_minor, read_currency(&row.currency)?),
            })
        })
        .collect()
}

pub(super) async fn subscribers(conn: &mut PgConnection) -> Result<Vec<Subscribers>> {
    Ok(sqlx::query_as!(
        Subscribers,
        r#"select plan_price_id as "price!: PriceId", count(*) as "count!" from subscriptions
           where plan_price_id is not null and status not in ('incomplete_expired', 'cancelled', 'expired')
           group by plan_price_id order by plan_price_id"#
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn by_status(conn: &mut PgConnection) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select status, count(*) as "count!" from subscriptions group by status order by status"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.status, row.count))
        .collect())
}
