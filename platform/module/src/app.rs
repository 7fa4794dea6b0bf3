//! What every handler may reach: the clock, the addresses, the tenants.

use std::sync::Arc;

use kernel::{Clock, Timestamp};
use tenant_resolver::TenantResolver;

use crate::Links;

/// State of the router. Cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    clock: Clock,
    links: Links,
    resolver: TenantResolver,
}

impl App {
    /// Puts the state together; done once, by the server.
    #[must_use]
    pub fn new(clock: Clock, links: Links, resolver: TenantResolver) -> Self {
        Self(Arc::new(Shared {
            clock,
            links,
            resolver,
        }))
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
