//! Where tenants are looked up; implemented by the platform, over its own tables.

use std::pin::Pin;
use std::sync::Arc;

use kernel::{Result, TenantId};

use crate::Tenant;

/// A boxed future, so that the directory can be a trait object.
pub type Lookup<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What stands at an address.
#[derive(Clone, Debug)]
pub enum Listing {
    /// A tenant.
    Tenant(Arc<Tenant>),
    /// A tenant that has moved: its old slug, or a domain that forwards to its primary one.
    Moved {
        /// The host to go to, without port.
        host: String,
    },
}

/// The list of all tenants and their addresses.
pub trait TenantDirectory: Send + Sync + 'static {
    /// The tenant whose present or former slug this is.
    fn by_slug<'a>(&'a self, slug: &'a str) -> Lookup<'a, Option<Listing>>;

    /// The tenant that has proved to own this domain (lower-case A-labels).
    fn by_domain<'a>(&'a self, domain: &'a str) -> Lookup<'a, Option<Listing>>;

    /// The tenant of that id, whatever its state.
    fn by_id(&self, id: TenantId) -> Lookup<'_, Option<Arc<Tenant>>>;
}
