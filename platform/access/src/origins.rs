//! Origins whose scripts may read answers: exact ones, and `https://*.example.org` for one label.

use kernel::FieldError;
use url::{Host, Url};

/// Most origins of one application.
pub(crate) const MOST: usize = 50;

/// Allowed origins, ready to be compared with what a browser sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Origins that were checked before.
    pub(crate) fn of(stored: impl IntoIterator<Item = String>) -> Self {
        Self(stored.into_iter().collect())
    }

    /// Whether scripts of this origin may read answers.
    #[must_use]
    pub fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| matches(allowed, origin))
    }
}

fn matches(allowed: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = allowed.split_once("://*.") else {
        return allowed == origin;
    };
    let Some(host) = origin
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"))
    else {
        return false;
    };
    // One label and no more: `https://a.b.example.org` is another matter.
    host.split_once('.').is_some_and(|(label, rest)| {
        rest == domain
            && !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// Reads an origin as people write it: `https://shop.example`, `https://*.shop.example`, and for programs in the making
/// `http://localhost:3000`.
pub(crate) fn read(text: &str) -> Result<String, FieldError> {
    let refuse = |message: String| FieldError::new("allowed_origins", "invalid", message);
    let shape = || {
        refuse(format!(
            "{text} is not an origin. Write it as https://shop.example, without a path."
        ))
    };
    let (plain, wildcard) = match text.trim().split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (text.trim().to_owned(), false),
    };
    let url = Url::parse(&plain).map_err(|_| shape())?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let host = url.host().ok_or_else(shape)?;
    if !bare || !matches!(url.scheme(), "http" | "https") || plain.contains('*') {
        return Err(shape());
    }
    let local = match &host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    if url.scheme() == "http" && !local {
        return Err(refuse(format!(
            "{text} would send answers in the clear. Use https; http is for localhost alone."
        )));
    }
    let origin = url.origin().ascii_serialization();
    if !wildcard {
        return Ok(origin);
    }
    match (host, origin.split_once("://")) {
        (Host::Domain(name), Some((scheme, rest))) if name.contains('.') => {
            Ok(format!("{scheme}://*.{rest}"))
        }
        _ => Err(refuse(format!(
            "{text} allows too much. A star stands for one label below a domain of yours."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_one_way_to_be_written() {
        for (text, origin) in [
            ("https://shop.example", "https://shop.example"),
            (" https://Shop.Example:443/ ", "https://shop.example"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("https://*.Shop.example", "https://*.shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(origin), "{text}");
        }
        for bad in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://shop.example/path",
            "https://shop.example?x",
            "https://u@shop.example",
            "http://shop.example",
            "ftp://shop.example",
            "https://*",
            "https://*.com",
            "https://a*.shop.example",
            "https://*.*.shop.example",
            "https://*.10.0.0.1",
            "javascript:alert(1)",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let origins = Origins::of(["https://*.x.example".into(), "https://shop.example".into()]);
        for good in [
            "https://a.x.example",
            "https://a-1.x.example",
            "https://shop.example",
        ] {
            assert!(origins.allow(good), "{good}");
        }
        for bad in [
            "https://x.example",
            "https://a.b.x.example",
            "https://.x.example",
            "http://a.x.example",
            "https://ax.example",
            "https://a.x.example.evil",
            "https://a.x.example:8443",
            "https://evil.example/.x.example",
            "https://evil/.x.example",
            "https://shop.example.evil",
            "null",
            "",
        ] {
            assert!(!origins.allow(bad), "{bad}");
        }
    }
}
