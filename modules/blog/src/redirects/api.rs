//! Operations on redirects: `/api/v1/blog/redirects`.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use kernel::{Error, FieldError, PageRequest, Timestamp};
use module::extract::{Json, Path, Query};
use module::{Allowed, Answer, IdempotencyKey, IfMatch, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::import::{self, Effect};
use super::{
    Kind, QueryRule, Redirect, RedirectId, RedirectInput, create, delete, find, get, list, restore,
    update,
};
use crate::manifest::ManageRedirects;
use crate::respond::{Conflict, Invalid, Missing, Refused, Stale, tagged};

pub(crate) fn routes() -> Routes {
    module::operations!(
        Routes::new(),
        list_redirects,
        create_redirect,
        import_redirects,
        try_path,
        read,
        change,
        delete_redirect,
        restore_redirect,
    )
}

/// A redirect.
#[derive(Debug, Serialize, ToSchema)]
struct RedirectBody {
    /// Its id.
    id: RedirectId,
    /// Counts changes; its `ETag`, for `If-Match`.
    rev: i64,
    /// What it leads from.
    kind: Kind,
    /// The path in its one spelling, or the pattern.
    source: String,
    /// A path or an absolute address; null where a path is gone for good.
    target: Option<String>,
    /// 301, 302, 307, 308 or 410.
    status: i16,
    /// What becomes of a query that comes along.
    query: QueryRule,
    /// Patterns with a lower number are tried first.
    position: i32,
    /// Whether it is in use.
    enabled: bool,
    /// How often it was used, as far as that is written: nodes write it every ten seconds.
    hits: i64,
    /// When it was last used.
    last_hit_at: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// Its last change.
    updated_at: Timestamp,
}

impl From<Redirect> for RedirectBody {
    fn from(redirect: Redirect) -> Self {
        Self {
            id: redirect.id,
            rev: redirect.rev,
            kind: redirect.kind,
            source: redirect.source,
            target: redirect.target,
            status: redirect.status,
            query: redirect.query,
            position: redirect.position,
            enabled: redirect.enabled,
            hits: redirect.hits,
            last_hit_at: redirect.last_hit_at,
            created_at: redirect.created_at,
            updated_at: redirect.updated_at,
        }
    }
}

/// One part of a list of redirects.
#[derive(Debug, Serialize, ToSchema)]
struct RedirectList {
    /// The redirects, newest first.
    data: Vec<RedirectBody>,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which redirects.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most redirects to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// A part of the source or target.
    q: Option<String>,
}

/// What is said of a redirect.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RedirectCreate {
    /// What it leads from; left out: one path.
    #[serde(default)]
    kind: Kind,
    /// A path, or a pattern that begins with `^/`.
    source: String,
    /// A path or an absolute address, where `$1` to `$9` stand for the groups of a pattern. Left out with status 410.
    #[serde(default)]
    target: Option<String>,
    /// 301, 302, 307, 308 or 410; left out: 301.
    #[serde(default)]
    status: Option<i16>,
    /// What becomes of a query that comes along; left out: it is dropped.
    #[serde(default)]
    query: QueryRule,
    /// Patterns with a lower number are tried first; left out: 1.
    #[serde(default)]
    position: Option<i32>,
    /// Whether it is in use; left out: it is.
    #[serde(default)]
    enabled: Option<bool>,
}

/// What changes in a redirect; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RedirectPatch {
    /// What it leads from.
    kind: Option<Kind>,
    /// A path, or a pattern that begins with `^/`.
    source: Option<String>,
    /// A path or an absolute address; of no meaning with status 410.
    target: Option<String>,
    /// 301, 302, 307, 308 or 410.
    status: Option<i16>,
    /// What becomes of a query that comes along.
    query: Option<QueryRule>,
    /// Patterns with a lower number are tried first.
    position: Option<i32>,
    /// Whether it is in use.
    enabled: Option<bool>,
}

/// A file of redirects.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RedirectImport {
    /// Comma-separated values, at most 1,000 lines; the first names the columns
    /// `from,to,status,query,kind,enabled,position`, of which only `from` is needed. What a line leaves out stays as it is.
    csv: String,
    /// Whether only to say what each line would do; left out: the lines are taken, if all of them can be.
    #[serde(default)]
    dry_run: bool,
}

