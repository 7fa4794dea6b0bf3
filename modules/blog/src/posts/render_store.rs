//! Statements about versions that an older renderer made.

use kernel::Result;
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::PostId;
use crate::content::{RENDERER_VERSION, Rendered};

/// A version that an older renderer made.
#[derive(Debug)]
pub(super) struct Stale {
    pub post_id: PostId,
    pub no: i32,
    pub content: String,
    pub html: String,
}

/// Takes some versions that an older renderer made.
pub(super) async fn take(tx: &mut TenantTx, most: i64) -> Result<Vec<Stale>> {
    let tenant = tx.tenant();
    let stale = sqlx::query_as!(
        Stale,
        "select post_id, no, content, html from blog_post_versions
         where tenant_id = $1 and renderer_version < $2
         order by post_id, no limit $3 for no key update",
        tenant as _,
        RENDERER_VERSION,
        most,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(stale)
}

/// Writes what the present renderer made of a version. A post that shows it looks different then, so its revision moves
/// as well.
pub(super) async fn write(tx: &mut TenantTx, stale: &Stale, made: &Rendered) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with post as (
           update blog_posts set rev = rev + 1
           where tenant_id = $1 and id = $2 and $3 in (draft_no, live_no) and $4 <> $11
         )
         update blog_post_versions
         set html = $4, plaintext = $5, summary = $6, word_count = $7, reading_minutes = $8, toc = $9, renderer_version = $10
         where tenant_id = $1 and post_id = $2 and no = $3",
        tenant as _,
        stale.post_id as _,
        stale.no,
        made.html,
        made.plaintext,
        made.excerpt,
        made.word_count,
        made.reading_minutes,
        Json(&made.toc) as _,
        RENDERER_VERSION,
        stale.html,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Keeps what an older renderer made of a version, cleaned by the present rules.
pub(super) async fn keep(tx: &mut TenantTx, stale: &Stale, html: &str) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_post_versions set html = $4, renderer_version = $5
         where tenant_id = $1 and post_id = $2 and no = $3",
        tenant as _,
        stale.post_id as _,
        stale.no,
        html,
        RENDERER_VERSION,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
