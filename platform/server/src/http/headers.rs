//! Headers that every answer carries.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};
use module::Links;

/// What the headers depend on.
#[derive(Clone, Debug)]
pub struct Policy {
    secure: bool,
    content_security: HeaderValue,
}

impl Policy {
    /// The policy of a server that is reached under `links`.
    ///
    /// # Panics
    /// Never: a host name that was parsed fits into a header.
    #[must_use]
    pub fn new(links: &Links) -> Self {
        // Signing in posts to the base host and is sent on to a tenant's, and back at signing out;
        // browsers hold such redirects against `form-action`.
        let (base, tenants) = (links.base(""), links.tenant("*", ""));
        let content_security =
            format!("{CONTENT_SECURITY_POLICY}; form-action 'self' {base} {tenants}");
        let content_security =
            HeaderValue::try_from(content_security).expect("host names are visible ASCII");
        Self {
            secure: links.secure(),
            content_security,
        }
    }
}

/// Scripts and styles come from our own files alone; numbers for positions may stand in `style`
/// attributes. Sibling tenants are same-site, so framing is closed too.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'inline-speculation-rules'; \
     style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; \
     frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// Adds the security headers, unless a handler set its own.
pub async fn add(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ];
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(policy.content_security);
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if policy.secure {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(HeaderValue::from_static(
                "max-age=63072000; includeSubDomains; preload",
            ));
    }
    response
}
