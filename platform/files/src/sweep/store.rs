//! The statements of what is removed for good.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgPool;
use tenant_resolver::TenantTx;

use super::Doomed;
use crate::{FileId, Visibility};

/// Tenants with files that were put into the trash, or begun and not finished, before these instants.
pub(super) async fn tenants_with_work(
    pool: &PgPool,
    trash: Timestamp,
    storing: Timestamp,
    limit: i64,
) -> Result<Vec<TenantId>> {
    Ok(sqlx::query_scalar!(
        r#"select tenant_id as "tenant!: TenantId" from files_objects where deleted_at < $1
           union
           select tenant_id from files_objects where state = 'storing' and updated_at < $2
           limit $3"#,
        trash as _,
        storing as _,
        limit,
    )
    .fetch_all(pool)
    .await?)
}

/// Takes one file to remove, passing over those that somebody else holds.
pub(super) async fn next(
    tx: &mut TenantTx,
    trash: Timestamp,
    storing: Timestamp,
) -> Result<Option<Doomed>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Doomed,
        r#"select f.id as "id: FileId", f.sha256, f.visibility as "visibility: Visibility", f.bytes,
                  (select coalesce(array_agg(d.variant), '{}') from files_derivatives d
                   where d.tenant_id = $1 and d.file_id = f.id) as "variants!"
           from files_objects f
           where f.tenant_id = $1 and (f.deleted_at < $2 or f.state = 'storing' and f.updated_at < $3)
           limit 1 for update of f skip locked"#,
        tenant as _,
        trash as _,
        storing as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Deletes a file with its copies and usages.
pub(super) async fn delete(tx: &mut TenantTx, id: FileId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from files_objects where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
