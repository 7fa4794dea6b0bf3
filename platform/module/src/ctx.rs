//! What a handler knows of its request: the tenant, the person, the time.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use kernel::{Access, Error, MembershipId, PermissionSet, Result, Timestamp, UserId};
use tenant_resolver::{Tenant, TenantSite, TenantTx};
use uuid::Uuid;

use crate::{Actor, ApiKey, App, Audit, GuestPass, ObjectGrant};

/// A signed-in member of the request's tenant.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person, over all tenants.
    pub user: UserId,
    /// Their place in this tenant.
    pub membership: MembershipId,
    /// Name that this tenant knows them by.
    pub name: String,
    /// Contact address in this tenant.
    pub email: String,
    /// Names of the roles they hold here, the strongest built-in one first.
    pub roles: Vec<String>,
    /// What they may do here.
    pub permissions: PermissionSet,
    /// What they may do with single objects besides.
    pub grants: Arc<[ObjectGrant]>,
    /// When one of their roles ends: what stands here holds no longer then. `None`: none does by itself.
    pub until: Option<Timestamp>,
}

/// The plain facts of a request.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// Id that logs, traces and error pages share.
    pub id: String,
    /// Method.
    pub method: Method,
    /// Path and query as asked for.
    pub path: String,
    /// Address of the client, after trusted proxies.
    pub ip: IpAddr,
    /// Browser as it names itself; cut to 255 bytes.
    pub user_agent: String,
}

impl RequestFacts {
    /// Whether the method changes nothing (RFC 9110 9.2.1).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.method.is_safe()
    }
}

/// The context of a request to a tenant's host. Cloning shares it.
///
/// Handlers receive it through a gate; the server alone makes it.
#[derive(Clone)]
pub struct Ctx(Arc<Inner>);

struct Inner {
    app: App,
    site: TenantSite,
    person: Option<Arc<Person>>,
    guest: Option<Arc<GuestPass>>,
    key: Option<Arc<ApiKey>>,
    request: RequestFacts,
    now: Timestamp,
}

impl Ctx {
    /// Puts a context together; done by the server's middleware for each request.
    #[must_use]
    pub fn new(
        app: App,
        site: TenantSite,
        person: Option<Arc<Person>>,
        request: RequestFacts,
    ) -> Self {
        Self::put_together(app, site, person, None, request)
    }

    /// As [`Ctx::new`], for a program: `person` is the member who made its key, with what its scopes allow.
    #[must_use]
    pub fn for_program(
        app: App,
        site: TenantSite,
        person: Arc<Person>,
        key: Arc<ApiKey>,
        request: RequestFacts,
    ) -> Self {
        Self::put_together(app, site, Some(person), Some(key), request)
    }

    fn put_together(
        app: App,
        site: TenantSite,
        person: Option<Arc<Person>>,
        key: Option<Arc<ApiKey>>,
        request: RequestFacts,
    ) -> Self {
        let now = app.now();
        Self(Arc::new(Inner {
            app,
            site,
            person,
            guest: None,
            key,
            request,
            now,
        }))
    }

