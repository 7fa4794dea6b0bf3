//! Reading the host a request is meant for.
//!
//! Rules: platform specification 3.1. What cannot be read at all is refused with 400; what can be read and is nobody's
//! is answered with 404, the same for all.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, Uri, header};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// Longest host name in the DNS.
const LONGEST: usize = 253;

/// The host a request names: lower case, A-labels, no port, no trailing dot.
///
/// It may still be a name that nobody can have, such as one with an underscore.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostName(String);

/// Why a host cannot be read; answered with 400 `bad_host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The request names none.
    #[error("the request names no host")]
    Missing,
    /// The request names more than one, and they differ, or it has more than one Host header.
    #[error("the request names more than one host")]
    Ambiguous,
    /// Longer than 253 characters.
    #[error("the host name is too long")]
    TooLong,
    /// A control character, a blank, or bytes that are no text.
    #[error("the host name has characters that no host name has")]
    Characters,
    /// A user name before the host.
    #[error("the host has a user name")]
    UserInfo,
    /// Two dots in a row, or one at the beginning.
    #[error("the host name has an empty label")]
    EmptyLabel,
    /// A port that is no number, or brackets around no address.
    #[error("the host has a port or an address that cannot be read")]
    Malformed,
}

impl HostName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is an address instead of a name, in any of the ways that browsers read as one.
    #[must_use]
    pub fn is_address(&self) -> bool {
        let last = self.0.rsplit('.').next().unwrap_or_default();
        self.0.starts_with('[')
            || last.bytes().all(|byte| byte.is_ascii_digit())
            || last.starts_with("0x")
    }

    /// Whether every label could stand in the DNS as a host's.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.0.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the value of a Host header, or the authority of a request target.
///
/// ```
/// let host = tenant_resolver::parse("Höhe.Example.:8080").unwrap();
/// assert_eq!(host.as_str(), "xn--hhe-sna.example");
/// assert!(tenant_resolver::parse("a..example").is_err());
/// ```
///
/// # Errors
/// [`HostError`] as its variants say.
pub fn parse(authority: &str) -> Result<HostName, HostError> {
    if authority.is_empty() {
        return Err(HostError::Missing);
    }
    if authority
        .chars()
        .any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(HostError::Characters);
    }
    if authority.contains('@') {
        return Err(HostError::UserInfo);
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(HostError::Malformed)?;
        let address: Ipv6Addr = address.parse().map_err(|_| HostError::Malformed)?;
        check_port(port)?;
        return Ok(HostName(format!("[{address}]")));
    }
    let (name, port) = match authority.find(':') {
        Some(colon) => authority.split_at(colon),
        None => (authority, ""),
    };
    check_port(port)?;
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.chars().count() > LONGEST {
        return Err(HostError::TooLong);
    }
    if name.split('.').any(str::is_empty) {
        return Err(HostError::EmptyLabel);
    }
    // A name that has no ASCII form is kept as it is: it is readable, and nobody's.
    let ascii = Uts46::new()
        .to_ascii(
            name.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Allow,
            DnsLength::Ignore,
        )
        .unwrap_or_else(|_| Cow::Owned(name.to_lowercase()));
    if ascii.len() > LONGEST {
        return Err(HostError::TooLong);
    }
    Ok(HostName(ascii.into_owned()))
}

/// An empty port is allowed by RFC 3986.
fn check_port(port: &str) -> Result<(), HostError> {
    let Some(digits) = port.strip_prefix(':') else {
        return if port.is_empty() {
            Ok(())
        } else {
            Err(HostError::Malformed)
        };
    };
    let readable = digits.is_empty()
        || digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    readable.then_some(()).ok_or(HostError::Malformed)
}

/// The host a request is meant for: of its target, of its Host header, and these two must agree.
pub(crate) fn of_request(uri: &Uri, headers: &HeaderMap) -> Result<HostName, HostError> {
    let target = uri
        .authority()
        .map(|authority| parse(authority.as_str()))
        .transpose()?;
    let mut values = headers.get_all(header::HOST).iter();
    let named = values
        .next()
        .map(|value| read(value.as_bytes()))
        .transpose()?;
    // Even when they are equal: the next server in line might read another one of them.
    if values.next().is_some() {
        return Err(HostError::Ambiguous);
    }
    match (target, named) {
        (Some(target), Some(named)) if target != named => Err(HostError::Ambiguous),
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => Err(HostError::Missing),
    }
}

