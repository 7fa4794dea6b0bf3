//! Figures over all tenants: recurring revenue, how it moved, and who is on what.

mod store;

use std::collections::BTreeMap;

use kernel::{Money, Result, SubscriptionStatus, Timestamp};
use sqlx::PgConnection;

use crate::price::{PlanId, PriceId};

/// A change of the monthly recurring revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// When it took effect.
    pub at: Timestamp,
    /// By how much; less is negative.
    pub delta: Money,
}

/// How many subscribe at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribers {
    /// The price.
    pub price: PriceId,
    /// Living subscriptions on it.
    pub count: i64,
}

/// The monthly recurring revenue of all tenants by currency: what active and overdue subscriptions bring, a year's
/// price counted a twelfth and rounded for each subscription. Trials bring nothing.
///
/// # Errors
/// When the database cannot answer.
pub async fn recurring_revenue(conn: &mut PgConnection) -> Result<Vec<Money>> {
    store::recurring_revenue(conn).await
}

/// What the subscribers of a plan bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanRevenue {
    /// The plan.
    pub plan: PlanId,
    /// How many of them pay.
    pub count: i64,
    /// Their monthly recurring revenue in one currency.
    pub mrr: Money,
}

/// The monthly recurring revenue by plan and currency, the most first. Together they are [`recurring_revenue`].
///
/// # Errors
/// When the database cannot answer.
pub async fn revenue_by_plan(conn: &mut PgConnection) -> Result<Vec<PlanRevenue>> {
    store::revenue_by_plan(conn).await
}

/// How the recurring revenue moved from `from` (included) to `until` (excluded), oldest first. What it was at `from`
/// plus these is what it was at `until`, to the cent.
///
/// # Errors
/// When the database cannot answer.
pub async fn movements(
    conn: &mut PgConnection,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Movement>> {
    store::movements(conn, from, until).await
}

/// How many living subscriptions there are at each price.
///
/// # Errors
/// When the database cannot answer.
pub async fn subscribers(conn: &mut PgConnection) -> Result<Vec<Subscribers>> {
    store::subscribers(conn).await
}

/// How many subscriptions are in each state, as last recorded. States that none is in are missing.
///
/// # Errors
/// When the database cannot answer.
pub async fn by_status(conn: &mut PgConnection) -> Result<BTreeMap<&'static str, i64>> {
    let counted = store::by_status(conn).await?;
    Ok(SubscriptionStatus::ALL
        .into_iter()
        .filter_map(|status| {
            let (_, count) = counted.iter().find(|(name, _)| name == status.as_str())?;
            Some((status.as_str(), *count))
        })
        .collect())
}
