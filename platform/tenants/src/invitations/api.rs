//! Operations on invitations: `/api/v1/workspace/invitations`.

use axum::Extension;
use axum::response::Response;
use http::StatusCode;
use kernel::Timestamp;
use module::extract::{Json, Path};
use module::problems::{Conflict, Invalid, Missing, Refused};
use module::{Allowed, Answer, IdempotencyKey, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Invitation, InvitationId, InvitationStatus, InviteForm};
use crate::Tenants;
use crate::guards::InviteMembers;
use crate::roles::RoleKey;

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list, create, resend, revoke)
}

/// An invitation that nobody has answered.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationBody {
    /// Its id.
    id: InvitationId,
    /// Where it was sent.
    email: String,
    /// Keys of roles that the person shall have.
    roles: Vec<String>,
    /// Whether it is too old; it can still be sent again.
    expired: bool,
    /// Name of who sent it.
    inviter: String,
    /// When it was last sent.
    last_sent_at: Timestamp,
    /// Until when it is good.
    expires_at: Timestamp,
}

impl From<Invitation> for InvitationBody {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            roles: invitation
                .roles
                .into_iter()
                .map(|role| role.key.0)
                .collect(),
            expired: invitation.status == InvitationStatus::Expired,
            inviter: invitation.inviter,
            last_sent_at: invitation.last_sent_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// All open invitations.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationList {
    /// The invitations, latest sent first; at most 200.
    data: Vec<InvitationBody>,
}

/// Whom to invite.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationCreate {
    /// The address to write to.
    email: String,
    /// Keys of roles that the person shall have. Nobody gives a role that holds a permission which they lack.
    roles: Vec<String>,
}

/// What was sent.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationSent {
    /// The invitation.
    id: InvitationId,
}

/// List open invitations
#[utoipa::path(
    get, path = "/invitations", operation_id = "workspace.invitations.list", tag = "People",
    responses((status = 200, description = "The invitations.", body = InvitationList), Refused)
)]
async fn list(ctx: Allowed<InviteMembers>) -> Result<Json<InvitationList>> {
    let mut tx = ctx.begin().await?;
    let invitations = super::list(&mut tx, ctx.now()).await?;
    Ok(Json(InvitationList {
        data: invitations.into_iter().map(Into::into).collect(),
    }))
}

/// Invite somebody
#[utoipa::path(
    post, path = "/invitations", operation_id = "workspace.invitations.create", tag = "People", request_body = InvitationCreate,
    params(IdempotencyKey),
    responses((status = 201, description = "The mail is on its way.", body = InvitationSent), Refused, Conflict, Invalid)
)]
async fn create(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
    key: IdempotencyKey,
    Json(body): Json<InvitationCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let form = InviteForm {
            email: body.email,
            roles: body.roles.into_iter().map(RoleKey).collect(),
        };
        let id = tenants.invite(tx, &ctx, &form).await?;
        let sent = InvitationSent { id };
        Ok(Answer::created(&sent))
    })
    .await
}

/// Send an invitation again
#[utoipa::path(
    post, path = "/invitations/{id}/resend", operation_id = "workspace.invitations.resend", tag = "People",
    params(
        ("id" = InvitationId, Path, description = "The invitation."),
        IdempotencyKey,
    ),
    responses((status = 200, description = "The mail is on its way.", body = InvitationSent), Refused, Missing, Conflict, Invalid)
)]
async fn resend(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<InvitationId>,
    key: IdempotencyKey,
) -> Result<Response> {
    key.once(&ctx, (), async |tx, ()| {
        tenants.resend_invitation(tx, &ctx, id).await?;
        let sent = InvitationSent { id };
        Ok(Answer::ok(&sent))
    })
    .await
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/invitations/{id}", operation_id = "workspace.invitations.delete", tag = "People",
    params(("id" = InvitationId, Path, description = "The invitation.")),
    responses((status = 204, description = "Its link is dead."), Refused, Missing, Conflict)
)]
async fn revoke(
    ctx: Allowed<InviteMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    tenants.revoke_invitation(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
