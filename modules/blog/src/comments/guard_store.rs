//! Statements about keys, salts, counters and bans.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::guard::Limit;

/// Gives the tenant's forms their key, once; true when there was none.
pub(super) async fn make_key(tx: &mut TenantTx, key: &[u8], now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    let made = sqlx::query!(
        "insert into blog_comment_keys (tenant_id, key, created_at) values ($1, $2, $3) on conflict (tenant_id) do nothing",
        tenant as _,
        key,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(made.rows_affected() == 1)
}

/// The key of the tenant's forms.
pub(super) async fn key(tx: &mut TenantTx) -> Result<Option<Vec<u8>>> {
    let tenant = tx.tenant();
    let key = sqlx::query_scalar!(
        "select key from blog_comment_keys where tenant_id = $1",
        tenant as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(key)
}

/// The salt of a day; `fresh` when there is none yet.
pub(super) async fn salt(tx: &mut TenantTx, day: &str, fresh: &[u8]) -> Result<Vec<u8>> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into blog_comment_salts (tenant_id, day, salt) values ($1, $2::text::date, $3)
         on conflict (tenant_id, day) do nothing",
        tenant as _,
        day,
        fresh,
    )
    .execute(tx.conn())
    .await?;
    // A statement of its own: the one above does not see what another transaction has just made.
    let salt = sqlx::query_scalar!(
        "select salt from blog_comment_salts where tenant_id = $1 and day = $2::text::date",
        tenant as _,
        day,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(salt)
}

/// Throws away the salts of days before, but those that a ban in force was made with.
pub(super) async fn delete_salts(tx: &mut TenantTx, before: &str, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_comment_salts s
         where s.tenant_id = $1 and s.day < $2::text::date
           and not exists (select from blog_comment_bans b
                           where b.tenant_id = $1 and b.salt_day = s.day and (b.until is null or b.until > $3))",
        tenant as _,
        before,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A counter after a try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub tries: i32,
    pub window_started_at: Timestamp,
}

/// Counts in one statement: the row's lock puts tries at the same moment in line.
pub(super) async fn count(
    tx: &mut TenantTx,
    limit: Limit,
    key: &[u8],
    now: Timestamp,
) -> Result<Counted> {
    let tenant = tx.tenant();
    let counted = sqlx::query_as!(
        Counted,
        "insert into blog_comment_tries as t (tenant_id, scope, key, window_started_at, tries) values ($1, $2, $3, $4, 1)
         on conflict (tenant_id, scope, key) do update set
             tries = case when t.window_started_at <= $5 then 1 else t.tries + 1 end,
             window_started_at = case when t.window_started_at <= $5 then excluded.window_started_at else t.window_started_at end
         returning tries, window_started_at",
        tenant as _,
        limit.scope,
        key,
        now as _,
        now.minus(limit.window) as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(counted)
}

/// Forgets counters of windows that began before.
pub(super) async fn delete_tries(tx: &mut TenantTx, before: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_comment_tries where tenant_id = $1 and window_started_at < $2",
        tenant as _,
        before as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A ban in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Banned {
    pub until: Option<Timestamp>,
}

/// The ban of a member or an address that is in force.
pub(super) async fn bans_of(
    tx: &mut TenantTx,
    member: Option<MembershipId>,
    email_key: Option<&str>,
    now: Timestamp,
) -> Result<Option<Banned>> {
    let tenant = tx.tenant();
    let ban = sqlx::query_as!(
        Banned,
        "select until from blog_comment_bans
         where tenant_id = $1 and (membership_id = $2 or email_key = $3) and (until is null or until > $4)",
        tenant as _,
        member as _,
        email_key,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(ban)
}

/// A banned network with the salt of its day.
pub(super) struct BannedNetwork {
    pub ip_hash: Vec<u8>,
    pub salt: Vec<u8>,
    pub until: Option<Timestamp>,
}

/// The networks that are banned now.
pub(super) async fn banned_networks(
    tx: &mut TenantTx,
    now: Timestamp,
) -> Result<Vec<BannedNetwork>> {
    let tenant = tx.tenant();
    let bans = sqlx::query_as!(
        BannedNetwork,
        r#"select b.ip_hash as "ip_hash!", s.salt, b.until
           from blog_comment_bans b
           join blog_comment_salts s on s.tenant_id = b.tenant_id and s.day = b.salt_day
           where b.tenant_id = $1 and s.tenant_id = $1 and b.ip_hash is not null and (b.until is null or b.until > $2)"#,
        tenant as _,
        now as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(bans)
}
