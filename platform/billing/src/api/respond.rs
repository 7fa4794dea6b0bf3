//! What operations have in common: tags of revisions, and problems besides those that all modules describe.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::{Error, Result};
use module::{Problem, etag};
use serde::Serialize;

pub(super) use module::problems::{Conflict, Invalid, Missing, Refused, Stale};

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

/// It has changed since the revision that `If-Match` names.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it describes an answer and is never made")]
#[response(status = 412, content_type = "application/problem+json")]
pub struct Changed(pub Problem);
