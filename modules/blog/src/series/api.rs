//! Operations on series: `/api/v1/blog/series`.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use kernel::{PageRequest, Timestamp};
use module::extract::{Json, Path, Query};
use module::{Allowed, Answer, IdempotencyKey, IfMatch, Result, Routes};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::{IntoParams, ToSchema};

use super::{
    OrderMode, Part, Series, SeriesId, SeriesInput, arrange, create, delete, get, list, parts,
    restore, update,
};
use crate::manifest::{ManageSeries, ReadSeries};
use crate::posts::{PostId, Status, effective};
use crate::respond::{Conflict, Invalid, Missing, Refused, Stale, tagged};

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list_series,
        create_series,
        read,
        change,
        arrange_series,
        delete_series,
        restore_series,
    )
}

/// A series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesBody {
    /// Its id.
    id: SeriesId,
    /// Counts changes of the series and its order; its `ETag`, for `If-Match`.
    rev: i64,
    /// Address below `/series/`.
    slug: String,
    /// Its title.
    title: String,
    /// What it is about.
    description: String,
    /// How its posts are put in order.
    order: OrderMode,
    /// Posts that it has, the trash not counted.
    posts: i64,
    /// When it was made.
    created_at: Timestamp,
    /// Its last change.
    updated_at: Timestamp,
}

impl From<Series> for SeriesBody {
    fn from(series: Series) -> Self {
        Self {
            id: series.id,
            rev: series.rev,
            slug: series.slug,
            title: series.title,
            description: series.description,
            order: series.order_mode,
            posts: series.posts,
            created_at: series.created_at,
            updated_at: series.updated_at,
        }
    }
}

/// A post of a series.
#[derive(Debug, Serialize, ToSchema)]
struct PartBody {
    /// Its id.
    id: PostId,
    /// Address below `/blog/`.
    slug: String,
    /// Title of its draft.
    title: String,
    /// The status in effect now.
    status: Status,
    /// First publication.
    published_at: Option<Timestamp>,
}

/// A series with its posts.
#[derive(Debug, Serialize, ToSchema)]
struct SeriesWithPosts {
    #[serde(flatten)]
    series: SeriesBody,
    /// Its posts in their order, drafts included.
    parts: Vec<PartBody>,
}

impl SeriesWithPosts {
    async fn read(tx: &mut TenantTx, series: Series, now: Timestamp) -> Result<Self> {
        let parts = parts(tx, &series).await?;
        let part = |part: Part| PartBody {
            id: part.id,
            slug: part.slug,
            title: part.title,
            status: effective(part.status, part.live_at, part.ends_at, now),
            published_at: part.published_at,
        };
        Ok(Self {
            series: series.into(),
            parts: parts.into_iter().map(part).collect(),
        })
    }
}

/// One part of a list of series.
#[derive(Debug, Serialize, ToSchema)]
struct SeriesList {
    /// The series, newest first.
    data: Vec<SeriesBody>,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which series.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most series to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// Words of the title.
    q: Option<String>,
}

/// What is said of a series.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeriesCreate {
    /// Title, at most 191 characters.
    title: String,
    /// Address below `/series/`; left out: made from the title.
    #[serde(default)]
    slug: Option<String>,
    /// What it is about, at most 500 characters.
    #[serde(default)]
    description: String,
    /// How its posts are put in order.
    #[serde(default)]
    order: OrderMode,
    /// Its posts in their order, at most 200.
    #[serde(default)]
    posts: Vec<PostId>,
}

/// What changes in a series; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeriesPatch {
    /// Title, at most 191 characters.
    title: Option<String>,
    /// Address below `/series/`; the former one forwards.
    slug: Option<String>,
    /// What it is about, at most 500 characters.
    description: Option<String>,
    /// How its posts are put in order.
    order: Option<OrderMode>,
}

/// The posts of a series.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeriesOrder {
    /// All of them in their order, at most 200; those that are left out leave the series.
    posts: Vec<PostId>,
}

/// List series
#[utoipa::path(
    get, path = "/series", operation_id = "blog.series.list", tag = "Series", params(ListQuery),
    responses((status = 200, description = "The series, newest first.", body = SeriesList), Refused)
)]
async fn list_series(
    ctx: Allowed<ReadSeries>,
    Query(query): Query<ListQuery>,
) -> Result<Json<SeriesList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let series = list(&mut tx, query.q.as_deref(), page).await?;
    Ok(Json(SeriesList {
        data: series.items.into_iter().map(SeriesBody::from).collect(),
        next_cursor: series.next,
    }))
}

