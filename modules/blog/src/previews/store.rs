//! Statements about preview links.

use kernel::{Result, Timestamp};
use tenant_resolver::TenantTx;

use super::{Opened, Preview, PreviewId};
use crate::posts::PostId;

/// The links of a post that can still be opened, newest first.
pub(super) async fn list(tx: &mut TenantTx, post: PostId, now: Timestamp) -> Result<Vec<Preview>> {
    let tenant = tx.tenant();
    let links = sqlx::query_as!(
        Preview,
        "select id, version_no, expires_at, max_views, views, last_viewed_at, created_by_name, created_at
         from blog_preview_links
         where tenant_id = $1 and post_id = $2 and revoked_at is null and expires_at > $3 and (max_views is null or views < max_views)
         order by id desc limit 100",
        tenant as _,
        post as _,
        now as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(links)
}

/// Adds a link.
pub(super) async fn insert(
    tx: &mut TenantTx,
    post: PostId,
    link: &Preview,
    token_hash: &[u8],
    by: kernel::MembershipId,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into blog_preview_links (tenant_id, id, post_id, version_no, token_hash, expires_at, max_views, created_by, created_by_name, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant as _,
        link.id as _,
        post as _,
        link.version_no,
        token_hash,
        link.expires_at as _,
        link.max_views,
        by as _,
        link.created_by_name,
        link.created_at as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Shuts a link. False: the post has none of that id that is open.
pub(super) async fn revoke(
    tx: &mut TenantTx,
    post: PostId,
    id: PreviewId,
    now: Timestamp,
) -> Result<bool> {
    let tenant = tx.tenant();
    let revoked = sqlx::query!(
        "update blog_preview_links set revoked_at = $4
         where tenant_id = $1 and post_id = $2 and id = $3 and revoked_at is null",
        tenant as _,
        post as _,
        id as _,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Opens a link once more, if it still can be: one statement, so that as many get in as may.
pub(super) async fn open(
    tx: &mut TenantTx,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Opened>> {
    let tenant = tx.tenant();
    let opened = sqlx::query_as!(
        Opened,
        r#"update blog_preview_links set views = views + 1, last_viewed_at = $3
           where tenant_id = $1 and token_hash = $2 and revoked_at is null and expires_at > $3
             and (max_views is null or views < max_views)
           returning post_id as "post: PostId", version_no, expires_at"#,
        tenant as _,
        token_hash,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(opened)
}

/// Whether there ever was such a link.
pub(super) async fn known(tx: &mut TenantTx, token_hash: &[u8]) -> Result<bool> {
    let tenant = tx.tenant();
    let known = sqlx::query_scalar!(
        r#"select exists (select from blog_preview_links where tenant_id = $1 and token_hash = $2) as "known!""#,
        tenant as _,
        token_hash,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(known)
}
