//! Statements for what search engines are told.

use kernel::{Result, Timestamp};
use tenant_resolver::TenantTx;

use super::audience::Audience;

/// How much there is for search engines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Whether search engines are welcome.
    pub indexable: bool,
    pub posts: i64,
    pub tags: i64,
    pub authors: i64,
    pub series: i64,
    /// Last change of a live post.
    pub modified_at: Option<Timestamp>,
}

/// How much there is for search engines: live posts whose address is the one they should know, with their tags and
/// authors.
pub(super) async fn extent(tx: &mut TenantTx, now: Timestamp) -> Result<Extent> {
    let tenant = tx.tenant();
    let extent = sqlx::query_as!(
        Extent,
        r#"select coalesce((select s.indexable from blog_settings s where s.tenant_id = $1), true) as "indexable!",
                  count(*) filter (where (v.seo->>'noindex') is distinct from 'true' and coalesce(v.seo->>'canonical_url', '') = '') as "posts!",
                  max(greatest(p.updated_content_at, p.live_at, p.published_at)) as modified_at,
                  (select count(*) from blog_tags t
                   where t.tenant_id = $1 and t.deleted_at is null
                     and exists (select from blog_post_tags pt join blog_posts tp on tp.tenant_id = pt.tenant_id and tp.id = pt.post_id
                                 where pt.tenant_id = $1 and tp.tenant_id = $1 and pt.tag_id = t.id
                                   and blog_shown(tp, $3, $2))) as "tags!",
                  (select count(*) from blog_authors a
                   where a.tenant_id = $1
                     and exists (select from blog_post_authors pa join blog_posts ap on ap.tenant_id = pa.tenant_id and ap.id = pa.post_id
                                 where pa.tenant_id = $1 and ap.tenant_id = $1 and pa.author_id = a.id
                                   and blog_shown(ap, $3, $2))) as "authors!",
                  (select count(*) from blog_series r
                   where r.tenant_id = $1 and r.deleted_at is null
                     and exists (select from blog_series_posts rp join blog_posts sp on sp.tenant_id = rp.tenant_id and sp.id = rp.post_id
                                 where rp.tenant_id = $1 and sp.tenant_id = $1 and rp.series_id = r.id
                                   and blog_shown(sp, $3, $2))) as "series!"
           from blog_posts p
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
           where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $3, $2)"#,
        tenant as _,
        now as _,
        Audience::EVERYBODY.lists() as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(extent)
}

/// Whether search engines are welcome.
pub(super) async fn indexable(tx: &mut TenantTx) -> Result<bool> {
    let tenant = tx.tenant();
    let indexable = sqlx::query_scalar!(
        "select indexable from blog_settings where tenant_id = $1",
        tenant as _
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(indexable.unwrap_or(true))
}

/// A line of a sitemap.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub slug: String,
    pub modified_at: Option<Timestamp>,
}

/// What sitemaps list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Posts,
    Tags,
    Authors,
    Series,
}

/// A part of a sitemap: live posts for search engines, or the tags, authors and series of live posts, in the order of
/// their making, which no publishing changes.
pub(super) async fn mapped(
    tx: &mut TenantTx,
    kind: Kind,
    offset: i64,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Mapped>> {
    /// The statement once, with what differs between kinds.
    macro_rules! mapped {
        ($what:tt) => {
            sqlx::query_as!(
                Mapped,
                "select " + $what + " offset $3 limit $4",
                tx.tenant() as _,
                now as _,
                offset,
                limit,
                Audience::EVERYBODY.lists() as _,
            )
            .fetch_all(tx.conn())
            .await?
        };
    }
    let mapped = match kind {
        Kind::Posts => mapped!(
            "p.slug, greatest(p.updated_content_at, p.live_at, p.published_at) as modified_at
             from blog_posts p
             join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
             where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $5, $2)
               and (v.seo->>'noindex') is distinct from 'true' and coalesce(v.seo->>'canonical_url', '') = ''
             order by p.id"
        ),
        Kind::Tags => mapped!(
            "t.slug, max(greatest(p.updated_content_at, p.live_at, p.published_at)) as modified_at
             from blog_tags t
             join blog_post_tags pt on pt.tenant_id = t.tenant_id and pt.tag_id = t.id
             join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
             where t.tenant_id = $1 and pt.tenant_id = $1 and p.tenant_id = $1 and t.deleted_at is null and blog_shown(p, $5, $2)
             group by t.id, t.slug order by t.id"
        ),
        Kind::Authors => mapped!(
            "a.slug, max(greatest(p.updated_content_at, p.live_at, p.published_at)) as modified_at
             from blog_authors a
             join blog_post_authors pa on pa.tenant_id = a.tenant_id and pa.author_id = a.id
             join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
             where a.tenant_id = $1 and pa.tenant_id = $1 and p.tenant_id = $1 and blog_shown(p, $5, $2)
             group by a.id, a.slug order by a.id"
        ),
        Kind::Series => mapped!(
            "r.slug, max(greatest(p.updated_content_at, p.live_at, p.published_at)) as modified_at
             from blog_series r
             join blog_series_posts rp on rp.tenant_id = r.tenant_id and rp.series_id = r.id
             join blog_posts p on p.tenant_id = rp.tenant_id and p.id = rp.post_id
             where r.tenant_id = $1 and rp.tenant_id = $1 and p.tenant_id = $1 and r.deleted_at is null and blog_shown(p, $5, $2)
             group by r.id, r.slug order by r.id"
        ),
    };
    Ok(mapped)
}
