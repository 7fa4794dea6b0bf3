//! Absolute addresses, made from the configured base URL and never from a request.

use kernel::Error;
use url::Url;

/// Knows the base URL and derives every absolute address from it.
#[derive(Clone, Debug)]
pub struct Links {
    secure: bool,
    host: String,
    /// `:8080`, or nothing for the scheme's default port.
    port: String,
}

impl Links {
    /// Reads a base URL such as `http://localhost:8080` or `https://atelier.app`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when it is not an http(s) URL with a host name and nothing after it.
    pub fn parse(base_url: &str) -> Result<Self, Error> {
        let refuse = || {
            Error::bad_request(
                "base_url",
                format!("{base_url} is not a base URL such as https://atelier.app"),
            )
        };
        let url = Url::parse(base_url).map_err(|_| refuse())?;
        let host = url.domain().ok_or_else(refuse)?;
        if !matches!(url.scheme(), "http" | "https")
            || url.path() != "/"
            || url.query().is_some()
            || !url.username().is_empty()
        {
            return Err(refuse());
        }
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Ok(Self {
            secure: url.scheme() == "https",
            host: host.to_lowercase(),
            port,
        })
    }

    /// Whether everything is served over https; decides on cookie prefixes and HSTS.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// The base host, without port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host of a tenant with its port, as people see it: `northlight.localhost:8080`.
    #[must_use]
    pub fn tenant_host(&self, slug: &str) -> String {
        format!("{slug}.{}{}", self.host, self.port)
    }

    /// What stands behind a tenant's slug in a form: `.localhost:8080`.
    #[must_use]
    pub fn tenant_suffix(&self) -> String {
        format!(".{}{}", self.host, self.port)
    }

    /// An address on the base host; `path` begins with a slash.
    #[must_use]
    pub fn base(&self, path: &str) -> String {
        self.on(&self.host, path)
    }

    /// An address on the operators' host.
    #[must_use]
    pub fn ops(&self, path: &str) -> String {
        self.on(&format!("ops.{}", self.host), path)
    }

    /// An address on a tenant's host.
    #[must_use]
    pub fn tenant(&self, slug: &str, path: &str) -> String {
        self.on(&format!("{slug}.{}", self.host), path)
    }

    /// An address on any host (without port) that this server answers for.
    #[must_use]
    pub fn on(&self, host: &str, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{host}{}{path}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn addresses_follow_the_base_url() {
        let links = Links::parse("http://localhost:8080").unwrap();
        assert_eq!(links.base("/login"), "http://localhost:8080/login");
        assert_eq!(
            links.tenant("northlight", "/app"),
            "http://northlight.localhost:8080/app"
        );
        assert_eq!(
            Links::parse("https://atelier.app").unwrap().ops("/"),
            "https://ops.atelier.app/"
        );
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for bad in [
            "",
            "localhost",
            "ftp://a.b",
            "http://1.2.3.4",
            "https://a.b/path",
            "https://u@a.b",
            "https://a.b/?q",
        ] {
            assert!(Links::parse(bad).is_err(), "{bad}");
        }
    }
}
