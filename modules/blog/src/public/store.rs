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
use crate::images::Feature;
use crate::posts::{Seo, Visibility};
use crate::settings::Settings;

/// Something with a page of its own, as links name it: a tag, an author, a neighbouring post.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Linked {
    pub slug: String,
    pub name: String,
}

/// What a list is about, when that is not the whole blog: a tag, an author or a series.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Subject {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    /// Description of a tag or series, or what an author says about themselves.
    pub about: String,
    /// An author's own website; empty without.
    pub website: String,
}

/// A post in a list or feed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub id: Uuid,
    pub slug: String,
    pub title: String,
    pub excerpt: String,
    /// Of a feed that carries whole posts; else empty.
    pub html: String,
    pub reading_minutes: i32,
    pub published_at: Timestamp,
    /// Last change of what visitors read.
    pub modified_at: Timestamp,
    pub tags: Vec<Linked>,
    pub authors: Vec<Linked>,
    /// Public comments.
    pub comments: i64,
    pub feature: Option<Feature>,
}

/// A page of a list, or a feed.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub settings: Option<Json<Settings>>,
    /// Last change of anything that lists may show.
    pub changed_at: Option<Timestamp>,
    pub subject: Option<Json<Subject>>,
    /// On a page, one more than it holds when there are older ones.
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

/// A statement of a page: the settings, the last change of anything that pages show, and what this one adds. `$1` is the
/// tenant, `$2` now.
macro_rules! reading {
    ($row:ident, $tx:ident, $now:ident, [$($with:tt)*], [$($rest:tt)*], [$($bind:tt)*]) => {
        sqlx::query_as!(
            $row,
            $($with)* r#" select (select to_jsonb(s) from blog_settings s where s.tenant_id = $1) as "settings: Json<Settings>",
                    greatest(
                      (select max(c.updated_at) from blog_posts c where c.tenant_id = $1 and c.deleted_at is null),
                      (select max(c.deleted_at) from blog_posts c where c.tenant_id = $1 and c.deleted_at is not null),
                      (select max(c.live_at) from blog_posts c where c.tenant_id = $1 and c.status = 'scheduled' and c.live_at <= $2),
                      (select max(c.ends_at) from blog_posts c where c.tenant_id = $1 and c.ends_at <= $2),
                      (select max(c.updated_at) from blog_tags c where c.tenant_id = $1),
                      (select max(c.updated_at) from blog_authors c where c.tenant_id = $1),
                      (select max(c.updated_at) from blog_series c where c.tenant_id = $1),
                      (select c.updated_at from blog_settings c where c.tenant_id = $1)
                    ) as changed_at, "# + $($rest)*,
            $tx.tenant() as _,
            $now as _,
            $($bind)*
        )
    };
}

