//! Statements over `sessions`.

use kernel::{Result, TenantId, Timestamp, UserId};
use sqlx::PgConnection;

use super::{Login, NewSession, Session, SessionId, SessionKind};

pub(super) struct Row {
    id: SessionId,
    login: SessionId,
    user: UserId,
    name: String,
    email: String,
    kind: String,
    tenant: Option<TenantId>,
    host: String,
    last_seen_at: Timestamp,
    idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
}

impl TryFrom<Row> for Session {
    type Error = kernel::Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            login: row.login,
            user: row.user,
            name: row.name,
            email: row.email,
            kind: SessionKind::parse(&row.kind)?,
            tenant: row.tenant,
            host: row.host,
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
        })
    }
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    kind: SessionKind,
    id: SessionId,
    token_hash: &[u8],
    new: NewSession<'_>,
) -> Result<()> {
    sqlx::query!(
        "insert into sessions (id, token_hash, user_id, login_id, tenant_id, host, ip, user_agent,
                               created_at, last_seen_at, idle_expires_at, absolute_expires_at, kind)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12)",
        id as _,
        token_hash,
        new.user as _,
        new.login.unwrap_or(id) as _,
        new.tenant as _,
        new.host,
        new.ip.to_string(),
        new.user_agent,
        new.now as _,
        new.now.plus(kind.idle()) as _,
        new.now.plus(kind.absolute()) as _,
        kind.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn by_token(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select s.id, s.login_id as "login: SessionId", s.user_id as "user: UserId", u.name, u.email, s.kind,
                  s.tenant_id as "tenant: kernel::TenantId", s.host, s.last_seen_at, s.idle_expires_at, s.absolute_expires_at
           from sessions s join users u on u.id = s.user_id
           where s.token_hash = $1 and s.revoked_at is null and s.idle_expires_at > $2
             and s.absolute_expires_at > $2 and u.status = 'active'"#,
        token_hash,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn touch(
    conn: &mut PgConnection,
    id: SessionId,
    kind: SessionKind,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update sessions set last_seen_at = $2, idle_expires_at = least($4, absolute_expires_at)
         where id = $1 and last_seen_at <= $3 and revoked_at is null",
        id as _,
        now as _,
        now.minus(kind.touch_every()) as _,
        now.plus(kind.idle()) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn revoke(
    conn: &mut PgConnection,
    id: SessionId,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update sessions set revoked_at = $3, revoke_reason = $2 where id = $1 and revoked_at is null",
        id as _,
        reason,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn revoke_in_tenant(
    conn: &mut PgConnection,
    user: UserId,
    tenant: TenantId,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update sessions set revoked_at = $4, revoke_reason = $3
         where user_id = $1 and tenant_id = $2 and revoked_at is null",
        user as _,
        tenant as _,
        reason,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn revoke_login(
    conn: &mut PgConnection,
    user: UserId,
    login: SessionId,
    reason: &str,
    now: Timestamp,
) -> Result<u64> {
    let done = sqlx::query!(
        "update sessions set revoked_at = $4, revoke_reason = $3
         where user_id = $1 and login_id = $2 and revoked_at is null",
        user as _,
        login as _,
        reason,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn revoke_kind(
    conn: &mut PgConnection,
    user: UserId,
    kind: SessionKind,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update sessions set revoked_at = $4, revoke_reason = $3
         where user_id = $1 and kind = $2 and revoked_at is null",
        user as _,
        kind.as_str(),
        reason,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn revoke_others(
    conn: &mut PgConnection,
    user: UserId,
    keep: SessionId,
    reason: &str,
    now: Timestamp,
) -> Result<u64> {
    let done = sqlx::query!(
        "update sessions set revoked_at = $4, revoke_reason = $3
         where user_id = $1 and login_id <> $2 and revoked_at is null",
        user as _,
        keep as _,
        reason,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn revoke_all(
    conn: &mut PgConnection,
    user: UserId,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update sessions set revoked_at = $3, revoke_reason = $2 where user_id = $1 and revoked_at is null",
        user as _,
        reason,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Address and browser are those of the session used last.
pub(super) async fn logins(
    conn: &mut PgConnection,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Login>> {
    Ok(sqlx::query_as!(
        Login,
        r#"select login_id as "id!: SessionId",
                  (array_agg(user_agent order by last_seen_at desc))[1] as "user_agent!",
                  (array_agg(ip order by last_seen_at desc))[1] as "ip!",
                  array_agg(distinct host order by host) as "hosts!",
                  min(created_at) as "created_at!: Timestamp",
                  max(last_seen_at) as "last_seen_at!: Timestamp"
           from sessions
           where user_id = $1 and revoked_at is null and idle_expires_at > $2 and absolute_expires_at > $2
           group by login_id
           order by max(last_seen_at) desc, login_id desc
           limit 100"#,
        user as _,
        now as _,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn delete_ended(
    conn: &mut PgConnection,
    before: Timestamp,
    batch: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "delete from sessions where id in (
             select id from sessions where least(revoked_at, idle_expires_at) < $1 limit $2 for update skip locked)",
        before as _,
        batch,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