    /// The same context, for somebody who came by a guest's link; done by the server's middleware.
    #[must_use]
    pub fn with_guest(self, guest: Option<Arc<GuestPass>>) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { guest, ..inner })),
            // Somebody holds it already: a guest is made known before anybody does.
            Err(shared) => Self(shared),
        }
    }

    /// State of the server.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.0.site.tenant
    }

    /// The tenant together with its database.
    #[must_use]
    pub fn site(&self) -> &TenantSite {
        &self.0.site
    }

    /// The signed-in member, if any.
    #[must_use]
    pub fn visitor(&self) -> Option<&Person> {
        self.0.person.as_deref()
    }

    /// The signed-in member.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when nobody is; impossible behind [`crate::Member`] and [`crate::Allowed`].
    pub fn person(&self) -> Result<&Person> {
        self.0.person.as_deref().ok_or(Error::Unauthenticated)
    }

    /// The key of the program that asks, if it is one. What it does is the work of the member who made the key
    /// ([`Ctx::person`]), and the audit log names the key.
    #[must_use]
    pub fn key(&self) -> Option<&ApiKey> {
        self.0.key.as_deref()
    }

    /// Why somebody who is known may not do something: a member lacks the permission, a program a scope.
    #[must_use]
    pub fn lacks(&self, permission: &'static str) -> Error {
        match self.0.key {
            Some(_) => Error::MissingScope {
                scope: self.0.app.scope_of(permission),
                permission,
            },
            None => Error::Forbidden(permission),
        }
    }

    /// Whether the person may do something; for hiding what they may not.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.0
            .person
            .as_ref()
            .is_some_and(|person| person.permissions.allows(permission))
    }

    /// The guest, if somebody came by a guest's link. They may enter [`crate::Invited`] alone.
    #[must_use]
    pub fn guest(&self) -> Option<&GuestPass> {
        self.0.guest.as_deref()
    }

    /// Whether the person may do something with one object: by their roles with any, or by a grant with this one.
    #[must_use]
    pub fn may_on(&self, permission: &str, kind: &str, object: impl Into<Uuid>) -> bool {
        self.may(permission) || self.granted_on(permission, kind, object)
    }

    /// Whether the person was given a permission on one object, whatever their roles allow.
    #[must_use]
    pub fn granted_on(&self, permission: &str, kind: &str, object: impl Into<Uuid>) -> bool {
        let object = object.into();
        self.granted(permission, kind)
            .any(|grant| grant.object == object)
    }

    /// The objects of a kind with which the person may do something; `None`: with all of them, by their roles.
    #[must_use]
    pub fn only_on(&self, permission: &str, kind: &str) -> Option<Vec<Uuid>> {
        if self.may(permission) {
            return None;
        }
        Some(
            self.granted(permission, kind)
                .map(|grant| grant.object)
                .collect(),
        )
    }

    /// Whether the person may do something with any object at all, by their roles or by a grant.
    #[must_use]
    pub fn may_somewhere(&self, permission: &str) -> bool {
        self.may(permission)
            || self.0.person.as_ref().is_some_and(|person| {
                let mut grants = person.grants.iter();
                grants.any(|grant| grant.gives(permission, &grant.kind, self.0.now))
            })
    }

    fn granted(&self, permission: &str, kind: &str) -> impl Iterator<Item = &ObjectGrant> {
        let grants = self.0.person.as_ref().map(|person| person.grants.iter());
        grants
            .into_iter()
            .flatten()
            .filter(move |grant| grant.gives(permission, kind, self.0.now))
    }

    /// What the tenant's subscription allows of a module now.
    #[must_use]
    pub fn access(&self, module: &str) -> Access {
        self.tenant()
            .access(module, self.0.now)
            .unwrap_or(Access::Blocked)
    }

    /// The facts of the request.
    #[must_use]
    pub fn request(&self) -> &RequestFacts {
        &self.0.request
    }

    /// The instant at which the request is handled: the same for everything it does.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.now
    }

    /// An absolute address on this tenant's host.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        self.0.app.links().tenant(&self.tenant().slug, path)
    }

    /// Begins a transaction bound to the tenant. Readers drop it; writers commit it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no connection can be had.
    pub async fn begin(&self) -> Result<TenantTx> {
        self.0.site.db.begin().await
    }

    /// Begins an entry of the audit log about what this request does.
    #[must_use]
    pub fn audit(&self, action: &'static str) -> Audit {
        let audit = Audit::new(action, self.0.now).request(&self.0.request);
        match (&self.0.key, &self.0.person, &self.0.guest) {
            (Some(key), _, _) => audit.by_key(key),
            (None, Some(person), _) => audit.by_member(person),
            (None, None, Some(guest)) => audit.by(Actor::Guest(guest.grant), &guest.name),
            (None, None, None) => audit,
        }
    }
}
