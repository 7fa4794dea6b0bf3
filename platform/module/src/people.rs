//! The people of a tenant, as far as modules must know who may do what.

use std::pin::Pin;

use kernel::{MembershipId, Result};
use tenant_resolver::TenantTx;

/// What [`People`] answers.
pub type PeopleFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<MembershipId>>> + Send + 'a>>;

/// Knows the members of a tenant and what they may do. The crate that owns members implements it; the server joins both.
pub trait People: Send + Sync {
    /// The active members who hold a permission, such as `blog.posts.publish`: those to tell that something waits for
    /// them.
    ///
    /// # Errors
    /// The future fails when the database cannot answer.
    fn holding<'a>(&'a self, tx: &'a mut TenantTx, permission: &'a str) -> PeopleFuture<'a>;
}

/// A place without people, for what runs on its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nobody;

impl People for Nobody {
    fn holding<'a>(&'a self, _: &'a mut TenantTx, _: &'a str) -> PeopleFuture<'a> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
