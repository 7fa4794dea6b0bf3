//! The contract between a module and the platform.
//!
//! A module is one product: it declares its facts in a [`Manifest`], offers [`Routes`] whose handlers
//! begin with a gate ([`Allowed`], [`Member`], [`Public`]), and registers [`Jobs`], event handlers
//! and [`Slots`]. It gets the database through its gate alone, bound to the tenant of the request.
//!
//! ```ignore
//! async fn publish(ctx: Allowed<PublishPosts>, Path(id): Path<PostId>) -> module::Result<Redirect> {
//!     let mut tx = ctx.begin().await?;
//!     posts::publish(&mut tx, &ctx, id).await?;
//!     tx.commit().await?;
//!     Ok(Redirect::to("/app/blog/posts"))
//! }
//! ```
#![warn(missing_docs)]

mod answer;
mod app;
mod audit;
pub mod conditional;
mod contract;
mod ctx;
mod event;
pub mod extract;
mod gate;
mod grant;
mod idempotency;
mod job;
mod key;
mod links;
mod manifest;
mod object_gate;
mod ops_gate;
mod people;
mod platform_gate;
mod precondition;
pub mod problems;
mod respond;
mod routes;
mod secret;
mod slots;
mod store;

pub use answer::Answer;
pub use app::App;
pub use audit::{Actor, Audit};
pub use contract::Module;
pub use ctx::{Ctx, Person, RequestFacts};
pub use event::{Event, EventHandler, Subscriptions, emit, emit_for};
pub use gate::{Allowed, Gate, GateKind, Guard, Keyed, Member, Mounted, Public};
pub use grant::{GuestPass, ObjectGrant};
pub use idempotency::{IdempotencyKey, forget_old_answers};
pub use job::{Job, JobContext, JobFuture, JobHandler, Jobs, enqueue, enqueue_for};
pub use key::{ApiKey, ApiKeyId, ApplicationId};
pub use links::Links;
pub use manifest::{
    Entitlement, EntitlementKind, MailPace, Manifest, NavLink, NotificationKind, QuickAction,
};
pub use object_gate::{AllowedOn, AllowedSome, Invited, ObjectGuard};
pub use ops_gate::{Operating, Operator, OpsCtx, OpsVisitor, Rank, rank};
pub use people::{People, PeopleFuture};
pub use platform_gate::{Account, SignedIn, Visitor};
pub use precondition::{BasedOn, IfMatch, etag, etag_with};
pub use respond::{Failure, Problem, Result, wants_json};
pub use routes::{RouteFacts, Routes};
pub use secret::Secret;
pub use slots::{
    HomeCard, Lost, OnboardingStep, SearchHit, ShareLevel, Shareable, SharedObject, SlotFuture,
    Slots,
};

/// Makes the type of a permission, for use in [`Allowed`], and with the kind of its objects in [`AllowedOn`], too.
///
/// ```
/// module::guard!(
///     /// May publish posts.
///     PublishPosts = "blog.posts.publish"
/// );
/// module::guard!(
///     /// May see posts, or one that was shared.
///     ReadPosts = "blog.posts.read" on "blog.post"
/// );
/// ```
#[macro_export]
macro_rules! guard {
    ($(#[$meta:meta])* $name:ident = $key:literal on $kind:literal) => {
        $crate::guard!($(#[$meta])* $name = $key);

        impl $crate::ObjectGuard for $name {
            const OBJECT: &'static str = $kind;
        }
    };
    ($(#[$meta:meta])* $name:ident = $key:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::Guard for $name {
            const KEY: &'static str = $key;
        }
    };
}
