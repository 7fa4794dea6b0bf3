//! Statements for visitors. Each answers a whole page at once: what it returns is all that the page needs.
//!
//! A post is visible when it has a live version whose time has come: `live_no is not null and
//! live_at <= now`. Schedules hold by that alone; a table check keeps the trash out.

use kernel::{Result, Timestamp};
use serde::Deserialize;
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::{PostId, Seo};
use crate::authors::AuthorRef;
use crate::content::Heading;
use crate::settings::Settings;
use crate::tags::TagRef;

/// Which posts a public list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// All of them.
    All,
    /// Those with a tag, by a slug that it has or had.
    Tag(&'a str),
    /// Those of an author, by a slug that they have or had.
    Author(&'a str),
}

impl<'a> Which<'a> {
    fn parts(self) -> (&'static str, Option<&'a str>) {
        match self {
            Self::All => ("all", None),
            Self::Tag(slug) => ("tag", Some(slug)),
            Self::Author(slug) => ("author", Some(slug)),
        }
    }
}

/// The tag or author that a list is about.
#[derive(Clone, Debug, Deserialize)]
pub struct Subject {
    /// Its present slug; another than was asked for is where the visitor should go.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What the tag is about, or a few words about the author.
    pub description: String,
    /// The author's own website; empty: none.
    pub website: String,
}

/// A post in a public list or a feed.
#[derive(Clone, Debug, Deserialize)]
pub struct Teaser {
    /// Its id, which survives a new slug.
    pub id: PostId,
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Written by hand, or the beginning of its text.
    pub excerpt: String,
    /// The whole text; in feeds only, empty in lists.
    pub html: String,
    /// First publication.
    pub published_at: Timestamp,
    /// Last change of the text, never before the publication.
    pub updated_at: Timestamp,
    /// Whether it is featured.
    pub featured: bool,
    /// Minutes to read it.
    pub reading_minutes: i32,
    /// Its tags.
    pub tags: Vec<TagRef>,
    /// Its authors.
    pub authors: Vec<AuthorRef>,
}

/// A public list of posts, newest first.
#[derive(Clone, Debug)]
pub struct PublicList {
    /// The blog's settings.
    pub settings: Settings,
    /// The tag or author asked for; `None` when there is none of that slug, or for all posts.
    pub subject: Option<Subject>,
    /// The posts.
    pub posts: Vec<Teaser>,
    /// Whether there is a page after this one.
    pub more: bool,
}

struct ListRow {
    settings: Option<Json<Settings>>,
    subject: Option<Json<Subject>>,
    posts: Json<Vec<Teaser>>,
}

/// The `page`th page (from 1) of a public list.
pub async fn list(
    tx: &mut TenantTx,
    which: Which<'_>,
    page: i64,
    now: Timestamp,
) -> Result<PublicList> {
    read(tx, which, Some(page.max(1)), now).await
}

/// What a feed carries: the newest posts with their whole text, as many as the settings say.
pub async fn feed(tx: &mut TenantTx, which: Which<'_>, now: Timestamp) -> Result<PublicList> {
    read(tx, which, None, now).await
}

async fn read(
    tx: &mut TenantTx,
    which: Which<'_>,
    page: Option<i64>,
    now: Timestamp,
) -> Result<PublicList> {
    let tenant = tx.tenant();
    let (kind, slug) = which.parts();
    let defaults = Settings::default();
    let row = sqlx::query_as!(
        ListRow,
        r#"with settings as (
             select s.* from blog_settings s where s.tenant_id = $1
           ), size as (
             select case when $5::bigint is null then coalesce((select feed_items from settings), $7::integer)
                         else coalesce((select posts_per_page from settings), $6::integer) end::bigint as rows
           ), subject as (
             select t.id, t.slug, t.name, t.description, '' as website
             from blog_slugs s join blog_tags t on t.tenant_id = s.tenant_id and t.id = s.entity_id
             where s.tenant_id = $1 and t.tenant_id = $1 and $2 = 'tag' and s.kind = $2 and s.slug = $3 and t.deleted_at is null
             union all
             select a.id, a.slug, a.display_name, a.bio, a.website
             from blog_slugs s join blog_authors a on a.tenant_id = s.tenant_id and a.id = s.entity_id
             where s.tenant_id = $1 and a.tenant_id = $1 and $2 = 'author' and s.kind = $2 and s.slug = $3
           ), posts as (
             select p.id, p.slug, v.title, coalesce(v.excerpt, v.summary) as excerpt,
                    case when $5::bigint is null then v.html else '' end as html,
                    p.published_at, greatest(p.updated_content_at, p.published_at) as updated_at, p.featured, v.reading_minutes,
                    (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
                     from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                     where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.deleted_at is null) as tags,
                    (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name) order by pa.position), '[]')
                     from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                     where pa.tenant_id = $1 and pa.post_id = p.id and a.tenant_id = $1) as authors
             from blog_posts p
             join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
             where p.tenant_id = $1 and v.tenant_id = $1 and p.live_no is not null and p.live_at <= $4
               and ($2 = 'all'
                    or $2 = 'tag' and exists (select from blog_post_tags pt, subject
                                              where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = subject.id)
                    or $2 = 'author' and exists (select from blog_post_authors pa, subject
                                                 where pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = subject.id))
             order by p.published_at desc, p.id desc
             limit (select rows + 1 from size) offset (select rows * (coalesce($5::bigint, 1) - 1) from size)
           )
           select (select to_jsonb(settings) from settings) as "settings: Json<Settings>",
                  (select to_jsonb(subject) from subject) as "subject: Json<Subject>",
                  (select coalesce(jsonb_agg(to_jsonb(posts) order by posts.published_at desc, posts.id desc), '[]') from posts)
                    as "posts!: Json<Vec<Teaser>>""#,
        tenant as _,
        kind,
        slug,
        now as _,
        page,
        defaults.posts_per_page,
        defaults.feed_items,
    )
    .fetch_one(tx.conn())
    .await?;
    let settings = row.settings.map_or(defaults, |Json(settings)| settings);
    let size = if page.is_some() {
        settings.posts_per_page
    } else {
        settings.feed_items
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let Json(mut posts) = row.posts;
    let more = posts.len() > size;
    posts.truncate(size);
    Ok(PublicList {
        settings,
        subject: row.subject.map(|Json(subject)| subject),
        posts,
        more,
    })
}