/// What a line of a file does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EffectBody {
    /// It adds a redirect.
    Adds,
    /// It changes the one from there.
    Changes,
    /// It says what is so already.
    Same,
    /// It breaks rules.
    Refused,
}

/// A line of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RedirectLine)]
struct LineBody {
    /// Its number, from 1; the heading is the first.
    line: u64,
    /// What it leads from, as it was written.
    from: String,
    /// What it does.
    effect: EffectBody,
    /// Why it cannot be taken.
    errors: Vec<String>,
}

/// What a file does.
#[derive(Debug, Serialize, ToSchema)]
struct ImportBody {
    /// Whether its lines hold now.
    applied: bool,
    /// Its lines.
    lines: Vec<LineBody>,
}

/// Which path to try.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TryQuery {
    /// A path of the website, with or without a query.
    path: String,
}

/// What a redirect makes of a path.
#[derive(Debug, Serialize, ToSchema)]
struct TriedBody {
    /// The redirect that applies where there is no page at the path; null: none does.
    redirect: Option<RedirectBody>,
    /// Where it leads; null when none applies, or when the path is gone for good.
    location: Option<String>,
}

/// List redirects
#[utoipa::path(
    get, path = "/redirects", operation_id = "blog.redirects.list", tag = "Redirects", params(ListQuery),
    responses((status = 200, description = "The redirects, newest first.", body = RedirectList), Refused)
)]
async fn list_redirects(
    ctx: Allowed<ManageRedirects>,
    Query(query): Query<ListQuery>,
) -> Result<Json<RedirectList>> {
    let page = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let redirects = list(&mut tx, query.q.as_deref(), page).await?;
    Ok(Json(RedirectList {
        data: redirects
            .items
            .into_iter()
            .map(RedirectBody::from)
            .collect(),
        next_cursor: redirects.next,
    }))
}

/// Create a redirect
///
/// Chains are cut short: a target that is itself led on is replaced by where that leads.
#[utoipa::path(
    post, path = "/redirects", operation_id = "blog.redirects.create", tag = "Redirects", request_body = RedirectCreate,
    params(IdempotencyKey),
    responses(
        (status = 201, description = "The redirect.", body = RedirectBody,
         headers(("ETag" = String, description = "Its revision."), ("Location" = String, description = "Where it is."))),
        Refused, Conflict, Invalid
    )
)]
async fn create_redirect(
    ctx: Allowed<ManageRedirects>,
    key: IdempotencyKey,
    Json(body): Json<RedirectCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let blank = RedirectInput::default();
        let input = RedirectInput {
            kind: body.kind,
            source: body.source,
            target: body.target.unwrap_or_default(),
            status: body.status.unwrap_or(blank.status),
            query: body.query,
            position: body.position.unwrap_or(blank.position),
            enabled: body.enabled.unwrap_or(blank.enabled),
        };
        let redirect = RedirectBody::from(create(tx, &ctx, &input).await?);
        Ok(Answer::created(&redirect)
            .tagged(redirect.rev)
            .at(format!("/api/v1/blog/redirects/{}", redirect.id)))
    })
    .await
}

/// Import redirects from a file
///
/// All of its lines are taken, or none.
#[utoipa::path(
    post, path = "/redirects/import", operation_id = "blog.redirects.import", tag = "Redirects", request_body = RedirectImport,
    params(IdempotencyKey),
    responses((status = 200, description = "What each line does.", body = ImportBody), Refused, Conflict, Invalid)
)]
async fn import_redirects(
    ctx: Allowed<ManageRedirects>,
    key: IdempotencyKey,
    Json(body): Json<RedirectImport>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let lines = import::import(tx, &ctx, &body.csv).await?;
        let refused = lines
            .iter()
            .any(|line| matches!(line.effect, Effect::Refused(_)));
        let applied = !body.dry_run && !refused;
        let lines = lines
            .into_iter()
            .map(|line| {
                let (effect, errors) = match line.effect {
                    Effect::Adds => (EffectBody::Adds, Vec::new()),
                    Effect::Changes => (EffectBody::Changes, Vec::new()),
                    Effect::Same => (EffectBody::Same, Vec::new()),
                    Effect::Refused(errors) => (EffectBody::Refused, messages(&errors)),
                };
                LineBody {
                    line: line.number,
                    from: line.from,
                    effect,
                    errors,
                }
            })
            .collect();
        let body = ImportBody { applied, lines };
        let answer = Answer::ok(&body);
        Ok(if applied { answer } else { answer.taken_back() })
    })
    .await
}

