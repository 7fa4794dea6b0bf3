//! The statement that counts who is on what. It reads only.

use catalog::{PlanId, PriceId};
use kernel::Result;
use sqlx::PgConnection;

pub(super) async fn subscribers(
    conn: &mut PgConnection,
) -> Result<Vec<(PlanId, Option<PriceId>, i64)>> {
    let rows = sqlx::query!(
        r#"select plan_id as "plan: PlanId", plan_price_id as "price: PriceId", count(*) as "number!"
           from subscriptions where status not in ('incomplete_expired', 'cancelled', 'expired')
           group by plan_id, plan_price_id"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.plan, row.price, row.number))
        .collect())
}
