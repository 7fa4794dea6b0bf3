//! The statements of the home page's figures.

use kernel::{Result, Timestamp};
use tenant_resolver::TenantTx;

use crate::public::Audience;

/// Comments that wait for a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub number: i64,
    pub oldest: Option<Timestamp>,
}

pub(super) async fn waiting(tx: &mut TenantTx) -> Result<Waiting> {
    let tenant = tx.tenant();
    let waiting = sqlx::query_as!(
        Waiting,
        r#"select count(*) as "number!", min(created_at) as oldest
           from blog_comments where tenant_id = $1 and status = 'pending' and confirm_hash is null"#,
        tenant as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(waiting)
}

/// Approved comments by how many times 24 hours ago they were written.
pub(super) async fn said_by_day(
    tx: &mut TenantTx,
    now: Timestamp,
    days: usize,
) -> Result<Vec<(i32, i64)>> {
    let tenant = tx.tenant();
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let rows = sqlx::query!(
        r#"select (extract(epoch from $2::timestamptz - created_at)::bigint / 86400)::int as "ago!", count(*) as "number!"
           from blog_comments
           where tenant_id = $1 and status = 'approved' and confirm_hash is null
             and created_at <= $2 and created_at > $2 - make_interval(days => $3)
           group by 1"#,
        tenant as _,
        now as _,
        days,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.ago, row.number)).collect())
}

/// Posts that readers find in lists, by how many weeks ago they went live.
pub(super) async fn published_by_week(
    tx: &mut TenantTx,
    now: Timestamp,
    weeks: usize,
) -> Result<Vec<(i32, i64)>> {
    let tenant = tx.tenant();
    let weeks = i32::try_from(weeks).unwrap_or(i32::MAX);
    let rows = sqlx::query!(
        r#"select (extract(epoch from $2::timestamptz - p.published_at)::bigint / 604800)::int as "ago!", count(*) as "number!"
           from blog_posts p
           where p.tenant_id = $1 and blog_shown(p, $4, $2) and p.published_at > $2 - make_interval(weeks => $3)
           group by 1"#,
        tenant as _,
        now as _,
        weeks,
        Audience::MEMBERS.lists() as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.ago, row.number)).collect())
}
