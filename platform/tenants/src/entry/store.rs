//! Statements of the way into tenants.

use kernel::{Result, TenantId, Timestamp, UserId};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Workspace;
use crate::roles::{self, HeldRole};

struct Row {
    tenant: TenantId,
    name: String,
    slug: String,
    roles: Json<Vec<HeldRole>>,
    last_seen_at: Option<Timestamp>,
}

pub(super) async fn workspaces(
    conn: &mut PgConnection,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Workspace>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select t.id as "tenant: _", t.name, t.slug, m.last_seen_at,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'name', r.name, 'expires_at', mr.expires_at)), '[]')
                   from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id
                   where mr.tenant_id = m.tenant_id and mr.membership_id = m.id
                     and (mr.expires_at is null or mr.expires_at > $2)) as "roles!: Json<Vec<HeldRole>>"
           from memberships m join tenants t on t.id = m.tenant_id
           where m.user_id = $1 and m.status = 'active' and t.status in ('active', 'suspended', 'closing')
           order by lower(t.name), t.id"#,
        user as _,
        now as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Workspace {
            tenant: row.tenant,
            name: row.name,
            slug: row.slug,
            roles: roles::ordered(row.roles.0),
            last_seen_at: row.last_seen_at,
        })
        .collect())
}

/// The tenant of an address, if the person may enter it.
pub(super) async fn enterable(
    conn: &mut PgConnection,
    slug: &str,
    user: UserId,
) -> Result<Option<TenantId>> {
    Ok(sqlx::query_scalar!(
        r#"select t.id as "id: _" from tenants t
           join memberships m on m.tenant_id = t.id
           where t.slug = $1 and t.status in ('active', 'suspended', 'closing') and m.user_id = $2 and m.status = 'active'"#,
        slug,
        user as _,
    )
    .fetch_optional(conn)
    .await?)
}