/// The statement of a list once. `$3` are the visibilities that its reader sees, `$4` is the slug of what it is about.
macro_rules! list {
    ($about:tt, $picked:tt, $html:tt, $newer:tt, $tx:ident, $now:ident, $audience:expr, $slug:expr, [$($bind:tt)*]) => {
        reading!(
            List, $tx, $now,
            ["with scope as (" + $about + ")" +],
            [r#"scope.subject as "subject: Json<Subject>",
                coalesce((
                  select jsonb_agg(to_jsonb(listed) order by listed.place)
                  from (
                    select picked.place, p.id, p.slug, v.title, coalesce(v.excerpt, v.summary) as excerpt, v.reading_minutes,
                           p.published_at, greatest(p.updated_content_at, p.live_at, p.published_at) as modified_at,
                           (select coalesce(jsonb_agg(jsonb_build_object('slug', t.slug, 'name', t.name) order by pt.position), '[]')
                            from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                            where pt.tenant_id = $1 and t.tenant_id = $1 and pt.post_id = p.id and t.deleted_at is null) as tags,
                           (select coalesce(jsonb_agg(jsonb_build_object('slug', a.slug, 'name', a.display_name) order by pa.position), '[]')
                            from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                            where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id) as authors,
                           (select count(*) from blog_comments k
                            where k.tenant_id = $1 and k.post_id = p.id and k.status = 'approved') as comments,
                           (select jsonb_build_object('file', f.file_id, 'alt', f.alt_text)
                            from blog_post_features f where f.tenant_id = $1 and f.post_id = p.id) as feature, "#
             + $html + " as html from (" + $picked
             + r#") picked
                    join blog_posts p on p.id = picked.id
                    join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
                    where p.tenant_id = $1 and v.tenant_id = $1
                  ) listed
                ), '[]') as "posts!: Json<Vec<Listed>>", "#
             + $newer + r#" as "newer: Json<Place>" from scope"#],
            [$audience.lists() as _, $slug as _, $($bind)*]
        )
    };
}

/// A list of what a slug names, be it a former one. There is none when no live post is in it: what drafts are about is
/// not for visitors.
macro_rules! about {
    (blog, $then:ident, $($rest:tt)*) => {
        $then!(
            "select null::uuid as tag_id, null::uuid as author_id, null::uuid as series_id, null::jsonb as subject
             where $4::text is null",
            $($rest)*
        )
    };
    (tag, $then:ident, $($rest:tt)*) => {
        $then!(
            "select t.id as tag_id, null::uuid as author_id, null::uuid as series_id,
                    jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'about', t.description, 'website', '') as subject
             from blog_slugs s
             join blog_tags t on t.tenant_id = s.tenant_id and t.id = s.entity_id
             where s.tenant_id = $1 and t.tenant_id = $1 and s.kind = 'tag' and s.slug = $4 and t.deleted_at is null
               and exists (select from blog_post_tags pt join blog_posts p on p.tenant_id = pt.tenant_id and p.id = pt.post_id
                           where pt.tenant_id = $1 and p.tenant_id = $1 and pt.tag_id = t.id and blog_shown(p, $3, $2))",
            $($rest)*
        )
    };
    (author, $then:ident, $($rest:tt)*) => {
        $then!(
            "select null::uuid as tag_id, a.id as author_id, null::uuid as series_id,
                    jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name, 'about', a.bio, 'website', a.website) as subject
             from blog_slugs s
             join blog_authors a on a.tenant_id = s.tenant_id and a.id = s.entity_id
             where s.tenant_id = $1 and a.tenant_id = $1 and s.kind = 'author' and s.slug = $4
               and exists (select from blog_post_authors pa join blog_posts p on p.tenant_id = pa.tenant_id and p.id = pa.post_id
                           where pa.tenant_id = $1 and p.tenant_id = $1 and pa.author_id = a.id and blog_shown(p, $3, $2))",
            $($rest)*
        )
    };
    (series, $then:ident, $($rest:tt)*) => {
        $then!(
            "select null::uuid as tag_id, null::uuid as author_id, r.id as series_id, r.order_mode,
                    jsonb_build_object('id', r.id, 'slug', r.slug, 'name', r.title, 'about', r.description, 'website', '') as subject
             from blog_slugs s
             join blog_series r on r.tenant_id = s.tenant_id and r.id = s.entity_id
             where s.tenant_id = $1 and r.tenant_id = $1 and s.kind = 'series' and s.slug = $4 and r.deleted_at is null
               and exists (select from blog_series_posts rp join blog_posts p on p.tenant_id = rp.tenant_id and p.id = rp.post_id
                           where rp.tenant_id = $1 and p.tenant_id = $1 and rp.series_id = r.id and blog_shown(p, $3, $2))",
            $($rest)*
        )
    };
}

