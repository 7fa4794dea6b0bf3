//! Operations on tags: `/api/v1/blog/tags`.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use kernel::{PageRequest, Timestamp};
use module::extract::{Json, Path, Query};
use module::{Allowed, Answer, IdempotencyKey, IfMatch, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Tag, TagId, TagInput, create, delete, get, list, merge, restore, update};
use crate::manifest::{ManageTags, ReadTags};
use crate::respond::{Conflict, Invalid, Missing, Refused, Stale, tagged_with};

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list_tags,
        create_tag,
        read,
        change,
        delete_tag,
        restore_tag,
        merge_tag,
    )
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TagBody {
    /// Its id.
    id: TagId,
    /// Counts changes; the `ETag` of the tag, for `If-Match`.
    rev: i64,
    /// Address below `/blog/tag/`.
    slug: String,
    /// Its name.
    name: String,
    /// What it is about.
    description: String,
    /// Posts that have it, the trash not counted.
    posts: i64,
    /// When it was made.
    created_at: Timestamp,
    /// Its last change.
    updated_at: Timestamp,
}

impl From<Tag> for TagBody {
    fn from(tag: Tag) -> Self {
        Self {
            id: tag.id,
            rev: tag.rev,
            slug: tag.slug,
            name: tag.name,
            description: tag.description,
            posts: tag.posts,
            created_at: tag.created_at,
            updated_at: tag.updated_at,
        }
    }
}

/// One part of a list of tags.
#[derive(Debug, Serialize, ToSchema)]
struct TagList {
    /// The tags, by name.
    data: Vec<TagBody>,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which tags.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most tags to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// Words of the name.
    q: Option<String>,
}

/// What is said of a tag.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TagCreate {
    /// Name, at most 191 characters, without commas.
    name: String,
    /// Address below `/blog/tag/`; left out: made from the name.
    #[serde(default)]
    slug: Option<String>,
    /// What it is about, at most 500 characters.
    #[serde(default)]
    description: String,
}

/// What changes in a tag; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TagPatch {
    /// Name, at most 191 characters, without commas.
    name: Option<String>,
    /// Address below `/blog/tag/`; the former one forwards.
    slug: Option<String>,
    /// What it is about, at most 500 characters.
    description: Option<String>,
}

/// Which tag to merge into.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TagMerge {
    /// Id of the tag that has the posts then.
    into: TagId,
}

/// List tags
#[utoipa::path(
    get, path = "/tags", operation_id = "blog.tags.list", tag = "Tags", params(ListQuery),
    responses((status = 200, description = "The tags, by name.", body = TagList), Refused)
)]
async fn list_tags(
    ctx: Allowed<ReadTags>,
    Query(query): Query<ListQuery>,
) -> Result<Json<TagList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let tags = list(&mut tx, query.q.as_deref(), page).await?;
    Ok(Json(TagList {
        data: tags.items.into_iter().map(TagBody::from).collect(),
        next_cursor: tags.next,
    }))
}

/// Create a tag
#[utoipa::path(
    post, path = "/tags", operation_id = "blog.tags.create", tag = "Tags", request_body = TagCreate,
    params(IdempotencyKey),
    responses(
        (status = 201, description = "The tag.", body = TagBody,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        Refused, Conflict, Invalid
    )
)]
async fn create_tag(
    ctx: Allowed<ManageTags>,
    key: IdempotencyKey,
    Json(body): Json<TagCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let input = TagInput {
            name: body.name,
            slug: body.slug,
            description: body.description,
        };
        let tag = TagBody::from(create(tx, &ctx, input).await?);
        Ok(Answer::created(&tag)
            .tagged(tag.rev)
            .at(format!("/api/v1/blog/tags/{}", tag.id)))
    })
    .await
}

/// Read a tag
#[utoipa::path(
    get, path = "/tags/{id}", operation_id = "blog.tags.read", tag = "Tags", params(("id" = TagId, Path)),
    responses(
        (status = 200, description = "The tag.", body = TagBody, headers(("ETag" = String, description = "Its revision, and how many posts have it."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn read(
    ctx: Allowed<ReadTags>,
    Path(id): Path<TagId>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let tag = get(&mut tx, id).await?;
    answer(&headers, tag)
}

fn answer(headers: &HeaderMap, tag: Tag) -> Result<Response> {
    let (rev, posts) = (tag.rev, tag.posts);
    Ok(tagged_with(headers, rev, posts, &TagBody::from(tag))?)
}

/// Change a tag
///
/// Holds at once on every post that has it.
#[utoipa::path(
    patch, path = "/tags/{id}", operation_id = "blog.tags.update", tag = "Tags", request_body = TagPatch,
    params(("id" = TagId, Path), IfMatch),
    responses(
        (status = 200, description = "The tag.", body = TagBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<ManageTags>,
    Path(id): Path<TagId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<TagPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let tag = get(&mut tx, id).await?;
    let input = TagInput {
        name: body.name.unwrap_or(tag.name),
        slug: body.slug,
        description: body.description.unwrap_or(tag.description),
    };
    let tag = update(&mut tx, &ctx, id, Some(rev), input).await?;
    tx.commit().await?;
    answer(&HeaderMap::new(), tag)
}

/// Delete a tag
///
/// Its posts stay. For 30 days it can be restored.
#[utoipa::path(
    delete, path = "/tags/{id}", operation_id = "blog.tags.delete", tag = "Tags",
    params(("id" = TagId, Path), IfMatch),
    responses((status = 204, description = "It is deleted."), Refused, Missing, Stale)
)]
async fn delete_tag(
    ctx: Allowed<ManageTags>,
    Path(id): Path<TagId>,
    IfMatch(rev): IfMatch,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    delete(&mut tx, &ctx, id, Some(rev)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a deleted tag
#[utoipa::path(
    post, path = "/tags/{id}/restore", operation_id = "blog.tags.restore", tag = "Tags",
    params(("id" = TagId, Path), IdempotencyKey),
    responses((status = 200, description = "The tag.", body = TagBody), Refused, Missing, Conflict, Invalid)
)]
async fn restore_tag(
    ctx: Allowed<ManageTags>,
    Path(id): Path<TagId>,
    key: IdempotencyKey,
) -> Result<Response> {
    key.once(&ctx, (), async |tx, ()| {
        let body = TagBody::from(restore(tx, &ctx, id).await?);
        Ok(Answer::ok(&body))
    })
    .await
}

/// Merge a tag into another
///
/// The other has its posts and its addresses then; this one is gone.
#[utoipa::path(
    post, path = "/tags/{id}/merge", operation_id = "blog.tags.merge", tag = "Tags", request_body = TagMerge,
    params(("id" = TagId, Path), IdempotencyKey),
    responses((status = 200, description = "The other tag.", body = TagBody), Refused, Missing, Conflict, Invalid)
)]
async fn merge_tag(
    ctx: Allowed<ManageTags>,
    Path(id): Path<TagId>,
    key: IdempotencyKey,
    Json(body): Json<TagMerge>,
) -> Result<Response> {
    key.once(&ctx, body.into, async |tx, into| {
        let body = TagBody::from(merge(tx, &ctx, id, into).await?);
        Ok(Answer::ok(&body))
    })
    .await
}
