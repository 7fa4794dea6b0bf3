//! Operations on the people of a workspace: `/api/v1/workspace/members`.

use axum::Extension;
use kernel::{MembershipId, Timestamp};
use module::extract::{Json, Path, Query};
use module::problems::{Conflict, Invalid, Missing, Refused};
use module::{Allowed, Ctx, Result, Routes};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::{IntoParams, ToSchema};

use super::{Filter, Member, Status, get, list};
use crate::Tenants;
use crate::guards::{ManageMembers, ReadMembers};
use crate::roles::{Assignment, HeldRole, RoleKey};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list_members, read, change)
}

/// The states of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StatusBody {
    /// May enter.
    Active,
    /// Keeps their place and may not enter.
    Suspended,
    /// Gone; what they made keeps their name.
    Left,
}

impl From<Status> for StatusBody {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Suspended => Self::Suspended,
            Status::Left => Self::Left,
        }
    }
}

impl From<StatusBody> for Status {
    fn from(status: StatusBody) -> Self {
        match status {
            StatusBody::Active => Self::Active,
            StatusBody::Suspended => Self::Suspended,
            StatusBody::Left => Self::Left,
        }
    }
}

/// A role that a member has.
#[derive(Debug, Serialize, ToSchema)]
struct HeldBody {
    /// Key of the role.
    key: String,
    /// Its name.
    name: String,
    /// From when on it is held no longer; null: until it is taken away.
    expires_at: Option<Timestamp>,
}

impl From<HeldRole> for HeldBody {
    fn from(role: HeldRole) -> Self {
        Self {
            key: role.key.0,
            name: role.name,
            expires_at: role.expires_at,
        }
    }
}

/// Somebody of the workspace.
#[derive(Debug, Serialize, ToSchema)]
struct MemberBody {
    /// Their place.
    id: MembershipId,
    /// Name that the workspace knows them by.
    name: String,
    /// Contact address in the workspace.
    email: String,
    /// State.
    status: StatusBody,
    /// Roles that they hold now.
    roles: Vec<HeldBody>,
    /// When they joined.
    joined_at: Timestamp,
    /// When they last entered.
    last_seen_at: Option<Timestamp>,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        Self {
            id: member.id,
            name: member.name,
            email: member.email,
            status: member.status.into(),
            roles: member.roles.into_iter().map(Into::into).collect(),
            joined_at: member.joined_at,
            last_seen_at: member.last_seen_at,
        }
    }
}

/// One part of the list of people.
#[derive(Debug, Serialize, ToSchema)]
struct MemberList {
    /// The people, by name.
    data: Vec<MemberBody>,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which people.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most people to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// Words of a name or address.
    #[serde(default)]
    q: String,
    /// Key of a role that they hold.
    role: Option<String>,
    /// Only those in a state; left out: everybody who has not left.
    #[param(inline)]
    status: Option<StatusBody>,
}

/// List people
#[utoipa::path(
    get, path = "/members", operation_id = "workspace.members.list", tag = "People", params(ListQuery),
    responses((status = 200, description = "A part of the list.", body = MemberList), Refused)
)]
async fn list_members(
    ctx: Allowed<ReadMembers>,
    Query(query): Query<ListQuery>,
) -> Result<Json<MemberList>> {
    // The limit keeps the rules of all lists; the order is by name, so the cursor is a member.
    let limit = kernel::PageRequest::new(query.limit, 50, None)?.limit;
    let after = match &query.cursor {
        Some(cursor) => Some(cursor.parse().map_err(|_| {
            kernel::Error::bad_request(
                "invalid_cursor",
                "The cursor is not one that this list gave out.",
            )
        })?),
        None => None,
    };
    let filter = Filter {
        words: query.q,
        role: query.role.map(RoleKey),
        status: query.status.map(Into::into),
        after,
        limit,
        ..Filter::default()
    };
    let mut tx = ctx.begin().await?;
    let (members, next) = list(&mut tx, &filter, ctx.now()).await?;
    Ok(Json(MemberList {
        data: members.into_iter().map(Into::into).collect(),
        next_cursor: next.map(|id| id.to_string()),
    }))
}

async fn body(tx: &mut TenantTx, ctx: &Ctx, id: MembershipId) -> Result<Json<MemberBody>> {
    Ok(Json(get(tx, id, ctx.now()).await?.into()))
}

/// Read somebody
#[utoipa::path(
    get, path = "/members/{id}", operation_id = "workspace.members.read", tag = "People",
    params(("id" = MembershipId, Path, description = "The member.")),
    responses((status = 200, description = "The member.", body = MemberBody), Refused, Missing)
)]
async fn read(ctx: Allowed<ReadMembers>, Path(id): Path<MembershipId>) -> Result<Json<MemberBody>> {
    let mut tx = ctx.begin().await?;
    body(&mut tx, &ctx, id).await
}

/// A role that a member shall have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleWish {
    /// Key of the role.
    key: String,
    /// From when on they shall not have it any more.
    expires_at: Option<Timestamp>,
}

/// What changes; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberPatch {
    /// All roles that they shall have. Nobody gives a role that holds a permission which they lack; ownership is not
    /// among them, see `owner`.
    roles: Option<Vec<RoleWish>>,
    /// Whether they shall own the workspace; takes the permission `workspace.owners.change`.
    owner: Option<bool>,
    /// The state that they shall be in.
    status: Option<StatusBody>,
}

/// Change what somebody may do
#[utoipa::path(
    patch, path = "/members/{id}", operation_id = "workspace.members.update", tag = "People", request_body = MemberPatch,
    params(("id" = MembershipId, Path, description = "The member.")),
    responses((status = 200, description = "The member.", body = MemberBody), Refused, Missing, Conflict, Invalid)
)]
async fn change(
    ctx: Allowed<ManageMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<MembershipId>,
    Json(patch): Json<MemberPatch>,
) -> Result<Json<MemberBody>> {
    let mut tx = ctx.begin().await?;
    let before = get(&mut tx, id, ctx.now()).await?;
    if let Some(roles) = patch.roles {
        let wanted: Vec<Assignment> = roles
            .into_iter()
            .map(|wish| Assignment {
                key: RoleKey(wish.key),
                expires_at: wish.expires_at,
            })
            .collect();
        tenants.set_roles(&mut tx, &ctx, id, &wanted).await?;
    }
    if let Some(owner) = patch.owner {
        tenants.set_owner(&mut tx, &ctx, id, owner).await?;
    }
    if let Some(status) = patch.status {
        tenants.set_status(&mut tx, &ctx, id, status.into()).await?;
    }
    let body = body(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    if body.0.status != StatusBody::Active {
        tenants
            .end_sessions(ctx.tenant().id, before.user, ctx.now())
            .await?;
    }
    Ok(body)
}
