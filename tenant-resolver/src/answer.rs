//! Answers given before it is known whose pages to show: small, self-contained, and alike for everybody.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, PreEscaped, html};

use crate::host::HostError;

/// How long a suspended tenant's visitors should wait before they ask again, in seconds.
const SUSPENDED_RETRY: u64 = 3_600;
/// How long to wait when the directory does not answer, in seconds.
const UNAVAILABLE_RETRY: u64 = 2;

const STYLE: &str = "body{margin:0;min-height:100dvh;display:grid;place-content:center;padding:24px;box-sizing:border-box;font:16px/1.5 system-ui,sans-serif;color-scheme:light dark;\
background:light-dark(#f7f7f8,#101012);color:light-dark(#18181b,#eeeef1)}\
main{display:grid;gap:8px}\
h1{margin:0;font-size:24px;line-height:32px;font-weight:600}\
p{margin:0;max-width:56ch;color:light-dark(#4d4d57,#b4b4be)}";

struct Answer {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: &'static str,
}

/// 400: the host cannot be read.
pub(crate) fn bad_host(headers: &HeaderMap, path: &str, error: HostError) -> Response {
    tracing::debug!(error = %error, "refused a request whose host cannot be read");
    Answer {
        status: StatusCode::BAD_REQUEST,
        code: "bad_host",
        title: "This address cannot be read",
        detail: "Check the address for typing mistakes and try again.",
    }
    .respond(headers, path)
}

/// 404: nobody's. The same bytes for a name never taken, a tenant not confirmed yet and one that is gone.
pub(crate) fn unknown(headers: &HeaderMap, path: &str) -> Response {
    Answer {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        title: "There is nothing at this address",
        detail: "Check the address for typing mistakes, or ask whoever gave it to you.",
    }
    .respond(headers, path)
}

/// 503: stopped by an operator.
pub(crate) fn suspended(headers: &HeaderMap, path: &str) -> Response {
    let answer = Answer {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "suspended",
        title: "This workspace is paused",
        detail: "Please come back later. If you run it, sign in and open Billing to see what is needed.",
    };
    retry(answer.respond(headers, path), SUSPENDED_RETRY)
}

/// 503: who lives here cannot be found out at the moment.
pub(crate) fn unavailable(headers: &HeaderMap, path: &str) -> Response {
    let answer = Answer {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        title: "This page cannot be shown right now",
        detail: "Wait a moment and load it again.",
    };
    retry(answer.respond(headers, path), UNAVAILABLE_RETRY)
}

/// 421: moved, and what was sent must not be sent twice by itself.
pub(crate) fn misdirected(headers: &HeaderMap, path: &str) -> Response {
    Answer {
        status: StatusCode::MISDIRECTED_REQUEST,
        code: "moved",
        title: "This workspace has a new address",
        detail: "Nothing was changed. Open the new address and do it again there.",
    }
    .respond(headers, path)
}

/// 308: moved. Not stored: an old address may belong to somebody else one day.
pub(crate) fn moved(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::PERMANENT_REDIRECT, headers).into_response()
}

fn retry(mut response: Response, seconds: u64) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

impl Answer {
    fn respond(&self, headers: &HeaderMap, path: &str) -> Response {
        let (kind, body) = if wants_json(headers, path) {
            ("application/problem+json", self.problem())
        } else {
            ("text/html; charset=utf-8", self.page())
        };
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "accept"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            (header::HeaderName::from_static("x-robots-tag"), "noindex"),
        ];
        (self.status, headers, body).into_response()
    }

    fn page(&self) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { (self.title) }
                        p { (self.detail) }
                    }
                }
            }
        }
        .into_string()
    }

    fn problem(&self) -> String {
        serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": format!("{}. {}", self.title, self.detail),
        })
        .to_string()
    }
}

/// Whether the client would rather have JSON than a page.
fn wants_json(headers: &HeaderMap, path: &str) -> bool {
    under(path, "/api")
        || headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"))
}

/// Whether a path is `root`, or stands below it.
pub(crate) fn under(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
