//! Redirects: paths in one spelling, patterns of paths, and where both may lead.

use ammonia::Url;
use kernel::FieldError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use regex::{Captures, Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization;

/// Longest path, target or address, in bytes.
pub const LONGEST: usize = 2_000;
/// Longest pattern, in characters.
const LONGEST_PATTERN: usize = 500;
/// Memory that a pattern may take when it is compiled, in bytes.
const PATTERN_MEMORY: usize = 1 << 18;
/// Paths that are never without an answer of their own: a redirect from there would never be used.
const OWN: [&str; 6] = ["/app", "/api", "/auth", "/portal", "/hooks", "/_"];

/// What is encoded in a part of a path that a pattern has caught: all but what needs no encoding in a path.
const CAUGHT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A path as it is compared: decoded, in one form of Unicode, with single slashes and none at its end. `None`: it cannot
/// be read.
#[must_use]
pub fn normalise(path: &str) -> Option<String> {
    if path.len() > LONGEST {
        return None;
    }
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    if decoded.chars().any(char::is_control) {
        return None;
    }
    let composed: String = decoded.nfc().collect();
    let parts: Vec<&str> = composed
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    Some(format!("/{}", parts.join("/")))
}

/// Whether an address is one that other pages than those of visitors stand at.
#[must_use]
pub fn is_own(path: &str) -> bool {
    OWN.iter().any(|own| {
        path.strip_prefix(own)
            .is_some_and(|rest| *own == "/_" || rest.is_empty() || rest.starts_with('/'))
    })
}

/// Judges the path that a redirect leads from, and gives it its one spelling.
///
/// # Errors
/// A broken rule of the field `source`.
pub fn exact_source(typed: &str) -> Result<String, FieldError> {
    let refuse = |code, message: &'static str| FieldError::new("source", code, message);
    let typed = typed.trim();
    if !typed.starts_with('/') {
        return Err(refuse(
            "invalid",
            "Enter a path of this website that begins with a slash.",
        ));
    }
    if typed.contains(['?', '#']) {
        return Err(refuse(
            "query",
            "Leave out what begins with ? or #: only the path counts.",
        ));
    }
    let path = normalise(typed).ok_or_else(|| refuse("invalid", "This path cannot be read."))?;
    if path == "/" || is_own(&path) {
        return Err(refuse(
            "reserved",
            "This address always has a page of its own.",
        ));
    }
    Ok(path)
}

/// Compiles a pattern of paths. It matches in linear time, whatever it says and whatever it is held against.
///
/// # Errors
/// A broken rule of the field `source`.
pub fn pattern(text: &str) -> Result<Regex, FieldError> {
    let refuse = |code, message: &'static str| FieldError::new("source", code, message);
    if text.is_empty() {
        return Err(refuse("required", "Enter a pattern."));
    }
    if text.chars().count() > LONGEST_PATTERN {
        return Err(refuse("too_long", "Use at most 500 characters."));
    }
    if !text.starts_with("^/") {
        return Err(refuse(
            "unanchored",
            "Begin the pattern with ^/ so that it says where paths begin.",
        ));
    }
    RegexBuilder::new(text)
        .size_limit(PATTERN_MEMORY)
        .dfa_size_limit(PATTERN_MEMORY)
        .nest_limit(20)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => refuse(
                "too_big",
                "This pattern would take too much memory. Make it simpler.",
            ),
            _ => refuse("invalid", "This is no regular expression."),
        })
}

/// Judges where a redirect leads. A path without query gets its one spelling, so that chains are found. `groups` is how
/// many groups a pattern catches: `$1` to `$9` stand for them, and never for the host.
///
/// # Errors
/// A broken rule of the field `target`.
pub fn target(typed: &str, groups: usize) -> Result<String, FieldError> {
    let refuse = |code, message: &'static str| FieldError::new("target", code, message);
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(refuse("required", "Enter where the redirect leads."));
    }
    if typed.len() > LONGEST || typed.chars().any(|c| c.is_control() || c == '\\') {
        return Err(refuse("invalid", "This address cannot be read."));
    }
    if references(typed).any(|group| group == 0 || group > groups) {
        return Err(refuse("group", "The pattern has no such group."));
    }
    if let Some(rest) = typed.strip_prefix('/') {
        if rest.starts_with('/') {
            return Err(refuse("invalid", "Begin with one slash, or with https://"));
        }
        let plain = groups == 0 && !typed.contains(['?', '#']);
        return match plain.then(|| normalise(typed)) {
            Some(Some(path)) => Ok(path),
            Some(None) => Err(refuse("invalid", "This address cannot be read.")),
            None => Ok(typed.to_owned()),
        };
    }
    let host = typed
        .strip_prefix("https://")
        .or_else(|| typed.strip_prefix("http://"))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        Some(host) if host.contains('$') => Err(refuse(
            "host",
            "What a pattern catches cannot be part of the host.",
        )),
        Some(host) if !host.is_empty() && !host.contains('@') && Url::parse(typed).is_ok() => {
            Ok(typed.to_owned())
        }
        _ => Err(refuse("invalid", "Begin with one slash, or with https://")),
    }
}

/// Numbers of the groups that a target names.
fn references(target: &str) -> impl Iterator<Item = usize> {
    target
        .split('$')
        .skip(1)
        .filter_map(|rest| rest.chars().next()?.to_digit(10))
        .filter_map(|digit| usize::try_from(digit).ok())
}