/// A page of a list, from the newest post or from a cursor on: `$5` and `$6`. `$7` is the default of its length.
macro_rules! page {
    ($about:tt, $tx:ident, $now:ident, $audience:ident, $slug:expr, $after:ident) => {
        list!(
            $about,
            "select p.id, row_number() over (order by p.published_at desc, p.id desc) as place
             from blog_posts p
             where p.tenant_id = $1 and blog_shown(p, $3, $2)
               and (p.published_at, p.id) < (coalesce($5::timestamptz, 'infinity'), $6::uuid)
               and (scope.tag_id is null or exists (
                      select from blog_post_tags pt where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = scope.tag_id))
               and (scope.author_id is null or exists (
                      select from blog_post_authors pa where pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = scope.author_id))
             order by p.published_at desc, p.id desc
             limit (select coalesce(max(s.posts_per_page), $7) + 1 from blog_settings s where s.tenant_id = $1)",
            "''",
            "(select jsonb_build_object('at', p.published_at, 'id', p.id)
              from blog_posts p
              where p.tenant_id = $1 and blog_shown(p, $3, $2)
                and (p.published_at, p.id) >= ($5::timestamptz, $6::uuid)
                and (scope.tag_id is null or exists (
                       select from blog_post_tags pt where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = scope.tag_id))
                and (scope.author_id is null or exists (
                       select from blog_post_authors pa where pa.tenant_id = $1 and pa.post_id = p.id and pa.author_id = scope.author_id))
              order by p.published_at, p.id
              offset (select coalesce(max(s.posts_per_page), $7) from blog_settings s where s.tenant_id = $1) limit 1)",
            $tx, $now, $audience, $slug,
            [
                $after.map(|cursor: Cursor| cursor.at) as _,
                $after.map(|cursor: Cursor| cursor.id),
                Settings::default().posts_per_page
            ]
        )
    };
}

