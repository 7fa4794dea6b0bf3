//! Statements about roles.

use kernel::{Result, Role, RoleId, TenantId, Timestamp};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use super::{RoleInfo, RoleInput, RoleKey};

pub(super) async fn insert_system_role(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: RoleId,
    role: Role,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into roles (tenant_id, id, key, name, is_system, created_at, updated_at)
         values ($1, $2, $3, $4, true, $5, $5)",
        tenant as _,
        id as _,
        role.key(),
        role.title(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Every role with what it holds and who has it at `now`.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Vec<RoleInfo>> {
    let rows = sqlx::query!(
        r#"select r.id as "id: RoleId", r.key, r.name, r.description, r.rev,
                  array(select rp.permission_key from role_permissions rp
                        where rp.tenant_id = $1 and rp.role_id = r.id order by rp.permission_key) as "stored!",
                  (select count(*) from membership_roles mr
                   join memberships m on m.tenant_id = mr.tenant_id and m.id = mr.membership_id
                   where mr.tenant_id = $1 and m.tenant_id = $1 and mr.role_id = r.id and m.status <> 'left'
                     and (mr.expires_at is null or mr.expires_at > $2)) as "members!",
                  (select count(*) from invitation_roles ir
                   join invitations i on i.tenant_id = ir.tenant_id and i.id = ir.invitation_id
                   where ir.tenant_id = $1 and i.tenant_id = $1 and ir.role_id = r.id and i.status = 'pending') as "invitations!"
           from roles r where r.tenant_id = $1"#,
        tenant as _,
        now as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| RoleInfo {
            id: row.id,
            key: RoleKey(row.key),
            name: row.name,
            description: row.description,
            rev: row.rev,
            stored: row.stored,
            members: row.members,
            invitations: row.invitations,
        })
        .collect())
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    id: RoleId,
    role: &RoleInput,
    now: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into roles (tenant_id, id, key, name, description, is_system, created_at, updated_at)
         values ($1, $2, $3, $4, $5, false, $6, $6)",
        tenant as _,
        id as _,
        id.to_string(),
        role.name,
        role.description,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut TenantTx,
    id: RoleId,
    role: &RoleInput,
    now: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update roles set name = $3, description = $4, rev = rev + 1, updated_at = $5
         where tenant_id = $1 and id = $2 and not is_system",
        tenant as _,
        id as _,
        role.name,
        role.description,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn add_permissions(tx: &mut TenantTx, id: RoleId, keys: &[String]) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into role_permissions (tenant_id, role_id, permission_key)
         select $1, $2, key from unnest($3::text[]) key
         on conflict do nothing",
        tenant as _,
        id as _,
        keys,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets a role hold exactly these permissions.
pub(super) async fn set_permissions(tx: &mut TenantTx, id: RoleId, keys: &[String]) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from role_permissions
         where tenant_id = $1 and role_id = $2 and not (permission_key = any ($3::text[]))",
        tenant as _,
        id as _,
        keys,
    )
    .execute(tx.conn())
    .await?;
    add_permissions(tx, id, keys).await
}

/// Takes a role from everybody and every invitation, and gives them another instead. Who had it for a while has the
/// other as long.
pub(super) async fn replace_everywhere(
    tx: &mut TenantTx,
    id: RoleId,
    heir: Option<RoleId>,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    if let Some(heir) = heir {
        sqlx::query!(
            "insert into membership_roles (tenant_id, membership_id, role_id, granted_at, expires_at)
             select $1, mr.membership_id, $3, $4, mr.expires_at from membership_roles mr
             where mr.tenant_id = $1 and mr.role_id = $2
             on conflict (tenant_id, membership_id, role_id) do update
             set expires_at = case when excluded.expires_at is null or membership_roles.expires_at is null then null
                                   else greatest(excluded.expires_at, membership_roles.expires_at) end",
            tenant as _,
            id as _,
            heir as _,
            now as _,
        )
        .execute(tx.conn())
        .await?;
        sqlx::query!(
            "insert into invitation_roles (tenant_id, invitation_id, role_id)
             select $1, ir.invitation_id, $3 from invitation_roles ir
             where ir.tenant_id = $1 and ir.role_id = $2
             on conflict do nothing",
            tenant as _,
            id as _,
            heir as _,
        )
        .execute(tx.conn())
        .await?;
    }
    sqlx::query!(
        "delete from membership_roles where tenant_id = $1 and role_id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "delete from invitation_roles where tenant_id = $1 and role_id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn delete(tx: &mut TenantTx, id: RoleId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from role_permissions where tenant_id = $1 and role_id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "delete from roles where tenant_id = $1 and id = $2 and not is_system",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
