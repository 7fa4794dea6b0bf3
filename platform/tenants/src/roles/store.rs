//! Statements about roles.

use kernel::{Result, Role, RoleId, TenantId, Timestamp};
use sqlx::PgConnection;

use super::RoleRow;

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

pub(super) async fn list(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<RoleRow>> {
    Ok(sqlx::query_as!(
        RoleRow,
        r#"select id as "id: _", key from roles where tenant_id = $1 order by key"#,
        tenant as _,
    )
    .fetch_all(conn)
    .await?)
}
