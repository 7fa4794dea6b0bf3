//! Who does something to a subscription, when, and why.

use kernel::{MembershipId, TenantId, Timestamp};
use module::{Audit, Ctx, RequestFacts};
use uuid::Uuid;

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    who: module::Actor,
    /// What brings its steps about, as stored with them.
    cause: &'static str,
    name: String,
    request: Option<RequestFacts>,
}

impl Actor {
    /// A member of the tenant.
    #[must_use]
    pub fn member(membership: MembershipId, name: impl Into<String>) -> Self {
        Self::new(module::Actor::Member(membership.0), "tenant", name)
    }

    /// An operator of the platform, under the name that the tenant shall read.
    #[must_use]
    pub fn operator(id: Uuid, name: impl Into<String>) -> Self {
        Self::new(module::Actor::Operator(id), "operator", name)
    }

    /// The platform itself, when a date has passed.
    #[must_use]
    pub fn system() -> Self {
        Self::new(module::Actor::System, "time", "Atelier")
    }

    /// The platform itself, when a workspace is opened.
    pub(crate) fn sign_up() -> Self {
        Self::new(module::Actor::System, "sign_up", "Atelier")
    }

    fn new(who: module::Actor, cause: &'static str, name: impl Into<String>) -> Self {
        Self {
            who,
            cause,
            name: name.into(),
            request: None,
        }
    }

    /// Notes for the audit log where the request came from.
    #[must_use]
    pub fn request(mut self, request: &RequestFacts) -> Self {
        self.request = Some(request.clone());
        self
    }

    /// Name that people read.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kind and id as stored with an event.
    pub(crate) fn columns(&self) -> (&'static str, Option<Uuid>) {
        match self.who {
            module::Actor::Member(id) => ("member", Some(id)),
            module::Actor::Operator(id) => ("operator", Some(id)),
            // The constructors above make neither guests nor keys: none reaches a subscription.
            module::Actor::System | module::Actor::Guest(_) | module::Actor::ApiKey(_) => {
                ("system", None)
            }
        }
    }

    /// Whether an operator of the platform acts.
    pub(crate) fn is_operator(&self) -> bool {
        matches!(self.who, module::Actor::Operator(_))
    }

    pub(crate) fn cause(&self) -> &'static str {
        self.cause
    }

    pub(crate) fn audit(&self, action: &'static str, at: Timestamp) -> Audit {
        let audit = Audit::new(action, at).by(self.who, &self.name);
        match &self.request {
            Some(request) => audit.request(request),
            None => audit,
        }
    }
}

/// An act on a tenant's subscription: whose, by whom, when and why.
#[derive(Clone, Debug)]
pub struct Act {
    /// Whose subscription it is.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: Actor,
    /// When; the same instant for everything that the act does.
    pub now: Timestamp,
    /// Why, for the history and the audit log. Operators must say; others may leave it empty.
    pub note: String,
    /// The revision of the subscription that the actor saw. Another one in the meantime refuses the act with
    /// [`kernel::Error::PreconditionFailed`].
    pub based_on: Option<i64>,
}

impl Act {
    /// An act with no more to be said about it.
    #[must_use]
    pub fn new(tenant: TenantId, actor: Actor, now: Timestamp) -> Self {
        Self {
            tenant,
            actor,
            now,
            note: String::new(),
            based_on: None,
        }
    }

    /// The act of whoever sent a request to the tenant's host.
    ///
    /// # Errors
    /// [`kernel::Error::Unauthenticated`] when nobody is signed in.
    pub fn of(ctx: &Ctx) -> kernel::Result<Self> {
        let person = ctx.person()?;
        let actor = Actor::member(person.membership, person.name.clone()).request(ctx.request());
        Ok(Self::new(ctx.tenant().id, actor, ctx.now()))
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Says which revision the actor saw.
    #[must_use]
    pub fn based_on(mut self, rev: Option<i64>) -> Self {
        self.based_on = rev;
        self
    }
}