/// A post as visitors read it.
#[derive(Clone, Debug, Deserialize)]
pub struct PublicPost {
    /// Its id, which survives a new slug.
    pub id: PostId,
    /// Its present slug; another than was asked for is where the visitor should go.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Written by hand, or the beginning of its text.
    pub excerpt: String,
    /// For search engines.
    pub seo: Seo,
    /// The text, sanitised.
    pub html: String,
    /// Its headings.
    pub toc: Vec<Heading>,
    /// Words of the text.
    pub word_count: i32,
    /// Minutes to read it.
    pub reading_minutes: i32,
    /// First publication.
    pub published_at: Timestamp,
    /// Last change of the text, never before the publication.
    pub updated_at: Timestamp,
    /// Whether it is featured.
    pub featured: bool,
    /// Its tags.
    pub tags: Vec<TagRef>,
    /// Its authors with what they say of themselves.
    pub authors: Vec<PublicAuthor>,
    /// The post published after it.
    pub newer: Option<Neighbour>,
    /// The post published before it.
    pub older: Option<Neighbour>,
}

/// An author below a post.
#[derive(Clone, Debug, Deserialize)]
pub struct PublicAuthor {
    /// Their slug.
    pub slug: String,
    /// Their name.
    pub name: String,
    /// A few words about them.
    pub bio: String,
    /// Their own website; empty: none.
    pub website: String,
}

/// A post next to another.
#[derive(Clone, Debug, Deserialize)]
pub struct Neighbour {
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
}

/// A post's page.
#[derive(Clone, Debug)]
pub struct PostPage {
    /// The blog's settings.
    pub settings: Settings,
    /// The post.
    pub post: PublicPost,
}

struct PageRow {
    settings: Option<Json<Settings>>,
    post: Json<PublicPost>,
}

