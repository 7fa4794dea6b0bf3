//! Statements about guests.

use kernel::{MembershipId, Result, Timestamp, new_uuid};
use sqlx::PgPool;
use sqlx::types::Json;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::{Behind, GuestGrant, GuestGrantId};
use crate::members::store::StoredGrant;

/// A link in the making.
pub(super) struct NewGrant<'a> {
    pub id: GuestGrantId,
    pub label: &'a str,
    pub email: Option<&'a str>,
    pub kind: &'a str,
    pub object: Uuid,
    pub object_name: &'a str,
    pub path: &'a str,
    pub token_hash: &'a [u8],
    pub access_code_hash: Option<&'a str>,
    pub max_uses: Option<i32>,
    pub granted_by: MembershipId,
    pub expires_at: Timestamp,
}

pub(super) async fn insert(tx: &mut TenantTx, new: &NewGrant<'_>, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into guest_grants (tenant_id, id, label, email, context_type, context_id, context_name, path, token_hash,
                                   access_code_hash, max_uses, granted_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        tenant as _,
        new.id as _,
        new.label,
        new.email,
        new.kind,
        new.object,
        new.object_name,
        new.path,
        new.token_hash,
        new.access_code_hash,
        new.max_uses,
        new.granted_by as _,
        now as _,
        new.expires_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Links, newest first: to one object, one of them, or the latest of all.
pub(super) async fn list(
    tx: &mut TenantTx,
    object: Option<(&str, Uuid)>,
    id: Option<GuestGrantId>,
) -> Result<Vec<GuestGrant>> {
    let tenant = tx.tenant();
    let (kind, object) = object.unzip();
    Ok(sqlx::query_as!(
        GuestGrant,
        r#"select g.id as "id: _", g.label, g.email, g.context_type as kind, g.context_id as object,
                  g.context_name as object_name, g.access_code_hash is not null as "has_code!", g.max_uses, g.uses,
                  g.granted_by as "granted_by: _", m.display_name as giver_name, g.created_at, g.expires_at,
                  g.last_used_at, g.revoked_at
           from guest_grants g join memberships m on m.tenant_id = g.tenant_id and m.id = g.granted_by
           where g.tenant_id = $1 and m.tenant_id = $1
             and ($2::text is null or (g.context_type = $2 and g.context_id = $3))
             and ($4::uuid is null or g.id = $4)
           order by g.created_at desc, g.id desc limit 200"#,
        tenant as _,
        kind,
        object,
        id as _,
    )
    .fetch_all(tx.conn())
    .await?)
}

/// What stands behind the secret of a link that is good at `now`.
pub(super) async fn behind(
    tx: &mut TenantTx,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Behind>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Behind,
        r#"select g.id as "id: _", g.context_name as object_name, m.display_name as giver_name, g.path,
                  g.access_code_hash, g.expires_at
           from guest_grants g join memberships m on m.tenant_id = g.tenant_id and m.id = g.granted_by
           where g.tenant_id = $1 and m.tenant_id = $1 and g.token_hash = $2 and g.revoked_at is null
             and g.expires_at > $3 and (g.max_uses is null or g.uses < g.max_uses)"#,
        tenant as _,
        token_hash,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Counts a use; `false` when none is left, whoever took the last.
pub(super) async fn use_once(tx: &mut TenantTx, id: GuestGrantId, now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    let used = sqlx::query!(
        "update guest_grants set uses = uses + 1, last_used_at = $3
         where tenant_id = $1 and id = $2 and revoked_at is null and expires_at > $3
           and (max_uses is null or uses < max_uses)",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(used.rows_affected() == 1)
}

pub(super) async fn revoke(tx: &mut TenantTx, id: GuestGrantId, now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    let revoked = sqlx::query!(
        "update guest_grants set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(revoked.rows_affected() == 1)
}

pub(super) async fn insert_session(
    tx: &mut TenantTx,
    grant: GuestGrantId,
    token_hash: &[u8],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into guest_sessions (tenant_id, id, guest_grant_id, token_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
        tenant as _,
        new_uuid(),
        grant as _,
        token_hash,
        now as _,
        expires_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A guest's browser.
pub(super) struct Found {
    pub grant: GuestGrantId,
    pub label: String,
    pub grants: Json<Vec<StoredGrant>>,
}

/// The guest of a cookie, with what the link gives at `now`.
pub(super) async fn find_session(
    tx: &mut TenantTx,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Found>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Found,
        r#"select g.id as "grant: _", g.label,
                  (select coalesce(jsonb_agg(jsonb_build_object('permission', p.permission_key, 'kind', p.context_type,
                                                                'object', p.context_id, 'expires_at', p.expires_at)), '[]')
                   from permission_grants p
                   where p.tenant_id = $1 and p.guest_grant_id = g.id and p.revoked_at is null
                     and (p.expires_at is null or p.expires_at > $3)) as "grants!: Json<Vec<StoredGrant>>"
           from guest_sessions s join guest_grants g on g.tenant_id = s.tenant_id and g.id = s.guest_grant_id
           where s.tenant_id = $1 and g.tenant_id = $1 and s.token_hash = $2 and s.expires_at > $3
             and g.revoked_at is null and g.expires_at > $3"#,
        tenant as _,
        token_hash,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Ends the session of one browser.
pub(super) async fn end_session(tx: &mut TenantTx, token_hash: &[u8]) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from guest_sessions where tenant_id = $1 and token_hash = $2",
        tenant as _,
        token_hash,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends the sessions of everybody who came by a link.
pub(super) async fn end_sessions(tx: &mut TenantTx, grant: GuestGrantId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from guest_sessions where tenant_id = $1 and guest_grant_id = $2",
        tenant as _,
        grant as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Deletes sessions of guests, of all tenants, that ended before; returns how many.
pub(crate) async fn delete_ended(pool: &PgPool, before: Timestamp) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from guest_sessions where (tenant_id, id) in (
             select tenant_id, id from guest_sessions where expires_at < $1 limit 5000)",
        before as _,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}
