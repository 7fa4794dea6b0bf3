//! Where visitors are sent on to when nothing else answers.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};
use kernel::Error;
use module::{Ctx, Failure, Lost, Slots};

/// How long one source may think. Generous: who has moved should be found on a busy day too, since a search engine
/// forgets what it is told is not there.
const PATIENCE: Duration = Duration::from_secs(2);
/// Addresses that no visitor comes to by an old link.
const NOT_FOR_VISITORS: [&str; 5] = ["/app", "/api", "/auth", "/portal", "/hooks"];

/// What the modules know of an address at which there is no page; `None`: nothing.
pub(super) async fn answer(slots: &Slots, ctx: &Ctx) -> Option<Response> {
    let request = ctx.request();
    let asked = matches!(request.method, Method::GET | Method::HEAD);
    if !asked || !is_for_visitors(&request.path) {
        return None;
    }
    for source in &slots.lost {
        match tokio::time::timeout(PATIENCE, source(ctx)).await {
            Ok(Ok(Some(lost))) => return respond(lost),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a source of redirects failed"),
            Err(_) => tracing::warn!(patience = ?PATIENCE, "a source of redirects took too long"),
        }
    }
    None
}

fn respond(lost: Lost) -> Option<Response> {
    match lost {
        Lost::Moved { location, status } => {
            let headers = [
                (header::LOCATION, HeaderValue::try_from(location).ok()?),
                // Redirects change: nobody keeps one for long, permanent or not.
                (
                    header::CACHE_CONTROL,
                    HeaderValue::from_static("public, max-age=60"),
                ),
            ];
            Some((status, headers).into_response())
        }
        Lost::Gone => {
            let gone = Error::Gone("This page is gone for good.".into());
            Some(Failure::from(gone).into_response())
        }
    }
}

fn is_for_visitors(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    !path.starts_with("/_")
        && !NOT_FOR_VISITORS.iter().any(|root| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staff_and_programs_are_told_the_truth() {
        for path in [
            "/app",
            "/app/blog/nothing",
            "/api/v1/x?y=/blog",
            "/_a/x",
            "/auth/start",
        ] {
            assert!(!is_for_visitors(path), "{path}");
        }
        for path in ["/", "/apples", "/blog/old", "/old?x=/app"] {
            assert!(is_for_visitors(path), "{path}");
        }
    }
}
