//! What operations have in common: tags of revisions and described problems.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use kernel::{Error, Result};
use module::{IfMatch, Problem, etag};
use serde::Serialize;

/// Answers with a body and the tag of its revision.
pub(super) fn tagged(rev: i64, body: &impl Serialize) -> Result<Response> {
    let mut response = axum::Json(serde_json::to_value(body)?).into_response();
    let answer = response.headers_mut();
    answer.insert(
        header::ETAG,
        HeaderValue::try_from(etag(rev)).map_err(Error::internal)?,
    );
    answer.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// The revision that an action is based on, when the client says so.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    match IfMatch::read(headers) {
        Ok(IfMatch(rev)) => Ok(Some(rev)),
        Err(Error::PreconditionRequired) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Why any operation may be refused.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes answers and is never made")]
pub enum Refused {
    /// The request cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// Nobody is signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// The workspace's subscription does not allow it.
    #[response(status = 402, content_type = "application/problem+json")]
    SubscriptionRequired(Problem),
    /// The permission is missing.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// A fault of ours; nothing has happened.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// The server is busy; nothing has happened.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// There is no such thing.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes an answer and is never made")]
#[response(status = 404, content_type = "application/problem+json")]
pub struct Missing(pub Problem);

/// The input breaks rules; `errors` names each field that does.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes an answer and is never made")]
#[response(status = 422, content_type = "application/problem+json")]
pub struct Invalid(pub Problem);

/// The state of the subscription forbids it; `code` says why.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes an answer and is never made")]
#[response(status = 409, content_type = "application/problem+json")]
pub struct Conflict(pub Problem);

/// It has changed since the revision that `If-Match` names.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes an answer and is never made")]
#[response(status = 412, content_type = "application/problem+json")]
pub struct Changed(pub Problem);

/// `If-Match` is missing.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes an answer and is never made")]
#[response(status = 428, content_type = "application/problem+json")]
pub struct Unconditional(pub Problem);
