//! How requests come in and answers go out.

pub mod flash;
mod frames;
pub mod headers;
pub mod health;
pub mod listener;
mod lost;
pub mod observe;
mod principals;
mod programs;
mod render;
pub mod timeouts;
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
use programs::Program;
use visit::{Visit, Where};

/// Everything that requests pass through.
pub struct Front {
    /// State of the server.
    pub app: App,
    /// Who is asking.
    pub principals: Principals,
    /// Programs and their keys.
    pub access: access::Access,
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
    /// The same for programs that show a key: no browser does that by itself, so requests may come from any site.
    pub keyed: Router,
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
    let api = match &place {
        Some(Place::Tenant(site)) if programs::is_api(&facts.path) => Some(site.clone()),
        _ => None,
    };
    if let Some(site) = &api
        && programs::is_preflight(&facts, &asked)
    {
        return programs::preflight(&front.access, site, &asked).await;
    }
    let mut program = Program::default();
    let (place, failure) = match enter(&front, place, &asked, &facts, &mut program).await {
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
                if ctx.key().is_some() {
                    &front.keyed
                } else {
                    &front.tenant
                }
            }
        };
        let response = infallible(router.clone().oneshot(request).await);
        match &visit.place {
            Where::Tenant(ctx) if response.status() == StatusCode::NOT_FOUND => {
                lost::answer(&front.slots, ctx).await.unwrap_or(response)
            }
            _ => response,
        }
    };
    let response = render::finish(&front, &visit, &asked, response).await;
    match api {
        Some(site) => program.finish(&front.access, &site, &asked, response).await,
        None => response,
    }
}

/// Finds out who is asking.
async fn enter(
    front: &Front,
    place: Option<Place>,
    asked: &http::HeaderMap,
    facts: &module::RequestFacts,
    program: &mut Program,
) -> kernel::Result<Where> {
    match place {
        Some(Place::Tenant(site)) => {
            if programs::is_api(&facts.path) {
                let (access, app) = (&front.access, &front.app);
                let keyed = programs::enter(access, app, &site, asked, facts, program).await;
                if let Some(ctx) = keyed {
                    return Ok(Where::Tenant(Box::new(ctx?)));
                }
            }
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
        match (ctx.key(), ctx.visitor()) {
            (Some(key), _) => {
                span.record("key", tracing::field::display(key.id));
            }
            (None, Some(person)) => {
                span.record("person", tracing::field::display(person.membership));
            }
            (None, None) => {}
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
