//! The statements of the queue.

use kernel::{ConstraintExt as _, Error, Result, TenantId, Timestamp, new_uuid};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::repair::{DeadJob, HandedOn};

/// A job that this runner holds.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub id: Uuid,
    pub tenant: Option<TenantId>,
    pub kind: String,
    pub payload: Value,
    /// Attempts so far, this one included.
    pub attempts: i32,
    pub max_attempts: i32,
    pub turn: Uuid,
}

/// Takes up to `limit` due jobs, turn by turn: those of turns after `after` and up to `upto`, in that
/// order, as evenly as the limit allows.
///
/// The first part hops from one waiting tenant to the next along the index, so its cost is that of
/// the tenants it serves, not of the jobs they have piled up.
pub(crate) async fn claim(
    pool: &PgPool,
    (after, upto): (Uuid, Uuid),
    limit: i64,
    lease: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<Claimed>> {
    Ok(sqlx::query_as!(
        Claimed,
        r#"with recursive turns (turn, n) as (
               (select j.turn, 1::bigint from jobs j
                where j.state = 'queued' and j.run_at <= $5 and j.turn > $1 and j.turn <= $2
                order by j.turn limit 1)
               union all
               select next.turn, turns.n + 1
               from turns cross join lateral (
                   select j.turn from jobs j
                   where j.state = 'queued' and j.run_at <= $5 and j.turn > turns.turn and j.turn <= $2
                   order by j.turn limit 1
               ) next
               where turns.n < $3
           ), share (size) as (
               select greatest(1, $3 / nullif(count(*), 0)) from turns
           ), due as materialized (
               select picked.id from turns cross join lateral (
                   select j.id from jobs j
                   where j.state = 'queued' and j.run_at <= $5 and j.turn = turns.turn
                   order by j.run_at, j.id
                   limit (select size from share)
                   for update skip locked
               ) picked
           )
           update jobs set state = 'running', attempts = attempts + 1, locked_by = $4, locked_until = $6
           from due where jobs.id = due.id
           returning jobs.id, jobs.tenant_id as "tenant: _", jobs.kind, jobs.payload,
                     jobs.attempts, jobs.max_attempts, jobs.turn as "turn!""#,
        after,
        upto,
        limit,
        lease,
        now as _,
        until as _,
    )
    .fetch_all(pool)
    .await?)
}

