//! Operations on roles: `/api/v1/workspace/roles`.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use kernel::RoleId;
use module::extract::{Json, Path, Query};
use module::problems::{Conflict, Invalid, Missing, Refused, Stale};
use module::{Allowed, Answer, IdempotencyKey, IfMatch, Result, Routes, etag};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{RoleInfo, RoleInput, RoleKey, all, get};
use crate::Tenants;
use crate::guards::{ManageRoles, ReadMembers};

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list,
        create,
        read,
        change,
        delete,
        list_permissions
    )
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
struct RoleBody {
    /// Its id.
    id: RoleId,
    /// Its key: what members and invitations name it by.
    key: String,
    /// Counts changes; the `ETag` of the role, for `If-Match`.
    rev: i64,
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// Whether it is the same in every workspace and cannot be changed.
    built_in: bool,
    /// Keys of what it allows.
    permissions: Vec<&'static str>,
    /// Members who hold it.
    members: i64,
    /// Open invitations that name it.
    invitations: i64,
}

impl RoleBody {
    fn of(tenants: &Tenants, role: &RoleInfo) -> Self {
        Self {
            id: role.id,
            key: role.key.0.clone(),
            rev: role.rev,
            name: role.name.clone(),
            description: role.summary().to_owned(),
            built_in: role.built_in().is_some(),
            permissions: tenants.permissions_in(role).keys().collect(),
            members: role.members,
            invitations: role.invitations,
        }
    }
}

/// All roles.
#[derive(Debug, Serialize, ToSchema)]
struct RoleList {
    /// The built-in roles, strongest first, then the workspace's own by name.
    data: Vec<RoleBody>,
}

/// What is said of a role.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleCreate {
    /// Name, at most 60 characters, unlike that of every other role.
    name: String,
    /// What it is for, at most 300 characters.
    #[serde(default)]
    description: String,
    /// Keys of what it allows; all of them must be held by whoever makes the role.
    permissions: Vec<String>,
}

/// What changes in a role; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RolePatch {
    /// Name, at most 60 characters, unlike that of every other role.
    name: Option<String>,
    /// What it is for, at most 300 characters.
    description: Option<String>,
    /// Keys of what it allows; all of them must be held by whoever changes the role.
    permissions: Option<Vec<String>>,
}

/// List roles
#[utoipa::path(
    get, path = "/roles", operation_id = "workspace.roles.list", tag = "Roles",
    responses((status = 200, description = "The roles.", body = RoleList), Refused)
)]
async fn list(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
) -> Result<Json<RoleList>> {
    let mut tx = ctx.begin().await?;
    let roles = all(&mut tx, ctx.now()).await?;
    Ok(Json(RoleList {
        data: roles
            .iter()
            .map(|role| RoleBody::of(&tenants, role))
            .collect(),
    }))
}

/// Create a role
#[utoipa::path(
    post, path = "/roles", operation_id = "workspace.roles.create", tag = "Roles", request_body = RoleCreate,
    params(IdempotencyKey),
    responses((status = 201, description = "The role.", body = RoleBody), Refused, Conflict, Invalid)
)]
async fn create(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    key: IdempotencyKey,
    Json(body): Json<RoleCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let input = RoleInput {
            name: body.name,
            description: body.description,
            permissions: body.permissions,
        };
        let role = tenants.create_role(tx, &ctx, input).await?;
        let body = RoleBody::of(&tenants, &role);
        Ok(Answer::created(&body)
            .tagged(role.rev)
            .at(format!("/api/v1/workspace/roles/{}", role.id)))
    })
    .await
}

fn answer(tenants: &Tenants, role: &RoleInfo) -> Response {
    let tag = [(header::ETAG, etag(role.rev))];
    (tag, Json(RoleBody::of(tenants, role))).into_response()
}

/// Read a role
#[utoipa::path(
    get, path = "/roles/{id}", operation_id = "workspace.roles.read", tag = "Roles",
    params(("id" = RoleId, Path, description = "The role.")),
    responses((status = 200, description = "The role.", body = RoleBody), Refused, Missing)
)]
async fn read(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<RoleId>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let role = get(&mut tx, id, ctx.now()).await?;
    Ok(answer(&tenants, &role))
}

/// Change a role
#[utoipa::path(
    patch, path = "/roles/{id}", operation_id = "workspace.roles.update", tag = "Roles", request_body = RolePatch,
    params(
        ("id" = RoleId, Path, description = "The role."),
        IfMatch,
    ),
    responses((status = 200, description = "The role.", body = RoleBody), Refused, Missing, Conflict, Invalid, Stale)
)]
async fn change(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<RoleId>,
    IfMatch(rev): IfMatch,
    Json(patch): Json<RolePatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let before = get(&mut tx, id, ctx.now()).await?;
    let input = RoleInput {
        name: patch.name.unwrap_or(before.name),
        description: patch.description.unwrap_or(before.description),
        permissions: patch.permissions.unwrap_or(before.stored),
    };
    let role = tenants
        .change_role(&mut tx, &ctx, id, Some(rev), input)
        .await?;
    tx.commit().await?;
    Ok(answer(&tenants, &role))
}

/// How a role is deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// Key of the role that its holders get instead; needed while anybody has it or is invited with it.
    replacement: Option<String>,
}

/// Delete a role
#[utoipa::path(
    delete, path = "/roles/{id}", operation_id = "workspace.roles.delete", tag = "Roles",
    params(
        ("id" = RoleId, Path, description = "The role."),
        IfMatch,
        DeleteQuery,
    ),
    responses((status = 204, description = "It is gone."), Refused, Missing, Conflict, Invalid, Stale)
)]
async fn delete(
    ctx: Allowed<ManageRoles>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<RoleId>,
    IfMatch(rev): IfMatch,
    Query(query): Query<DeleteQuery>,
) -> Result<StatusCode> {
    let replacement = query.replacement.map(RoleKey);
    let mut tx = ctx.begin().await?;
    tenants
        .delete_role(&mut tx, &ctx, id, Some(rev), replacement.as_ref())
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Something that a role can allow.
#[derive(Debug, Serialize, ToSchema)]
struct PermissionBody {
    /// Its key.
    key: &'static str,
    /// What it allows.
    title: &'static str,
    /// Whether whoever asks holds it.
    held: bool,
}

/// Everything that roles can allow.
#[derive(Debug, Serialize, ToSchema)]
struct PermissionList {
    /// The permissions, by the part of the product that declares them.
    data: Vec<PermissionBody>,
}

/// List permissions
#[utoipa::path(
    get, path = "/permissions", operation_id = "workspace.permissions.list", tag = "Roles",
    responses((status = 200, description = "The permissions.", body = PermissionList), Refused)
)]
async fn list_permissions(
    ctx: Allowed<ReadMembers>,
    Extension(tenants): Extension<Tenants>,
) -> Json<PermissionList> {
    Json(PermissionList {
        data: tenants
            .permissions()
            .iter()
            .map(|permission| PermissionBody {
                key: permission.key,
                title: permission.title,
                held: ctx.may(permission.key),
            })
            .collect(),
    })
}
