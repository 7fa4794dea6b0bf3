//! Stopping a whole tenant, and letting it go on: what operators do when something is badly wrong.
//!
//! While a tenant is suspended, all its addresses answer 503 but those in [`tenant_resolver::OPEN_WHEN_SUSPENDED`]. The
//! status is part of what every node keeps of a tenant, so both directions announce themselves.

mod store;

use database::Change;
use kernel::{Email, Error, Result, TenantId, Timestamp};
use messaging::{Brand, Letter};
use module::Links;
use sqlx::PgConnection;

/// Longest reason that is kept with a tenant.
const LONGEST_REASON: usize = 500;

/// A tenant whose state was changed.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Label of its address.
    pub slug: String,
}

/// An owner, as mail reaches them.
pub(crate) struct Owner {
    pub name: String,
    pub email: String,
}

/// Stops a tenant for everybody, and tells its owners why.
///
/// # Errors
/// [`Error::Conflict`] with `wrong_state` when it is suspended already, not confirmed, closing or gone;
/// [`Error::NotFound`] when there is none.
pub async fn suspend(
    conn: &mut PgConnection,
    links: &Links,
    tenant: TenantId,
    reason: &str,
    now: Timestamp,
) -> Result<Subject> {
    let reason: String = reason.trim().chars().take(LONGEST_REASON).collect();
    let Some(subject) = store::suspend(conn, tenant, &reason, now).await? else {
        let message = "Only a workspace in use can be suspended.";
        return Err(refused(conn, tenant, message).await);
    };
    for owner in store::owners(conn, tenant).await? {
        letter(
            "tenants.suspended",
            format!("{} is suspended", subject.name),
            &owner,
            links,
            &subject,
        )?
        .paragraph(format!(
            "Hello {}, we have suspended {}. Nobody can open it or its public pages until it is restored. Nothing is \
             deleted.",
            owner.name, subject.name
        ))
        .fact("Reason", reason.clone())
        .paragraph("You can still sign in to see billing. Answer this mail if you think that this is a mistake.")
        .button("Open billing", links.tenant(&subject.slug, "/app/billing"))
        .send(conn, Some(tenant), now)
        .await?;
    }
    Change::Tenant(tenant).announce(conn).await?;
    Ok(subject)
}

/// Lets a suspended tenant go on, and tells its owners.
///
/// # Errors
/// [`Error::Conflict`] with `wrong_state` when it is not suspended; [`Error::NotFound`] when there is none.
pub async fn restore(
    conn: &mut PgConnection,
    links: &Links,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Subject> {
    let Some(subject) = store::restore(conn, tenant, now).await? else {
        return Err(refused(conn, tenant, "This workspace is not suspended.").await);
    };
    for owner in store::owners(conn, tenant).await? {
        letter(
            "tenants.restored",
            format!("{} is open again", subject.name),
            &owner,
            links,
            &subject,
        )?
        .paragraph(format!(
            "Hello {}, {} is no longer suspended. Everything is as it was.",
            owner.name, subject.name
        ))
        .button("Open the workspace", links.tenant(&subject.slug, "/app"))
        .send(conn, Some(tenant), now)
        .await?;
    }
    Change::Tenant(tenant).announce(conn).await?;
    Ok(subject)
}

async fn refused(conn: &mut PgConnection, tenant: TenantId, message: &'static str) -> Error {
    match store::exists(conn, tenant).await {
        Ok(true) => Error::conflict("wrong_state", message),
        Ok(false) => Error::NotFound("workspace"),
        Err(error) => error,
    }
}

fn letter(
    template: &'static str,
    subject: String,
    owner: &Owner,
    links: &Links,
    tenant: &Subject,
) -> Result<Letter> {
    let email = Email::parse(&owner.email).map_err(Error::from)?;
    Ok(Letter::new(template, subject)
        .to(&email, &owner.name)
        .brand(Brand::platform(links.host()))
        .fact("Workspace", links.tenant_host(&tenant.slug)))
}
