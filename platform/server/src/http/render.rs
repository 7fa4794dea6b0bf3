//! From what a handler returned to what the client gets: documents, regions, error pages, redirects.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::Error;
use module::{Failure, conditional, wants_json};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ui::{Frame, Page, Rendered, shell};

use super::{Front, flash, frames};
use crate::http::visit::{Visit, Where};

/// Finishes a response.
pub async fn finish(
    front: &Front,
    visit: &Visit,
    asked: &HeaderMap,
    mut response: Response,
) -> Response {
    if let Some(failure) = response.extensions().get::<Failure>().cloned() {
        log(&failure, visit);
        if wants_json(&visit.facts.path, asked) {
            return response;
        }
        return refuse(front, visit, asked, &failure, response).await;
    }
    flash::keep(response.headers_mut(), front.secure());
    if asked.contains_key("x-region") && response.status().is_redirection() {
        return go(response);
    }
    if let Some(Rendered(page)) = response.extensions_mut().remove::<Rendered>() {
        return draw(front, visit, asked, &page, response).await;
    }
    if visit.signed_in() {
        // What somebody may see is nobody else's to keep, unless the handler knows better.
        response
            .headers_mut()
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("private, no-store"));
    }
    response
}

/// A script that asked for a region cannot follow a redirect without swallowing it: it is told where to go.
fn go(mut response: Response) -> Response {
    if let Some(location) = response.headers_mut().remove(header::LOCATION) {
        response.headers_mut().insert("x-go", location);
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

/// A page for a failure, or the way to the log-in.
async fn refuse(
    front: &Front,
    visit: &Visit,
    asked: &HeaderMap,
    failure: &Failure,
    failed: Response,
) -> Response {
    if matches!(failure.error(), Error::Unauthenticated) {
        return sign_in(visit);
    }
    let page = crate::pages::error::page(failure, &visit.facts.id, visit.reader());
    let mut response = failure.status().into_response();
    for name in [header::RETRY_AFTER, header::CACHE_CONTROL] {
        if let Some(value) = failed.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    draw(front, visit, asked, &page, response).await
}

fn sign_in(visit: &Visit) -> Response {
    let back = if visit.facts.is_safe() {
        visit.facts.path.as_str()
    } else if matches!(visit.place, Where::Ops(_)) {
        "/"
    } else {
        "/app"
    };
    let back = utf8_percent_encode(back, NON_ALPHANUMERIC);
    let to = match visit.ctx() {
        Some(_) => format!("/auth/start?next={back}"),
        None => format!("/login?next={back}"),
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(location) = HeaderValue::try_from(to) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn draw(
    front: &Front,
    visit: &Visit,
    asked: &HeaderMap,
    page: &Page,
    mut response: Response,
) -> Response {
    let mut frame = frames::frame(front, visit).await;
    frame.flash = flash::read(asked);
    if frame.flash.is_some() {
        flash::clear(response.headers_mut());
        // A message is for one person, once.
        response.headers_mut().remove(header::CACHE_CONTROL);
    }
    let markup = if asked.contains_key("x-region") {
        shell::region(&frame, page)
    } else {
        shell::document(&frame, page)
    };
    let headers = response.headers_mut();
    // The router counted the empty body that the page travelled with.
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    let keepable = headers.contains_key(header::CACHE_CONTROL);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-store"));
    headers.append(header::VARY, HeaderValue::from_static("x-region, cookie"));
    speculate(headers, &frame);
    let document = markup.into_string();
    // What a handler lets caches keep gets a tag, over the frame as well: a new build or brand is a new page. A date
    // would know nothing of those, so it does not decide here.
    if page.status == StatusCode::OK && visit.facts.is_safe() && keepable {
        headers.insert(header::ETAG, conditional::entity_tag(document.as_bytes()));
        if asked.contains_key(header::IF_NONE_MATCH) && conditional::is_current(asked, headers) {
            headers.remove(header::CONTENT_TYPE);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            return response;
        }
    }
    *response.body_mut() = Body::from(document);
    response
}

fn speculate(headers: &mut HeaderMap, frame: &Frame) {
    if let Ok(rules) = HeaderValue::try_from(shell::speculation_rules(frame)) {
        headers.insert("speculation-rules", rules);
    }
}

fn log(failure: &Failure, visit: &Visit) {
    match failure.error() {
        Error::Internal { source, location } => {
            tracing::error!(error = %source, %location, request = %visit.facts.id, path = %visit.facts.path, "a request failed");
        }
        Error::Unavailable(what) => {
            tracing::error!(what, request = %visit.facts.id, "a request met something unavailable");
        }
        _ => {}
    }
}
