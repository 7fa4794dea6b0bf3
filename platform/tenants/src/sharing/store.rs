//! Statements about permissions on one object.

use kernel::{MembershipId, Result, TenantId, Timestamp, new_uuid};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::{Share, ShareId};

/// Permissions that are given together.
pub(crate) struct Given<'a> {
    pub share: ShareId,
    pub member: Option<MembershipId>,
    pub guest: Option<Uuid>,
    pub permissions: &'a [&'static str],
    pub level: &'a str,
    pub kind: &'a str,
    pub object: Uuid,
    pub object_name: &'a str,
    pub granted_by: MembershipId,
    pub expires_at: Option<Timestamp>,
}

pub(crate) async fn insert(tx: &mut TenantTx, given: &Given<'_>, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = given.permissions.iter().map(|_| new_uuid()).collect();
    let keys: Vec<String> = given
        .permissions
        .iter()
        .map(|&key| key.to_owned())
        .collect();
    sqlx::query!(
        "insert into permission_grants (tenant_id, id, share_id, membership_id, guest_grant_id, permission_key, level,
                                        context_type, context_id, context_name, granted_by, granted_at, expires_at)
         select $1, given.id, $2, $3, $4, given.key, $7, $8, $9, $10, $11, $12, $13
         from unnest($5::uuid[], $6::text[]) as given (id, key)",
        tenant as _,
        given.share as _,
        given.member as _,
        given.guest,
        &ids,
        &keys,
        given.level,
        given.kind,
        given.object,
        given.object_name,
        given.granted_by as _,
        now as _,
        given.expires_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether somebody can enter the workspace.
pub(super) async fn active(tx: &mut TenantTx, member: MembershipId) -> Result<bool> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from memberships where tenant_id = $1 and id = $2 and status = 'active') as "active!""#,
        tenant as _,
        member as _,
    )
    .fetch_one(tx.conn())
    .await?)
}

/// What members were given and holds at `now`: on an object, of a member, or all.
pub(super) async fn list(
    tx: &mut TenantTx,
    object: Option<(&str, Uuid)>,
    member: Option<MembershipId>,
    now: Timestamp,
) -> Result<Vec<Share>> {
    let tenant = tx.tenant();
    let (kind, object) = object.unzip();
    Ok(sqlx::query_as!(
        Share,
        r#"select distinct on (g.granted_at, g.share_id)
                  g.share_id as "id: _", m.id as "member: _", m.display_name as member_name, g.context_type as kind,
                  g.context_id as object, g.context_name as object_name, g.level, g.granted_by as "granted_by: _",
                  by.display_name as giver_name, g.granted_at, g.expires_at
           from permission_grants g
           join memberships m on m.tenant_id = g.tenant_id and m.id = g.membership_id
           join memberships by on by.tenant_id = g.tenant_id and by.id = g.granted_by
           where g.tenant_id = $1 and m.tenant_id = $1 and by.tenant_id = $1 and g.revoked_at is null
             and (g.expires_at is null or g.expires_at > $2)
             and ($3::text is null or (g.context_type = $3 and g.context_id = $4))
             and ($5::uuid is null or g.membership_id = $5)
           order by g.granted_at desc, g.share_id limit 200"#,
        tenant as _,
        now as _,
        kind,
        object,
        member as _,
    )
    .fetch_all(tx.conn())
    .await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: ShareId, now: Timestamp) -> Result<Option<Share>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Share,
        r#"select g.share_id as "id: _", m.id as "member: _", m.display_name as member_name, g.context_type as kind,
                  g.context_id as object, g.context_name as object_name, g.level, g.granted_by as "granted_by: _",
                  by.display_name as giver_name, g.granted_at, g.expires_at
           from permission_grants g
           join memberships m on m.tenant_id = g.tenant_id and m.id = g.membership_id
           join memberships by on by.tenant_id = g.tenant_id and by.id = g.granted_by
           where g.tenant_id = $1 and m.tenant_id = $1 and by.tenant_id = $1 and g.share_id = $2 and g.revoked_at is null
             and (g.expires_at is null or g.expires_at > $3)
           limit 1 for update of g"#,
        tenant as _,
        id as _,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn revoke(tx: &mut TenantTx, id: ShareId, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update permission_grants set revoked_at = $3 where tenant_id = $1 and share_id = $2 and revoked_at is null",
        tenant as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes everything on an object from a member.
pub(super) async fn revoke_of_member(
    tx: &mut TenantTx,
    member: MembershipId,
    kind: &str,
    object: Uuid,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update permission_grants set revoked_at = $5
         where tenant_id = $1 and membership_id = $2 and context_type = $3 and context_id = $4 and revoked_at is null",
        tenant as _,
        member as _,
        kind,
        object,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes everything on single objects from a member.
pub(crate) async fn revoke_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    member: MembershipId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update permission_grants set revoked_at = $3 where tenant_id = $1 and membership_id = $2 and revoked_at is null",
        tenant as _,
        member as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back what a guest's link gives.
pub(crate) async fn revoke_of_guest(tx: &mut TenantTx, guest: Uuid, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update permission_grants set revoked_at = $3 where tenant_id = $1 and guest_grant_id = $2 and revoked_at is null",
        tenant as _,
        guest,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
