//! What every handler may reach: the clock, the addresses, the tenants.

use std::sync::Arc;

use kernel::{Clock, Scope, Timestamp};
use tenant_resolver::TenantResolver;

use crate::people::Nobody;
use crate::{Links, NotificationKind, People};

/// State of the router. Cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    clock: Clock,
    links: Links,
    resolver: TenantResolver,
    notifications: Vec<&'static NotificationKind>,
    scopes: Vec<&'static Scope>,
    people: Arc<dyn People>,
}

impl App {
    /// Puts the state together; done once, by the server.
    #[must_use]
    pub fn new(clock: Clock, links: Links, resolver: TenantResolver) -> Self {
        Self(Arc::new(Shared {
            clock,
            links,
            resolver,
            notifications: Vec::new(),
            scopes: Vec::new(),
            people: Arc::new(Nobody),
        }))
    }

    /// The same state, with the kinds of notifications that the platform and its modules declare.
    #[must_use]
    pub fn with_notifications(self, kinds: Vec<&'static NotificationKind>) -> Self {
        Self(Arc::new(Shared {
            notifications: kinds,
            ..(*self.0).clone()
        }))
    }

    /// The same state, with whoever knows the members of tenants.
    #[must_use]
    pub fn with_people(self, people: Arc<dyn People>) -> Self {
        Self(Arc::new(Shared {
            people,
            ..(*self.0).clone()
        }))
    }

    /// Every kind of notification that is declared.
    #[must_use]
    pub fn notifications(&self) -> &[&'static NotificationKind] {
        &self.0.notifications
    }

    /// Whoever knows the members of tenants.
    #[must_use]
    pub fn people(&self) -> &dyn People {
        &*self.0.people
    }

    /// The same state, with the scopes that the modules declare for keys.
    #[must_use]
    pub fn with_scopes(self, scopes: Vec<&'static Scope>) -> Self {
        Self(Arc::new(Shared {
            scopes,
            ..Shared::clone(&self.0)
        }))
    }

    /// The first scope that covers a permission; `None` when no key may have it.
    #[must_use]
    pub fn scope_of(&self, permission: &str) -> Option<&'static str> {
        self.0
            .scopes
            .iter()
            .find(|scope| scope.permissions.contains(&permission))
            .map(|scope| scope.key)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Absolute addresses of the platform and of tenants.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// The tenants.
    #[must_use]
    pub fn resolver(&self) -> &TenantResolver {
        &self.0.resolver
    }
}
