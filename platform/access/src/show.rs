//! What the pages of this crate have in common.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue};
use kernel::{Timestamp, Zone};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// After a form was done: to `path` (303), where a toast says what happened.
pub(crate) fn done(path: &str, text: &str) -> Response {
    let mut response = Redirect::to(path).into_response();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    if let Ok(value) = HeaderValue::try_from(text) {
        let flash = HeaderName::from_static("x-flash");
        response.headers_mut().insert(flash, value);
    }
    response
}

/// As [`done`], with a button that takes it back by a POST to `undo`.
pub(crate) fn undoable(path: &str, text: &str, undo: &str) -> Response {
    let mut response = done(path, text);
    if let Ok(value) = HeaderValue::try_from(undo) {
        let flash = HeaderName::from_static("x-flash-undo");
        response.headers_mut().insert(flash, value);
    }
    response
}

/// A day and time as the tenant's wall clock shows it: `3 Mar 2026, 14:05`.
pub(crate) fn moment(at: Timestamp, zone: &Zone) -> String {
    at.in_zone(zone).strftime("%-d %b %Y, %H:%M").to_string()
}

/// The field of a form; empty when it was not sent.
pub(crate) fn first<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value)
}

/// Every value of a field that repeats.
pub(crate) fn many(form: &[(String, String)], name: &str) -> Vec<String> {
    form.iter()
        .filter(|(field, _)| field == name)
        .map(|(_, value)| value.clone())
        .collect()
}
