//! Gates of routes about one object, which may be shared with somebody whose role would not let them in.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use kernel::Error;
use uuid::Uuid;

use crate::gate::{ctx, subscribed};
use crate::{App, Ctx, Failure, Gate, GateKind, Guard};

/// A permission that can be given on a single object; made by [`crate::guard!`] with `on`.
pub trait ObjectGuard: Guard {
    /// What kind of thing the objects are, such as `blog.post`.
    const OBJECT: &'static str;
}

/// Members may enter who hold the permission `P`, or have it on the object that the path names as `{id}`.
///
/// Rules behind the gate ask [`Ctx::may_on`] where they would have asked [`Ctx::may`].
#[derive(Clone)]
pub struct AllowedOn<P>(Ctx, PhantomData<P>);

/// Members may enter who hold the permission `P`, or have it on any object; lists show them [`Ctx::only_on`] these.
#[derive(Clone)]
pub struct AllowedSome<P>(Ctx, PhantomData<P>);

/// Guests may enter whose link gives them `P` on the object that the path names as `{id}`, and members as by
/// [`AllowedOn`]. The only gate that lets guests in. To everybody else there is no such page.
#[derive(Clone)]
pub struct Invited<P>(Ctx, PhantomData<P>);

macro_rules! gates {
    ($($name:ident => $kind:ident),+) => {
        $(
            impl<P: ObjectGuard> Gate for $name<P> {
                const KIND: GateKind = GateKind::$kind(P::KEY);
            }

            impl<P> Deref for $name<P> {
                type Target = Ctx;

                fn deref(&self) -> &Ctx {
                    &self.0
                }
            }
        )+
    };
}

gates!(AllowedOn => Permission, AllowedSome => Permission, Invited => Invited);

impl<P: ObjectGuard> FromRequestParts<App> for AllowedOn<P> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        ctx.person()?;
        let allowed = match object(parts).await {
            Some(object) => ctx.may_on(P::KEY, P::OBJECT, object),
            None => ctx.may(P::KEY),
        };
        if !allowed {
            return Err(ctx.lacks(P::KEY).into());
        }
        subscribed(parts, &ctx, true)?;
        Ok(Self(ctx, PhantomData))
    }
}

impl<P: ObjectGuard> FromRequestParts<App> for AllowedSome<P> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        ctx.person()?;
        if !ctx.may_somewhere(P::KEY) {
            return Err(ctx.lacks(P::KEY).into());
        }
        subscribed(parts, &ctx, true)?;
        Ok(Self(ctx, PhantomData))
    }
}

impl<P: ObjectGuard> FromRequestParts<App> for Invited<P> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let ctx = ctx(parts)?;
        let object = object(parts).await.ok_or(Error::NotFound("page"))?;
        let invited = ctx.guest().is_some_and(|guest| {
            let mut grants = guest.grants.iter();
            grants.any(|grant| grant.object == object && grant.gives(P::KEY, P::OBJECT, ctx.now()))
        });
        if !invited && !ctx.may_on(P::KEY, P::OBJECT, object) {
            return Err(Error::NotFound("page").into());
        }
        subscribed(parts, &ctx, false)?;
        Ok(Self(ctx, PhantomData))
    }
}

/// The object that the path names.
async fn object(parts: &mut Parts) -> Option<Uuid> {
    let params = parts.extract::<RawPathParams>().await.ok()?;
    let id = params.iter().find(|(name, _)| *name == "id");
    id.and_then(|(_, value)| value.parse().ok())
}
