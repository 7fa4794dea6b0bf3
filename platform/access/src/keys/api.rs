//! Operations on keys: `/api/v1/workspace/applications/{id}/keys`.

use axum::Extension;
use axum::response::Response;
use http::header;
use kernel::{FieldError, MembershipId, Timestamp};
use module::extract::{Json, Path};
use module::problems::{Conflict, Invalid, Missing, Refused};
use module::{Allowed, Answer, ApiKeyId, ApplicationId, Ctx, IdempotencyKey, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DEFAULT_OVERLAP, Key, KeyInput, NewKey, RevokeReason, State, get, list};
use crate::guards::{ManageApplications, ReadApplications};
use crate::token::Env;
use crate::{Access, applications};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list_all, create, rotate, revoke)
}

/// A key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct KeyBody {
    /// Its id.
    id: ApiKeyId,
    /// Its name.
    name: String,
    /// Its text as far as it is known: beginning and end.
    masked: String,
    /// `live` or `test`.
    env: &'static str,
    /// What it is now.
    state: State,
    /// Its scopes.
    scopes: Vec<String>,
    /// Networks that it may be used from; none means any.
    allowed_cidrs: Vec<String>,
    /// Requests a minute; null: as many as every key has.
    rate_limit_per_min: Option<i32>,
    /// When its time is over.
    expires_at: Option<Timestamp>,
    /// When its overlap ends, if it was replaced.
    revoke_at: Option<Timestamp>,
    /// When somebody revoked it.
    revoked_at: Option<Timestamp>,
    /// Why somebody revoked it.
    revoke_reason: Option<RevokeReason>,
    /// The key that it replaces.
    rotated_from: Option<ApiKeyId>,
    /// The member who made it.
    created_by: MembershipId,
    /// Whether they still work here. If not, somebody should look whether the key is still needed.
    creator_is_here: bool,
    /// When it was made.
    created_at: Timestamp,
    /// When it was last used, to the minute.
    last_used_at: Option<Timestamp>,
    /// From where it was last used.
    last_used_ip: Option<String>,
}

impl KeyBody {
    fn new(key: Key, now: Timestamp) -> Self {
        Self {
            masked: key.masked(),
            state: key.state(now),
            env: key.env.as_str(),
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            allowed_cidrs: key.allowed_cidrs,
            rate_limit_per_min: key.rate_limit_per_min,
            expires_at: key.expires_at,
            revoke_at: key.revoke_at,
            revoked_at: key.revoked_at,
            revoke_reason: key.revoke_reason,
            rotated_from: key.rotated_from,
            created_by: key.created_by,
            creator_is_here: key.maker_is_here,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            last_used_ip: key.last_used_ip,
        }
    }
}

/// A key that was just made.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct NewKeyBody {
    /// What lists say of it, too.
    #[serde(flatten)]
    key: KeyBody,
    /// The key itself, shown this once. Null when the request was repeated.
    secret: Option<String>,
}

/// The keys of an application.
#[derive(Debug, Serialize, ToSchema)]
struct KeyList {
    /// The keys, newest first.
    data: Vec<KeyBody>,
}

/// A new key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyCreate {
    /// Its name, at most 80 characters; say where it is used.
    name: String,
    /// `live`, which is the default, or `test`. Both may do the same; the key shows which it is.
    #[serde(default)]
    env: Option<String>,
    /// Its scopes, of those that the application's product offers.
    scopes: Vec<String>,
    /// Networks that it may be used from, such as `203.0.113.0/24`; none means any.
    #[serde(default)]
    allowed_cidrs: Vec<String>,
    /// Requests a minute, at most as many as every key has; left out: just as many.
    #[serde(default)]
    #[schema(minimum = 1)]
    rate_limit_per_min: Option<i32>,
    /// When its time is over; left out: never.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

/// How to replace a key.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct KeyRotate {
    /// For how many hours the former key goes on; left out: 24.
    #[schema(minimum = 0, maximum = 720)]
    overlap_hours: Option<u32>,
}

/// Why a key is revoked.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct KeyRevoke {
    /// The reason, for the record; left out: `other`.
    reason: Option<RevokeReason>,
}

