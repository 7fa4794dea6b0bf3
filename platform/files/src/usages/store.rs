//! The statements of what shows which file.

use kernel::Result;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::{Entity, Usage};
use crate::FileId;

pub(super) async fn forget_others(
    tx: &mut TenantTx,
    kind: &str,
    id: Uuid,
    files: &[FileId],
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from files_usages where tenant_id = $1 and entity_kind = $2 and entity_id = $3 and file_id <> all ($4)",
        tenant as _,
        kind,
        id,
        files as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn note(tx: &mut TenantTx, entity: Entity<'_>, files: &[FileId]) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into files_usages (tenant_id, file_id, entity_kind, entity_id, title, path)
         select $1, f.id, $2, $3, $4, $5 from files_objects f where f.tenant_id = $1 and f.id = any ($6)
         on conflict on constraint files_usages_pkey do update set title = excluded.title, path = excluded.path",
        tenant as _,
        entity.kind,
        entity.id,
        entity.title,
        entity.path,
        files as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn of(tx: &mut TenantTx, file: FileId) -> Result<Vec<Usage>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Usage,
        "select entity_kind as kind, entity_id as id, title, path from files_usages
         where tenant_id = $1 and file_id = $2 order by lower(title), entity_id",
        tenant as _,
        file as _,
    )
    .fetch_all(tx.conn())
    .await?)
}
