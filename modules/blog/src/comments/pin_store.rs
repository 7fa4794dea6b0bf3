//! Statements that pin a comment above all others of its post.

use kernel::{Result, Timestamp};
use tenant_resolver::TenantTx;

use super::CommentId;
use super::store::Held;

/// Makes whoever pins comments of the same post wait for each other, before any of them holds a comment.
pub(super) async fn hold_pins(tx: &mut TenantTx, id: CommentId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "select from blog_posts p
         where p.tenant_id = $1 and p.id = (select c.post_id from blog_comments c where c.tenant_id = $1 and c.id = $2)
         for no key update",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the pin from the other comment of the post that has it: which one that is.
pub(super) async fn unpin_other(tx: &mut TenantTx, held: &Held) -> Result<Option<CommentId>> {
    let tenant = tx.tenant();
    let id = sqlx::query_scalar!(
        r#"update blog_comments set pinned_at = null, rev = rev + 1
           where tenant_id = $1 and post_id = $2 and id <> $3 and pinned_at is not null
           returning id as "id: CommentId""#,
        tenant as _,
        held.post_id as _,
        held.id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(id)
}

/// Pins a comment since that moment, or not any more.
pub(super) async fn set_pinned(
    tx: &mut TenantTx,
    id: CommentId,
    since: Option<Timestamp>,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update blog_comments set pinned_at = $3, rev = rev + 1 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        since as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
