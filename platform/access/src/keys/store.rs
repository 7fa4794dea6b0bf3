//! Statements about keys.

use kernel::{MembershipId, Result, TenantId, Timestamp};
use module::{ApiKeyId, ApplicationId};
use sqlx::PgPool;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::{Fresh, Key, RevokeReason};
use crate::token::Env;

/// A key as a request finds it, before there is a tenant's transaction.
pub(crate) struct Found {
    pub id: ApiKeyId,
    pub name: String,
    pub secret_hash: Vec<u8>,
    pub scopes: Vec<String>,
    pub allowed_cidrs: Vec<String>,
    pub rate_limit_per_min: Option<i32>,
    pub expires_at: Option<Timestamp>,
    pub revoke_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_by: Uuid,
    pub application_id: ApplicationId,
    pub application_name: String,
    pub application_active: bool,
    pub module_key: String,
    pub cache_seconds: i32,
    pub allowed_origins: Vec<String>,
}

pub(crate) async fn find_by_public_id(
    pool: &PgPool,
    tenant: TenantId,
    public_id: &str,
) -> Result<Option<Found>> {
    Ok(sqlx::query_as!(
        Found,
        r#"select k.id as "id: _", k.name, k.secret_hash, k.scopes, k.allowed_cidrs, k.rate_limit_per_min,
                  k.expires_at, k.revoke_at, k.revoked_at, k.created_by, a.id as "application_id: _", a.name as application_name,
                  a.status = 'active' as "application_active!", a.module_key, a.cache_seconds, a.allowed_origins
           from api_keys k join applications a on a.tenant_id = k.tenant_id and a.id = k.application_id
           where k.tenant_id = $1 and a.tenant_id = $1 and k.public_id = $2"#,
        tenant as _,
        public_id,
    )
    .fetch_optional(pool)
    .await?)
}

/// Keeps the hash by the present pepper.
pub(crate) async fn set_hash(
    pool: &PgPool,
    tenant: TenantId,
    id: ApiKeyId,
    hash: &[u8],
) -> Result<()> {
    sqlx::query!(
        "update api_keys set secret_hash = $3 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        hash,
    )
    .execute(pool)
    .await?;
    Ok(())
}

struct Row {
    id: ApiKeyId,
    application: ApplicationId,
    name: String,
    public_id: String,
    last4: String,
    env: String,
    scopes: Vec<String>,
    allowed_cidrs: Vec<String>,
    rate_limit_per_min: Option<i32>,
    expires_at: Option<Timestamp>,
    revoke_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    revoke_reason: Option<String>,
    rotated_from: Option<Uuid>,
    created_by: Uuid,
    maker: Option<String>,
    maker_status: Option<String>,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    last_used_ip: Option<String>,
}

impl From<Row> for Key {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            application: row.application,
            name: row.name,
            public_id: row.public_id,
            last4: row.last4,
            // The check constraint allows no other.
            env: Env::parse(&row.env).unwrap_or_default(),
            scopes: row.scopes,
            allowed_cidrs: row.allowed_cidrs,
            rate_limit_per_min: row.rate_limit_per_min,
            expires_at: row.expires_at,
            revoke_at: row.revoke_at,
            revoked_at: row.revoked_at,
            revoke_reason: row.revoke_reason.as_deref().and_then(RevokeReason::parse),
            rotated_from: row.rotated_from.map(ApiKeyId),
            created_by: MembershipId(row.created_by),
            maker: row.maker.unwrap_or_default(),
            maker_is_here: row.maker_status.as_deref() == Some("active"),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            last_used_ip: row.last_used_ip,
        }
    }
}

/// The statement of a list once, with what differs.
macro_rules! keys {
    ($tx:ident, $which:tt, $value:expr) => {
        sqlx::query_as!(
            Row,
            r#"select k.id as "id: _", k.application_id as "application: _", k.name, k.public_id, k.last4, k.env, k.scopes,
                      k.allowed_cidrs, k.rate_limit_per_min, k.expires_at, k.revoke_at, k.revoked_at, k.revoke_reason, k.rotated_from, k.created_by,
                      p.display_name as "maker?", p.status as "maker_status?", k.created_at, k.last_used_at, k.last_used_ip
               from api_keys k left join tenant_people p on p.tenant_id = k.tenant_id and p.membership_id = k.created_by
               where k.tenant_id = $1 "#
                + $which,
            $tx.tenant() as _,
            $value,
        )
    };
}

pub(super) async fn list(tx: &mut TenantTx, application: ApplicationId) -> Result<Vec<Key>> {
    let found = keys!(
        tx,
        "and k.application_id = $2 order by k.created_at desc, k.id desc",
        application as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(Key::from).collect())
}

pub(super) async fn find(tx: &mut TenantTx, id: ApiKeyId) -> Result<Option<Key>> {
    let found = keys!(tx, "and k.id = $2", id as _)
        .fetch_optional(tx.conn())
        .await?;
    Ok(found.map(Key::from))
}

/// The keys that a member made, newest first.
pub(crate) async fn made_by(tx: &mut TenantTx, maker: MembershipId) -> Result<Vec<Key>> {
    let found = keys!(
        tx,
        "and k.created_by = $2 order by k.created_at desc, k.id desc",
        maker as _
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(Key::from).collect())
}

/// How many keys of an application work.
pub(super) async fn in_use(
    tx: &mut TenantTx,
    application: ApplicationId,
    now: Timestamp,
) -> Result<i64> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys
           where tenant_id = $1 and application_id = $2 and revoked_at is null
             and (expires_at is null or expires_at > $3) and (revoke_at is null or revoke_at > $3)"#,
        tenant as _,
        application as _,
        now as _,
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn insert(tx: &mut TenantTx, key: &Fresh<'_>, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into api_keys (tenant_id, id, application_id, name, public_id, secret_hash, last4, env, scopes, allowed_cidrs,
                               expires_at, rotated_from, created_by, created_at, rate_limit_per_min)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        tenant as _,
        key.id as _,
        key.application as _,
        key.name,
        key.text.public_id(),
        key.hash.as_slice(),
        key.text.last4(),
        key.env.as_str(),
        key.scopes,
        key.allowed_cidrs,
        key.expires_at as _,
        key.rotated_from as _,
        key.maker as _,
        now as _,
        key.rate_limit_per_min,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn set_revoke_at(tx: &mut TenantTx, id: ApiKeyId, at: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update api_keys set revoke_at = $3 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn revoke(
    tx: &mut TenantTx,
    id: ApiKeyId,
    by: MembershipId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update api_keys set revoked_at = $3, revoked_by = $4, revoke_reason = $5
         where tenant_id = $1 and id = $2 and revoked_at is null",
        tenant as _,
        id as _,
        now as _,
        by as _,
        reason.as_str(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