/// Reads a host from a header's bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<HostName, HostError> {
    parse(std::str::from_utf8(bytes).map_err(|_| HostError::Characters)?)
}

/// Reads an address as proxies write it: with or without brackets, quotes and port.
pub(crate) fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = if let Some(rest) = text.strip_prefix('[') {
        rest.split_once(']')?.0.parse::<Ipv6Addr>().ok()?.into()
    } else if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else {
        let (address, _) = text.split_once(':')?;
        address.parse::<Ipv4Addr>().ok()?.into()
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::{HostError::*, parse, read_address};

    #[test]
    fn hosts_that_can_be_read() {
        let rows = [
            ("example.com", "example.com"),
            ("EXAMPLE.com", "example.com"),
            ("example.com.", "example.com"),
            ("example.com:8080", "example.com"),
            ("example.com.:8080", "example.com"),
            ("example.com:", "example.com"),
            ("höhe.example", "xn--hhe-sna.example"),
            ("xn--hhe-sna.example", "xn--hhe-sna.example"),
            ("ｅｘａｍｐｌｅ.com", "example.com"),
            ("a。example", "a.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("a_b.example", "a_b.example"),
            ("a%2eb.example", "a%2eb.example"),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn hosts_that_cannot_be_read() {
        let longest = format!("{}.com", ["a"; 125].join("."));
        assert_eq!(longest.len(), 253);
        assert!(parse(&longest).is_ok());
        let rows = [
            ("", Missing),
            (".", EmptyLabel),
            ("..", EmptyLabel),
            (".example.com", EmptyLabel),
            ("a..example.com", EmptyLabel),
            ("example.com..", EmptyLabel),
            (":8080", EmptyLabel),
            ("a b.example", Characters),
            ("a\tb.example", Characters),
            ("a\0.example", Characters),
            ("a\u{7f}.example", Characters),
            ("user@example.com", UserInfo),
            ("user:pw@example.com", UserInfo),
            ("example.com:http", Malformed),
            ("example.com:99999", Malformed),
            ("example.com:+80", Malformed),
            ("a:b:c", Malformed),
            ("::1", Malformed),
            ("[::1", Malformed),
            ("[::1]x", Malformed),
            ("[example.com]", Malformed),
            ("[fe80::1%eth0]", Malformed),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), Err(expected), "{text:?}");
        }
        let too_long = format!("{longest}m");
        assert_eq!(parse(&too_long), Err(TooLong));
        assert_eq!(parse(&"ü.".repeat(200)), Err(TooLong));
    }

    #[test]
    fn addresses_in_every_disguise_are_seen_as_such() {
        for address in [
            "127.0.0.1",
            "[::1]",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "１２７.0.0.1",
        ] {
            assert!(parse(address).unwrap().is_address(), "{address}");
        }
        assert!(!parse("studio-54.example").unwrap().is_address());
        assert!(!parse("127.0.0.1.example").unwrap().is_address());
    }

    #[test]
    fn names_that_nobody_can_have() {
        for name in [
            "a_b.example",
            "a%2eb.example",
            "-a.example",
            "a-.example",
            "a*.example",
        ] {
            assert!(!parse(name).unwrap().is_possible(), "{name}");
        }
        assert!(
            !parse(&format!("{}.example", "a".repeat(64)))
                .unwrap()
                .is_possible()
        );
        assert!(parse("xn--hhe-sna.example").unwrap().is_possible());
    }

    #[test]
    fn addresses_as_proxies_write_them() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            (" 192.0.2.1:4711 ", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("\"[2001:db8::1]:4711\"", Some("2001:db8::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
        ] {
            assert_eq!(
                read_address(text),
                expected.map(|text| text.parse().unwrap()),
                "{text}"
            );
        }
    }
}
