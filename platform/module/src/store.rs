//! The statements of the contract itself: audit, events, jobs, idempotency.

use kernel::{Result, TenantId, Timestamp, new_uuid};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Audit;
use crate::idempotency::Stored;

pub(crate) async fn insert_audit(
    conn: &mut PgConnection,
    tenant: TenantId,
    entry: Audit,
) -> Result<()> {
    let row = entry.columns();
    sqlx::query!(
        "insert into audit_log (tenant_id, id, at, actor_kind, actor_id, actor_name, action,
                                target_kind, target_id, target_name, ip, user_agent, request_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        tenant as _,
        new_uuid(),
        row.at as _,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.action,
        row.target_kind,
        row.target_id,
        row.target_name,
        row.ip,
        row.user_agent,
        row.request_id,
        row.detail,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn insert_event(
    conn: &mut PgConnection,
    tenant: TenantId,
    kind: &str,
    version: i16,
    payload: Value,
    at: Timestamp,
) -> Result<()> {
    // Wakes the dispatcher in the same statement: one more would cost a round trip.
    sqlx::query!(
        "with event as (
             insert into outbox_events (id, tenant_id, kind, version, payload, occurred_at)
             values ($1, $2, $3, $4, $5, $6)
         )
         select pg_notify('atelier_change', 'work')",
        new_uuid(),
        tenant as _,
        kind,
        version,
        payload,
        at as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn insert_job(
    conn: &mut PgConnection,
    tenant: Option<TenantId>,
    kind: &str,
    payload: Value,
    unique_key: Option<String>,
    run_at: Timestamp,
) -> Result<()> {
    // Wakes the runner in the same statement when the job is due; a later one is found by its poll.
    sqlx::query!(
        "with job as (
             insert into jobs (id, tenant_id, kind, payload, unique_key, run_at, created_at)
             values ($1, $2, $3, $4, $5, $6, now())
             on conflict do nothing
         )
         select pg_notify('atelier_change', 'work') where $6 <= now()",
        new_uuid(),
        tenant as _,
        kind,
        payload,
        unique_key,
        run_at as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims a key for this transaction; waits for another request with the same key to end.
/// Returns the answer that is stored already, or nothing when the key is ours.
pub(crate) async fn claim_key(
    conn: &mut PgConnection,
    tenant: TenantId,
    actor: Uuid,
    key: &str,
    request_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Stored>> {
    let claimed = sqlx::query!(
        "insert into api_idempotency_keys (tenant_id, actor_id, key, request_hash, created_at)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        tenant as _,
        actor,
        key,
        request_hash,
        now as _,
    )
    .execute(&mut *conn)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(None);
    }
    let stored = sqlx::query_as!(
        Stored,
        r#"select request_hash, status as "status!", headers as "headers!", body as "body!"
           from api_idempotency_keys where tenant_id = $1 and actor_id = $2 and key = $3"#,
        tenant as _,
        actor,
        key,
    )
    .fetch_one(conn)
    .await?;
    Ok(Some(stored))
}

pub(crate) async fn store_answer(
    conn: &mut PgConnection,
    tenant: TenantId,
    actor: Uuid,
    key: &str,
    status: i16,
    headers: Value,
    body: &str,
) -> Result<()> {
    sqlx::query!(
        "update api_idempotency_keys set status = $4, headers = $5, body = $6
         where tenant_id = $1 and actor_id = $2 and key = $3",
        tenant as _,
        actor,
        key,
        status,
        headers,
        body,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes up to `limit` answers that were stored before; returns how many.
pub(crate) async fn delete_keys(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from api_idempotency_keys where (tenant_id, actor_id, key) in (
             select tenant_id, actor_id, key from api_idempotency_keys where created_at < $1 limit $2)",
        before as _,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}
