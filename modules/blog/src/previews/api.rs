//! Operations on preview links: `/api/v1/blog/posts/{id}/previews`.

use axum::response::Response;
use http::{StatusCode, header};
use kernel::Timestamp;
use module::extract::{Json, Path};
use module::{Allowed, AllowedOn, Answer, IdempotencyKey, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NewPreview, Preview, PreviewId, create, list, revoke};
use crate::manifest::{ReadPosts, WritePosts};
use crate::posts::{self, PostId};
use crate::respond::{Conflict, Invalid, Missing, Refused};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), read, make, shut)
}

/// A preview link, without its address.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct PreviewLink {
    /// Its id.
    id: PreviewId,
    /// Number of the version that it shows; null: the newest draft at that time.
    version: Option<i32>,
    /// Until when it works.
    expires_at: Timestamp,
    /// How often it may be opened; null: without limit.
    max_views: Option<i32>,
    /// How often it was opened.
    views: i32,
    /// When it was opened last.
    last_viewed_at: Option<Timestamp>,
    /// Name of whoever made it.
    created_by: String,
    /// When it was made.
    created_at: Timestamp,
}

impl From<Preview> for PreviewLink {
    fn from(link: Preview) -> Self {
        Self {
            id: link.id,
            version: link.version_no,
            expires_at: link.expires_at,
            max_views: link.max_views,
            views: link.views,
            last_viewed_at: link.last_viewed_at,
            created_by: link.created_by_name,
            created_at: link.created_at,
        }
    }
}

/// The links of a post.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewLinks {
    /// Those that work, newest first; a post has at most 20.
    data: Vec<PreviewLink>,
}

/// A link that was just made.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct PreviewLinkMade {
    /// What can be read of it later, too.
    #[serde(flatten)]
    preview: PreviewLink,
    /// Its address. It is shown this once; null when the request was repeated.
    url: Option<String>,
}

/// What a link is to be like.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewLinkCreate {
    /// Number of the version that it shows; left out: the newest draft at that time.
    version: Option<i32>,
    /// How many hours it works; left out: as many as the settings say.
    #[schema(minimum = 1, maximum = 720)]
    hours: Option<i64>,
    /// How often it may be opened; left out: without limit.
    #[schema(minimum = 1, maximum = 10_000)]
    max_views: Option<i32>,
}

/// List the preview links of a post
///
/// Those that work. Their addresses are not stored.
#[utoipa::path(
    get, path = "/posts/{id}/previews", operation_id = "blog.previews.list", tag = "Previews", params(("id" = PostId, Path)),
    responses((status = 200, description = "The links.", body = PreviewLinks), Refused, Missing)
)]
async fn read(ctx: AllowedOn<ReadPosts>, Path(id): Path<PostId>) -> Result<Json<PreviewLinks>> {
    let mut tx = ctx.begin().await?;
    let post = posts::get(&mut tx, id).await?;
    let links = list(&mut tx, post.id, ctx.now()).await?;
    Ok(Json(PreviewLinks {
        data: links.into_iter().map(PreviewLink::from).collect(),
    }))
}

/// Make a preview link
///
/// Whoever has it reads the post without signing in, until it ends or is revoked. The address is in this answer and
/// nowhere else.
#[utoipa::path(
    post, path = "/posts/{id}/previews", operation_id = "blog.previews.create", tag = "Previews", request_body = PreviewLinkCreate,
    params(
        ("id" = PostId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same answer without the address, for 24 hours.")
    ),
    responses((status = 201, description = "The link, with its address.", body = PreviewLinkMade), Refused, Missing, Conflict, Invalid)
)]
async fn make(
    ctx: Allowed<WritePosts>,
    Path(id): Path<PostId>,
    key: IdempotencyKey,
    Json(body): Json<PreviewLinkCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let new = NewPreview {
            version: body.version,
            hours: body.hours,
            max_views: body.max_views,
        };
        let (link, secret) = create(tx, &ctx, id, new).await?;
        let kept = PreviewLinkMade {
            preview: link.into(),
            url: None,
        };
        let made = PreviewLinkMade {
            url: Some(ctx.link(&format!("/p/{}", secret.as_str()))),
            ..kept.clone()
        };
        Ok(Answer::created(&made)
            .kept_as(&kept)
            .with(header::CACHE_CONTROL, "private, no-store"))
    })
    .await
}

/// Revoke a preview link
#[utoipa::path(
    delete, path = "/posts/{id}/previews/{preview}", operation_id = "blog.previews.revoke", tag = "Previews",
    params(("id" = PostId, Path), ("preview" = PreviewId, Path, description = "Id of the link.")),
    responses((status = 204, description = "It works no longer."), Refused, Missing, Conflict)
)]
async fn shut(
    ctx: Allowed<WritePosts>,
    Path((id, preview)): Path<(PostId, PreviewId)>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    revoke(&mut tx, &ctx, id, preview).await?;
    tx.commit().await?;
    Ok(axum::response::IntoResponse::into_response(
        StatusCode::NO_CONTENT,
    ))
}