/// A visible post by a slug that it has or had.
pub async fn by_slug(tx: &mut TenantTx, slug: &str, now: Timestamp) -> Result<Option<PostPage>> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        PageRow,
        r#"select (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                  jsonb_build_object(
                    'id', p.id, 'slug', p.slug, 'title', v.title, 'excerpt', coalesce(v.excerpt, v.summary), 'seo', v.seo,
                    'html', v.html, 'toc', v.toc, 'word_count', v.word_count, 'reading_minutes', v.reading_minutes,
                    'published_at', p.published_at, 'updated_at', greatest(p.updated_content_at, p.published_at),
                    'featured', p.featured,
                    'tags', (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
                             from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                             where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.deleted_at is null),
                    'authors', (select coalesce(jsonb_agg(jsonb_build_object('slug', a.slug, 'name', a.display_name, 'bio', a.bio,
                                                                             'website', a.website) order by pa.position), '[]')
                                from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                                where pa.tenant_id = $1 and pa.post_id = p.id and a.tenant_id = $1),
                    'newer', (select jsonb_build_object('slug', n.slug, 'title', nv.title)
                              from blog_posts n
                              join blog_post_versions nv on nv.tenant_id = n.tenant_id and nv.post_id = n.id and nv.no = n.live_no
                              where n.tenant_id = $1 and nv.tenant_id = $1 and n.live_no is not null and n.live_at <= $3
                                and (n.published_at, n.id) > (p.published_at, p.id)
                              order by n.published_at, n.id limit 1),
                    'older', (select jsonb_build_object('slug', o.slug, 'title', ov.title)
                              from blog_posts o
                              join blog_post_versions ov on ov.tenant_id = o.tenant_id and ov.post_id = o.id and ov.no = o.live_no
                              where o.tenant_id = $1 and ov.tenant_id = $1 and o.live_no is not null and o.live_at <= $3
                                and (o.published_at, o.id) < (p.published_at, p.id)
                              order by o.published_at desc, o.id desc limit 1)
                  ) as "post!: Json<PublicPost>"
           from blog_slugs s
           join blog_posts p on p.tenant_id = s.tenant_id and p.id = s.entity_id
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
           where s.tenant_id = $1 and p.tenant_id = $1 and v.tenant_id = $1
             and s.kind = 'post' and s.slug = $2 and p.live_at <= $3"#,
        tenant as _,
        slug,
        now as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| PostPage {
        settings: row
            .settings
            .map_or_else(Settings::default, |Json(settings)| settings),
        post: row.post.0,
    }))
}

/// A page of the blog for search engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitemapRow {
    /// `post`, `tag` or `author`.
    pub kind: String,
    /// Its slug.
    pub slug: String,
    /// Last change of what it shows.
    pub modified: Timestamp,
}

/// Every page that search engines should know: visible posts that do not ask to be left out, and the
/// tags and authors that have visible posts. At most 45,000, newest first.
pub async fn sitemap(tx: &mut TenantTx, now: Timestamp) -> Result<Vec<SitemapRow>> {
    let tenant = tx.tenant();
    let rows = sqlx::query_as!(
        SitemapRow,
        r#"with live as (
             select p.id, p.slug, greatest(p.updated_content_at, p.published_at) as modified, (v.seo ->> 'noindex')::boolean as noindex
             from blog_posts p
             join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
             where p.tenant_id = $1 and v.tenant_id = $1 and p.live_no is not null and p.live_at <= $2
           )
           select 'post' as "kind!", slug as "slug!", modified as "modified!: Timestamp" from live where noindex is not true
           union all
           select 'tag', t.slug, max(live.modified)
           from live join blog_post_tags pt on pt.tenant_id = $1 and pt.post_id = live.id
           join blog_tags t on t.tenant_id = $1 and t.id = pt.tag_id
           where t.deleted_at is null group by t.slug
           union all
           select 'author', a.slug, max(live.modified)
           from live join blog_post_authors pa on pa.tenant_id = $1 and pa.post_id = live.id
           join blog_authors a on a.tenant_id = $1 and a.id = pa.author_id
           group by a.slug
           order by 3 desc, 2 limit 45000"#,
        tenant as _,
        now as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Whether visitors find anything.
pub async fn any(tx: &mut TenantTx, now: Timestamp) -> Result<bool> {
    let tenant = tx.tenant();
    let found = sqlx::query_scalar!(
        r#"select exists (select from blog_posts where tenant_id = $1 and live_no is not null and live_at <= $2) as "found!""#,
        tenant as _,
        now as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(found)
}
