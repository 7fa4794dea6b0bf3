//! Operations on guests' links: `/api/v1/workspace/guests`.

use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use kernel::{MembershipId, Timestamp};
use module::extract::{Json, Path};
use module::problems::{Conflict, Invalid, Missing, Refused};
use module::{Allowed, Answer, IdempotencyKey, Result, Routes, Slots};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{GuestGrant, GuestGrantId, GuestInput, all};
use crate::Tenants;
use crate::guards::{ManageGuests, ReadMembers};
use crate::sharing::find;

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list, create, delete)
}

/// A link by which somebody without an account sees one object.
#[derive(Debug, Serialize, ToSchema)]
struct GuestBody {
    /// Its id.
    id: GuestGrantId,
    /// Whom it is for.
    label: String,
    /// Where it was mailed.
    email: Option<String>,
    /// What kind of thing the object is, such as `blog.post`.
    kind: String,
    /// The object.
    object: Uuid,
    /// Whether a code is asked for.
    has_code: bool,
    /// How often it may be used; null: as often as one likes.
    max_uses: Option<i32>,
    /// How often it was.
    uses: i32,
    /// Who made it.
    granted_by: MembershipId,
    /// When.
    created_at: Timestamp,
    /// From when on it is good no longer.
    expires_at: Timestamp,
    /// When it was taken back.
    revoked_at: Option<Timestamp>,
}

impl From<GuestGrant> for GuestBody {
    fn from(grant: GuestGrant) -> Self {
        Self {
            id: grant.id,
            label: grant.label,
            email: grant.email,
            kind: grant.kind,
            object: grant.object,
            has_code: grant.has_code,
            max_uses: grant.max_uses,
            uses: grant.uses,
            granted_by: grant.granted_by,
            created_at: grant.created_at,
            expires_at: grant.expires_at,
            revoked_at: grant.revoked_at,
        }
    }
}

/// Links of guests.
#[derive(Debug, Serialize, ToSchema)]
struct GuestList {
    /// The latest links, ended ones included, newest first; at most 200.
    data: Vec<GuestBody>,
}

/// A link to make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GuestCreate {
    /// What kind of thing the object is, such as `blog.post`.
    kind: String,
    /// The object.
    object: Uuid,
    /// Whom the link is for, at most 120 characters.
    label: String,
    /// Where to mail it; left out: nowhere.
    #[serde(default)]
    email: String,
    /// A code of 6 to 64 characters that is told another way; left out: none.
    #[serde(default)]
    code: String,
    /// How often it may be used; left out: as often as one likes.
    max_uses: Option<i32>,
    /// From when on it shall be good no longer, at most 90 days ahead; left out: in two weeks.
    expires_at: Option<Timestamp>,
}

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
struct GuestMade {
    /// Its id.
    id: GuestGrantId,
    /// The link, which is shown this once; the answer to a repeated request does not have it.
    link: Option<String>,
}

/// List guests' links
#[utoipa::path(
    get, path = "/guests", operation_id = "workspace.guests.list", tag = "Sharing",
    responses((status = 200, description = "The links.", body = GuestList), Refused)
)]
async fn list(ctx: Allowed<ManageGuests>) -> Result<Json<GuestList>> {
    let mut tx = ctx.begin().await?;
    let links = all(&mut tx).await?;
    Ok(Json(GuestList {
        data: links.into_iter().map(Into::into).collect(),
    }))
}

/// Make a link for a guest
#[utoipa::path(
    post, path = "/guests", operation_id = "workspace.guests.create", tag = "Sharing", request_body = GuestCreate,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same answer without the link, for 24 hours.")),
    responses((status = 201, description = "The link.", body = GuestMade), Refused, Missing, Conflict, Invalid)
)]
async fn create(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
    Extension(slots): Extension<Slots>,
    key: IdempotencyKey,
    Json(body): Json<GuestCreate>,
) -> Result<Response> {
    let (kind, shared) = find(&ctx, &slots, &body.kind, body.object).await?;
    key.once(&ctx, body, async |tx, body| {
        let input = GuestInput {
            label: body.label,
            email: body.email,
            code: body.code,
            max_uses: body.max_uses,
            expires_at: body.expires_at,
        };
        let object = (body.object, &shared);
        let (id, link) = tenants.invite_guest(tx, &ctx, kind, object, &input).await?;
        let made = GuestMade {
            id,
            link: Some(link),
        };
        // What is kept for repeated requests must not hold the secret.
        Ok(Answer::created(&made).kept_as(&GuestMade { id, link: None }))
    })
    .await
}

/// End a guest's link
#[utoipa::path(
    delete, path = "/guests/{id}", operation_id = "workspace.guests.delete", tag = "Sharing",
    params(("id" = GuestGrantId, Path, description = "The link.")),
    responses((status = 204, description = "It works no longer, for nobody."), Refused, Missing)
)]
async fn delete(
    ctx: Allowed<ManageGuests>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<GuestGrantId>,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    tenants.dismiss_guest(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
