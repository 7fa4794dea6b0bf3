//! One tenant, with everything that is known of it and everything that can be done to it.

pub(crate) mod acts;
pub(crate) mod pages;
mod sections;
pub(crate) mod store;

use billing::{Billing, Event};
use catalog::overrides::{self, Override};
use kernel::{Error, Result, TenantId, Timestamp};
use sqlx::PgConnection;

use crate::subscriptions;

/// Steps of subscriptions that the page shows.
const HISTORY: i64 = 100;

/// What a tenant says of itself, and the state it is in.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub status: String,
    pub locale: String,
    pub time_zone: String,
    pub currency: String,
    pub country: Option<String>,
    pub created_at: Timestamp,
    pub suspended_at: Option<Timestamp>,
    pub suspended_reason: Option<String>,
}

/// A member, as far as operators see them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub name: String,
    pub email: String,
    pub status: String,
    pub roles: Vec<String>,
    pub joined_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

/// The first of the page's sections, with what its acts need.
pub(crate) struct Summary {
    pub tenant: Tenant,
    pub owners: Vec<Person>,
    pub people: i64,
    pub subscriptions: Vec<subscriptions::Row>,
    pub history: Vec<Event>,
    pub overrides: Vec<Override>,
}

/// The tenant.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub(crate) async fn get(conn: &mut PgConnection, id: TenantId) -> Result<Tenant> {
    store::find(conn, id)
        .await?
        .ok_or(Error::NotFound("tenant"))
}

pub(crate) async fn summary(
    conn: &mut PgConnection,
    billing: &Billing,
    id: TenantId,
) -> Result<Summary> {
    let tenant = get(&mut *conn, id).await?;
    let people = store::people(&mut *conn, id).await?;
    let active = people.iter().filter(|person| person.status == "active");
    Ok(Summary {
        tenant,
        people: i64::try_from(active.count()).unwrap_or(i64::MAX),
        owners: people
            .into_iter()
            .filter(|person| person.roles.iter().any(|role| role == "owner"))
            .collect(),
        subscriptions: subscriptions::of_tenant(&mut *conn, id).await?,
        history: billing.history(&mut *conn, id, HISTORY).await?,
        overrides: overrides::list(conn, id).await?,
    })
}
