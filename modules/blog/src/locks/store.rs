//! Statements about who is editing.

use kernel::{MembershipId, Result, Timestamp};
use tenant_resolver::TenantTx;

use super::Lock;
use crate::posts::PostId;

/// The lease of a post that has not run out.
pub(super) async fn current(
    tx: &mut TenantTx,
    post: PostId,
    now: Timestamp,
) -> Result<Option<Lock>> {
    let tenant = tx.tenant();
    let lock = sqlx::query_as!(
        Lock,
        r#"select holder_id as "holder: MembershipId", holder_name, taken_at, expires_at
           from blog_post_locks where tenant_id = $1 and post_id = $2 and expires_at > $3"#,
        tenant as _,
        post as _,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(lock)
}

/// Takes or renews the lease. Nothing when another has it, unless it is to be taken over.
pub(super) async fn acquire(
    tx: &mut TenantTx,
    post: PostId,
    lock: &Lock,
    take_over: bool,
) -> Result<Option<Lock>> {
    let tenant = tx.tenant();
    let lock = sqlx::query_as!(
        Lock,
        r#"insert into blog_post_locks (tenant_id, post_id, holder_id, holder_name, taken_at, expires_at)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (tenant_id, post_id) do update
             set holder_id = excluded.holder_id, holder_name = excluded.holder_name, expires_at = excluded.expires_at,
                 taken_at = case when blog_post_locks.holder_id = excluded.holder_id and blog_post_locks.expires_at > excluded.taken_at
                                 then blog_post_locks.taken_at else excluded.taken_at end
             where blog_post_locks.holder_id = excluded.holder_id or blog_post_locks.expires_at <= excluded.taken_at or $7
           returning holder_id as "holder: MembershipId", holder_name, taken_at, expires_at"#,
        tenant as _,
        post as _,
        lock.holder as _,
        lock.holder_name,
        lock.taken_at as _,
        lock.expires_at as _,
        take_over,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(lock)
}

/// Gives the lease back, if it is this member's.
pub(super) async fn release(tx: &mut TenantTx, post: PostId, holder: MembershipId) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_post_locks where tenant_id = $1 and post_id = $2 and holder_id = $3",
        tenant as _,
        post as _,
        holder as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