/// The target of a pattern with what it caught, encoded so that it can be nothing but a part of the path.
#[must_use]
pub fn filled(target: &str, caught: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut parts = target.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digit = part.chars().next().and_then(|c| c.to_digit(10));
        let Some(group) = digit.and_then(|digit| usize::try_from(digit).ok()) else {
            out.push('$');
            out.push_str(part);
            continue;
        };
        let text = caught.get(group).map_or("", |found| found.as_str());
        // A slash more would begin a host: `//evil.example`.
        let text = if out.ends_with('/') {
            text.trim_start_matches('/')
        } else {
            text
        };
        out.extend(utf8_percent_encode(text, CAUGHT));
        out.push_str(&part[1..]);
    }
    out
}

/// The absolute address of a target on the site at `origin`, with a query that came along. `None`: it would lead to
/// another host than the one that the target names.
#[must_use]
pub fn location(origin: &str, target: &str, query: Option<&str>) -> Option<String> {
    let home = Url::parse(origin).ok()?;
    let mut address = home.join(target).ok()?;
    let named = if target.starts_with('/') {
        home.origin()
    } else {
        Url::parse(target).ok()?.origin()
    };
    if address.origin() != named || !matches!(address.scheme(), "http" | "https") {
        return None;
    }
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        let both = match address.query() {
            Some(own) => format!("{own}&{query}"),
            None => query.to_owned(),
        };
        address.set_query(Some(&both));
    }
    Some(address.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        for (path, expected) in [
            ("/a/", Some("/a")),
            ("//a//b/", Some("/a/b")),
            ("/gr%C3%BC%C3%9Fe", Some("/grüße")),
            ("/gru\u{308}ße", Some("/grüße")),
            ("/", Some("/")),
            ("/%FF", None),
            ("/a%0Ab", None),
        ] {
            assert_eq!(normalise(path).as_deref(), expected, "{path}");
        }
        assert_eq!(exact_source("/old?x=1").unwrap_err().code, "query");
        for reserved in ["/", "/app", "/app/x", "/API/..", "/_a/x", "/auth/start"] {
            let judged = exact_source(reserved);
            assert_eq!(judged.is_err(), reserved != "/API/..", "{reserved}");
        }
        assert!(exact_source("/apples").is_ok());
        assert_eq!(exact_source("old").unwrap_err().code, "invalid");
    }

    #[test]
    fn patterns_are_bounded() {
        for (text, code) in [
            ("", "required"),
            ("old", "unanchored"),
            ("^/(", "invalid"),
            ("^/a{1000}{1000}{1000}", "too_big"),
        ] {
            assert_eq!(pattern(text).unwrap_err().code, code, "{text}");
        }
        assert_eq!(
            pattern(&format!("^/{}", "a".repeat(500))).unwrap_err().code,
            "too_long"
        );
        // What takes other engines for ever.
        let slow = pattern("^/(a+)+$").unwrap();
        assert!(!slow.is_match(&format!("/{}!", "a".repeat(1_900))));
    }

    #[test]
    fn targets_name_their_host_themselves() {
        for good in [
            "/new",
            "/new?x=1#y",
            "https://studio.example/x",
            "https://studio.example/$1",
            "/$1/$2",
        ] {
            assert!(target(good, 2).is_ok(), "{good}");
        }
        for (bad, code) in [
            ("", "required"),
            ("new", "invalid"),
            ("//evil.example", "invalid"),
            ("/\\evil.example", "invalid"),
            ("https:///x", "invalid"),
            ("javascript:alert(1)", "invalid"),
            ("https://user@evil.example/", "invalid"),
            ("https://$1/", "host"),
            ("https://$1.example/", "host"),
            ("https://studio.example$1", "host"),
            ("/$3", "group"),
            ("/$0", "group"),
        ] {
            assert_eq!(target(bad, 2).unwrap_err().code, code, "{bad}");
        }
        assert_eq!(target("/a//b/", 0).unwrap(), "/a/b");
    }

    #[test]
    fn what_was_caught_stays_in_the_path() {
        let origin = "https://northlight.example";
        let led = |text: &str, to: &str, path: &str| {
            let pattern = pattern(text).unwrap();
            let caught = pattern.captures(path)?;
            location(origin, &filled(to, &caught), None)
        };
        assert_eq!(
            led("^/(\\d+)/(.*)$", "/blog/$2", "/2013/über uns").as_deref(),
            Some("https://northlight.example/blog/%C3%BCber%20uns")
        );
        assert_eq!(
            led("^/old(.*)$", "/$1", "/old//evil.example").as_deref(),
            Some("https://northlight.example/evil.example")
        );
        assert_eq!(
            led(
                "^/old(.*)$",
                "https://studio.example/x$1",
                "/old@evil.example?"
            )
            .as_deref(),
            Some("https://studio.example/x%40evil.example%3F")
        );
        assert_eq!(
            led("^/cost$", "/$", "/cost").as_deref(),
            Some("https://northlight.example/$")
        );
    }

    #[test]
    fn queries_come_along_when_asked() {
        let origin = "https://northlight.example";
        assert_eq!(
            location(origin, "/new?a=1", Some("b=2")).as_deref(),
            Some("https://northlight.example/new?a=1&b=2")
        );
        assert_eq!(location(origin, "//evil.example", None), None);
    }

    proptest! {
        #[test]
        fn nothing_caught_leads_to_another_host(path in "/\\PC{0,40}", to in "(/|https://studio\\.example/)[a-z/$1]{0,12}") {
            if let (Ok(to), Some(caught)) = (target(&to, 1), pattern("^/(.*)$").unwrap().captures(&path))
                && let Some(address) = location("https://northlight.example", &filled(&to, &caught), None)
            {
                let host = Url::parse(&address).unwrap().host_str().map(str::to_owned);
                prop_assert!(matches!(host.as_deref(), Some("northlight.example" | "studio.example")), "{address}");
            }
        }
    }
}
