//! From a host name to a tenant, and from a tenant to its transaction.
//!
//! [`TenantTx`] is the only door to SQL for modules and tenant services, and this crate is the only
//! one that can open it.
#![warn(missing_docs)]

mod answer;
mod base;
mod db;
mod directory;
mod forgetting;
mod host;
mod layer;
mod proxies;
mod resolver;
mod tenant;

pub use base::{BaseHost, BaseUrlError, HostKind};
pub use db::{TenantDb, TenantTx};
pub use directory::{Listing, Lookup, TenantDirectory};
pub use host::{HostError, HostName, parse};
pub use layer::{ClientAddr, OPEN_WHEN_SUSPENDED, Place, ResolverState, resolve};
pub use proxies::{NetworkError, Proxies};
pub use resolver::{Address, Resolution, TenantResolver, TenantSite};
pub use tenant::{Tenant, TenantStatus};
