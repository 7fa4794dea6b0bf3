//! Statements that read what everybody finds at `now`, as programs get it. A key that may read content belongs to a
//! front end, whose readers are visitors: what is for members stays away from it.

use kernel::{Cursor, PageRequest, Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;
use uuid::Uuid;

use super::body::{ContentAuthorRef, ContentTagRef};
use super::{Order, Part, Wanted};
use crate::content::Heading;
use crate::content::filter::Filter;
use crate::posts::Seo;
use crate::public::Audience;
use crate::search;

/// Which live posts are wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    /// Slug of a tag, present or former.
    pub tag: Option<String>,
    /// Slug of an author, present or former.
    pub author: Option<String>,
    /// Only featured ones, or only others.
    pub featured: Option<bool>,
    /// Only those that a query for words finds.
    pub words: Option<String>,
    /// Only those for which this holds.
    pub filter: Option<Filter>,
}

/// A live post.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub id: Uuid,
    pub slug: String,
    pub title: String,
    pub excerpt: String,
    pub featured: bool,
    pub word_count: i32,
    pub reading_minutes: i32,
    pub published_at: Timestamp,
    pub modified_at: Timestamp,
    pub seo: Json<Seo>,
    pub html: Option<String>,
    pub plaintext: Option<String>,
    pub markdown: Option<String>,
    pub toc: Option<Json<Vec<Heading>>>,
    pub tags: Option<Json<Vec<ContentTagRef>>>,
    pub authors: Option<Json<Vec<ContentAuthorRef>>>,
    pub comment_count: Option<i64>,
    /// How many posts fit, whichever part this is.
    pub total: i64,
}

impl Post {
    /// Where a list in that order goes on after this post.
    pub(super) fn cursor(&self, order: Order) -> Cursor {
        let at = match order {
            Order::LastChanged | Order::FirstChanged => self.modified_at,
            _ => self.published_at,
        };
        Cursor { at, id: self.id }
    }
}

/// The statement of a post once, with what differs between one and many.
macro_rules! posts {
    ($tx:ident, $now:ident, $wanted:ident, $audience:expr, [$($total:tt)*], [$($rest:tt)*] $(, $value:expr)*) => {
        sqlx::query_as!(
            Post,
            r#"select p.id as "id: Uuid", p.slug, v.title, coalesce(v.excerpt, v.summary) as "excerpt!", p.featured, v.word_count,
                      v.reading_minutes, p.published_at as "published_at!",
                      greatest(p.updated_content_at, p.live_at, p.published_at) as "modified_at!", v.seo as "seo: Json<Seo>",
                      case when $3 then v.html end as html, case when $4 then v.plaintext end as plaintext,
                      case when $5 then v.content end as markdown, case when $6 then v.toc end as "toc: Json<Vec<Heading>>",
                      case when $7 then
                        (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
                         from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                         where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null)
                      end as "tags: Json<Vec<ContentTagRef>>",
                      case when $8 then
                        (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name) order by pa.position), '[]')
                         from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                         where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id)
                      end as "authors: Json<Vec<ContentAuthorRef>>",
                      case when $9 then
                        (select count(*) from blog_comments k where k.tenant_id = $1 and k.post_id = p.id and k.status = 'approved')
                      end as comment_count, "#
                + $($total)*
                + r#" as "total!"
               from blog_posts p
               join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
               where p.tenant_id = $1 and v.tenant_id = $1 and blog_shown(p, $10, $2) "#
                + $($rest)*,
            $tx.tenant() as _,
            $now as _,
            $wanted.html,
            $wanted.plaintext,
            $wanted.markdown,
            $wanted.toc,
            $wanted.tags,
            $wanted.authors,
            $wanted.comment_count,
            $audience as _,
            $($value),*
        )
    };
}

