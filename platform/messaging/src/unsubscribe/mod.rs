//! The way out of mail about news: a link in each, which its reader, or their mail program with one click (RFC 8058),
//! may use without signing in.

mod pages;
mod store;

use kernel::{MembershipId, Result, Timestamp};
use module::{Links, Secret};
use tenant_resolver::{Tenant, TenantTx};

pub(crate) use pages::routes;
pub(crate) use store::delete_older;

/// A link as it was found.
pub(crate) struct Found {
    pub member: MembershipId,
    pub kinds: Vec<String>,
}

/// Makes the link for one mail.
pub(crate) async fn link(
    tx: &mut TenantTx,
    links: &Links,
    tenant: &Tenant,
    member: MembershipId,
    kinds: &[&str],
    now: Timestamp,
) -> Result<String> {
    let secret = Secret::generate();
    store::insert(tx, &secret.hash(), member, kinds, now).await?;
    let path = format!("/notifications/unsubscribe/{}", secret.as_str());
    Ok(links.tenant(&tenant.slug, &path))
}
