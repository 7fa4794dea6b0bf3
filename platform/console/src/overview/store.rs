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
