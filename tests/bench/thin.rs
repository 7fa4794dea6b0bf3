//! The yardstick: a service that is written by hand for three operations, with tenants and nothing else.
//!
//! No sessions, permissions, plans, audit, events or idempotency; the text of a new post is not rendered. What it reads and
//! writes are the rows of a post as the product has them: version, address, author and what the post is found by.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json as Jsonb;
use sqlx::{AssertSqlSafe, FromRow, PgPool, Postgres, Transaction};
use uuid::Uuid;

/// Names the tenant.
pub const TENANT: &str = "x-tenant";

type Failure = (StatusCode, String);

/// What lists and reads have in common.
macro_rules! columns {
    () => {
        "p.id, p.rev, p.status, coalesce(p.live_no <> p.draft_no, false) as changed, p.slug, p.title,
         coalesce(v.excerpt, v.summary) as summary, p.featured,
         (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name) order by pt.position), '[]')
          from blog_post_tags pt join blog_tags t on t.tenant_id = pt.tenant_id and t.id = pt.tag_id
          where pt.tenant_id = $1 and pt.post_id = p.id and t.tenant_id = $1 and t.deleted_at is null) as tags,
         (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'slug', a.slug, 'name', a.display_name) order by pa.position), '[]')
          from blog_post_authors pa join blog_authors a on a.tenant_id = pa.tenant_id and a.id = pa.author_id
          where pa.tenant_id = $1 and pa.post_id = p.id and a.tenant_id = $1) as authors,
         v.word_count, v.reading_minutes, p.draft_no as draft_version, p.live_no as live_version, p.live_at,
         case when p.status = 'scheduled' then jsonb_build_object('local', p.schedule_local, 'time_zone', p.schedule_zone) end
           as schedule,
         p.ends_at, case when p.ends_at is not null then jsonb_build_object('local', p.ends_local, 'time_zone', p.ends_zone) end
           as end_schedule,
         p.gone, p.visibility, p.published_at, p.updated_content_at as content_updated_at, p.created_at, p.updated_at, p.deleted_at as trashed_at"
    };
}

const LIST: &str = concat!(
    "select ",
    columns!(),
    " from blog_posts p
      join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.draft_no
      where p.tenant_id = $1 and v.tenant_id = $1 and p.deleted_at is null order by p.id desc limit 21"
);

const READ: &str = concat!(
    "select ",
    columns!(),
    ", v.content, v.html, v.excerpt, v.seo, v.toc from blog_posts p
      join blog_post_versions v on v.tenant_id = p.tenant_id and v.post_id = p.id and v.no = p.draft_no
      where p.tenant_id = $1 and v.tenant_id = $1 and p.id = $2"
);

const INSERT: &str = "with author as (
       select id, membership_id, display_name from blog_authors where tenant_id = $1 order by id limit 1
     ), slug as (
       insert into blog_slugs (tenant_id, kind, slug, entity_id, current, created_at) values ($1, 'post', $3, $2, true, $6)
     ), post as (
       insert into blog_posts (tenant_id, id, rev, status, slug, slug_custom, title, draft_no, featured, created_by, created_at, updated_at)
       select $1, $2, 1, 'draft', $3, false, $4, 1, false, membership_id, $6, $6 from author
     ), version as (
       insert into blog_post_versions (tenant_id, post_id, no, title, content, seo, html, plaintext, summary, word_count,
                                       reading_minutes, toc, renderer_version, sha256, reason, author_id, author_name, created_at)
       select $1, $2, 1, $4, $5, '{}', $5, $5, $5, 6, 1, '[]', 1, sha256(convert_to($5, 'UTF8')), 'save', membership_id,
              display_name, $6 from author
     ), document as (
       insert into blog_search_documents (tenant_id, post_id, no, language, words)
       values ($1, $2, 1, 'en', blog_search_words('en', $4, '', $5))
       returning words
     ), findable as (
       insert into blog_search_index (tenant_id, post_id, no, place, words)
       select $1, $2, 1, blog_search_place($1, $2), strip(words) from document
     )
     insert into blog_post_authors (tenant_id, post_id, author_id, position) select $1, $2, id, 1 from author";

