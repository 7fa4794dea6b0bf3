//! Statements that stop a tenant and let it go on.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Owner, Subject};

pub(super) async fn suspend(
    conn: &mut PgConnection,
    tenant: TenantId,
    reason: &str,
    now: Timestamp,
) -> Result<Option<Subject>> {
    Ok(sqlx::query_as!(
        Subject,
        "update tenants set status = 'suspended', suspended_at = $3, suspended_reason = $2, rev = rev + 1, updated_at = $3
         where id = $1 and status = 'active' returning name, slug",
        tenant as _,
        reason,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn restore(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Option<Subject>> {
    Ok(sqlx::query_as!(
        Subject,
        "update tenants set status = 'active', suspended_at = null, suspended_reason = null, rev = rev + 1, updated_at = $2
         where id = $1 and status = 'suspended' returning name, slug",
        tenant as _,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn exists(conn: &mut PgConnection, tenant: TenantId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from tenants where id = $1) as "exists!""#,
        tenant as _,
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// Everybody who owns the tenant and has not left.
pub(super) async fn owners(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Owner>> {
    Ok(sqlx::query_as!(
        Owner,
        "select m.display_name as name, m.contact_email as email
         from memberships m
         join membership_roles h on h.tenant_id = m.tenant_id and h.membership_id = m.id
         join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
         where m.tenant_id = $1 and m.status = 'active' and r.key = 'owner'
         order by m.joined_at, m.id",
        tenant as _,
    )
    .fetch_all(conn)
    .await?)
}
