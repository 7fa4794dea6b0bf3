//! Statements about the pictures of posts.

use kernel::{ConstraintExt as _, Result};
use tenant_resolver::TenantTx;

use super::Feature;
use crate::posts::PostId;

pub(super) async fn set(tx: &mut TenantTx, post: PostId, feature: &Feature) -> Result<bool> {
    let tenant = tx.tenant();
    let set = sqlx::query!(
        "insert into blog_post_features as f (tenant_id, post_id, file_id, alt_text) values ($1, $2, $3, $4)
         on conflict on constraint blog_post_features_pkey do update set file_id = $3, alt_text = $4
           where f.file_id <> $3 or f.alt_text <> $4",
        tenant as _,
        post as _,
        feature.file as _,
        feature.alt,
    )
    .execute(tx.conn())
    .await
    .on_constraint("blog_post_features_file_id_fkey", super::unknown)?;
    Ok(set.rows_affected() > 0)
}

pub(super) async fn take_away(tx: &mut TenantTx, post: PostId) -> Result<bool> {
    let tenant = tx.tenant();
    let taken = sqlx::query!(
        "delete from blog_post_features where tenant_id = $1 and post_id = $2",
        tenant as _,
        post as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Everything of a post that may name files, in one text.
pub(super) async fn shown(
    tx: &mut TenantTx,
    post: PostId,
    draft: i32,
    live: Option<i32>,
) -> Result<String> {
    let tenant = tx.tenant();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(
             (select string_agg(v.content, E'\n') from blog_post_versions v
              where v.tenant_id = $1 and v.post_id = $2 and (v.no = $3 or v.no = $4) and position('/media/' in v.content) > 0), '')
           || coalesce((select E'\n/media/' || f.file_id || '/' from blog_post_features f where f.tenant_id = $1 and f.post_id = $2), '')
           as "shown!""#,
        tenant as _,
        post as _,
        draft,
        live,
    )
    .fetch_one(tx.conn())
    .await?)
}
