//! Statements that change posts.

use kernel::{MembershipId, Result, Timestamp};
pub(super) use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::text::Prepared;
use super::versions::Reason;
use super::{Post, PostId, Seo, Status, Visibility};
use crate::authors::{AuthorId, AuthorRef};
use crate::content::RENDERER_VERSION;
use crate::images;
use crate::search;
use crate::tags::{TagId, TagRef};

/// What a new post is made of.
pub(super) struct NewRow<'a> {
    pub id: PostId,
    pub candidates: &'a [String],
    pub slug_custom: bool,
    pub prepared: &'a Prepared,
    /// What it is found by.
    pub document: &'a search::Document<'a>,
    pub featured: bool,
    pub visibility: Visibility,
    pub tags: &'a [TagId],
    /// Empty: the one who writes.
    pub authors: &'a [AuthorId],
    pub by: MembershipId,
    pub by_name: &'a str,
    pub now: Timestamp,
}

/// How an attempt to insert a post went.
pub(super) struct Inserted {
    /// The slug that it got; `None`: nothing was inserted.
    pub slug: Option<String>,
    /// The author's profile of the one who writes, if there is one.
    pub me: Option<AuthorRef>,
}

struct InsertedRow {
    slug: Option<String>,
    me: Option<Json<AuthorRef>>,
}

/// Inserts a post with its slug, first version, what that is found by, authors and tags, all or nothing. Nothing when another
/// was faster with every slug, or when the one who writes has no profile and no other author is named.
pub(super) async fn insert(tx: &mut TenantTx, new: &NewRow<'_>) -> Result<Inserted> {
    let tenant = tx.tenant();
    let text = &new.prepared.text;
    let rendered = &new.prepared.rendered;
    let row = sqlx::query_as!(
        InsertedRow,
        r#"with me as (
             select id, slug, display_name from blog_authors where tenant_id = $1 and membership_id = $8
           ), claimed as (
             insert into blog_slugs (tenant_id, kind, slug, entity_id, current, created_at)
             select $1, 'post', candidate.slug, $2, true, $3
             from unnest($4::text[]) with ordinality as candidate (slug, place)
             where (cardinality($7::uuid[]) > 0 or exists (select from me))
               and not exists (select from blog_slugs taken
                               where taken.tenant_id = $1 and taken.kind = 'post' and taken.slug = candidate.slug and taken.current)
             order by candidate.place limit 1
             on conflict (tenant_id, kind, slug) do update
               set entity_id = excluded.entity_id, current = true, created_at = excluded.created_at
               where not blog_slugs.current
             returning slug
           ), post as (
             insert into blog_posts (tenant_id, id, rev, status, slug, slug_custom, title, draft_no, featured, visibility, created_by, created_at, updated_at)
             select $1, $2, 1, 'draft', claimed.slug, $5, $10, 1, $6, $23, $8, $3, $3 from claimed
           ), version as (
             insert into blog_post_versions (tenant_id, post_id, no, title, content, excerpt, seo, html, plaintext, summary, word_count,
                                             reading_minutes, toc, renderer_version, sha256, reason, author_id, author_name, created_at)
             select $1, $2, 1, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 'save', $8, $22, $3 from claimed
           ), document as (
             insert into blog_search_documents (tenant_id, post_id, no, language, words)
             select $1, $2, 1, $24, blog_search_words($24, $25, $26, $27) from claimed
             returning words
           ), findable as (
             insert into blog_search_index (tenant_id, post_id, no, place, words)
             select $1, $2, 1, blog_search_place($1, $2), strip(document.words) from document
           ), author as (
             insert into blog_post_authors (tenant_id, post_id, author_id, position)
             select $1, $2, named.id, named.place
             from claimed, lateral (
               select id, place from unnest($7::uuid[]) with ordinality as named (id, place)
               union all select id, 1 from me where cardinality($7::uuid[]) = 0
             ) named
           ), tag as (
             insert into blog_post_tags (tenant_id, post_id, tag_id, position)
             select $1, $2, named.id, named.place from claimed, unnest($9::uuid[]) with ordinality as named (id, place)
           )
           select (select slug from claimed) as slug,
                  (select jsonb_build_object('id', id, 'slug', slug, 'name', display_name) from me) as "me: Json<AuthorRef>""#,
        tenant as _,
        new.id as _,
        new.now as _,
        new.candidates,
        new.slug_custom,
        new.featured,
        new.authors as _,
        new.by as _,
        new.tags as _,
        text.title,
        text.content,
        text.excerpt,
        Json(&text.seo) as _,
        rendered.html,
        rendered.plaintext,
        rendered.excerpt,
        rendered.word_count,
        rendered.reading_minutes,
        Json(&rendered.toc) as _,
        RENDERER_VERSION,
        &new.prepared.sha256,
        new.by_name,
        new.visibility as _,
        new.document.language,
        new.document.title,
        new.document.excerpt,
        new.document.text,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Inserted {
        slug: row.slug,
        me: row.me.map(|Json(me)| me),
    })
}

