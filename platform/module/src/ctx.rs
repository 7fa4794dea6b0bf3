//! What a handler knows of its request: the tenant, the person, the time.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;
use kernel::{Access, Error, MembershipId, PermissionSet, Result, Role, Timestamp, UserId};
use tenant_resolver::{Tenant, TenantSite, TenantTx};

use crate::{App, Audit};

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
    /// Built-in roles they hold here, strongest first.
    pub roles: Vec<Role>,
    /// What they may do here.
    pub permissions: PermissionSet,
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
        let now = app.now();
        Self(Arc::new(Inner {
            app,
            site,
            person,
            request,
            now,
        }))
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

    /// Whether the person may do something; for hiding what they may not.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.0
            .person
            .as_ref()
            .is_some_and(|person| person.permissions.allows(permission))
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
        match &self.0.person {
            Some(person) => audit.by_member(person),
            None => audit,
        }
    }
}
