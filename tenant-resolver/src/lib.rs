//! From a host name to a tenant, and from a tenant to its transaction.
//!
//! [`TenantTx`] is the only door to SQL for modules and tenant services, and this crate is the only
//! one that can open it.
#![warn(missing_docs)]

mod db;
mod directory;
mod resolver;
mod tenant;

pub use db::{TenantDb, TenantTx};
pub use directory::{Listing, Lookup, TenantDirectory};
pub use resolver::{Address, Resolution, TenantResolver, TenantSite};
pub use tenant::{Tenant, TenantStatus};
