//! The middleware that decides whose request it is, before anything else looks at it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::request::Parts;

use crate::answer::{self, under};
use crate::proxies::strip;
use crate::{
    Address, BaseHost, HostKind, Proxies, Resolution, TenantResolver, TenantSite, TenantStatus,
};

/// The paths of a suspended tenant that stay open, each with everything below it: its staff can still sign in (`/auth`)
/// and settle what is owed (`/app/billing`), with the assets (`/_a`) and the theme (`/_t`) that these pages load.
pub const OPEN_WHEN_SUSPENDED: [&str; 4] = ["/app/billing", "/auth", "/_a", "/_t"];

/// Where a request arrived; stands in its extensions.
#[derive(Clone, Debug)]
pub enum Place {
    /// The base host.
    Base,
    /// The operators' console.
    Ops,
    /// A tenant's address.
    Tenant(TenantSite),
}

/// The address of the client, as far as it can be believed; stands in a request's extensions.
///
/// `0.0.0.0` when the request came over no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

/// What [`resolve`] needs to know.
#[derive(Clone)]
pub struct ResolverState {
    /// Finds tenants.
    pub resolver: TenantResolver,
    /// The platform's own address.
    pub base: Arc<BaseHost>,
    /// Peers that may speak for others.
    pub proxies: Arc<Proxies>,
}

/// Puts [`Place`] and [`ClientAddr`] into the request's extensions, or answers in place of everything behind it:
/// 400 when the host cannot be read, 404 when it is nobody's, 308 or 421 when the tenant has moved, 503 when it is
/// suspended or cannot be looked up.
///
/// To be used with `axum::middleware::from_fn_with_state`, around the whole router. Nothing else in a request selects a
/// tenant, and forwarding headers are gone afterwards.
pub async fn resolve(State(state): State<ResolverState>, request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    let client = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
        state.proxies.client(peer, request.headers())
    });
    // In parts, because a body cannot be looked at from two threads and must not be held while waiting.
    let (mut head, body) = request.into_parts();
    let place = match place(&state, peer, &head).await {
        Ok(place) => place,
        Err(response) => return *response,
    };
    strip(&mut head.headers);
    head.extensions.insert(ClientAddr(client));
    head.extensions.insert(place);
    next.run(Request::from_parts(head, body)).await
}

async fn place(
    state: &ResolverState,
    peer: Option<IpAddr>,
    head: &Parts,
) -> Result<Place, Box<Response>> {
    let (headers, path) = (&head.headers, head.uri.path());
    let host = state
        .proxies
        .host(peer, &head.uri, headers)
        .map_err(|error| answer::bad_host(headers, path, error))?;
    let address = match state.base.classify(&host) {
        HostKind::Base => return Ok(Place::Base),
        HostKind::Ops => return Ok(Place::Ops),
        HostKind::Slug(slug) => Address::Slug(slug),
        HostKind::Domain(domain) => Address::Domain(domain),
        HostKind::Unknown => return Err(answer::unknown(headers, path).into()),
    };
    let resolution = state.resolver.resolve(address).await.map_err(|error| {
        tracing::error!(error = ?error, host = %host, "could not find out whose host this is");
        answer::unavailable(headers, path)
    })?;
    match resolution {
        Resolution::Found(site) => match site.tenant.status {
            TenantStatus::Active | TenantStatus::Closing => Ok(Place::Tenant(site)),
            TenantStatus::Suspended => {
                if OPEN_WHEN_SUSPENDED.iter().any(|open| under(path, open)) {
                    Ok(Place::Tenant(site))
                } else {
                    Err(answer::suspended(headers, path).into())
                }
            }
            TenantStatus::Pending | TenantStatus::Deleted => {
                Err(answer::unknown(headers, path).into())
            }
        },
        Resolution::Moved { host } => {
            let safe = matches!(head.method, Method::GET | Method::HEAD);
            Err(if safe {
                let target = head
                    .uri
                    .path_and_query()
                    .map_or("/", |target| target.as_str());
                answer::moved(&format!("{}{target}", state.base.url_of(&host)))
            } else {
                answer::misdirected(headers, path)
            }
            .into())
        }
        Resolution::Unknown => Err(answer::unknown(headers, path).into()),
    }
}
