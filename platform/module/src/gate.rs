//! Gates: the first argument of every handler says who may enter.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::{Access, Error, OperatorRole};

use crate::{App, Ctx, Failure};

/// The type of a permission; made by [`crate::guard!`].
pub trait Guard: Send + Sync + 'static {
    /// Key of the permission: `<module>.<resource>.<action>`.
    const KEY: &'static str;
}

/// The kinds of gate, for tests that look at every route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateKind {
    /// Anybody, on a tenant's host.
    Public,
    /// Any member of the tenant.
    Member,
    /// Members who hold this permission, and programs whose key has a scope that covers it.
    Permission(&'static str),
    /// Guests and members who hold this permission on the object that the path names.
    Invited(&'static str),
    /// Programs that show their key itself.
    Key,
    /// Anybody, on the base host.
    Visitor,
    /// Anybody with an account, on the base host.
    SignedIn,
    /// Anybody, on the operators' host.
    OpsVisitor,
    /// Operators of this rank or above, on their host.
    Operator(OperatorRole),
}

/// What can stand first in a handler's arguments.
pub trait Gate {
    /// Who may enter.
    const KIND: GateKind;
}

/// The module whose routes these are; the server adds it to every request for a module.
///
/// Gates look the tenant's subscription up under this key. Routes of the platform have none.
#[derive(Clone, Copy, Debug)]
pub struct Mounted(pub &'static str);

/// Anybody may enter; the module's public pages stay up while its subscription can be read.
#[derive(Clone)]
pub struct Public(Ctx);

/// Programs may enter that show their key itself, whatever its scopes. Tokens made from keys do not count.
#[derive(Clone)]
pub struct Keyed(Ctx);

/// Any member of the tenant may enter, whatever their role. Programs may not: a key is nobody's place here.
#[derive(Clone)]
pub struct Member(Ctx);

/// Members who hold the permission `P` may enter, as far as the subscription allows.
#[derive(Clone)]
pub struct Allowed<P>(Ctx, PhantomData<P>);

impl Gate for Public {
    const KIND: GateKind = GateKind::Public;
}

impl Gate for Member {
    const KIND: GateKind = GateKind::Member;
}

impl Gate for Keyed {
    const KIND: GateKind = GateKind::Key;
}

impl<P: Guard> Gate for Allowed<P> {
    const KIND: GateKind = GateKind::Permission(P::KEY);
}

impl Deref for Public {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.0
    }
}

impl Deref for Member {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.0
    }
}

impl Deref for Keyed {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.0
    }
}

impl<P> Deref for Allowed<P> {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.0
    }
}

impl FromRequestParts<App> for Public {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        subscribed(parts, &ctx, false)?;
        Ok(Self(ctx))
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        ctx.person()?;
        if ctx.key().is_some() {
            return Err(ctx.lacks(MEMBERSHIP).into());
        }
        subscribed(parts, &ctx, true)?;
        Ok(Self(ctx))
    }
}

impl FromRequestParts<App> for Keyed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        match ctx.key() {
            Some(key) if !key.by_token => {}
            Some(_) => return Err(Error::InvalidKey.into()),
            None => return Err(Error::Unauthenticated.into()),
        }
        subscribed(parts, &ctx, true)?;
        Ok(Self(ctx))
    }
}

impl<P: Guard> FromRequestParts<App> for Allowed<P> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        if !ctx.person()?.permissions.allows(P::KEY) {
            return Err(ctx.lacks(P::KEY).into());
        }
        subscribed(parts, &ctx, true)?;
        Ok(Self(ctx, PhantomData))
    }
}

/// What a refusal of [`Member`] names: no scope covers it.
const MEMBERSHIP: &str = "workspace.membership";

/// A request without a context did not come through a tenant's host, so there is nothing here for it.
pub(crate) fn ctx(parts: &Parts) -> Result<Ctx, Failure> {
    parts
        .extensions
        .get::<Ctx>()
        .cloned()
        .ok_or_else(|| Error::NotFound("page").into())
}

/// Holds the request against the tenant's subscription to the module it goes to.
///
/// `writes` is whether the gate's unsafe requests change the module's own data. Visitors keep their
/// part (paying an invoice, say) while the subscription can be read.
pub(crate) fn subscribed(parts: &Parts, ctx: &Ctx, writes: bool) -> Result<(), Failure> {
    let Some(Mounted(module)) = parts.extensions.get::<Mounted>().copied() else {
        return Ok(());
    };
    let access = ctx.access(module);
    let enough = if writes && !ctx.request().is_safe() {
        access.writes()
    } else {
        access.reads()
    };
    if enough {
        return Ok(());
    }
    if !writes {
        // Never subscribed: to visitors there is simply no such page.
        let ever = ctx.tenant().access(module, ctx.now()).is_some();
        return Err(if ever {
            Error::OutOfService
        } else {
            Error::NotFound("page")
        }
        .into());
    }
    Err(Error::SubscriptionRequired {
        module,
        access: if access == Access::Blocked {
            Access::Blocked
        } else {
            Access::ReadOnly
        },
        read_only_until: ctx.tenant().read_only_until(module, ctx.now()),
    }
    .into())
}