#[derive(Serialize, Deserialize)]
struct Named {
    id: Uuid,
    slug: String,
    name: String,
}

#[derive(FromRow, Serialize)]
struct Row {
    id: Uuid,
    rev: i64,
    status: String,
    changed: bool,
    slug: String,
    title: String,
    summary: String,
    featured: bool,
    tags: Jsonb<Vec<Named>>,
    authors: Jsonb<Vec<Named>>,
    word_count: i32,
    reading_minutes: i32,
    draft_version: i32,
    live_version: Option<i32>,
    live_at: Option<Timestamp>,
    schedule: Option<Jsonb<Value>>,
    ends_at: Option<Timestamp>,
    end_schedule: Option<Jsonb<Value>>,
    gone: bool,
    visibility: String,
    published_at: Option<Timestamp>,
    content_updated_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    trashed_at: Option<Timestamp>,
}

#[derive(FromRow, Serialize)]
struct Post {
    #[sqlx(flatten)]
    #[serde(flatten)]
    summary: Row,
    content: String,
    html: String,
    excerpt: Option<String>,
    seo: Jsonb<Value>,
    toc: Jsonb<Value>,
}

#[derive(Serialize)]
struct Posts {
    data: Vec<Row>,
    next_cursor: Option<Uuid>,
}

#[derive(Deserialize)]
struct NewPost {
    title: String,
    content: String,
}

#[derive(Serialize)]
struct Answer {
    id: Uuid,
    rev: i64,
    status: &'static str,
    slug: String,
    title: String,
    content: String,
    created_at: Timestamp,
}

/// Its routes, at the addresses of the product's.
pub fn router(pool: PgPool) -> Router {
    Router::new()
        .route("/api/v1/blog/posts", get(list).post(create))
        .route("/api/v1/blog/posts/{id}", get(read))
        .with_state(pool)
}

fn failed(error: impl std::fmt::Display) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// A transaction of the tenant that the request names, in the form that the product uses.
async fn begin(
    pool: &PgPool,
    headers: &HeaderMap,
) -> Result<(Uuid, Transaction<'static, Postgres>), Failure> {
    let named = headers.get(TENANT).and_then(|value| value.to_str().ok());
    let tenant: Uuid = named.unwrap_or_default().parse().map_err(failed)?;
    let text = format!("begin; set local app.tenant_id = '{tenant}'");
    let tx = pool.begin_with(AssertSqlSafe(text)).await.map_err(failed)?;
    Ok((tenant, tx))
}

async fn list(State(pool): State<PgPool>, headers: HeaderMap) -> Result<Json<Posts>, Failure> {
    let (tenant, mut tx) = begin(&pool, &headers).await?;
    let rows = sqlx::query_as(LIST).bind(tenant);
    let mut data: Vec<Row> = rows.fetch_all(&mut *tx).await.map_err(failed)?;
    let more = data.len() > 20;
    data.truncate(20);
    let next_cursor = data.last().filter(|_| more).map(|post| post.id);
    Ok(Json(Posts { data, next_cursor }))
}

async fn read(
    State(pool): State<PgPool>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Json<Post>, Failure> {
    let (tenant, mut tx) = begin(&pool, &headers).await?;
    let row = sqlx::query_as(READ).bind(tenant).bind(id);
    Ok(Json(row.fetch_one(&mut *tx).await.map_err(failed)?))
}

async fn create(
    State(pool): State<PgPool>,
    headers: HeaderMap,
    Json(new): Json<NewPost>,
) -> Result<(StatusCode, Json<Answer>), Failure> {
    let (tenant, mut tx) = begin(&pool, &headers).await?;
    let (id, now) = (kernel::new_uuid(), kernel::Clock::system().now());
    let slug = new.title.to_lowercase().replace(' ', "-");
    let insert = sqlx::query(INSERT)
        .bind(tenant)
        .bind(id)
        .bind(&slug)
        .bind(&new.title)
        .bind(&new.content)
        .bind(now);
    insert.execute(&mut *tx).await.map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    let created = Answer {
        id,
        rev: 1,
        status: "draft",
        slug,
        title: new.title,
        content: new.content,
        created_at: now,
    };
    Ok((StatusCode::CREATED, Json(created)))
}
