//! Statements of contacts.

use kernel::{Result, TenantId};
use sqlx::PgConnection;

/// Slug, name and zone of a tenant.
pub(super) async fn tenant(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<(String, String, String)>> {
    let row = sqlx::query!(
        "select slug, name, time_zone from tenants where id = $1",
        tenant as _,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.slug, row.name, row.time_zone)))
}

/// Address and name of each owner.
pub(super) async fn owners(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        "select m.contact_email, m.display_name
         from memberships m
         join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id
         join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
         where m.tenant_id = $1 and m.status = 'active' and r.key = 'owner'
         order by m.joined_at, m.id",
        tenant as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.contact_email, row.display_name))
        .collect())
}
