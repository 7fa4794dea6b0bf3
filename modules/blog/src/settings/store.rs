//! Statements about settings.

use kernel::{Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::Settings;

pub(super) async fn find(tx: &mut TenantTx) -> Result<Option<Settings>> {
    let tenant = tx.tenant();
    let settings = sqlx::query_scalar!(
        r#"select to_jsonb(s) as "settings!: Json<Settings>" from blog_settings s where s.tenant_id = $1"#,
        tenant as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(settings.map(|Json(settings)| settings))
}

/// Writes the settings and answers with their revision. `None`: they have changed since `based_on`.
pub(super) async fn save(
    tx: &mut TenantTx,
    settings: &Settings,
    based_on: Option<i64>,
    now: Timestamp,
) -> Result<Option<i64>> {
    let tenant = tx.tenant();
    let comments = &settings.comments;
    let rev = sqlx::query_scalar!(
        "insert into blog_settings (tenant_id, title, tagline, description, posts_per_page, feed_items, feed_content, indexable,
                                    comments_mode, comments_moderation, comments_close_after_days, comments_max_depth,
                                    comments_link_limit, comments_blocklist, comments_notify, preview_ttl_hours, rev, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $11, $12, $13, $14, $15, $16, $17, $18, 1, $9
         where coalesce($10::bigint, 0) = 0 or exists (select from blog_settings s where s.tenant_id = $1)
         on conflict (tenant_id) do update
           set title = excluded.title, tagline = excluded.tagline, description = excluded.description,
               posts_per_page = excluded.posts_per_page, feed_items = excluded.feed_items, feed_content = excluded.feed_content,
               indexable = excluded.indexable, comments_mode = excluded.comments_mode,
               comments_moderation = excluded.comments_moderation, comments_close_after_days = excluded.comments_close_after_days,
               comments_max_depth = excluded.comments_max_depth, comments_link_limit = excluded.comments_link_limit,
               comments_blocklist = excluded.comments_blocklist, comments_notify = excluded.comments_notify,
               preview_ttl_hours = excluded.preview_ttl_hours, rev = blog_settings.rev + 1, updated_at = excluded.updated_at
           where $10 is null or blog_settings.rev = $10
         returning rev",
        tenant as _,
        settings.title,
        settings.tagline,
        settings.description,
        settings.posts_per_page,
        settings.feed_items,
        settings.feed_content as _,
        settings.indexable,
        now as _,
        based_on,
        comments.comments_mode as _,
        comments.comments_moderation as _,
        comments.comments_close_after_days,
        comments.comments_max_depth,
        comments.comments_link_limit,
        &comments.comments_blocklist,
        comments.comments_notify,
        settings.preview_ttl_hours,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(rev)
}
