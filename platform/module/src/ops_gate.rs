//! Gates of the operators' host: pages across tenants, for those who run the platform.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::{Error, OperatorRole, Timestamp, UserId};

use crate::gate::{Gate, GateKind};
use crate::{App, Failure, RequestFacts};

/// An operator who is signed in at the console.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: OperatorRole,
}

/// Anybody, on the operators' host.
#[derive(Clone)]
pub struct OpsVisitor {
    /// State of the server.
    pub app: App,
    /// The facts of the request.
    pub request: RequestFacts,
    /// The instant at which the request is handled.
    pub now: Timestamp,
    /// Who is signed in, if anybody.
    pub operator: Option<Operator>,
}

/// The context of a request by an operator.
#[derive(Clone)]
pub struct OpsCtx {
    /// State of the server.
    pub app: App,
    /// The facts of the request.
    pub request: RequestFacts,
    /// The instant at which the request is handled.
    pub now: Timestamp,
    /// Who asks.
    pub operator: Operator,
}

impl OpsCtx {
    /// Whether the operator may do what asks for a rank; for hiding what they may not.
    #[must_use]
    pub fn may(&self, role: OperatorRole) -> bool {
        self.operator.role.covers(role)
    }
}

/// The type of a rank, for use in [`Operating`].
pub trait Rank: Send + Sync + 'static {
    /// The rank.
    const ROLE: OperatorRole;
}

/// The ranks as types.
pub mod rank {
    use super::{OperatorRole, Rank};

    macro_rules! ranks {
        ($($(#[$meta:meta])* $name:ident = $role:ident;)*) => {$(
            $(#[$meta])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Rank for $name {
                const ROLE: OperatorRole = OperatorRole::$role;
            }
        )*};
    }
    ranks! {
        /// Every operator.
        Reader = SupportReadonly;
        /// Those who help tenants, and all above.
        Support = Support;
        /// Those who may touch money, and all above.
        Billing = Billing;
        /// Admins alone.
        Admin = Admin;
    }
}

/// Operators of the rank `R` or above may enter.
#[derive(Clone)]
pub struct Operating<R>(OpsCtx, PhantomData<R>);

impl<R> Deref for Operating<R> {
    type Target = OpsCtx;

    fn deref(&self) -> &OpsCtx {
        &self.0
    }
}

impl Gate for OpsVisitor {
    const KIND: GateKind = GateKind::OpsVisitor;
}

impl<R: Rank> Gate for Operating<R> {
    const KIND: GateKind = GateKind::Operator(R::ROLE);
}

/// The server's middleware leaves an [`OpsVisitor`] in the extensions of every request to the operators' host.
impl FromRequestParts<App> for OpsVisitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::NotFound("page").into())
    }
}

impl<R: Rank> FromRequestParts<App> for Operating<R> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let OpsVisitor {
            app,
            request,
            now,
            operator,
        } = OpsVisitor::from_request_parts(parts, app).await?;
        let operator = operator.ok_or(Error::Unauthenticated)?;
        if !operator.role.covers(R::ROLE) {
            return Err(Error::Forbidden(R::ROLE.key()).into());
        }
        let ctx = OpsCtx {
            app,
            request,
            now,
            operator,
        };
        Ok(Self(ctx, PhantomData))
    }
}
