//! Statements behind the figures. They read only.

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

use super::Figures;

pub(super) async fn counts(conn: &mut PgConnection, now: Timestamp) -> Result<Figures> {
    let of_subscriptions = sqlx::query!(
        r#"select count(*) filter (where status = 'active') as "active!",
                  count(*) filter (where status = 'trialing' and trial_end > $1) as "trialing!",
                  count(*) filter (where status in ('past_due', 'unpaid')) as "late!"
           from subscriptions"#,
        now as _,
    )
    .fetch_one(&mut *conn)
    .await?;
    let of_tenants = sqlx::query!(
        r#"select count(*) filter (where status = 'active') as "active!", count(*) filter (where status = 'suspended') as "suspended!"
           from tenants"#,
    )
    .fetch_one(conn)
    .await?;
    Ok(Figures {
        active: of_subscriptions.active,
        trialing: of_subscriptions.trialing,
        late: of_subscriptions.late,
        tenants: of_tenants.active,
        suspended: of_tenants.suspended,
        ..Figures::default()
    })
}

/// Monthly recurring revenue in minor units of each currency. A year's price counts a twelfth, rounded half away from
/// zero for each subscription; trials count nothing.
pub(super) async fn mrr(conn: &mut PgConnection) -> Result<Vec<(i64, String)>> {
    let rows = sqlx::query!(
        r#"select p.currency,
                  coalesce(sum(round(p.amount_minor::numeric * s.quantity
                                     / case p.billing_cycle when 'yearly' then 12 else 1 end)), 0)::bigint as "minor!"
           from subscriptions s join plan_prices p on p.id = s.plan_price_id
           where s.status in ('active', 'past_due')
           group by p.currency order by p.currency"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.minor, row.currency))
        .collect())
}

/// Confirmed sign-ups since then by day in UTC.
pub(super) async fn sign_ups(
    conn: &mut PgConnection,
    since: Timestamp,
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as "day!", count(*) as "number!"
           from tenants where created_at >= $1 and status <> 'pending' group by 1 order by 1"#,
        since as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.day, row.number)).collect())
}

pub(super) async fn sign_ups_between(
    conn: &mut PgConnection,
    from: Timestamp,
    until: Timestamp,
) -> Result<i64> {
    let number = sqlx::query_scalar!(
        r#"select count(*) as "number!" from tenants where created_at >= $1 and created_at < $2 and status <> 'pending'"#,
        from as _,
        until as _,
    )
    .fetch_one(conn)
    .await?;
    Ok(number)
}

/// By how much revenue of a currency changed in each month, in UTC: `2026-03`.
pub(super) async fn movements(
    conn: &mut PgConnection,
    currency: &str,
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select to_char(at at time zone 'UTC', 'YYYY-MM') as "month!", sum(mrr_delta_minor)::bigint as "delta!"
           from subscription_events where currency = $1 and mrr_delta_minor <> 0 group by 1 order by 1"#,
        currency,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.month, row.delta)).collect())
}
