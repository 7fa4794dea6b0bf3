//! The statements of the count of bytes.

use kernel::{Result, TenantId};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

pub(super) async fn used(tx: &mut TenantTx) -> Result<i64> {
    let tenant = tx.tenant();
    used_by(tx.conn(), tenant).await
}

pub(super) async fn used_by(conn: &mut PgConnection, tenant: TenantId) -> Result<i64> {
    let used = sqlx::query_scalar!(
        "select bytes from files_totals where tenant_id = $1",
        tenant as _
    )
    .fetch_optional(conn)
    .await?;
    Ok(used.unwrap_or(0))
}

/// Adds bytes unless that makes more than `most`; tells whether it did.
pub(super) async fn add(tx: &mut TenantTx, bytes: i64, most: i64) -> Result<bool> {
    let tenant = tx.tenant();
    let added = sqlx::query!(
        "insert into files_totals as t (tenant_id, bytes) select $1, $2 where $2 <= $3::bigint
         on conflict (tenant_id) do update set bytes = t.bytes + $2 where t.bytes <= $3 - $2",
        tenant as _,
        bytes,
        most,
    )
    .execute(tx.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

pub(super) async fn subtract(tx: &mut TenantTx, bytes: i64) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update files_totals set bytes = bytes - $2 where tenant_id = $1",
        tenant as _,
        bytes,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
