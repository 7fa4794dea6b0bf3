//! From the crates' routes to one router, with the table of all routes and the API's description.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Extension, Router};
use kernel::Error;
use module::{App, Failure, Mounted, RouteFacts, Routes};
use tenant_resolver::ResolverState;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use crate::http::timeouts::{self, Timeouts};
use crate::http::{Front, handle, headers, health, no_such_method, no_such_page, observe};
use crate::modules::MODULES;
use crate::pages;
use crate::settings::Http;

/// The routes of each kind of host, before any state is bound to them.
pub struct Table {
    /// The base host's.
    pub base: Routes,
    /// A tenant's host's.
    pub tenant: Routes,
    /// The operators' host's.
    pub ops: Routes,
}

impl Table {
    /// Every route there is. `development` adds the pages for developers.
    #[must_use]
    pub fn new(development: bool) -> Self {
        let mut base = Routes::new()
            .merge(pages::marketing::routes())
            .merge(accounts::base_routes())
            .merge(tenants::base_routes())
            .merge(catalog::base_routes());
        if development {
            base = base
                .merge(messaging::mailbox_routes())
                .merge(pages::gallery::routes());
        }
        let mut tenant = Routes::new()
            .merge(pages::home::routes())
            .merge(pages::search::routes())
            .merge(pages::site::routes())
            .merge(pages::description::routes())
            .merge(pages::reference::routes())
            .merge(tenants::tenant_routes())
            .merge(access::tenant_routes())
            .merge(billing::tenant_routes())
            .merge(messaging::tenant_routes())
            .merge(tenants::api_routes().nest("/api/v1/workspace"))
            .merge(messaging::api_routes().nest("/api/v1/inbox"))
            .merge(files::tenant_routes());
        for module in MODULES {
            let key = module.manifest().key;
            let mounted =
                |routes: Routes| routes.map_router(|router| router.layer(Extension(Mounted(key))));
            tenant = tenant
                .merge(mounted(module.pages()).nest(&format!("/app/{key}")))
                .merge(mounted(module.api()).nest(&format!("/api/v1/{key}")))
                .merge(mounted(module.public()));
        }
        Self {
            base,
            tenant,
            ops: console::routes(),
        }
    }

    /// Every route with its gate, pages and API alike, the base host's first.
    #[must_use]
    pub fn facts(&self) -> Vec<RouteFacts> {
        self.base
            .facts()
            .iter()
            .chain(self.tenant.facts())
            .chain(self.ops.facts())
            .cloned()
            .collect()
    }
}

/// What the routers need besides the routes.
pub struct Wiring {
    /// State of the handlers.
    pub app: App,
    /// Where tenants are found.
    pub resolver: ResolverState,
    /// Who is asking, and what stands around pages.
    pub front: Front,
    /// Readiness.
    pub health: health::Health,
}

/// Binds the routes of one host to their state.
///
/// `layer` gives them what they extract besides it.
pub fn bind(router: Router<App>, app: &App, layer: impl FnOnce(Router) -> Router) -> Router {
    let router = router
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app.clone());
    layer(router)
}

/// Refuses what browsers send from other sites.
pub fn same_site(router: Router) -> Router {
    // The refusal of a request from another site becomes a page or a problem like any other error.
    let csrf = CsrfLayer::new().with_rejection_response(|_| {
        axum::response::IntoResponse::into_response(Failure::from(Error::CrossSite))
    });
    router.layer(csrf)
}

/// The whole server as one router.
pub fn assemble(wiring: Wiring, http: &Http) -> Router {
    let policy = headers::Policy::new(wiring.app.links());
    let assets = Arc::clone(&wiring.front.assets);
    let pages = Router::new()
        .fallback(handle)
        .with_state(Arc::new(wiring.front))
        .layer(from_fn_with_state(
            wiring.resolver,
            tenant_resolver::resolve,
        ))
        .layer(DefaultBodyLimit::max(http.body_limit));
    let probes = Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .with_state(wiring.health);
    Router::new()
        .merge(probes)
        .merge(assets.router())
        .fallback_service(pages)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn(observe::observe))
                .layer(from_fn_with_state(policy, headers::add))
                .layer(CompressionLayer::new())
                .layer(CatchPanicLayer::custom(
                    |_: Box<dyn std::any::Any + Send>| {
                        axum::response::IntoResponse::into_response(Failure::from(Error::internal(
                            "a handler panicked",
                        )))
                    },
                ))
                .layer(from_fn_with_state(Timeouts::of(http), timeouts::limit)),
        )
}
