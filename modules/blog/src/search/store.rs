//! Statements about what posts are found by.

use std::collections::BTreeSet;

use kernel::{PageRequest, Result, Timestamp};
use sqlx::types::Json;
use tenant_resolver::TenantTx;

use super::{Document, MOST, Scope};
use crate::authors::AuthorRef;
use crate::posts::{PostId, Status};
use crate::tags::TagRef;

/// Writes the document of a version, or writes it anew.
pub(super) async fn put(
    tx: &mut TenantTx,
    post: PostId,
    no: i32,
    document: &Document<'_>,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "with document as (
           insert into blog_search_documents (tenant_id, post_id, no, language, words)
           values ($1, $2, $3, $4, blog_search_words($4, $5, $6, $7))
           on conflict (tenant_id, post_id, no) do update set language = excluded.language, words = excluded.words
           returning words
         )
         insert into blog_search_index (tenant_id, post_id, no, place, words)
         select $1, $2, $3, blog_search_place($1, $2), strip(document.words) from document
         on conflict (tenant_id, post_id, no) do update set place = excluded.place, words = excluded.words",
        tenant as _,
        post as _,
        no,
        document.language,
        document.title,
        document.excerpt,
        document.text,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Forgets the documents of versions that are neither the draft nor live any more.
pub(crate) async fn forget_others(
    tx: &mut TenantTx,
    post: PostId,
    draft: i32,
    live: Option<i32>,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from blog_search_documents
         where tenant_id = $1 and post_id = $2 and no <> $3 and no is distinct from $4",
        tenant as _,
        post as _,
        draft,
        live,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A post that was found, as that version says it.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: PostId,
    pub slug: String,
    pub status: Status,
    pub live_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub title: String,
    pub excerpt: String,
    /// The beginning of its text.
    pub text: String,
    pub reading_minutes: i32,
    /// The language in which its words were brought to their stems.
    pub language: String,
    pub tags: Json<Vec<TagRef>>,
    pub authors: Json<Vec<AuthorRef>>,
    /// How many were found in all.
    pub total: i64,
}

/// One part of what is found, best first; one row more than asked for tells that there is a next part.
pub(super) async fn find(
    tx: &mut TenantTx,
    query: &str,
    scope: Scope,
    page: PageRequest,
    now: Timestamp,
) -> Result<Vec<Row>> {
    let tenant = tx.tenant();
    let (drafts, lists): (bool, &[&str]) = match scope {
        Scope::Live(audience) => (false, audience.lists()),
        Scope::Drafts => (true, &[]),
    };
    let rows = sqlx::query_as!(
        Row,
        r#"with hit as materialized (
             select p.id, found.no, row_number() over (order by found.rank desc, p.id desc) as place
             from blog_search($1, $2, $3) found
             join blog_posts p on p.id = found.post_id
             where p.tenant_id = $1
               and case when $4 then found.no = p.draft_no and p.deleted_at is null
                        else found.no = p.live_no and blog_shown(p, $8, $5) end
           )
           select p.id, p.slug, p.status as "status: Status", p.live_at, p.ends_at, p.published_at, p.updated_at,
                  v.title, coalesce(v.excerpt, v.summary) as "excerpt!", left(v.plaintext, 20000) as "text!", v.reading_minutes,
                  d.language,
                  (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
                   from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
                   where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.deleted_at is null)
                    as "tags!: Json<Vec<TagRef>>",
                  (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name, 'membership', a.membership_id) order by pa.position), '[]')
                   from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
                   where pa.tenant_id = $1 and pa.post_id = p.id and a.tenant_id = $1)
                    as "authors!: Json<Vec<AuthorRef>>",
                  (select count(*) from hit) as "total!"
           from hit
           join blog_posts p on p.id = hit.id
           join blog_post_versions v on v.post_id = hit.id and v.no = hit.no
           join blog_search_documents d on d.post_id = hit.id and d.no = hit.no
           where p.tenant_id = $1 and v.tenant_id = $1 and d.tenant_id = $1
             and hit.place > coalesce((select last.place from hit last where last.id = $6), 0)
           order by hit.place limit $7"#,
        tenant as _,
        query,
        MOST,
        drafts,
        now as _,
        page.after.map(|cursor| cursor.id),
        page.fetch(),
        lists as _,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Those of the words that the query finds, each by the rules of its language.
pub(super) async fn forms(
    tx: &mut TenantTx,
    words: &[String],
    languages: &[String],
    any: &str,
) -> Result<BTreeSet<String>> {
    let forms = sqlx::query_scalar!(
        r#"select asked.word as "word!"
           from unnest($1::text[], $2::text[]) as asked (word, language)
           where to_tsvector(blog_search_config(asked.language), asked.word)
                 @@ to_tsquery(blog_search_config(asked.language), $3)"#,
        words,
        languages,
        any,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(forms.into_iter().collect())
}
