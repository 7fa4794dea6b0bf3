//! Routes that know who may enter.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::App;
use crate::gate::{Gate, GateKind};

/// A set of routes, each recorded with its gate.
///
/// A handler whose first argument is no gate does not compile here: no route can forget to say who
/// may enter, and tests can hold the whole table against what was meant.
#[derive(Default)]
pub struct Routes {
    router: OpenApiRouter<App>,
    facts: Vec<RouteFacts>,
}

/// One route as tests see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteFacts {
    /// Method.
    pub method: String,
    /// Path pattern, such as `/app/blog/posts/{id}`.
    pub path: String,
    /// Who may enter.
    pub gate: GateKind,
    /// Whether it is an operation of the API, as opposed to a page.
    pub api: bool,
}

/// The argument tuple of a handler whose first argument is a gate.
pub trait Gated {
    /// Who may enter.
    const KIND: GateKind;
}

macro_rules! gated {
    ($($rest:ident),*) => {
        impl<M, G: Gate, $($rest),*> Gated for (M, G, $($rest),*) {
            const KIND: GateKind = G::KIND;
        }
    };
}
gated!();
gated!(T1);
gated!(T1, T2);
gated!(T1, T2, T3);
gated!(T1, T2, T3, T4);
gated!(T1, T2, T3, T4, T5);
gated!(T1, T2, T3, T4, T5, T6);

impl Routes {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A page.
    #[must_use]
    pub fn get<H: Handler<T, App>, T: Gated + 'static>(self, path: &str, handler: H) -> Self {
        self.add(MethodFilter::GET, "GET", path, handler)
    }

    /// A form's target.
    #[must_use]
    pub fn post<H: Handler<T, App>, T: Gated + 'static>(self, path: &str, handler: H) -> Self {
        self.add(MethodFilter::POST, "POST", path, handler)
    }

    /// An operation of the API: the handler, and what `utoipa_axum::routes!` makes of it.
    ///
    /// Use [`crate::operations!`], which names the handler once.
    ///
    /// # Panics
    /// When `routes!` was given anything but this one handler: a mistake in the program's text.
    #[must_use]
    pub fn operation<H: Handler<T, App>, T: Gated + 'static>(
        mut self,
        _handler: &H,
        described: UtoipaMethodRouter<App>,
    ) -> Self {
        let mut found = Vec::new();
        for (path, item) in &described.1.paths {
            let methods = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            found.extend(
                methods
                    .iter()
                    .filter(|(_, operation)| operation.is_some())
                    .map(|(method, _)| RouteFacts {
                        method: method.to_string(),
                        path: path.clone(),
                        gate: T::KIND,
                        api: true,
                    }),
            );
        }
        assert_eq!(found.len(), 1, "one handler describes one operation");
        self.facts.extend(found);
        self.router = self.router.routes(described);
        self
    }

    /// All routes of `other` as well.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.facts.extend(other.facts);
        self.router = self.router.merge(other.router);
        self
    }

    /// The same routes below a prefix, such as `/app/blog`.
    #[must_use]
    pub fn nest(self, prefix: &str) -> Self {
        let router = OpenApiRouter::new().nest(prefix, self.router);
        let facts = self.facts.into_iter().map(|facts| {
            let path = if facts.path == "/" {
                prefix.to_owned()
            } else {
                format!("{prefix}{}", facts.path)
            };
            RouteFacts { path, ..facts }
        });
        Self {
            router,
            facts: facts.collect(),
        }
    }

    /// Applies a layer to the routes added so far, as the server does to mark whose they are.
    #[must_use]
    pub fn map_router(self, change: impl FnOnce(OpenApiRouter<App>) -> OpenApiRouter<App>) -> Self {
        Self {
            router: change(self.router),
            facts: self.facts,
        }
    }

    /// Every route with its gate.
    #[must_use]
    pub fn facts(&self) -> &[RouteFacts] {
        &self.facts
    }

    /// Takes the parts: the router, its description, and the table of routes.
    pub fn into_parts(self) -> (Router<App>, utoipa::openapi::OpenApi, Vec<RouteFacts>) {
        let (router, description) = self.router.split_for_parts();
        (router, description, self.facts)
    }

    fn add<H: Handler<T, App>, T: Gated + 'static>(
        mut self,
        filter: MethodFilter,
        method: &str,
        path: &str,
        handler: H,
    ) -> Self {
        self.facts.push(RouteFacts {
            method: method.to_owned(),
            path: path.to_owned(),
            gate: T::KIND,
            api: false,
        });
        self.router = self.router.route(path, on(filter, handler));
        self
    }
}

/// Adds operations of the API to [`Routes`]; each handler carries `#[utoipa::path(..)]`.
///
/// ```ignore
/// let routes = module::operations!(Routes::new(), list, create, read);
/// ```
#[macro_export]
macro_rules! operations {
    ($routes:expr, $($handler:path),+ $(,)?) => {
        $routes$(.operation(&$handler, ::utoipa_axum::routes!($handler)))+
    };
}
