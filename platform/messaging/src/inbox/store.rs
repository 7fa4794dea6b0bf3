//! The statements of notifications.

use kernel::{Cursor, MembershipId, PageRequest, Result, Timestamp};
use sqlx::PgPool;
use tenant_resolver::TenantTx;

use super::{Entry, Filter, Notification, NotificationId};

/// Writes the news unless its reader wants nothing of its kind; `true` when it may have to be mailed.
pub(super) async fn insert(
    tx: &mut TenantTx,
    id: NotificationId,
    news: &Notification<'_>,
    now: Timestamp,
) -> Result<bool> {
    let tenant = tx.tenant();
    let mailed = sqlx::query_scalar!(
        r#"insert into notifications (tenant_id, id, recipient_id, kind, title, body, link, created_at, in_app, mail)
           select $1, $2, $3, $4, $5, $6, $7, $8, coalesce(p.in_app, true), case p.mail when 'off' then 'none' else 'new' end
           from (values (1)) one
           left join notification_preferences p on p.tenant_id = $1 and p.membership_id = $3 and p.kind = $4
           where coalesce(p.in_app, true) or p.mail <> 'off'
           returning mail = 'new' as "mailed!""#,
        tenant as _,
        id as _,
        news.recipient as _,
        news.kind,
        news.title,
        news.body,
        news.link,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(mailed.unwrap_or(false))
}

/// Counts up to `limit`: nobody needs to know more exactly.
pub(super) async fn count_unread(
    tx: &mut TenantTx,
    recipient: MembershipId,
    limit: i64,
) -> Result<i64> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
               select from notifications where tenant_id = $1 and recipient_id = $2 and read_at is null and in_app limit $3
           ) unread"#,
        tenant as _,
        recipient as _,
        limit,
    )
    .fetch_one(tx.conn())
    .await?)
}

pub(super) async fn list(
    tx: &mut TenantTx,
    recipient: MembershipId,
    filter: &Filter,
    page: PageRequest,
) -> Result<Vec<Entry>> {
    let tenant = tx.tenant();
    let (at, id) = page.after.map(|Cursor { at, id }| (at, id)).unzip();
    Ok(sqlx::query_as!(
        Entry,
        r#"select id as "id: _", kind, title, body, link, read_at, created_at from notifications
           where tenant_id = $1 and recipient_id = $2 and in_app
             and (not $3 or read_at is null)
             and ($7::text is null or split_part(kind, '.', 1) = $7)
             and ($4::timestamptz is null or (created_at, id) < ($4, $5))
           order by created_at desc, id desc
           limit $6"#,
        tenant as _,
        recipient as _,
        filter.unread,
        at as _,
        id,
        page.fetch(),
        filter.area.as_deref(),
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Marks one as read, keeping the first time, and returns where it leads.
pub(super) async fn read(
    tx: &mut TenantTx,
    recipient: MembershipId,
    id: NotificationId,
    now: Timestamp,
) -> Result<Option<String>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        "update notifications set read_at = coalesce(read_at, $4)
         where tenant_id = $1 and recipient_id = $2 and id = $3
         returning link",
        tenant as _,
        recipient as _,
        id as _,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Marks one as unread; `false` when there is none of that id.
pub(super) async fn unread(
    tx: &mut TenantTx,
    recipient: MembershipId,
    id: NotificationId,
) -> Result<bool> {
    let tenant = tx.tenant();
    let changed = sqlx::query!(
        "update notifications set read_at = null where tenant_id = $1 and recipient_id = $2 and id = $3",
        tenant as _,
        recipient as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Marks all as read, with one and the same instant; returns how many.
pub(super) async fn read_all(
    tx: &mut TenantTx,
    recipient: MembershipId,
    now: Timestamp,
) -> Result<u64> {
    let tenant = tx.tenant();
    let changed = sqlx::query!(
        "update notifications set read_at = $3 where tenant_id = $1 and recipient_id = $2 and read_at is null",
        tenant as _,
        recipient as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected())
}

/// Takes back what [`read_all`] did at that instant.
pub(super) async fn unread_all(
    tx: &mut TenantTx,
    recipient: MembershipId,
    at: Timestamp,
) -> Result<u64> {
    let tenant = tx.tenant();
    let changed = sqlx::query!(
        "update notifications set read_at = null where tenant_id = $1 and recipient_id = $2 and read_at = $3",
        tenant as _,
        recipient as _,
        at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(changed.rows_affected())
}

/// Deletes up to `limit` notifications, of all tenants, that came before; returns how many.
pub(crate) async fn delete_older(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from notifications where (tenant_id, id) in (
             select tenant_id, id from notifications where created_at < $1 limit $2)",
        before as _,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}