/// Notes in the tenant's own transaction that its job is done. `false`: the lease was lost, and
/// whatever the transaction did must not happen.
pub(crate) async fn finish(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    lease: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update jobs set state = 'done', finished_at = $4, locked_by = null, locked_until = null, last_error = null
         where tenant_id = $1 and id = $2 and state = 'running' and locked_by = $3",
        tenant as _,
        id,
        lease,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes on the platform's side that a job has ended: `done`, or `dead` with the reason.
pub(crate) async fn end(
    pool: &PgPool,
    id: Uuid,
    lease: &str,
    state: &str,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update jobs set state = $3, finished_at = $5, last_error = $4, locked_by = null, locked_until = null
         where id = $1 and state = 'running' and locked_by = $2",
        id,
        lease,
        state,
        reason,
        now as _,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts a failed job back into the queue, or lays it down after its last attempt.
///
/// When one with the same key has been queued since, that one does the work and this one is done.
pub(crate) async fn fail(
    pool: &PgPool,
    id: Uuid,
    lease: &str,
    error: &str,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "with failed as (
             select j.id, case
                 when j.attempts >= j.max_attempts then 'dead'
                 when exists (select from jobs q
                              where q.state = 'queued' and q.kind = j.kind and q.unique_key = j.unique_key
                                and q.tenant_id is not distinct from j.tenant_id) then 'done'
                 else 'queued' end as next
             from jobs j where j.id = $1 and j.state = 'running' and j.locked_by = $2
         )
         update jobs set state = failed.next, run_at = $4, last_error = $3, locked_by = null, locked_until = null,
                         finished_at = case when failed.next = 'queued' then null else $5::timestamptz end
         from failed where jobs.id = failed.id",
        id,
        lease,
        error,
        run_at as _,
        now as _,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts a job back that may not run now, without counting the attempt.
pub(crate) async fn postpone(
    pool: &PgPool,
    id: Uuid,
    lease: &str,
    run_at: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update jobs set state = 'queued', attempts = attempts - 1, run_at = $3, locked_by = null, locked_until = null
         where id = $1 and state = 'running' and locked_by = $2",
        id,
        lease,
        run_at as _,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes jobs back from runners that have not been heard of; the rules are those of [`fail`].
pub(crate) async fn take_back(pool: &PgPool, now: Timestamp) -> Result<u64> {
    let taken = sqlx::query!(
        "with lost as (
             select j.id, case
                 when j.attempts >= j.max_attempts then 'dead'
                 when exists (select from jobs q
                              where q.state = 'queued' and q.kind = j.kind and q.unique_key = j.unique_key
                                and q.tenant_id is not distinct from j.tenant_id) then 'done'
                 else 'queued' end as next
             from jobs j where j.state = 'running' and j.locked_until < $1
             order by j.locked_until limit 100
             for update skip locked
         )
         update jobs set state = lost.next, last_error = 'The runner did not finish it.', locked_by = null,
                         locked_until = null,
                         finished_at = case when lost.next = 'queued' then null else $1::timestamptz end
         from lost where jobs.id = lost.id",
        now as _,
    )
    .execute(pool)
    .await?;
    Ok(taken.rows_affected())
}

/// An event that nobody has been told of yet.
pub(crate) struct Waiting {
    pub id: Uuid,
    pub tenant: TenantId,
    pub kind: String,
    pub payload: Value,
}

pub(crate) async fn waiting_events(conn: &mut PgConnection, limit: i64) -> Result<Vec<Waiting>> {
    Ok(sqlx::query_as!(
        Waiting,
        r#"select id, tenant_id as "tenant: _", kind, payload from outbox_events
           where dispatched_at is null order by occurred_at, id limit $1 for update skip locked"#,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Marks events as dispatched and queues their deliveries.
pub(crate) async fn dispatch(
    conn: &mut PgConnection,
    events: &[Uuid],
    deliveries: &[(TenantId, Value)],
    kind: &str,
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<Uuid> = deliveries.iter().map(|_| new_uuid()).collect();
    let (tenants, payloads): (Vec<Uuid>, Vec<Value>) = deliveries
        .iter()
        .map(|(tenant, payload)| (tenant.0, payload.clone()))
        .unzip();
    sqlx::query!(
        "with marked as (update outbox_events set dispatched_at = $2 where id = any ($1))
         insert into jobs (id, tenant_id, kind, payload, run_at, created_at)
         select d.id, d.tenant_id, $6, d.payload, $2, $2
         from unnest($3::uuid[], $4::uuid[], $5::jsonb[]) as d (id, tenant_id, payload)",
        events,
        now as _,
        &ids,
        &tenants,
        &payloads,
        kind,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Turns a schedule's tick into a job, unless that was done. One that still waits stands for both.
pub(crate) async fn tick(pool: &PgPool, kind: &str, tick: Timestamp) -> Result<()> {
    sqlx::query!(
        "with ticked as (
             insert into jobs_schedules as s (kind, ticked_at) values ($1, $2)
             on conflict (kind) do update set ticked_at = excluded.ticked_at where s.ticked_at < excluded.ticked_at
             returning s.kind
         )
         insert into jobs (id, kind, payload, unique_key, run_at, created_at)
         select $3, ticked.kind, '{}', 'tick', $2, $2 from ticked
         on conflict do nothing",
        kind,
        tick as _,
        new_uuid(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Deletes up to `limit` jobs of a state that ended before; returns how many.
pub(crate) async fn delete_jobs(
    pool: &PgPool,
    state: &str,
    before: Timestamp,
    limit: i64,
) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from jobs where id in (
             select id from jobs where state = $1 and finished_at < $2 limit $3 for update skip locked)",
        state,
        before as _,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

/// Deletes up to `limit` events that were dispatched before; returns how many.
pub(crate) async fn delete_events(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from outbox_events where id in (
             select id from outbox_events where dispatched_at < $1 limit $2 for update skip locked)",
        before as _,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

pub(crate) async fn revive(
    conn: &mut PgConnection,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<DeadJob>> {
    sqlx::query_as!(
        DeadJob,
        r#"update jobs set state = 'queued', attempts = 0, run_at = $2, finished_at = null
           where id = $1 and state = 'dead' returning kind, tenant_id as "tenant: TenantId""#,
        id,
        now as _,
    )
    .fetch_optional(conn)
    .await
    .on_constraint("jobs_unique_key_key", || {
        Error::conflict(
            "queued_already",
            "The same work is queued already. Discard this one.",
        )
    })
}

pub(crate) async fn bury(conn: &mut PgConnection, id: Uuid) -> Result<Option<DeadJob>> {
    Ok(sqlx::query_as!(
        DeadJob,
        r#"delete from jobs where id = $1 and state = 'dead' returning kind, tenant_id as "tenant: TenantId""#,
        id,
    )
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn undispatch(conn: &mut PgConnection, id: Uuid) -> Result<Option<HandedOn>> {
    Ok(sqlx::query_as!(
        HandedOn,
        r#"update outbox_events set dispatched_at = null where id = $1 returning kind, tenant_id as "tenant: TenantId""#,
        id,
    )
    .fetch_optional(conn)
    .await?)
}
