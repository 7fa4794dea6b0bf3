//! Conditional requests (RFC 9110, section 13): a client that holds the present answer is told so and gets no body.

use http::{HeaderMap, HeaderValue, header};
use jiff::fmt::rfc2822;
use kernel::Timestamp;
use sha2::{Digest, Sha256};

/// The strong entity tag of an answer: a hash of its bytes.
///
/// # Panics
/// Never: hexadecimal digits may stand in a header.
#[must_use]
pub fn entity_tag(body: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(body);
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in &hash[..16] {
        tag.push(char::from(HEX[usize::from(byte >> 4)]));
        tag.push(char::from(HEX[usize::from(byte & 15)]));
    }
    tag.push('"');
    HeaderValue::try_from(tag).expect("hexadecimal digits are visible ASCII")
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// An instant as `Last-Modified` has it, cut to the second.
///
/// # Panics
/// Never: a date may stand in a header.
#[must_use]
pub fn http_date(at: Timestamp) -> HeaderValue {
    let text = at.instant().strftime("%a, %d %b %Y %H:%M:%S GMT");
    HeaderValue::try_from(text.to_string()).expect("a date is visible ASCII")
}

/// Whether the client that asked holds the answer with these headers already.
///
/// `If-None-Match` decides when it was sent; otherwise `If-Modified-Since` is held against `Last-Modified`.
#[must_use]
pub fn is_current(asked: &HeaderMap, answer: &HeaderMap) -> bool {
    if asked.contains_key(header::IF_NONE_MATCH) {
        let Some(tag) = text(answer, &header::ETAG) else {
            return false;
        };
        let held = asked.get_all(header::IF_NONE_MATCH).iter();
        return held
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .map(str::trim)
            // The comparison is the weak one, so a tag that a proxy weakened on its way still counts.
            .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag);
    }
    let instant = |headers: &HeaderMap, name| rfc2822::parse(text(headers, &name)?).ok();
    let held = instant(asked, header::IF_MODIFIED_SINCE);
    let present = instant(answer, header::LAST_MODIFIED);
    matches!((held, present), (Some(held), Some(present)) if present <= held)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(header::HeaderName, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn equal_bytes_have_equal_tags() {
        assert_eq!(entity_tag(b"a"), entity_tag(b"a"));
        assert_ne!(entity_tag(b"a"), entity_tag(b"b"));
        assert_eq!(entity_tag(b"").len(), 34);
    }

    #[test]
    fn dates_are_those_of_http() {
        let at = "2026-03-02T09:05:07.9Z".parse().unwrap();
        assert_eq!(http_date(at), "Mon, 02 Mar 2026 09:05:07 GMT");
    }

    #[test]
    fn a_held_tag_is_found_in_any_form() {
        let answer = headers(&[(header::ETAG, "\"abc\"")]);
        for (held, current) in [
            ("\"abc\"", true),
            ("\"x\", W/\"abc\"", true),
            ("*", true),
            ("\"abcd\"", false),
            ("abc", false),
            ("", false),
        ] {
            let asked = headers(&[(header::IF_NONE_MATCH, held)]);
            assert_eq!(is_current(&asked, &answer), current, "{held}");
        }
    }

    #[test]
    fn the_tag_outweighs_the_date() {
        let answer = headers(&[
            (header::ETAG, "\"new\""),
            (header::LAST_MODIFIED, "Mon, 02 Mar 2026 09:00:00 GMT"),
        ]);
        let since = |date: &str| headers(&[(header::IF_MODIFIED_SINCE, date)]);
        assert!(is_current(&since("Mon, 02 Mar 2026 09:00:00 GMT"), &answer));
        assert!(is_current(&since("Mon, 02 Mar 2026 09:00:01 GMT"), &answer));
        assert!(!is_current(
            &since("Mon, 02 Mar 2026 08:59:59 GMT"),
            &answer
        ));
        assert!(!is_current(&since("yesterday"), &answer));
        let mut both = since("Mon, 02 Mar 2026 09:00:00 GMT");
        both.insert(header::IF_NONE_MATCH, "\"old\"".parse().unwrap());
        assert!(!is_current(&both, &answer));
        assert!(!is_current(&HeaderMap::new(), &answer));
    }
}
