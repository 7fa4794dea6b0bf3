//! How the platform reaches a tenant: its name, and its owners.

mod store;

use kernel::{Email, Result, TenantId, Zone};
use sqlx::PgConnection;

/// A tenant as the platform writes to it.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Label of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The zone in which its days begin and end.
    pub zone: Zone,
    /// Its owners who are active: address and name, in the order in which they joined.
    pub owners: Vec<(Email, String)>,
}

/// How to reach a tenant, on a connection of the platform; `None` when there is no such one.
///
/// # Errors
/// When the database cannot answer.
pub async fn contact(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<Contact>> {
    let Some((slug, name, zone)) = store::tenant(conn, tenant).await? else {
        return Ok(None);
    };
    let owners = store::owners(conn, tenant).await?;
    Ok(Some(Contact {
        slug,
        name,
        zone: Zone::named(&zone).unwrap_or(Zone::UTC),
        owners: owners
            .into_iter()
            .filter_map(|(email, name)| Some((Email::parse(&email).ok()?, name)))
            .collect(),
    }))
}
