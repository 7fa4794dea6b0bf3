//! Statements over `entitlement_overrides`.

use kernel::{Access, Error, Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Grant, NewOverride, Override, OverrideId};

pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: OverrideId,
    new: &NewOverride<'_>,
    now: Timestamp,
) -> Result<()> {
    let (kind, key, value, access) = match &new.grant {
        Grant::Limit { key, limit } => ("limit", key, *limit, None),
        Grant::Access { module, access } => ("access", module, None, Some(access.as_str())),
    };
    sqlx::query!(
        "insert into entitlement_overrides (tenant_id, id, kind, key, value, access, reason, granted_by_name, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant as _,
        id as _,
        kind,
        key,
        value,
        access,
        new.reason.trim(),
        new.by,
        now as _,
        new.until as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether there was one to take back.
pub(super) async fn revoke(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: OverrideId,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update entitlement_overrides set revoked_at = $3, revoked_by_name = $4
         where tenant_id = $1 and id = $2 and revoked_at is null and expires_at > $3",
        tenant as _,
        id as _,
        now as _,
        by,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Newest first. Few tenants have any, and none has many.
pub(super) async fn list(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Override>> {
    let rows = sqlx::query!(
        r#"select id as "id: OverrideId", kind, key, value, access, reason, granted_by_name, created_at, expires_at,
                  revoked_at, revoked_by_name
           from entitlement_overrides where tenant_id = $1 order by created_at desc, id desc limit 200"#,
        tenant as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let grant = match row.access.as_deref() {
                None => Grant::Limit {
                    key: row.key,
                    limit: row.value,
                },
                Some(access) => Grant::Access {
                    module: row.key,
                    access: read_access(access)?,
                },
            };
            Ok(Override {
                id: row.id,
                grant,
                reason: row.reason,
                granted_by: row.granted_by_name,
                created_at: row.created_at,
                expires_at: row.expires_at,
                revoked: row.revoked_at.zip(row.revoked_by_name),
            })
        })
        .collect()
}

fn read_access(name: &str) -> Result<Access> {
    [Access::Full, Access::ReadOnly, Access::Blocked]
        .into_iter()
        .find(|access| access.as_str() == name)
        .ok_or_else(|| Error::internal(format!("override of access {name}")))
}
