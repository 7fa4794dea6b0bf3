//! Statements of the audit log's pages.

use kernel::{PageRequest, Result, TenantId, Timestamp};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::{Entry, Filter};

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    request: PageRequest,
) -> Result<Vec<Entry>> {
    fetch(
        tx,
        filter,
        request.after.map(|after| (after.at, after.id)),
        request.fetch(),
    )
    .await
}

/// The newest `limit` entries.
pub(super) async fn export(tx: &mut TenantTx, filter: &Filter, limit: i64) -> Result<Vec<Entry>> {
    fetch(tx, filter, None, limit).await
}

async fn fetch(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let tenant = tx.tenant();
    let (after_at, after_id) = after.unzip();
    Ok(sqlx::query_as!(
        Entry,
        "select id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, ip, user_agent, detail
         from audit_log
         where tenant_id = $1
           and ($2::uuid is null or actor_id = $2)
           and ($3::text = '' or starts_with(action, $3 || '.'))
           and ($4::timestamptz is null or at >= $4)
           and ($5::timestamptz is null or at < $5)
           and ($6::text = '' or strpos(lower(concat_ws(' ', actor_name, replace(action, '.', ' '), target_name, ip)), lower($6)) > 0)
           and ($7::timestamptz is null or (at, id) < ($7, $8))
         order by at desc, id desc
         limit $9",
        tenant as _,
        filter.person as _,
        filter.area,
        filter.from as _,
        filter.until as _,
        filter.words.trim(),
        after_at as _,
        after_id as _,
        limit,
    )
    .fetch_all(tx.conn())
    .await?)
}

/// A part of the log of a tenant, newest first, in a transaction of the platform.
pub(super) async fn of_tenant(
    conn: &mut PgConnection,
    tenant: TenantId,
    request: PageRequest,
) -> Result<Vec<Entry>> {
    let (after_at, after_id) = request.after.map(|after| (after.at, after.id)).unzip();
    Ok(sqlx::query_as!(
        Entry,
        "select id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, ip, user_agent, detail
         from audit_log
         where tenant_id = $1 and ($2::timestamptz is null or (at, id) < ($2, $3))
         order by at desc, id desc limit $4",
        tenant as _,
        after_at as _,
        after_id as _,
        request.fetch(),
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Entry>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Entry,
        "select id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, ip, user_agent, detail
         from audit_log where tenant_id = $1 and id = $2",
        tenant as _,
        id,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Everybody who ever did anything, with the latest name of each.
pub(super) async fn people(tx: &mut TenantTx) -> Result<Vec<(Uuid, String)>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select membership_id as "id!", display_name as "name!" from tenant_people
           where tenant_id = $1 order by lower(display_name), membership_id limit 500"#,
        tenant as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
