//! How errors become answers: the status of each is decided here, once.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Error, FieldError, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A handler's result.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error on its way out.
///
/// As a response it is a problem document (RFC 9457). The server's middleware replaces that by a
/// page when a browser asked for one; it finds the failure in the response's extensions.
#[derive(Clone, Debug)]
pub struct Failure(Arc<Error>);

impl Failure {
    /// The error.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0
    }

    /// The HTTP status that stands for the error.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match &*self.0 {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Gone(_) => StatusCode::GONE,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Error::Conflict { .. } => StatusCode::CONFLICT,
            Error::Unauthenticated | Error::InvalidKey => StatusCode::UNAUTHORIZED,
            Error::Forbidden(_)
            | Error::MissingScope { .. }
            | Error::ForeignNetwork
            | Error::CrossSite => StatusCode::FORBIDDEN,
            Error::SubscriptionRequired { .. } | Error::LimitReached { .. } => {
                StatusCode::PAYMENT_REQUIRED
            }
            Error::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable(_) | Error::OutOfService => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Self(Arc::new(error.into()))
    }
}

/// Where plans are chosen on every workspace's host, lapsed or not.
const RESUBSCRIBE: &str = "/app/billing/plans";

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: String,
    /// The status in numbers.
    pub status: u16,
    /// Stable code for programs.
    pub code: &'static str,
    /// Sentence for people.
    pub detail: String,
    /// The fields that break rules, if that is the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Module whose subscription is missing, if that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<&'static str>,
    /// What is allowed of it at present: `read_only` or `blocked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<&'static str>,
    /// Where it is subscribed to again, on the workspace's host, if that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resubscribe_url: Option<&'static str>,
    /// Until when it can be read, where that is all that is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_until: Option<Timestamp>,
    /// Scope that the key lacks, if that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        let status = failure.status();
        let error = failure.error();
        let (product, access, read_only_until) = match error {
            Error::SubscriptionRequired {
                module,
                access,
                read_only_until,
            } => (Some(*module), Some(access.as_str()), *read_only_until),
            _ => (None, None, None),
        };
        let scope = match error {
            Error::MissingScope { scope, .. } => *scope,
            _ => None,
        };
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: error.code(),
            detail: error.to_string(),
            errors: error.field_errors().to_vec(),
            product,
            access,
            resubscribe_url: product.map(|_| RESUBSCRIBE),
            read_only_until,
            scope,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(Problem::from(&self))).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let retry_after = match self.error() {
            Error::TooMany { retry_after } => Some(retry_after.as_secs().max(1)),
            Error::Unavailable(_) => Some(2),
            // Nobody can say when; search engines come back the next day and keep the page meanwhile.
            Error::OutOfService => Some(24 * 60 * 60),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let challenge = match self.error() {
            Error::Unauthenticated => Some("Session, Bearer"),
            Error::InvalidKey => Some("Bearer error=\"invalid_token\""),
            Error::MissingScope { .. } => Some("Bearer error=\"insufficient_scope\""),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Whether the client would rather have JSON than a page.
#[must_use]
pub fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    path.starts_with("/api/")
        || headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"))
}
