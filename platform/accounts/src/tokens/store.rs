//! Statements over `auth_tokens`.

use kernel::{Result, Timestamp, new_uuid};
use sqlx::PgConnection;

use super::{NewToken, Subject, Token};

pub(super) async fn upsert(
    conn: &mut PgConnection,
    token_hash: &[u8],
    token: NewToken<'_>,
    now: Timestamp,
) -> Result<()> {
    let (user, email) = match token.subject {
        Subject::User(user) => (Some(user), None),
        Subject::Email(email) => (None, Some(email)),
    };
    sqlx::query!(
        "insert into auth_tokens (id, purpose, token_hash, user_id, email_normal, tenant_id, payload, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (purpose, user_id, email_normal, tenant_id) where consumed_at is null and purpose <> 'sso_handoff'
         do update set token_hash = excluded.token_hash, payload = excluded.payload,
                       created_at = excluded.created_at, expires_at = excluded.expires_at",
        new_uuid(),
        token.purpose.as_str(),
        token_hash,
        user as _,
        email,
        token.tenant as _,
        token.payload,
        now as _,
        now.plus(token.lifetime) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn peek(
    conn: &mut PgConnection,
    purpose: &str,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Token>> {
    Ok(sqlx::query_as!(
        Token,
        r#"select user_id as "user: kernel::UserId", email_normal as email, tenant_id as "tenant: kernel::TenantId", payload
           from auth_tokens
           where token_hash = $1 and purpose = $2 and consumed_at is null and expires_at > $3"#,
        token_hash,
        purpose,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn consume(
    conn: &mut PgConnection,
    purpose: &str,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Token>> {
    Ok(sqlx::query_as!(
        Token,
        r#"update auth_tokens set consumed_at = $3
           where token_hash = $1 and purpose = $2 and consumed_at is null and expires_at > $3
           returning user_id as "user: kernel::UserId", email_normal as email, tenant_id as "tenant: kernel::TenantId", payload"#,
        token_hash,
        purpose,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn delete_expired(
    conn: &mut PgConnection,
    before: Timestamp,
    batch: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "delete from auth_tokens where id in (
             select id from auth_tokens where expires_at < $1 limit $2 for update skip locked)",
        before as _,
        batch,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
