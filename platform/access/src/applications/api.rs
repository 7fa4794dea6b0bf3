//! Operations on applications: `/api/v1/workspace/applications`.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::{Error, FieldError, PageRequest, Timestamp};
use module::extract::{Json, Path, Query};
use module::problems::{Conflict, Invalid, Missing, Refused, Stale};
use module::{Allowed, Answer, ApplicationId, IdempotencyKey, IfMatch, Result, Routes, etag};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Application, ApplicationInput, Status, get, list};
use crate::guards::{ManageApplications, ReadApplications};
use crate::{Access, usage};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list_all, create, read, change, usage_by_day)
}

/// An application.
#[derive(Debug, Serialize, ToSchema)]
struct ApplicationBody {
    /// Its id.
    id: ApplicationId,
    /// Counts changes; the `ETag` of the application, for `If-Match`.
    rev: i64,
    /// Key of the product whose operations it uses.
    product: String,
    /// Its name.
    name: String,
    /// Its name as programs write it.
    slug: String,
    /// `active`, or `disabled`: its keys are refused then.
    status: &'static str,
    /// Origins whose scripts may read answers.
    allowed_origins: Vec<String>,
    /// For how many seconds anybody may keep public content that it reads.
    cache_seconds: i32,
    /// Its keys that are in use.
    keys: i64,
    /// When one of its keys was last used, to the minute.
    last_used_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// Its last change.
    updated_at: Timestamp,
}

impl From<Application> for ApplicationBody {
    fn from(application: Application) -> Self {
        Self {
            id: application.id,
            rev: application.rev,
            product: application.product,
            name: application.name,
            slug: application.slug,
            status: application.status.as_str(),
            allowed_origins: application.allowed_origins,
            cache_seconds: application.cache_seconds,
            keys: application.keys,
            last_used_at: application.last_used_at,
            created_at: application.created_at,
            updated_at: application.updated_at,
        }
    }
}

/// One part of a list of applications.
#[derive(Debug, Serialize, ToSchema)]
struct ApplicationList {
    /// The applications, newest first.
    data: Vec<ApplicationBody>,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which applications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most applications to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
}

/// A new application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationCreate {
    /// Key of the product whose operations it will use, such as `blog`.
    product: String,
    /// Its name, at most 80 characters.
    name: String,
    /// Origins whose scripts may read answers, such as `https://shop.example` or `https://*.shop.example`.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// For how many seconds anybody may keep public content that it reads; left out: 60.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 86400)]
    cache_seconds: Option<i32>,
}

/// What changes in an application; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationPatch {
    /// Its name, at most 80 characters.
    name: Option<String>,
    /// Origins whose scripts may read answers, all of them.
    allowed_origins: Option<Vec<String>>,
    /// For how many seconds anybody may keep public content that it reads.
    #[schema(minimum = 0, maximum = 86400)]
    cache_seconds: Option<i32>,
    /// `active`, or `disabled`: its keys are refused then, at once.
    status: Option<String>,
}

/// One day of an application.
#[derive(Debug, Serialize, ToSchema)]
struct UsageDay {
    /// The day (UTC), as `2026-03-02`.
    day: String,
    /// Requests with keys of the application.
    requests: i64,
    /// Of these, refused because a limit was reached.
    refused: i64,
}

/// How often an application asked.
#[derive(Debug, Serialize, ToSchema)]
struct Usage {
    /// The last 30 days, the present one last.
    data: Vec<UsageDay>,
}

/// An application with its tag.
fn tagged(application: Application) -> Result<Response> {
    let tag = HeaderValue::try_from(etag(application.rev)).map_err(Error::internal)?;
    let mut response = Json(ApplicationBody::from(application)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    let private = HeaderValue::from_static("private, no-cache");
    headers.insert(header::CACHE_CONTROL, private);
    Ok(response)
}

/// List applications
#[utoipa::path(
    get, path = "/api/v1/workspace/applications", operation_id = "workspace.applications.list", tag = "Applications",
    params(ListQuery),
    responses((status = 200, description = "The applications, newest first.", body = ApplicationList), Refused)
)]
async fn list_all(
    ctx: Allowed<ReadApplications>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ApplicationList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let found = list(&mut tx, &ctx, page).await?.map(ApplicationBody::from);
    Ok(Json(ApplicationList {
        data: found.items,
        next_cursor: found.next,
    }))
}

