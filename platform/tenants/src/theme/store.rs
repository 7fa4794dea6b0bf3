//! Statements about logos.

use kernel::{Result, Timestamp};
use tenant_resolver::TenantTx;

/// A logo as it is stored.
pub(crate) struct LogoRow {
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub hash: String,
    pub content_type: String,
    pub width: i32,
    pub height: i32,
    pub bytes: Vec<u8>,
}

pub(super) async fn find_logo(tx: &mut TenantTx, hash: &str) -> Result<Option<LogoRow>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        LogoRow,
        "select hash, content_type, width, height, bytes from tenant_logos where tenant_id = $1 and hash = $2",
        tenant as _,
        hash,
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(crate) async fn upsert_logo(tx: &mut TenantTx, logo: &LogoRow, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into tenant_logos (tenant_id, hash, content_type, width, height, bytes, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id) do update set hash = excluded.hash, content_type = excluded.content_type,
             width = excluded.width, height = excluded.height, bytes = excluded.bytes, created_at = excluded.created_at",
        tenant as _,
        logo.hash,
        logo.content_type,
        logo.width,
        logo.height,
        logo.bytes,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether there was one.
pub(crate) async fn delete_logo(tx: &mut TenantTx) -> Result<bool> {
    let tenant = tx.tenant();
    let done = sqlx::query!("delete from tenant_logos where tenant_id = $1", tenant as _)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
