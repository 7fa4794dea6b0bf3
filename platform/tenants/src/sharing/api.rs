//! Operations on permissions on one object: `/api/v1/workspace/shares`.

use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use kernel::{MembershipId, Timestamp};
use module::extract::{Json, Path, Query};
use module::problems::{Conflict, Invalid, Missing, Refused};
use module::{Allowed, Answer, IdempotencyKey, Result, Routes, Slots};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Share, ShareId, ShareInput, find, on_object};
use crate::Tenants;
use crate::guards::ReadMembers;

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list, create, delete)
}

/// What a member was given on an object.
#[derive(Debug, Serialize, ToSchema)]
struct ShareBody {
    /// Its id.
    id: ShareId,
    /// Who has it.
    member: MembershipId,
    /// What kind of thing the object is, such as `blog.post`.
    kind: String,
    /// The object.
    object: Uuid,
    /// What was given, such as `edit`.
    level: String,
    /// Who gave it.
    granted_by: MembershipId,
    /// When.
    granted_at: Timestamp,
    /// From when on it holds no longer; null: until it is taken back.
    expires_at: Option<Timestamp>,
}

impl From<Share> for ShareBody {
    fn from(share: Share) -> Self {
        Self {
            id: share.id,
            member: share.member,
            kind: share.kind,
            object: share.object,
            level: share.level,
            granted_by: share.granted_by,
            granted_at: share.granted_at,
            expires_at: share.expires_at,
        }
    }
}

/// With whom an object is shared.
#[derive(Debug, Serialize, ToSchema)]
struct ShareList {
    /// What holds now, newest first; at most 200.
    data: Vec<ShareBody>,
}

/// Which object.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ObjectQuery {
    /// What kind of thing it is, such as `blog.post`.
    kind: String,
    /// Its id.
    object: Uuid,
}

/// What to give to whom.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShareCreate {
    /// What kind of thing the object is, such as `blog.post`.
    kind: String,
    /// The object.
    object: Uuid,
    /// Whom; what they had on the object before is replaced.
    member: MembershipId,
    /// What they may do, such as `edit`. Nobody gives what they lack.
    level: String,
    /// From when on it shall hold no longer.
    expires_at: Option<Timestamp>,
}

/// What was given.
#[derive(Debug, Serialize, ToSchema)]
struct Shared {
    /// Its id.
    id: ShareId,
}

/// List with whom an object is shared
#[utoipa::path(
    get, path = "/shares", operation_id = "workspace.shares.list", tag = "Sharing", params(ObjectQuery),
    responses((status = 200, description = "What holds now.", body = ShareList), Refused, Missing)
)]
async fn list(
    ctx: Allowed<ReadMembers>,
    Extension(slots): Extension<Slots>,
    Query(query): Query<ObjectQuery>,
) -> Result<Json<ShareList>> {
    find(&ctx, &slots, &query.kind, query.object).await?;
    let mut tx = ctx.begin().await?;
    let shares = on_object(&mut tx, &query.kind, query.object, ctx.now()).await?;
    Ok(Json(ShareList {
        data: shares.into_iter().map(Into::into).collect(),
    }))
}

/// Share an object with a member
#[utoipa::path(
    post, path = "/shares", operation_id = "workspace.shares.create", tag = "Sharing", request_body = ShareCreate,
    params(IdempotencyKey),
    responses((status = 201, description = "It is shared.", body = Shared), Refused, Missing, Conflict, Invalid)
)]
async fn create(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    key: IdempotencyKey,
    Json(body): Json<ShareCreate>,
) -> Result<Response> {
    let (kind, shared) = find(&ctx, &slots, &body.kind, body.object).await?;
    key.once(&ctx, body, async |tx, body| {
        let input = ShareInput {
            member: body.member,
            level: body.level,
            expires_at: body.expires_at,
        };
        let id = tenants
            .share(tx, &ctx, kind, (body.object, &shared), &input)
            .await?;
        Ok(Answer::created(&Shared { id }))
    })
    .await
}

/// Take back what was shared
#[utoipa::path(
    delete, path = "/shares/{id}", operation_id = "workspace.shares.delete", tag = "Sharing",
    params(("id" = ShareId, Path, description = "What was given.")),
    responses((status = 204, description = "It holds no longer."), Refused, Missing)
)]
async fn delete(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    Path(id): Path<ShareId>,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let taken = tenants.unshare(&mut tx, &ctx, id).await?;
    if !ctx.may("workspace.members.manage") {
        // Whoever may share the object may take it back.
        find(&ctx, &slots, &taken.kind, taken.object).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
