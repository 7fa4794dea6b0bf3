//! Statements that read the blog as visitors see it: what is live at `now`, and nothing else.
//!
//! Which posts a reader finds is decided by the database's function `blog_shown`, here and wherever else readers ask:
//! a live version whose time has come and has not ended, for an audience that its visibility names. Whether the worker
//! has noted those times does not matter. Each page is one statement: what it shows comes back as one row, with its
//! lists as JSON.

use kernel::{Cursor, Result, Timestamp};
use serde::Deserialize;
use sqlx::types::Json;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::audience::{Audience, Hidden};
use crate::content::Heading;
use crate::posts::{Seo, Visibility};
use crate::settings::Settings;

/// Something with a page of its own, as links name it: a tag, an author, a neighbouring post.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Linked {
    pub slug: String,
    pub name: String,
}

/// What a list is about, when that is not the whole blog: a tag or an author.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Subject {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    /// Description of a tag, or what an author says about themselves.
    pub about: String,
    /// An author's own website; empty without.
    pub website: String,
}

/// A post in a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub id: Uuid,
    pub slug: String,
    pub title: String,
    pub excerpt: String,
    pub reading_minutes: i32,
    pub published_at: Timestamp,
    pub tags: Vec<Linked>,
    pub authors: Vec<Linked>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub settings: Option<Json<Settings>>,
    /// Last change of anything that lists may show.
    pub changed_at: Option<Timestamp>,
    pub subject: Option<Json<Subject>>,
    /// One more than a page holds when there are older ones.
    pub posts: Json<Vec<Listed>>,
    /// Where the next newer page begins, unless that is the first one.
    pub newer: Option<Json<Place>>,
}

/// The place after a post in a list.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Place {
    at: Timestamp,
    id: Uuid,
}

impl From<Place> for Cursor {
    fn from(place: Place) -> Self {
        Self {
            at: place.at,
            id: place.id,
        }
    }
}

/// The statement of a list once, with what differs between the blog, a tag and an author.
macro_rules! list {
    ($tx:ident, $now:ident, $audience:ident, $after:ident, $scope:tt $(, $slug:expr)?) => {
        sqlx::query_as!(
            List,
            "with scope as (" + $scope + r#")
             select (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                    greatest(
                      (select max(p.updated_at) from blog_posts p where p.tenant_id = $1 and p.deleted_at is null),
                      (select max(p.deleted_at) from blog_posts p where p.tenant_id = $1 and p.deleted_at is not null),
                      (select max(p.live_at) from blog_posts p where p.tenant_id = $1 and p.status = 'scheduled' and p.live_at <= $2),
                      (select max(p.ends_at) from blog_posts p where p.tenant_id = $1 and p.ends_at <= $2),
                      (select max(t.updated_at) from blog_tags t where t.tenant_id = $1),
                      (select max(a.updated_at) from blog_authors a where a.tenant_id = $1),
                      (select s.updated_at from blog_settings s where s.tenant_id = $1)
                    ) as changed_at,
                    scope.subject as "subject: Json<Subject>",
                    coalesce((
                      select jsonb_agg(to_jsonb(listed) order by listed.published_at desc, listed.id desc)
                      from (
                        select p.id, p.slug, v.title, coalesce(v.excerpt, v.summary) as excerpt, v.reading_minutes, p.published_at,
                               (select coalesce(jsonb_agg(jsonb_build_object('slug', t.slug, 'name', t.name) order by pt.position), '[]')
                                from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                                where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null) as tags,
                               (select coalesce(jsonb_agg(jsonb_build_object('slug', a.slug, 'name', a.display_name) order by pa.position), '[]')
                                from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                                where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id) as authors
                        from blog_posts p
                        join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
                        where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $6, $2)
                          and (p.published_at, p.id) < (coalesce($3::timestamptz, 'infinity'), $4::uuid)
                          and (scope.tag_id is null or exists (
                                 select from blog_post_tags pt where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = scope.tag_id))
                          and (scope.author_id is null or exists (
                                 select from blog_post_authors pa where pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = scope.author_id))
                        order by p.published_at desc, p.id desc
                        limit (select coalesce(max(s.posts_per_page), $5) + 1 from blog_settings s where s.tenant_id = $1)
                      ) listed
                    ), '[]') as "posts!: Json<Vec<Listed>>",
                    (select jsonb_build_object('at', p.published_at, 'id', p.id)
                     from blog_posts p
                     where p.tenant_id = $1 and blog_shown(p, $6, $2)
                       and (p.published_at, p.id) >= ($3::timestamptz, $4::uuid)
                       and (scope.tag_id is null or exists (
                              select from blog_post_tags pt where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = scope.tag_id))
                       and (scope.author_id is null or exists (
                              select from blog_post_authors pa where pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = scope.author_id))
                     order by p.published_at, p.id
                     offset (select coalesce(max(s.posts_per_page), $5) from blog_settings s where s.tenant_id = $1) limit 1
                    ) as "newer: Json<Place>"
             from scope"#,
            $tx.tenant() as _,
            $now as _,
            $after.map(|cursor: Cursor| cursor.at) as _,
            $after.map(|cursor: Cursor| cursor.id),
            Settings::default().posts_per_page,
            $audience.lists() as _,
            $($slug,)?
        )
    };
}

