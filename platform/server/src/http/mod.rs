//! How requests come in and answers go out.

pub mod flash;
mod frames;
pub mod headers;
pub mod health;
pub mod listener;
pub mod observe;
mod principals;
mod render;
mod visit;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::Error;
use module::{App, Ctx, Failure, OpsVisitor, Slots, Visitor};
use tenant_resolver::Place;
use tower::ServiceExt as _;

pub use principals::Principals;
use visit::{Visit, Where};

/// Everything that requests pass through.
pub struct Front {
    /// State of the server.
    pub app: App,
    /// Who is asking.
    pub principals: Principals,
    /// Unread notifications.
    pub messaging: messaging::Messaging,
    /// Style sheets and scripts.
    pub assets: Arc<ui::Assets>,
    /// What modules contribute to the platform's pages.
    pub slots: Slots,
    /// Pages of the base host.
    pub base: Router,
    /// Pages of tenants' hosts.
    pub tenant: Router,
    /// Pages of the operators' host.
    pub ops: Router,
}

impl Front {
    fn secure(&self) -> bool {
        self.app.links().secure()
    }
}

/// Takes a request that the resolver has placed, finds out who is asking, and hands it to the pages
/// of that host; then turns what they return into what the client gets.
pub async fn handle(State(front): State<Arc<Front>>, mut request: Request) -> Response {
    let facts = visit::facts(&request);
    let asked = request.headers().clone();
    let place = request.extensions().get::<Place>().cloned();
    let (place, failure) = match enter(&front, place, &asked, &facts).await {
        Ok(place) => (place, None),
        Err(error) => (Where::Base(None), Some(Failure::from(error))),
    };
    let visit = Visit { facts, place };
    let response = if let Some(failure) = failure {
        failure.into_response()
    } else {
        record(&visit);
        let router = match &visit.place {
            Where::Base(account) => {
                request.extensions_mut().insert(Visitor {
                    app: front.app.clone(),
                    request: visit.facts.clone(),
                    now: front.app.now(),
                    account: account.clone(),
                });
                &front.base
            }
            Where::Ops(operator) => {
                request.extensions_mut().insert(OpsVisitor {
                    app: front.app.clone(),
                    request: visit.facts.clone(),
                    now: front.app.now(),
                    operator: operator.clone(),
                });
                &front.ops
            }
            Where::Tenant(ctx) => {
                request.extensions_mut().insert(Ctx::clone(ctx));
                &front.tenant
            }
        };
        infallible(router.clone().oneshot(request).await)
    };
    render::finish(&front, &visit, &asked, response).await
}

/// Finds out who is asking.
async fn enter(
    front: &Front,
    place: Option<Place>,
    asked: &http::HeaderMap,
    facts: &module::RequestFacts,
) -> kernel::Result<Where> {
    match place {
        Some(Place::Tenant(site)) => {
            let person = front.principals.member(asked, &site.tenant).await?;
            let guest = front.principals.guest(asked, &site).await?;
            let ctx = Ctx::new(front.app.clone(), site, person, facts.clone()).with_guest(guest);
            Ok(Where::Tenant(Box::new(ctx)))
        }
        Some(Place::Ops) => Ok(Where::Ops(front.principals.operator(asked).await?)),
        Some(Place::Base) => Ok(Where::Base(front.principals.account(asked).await?)),
        None => Err(Error::internal(
            "a request reached the pages without a place",
        )),
    }
}

/// Names tenant and person on the request's span. Metrics never carry them: they would be too many.
fn record(visit: &Visit) {
    let span = tracing::Span::current();
    if let Some(ctx) = visit.ctx() {
        span.record("tenant", tracing::field::display(ctx.tenant().id));
        if let Some(module) = crate::modules::of_path(&visit.facts.path) {
            span.record("module", module);
        }
        if let Some(person) = ctx.visitor() {
            span.record("person", tracing::field::display(person.membership));
        }
    }
}

/// What answers where no page is.
pub async fn no_such_page() -> Failure {
    Error::NotFound("page").into()
}

/// What answers where a page takes other methods only.
pub async fn no_such_method() -> Response {
    let failure = Failure::from(Error::bad_request(
        "method_not_allowed",
        "This address does not take that kind of request.",
    ));
    let mut response = failure.into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

fn infallible(result: Result<Response, Infallible>) -> Response {
    match result {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
