//! Which peers may speak for somebody else, and what they say.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Uri, header};

use crate::host::{self, HostError, HostName};

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The networks of the proxies in front of the product. Forwarding headers of any other peer are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A network that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a network such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7")]
pub struct NetworkError(String);

impl Proxies {
    /// Reads networks in CIDR notation; a bare address is a network of one.
    ///
    /// ```
    /// let proxies = tenant_resolver::Proxies::parse(["10.0.0.0/8", "::1"]).unwrap();
    /// assert!(proxies.contains("10.1.2.3".parse().unwrap()));
    /// assert!(!proxies.contains("11.1.2.3".parse().unwrap()));
    /// ```
    ///
    /// # Errors
    /// The first one that cannot be read.
    pub fn parse<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
    ) -> Result<Self, NetworkError> {
        networks
            .into_iter()
            .map(|text| {
                Network::parse(text.as_ref()).ok_or_else(|| NetworkError(text.as_ref().to_owned()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the peer of that address may speak for others.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// The host a request is meant for. `peer` is the other end of the connection, where known.
    pub(crate) fn host(
        &self,
        peer: Option<IpAddr>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<HostName, HostError> {
        // Read in any case: a request that contradicts itself is refused, whoever passed it on.
        let direct = host::of_request(uri, headers)?;
        if !peer.is_some_and(|peer| self.contains(peer)) {
            return Ok(direct);
        }
        // Each proxy adds its word at the end; what stands before came from outside.
        let by_list = last(headers, &X_FORWARDED_HOST).map(|value| host::read(value.as_bytes()));
        let by_pair = forwarded(headers, "host")
            .pop()
            .flatten()
            .map(|value| host::read(value.as_bytes()));
        match (by_list.transpose()?, by_pair.transpose()?) {
            (Some(one), Some(other)) if one != other => Err(HostError::Ambiguous),
            (Some(host), _) | (None, Some(host)) => Ok(host),
            (None, None) => Ok(direct),
        }
    }

    /// Who sent the request: the peer, or whoever the proxies say they speak for.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut said = all(headers, &X_FORWARDED_FOR);
        if said.is_empty() {
            said = forwarded(headers, "for");
        }
        // From the nearest outward, for as long as the one who says it can be believed.
        while self.contains(client) {
            match said
                .pop()
                .flatten()
                .and_then(|text| host::read_address(&text))
            {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// Takes the forwarding headers away, so that nothing behind this crate can believe them.
pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in [
        X_FORWARDED_HOST,
        X_FORWARDED_FOR,
        X_FORWARDED_PROTO,
        header::FORWARDED,
    ] {
        headers.remove(name);
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix })
    }

    fn contains(self, address: IpAddr) -> bool {
        let (ours, theirs, longest) = match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (u128::from(ours.to_bits()), u128::from(theirs.to_bits()), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits(), theirs.to_bits(), 128),
            _ => return false,
        };
        // A network of all addresses shifts everything out.
        let shift = u32::from(longest - self.prefix);
        ours.checked_shr(shift).unwrap_or(0) == theirs.checked_shr(shift).unwrap_or(0)
    }
}

/// The elements of a header that is a list, over all its lines. An unreadable one is `None`.
fn all(headers: &HeaderMap, name: &HeaderName) -> Vec<Option<String>> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| match value.to_str() {
            Ok(text) => text
                .split(',')
                .map(|item| Some(item.trim().to_owned()))
                .collect(),
            Err(_) => vec![None],
        })
        .collect()
}

fn last(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    all(headers, name).pop().flatten()
}

/// What each element of the Forwarded header (RFC 7239) says of `key`.
fn forwarded(headers: &HeaderMap, key: &str) -> Vec<Option<String>> {
    all(headers, &header::FORWARDED)
        .into_iter()
        .map(|element| {
            element?.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim()
                    .eq_ignore_ascii_case(key)
                    .then(|| value.trim().trim_matches('"').to_owned())
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderName, HeaderValue, Uri};

    use super::Proxies;
    use crate::host::{self, HostError};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn networks_contain_what_they_should() {
        let rows = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db9::1", true),
            ("::1", "::1", true),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
        ];
        for (network, address, expected) in rows {
            let proxies = Proxies::parse([network]).unwrap();
            assert_eq!(
                proxies.contains(ip(address)),
                expected,
                "{network} {address}"
            );
        }
        for bad in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "host",
            "10.0.0.0/-1",
        ] {
            assert!(Proxies::parse([bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_host_comes_from_a_proxy_only_when_it_is_one() {
        let proxies = Proxies::parse(["10.0.0.0/8"]).unwrap();
        let proxy = Some(ip("10.0.0.1"));
        let uri = Uri::from_static("/");
        let host = |peer, pairs| {
            proxies
                .host(peer, &uri, &headers(pairs))
                .map(|host| host.to_string())
        };
        let spoofed = [
            ("host", "a.test"),
            ("x-forwarded-host", "b.test"),
            ("forwarded", "host=b.test"),
        ];
        assert_eq!(host(None, &spoofed).unwrap(), "a.test");
        assert_eq!(host(Some(ip("11.0.0.1")), &spoofed).unwrap(), "a.test");
        assert_eq!(host(proxy, &spoofed).unwrap(), "b.test");
        assert_eq!(host(proxy, &[("host", "a.test")]).unwrap(), "a.test");
        let pairs = [
            ("host", "a.test"),
            (
                "forwarded",
                "for=1.2.3.4;host=c.test, for=5.6.7.8;Host=\"B.test:80\"",
            ),
        ];
        assert_eq!(host(proxy, &pairs).unwrap(), "b.test");
        let pairs = [
            ("host", "a.test"),
            ("x-forwarded-host", "evil.test, b.test"),
        ];
        assert_eq!(host(proxy, &pairs).unwrap(), "b.test");
        let pairs = [
            ("host", "a.test"),
            ("x-forwarded-host", "b.test"),
            ("forwarded", "host=c.test"),
        ];
        assert_eq!(host(proxy, &pairs), Err(HostError::Ambiguous));
        let pairs = [("host", "a.test"), ("x-forwarded-host", "b..test")];
        assert_eq!(host(proxy, &pairs), Err(HostError::EmptyLabel));
    }

    #[test]
    fn a_request_names_one_host_and_one_only() {
        let target = Uri::from_static("http://a.test/x");
        let here = Uri::from_static("/x");
        let of = |uri, pairs| host::of_request(uri, &headers(pairs)).map(|host| host.to_string());
        assert_eq!(of(&here, &[("host", "a.test")]).unwrap(), "a.test");
        assert_eq!(of(&target, &[]).unwrap(), "a.test");
        assert_eq!(of(&target, &[("host", "A.test:80")]).unwrap(), "a.test");
        assert_eq!(
            of(&target, &[("host", "b.test")]),
            Err(HostError::Ambiguous)
        );
        assert_eq!(of(&here, &[]), Err(HostError::Missing));
        let twice = [("host", "a.test"), ("host", "a.test")];
        let mut map = HeaderMap::new();
        for (name, value) in twice {
            map.append(name, HeaderValue::from_static(value));
        }
        assert_eq!(host::of_request(&here, &map), Err(HostError::Ambiguous));
    }

    #[test]
    fn the_client_is_the_first_one_who_is_no_proxy() {
        let proxies = Proxies::parse(["10.0.0.0/8", "2001:db8::/32"]).unwrap();
        let client = |peer, pairs| proxies.client(ip(peer), &headers(pairs)).to_string();
        let list = [("x-forwarded-for", "1.1.1.1, 2.2.2.2, 10.0.0.2")];
        assert_eq!(client("10.0.0.1", &list), "2.2.2.2");
        assert_eq!(client("3.3.3.3", &list), "3.3.3.3");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(
            client("10.0.0.1", &[("x-forwarded-for", "10.0.0.3, 10.0.0.2")]),
            "10.0.0.3"
        );
        assert_eq!(
            client("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, unknown")]),
            "10.0.0.1"
        );
        let pair = [(
            "forwarded",
            "for=1.1.1.1, For=\"[2001:db8::2]:4711\";proto=https",
        )];
        assert_eq!(client("10.0.0.1", &pair), "1.1.1.1");
        assert_eq!(client("::ffff:9.9.9.9", &[]), "9.9.9.9");
    }
}