/// Create an application
#[utoipa::path(
    post, path = "/api/v1/workspace/applications", operation_id = "workspace.applications.create", tag = "Applications",
    request_body = ApplicationCreate,
    params(IdempotencyKey),
    responses(
        (status = 201, description = "The application.", body = ApplicationBody,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        Refused, Conflict, Invalid
    )
)]
async fn create(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    key: IdempotencyKey,
    Json(body): Json<ApplicationCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let input = ApplicationInput {
            product: body.product,
            name: body.name,
            allowed_origins: body.allowed_origins,
            cache_seconds: body.cache_seconds,
        };
        let application = access.create_application(tx, &ctx, &input).await?;
        let application = ApplicationBody::from(application);
        Ok(Answer::created(&application)
            .tagged(application.rev)
            .at(format!("/api/v1/workspace/applications/{}", application.id)))
    })
    .await
}

/// Read an application
#[utoipa::path(
    get, path = "/api/v1/workspace/applications/{id}", operation_id = "workspace.applications.read", tag = "Applications",
    params(("id" = ApplicationId, Path)),
    responses(
        (status = 200, description = "The application.", body = ApplicationBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing
    )
)]
async fn read(ctx: Allowed<ReadApplications>, Path(id): Path<ApplicationId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    tagged(get(&mut tx, &ctx, id).await?)
}

/// Change an application
///
/// Holds at once on every key of it.
#[utoipa::path(
    patch, path = "/api/v1/workspace/applications/{id}", operation_id = "workspace.applications.update", tag = "Applications",
    request_body = ApplicationPatch,
    params(("id" = ApplicationId, Path), IfMatch),
    responses(
        (status = 200, description = "The application.", body = ApplicationBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<ApplicationPatch>,
) -> Result<Response> {
    let status = match body.status.as_deref().map(Status::parse) {
        Some(None) => {
            return Err(FieldError::new("status", "invalid", "Choose active or disabled.").into());
        }
        status => status.flatten(),
    };
    let mut tx = ctx.begin().await?;
    let present = get(&mut tx, &ctx, id).await?;
    let input = ApplicationInput {
        product: present.product,
        name: body.name.unwrap_or(present.name),
        allowed_origins: body.allowed_origins.unwrap_or(present.allowed_origins),
        cache_seconds: Some(body.cache_seconds.unwrap_or(present.cache_seconds)),
    };
    let mut application = access
        .update_application(&mut tx, &ctx, id, Some(rev), &input)
        .await?;
    if let Some(status) = status {
        application = access
            .set_application_status(&mut tx, &ctx, id, None, status)
            .await?;
    }
    tx.commit().await?;
    tagged(application)
}

/// Read how often an application asked
///
/// By day, for 30 days. What happened in the last minute may not be counted yet.
#[utoipa::path(
    get, path = "/api/v1/workspace/applications/{id}/usage", operation_id = "workspace.applications.usage", tag = "Applications",
    params(("id" = ApplicationId, Path)),
    responses((status = 200, description = "The days.", body = Usage), Refused, Missing)
)]
async fn usage_by_day(
    ctx: Allowed<ReadApplications>,
    Path(id): Path<ApplicationId>,
) -> Result<Json<Usage>> {
    let mut tx = ctx.begin().await?;
    let application = get(&mut tx, &ctx, id).await?;
    let days = usage::of_application(&mut tx, application.id, ctx.now()).await?;
    let data = days.into_iter().map(|day| UsageDay {
        day: day.day,
        requests: day.requests,
        refused: day.refused,
    });
    Ok(Json(Usage {
        data: data.collect(),
    }))
}