/// Create a series
#[utoipa::path(
    post, path = "/series", operation_id = "blog.series.create", tag = "Series", request_body = SeriesCreate,
    params(IdempotencyKey),
    responses(
        (status = 201, description = "The series.", body = SeriesWithPosts,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        Refused, Conflict, Invalid
    )
)]
async fn create_series(
    ctx: Allowed<ManageSeries>,
    key: IdempotencyKey,
    Json(body): Json<SeriesCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let input = SeriesInput {
            title: body.title,
            slug: body.slug,
            description: body.description,
            order: body.order,
        };
        let begun = create(tx, &ctx, input).await?;
        let series = arrange(tx, &ctx, begun.id, None, &body.posts).await?;
        let rev = series.rev;
        let body = SeriesWithPosts::read(tx, series, ctx.now()).await?;
        Ok(Answer::created(&body)
            .tagged(rev)
            .at(format!("/api/v1/blog/series/{}", begun.id)))
    })
    .await
}

/// Read a series with its posts
#[utoipa::path(
    get, path = "/series/{id}", operation_id = "blog.series.read", tag = "Series", params(("id" = SeriesId, Path)),
    responses((status = 200, description = "The series.", body = SeriesWithPosts, headers(("ETag" = String, description = "Its revision."))), Refused, Missing)
)]
async fn read(ctx: Allowed<ReadSeries>, Path(id): Path<SeriesId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let series = get(&mut tx, id).await?;
    let rev = series.rev;
    let body = SeriesWithPosts::read(&mut tx, series, ctx.now()).await?;
    // Titles and states of its posts move without the revision, so there is no 304.
    Ok(tagged(&HeaderMap::new(), rev, &body)?)
}

/// Change a series
#[utoipa::path(
    patch, path = "/series/{id}", operation_id = "blog.series.update", tag = "Series", request_body = SeriesPatch,
    params(("id" = SeriesId, Path), IfMatch),
    responses(
        (status = 200, description = "The series.", body = SeriesBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<SeriesPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let series = get(&mut tx, id).await?;
    let input = SeriesInput {
        title: body.title.unwrap_or(series.title),
        slug: body.slug,
        description: body.description.unwrap_or(series.description),
        order: body.order.unwrap_or(series.order_mode),
    };
    let series = update(&mut tx, &ctx, id, Some(rev), input).await?;
    tx.commit().await?;
    Ok(tagged(
        &HeaderMap::new(),
        series.rev,
        &SeriesBody::from(series),
    )?)
}

/// Put the posts of a series in order
///
/// Takes the whole list: posts that are new in it join the series, those that are left out leave it.
#[utoipa::path(
    put, path = "/series/{id}/posts", operation_id = "blog.series.arrange", tag = "Series", request_body = SeriesOrder,
    params(("id" = SeriesId, Path), IfMatch),
    responses(
        (status = 200, description = "The series.", body = SeriesWithPosts, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn arrange_series(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<SeriesOrder>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let series = arrange(&mut tx, &ctx, id, Some(rev), &body.posts).await?;
    let rev = series.rev;
    let body = SeriesWithPosts::read(&mut tx, series, ctx.now()).await?;
    tx.commit().await?;
    Ok(tagged(&HeaderMap::new(), rev, &body)?)
}

/// Delete a series
///
/// Its posts stay. For 30 days it can be restored.
#[utoipa::path(
    delete, path = "/series/{id}", operation_id = "blog.series.delete", tag = "Series",
    params(("id" = SeriesId, Path), IfMatch),
    responses((status = 204, description = "It is deleted."), Refused, Missing, Stale)
)]
async fn delete_series(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    IfMatch(rev): IfMatch,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    delete(&mut tx, &ctx, id, Some(rev)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a deleted series
#[utoipa::path(
    post, path = "/series/{id}/restore", operation_id = "blog.series.restore", tag = "Series",
    params(("id" = SeriesId, Path), IdempotencyKey),
    responses((status = 200, description = "The series.", body = SeriesBody), Refused, Missing, Conflict, Invalid)
)]
async fn restore_series(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    key: IdempotencyKey,
) -> Result<Response> {
    key.once(&ctx, (), async |tx, ()| {
        let body = SeriesBody::from(restore(tx, &ctx, id).await?);
        Ok(Answer::ok(&body))
    })
    .await
}
