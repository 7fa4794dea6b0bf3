//! Statements about the use of keys.

use kernel::{Result, TenantId, Timestamp};
use module::{ApiKeyId, ApplicationId};
use sqlx::PgPool;
use tenant_resolver::TenantTx;

use super::{Day, Entry};

/// Adds what a node has counted. Of several nodes, one a minute touches the key itself.
pub(super) async fn write(
    pool: &PgPool,
    tenant: TenantId,
    key: ApiKeyId,
    entry: &Entry,
) -> Result<()> {
    sqlx::query!(
        "with touched as (
             update api_keys set last_used_at = $3, last_used_ip = $4
             where tenant_id = $1 and id = $2 and (last_used_at is null or last_used_at <= $3::timestamptz - interval '1 minute')
         )
         insert into api_key_usage as u (tenant_id, key_id, day, requests, refused)
         values ($1, $2, ($3::timestamptz at time zone 'UTC')::date, $5, $6)
         on conflict (tenant_id, key_id, day) do update
             set requests = u.requests + excluded.requests, refused = u.refused + excluded.refused",
        tenant as _,
        key as _,
        entry.at as _,
        entry.ip.to_string(),
        entry.requests,
        entry.refused,
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn days(
    tx: &mut TenantTx,
    application: ApplicationId,
    days: i32,
    now: Timestamp,
) -> Result<Vec<Day>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Day,
        r#"with days as (
             select ($3::timestamptz at time zone 'UTC')::date - back as day from generate_series($4::int - 1, 0, -1) back
           ), used as (
             select u.day, sum(u.requests)::bigint as requests, sum(u.refused)::bigint as refused
             from api_key_usage u join api_keys k on k.tenant_id = u.tenant_id and k.id = u.key_id
             where u.tenant_id = $1 and k.tenant_id = $1 and k.application_id = $2
               and u.day > ($3::timestamptz at time zone 'UTC')::date - $4::int
             group by u.day
           )
           select d.day::text as "day!", coalesce(u.requests, 0) as "requests!", coalesce(u.refused, 0) as "refused!"
           from days d left join used u on u.day = d.day order by d.day"#,
        tenant as _,
        application as _,
        now as _,
        days,
    )
    .fetch_all(tx.conn())
    .await?)
}
