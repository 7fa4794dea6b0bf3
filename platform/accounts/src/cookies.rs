//! The cookie that carries a session.
//!
//! It belongs to one host: no `Domain`, and over https the `__Host-` prefix, so that a page on a sibling subdomain,
//! where tenants publish what they like, can neither read nor plant it.

use http::{HeaderMap, HeaderValue, header};

use crate::sessions::{SessionKind, SessionToken};

/// Name of the cookie.
#[must_use]
pub const fn name(secure: bool) -> &'static str {
    name_of(SessionKind::Person, secure)
}

/// Name of the cookie of a kind of session. That of the console has one of its own, so that neither is ever taken for
/// the other.
#[must_use]
pub const fn name_of(kind: SessionKind, secure: bool) -> &'static str {
    match (kind, secure) {
        (SessionKind::Person, true) => "__Host-sid",
        (SessionKind::Person, false) => "sid",
        (SessionKind::Operator, true) => "__Host-osid",
        (SessionKind::Operator, false) => "osid",
    }
}

/// The token that a request carries; `secure` is whether everything is served over https.
#[must_use]
pub fn read(headers: &HeaderMap, secure: bool) -> Option<SessionToken> {
    read_of(SessionKind::Person, headers, secure)
}

/// The token of a kind of session that a request carries.
#[must_use]
pub fn read_of(kind: SessionKind, headers: &HeaderMap, secure: bool) -> Option<SessionToken> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name_of(kind, secure))
        .find_map(|(_, value)| SessionToken::parse(value))
}

/// The `Set-Cookie` header that hands out a session.
#[must_use]
pub fn set(token: &SessionToken, secure: bool) -> HeaderValue {
    set_of(SessionKind::Person, token, secure)
}

/// The `Set-Cookie` header that hands out a session of a kind.
#[must_use]
pub fn set_of(kind: SessionKind, token: &SessionToken, secure: bool) -> HeaderValue {
    header_value(kind, token.as_str(), kind.absolute().as_secs(), secure)
}

/// The `Set-Cookie` header that takes it back.
#[must_use]
pub fn clear(secure: bool) -> HeaderValue {
    clear_of(SessionKind::Person, secure)
}

/// The `Set-Cookie` header that takes a session of a kind back.
#[must_use]
pub fn clear_of(kind: SessionKind, secure: bool) -> HeaderValue {
    header_value(kind, "", 0, secure)
}

fn header_value(kind: SessionKind, value: &str, max_age: u64, secure: bool) -> HeaderValue {
    let name = name_of(kind, secure);
    let transport = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{transport}");
    HeaderValue::try_from(text).expect("names and base64url are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn token() -> SessionToken {
        SessionToken::parse(Secret::generate().as_str()).unwrap()
    }

    fn request(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::try_from(cookie).unwrap());
        headers
    }

    #[test]
    fn over_https_the_cookie_is_bound_to_the_host() {
        let token = token();
        let text = set(&token, true).to_str().unwrap().to_owned();
        assert_eq!(
            text,
            format!(
                "__Host-sid={}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure",
                token.as_str()
            )
        );
        assert!(!text.contains("Domain"));
    }

    #[test]
    fn over_http_the_cookie_has_no_prefix_that_browsers_would_refuse() {
        let text = set(&token(), false).to_str().unwrap().to_owned();
        assert!(text.starts_with("sid="));
        assert!(!text.contains("Secure") && text.contains("HttpOnly; SameSite=Lax"));
    }

    #[test]
    fn a_cookie_planted_without_the_prefix_is_not_read() {
        let (ours, planted) = (token(), token());
        let both = format!("sid={}; __Host-sid={}", planted.as_str(), ours.as_str());
        assert_eq!(read(&request(&both), true), Some(ours));
        let only = format!("sid={}", planted.as_str());
        assert_eq!(read(&request(&only), true), None);
    }

    #[test]
    fn the_cookie_of_the_console_is_another_one_and_ends_sooner() {
        let token = token();
        let text = set_of(SessionKind::Operator, &token, true);
        let text = text.to_str().unwrap();
        assert!(text.starts_with("__Host-osid="), "{text}");
        assert!(text.contains("Max-Age=43200;"), "{text}");
        let carried = request(&format!("__Host-osid={}", token.as_str()));
        assert_eq!(read(&carried, true), None);
        assert_eq!(read_of(SessionKind::Operator, &carried, true), Some(token));
    }

    #[test]
    fn what_is_no_token_is_no_session() {
        for cookie in ["sid=", "sid=abc", "other=1", "sid", ""] {
            assert_eq!(read(&request(cookie), false), None, "{cookie:?}");
        }
    }

    #[test]
    fn the_cleared_cookie_ends_at_once() {
        let text = clear(true).to_str().unwrap().to_owned();
        assert!(text.starts_with("__Host-sid=; Path=/; Max-Age=0;"));
    }
}