/// One part of the live posts. A part without any tells no total.
pub(super) async fn posts(
    tx: &mut TenantTx,
    choice: &Choice,
    order: Order,
    wanted: Wanted,
    part: Part,
    now: Timestamp,
) -> Result<Vec<Post>> {
    /// The statement once, with what differs between orders. Which posts are chosen is said once for those that are
    /// listed and for those that are counted.
    macro_rules! listing {
        ($tail:tt) => {
            listing!(
                $tail,
                "and ($11::boolean is null or p.featured = $11)
                 and ($12::text is null or exists (
                       select from blog_slugs s join blog_post_tags pt on pt.tenant_id = s.tenant_id and pt.tag_id = s.entity_id
                       join blog_tags t on t.tenant_id = s.tenant_id and t.id = s.entity_id
                       where s.tenant_id = $1 and pt.tenant_id = $1 and t.tenant_id = $1 and s.kind = 'tag' and s.slug = $12
                         and t.deleted_at is null and pt.post_id = p.id))
                 and ($13::text is null or exists (
                       select from blog_slugs s join blog_post_authors pa on pa.tenant_id = s.tenant_id and pa.author_id = s.entity_id
                       where s.tenant_id = $1 and pa.tenant_id = $1 and s.kind = 'author' and s.slug = $13 and pa.post_id = p.id))
                 and ($14::text is null or (p.id, p.live_no) in (select f.post_id, f.no from blog_search($1, $14, $15) f))
                 and ($16::text is null or jsonb_build_object(
                       'id', p.id, 'slug', p.slug, 'featured', p.featured,
                       'title', (select l.title from blog_post_versions l where l.tenant_id = $1 and l.post_id = p.id and l.no = p.live_no),
                       'published_at', (extract(epoch from p.published_at) * 1000000)::bigint,
                       'updated_at', (extract(epoch from greatest(p.updated_content_at, p.live_at, p.published_at)) * 1000000)::bigint,
                       'tags', case when 'tags' = any($17::text[]) then
                         coalesce((select jsonb_agg((select jsonb_agg(s.slug) from blog_slugs s where s.tenant_id = $1 and s.entity_id = t.id) order by pt.position)
                          from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                          where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null), '[]') end,
                       'authors', case when 'authors' = any($17::text[]) then
                         coalesce((select jsonb_agg((select jsonb_agg(s.slug) from blog_slugs s where s.tenant_id = $1 and s.entity_id = pa.author_id)
                                           order by pa.position)
                          from blog_post_authors pa where pa.tenant_id = $1 and pa.post_id = p.id), '[]') end,
                       'series', case when 'series' = any($17::text[]) then
                         coalesce((select jsonb_agg((select jsonb_agg(s.slug) from blog_slugs s where s.tenant_id = $1 and s.entity_id = r.id))
                          from blog_series_posts rp join blog_series r on r.tenant_id = rp.tenant_id and r.id = rp.series_id
                          where rp.tenant_id = $1 and r.tenant_id = $1 and rp.post_id = p.id and r.deleted_at is null), '[]') end
                     ) @@ $16::text::jsonpath) "
            )
        };
        ($tail:tt, $chosen:tt) => {
            posts!(
                tx,
                now,
                wanted,
                Audience::EVERYBODY.lists(),
                ["(select count(*) from blog_posts p where p.tenant_id = $1 and blog_shown(p, $10, $2) " + $chosen + ")"],
                [$chosen + $tail],
                choice.featured,
                choice.tag.as_deref(),
                choice.author.as_deref(),
                choice.words,
                search::MOST_LISTED,
                choice.filter.as_ref().map(|filter| filter.path.as_str()),
                choice.filter.as_ref().map_or(&[][..], |filter| &filter.facts),
                part.after().map(|cursor| cursor.at) as _,
                part.after().map(|cursor| cursor.id),
                part.request.fetch(),
                part.skipped()
            )
            .fetch_all(tx.conn())
            .await?
        };
    }
    let found = match order {
        Order::Newest => listing!(
            "and ($18::timestamptz is null or (p.published_at, p.id) < ($18, $19::uuid))
             order by p.published_at desc, p.id desc limit $20 offset $21"
        ),
        Order::Oldest => listing!(
            "and ($18::timestamptz is null or (p.published_at, p.id) > ($18, $19::uuid))
             order by p.published_at, p.id limit $20 offset $21"
        ),
        Order::LastChanged => listing!(
            "and ($18::timestamptz is null or (greatest(p.updated_content_at, p.live_at, p.published_at), p.id) < ($18, $19::uuid))
             order by greatest(p.updated_content_at, p.live_at, p.published_at) desc, p.id desc limit $20 offset $21"
        ),
        Order::FirstChanged => listing!(
            "and ($18::timestamptz is null or (greatest(p.updated_content_at, p.live_at, p.published_at), p.id) > ($18, $19::uuid))
             order by greatest(p.updated_content_at, p.live_at, p.published_at), p.id limit $20 offset $21"
        ),
        // The cursor names the last post, whose title is looked up: titles do not fit into cursors.
        Order::Title => listing!(
            "and ($18::timestamptz is null or (lower(v.title), p.id) >
                  (select lower(l.title), l.post_id from blog_posts c
                   join blog_post_versions l on l.tenant_id = c.tenant_id and l.post_id = c.id and l.no = coalesce(c.live_no, c.draft_no)
                   where c.tenant_id = $1 and l.tenant_id = $1 and c.id = $19::uuid))
             order by lower(v.title), p.id limit $20 offset $21"
        ),
        Order::TitleBackwards => listing!(
            "and ($18::timestamptz is null or (lower(v.title), p.id) <
                  (select lower(l.title), l.post_id from blog_posts c
                   join blog_post_versions l on l.tenant_id = c.tenant_id and l.post_id = c.id and l.no = coalesce(c.live_no, c.draft_no)
                   where c.tenant_id = $1 and l.tenant_id = $1 and c.id = $19::uuid))
             order by lower(v.title) desc, p.id desc limit $20 offset $21"
        ),
    };
    Ok(found)
}

