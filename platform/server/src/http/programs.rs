//! Requests of programs: keys in `Authorization`, limits, and what browsers may read from other origins.
//!
//! Under `/api/` a request with `Authorization` is a program's, whatever cookies came along. Without it the session
//! counts, with its rules about other sites. A program's request needs none of these: no browser adds a key by itself.

use std::sync::Arc;

use access::{Access, Origins, Quota};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use kernel::{Error, Result};
use module::{App, Ctx, RequestFacts};
use tenant_resolver::TenantSite;

/// What a browser may ask for, and read, across origins.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const ALLOWED: &str =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Match";
const EXPOSED: &str = "ETag, Link, Location, Idempotent-Replayed, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, \
     RateLimit-Reset, Retry-After, X-Canonical-Slug, X-Request-Id";
/// For how long a browser may remember what it was told, in seconds: a day.
const REMEMBER: &str = "86400";

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What is known of a request to the API besides its context.
#[derive(Default)]
pub struct Program {
    /// Origins of the application whose key was shown.
    origins: Option<Arc<Origins>>,
    quota: Option<Quota>,
}

/// Whether a path leads to the API.
pub fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// Whether a browser asks what it may ask.
pub fn is_preflight(facts: &RequestFacts, asked: &HeaderMap) -> bool {
    facts.method == Method::OPTIONS
        && asked.contains_key(header::ORIGIN)
        && asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whose request this is, when it shows a key: the context, or why it is refused. `None` without `Authorization`.
pub async fn enter(
    access: &Access,
    app: &App,
    site: &TenantSite,
    asked: &HeaderMap,
    facts: &RequestFacts,
    program: &mut Program,
) -> Option<Result<Ctx>> {
    if access::names_key(&facts.path) {
        return Some(Err(Error::bad_request(
            "key_in_address",
            "Send the key in the header Authorization. This one stood in an address, where logs keep it: revoke it.",
        )));
    }
    let authorization = asked.get(header::AUTHORIZATION)?;
    let tenant = &site.tenant;
    let host = app.links().tenant_host(&tenant.slug);
    let now = app.now();
    let found = access.authenticate(tenant.id, &host, authorization, facts.ip, now);
    let found = match found.await {
        Ok(found) => found,
        Err(error) => return Some(Err(error)),
    };
    program.origins = Some(Arc::clone(&found.origins));
    match access.admit(tenant.id, &found, facts.ip, now).await {
        Ok((quota, outcome)) => {
            program.quota = Some(quota);
            if let Err(error) = outcome {
                return Some(Err(error));
            }
        }
        Err(error) => return Some(Err(error)),
    }
    let (app, site) = (app.clone(), site.clone());
    let ctx = Ctx::for_program(app, site, found.person, found.key, facts.clone());
    Some(Ok(ctx))
}

impl Program {
    /// Adds to an answer of the API what programs and browsers need to know about it.
    pub async fn finish(
        &self,
        access: &Access,
        site: &TenantSite,
        asked: &HeaderMap,
        mut response: Response,
    ) -> Response {
        let headers = response.headers_mut();
        if let Some(quota) = self.quota {
            headers.insert(LIMIT, HeaderValue::from(quota.limit));
            headers.insert(REMAINING, HeaderValue::from(quota.remaining));
            headers.insert(RESET, HeaderValue::from(quota.reset));
            if let Ok(policy) = HeaderValue::try_from(format!("{};w=60", quota.limit)) {
                headers.insert(POLICY, policy);
            }
        }
        // Always, or a cache would give one origin the answer for another.
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = self.allowed(access, site, asked).await {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED),
            );
        }
        response
    }

    /// The origin that asks, if its scripts may read the answer: one of the application's own, and of any application
    /// of the tenant as long as it is not known which one asks.
    async fn allowed(
        &self,
        access: &Access,
        site: &TenantSite,
        asked: &HeaderMap,
    ) -> Option<HeaderValue> {
        let origin = asked.get(header::ORIGIN)?;
        let origins = match &self.origins {
            Some(origins) => Arc::clone(origins),
            None => match access.origins(site.tenant.id).await {
                Ok(origins) => origins,
                Err(error) => {
                    tracing::warn!(%error, "the origins of a tenant could not be read");
                    return None;
                }
            },
        };
        origins.allow(origin.to_str().ok()?).then(|| origin.clone())
    }
}

/// Answers a browser that asks what it may ask. Nobody is signed in for this, and credentials are never allowed.
pub async fn preflight(access: &Access, site: &TenantSite, asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let allowed = Program::default().allowed(access, site, asked).await;
    let headers = response.headers_mut();
    headers.insert(
        header::VARY,
        HeaderValue::from_static(
            "origin, access-control-request-method, access-control-request-headers",
        ),
    );
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBER),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
