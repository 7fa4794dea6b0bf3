//! Every tenant: found by address, name or owner; filtered, sorted, and part by part.

pub(crate) mod pages;
mod store;

use kernel::{Money, Result, TenantId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

/// Longest text that is searched for.
const LONGEST: usize = 254;

/// What somebody looks for: everything that begins with it, whatever its case.
///
/// An address with an `@` is looked for among owners alone. The rest is looked for among addresses of tenants, their
/// names, and owners. Each is a range over an index, from the text to the last text that begins with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sought {
    pub from: String,
    /// The first text behind all that begin with `from`.
    pub to: String,
    pub owners_only: bool,
    /// The tenant itself, when its id was pasted.
    pub id: Option<Uuid>,
}

impl Sought {
    /// Reads what was typed; `None` for nothing.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let from: String = text.trim().to_lowercase().chars().take(LONGEST).collect();
        if from.is_empty() || from.contains('\0') {
            return None;
        }
        Some(Self {
            to: format!("{from}\u{10ffff}"),
            owners_only: from.contains('@'),
            id: from.parse().ok(),
            from,
        })
    }
}

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// When they signed up.
    #[default]
    Since,
    /// By name.
    Name,
    /// By monthly recurring revenue.
    Mrr,
    /// By the number of people.
    Seats,
    /// By the room that their files take.
    Storage,
}

impl Sort {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Since => "since",
            Self::Name => "name",
            Self::Mrr => "mrr",
            Self::Seats => "seats",
            Self::Storage => "storage",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [
            Self::Since,
            Self::Name,
            Self::Mrr,
            Self::Seats,
            Self::Storage,
        ]
        .into_iter()
        .find(|sort| sort.as_str() == name)
    }
}

/// States that can be filtered by, with their names. A tenant in use is in the state of its best subscription.
pub(crate) const STATES: [(&str, &str); 9] = [
    ("", "Any status"),
    ("active", "Active"),
    ("trialing", "Trial"),
    ("past_due", "Past due"),
    ("ended", "Ended"),
    ("none", "No subscription"),
    ("suspended", "Suspended"),
    ("pending", "Not confirmed"),
    ("closing", "Closing"),
];

/// Which tenants are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub sought: Option<Sought>,
    /// One of [`STATES`], or nothing.
    pub state: String,
    /// On this plan, by a subscription that lives.
    pub plan: Option<Uuid>,
    /// With a subscription to this product that lives.
    pub product: Option<Uuid>,
    /// Signed up not before.
    pub since: Option<Timestamp>,
    /// Signed up before.
    pub until: Option<Timestamp>,
    pub sort: Sort,
    pub descending: bool,
    pub offset: i64,
    pub limit: i64,
}

/// A tenant in the list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub state: String,
    pub created_at: Timestamp,
    pub plans: Vec<String>,
    pub products: Vec<String>,
    pub owner_name: Option<String>,
    pub owner_email: Option<String>,
    pub seats: i64,
    /// Room that its files take.
    pub bytes: i64,
    pub mrr: Vec<Money>,
}

/// One part of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub rows: Vec<Row>,
    /// How many there are in all parts.
    pub total: i64,
    /// What those in all parts bring in each month, by currency.
    pub mrr: Vec<Money>,
}

/// One part of the tenants that are wanted.
pub(crate) async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    now: Timestamp,
) -> Result<Found> {
    store::list(conn, filter, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sought_is_a_range() {
        let sought = Sought::read(" North ").unwrap();
        assert_eq!((sought.from.as_str(), sought.owners_only), ("north", false));
        assert!(sought.from < sought.to && "northlight" < sought.to.as_str());
        assert!(Sought::read("mara@").unwrap().owners_only);
        assert!(Sought::read("  ").is_none());
        let id = kernel::new_uuid();
        assert_eq!(Sought::read(&id.to_string()).unwrap().id, Some(id));
    }
}