/// A live post.
pub(super) async fn post(
    tx: &mut TenantTx,
    id: Uuid,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Option<Post>> {
    let found = posts!(
        tx,
        now,
        wanted,
        Audience::EVERYBODY.opens(),
        ["1::bigint"],
        ["and p.id = $11"],
        id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// The live post of a slug, which may be a former one.
pub(super) async fn post_of_slug(
    tx: &mut TenantTx,
    slug: &str,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Option<Post>> {
    let found = posts!(
        tx,
        now,
        wanted,
        Audience::EVERYBODY.opens(),
        ["1::bigint"],
        ["and p.id = (select s.entity_id from blog_slugs s where s.tenant_id = $1 and s.kind = 'post' and s.slug = $11)"],
        slug
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// A tag or an author with their live posts counted.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    /// Description of a tag, or what an author says about themselves.
    pub about: String,
    /// An author's own website; empty without.
    pub website: String,
    pub posts: i64,
    pub created_at: Timestamp,
}

impl Named {
    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            at: self.created_at,
            id: self.id,
        }
    }
}

/// The statement of a tag or an author once.
macro_rules! named {
    ($tx:ident, $now:ident, [$($text:tt)*] $(, $value:expr)*) => {
        sqlx::query_as!(
            Named,
            $($text)*,
            $tx.tenant() as _,
            $now as _,
            Audience::EVERYBODY.lists() as _,
            $($value),*
        )
    };
}

macro_rules! tags {
    ($tx:ident, $now:ident, $rest:tt $(, $value:expr)*) => {
        named!(
            $tx,
            $now,
            [r#"select t.id as "id: Uuid", t.slug, t.name, t.description as about, '' as "website!", n.posts as "posts!", t.created_at
               from blog_tags t
               cross join lateral (
                 select count(*) as posts
                 from blog_post_tags pt join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
                 where pt.tenant_id = $1 and p.tenant_id = $1 and pt.tag_id = t.id and blog_shown(p, $3, $2)
               ) n
               where t.tenant_id = $1 and t.deleted_at is null and n.posts > 0 "# + $rest]
            $(, $value)*
        )
    };
}

macro_rules! authors {
    ($tx:ident, $now:ident, $rest:tt $(, $value:expr)*) => {
        named!(
            $tx,
            $now,
            [r#"select a.id as "id: Uuid", a.slug, a.display_name as name, a.bio as about, a.website, n.posts as "posts!", a.created_at
               from blog_authors a
               cross join lateral (
                 select count(*) as posts
                 from blog_post_authors pa join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
                 where pa.tenant_id = $1 and p.tenant_id = $1 and pa.author_id = a.id and blog_shown(p, $3, $2)
               ) n
               where a.tenant_id = $1 and n.posts > 0 "# + $rest]
            $(, $value)*
        )
    };
}

/// One part of the tags that live posts have.
pub(super) async fn tags(
    tx: &mut TenantTx,
    page: PageRequest,
    now: Timestamp,
) -> Result<Vec<Named>> {
    let found = tags!(
        tx,
        now,
        "and ($4::timestamptz is null or (t.created_at, t.id) > ($4, $5::uuid)) order by t.created_at, t.id limit $6",
        page.after.map(|cursor| cursor.at) as _,
        page.after.map(|cursor| cursor.id),
        page.fetch()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}

/// The tag of a slug, which may be a former one, if live posts have it.
pub(super) async fn tag_of_slug(
    tx: &mut TenantTx,
    slug: &str,
    now: Timestamp,
) -> Result<Option<Named>> {
    let found = tags!(
        tx,
        now,
        "and t.id = (select s.entity_id from blog_slugs s where s.tenant_id = $1 and s.kind = 'tag' and s.slug = $4)",
        slug
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}

/// One part of those who wrote live posts.
pub(super) async fn authors(
    tx: &mut TenantTx,
    page: PageRequest,
    now: Timestamp,
) -> Result<Vec<Named>> {
    let found = authors!(
        tx,
        now,
        "and ($4::timestamptz is null or (a.created_at, a.id) > ($4, $5::uuid)) order by a.created_at, a.id limit $6",
        page.after.map(|cursor| cursor.at) as _,
        page.after.map(|cursor| cursor.id),
        page.fetch()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found)
}

/// The author of a slug, which may be a former one, if they wrote live posts.
pub(super) async fn author_of_slug(
    tx: &mut TenantTx,
    slug: &str,
    now: Timestamp,
) -> Result<Option<Named>> {
    let found = authors!(
        tx,
        now,
        "and a.id = (select s.entity_id from blog_slugs s where s.tenant_id = $1 and s.kind = 'author' and s.slug = $4)",
        slug
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found)
}