/// List the keys of an application
#[utoipa::path(
    get, path = "/api/v1/workspace/applications/{id}/keys", operation_id = "workspace.api_keys.list", tag = "Applications",
    params(("id" = ApplicationId, Path)),
    responses((status = 200, description = "The keys, newest first.", body = KeyList), Refused, Missing)
)]
async fn list_all(
    ctx: Allowed<ReadApplications>,
    Path(id): Path<ApplicationId>,
) -> Result<Json<KeyList>> {
    let mut tx = ctx.begin().await?;
    let application = applications::get(&mut tx, &ctx, id).await?;
    let keys = list(&mut tx, application.id).await?;
    Ok(Json(KeyList {
        data: keys
            .into_iter()
            .map(|key| KeyBody::new(key, ctx.now()))
            .collect(),
    }))
}

/// Answers with a new key: its secret goes out now and is kept nowhere, the record of the idempotency key included.
fn shown_once(ctx: &Ctx, new: NewKey) -> Answer {
    let kept = NewKeyBody {
        key: KeyBody::new(new.key, ctx.now()),
        secret: None,
    };
    let shown = NewKeyBody {
        secret: Some(new.text.as_str().to_owned()),
        ..kept.clone()
    };
    Answer::created(&shown)
        .kept_as(&kept)
        .with(header::CACHE_CONTROL, "no-store")
}

/// Create a key
///
/// The answer has the key itself, once. Owners of the workspace get a mail.
#[utoipa::path(
    post, path = "/api/v1/workspace/applications/{id}/keys", operation_id = "workspace.api_keys.create", tag = "Applications",
    request_body = KeyCreate,
    params(
        ("id" = ApplicationId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same answer without the secret, for 24 hours.")
    ),
    responses((status = 201, description = "The key.", body = NewKeyBody), Refused, Missing, Conflict, Invalid)
)]
async fn create(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
    key: IdempotencyKey,
    Json(body): Json<KeyCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let env = match body.env.as_deref() {
            None => Env::Live,
            Some(name) => Env::parse(name)
                .ok_or_else(|| FieldError::new("env", "invalid", "Choose live or test."))?,
        };
        let input = KeyInput {
            name: body.name,
            env,
            scopes: body.scopes,
            allowed_cidrs: body.allowed_cidrs,
            rate_limit_per_min: body.rate_limit_per_min,
            expires_at: body.expires_at,
        };
        let new = access.create_key(tx, &ctx, id, input).await?;
        Ok(shown_once(&ctx, new))
    })
    .await
}

/// Rotate a key
///
/// Makes a key that may do the same. The former goes on for a while, so that programs can be moved one by one.
#[utoipa::path(
    post, path = "/api/v1/workspace/applications/{id}/keys/{key}/rotate", operation_id = "workspace.api_keys.rotate",
    tag = "Applications", request_body = KeyRotate,
    params(
        ("id" = ApplicationId, Path), ("key" = ApiKeyId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same answer without the secret, for 24 hours.")
    ),
    responses((status = 201, description = "The new key.", body = NewKeyBody), Refused, Missing, Conflict, Invalid)
)]
async fn rotate(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path((id, former)): Path<(ApplicationId, ApiKeyId)>,
    key: IdempotencyKey,
    Json(body): Json<KeyRotate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let overlap = body.overlap_hours.unwrap_or(DEFAULT_OVERLAP);
        let new = access.rotate_key(tx, &ctx, id, former, overlap).await?;
        Ok(shown_once(&ctx, new))
    })
    .await
}

/// Revoke a key
///
/// It ends at once, with the tokens made from it. A key that has ended stays as it is.
#[utoipa::path(
    post, path = "/api/v1/workspace/applications/{id}/keys/{key}/revoke", operation_id = "workspace.api_keys.revoke",
    tag = "Applications", request_body = KeyRevoke,
    params(
        ("id" = ApplicationId, Path), ("key" = ApiKeyId, Path),
        IdempotencyKey
    ),
    responses((status = 200, description = "The key.", body = KeyBody), Refused, Missing, Conflict, Invalid)
)]
async fn revoke(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path((id, revoked)): Path<(ApplicationId, ApiKeyId)>,
    key: IdempotencyKey,
    Json(body): Json<KeyRevoke>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let reason = body.reason.unwrap_or_default();
        access.revoke_key(tx, &ctx, id, revoked, reason).await?;
        let body = KeyBody::new(get(tx, id, revoked).await?, ctx.now());
        Ok(Answer::ok(&body))
    })
    .await
}
