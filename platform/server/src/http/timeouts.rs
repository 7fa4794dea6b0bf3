//! How long a request may take until its answer begins: longer when it brings a file.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::settings::Http;

/// The limits.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    request: Duration,
    upload: Duration,
}

impl Timeouts {
    /// The limits that the settings name.
    #[must_use]
    pub fn of(http: &Http) -> Self {
        Self {
            request: http.request_timeout(),
            upload: http.upload_timeout(),
        }
    }
}

/// Answers 504 to a request that takes longer.
pub async fn limit(State(timeouts): State<Timeouts>, request: Request, next: Next) -> Response {
    let limit = if files::is_upload(request.method(), request.uri().path()) {
        timeouts.upload
    } else {
        timeouts.request
    };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}
