//! One tenant, with everything that is known of it and everything that can be done to it.

pub(crate) mod acts;
pub(crate) mod pages;
mod sections;
pub(crate) mod store;

use billing::{Billing, Event};
use catalog::overrides::{self, Override};
use kernel::{Error, Result, Standing, TenantId, Timestamp};
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

/// How much of something is used, and how much there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub used: i64,
    /// `None` for no limit.
    pub limit: Option<i64>,
}

/// The first of the page's sections, with what its acts need.
pub(crate) struct Summary {
    pub tenant: Tenant,
    pub owners: Vec<Person>,
    pub people: Use,
    /// Room that its files take, in bytes.
    pub files: Use,
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
    now: Timestamp,
) -> Result<Summary> {
    let tenant = get(&mut *conn, id).await?;
    let people = store::people(&mut *conn, id).await?;
    let active = people.iter().filter(|person| person.status == "active");
    let active = i64::try_from(active.count()).unwrap_or(i64::MAX);
    let bytes = store::bytes(&mut *conn, id).await?;
    let limit = limits(&mut *conn, billing, id, now).await?;
    Ok(Summary {
        tenant,
        people: Use {
            used: active,
            limit: limit("workspace.seats"),
        },
        files: Use {
            used: bytes,
            limit: limit("files.bytes"),
        },
        owners: people
            .into_iter()
            .filter(|person| person.roles.iter().any(|role| role == "owner"))
            .collect(),
        subscriptions: subscriptions::of_tenant(&mut *conn, id).await?,
        history: billing.history(&mut *conn, id, HISTORY).await?,
        overrides: overrides::list(conn, id).await?,
    })
}

/// What the tenant may have of an entitlement, as its own requests reckon it: its plans, and what operators granted.
async fn limits(
    conn: &mut PgConnection,
    billing: &Billing,
    id: TenantId,
    now: Timestamp,
) -> Result<impl Fn(&str) -> Option<i64> + use<>> {
    let held = billing.subscriptions(&mut *conn, id).await?;
    let mut standings: Vec<Standing> = held.iter().map(billing::Subscription::standing).collect();
    let set = overrides::in_force(conn, id, now).await?;
    for (module, access, until) in set.access {
        for standing in standings.iter_mut().filter(|held| held.module == module) {
            standing.override_access = Some((access, until));
        }
    }
    Ok(move |key: &str| kernel::limit(&standings, &set.limits, key, now))
}