/// The newest posts with their text; `$5` is the default of how many.
macro_rules! feed {
    ($about:tt, $tx:ident, $now:ident, $slug:expr) => {
        list!(
            $about,
            "select p.id, row_number() over (order by p.published_at desc, p.id desc) as place
             from blog_posts p
             where p.tenant_id = $1 and blog_shown(p, $3, $2)
               and (scope.tag_id is null or exists (
                      select from blog_post_tags pt where pt.tenant_id = $1 and pt.post_id = p.id and pt.tag_id = scope.tag_id))
               and (scope.series_id is null or exists (
                      select from blog_series_posts rp where rp.tenant_id = $1 and rp.post_id = p.id and rp.series_id = scope.series_id))
             order by p.published_at desc, p.id desc
             limit (select coalesce(max(s.feed_items), $5) from blog_settings s where s.tenant_id = $1)",
            "case when exists (select from blog_settings s where s.tenant_id = $1 and s.feed_content = 'excerpt') then '' else v.html end",
            "null::jsonb",
            $tx, $now, Audience::EVERYBODY, $slug,
            [Settings::default().feed_items]
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
    let list = about!(blog, page, tx, now, audience, None::<&str>, after)
        .fetch_one(tx.conn())
        .await?;
    Ok(list)
}

/// As [`list()`] for the posts of a tag.
pub(super) async fn list_of_tag(
    tx: &mut TenantTx,
    slug: &str,
    after: Option<Cursor>,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<List>> {
    let list = about!(tag, page, tx, now, audience, slug, after)
        .fetch_optional(tx.conn())
        .await?;
    Ok(list)
}

/// As [`list()`] for the posts of an author.
pub(super) async fn list_of_author(
    tx: &mut TenantTx,
    slug: &str,
    after: Option<Cursor>,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<List>> {
    let list = about!(author, page, tx, now, audience, slug, after)
        .fetch_optional(tx.conn())
        .await?;
    Ok(list)
}

/// All posts of a series in its order.
pub(super) async fn series(
    tx: &mut TenantTx,
    slug: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<List>> {
    let list = about!(
        series,
        list,
        "select p.id, row_number() over (order by case when scope.order_mode = 'date' then p.published_at end, rp.position) as place
         from blog_series_posts rp
         join blog_posts p on p.tenant_id = rp.tenant_id and p.id = rp.post_id
         where rp.tenant_id = $1 and p.tenant_id = $1 and rp.series_id = scope.series_id and blog_shown(p, $3, $2)",
        "''",
        "null::jsonb",
        tx,
        now,
        audience,
        slug,
        []
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(list)
}

/// What a feed is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum FeedOf<'a> {
    /// Everything.
    Blog,
    /// The tag of a slug.
    Tag(&'a str),
    /// The series of a slug.
    Series(&'a str),
}

/// The newest posts with their text.
pub(super) async fn feed(
    tx: &mut TenantTx,
    of: FeedOf<'_>,
    now: Timestamp,
) -> Result<Option<List>> {
    let feed = match of {
        FeedOf::Blog => {
            about!(blog, feed, tx, now, None::<&str>)
                .fetch_optional(tx.conn())
                .await?
        }
        FeedOf::Tag(slug) => {
            about!(tag, feed, tx, now, slug)
                .fetch_optional(tx.conn())
                .await?
        }
        FeedOf::Series(slug) => {
            about!(series, feed, tx, now, slug)
                .fetch_optional(tx.conn())
                .await?
        }
    };
    Ok(feed)
}

/// Who wrote a post, as its page tells.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Byline {
    pub slug: String,
    pub name: String,
    pub about: String,
}

/// The place of a post in a series, as its page tells.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct InSeries {
    pub slug: String,
    pub name: String,
    /// Which part it is, from 1, and of how many.
    pub part: i64,
    pub parts: i64,
    pub previous: Option<Linked>,
    pub next: Option<Linked>,
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
    pub series: Json<Vec<InSeries>>,
    pub feature: Option<Json<Feature>>,
    pub newer: Option<Json<Linked>>,
    pub older: Option<Json<Linked>>,
    /// Public comments.
    pub comments: i64,
    /// Whether it takes comments, whatever the blog says.
    pub comments_enabled: Option<bool>,
}

/// The live post of a slug, which may be a former one.
pub(super) async fn post(
    tx: &mut TenantTx,
    slug: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Option<Post>> {
    let post = reading!(
        Post,
        tx,
        now,
        [],
        [r#"p.id as "id: Uuid", p.slug, p.visibility as "visibility: Visibility", v.title, v.excerpt, v.summary, v.seo as "seo: Json<Seo>", v.html, v.word_count,
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
                  (select coalesce(jsonb_agg(jsonb_build_object('slug', r.slug, 'name', r.title, 'part', m.part, 'parts', m.parts,
                                                                'previous', m.previous, 'next', m.next) order by r.title, r.id), '[]')
                   from (
                     select rp.series_id, rp.post_id, row_number() over ordered as part, count(*) over (partition by rp.series_id) as parts,
                            lag(jsonb_build_object('slug', mp.slug, 'name', mv.title)) over ordered as previous,
                            lead(jsonb_build_object('slug', mp.slug, 'name', mv.title)) over ordered as next
                     from blog_series_posts own
                     join blog_series mr on mr.tenant_id = own.tenant_id and mr.id = own.series_id
                     join blog_series_posts rp on rp.tenant_id = own.tenant_id and rp.series_id = own.series_id
                     join blog_posts mp on mp.tenant_id = rp.tenant_id and mp.id = rp.post_id
                     join blog_post_versions mv on mv.tenant_id = mp.tenant_id and mv.post_id = mp.id and mv.no = mp.live_no
                     where own.tenant_id = $1 and mr.tenant_id = $1 and rp.tenant_id = $1 and mp.tenant_id = $1 and mv.tenant_id = $1
                       and own.post_id = p.id and mr.deleted_at is null and (blog_shown(mp, $4, $2) or mp.id = p.id)
                     window ordered as (partition by rp.series_id
                                        order by case when mr.order_mode = 'date' then mp.published_at end, rp.position)
                   ) m
                   join blog_series r on r.id = m.series_id
                   where r.tenant_id = $1 and m.post_id = p.id) as "series!: Json<Vec<InSeries>>",
                  (select jsonb_build_object('file', f.file_id, 'alt', f.alt_text)
                   from blog_post_features f where f.tenant_id = $1 and f.post_id = p.id) as "feature: Json<Feature>",
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
                   order by o.published_at desc, o.id desc limit 1) as "older: Json<Linked>",
                  (select count(*) from blog_comments c where c.tenant_id = $1 and c.post_id = p.id and c.status = 'approved')
                    as "comments!",
                  p.comments_enabled
           from blog_slugs s
           join blog_posts p on p.tenant_id = s.tenant_id and p.id = s.entity_id
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.live_no
           where s.tenant_id = $1 and p.tenant_id = $1 and v.tenant_id = $1 and s.kind = 'post' and s.slug = $3
             and blog_shown(p, $5, $2)"#],
        [slug, audience.lists() as _, audience.opens() as _]
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
