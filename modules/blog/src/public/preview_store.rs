//! A post as a preview link shows it: any version, whatever visitors read.

use kernel::{Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::store::{Byline, InSeries, Linked, Post};
use crate::content::Heading;
use crate::images::Feature;
use crate::posts::{PostId, Seo, Visibility};
use crate::settings::Settings;

/// A version of a post, or its newest draft; nothing, when it is in the trash or the version is gone.
pub(super) async fn find(
    tx: &mut TenantTx,
    post: PostId,
    version_no: Option<i32>,
    now: Timestamp,
) -> Result<Option<Post>> {
    let tenant = tx.tenant();
    let post = sqlx::query_as!(
        Post,
        r#"select (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                  null::timestamptz as changed_at,
                  p.id as "id: Uuid", p.slug, p.visibility as "visibility: Visibility", v.title, v.excerpt, v.summary,
                  v.seo as "seo: Json<Seo>", v.html, v.word_count, v.reading_minutes, v.toc as "toc: Json<Vec<Heading>>",
                  coalesce(p.published_at, $4) as "published_at!", coalesce(p.published_at, $4) as "modified_at!",
                  (select coalesce(jsonb_agg(jsonb_build_object('slug', t.slug, 'name', t.name) order by pt.position), '[]')
                   from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                   where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null)
                    as "tags!: Json<Vec<Linked>>",
                  (select coalesce(jsonb_agg(jsonb_build_object('slug', a.slug, 'name', a.display_name, 'about', a.bio) order by pa.position), '[]')
                   from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                   where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id)
                    as "authors!: Json<Vec<Byline>>",
                  '[]'::jsonb as "series!: Json<Vec<InSeries>>",
                  (select jsonb_build_object('file', f.file_id, 'alt', f.alt_text)
                   from blog_post_features f where f.tenant_id = $1 and f.post_id = p.id) as "feature: Json<Feature>",
                  null::jsonb as "newer: Json<Linked>", null::jsonb as "older: Json<Linked>",
                  0::bigint as "comments!", p.comments_enabled
           from blog_posts p
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = coalesce($3, p.draft_no)
           where p.tenant_id = $1 and v.tenant_id = $1 and p.id = $2 and p.deleted_at is null"#,
        tenant as _,
        post as _,
        version_no,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(post)
}