impl Post {
    /// The post that was just inserted, as the database has it: known without asking again.
    pub(super) fn begun(
        row: &NewRow<'_>,
        slug: String,
        tags: Vec<TagRef>,
        authors: Vec<AuthorRef>,
    ) -> Self {
        let Prepared { text, rendered, .. } = row.prepared.clone();
        Self {
            id: row.id,
            rev: 1,
            status: Status::Draft,
            slug,
            slug_custom: row.slug_custom,
            draft_no: 1,
            live_no: None,
            live_at: None,
            schedule_local: None,
            schedule_zone: None,
            visibility: row.visibility,
            ends_at: None,
            ends_local: None,
            ends_zone: None,
            gone: false,
            published_at: None,
            updated_content_at: None,
            featured: row.featured,
            created_by: row.by,
            created_at: row.now,
            updated_at: row.now,
            deleted_at: None,
            title: text.title,
            content: text.content,
            excerpt: text.excerpt,
            seo: Json(text.seo),
            html: rendered.html,
            summary: rendered.excerpt,
            word_count: rendered.word_count,
            reading_minutes: rendered.reading_minutes,
            toc: Json(rendered.toc),
            tags: Json(tags),
            authors: Json(authors),
            feature: None,
        }
    }
}

/// A post as whoever changes it holds it: locked until the transaction ends, with the text of its draft.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "columns of a row, each a fact of its own"
)]
pub(crate) struct Held {
    pub id: PostId,
    pub rev: i64,
    pub status: Status,
    pub slug: String,
    pub slug_custom: bool,
    pub draft_no: i32,
    pub live_no: Option<i32>,
    pub live_at: Option<Timestamp>,
    pub schedule_local: Option<String>,
    pub schedule_zone: Option<String>,
    pub visibility: Visibility,
    pub ends_at: Option<Timestamp>,
    pub ends_local: Option<String>,
    pub ends_zone: Option<String>,
    /// Whether its address says that it is gone for good, once visitors cannot read it.
    pub gone: bool,
    pub published_at: Option<Timestamp>,
    pub updated_content_at: Option<Timestamp>,
    pub featured: bool,
    pub created_by: MembershipId,
    pub deleted_at: Option<Timestamp>,
    pub title: String,
    pub content: String,
    pub excerpt: Option<String>,
    pub seo: Json<Seo>,
    pub draft_sha256: Vec<u8>,
    pub draft_reason: Reason,
    pub draft_author: MembershipId,
    pub draft_at: Timestamp,
    /// Whether the one who asks is among its authors.
    pub mine: bool,
}

