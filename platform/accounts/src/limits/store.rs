//! Statements over `auth_attempts`.

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

use super::{Counted, Limit};

/// Counts in one statement: the row's lock puts tries at the same moment in line.
pub(super) async fn count(
    conn: &mut PgConnection,
    limit: Limit,
    key_hash: &[u8],
    now: Timestamp,
) -> Result<Counted> {
    Ok(sqlx::query_as!(
        Counted,
        "insert into auth_attempts as a (scope, key_hash, window_started_at, tries) values ($1, $2, $3, 1)
         on conflict (scope, key_hash) do update set
             tries = case when a.window_started_at <= $4 then 1 else least(a.tries, $5) + 1 end,
             window_started_at = case when a.window_started_at <= $4 then excluded.window_started_at else a.window_started_at end,
             locked_at = case when a.locked_at is not null then a.locked_at
                              when $6 and a.window_started_at > $4 and a.tries >= $5 then excluded.window_started_at end
         returning tries, window_started_at, locked_at",
        limit.scope,
        key_hash,
        now as _,
        now.minus(limit.window) as _,
        limit.tries,
        limit.locks,
    )
    .fetch_one(conn)
    .await?)
}

pub(super) async fn give_back(conn: &mut PgConnection, scope: &str, key_hash: &[u8]) -> Result<()> {
    sqlx::query!(
        "update auth_attempts set tries = tries - 1 where scope = $1 and key_hash = $2 and tries > 0",
        scope,
        key_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn clear(conn: &mut PgConnection, scope: &str, key_hash: &[u8]) -> Result<()> {
    sqlx::query!(
        "delete from auth_attempts where scope = $1 and key_hash = $2",
        scope,
        key_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete_old(
    conn: &mut PgConnection,
    before: Timestamp,
    batch: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "delete from auth_attempts where (scope, key_hash) in (
             select scope, key_hash from auth_attempts
             where locked_at is null and window_started_at < $1 limit $2 for update skip locked)",
        before as _,
        batch,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