fn messages(errors: &[FieldError]) -> Vec<String> {
    errors
        .iter()
        .map(|error| error.message.to_string())
        .collect()
}

/// Try what a path leads to
#[utoipa::path(
    get, path = "/redirects/try", operation_id = "blog.redirects.try", tag = "Redirects", params(TryQuery),
    responses((status = 200, description = "What applies.", body = TriedBody), Refused)
)]
async fn try_path(
    ctx: Allowed<ManageRedirects>,
    Query(query): Query<TryQuery>,
) -> Result<Json<TriedBody>> {
    if !query.path.starts_with('/') {
        return Err(Error::bad_request("invalid_query", "A path begins with a slash.").into());
    }
    let mut tx = ctx.begin().await?;
    let found = find::find(&mut tx, &query.path, &ctx.link("")).await?;
    Ok(Json(match found {
        Some(found) => TriedBody {
            redirect: Some(found.redirect.into()),
            location: found.location,
        },
        None => TriedBody {
            redirect: None,
            location: None,
        },
    }))
}

/// Read a redirect
#[utoipa::path(
    get, path = "/redirects/{id}", operation_id = "blog.redirects.read", tag = "Redirects", params(("id" = RedirectId, Path)),
    responses((status = 200, description = "The redirect.", body = RedirectBody, headers(("ETag" = String, description = "Its revision."))), Refused, Missing)
)]
async fn read(ctx: Allowed<ManageRedirects>, Path(id): Path<RedirectId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let redirect = get(&mut tx, id).await?;
    // Its uses are counted without the revision, so there is no 304.
    Ok(tagged(
        &HeaderMap::new(),
        redirect.rev,
        &RedirectBody::from(redirect),
    )?)
}

/// Change a redirect
#[utoipa::path(
    patch, path = "/redirects/{id}", operation_id = "blog.redirects.update", tag = "Redirects", request_body = RedirectPatch,
    params(("id" = RedirectId, Path), IfMatch),
    responses(
        (status = 200, description = "The redirect.", body = RedirectBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<ManageRedirects>,
    Path(id): Path<RedirectId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<RedirectPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let before = get(&mut tx, id).await?;
    let input = RedirectInput {
        kind: body.kind.unwrap_or(before.kind),
        source: body.source.unwrap_or(before.source),
        target: body.target.or(before.target).unwrap_or_default(),
        status: body.status.unwrap_or(before.status),
        query: body.query.unwrap_or(before.query),
        position: body.position.unwrap_or(before.position),
        enabled: body.enabled.unwrap_or(before.enabled),
    };
    let redirect = update(&mut tx, &ctx, id, Some(rev), &input).await?;
    tx.commit().await?;
    Ok(tagged(
        &HeaderMap::new(),
        redirect.rev,
        &RedirectBody::from(redirect),
    )?)
}

/// Delete a redirect
///
/// For 30 days it can be restored.
#[utoipa::path(
    delete, path = "/redirects/{id}", operation_id = "blog.redirects.delete", tag = "Redirects",
    params(("id" = RedirectId, Path), IfMatch),
    responses((status = 204, description = "It is deleted."), Refused, Missing, Stale)
)]
async fn delete_redirect(
    ctx: Allowed<ManageRedirects>,
    Path(id): Path<RedirectId>,
    IfMatch(rev): IfMatch,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    delete(&mut tx, &ctx, id, Some(rev)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a deleted redirect
///
/// Another that leads on from the same place by now stands in its way, and so does what would close a circle.
#[utoipa::path(
    post, path = "/redirects/{id}/restore", operation_id = "blog.redirects.restore", tag = "Redirects",
    params(("id" = RedirectId, Path), IdempotencyKey),
    responses((status = 200, description = "The redirect.", body = RedirectBody), Refused, Missing, Conflict, Invalid)
)]
async fn restore_redirect(
    ctx: Allowed<ManageRedirects>,
    Path(id): Path<RedirectId>,
    key: IdempotencyKey,
) -> Result<Response> {
    key.once(&ctx, (), async |tx, ()| {
        let body = RedirectBody::from(restore(tx, &ctx, id).await?);
        Ok(Answer::ok(&body))
    })
    .await
}
