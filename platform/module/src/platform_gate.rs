//! Gates of the base host: pages of the platform itself, outside any tenant.

use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::{Error, Timestamp, UserId};

use crate::gate::{Gate, GateKind};
use crate::{App, Failure, RequestFacts};

/// A person signed in on the base host.
#[derive(Clone, Debug)]
pub struct Account {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// Anybody, on the base host.
#[derive(Clone)]
pub struct Visitor {
    /// State of the server.
    pub app: App,
    /// The facts of the request.
    pub request: RequestFacts,
    /// The instant at which the request is handled.
    pub now: Timestamp,
    /// Who is signed in, if anybody.
    pub account: Option<Account>,
}

/// A person with an account, on the base host.
#[derive(Clone)]
pub struct SignedIn {
    /// State of the server.
    pub app: App,
    /// The facts of the request.
    pub request: RequestFacts,
    /// The instant at which the request is handled.
    pub now: Timestamp,
    /// Who is signed in.
    pub account: Account,
}

impl Gate for Visitor {
    const KIND: GateKind = GateKind::Visitor;
}

impl Gate for SignedIn {
    const KIND: GateKind = GateKind::SignedIn;
}

/// The server's middleware leaves a [`Visitor`] in the extensions of every request to the base host.
impl FromRequestParts<App> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::NotFound("page").into())
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Visitor {
            app,
            request,
            now,
            account,
        } = Visitor::from_request_parts(parts, app).await?;
        let account = account.ok_or(Error::Unauthenticated)?;
        Ok(Self {
            app,
            request,
            now,
            account,
        })
    }
}
