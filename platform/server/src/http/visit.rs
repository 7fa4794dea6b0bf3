//! One request, as far as it is understood before any handler runs.

use axum::extract::Request;
use http::header;
use module::{Account, Ctx, Operator, RequestFacts};
use tenant_resolver::ClientAddr;

use super::observe::RequestId;
use crate::pages::error::Reader;

/// Where a request went and who sent it.
pub struct Visit {
    /// The plain facts.
    pub facts: RequestFacts,
    /// Where it went.
    pub place: Where,
}

/// The kinds of host.
pub enum Where {
    /// The platform's own pages.
    Base(Option<Account>),
    /// The operators' console.
    Ops(Option<Operator>),
    /// A tenant.
    Tenant(Box<Ctx>),
}

impl Visit {
    /// The tenant's context, if it went to one.
    pub fn ctx(&self) -> Option<&Ctx> {
        if let Where::Tenant(ctx) = &self.place {
            Some(ctx)
        } else {
            None
        }
    }

    /// Who reads a page about what went wrong.
    pub fn reader(&self) -> Reader {
        match &self.place {
            Where::Tenant(ctx) if ctx.visitor().is_some() => Reader::Member,
            Where::Ops(_) => Reader::Operator,
            Where::Base(_) | Where::Tenant(_) => Reader::Visitor,
        }
    }

    /// Whether somebody is signed in where it went.
    pub fn signed_in(&self) -> bool {
        match &self.place {
            Where::Base(account) => account.is_some(),
            Where::Tenant(ctx) => ctx.visitor().is_some(),
            Where::Ops(operator) => operator.is_some(),
        }
    }
}

/// Reads the plain facts of a request.
pub fn facts(request: &Request) -> RequestFacts {
    let extensions = request.extensions();
    let id = extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    RequestFacts {
        id,
        method: request.method().clone(),
        path: path.to_owned(),
        ip: extensions
            .get::<ClientAddr>()
            .map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |client| client.0),
        user_agent: agent.chars().take(255).collect(),
    }
}
