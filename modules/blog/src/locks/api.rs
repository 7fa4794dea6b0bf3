//! Operations on leases: `/api/v1/blog/posts/{id}/lock`.

use http::StatusCode;
use kernel::{MembershipId, Timestamp};
use module::extract::{Json, Path};
use module::{AllowedOn, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Lock, acquire, current, release};
use crate::manifest::{ReadPosts, WritePosts};
use crate::posts::{self, PostId};
use crate::respond::{Conflict, Invalid, Missing, Refused};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), read, take, give_back)
}

/// Who is editing a post.
#[derive(Debug, Serialize, ToSchema)]
struct LockBody {
    /// The member.
    holder: MembershipId,
    /// Their name.
    holder_name: String,
    /// Since when.
    taken_at: Timestamp,
    /// Until when, unless it is renewed.
    expires_at: Timestamp,
}

impl From<Lock> for LockBody {
    fn from(lock: Lock) -> Self {
        Self {
            holder: lock.holder,
            holder_name: lock.holder_name,
            taken_at: lock.taken_at,
            expires_at: lock.expires_at,
        }
    }
}

/// Whether somebody is editing a post.
#[derive(Debug, Serialize, ToSchema)]
struct LockState {
    /// Who; null: nobody.
    lock: Option<LockBody>,
}

/// How the lease is taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LockTake {
    /// Whether to take it over from somebody else.
    #[serde(default)]
    take_over: bool,
}

/// Ask who is editing a post
#[utoipa::path(
    get, path = "/posts/{id}/lock", operation_id = "blog.locks.read", tag = "Posts", params(("id" = PostId, Path)),
    responses((status = 200, description = "Who, if anybody.", body = LockState), Refused, Missing)
)]
async fn read(ctx: AllowedOn<ReadPosts>, Path(id): Path<PostId>) -> Result<Json<LockState>> {
    let mut tx = ctx.begin().await?;
    let post = posts::get(&mut tx, id).await?;
    let lock = current(&mut tx, post.id, ctx.now()).await?;
    Ok(Json(LockState {
        lock: lock.map(LockBody::from),
    }))
}

/// Take or renew the lease of a post
///
/// It holds for two minutes: renew it while somebody is writing. Changes through the API go by `If-Match` and do not
/// ask for it.
#[utoipa::path(
    put, path = "/posts/{id}/lock", operation_id = "blog.locks.take", tag = "Posts", request_body = LockTake,
    params(("id" = PostId, Path)),
    responses((status = 200, description = "The lease.", body = LockBody), Refused, Missing, Conflict, Invalid)
)]
async fn take(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    Json(body): Json<LockTake>,
) -> Result<Json<LockBody>> {
    let mut tx = ctx.begin().await?;
    let lock = acquire(&mut tx, &ctx, id, body.take_over).await?;
    tx.commit().await?;
    Ok(Json(lock.into()))
}

/// Give the lease of a post back
///
/// Somebody else's stays.
#[utoipa::path(
    delete, path = "/posts/{id}/lock", operation_id = "blog.locks.release", tag = "Posts", params(("id" = PostId, Path)),
    responses((status = 204, description = "It is not yours any more."), Refused, Missing)
)]
async fn give_back(ctx: AllowedOn<WritePosts>, Path(id): Path<PostId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    release(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
