//! Operations on the versions of posts: `/api/v1/blog/posts/{id}/versions`.

use axum::response::Response;
use module::extract::{Json, Path, Query};
use module::{Allowed, BasedOn, IdempotencyKey, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::changed;
use super::api_body::{PostBody, VersionBody, VersionList};
use super::{PostId, get, restore_version, versions};
use crate::content::{self, diff};
use crate::manifest::{ReadPosts, WritePosts};
use crate::respond::{Changed, Conflict, Invalid, Missing, Refused};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list, read, compare, restore, preview)
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most versions to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Only versions before this number.
    before: Option<i32>,
}

/// List the versions of a post
#[utoipa::path(
    get, path = "/posts/{id}/versions", operation_id = "blog.versions.list", tag = "Versions",
    params(("id" = PostId, Path), ListQuery),
    responses((status = 200, description = "The versions, newest first.", body = VersionList), Refused, Missing)
)]
async fn list(
    ctx: Allowed<ReadPosts>,
    Path(id): Path<PostId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<VersionList>> {
    let limit = kernel::PageRequest::new(query.limit, 50, None)?.limit;
    let mut tx = ctx.begin().await?;
    let (list, next) = versions::list(&mut tx, id, query.before, limit).await?;
    Ok(Json(VersionList {
        data: list.into_iter().map(Into::into).collect(),
        next_before: next,
    }))
}

/// Read a version of a post
#[utoipa::path(
    get, path = "/posts/{id}/versions/{no}", operation_id = "blog.versions.read", tag = "Versions",
    params(("id" = PostId, Path), ("no" = i32, Path, description = "Number of the version.")),
    responses((status = 200, description = "The version.", body = VersionBody), Refused, Missing)
)]
async fn read(
    ctx: Allowed<ReadPosts>,
    Path((id, no)): Path<(PostId, i32)>,
) -> Result<Json<VersionBody>> {
    let mut tx = ctx.begin().await?;
    let version = versions::get(&mut tx, id, no).await?;
    Ok(Json(version.into()))
}

/// What two versions have in common and what not.
#[derive(Debug, Serialize, ToSchema)]
struct Comparison {
    /// Number of the older text.
    from: i32,
    /// Number of the newer text.
    to: i32,
    /// Words only in the newer text.
    inserted_words: usize,
    /// Words only in the older text.
    deleted_words: usize,
    /// The merged source in pieces, line ends included.
    pieces: Vec<Piece>,
}

/// A piece of a merged source.
#[derive(Debug, Serialize, ToSchema)]
struct Piece {
    /// `equal`, `insert` or `delete`.
    change: &'static str,
    /// The text.
    text: String,
}

/// Which version to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CompareQuery {
    /// Number of the older version.
    from: i32,
}

/// Compare two versions of a post
#[utoipa::path(
    get, path = "/posts/{id}/versions/{no}/diff", operation_id = "blog.versions.diff", tag = "Versions",
    params(("id" = PostId, Path), ("no" = i32, Path, description = "Number of the newer version."), CompareQuery),
    responses((status = 200, description = "The difference.", body = Comparison), Refused, Missing)
)]
async fn compare(
    ctx: Allowed<ReadPosts>,
    Path((id, no)): Path<(PostId, i32)>,
    Query(query): Query<CompareQuery>,
) -> Result<Json<Comparison>> {
    let mut tx = ctx.begin().await?;
    let older = versions::get(&mut tx, id, query.from).await?;
    let newer = versions::get(&mut tx, id, no).await?;
    drop(tx);
    let merged = diff::diff(&older.content, &newer.content);
    let pieces = versions::pieces(&merged).map(|(change, text)| Piece {
        change: match change {
            diff::Change::Equal => "equal",
            diff::Change::Insert => "insert",
            diff::Change::Delete => "delete",
        },
        text,
    });
    Ok(Json(Comparison {
        from: older.no,
        to: newer.no,
        inserted_words: merged.inserted_words,
        deleted_words: merged.deleted_words,
        pieces: pieces.collect(),
    }))
}

/// Restore a version of a post
///
/// Its text becomes the draft again, as a new version. What visitors read stays until it is published.
#[utoipa::path(
    post, path = "/posts/{id}/versions/{no}/restore", operation_id = "blog.versions.restore", tag = "Versions",
    params(("id" = PostId, Path), ("no" = i32, Path, description = "Number of the version."),
           BasedOn, IdempotencyKey),
    responses(
        (status = 200, description = "The post.", body = PostBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Conflict, Changed, Invalid
    )
)]
async fn restore(
    ctx: Allowed<WritePosts>,
    Path((id, no)): Path<(PostId, i32)>,
    BasedOn(based_on): BasedOn,
    key: IdempotencyKey,
) -> Result<Response> {
    key.once(&ctx, based_on, async |tx, based_on| {
        restore_version(tx, &ctx, id, based_on, no).await?;
        Ok(changed(&ctx, get(tx, id).await?))
    })
    .await
}

/// A source to render.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PreviewRequest)]
#[serde(deny_unknown_fields)]
struct PreviewBody {
    /// Markdown source.
    content: String,
}

/// A rendered source.
#[derive(Debug, Serialize, ToSchema)]
struct Preview {
    /// Sanitised HTML, as visitors would read it.
    html: String,
    /// Words.
    word_count: i32,
    /// Minutes to read.
    reading_minutes: i32,
}

/// Render a text without saving it
#[utoipa::path(
    post, path = "/preview", operation_id = "blog.posts.preview", tag = "Posts", request_body = PreviewBody,
    responses((status = 200, description = "The text as visitors would read it.", body = Preview), Refused, Invalid)
)]
async fn preview(ctx: Allowed<WritePosts>, Json(body): Json<PreviewBody>) -> Result<Json<Preview>> {
    let mut tx = ctx.begin().await?;
    let pictures = crate::images::named_in(&mut tx, &body.content).await?;
    drop(tx);
    let rendered =
        content::render_with(&body.content, &pictures).map_err(|error| error.on("content"))?;
    Ok(Json(Preview {
        html: rendered.html,
        word_count: rendered.word_count,
        reading_minutes: rendered.reading_minutes,
    }))
}
