//! What operations of the API have in common: conditional answers and described problems.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Error, Result};
use module::{Problem, etag, etag_with};
use serde::Serialize;

pub(crate) use module::problems::{Conflict, Invalid, Missing, Refused, Stale};

/// Answers with a body and the tag of its revision, or with 304 when the client has that already.
pub(crate) fn tagged(headers: &HeaderMap, rev: i64, body: &impl Serialize) -> Result<Response> {
    conditional(headers, etag(rev), body)
}

/// As [`tagged`], for a body that counts something besides, which moves without its revision.
pub(crate) fn tagged_with(
    headers: &HeaderMap,
    rev: i64,
    count: i64,
    body: &impl Serialize,
) -> Result<Response> {
    conditional(headers, etag_with(rev, count), body)
}

fn conditional(headers: &HeaderMap, tag: String, body: &impl Serialize) -> Result<Response> {
    let mut response = if has(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        axum::Json(serde_json::to_value(body)?).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(
        header::ETAG,
        HeaderValue::try_from(tag).map_err(Error::internal)?,
    );
    answer.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    Ok(response)
}

/// Whether `If-None-Match` names this tag (RFC 9110 13.1.2: compared without regard to weakness).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// It has changed since the revision that `If-Match` names.
#[derive(utoipa::IntoResponses)]
#[response(status = 412, content_type = "application/problem+json")]
pub struct Changed(pub Problem);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_it_is_told_so() {
        let status = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            tagged(&headers, 7, &"body").unwrap().status()
        };
        for same in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            assert_eq!(status(same), StatusCode::NOT_MODIFIED, "{same}");
        }
        for other in ["\"8\"", "7", "\"77\"", ""] {
            assert_eq!(status(other), StatusCode::OK, "{other}");
        }
    }
}
