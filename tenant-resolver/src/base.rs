//! The platform's own address, and how other hosts relate to it.

use kernel::Slug;
use url::Url;

use crate::host::{self, HostName};

/// The label of the operators' console under the base host.
const OPS: &str = "ops";

/// The platform's own address: its marketing and account pages stand there, tenants one label below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseHost {
    scheme: String,
    name: HostName,
    port: Option<u16>,
}

/// Why an address cannot be the platform's.
#[derive(Debug, thiserror::Error)]
#[error(
    "the base URL must be http or https with a host and nothing behind it, such as https://atelier.example: {0}"
)]
pub struct BaseUrlError(String);

/// What a host stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// The base host itself.
    Base,
    /// The operators' console.
    Ops,
    /// One label below the base host.
    Slug(String),
    /// A name elsewhere: a tenant's own domain, perhaps.
    Domain(String),
    /// Nothing that could be anybody's: an address, or a name that no host can have.
    Unknown,
}

impl BaseHost {
    /// Reads the configured base URL, such as `http://localhost:8080`.
    ///
    /// # Errors
    /// When it is not `http` or `https`, or has more than a host and a port.
    pub fn parse(base_url: &str) -> Result<Self, BaseUrlError> {
        let refuse = || BaseUrlError(base_url.to_owned());
        let url = Url::parse(base_url).map_err(|_| refuse())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare || !matches!(url.scheme(), "http" | "https") {
            return Err(refuse());
        }
        let name = url.host_str().ok_or_else(refuse)?;
        Ok(Self {
            scheme: url.scheme().to_owned(),
            name: host::parse(name).map_err(|_| refuse())?,
            port: url.port(),
        })
    }

    /// Scheme, host and port of any host of ours: all are reached in the same way.
    pub(crate) fn url_of(&self, host: &str) -> String {
        match self.port {
            Some(port) => format!("{}://{host}:{port}", self.scheme),
            None => format!("{}://{host}", self.scheme),
        }
    }

    /// What a host stands for. Looks nothing up.
    #[must_use]
    pub fn classify(&self, host: &HostName) -> HostKind {
        if *host == self.name {
            return HostKind::Base;
        }
        if host.is_address() || !host.is_possible() {
            return HostKind::Unknown;
        }
        let below = host
            .as_str()
            .strip_suffix(self.name.as_str())
            .and_then(|rest| rest.strip_suffix('.'));
        match below {
            Some(OPS) => HostKind::Ops,
            Some(label) => match Slug::parse(label) {
                Ok(slug) => HostKind::Slug(slug.as_str().to_owned()),
                Err(_) => HostKind::Unknown,
            },
            None if host.as_str().contains('.') => HostKind::Domain(host.as_str().to_owned()),
            None => HostKind::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseHost, HostKind};
    use crate::host;

    #[test]
    fn what_hosts_stand_for() {
        use HostKind::{Base, Ops, Unknown};
        let base = BaseHost::parse("https://atelier.example").unwrap();
        let slug = |slug: &str| HostKind::Slug(slug.into());
        let domain = |name: &str| HostKind::Domain(name.into());
        let rows = [
            ("atelier.example", Base),
            ("ATELIER.example:443", Base),
            ("atelier.example.", Base),
            ("ａｔｅｌｉｅｒ.example", Base),
            ("ops.atelier.example", Ops),
            ("OPS.atelier.example.:8443", Ops),
            ("north.atelier.example", slug("north")),
            ("North.Atelier.Example", slug("north")),
            ("north.atelier.example.:8080", slug("north")),
            ("north。atelier.example", slug("north")),
            ("a.b.atelier.example", Unknown),
            ("north.ops.atelier.example", Unknown),
            ("ab.atelier.example", Unknown),
            ("1north.atelier.example", Unknown),
            ("north-.atelier.example", Unknown),
            ("xn--nrth-5qa.atelier.example", Unknown),
            ("nörth.atelier.example", Unknown),
            ("n\u{43e}rth.atelier.example", Unknown),
            ("no_rth.atelier.example", Unknown),
            ("north%2eatelier.example", Unknown),
            (
                "north.atelier.example.evil.com",
                domain("north.atelier.example.evil.com"),
            ),
            ("evilatelier.example", domain("evilatelier.example")),
            ("north-atelier.example", domain("north-atelier.example")),
            ("studio.test", domain("studio.test")),
            ("Höhe.test", domain("xn--hhe-sna.test")),
            ("example", Unknown),
            ("localhost", Unknown),
            ("127.0.0.1", Unknown),
            ("127.0.0.1:8080", Unknown),
            ("[::1]:8080", Unknown),
            ("0x7f.1", Unknown),
            ("2130706433", Unknown),
            ("192.168.0.1.atelier.example", Unknown),
        ];
        for (text, expected) in rows {
            assert_eq!(
                base.classify(&host::parse(text).unwrap()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_base_may_be_local_or_an_address() {
        let local = BaseHost::parse("http://localhost:8080").unwrap();
        let kind = |base: &BaseHost, text| base.classify(&host::parse(text).unwrap());
        assert_eq!(kind(&local, "localhost:8080"), HostKind::Base);
        assert_eq!(kind(&local, "ops.localhost"), HostKind::Ops);
        assert_eq!(
            kind(&local, "north.localhost"),
            HostKind::Slug("north".into())
        );
        let address = BaseHost::parse("http://127.0.0.1:8080").unwrap();
        assert_eq!(kind(&address, "127.0.0.1"), HostKind::Base);
        assert_eq!(kind(&address, "127.0.0.2"), HostKind::Unknown);
    }

    #[test]
    fn addresses_keep_scheme_and_port() {
        let local = BaseHost::parse("http://localhost:8080").unwrap();
        assert_eq!(
            local.url_of("north.localhost"),
            "http://north.localhost:8080"
        );
        let public = BaseHost::parse("https://atelier.example:443/").unwrap();
        assert_eq!(public.url_of("studio.test"), "https://studio.test");
    }

    #[test]
    fn base_urls_that_are_refused() {
        for bad in [
            "atelier.example",
            "ftp://a.example",
            "https://a.example/x",
            "https://a.example?x",
            "https://u@a.example",
            "",
        ] {
            assert!(BaseHost::parse(bad).is_err(), "{bad}");
        }
    }
}
