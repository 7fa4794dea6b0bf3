//! The statements of links out of mail.

use kernel::{MembershipId, Result, Timestamp};
use sqlx::PgPool;
use tenant_resolver::TenantTx;

use super::Found;

pub(super) async fn insert(
    tx: &mut TenantTx,
    token_hash: &[u8],
    member: MembershipId,
    kinds: &[&str],
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    sqlx::query!(
        "insert into notification_unsubscribes (tenant_id, token_hash, membership_id, kinds, created_at)
         values ($1, $2, $3, $4, $5)",
        tenant as _,
        token_hash,
        member as _,
        &kinds,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn find(tx: &mut TenantTx, token_hash: &[u8]) -> Result<Option<Found>> {
    let tenant = tx.tenant();
    Ok(sqlx::query_as!(
        Found,
        r#"select membership_id as "member: _", kinds from notification_unsubscribes
           where tenant_id = $1 and token_hash = $2"#,
        tenant as _,
        token_hash,
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// Deletes up to `limit` links that were made before; returns how many.
pub(crate) async fn delete_older(pool: &PgPool, before: Timestamp, limit: i64) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from notification_unsubscribes where (tenant_id, token_hash) in (
             select tenant_id, token_hash from notification_unsubscribes where created_at < $1 limit $2)",
        before as _,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}
