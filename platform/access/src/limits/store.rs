//! The statement about counts.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgPool;

use super::{Ask, Counted};

/// Adds what is wanted to both counts and takes off what is given back; returns what they are then. A count of an
/// earlier minute begins anew. Every request takes the key's row first, so none waits for another in a circle.
pub(super) async fn count(
    pool: &PgPool,
    tenant: TenantId,
    window: Timestamp,
    [key, all]: [Ask; 2],
) -> Result<Vec<Counted>> {
    Ok(sqlx::query_as!(
        Counted,
        r#"insert into api_rate_counters as c (tenant_id, subject_id, window_start, used)
           values ($1, $2, $4, greatest($5::bigint, 0)), ($1, $3, $4, greatest($6::bigint, 0))
           on conflict (tenant_id, subject_id) do update
               set window_start = greatest(c.window_start, excluded.window_start),
                   used = case when c.window_start < excluded.window_start then excluded.used
                               else greatest(c.used + case c.subject_id when $2 then $5 else $6 end, 0) end
           returning c.subject_id as subject, c.used as used"#,
        tenant as _,
        key.subject,
        all.subject,
        window as _,
        key.wanted - key.returned,
        all.wanted - all.returned,
    )
    .fetch_all(pool)
    .await?)
}