/// A page of the blog's list, from the newest post or from a cursor on.
pub(super) async fn list(
    tx: &mut TenantTx,
    after: Option<Cursor>,
    audience: Audience,
    now: Timestamp,
) -> Result<List> {
    let list = list!(
        tx,
        now,
        audience,
        after,
        "select null::uuid as tag_id, null::uuid as author_id, null::jsonb as subject"
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(list)
}

/// As [`list()`] for the posts of a tag, which may be named by a former slug. Nothing when no live post has the tag:
/// what drafts are about is not for visitors.
pub(super) async fn list_of_tag(
    tx: &mut TenantTx,
    slug: &str,
    after: Option<Cursor>,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<List>> {
    let list = list!(
        tx,
        now,
        audience,
        after,
        "select t.id as tag_id, null::uuid as author_id,
                jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'about', t.description, 'website', '') as subject
         from blog_slugs s
         join blog_tags t on t.tenant_id = s.tenant_id and t.id = s.entity_id
         where s.tenant_id = $1 and t.tenant_id = $1 and s.kind = 'tag' and s.slug = $7 and t.deleted_at is null
           and exists (select from blog_post_tags pt join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
                       where pt.tenant_id = $1 and p.tenant_id = $1 and pt.tag_id = t.id
                         and blog_shown(p, $6, $2))",
        slug
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(list)
}

/// As [`list_of_tag`] for the posts of an author.
pub(super) async fn list_of_author(
    tx: &mut TenantTx,
    slug: &str,
    after: Option<Cursor>,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<List>> {
    let list = list!(
        tx,
        now,
        audience,
        after,
        "select null::uuid as tag_id, a.id as author_id,
                jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name, 'about', a.bio, 'website', a.website) as subject
         from blog_slugs s
         join blog_authors a on a.tenant_id = s.tenant_id and a.id = s.entity_id
         where s.tenant_id = $1 and a.tenant_id = $1 and s.kind = 'author' and s.slug = $7
           and exists (select from blog_post_authors pa join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
                       where pa.tenant_id = $1 and p.tenant_id = $1 and pa.author_id = a.id
                         and blog_shown(p, $6, $2))",
        slug
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(list)
}

/// Who wrote a post, as its page tells.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Byline {
    pub slug: String,
    pub name: String,
    pub about: String,
}

/// A live post with all that its page shows.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub settings: Option<Json<Settings>>,
    /// Last change of anything that the page may show.
    pub changed_at: Option<Timestamp>,
    pub id: Uuid,
    pub slug: String,
    pub visibility: Visibility,
    pub title: String,
    /// Written by hand; the page shows no other.
    pub excerpt: Option<String>,
    pub summary: String,
    pub seo: Json<Seo>,
    pub html: String,
    pub word_count: i32,
    pub reading_minutes: i32,
    pub toc: Json<Vec<Heading>>,
    pub published_at: Timestamp,
    /// Last change of what visitors read.
    pub modified_at: Timestamp,
    pub tags: Json<Vec<Linked>>,
    pub authors: Json<Vec<Byline>>,
    pub newer: Option<Json<Linked>>,
    pub older: Option<Json<Linked>>,
}

/// The live post of a slug, which may be a former one.
pub(super) async fn post(
    tx: &mut TenantTx,
    slug: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<Post>> {
    let tenant = tx.tenant();
    let post = sqlx::query_as!(
        Post,
        r#"select (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                  greatest(
                    (select max(c.updated_at) from blog_posts c where c.tenant_id = $1 and c.deleted_at is null),
                    (select max(c.deleted_at) from blog_posts c where c.tenant_id = $1 and c.deleted_at is not null),
                    (select max(c.live_at) from blog_posts c where c.tenant_id = $1 and c.status = 'scheduled' and c.live_at <= $2),
                    (select max(c.ends_at) from blog_posts c where c.tenant_id = $1 and c.ends_at <= $2),
                    (select max(c.updated_at) from blog_tags c where c.tenant_id = $1),
                    (select max(c.updated_at) from blog_authors c where c.tenant_id = $1),
                    (select c.updated_at from blog_settings c where c.tenant_id = $1)
                  ) as changed_at,
                  p.id as "id: Uuid", p.slug, p.visibility as "visibility: Visibility", v.title, v.excerpt, v.summary, v.seo as "seo: Json<Seo>", v.html, v.word_count,
                  v.reading_minutes, v.toc as "toc: Json<Vec<Heading>>", p.published_at as "published_at!",
                  greatest(p.updated_content_at, p.live_at, p.published_at) as "modified_at!",
                  (select coalesce(jsonb_agg(jsonb_build_object('slug', t.slug, 'name', t.name) order by pt.position), '[]')
                   from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                   where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null)
                    as "tags!: Json<Vec<Linked>>",
                  (select coalesce(jsonb_agg(jsonb_build_object('slug', a.slug, 'name', a.display_name, 'about', a.bio) order by pa.position), '[]')
                   from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                   where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id)
                    as "authors!: Json<Vec<Byline>>",
                  (select jsonb_build_object('slug', n.slug, 'name', nv.title)
                   from blog_posts n
                   join blog_post_versions nv on nv.tenant_id = n.tenant_id and nv.post_id = n.id and nv.no = n.live_no
                   where n.tenant_id = $1 and nv.tenant_id = $1 and blog_shown(n, $4, $2)
                     and (n.published_at, n.id) > (p.published_at, p.id)
                   order by n.published_at, n.id limit 1) as "newer: Json<Linked>",
                  (select jsonb_build_object('slug', o.slug, 'name', ov.title)
                   from blog_posts o
                   join blog_post_versions ov on ov.tenant_id = o.tenant_id and ov.post_id = o.id and ov.no = o.live_no
                   where o.tenant_id = $1 and ov.tenant_id = $1 and blog_shown(o, $4, $2)
                     and (o.published_at, o.id) < (p.published_at, p.id)
                   order by o.published_at desc, o.id desc limit 1) as "older: Json<Linked>"
           from blog_slugs s
           join blog_posts p on p.tenant_id = s.tenant_id and p.id = s.entity_id
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
           where s.tenant_id = $1 and p.tenant_id = $1 and v.tenant_id = $1 and s.kind = 'post' and s.slug = $3
             and blog_shown(p, $5, $2)"#,
        tenant as _,
        now as _,
        slug,
        audience.lists() as _,
        audience.opens() as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(post)
}

/// What stands at a slug, which may be a former one, where a reader finds no post.
pub(super) async fn hidden(
    tx: &mut TenantTx,
    slug: &str,
    now: Timestamp,
) -> Result<Option<Hidden>> {
    let tenant = tx.tenant();
    let hidden = sqlx::query_as!(
        Hidden,
        r#"select blog_shown(p, array['members'], $2) as "for_members!",
                  p.gone and p.deleted_at is null and blog_status(p, $2) in ('draft', 'in_review', 'archived') as "gone!"
           from blog_slugs s
           join blog_posts p on p.tenant_id = s.tenant_id and p.id = s.entity_id
           where s.tenant_id = $1 and p.tenant_id = $1 and s.kind = 'post' and s.slug = $3"#,
        tenant as _,
        now as _,
        slug,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(hidden)
}

/// A post in a feed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FeedPost {
    pub id: Uuid,
    pub slug: String,
    pub title: String,
    pub excerpt: String,
    /// Empty when feeds carry excerpts only.
    pub html: String,
    pub published_at: Timestamp,
    pub modified_at: Timestamp,
    pub tags: Vec<Linked>,
    pub authors: Vec<Linked>,
}

/// What a feed is made of.
#[derive(Clone, Debug)]
pub(super) struct FeedRow {
    pub settings: Option<Json<Settings>>,
    /// Last change of anything that feeds may show.
    pub changed_at: Option<Timestamp>,
    pub subject: Option<Json<Subject>>,
    pub posts: Json<Vec<FeedPost>>,
}

/// The newest posts of the blog, or of a tag that may be named by a former slug. Nothing when no live post has the tag.
pub(super) async fn feed(
    tx: &mut TenantTx,
    tag: Option<&str>,
    now: Timestamp,
) -> Result<Option<FeedRow>> {
    let tenant = tx.tenant();
    let feed = sqlx::query_as!(
        FeedRow,
        r#"with scope as (
             select null::uuid as tag_id, null::jsonb as subject where $3::text is null
             union all
             select t.id, jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'about', t.description, 'website', '')
             from blog_slugs s
             join blog_tags t on t.tenant_id = s.tenant_id and t.id = s.entity_id
             where s.tenant_id = $1 and t.tenant_id = $1 and s.kind = 'tag' and s.slug = $3 and t.deleted_at is null
               and exists (select from blog_post_tags pt join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
                           where pt.tenant_id = $1 and p.tenant_id = $1 and pt.tag_id = t.id
                             and blog_shown(p, $5, $2))
           )
           select (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                  greatest(
                    (select max(p.updated_at) from blog_posts p where p.tenant_id = $1 and p.deleted_at is null),
                    (select max(p.deleted_at) from blog_posts p where p.tenant_id = $1 and p.deleted_at is not null),
                    (select max(p.live_at) from blog_posts p where p.tenant_id = $1 and p.status = 'scheduled' and p.live_at <= $2),
                    (select max(p.ends_at) from blog_posts p where p.tenant_id = $1 and p.ends_at <= $2),
                    (select max(t.updated_at) from blog_tags t where t.tenant_id = $1),
                    (select max(a.updated_at) from blog_authors a where a.tenant_id = $1),
                    (select s.updated_at from blog_settings s where s.tenant_id = $1)
                  ) as changed_at,
                  scope.subject as "subject: Json<Subject>",
                  coalesce((
                    select jsonb_agg(to_jsonb(listed) order by listed.published_at desc, listed.id desc)
                    from (
                      select p.id, p.slug, v.title, coalesce(v.excerpt, v.summary) as excerpt, p.published_at,
                             case when exists (select from blog_settings s where s.tenant_id = $1 and s.feed_content = 'excerpt')
                                  then '' else v.html end as html,
                             greatest(p.updated_content_at, p.live_at, p.published_at) as modified_at,
                             (select coalesce(jsonb_agg(jsonb_build_object('slug', t.slug, 'name', t.name) order by pt.position), '[]')
                              from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                              where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null) as tags,
                             (select coalesce(jsonb_agg(jsonb_build_object('slug', a.slug, 'name', a.display_name) order by pa.position), '[]')
                              from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                              where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id) as authors
                      from blog_posts p
                      join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
                      where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $5, $2)
                        and (scope.tag_id is null or exists (
                               select from blog_post_tags pt where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = scope.tag_id))
                      order by p.published_at desc, p.id desc
                      limit (select coalesce(max(s.feed_items), $4) from blog_settings s where s.tenant_id = $1)
                    ) listed
                  ), '[]') as "posts!: Json<Vec<FeedPost>>"
           from scope"#,
        tenant as _,
        now as _,
        tag,
        Settings::default().feed_items,
        Audience::EVERYBODY.lists() as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(feed)
}

/// How much there is for search engines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Whether search engines are welcome.
    pub indexable: bool,
    pub posts: i64,
    pub tags: i64,
    pub authors: i64,
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
                                   and blog_shown(ap, $3, $2))) as "authors!"
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