/// Takes a post to change it; waits for whoever changes it now.
pub(super) async fn hold(
    tx: &mut TenantTx,
    id: PostId,
    person: Option<MembershipId>,
) -> Result<Option<Held>> {
    let tenant = tx.tenant();
    let held = sqlx::query_as!(
        Held,
        r#"select p.id, p.rev, p.status as "status: Status", p.slug, p.slug_custom, p.draft_no, p.live_no, p.live_at, p.schedule_local,
                  p.schedule_zone, p.visibility as "visibility: Visibility", p.ends_at, p.ends_local, p.ends_zone, p.gone, p.published_at, p.updated_content_at, p.featured, p.created_by, p.deleted_at,
                  v.title, v.content, v.excerpt, v.seo as "seo: Json<Seo>", v.sha256 as draft_sha256,
                  v.reason as "draft_reason: Reason", v.author_id as "draft_author: MembershipId", v.created_at as draft_at,
                  exists (select from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                          where pa.tenant_id = $1 and a.tenant_id = $1 and pa.post_id = p.id and a.membership_id = $3) as "mine!"
           from blog_posts p
           join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.draft_no
           where p.tenant_id = $1 and v.tenant_id = $1 and p.id = $2
           for no key update of p"#,
        tenant as _,
        id as _,
        person as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(held)
}

/// Writes a held post back: its state as it is now in memory, one revision further. The library learns which files it
/// shows now.
pub(super) async fn release(tx: &mut TenantTx, post: &mut Held, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    post.rev = sqlx::query_scalar!(
        "update blog_posts
         set rev = rev + 1, status = $3, slug = $4, slug_custom = $5, title = $6, draft_no = $7, live_no = $8, live_at = $9,
             schedule_local = $10, schedule_zone = $11, published_at = $12, updated_content_at = $13, featured = $14,
             deleted_at = $15, updated_at = $16, visibility = $17, ends_at = $18, ends_local = $19, ends_zone = $20, gone = $21
         where tenant_id = $1 and id = $2
         returning rev",
        tenant as _,
        post.id as _,
        post.status as _,
        post.slug,
        post.slug_custom,
        post.title,
        post.draft_no,
        post.live_no,
        post.live_at as _,
        post.schedule_local,
        post.schedule_zone,
        post.published_at as _,
        post.updated_content_at as _,
        post.featured,
        post.deleted_at as _,
        now as _,
        post.visibility as _,
        post.ends_at as _,
        post.ends_local,
        post.ends_zone,
        post.gone,
    )
    .fetch_one(tx.conn())
    .await?;
    search::store::forget_others(tx, post.id, post.draft_no, post.live_no).await?;
    images::note(tx, post).await
}

/// Replaces the tags of a post.
pub(super) async fn set_tags(tx: &mut TenantTx, id: PostId, tags: &[TagId]) -> Result<bool> {
    let tenant = tx.tenant();
    let changed = sqlx::query_scalar!(
        r#"with wanted as (
             select tag_id, place::smallint as position from unnest($3::uuid[]) with ordinality as named (tag_id, place)
           ), gone as (
             delete from blog_post_tags pt
             where pt.tenant_id = $1 and pt.post_id = $2 and pt.tag_id <> all ($3)
             returning 1
           ), placed as (
             insert into blog_post_tags (tenant_id, post_id, tag_id, position)
             select $1, $2, tag_id, position from wanted
             on conflict (tenant_id, post_id, tag_id) do update set position = excluded.position
               where blog_post_tags.position <> excluded.position
             returning 1
           )
           select exists (select from gone) or exists (select from placed) as "changed!""#,
        tenant as _,
        id as _,
        tags as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(changed)
}

/// Replaces the authors of a post.
pub(super) async fn set_authors(
    tx: &mut TenantTx,
    id: PostId,
    authors: &[AuthorId],
) -> Result<bool> {
    let tenant = tx.tenant();
    let changed = sqlx::query_scalar!(
        r#"with wanted as (
             select author_id, place::smallint as position from unnest($3::uuid[]) with ordinality as named (author_id, place)
           ), gone as (
             delete from blog_post_authors pa
             where pa.tenant_id = $1 and pa.post_id = $2 and pa.author_id <> all ($3)
             returning 1
           ), placed as (
             insert into blog_post_authors (tenant_id, post_id, author_id, position)
             select $1, $2, author_id, position from wanted
             on conflict (tenant_id, post_id, author_id) do update set position = excluded.position
               where blog_post_authors.position <> excluded.position
             returning 1
           )
           select exists (select from gone) or exists (select from placed) as "changed!""#,
        tenant as _,
        id as _,
        authors as _,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(changed)
}

/// Removes a post for good, with its versions, authors, tags and addresses.
pub(super) async fn purge(tx: &mut TenantTx, id: PostId) -> Result<()> {
    images::forget(tx, id).await?;
    let tenant = tx.tenant();
    sqlx::query!(
        "with tags as (delete from blog_post_tags where tenant_id = $1 and post_id = $2),
              series as (delete from blog_series_posts where tenant_id = $1 and post_id = $2),
              authors as (delete from blog_post_authors where tenant_id = $1 and post_id = $2),
              slugs as (delete from blog_slugs where tenant_id = $1 and kind = 'post' and entity_id = $2),
              notes as (delete from blog_post_notes where tenant_id = $1 and post_id = $2),
              locks as (delete from blog_post_locks where tenant_id = $1 and post_id = $2),
              previews as (delete from blog_preview_links where tenant_id = $1 and post_id = $2),
              versions as (delete from blog_post_versions where tenant_id = $1 and post_id = $2)
         delete from blog_posts where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
