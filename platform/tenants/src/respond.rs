//! Answers that several slices give.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue};
use kernel::{Timestamp, Zone};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

const FLASH: HeaderName = HeaderName::from_static("x-flash");
const FLASH_UNDO: HeaderName = HeaderName::from_static("x-flash-undo");

/// After a form was done: to `path` (303), where a toast says what happened.
pub(crate) fn done(path: &str, text: &str) -> Response {
    let mut response = Redirect::to(path).into_response();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().insert(FLASH, value);
    }
    response
}

/// As [`done`], with a button that takes it back by a POST to `undo`.
pub(crate) fn undoable(path: &str, text: &str, undo: &str) -> Response {
    let mut response = done(path, text);
    if let Ok(value) = HeaderValue::try_from(undo) {
        response.headers_mut().insert(FLASH_UNDO, value);
    }
    response
}

/// A value for the query of an address.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A day and time as the tenant's wall clock shows it: `3 Mar 2026, 14:05`.
pub(crate) fn moment(at: Timestamp, zone: &Zone) -> String {
    at.in_zone(zone).strftime("%-d %b %Y, %H:%M").to_string()
}

/// A day as the tenant's calendar shows it: `3 Mar 2026`.
pub(crate) fn day(at: Timestamp, zone: &Zone) -> String {
    at.in_zone(zone).strftime("%-d %b %Y").to_string()
}

/// The end of a day of the tenant's calendar, as a date field names it; `None` when it names none.
pub(crate) fn after_day(day: &str, zone: &Zone) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.parse().ok()?;
    let end = day.tomorrow().ok()?.to_zoned(zone.as_jiff().clone()).ok()?;
    Some(Timestamp::new(end.timestamp()))
}

/// The word with a capital letter first.
pub(crate) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A path on the same host, for going on after something; anything else becomes `otherwise`.
///
/// `//host` and `/\host` lead elsewhere in browsers, control characters may hide either.
pub(crate) fn local_path<'a>(path: Option<&'a str>, otherwise: &'a str) -> &'a str {
    path.filter(|path| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.starts_with("/\\")
            && path.len() <= 2_000
            && path
                .bytes()
                .all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\')
    })
    .unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_same_host_are_followed() {
        for good in ["/app", "/app/people?q=a%20b", "/"] {
            assert_eq!(local_path(Some(good), "/x"), good);
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "app",
            "",
            "/a\nb",
            "/a b",
            "/\t/evil.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(local_path(Some(bad), "/x"), "/x", "{bad:?}");
        }
        assert_eq!(local_path(None, "/x"), "/x");
    }

    #[test]
    fn times_are_shown_in_the_tenants_zone() {
        let at = "2026-03-01T23:30:00Z".parse().unwrap();
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(moment(at, &berlin), "2 Mar 2026, 00:30");
        assert_eq!(day(at, &Zone::UTC), "1 Mar 2026");
    }

    #[test]
    fn a_last_day_ends_with_its_night() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let end = after_day("2026-03-28", &berlin).unwrap();
        assert_eq!(end.to_string(), "2026-03-28T23:00:00Z");
        for wrong in ["", "28.3.2026", "2026-02-30"] {
            assert!(after_day(wrong, &berlin).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_toast_survives_the_header() {
        let response = undoable("/app/people", "Åsa was removed.", "/app/people/x/restore");
        assert_eq!(response.headers()["x-flash"], "%C3%85sa%20was%20removed%2E");
        assert_eq!(response.headers()["x-flash-undo"], "/app/people/x/restore");
        assert_eq!(response.status(), 303);
    }
}