/// Whether anybody finds something to read.
pub(crate) async fn any(tx: &mut TenantTx, now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    let any = sqlx::query_scalar!(
        r#"select exists (select from blog_posts p where p.tenant_id = $1 and blog_shown(p, $3, $2)) as "any!""#,
        tenant as _,
        now as _,
        Audience::EVERYBODY.lists() as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(any)
}

/// A line of a sitemap.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub slug: String,
    pub modified_at: Option<Timestamp>,
}

/// A part of the live posts for search engines, in the order of their making, which no publishing changes.
pub(super) async fn mapped_posts(
    tx: &mut TenantTx,
    offset: i64,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Mapped>> {
    let tenant = tx.tenant();
    let posts = sqlx::query_as!(
        Mapped,
        "select p.slug, greatest(p.updated_content_at, p.live_at, p.published_at) as modified_at
         from blog_posts p
         join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
         where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $5, $2)
           and (v.seo->>'noindex') is distinct from 'true' and coalesce(v.seo->>'canonical_url', '') = ''
         order by p.id offset $3 limit $4",
        tenant as _,
        now as _,
        offset,
        limit,
        Audience::EVERYBODY.lists() as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(posts)
}

/// A part of the tags of live posts.
pub(super) async fn mapped_tags(
    tx: &mut TenantTx,
    offset: i64,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Mapped>> {
    let tenant = tx.tenant();
    let tags = sqlx::query_as!(
        Mapped,
        "select t.slug, max(greatest(p.updated_content_at, p.live_at, p.published_at)) as modified_at
         from blog_tags t
         join blog_post_tags pt on pt.tenant_id = t.tenant_id and pt.tag_id = t.id
         join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
         where t.tenant_id = $1 and pt.tenant_id = $1 and p.tenant_id = $1 and t.deleted_at is null
           and blog_shown(p, $5, $2)
         group by t.id, t.slug order by t.id offset $3 limit $4",
        tenant as _,
        now as _,
        offset,
        limit,
        Audience::EVERYBODY.lists() as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(tags)
}

/// A part of the authors of live posts.
pub(super) async fn mapped_authors(
    tx: &mut TenantTx,
    offset: i64,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<Mapped>> {
    let tenant = tx.tenant();
    let authors = sqlx::query_as!(
        Mapped,
        "select a.slug, max(greatest(p.updated_content_at, p.live_at, p.published_at)) as modified_at
         from blog_authors a
         join blog_post_authors pa on pa.tenant_id = a.tenant_id and pa.author_id = a.id
         join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
         where a.tenant_id = $1 and pa.tenant_id = $1 and p.tenant_id = $1
           and blog_shown(p, $5, $2)
         group by a.id, a.slug order by a.id offset $3 limit $4",
        tenant as _,
        now as _,
        offset,
        limit,
        Audience::EVERYBODY.lists() as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(authors)
}
