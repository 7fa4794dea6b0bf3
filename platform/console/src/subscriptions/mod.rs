//! Subscriptions of all tenants, and what operators do to them.

mod acts;
mod ask;
pub(crate) mod pages;
mod store;

use kernel::{Money, Result, TenantId, Timestamp};
use module::Routes;
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) fn routes() -> Routes {
    pages::routes().merge(acts::routes())
}

/// A subscription as lists and the tenant's page show it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub tenant: TenantId,
    pub tenant_name: String,
    pub tenant_slug: String,
    pub id: Uuid,
    pub product: String,
    pub plan: String,
    /// The version of the price that it is on.
    pub price: Option<OnPrice>,
    pub status: String,
    pub collection: String,
    pub quantity: i32,
    pub trial_end: Option<Timestamp>,
    pub period_end: Option<Timestamp>,
    /// What is open.
    pub due: Option<Money>,
    pub cancel_at_period_end: bool,
    pub ended_at: Option<Timestamp>,
    /// Counts changes; an act says which one it is based on.
    pub rev: i64,
    pub created_at: Timestamp,
}

/// The version of a price that somebody is on.
#[derive(Clone, Debug)]
pub(crate) struct OnPrice {
    pub version: i32,
    pub amount: Money,
    pub cycle: String,
}

impl Row {
    /// Whether it never comes back to life.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.status.as_str(),
            "incomplete_expired" | "cancelled" | "expired"
        )
    }

    /// The state as the list of tenants names it.
    pub(crate) fn state(&self, now: Timestamp) -> &'static str {
        match self.status.as_str() {
            "active" => "active",
            "past_due" | "unpaid" => "past_due",
            "trialing" if self.trial_end.is_some_and(|end| now < end) => "trialing",
            _ => "ended",
        }
    }

    /// What it brings in each month: a year's price counts a twelfth, rounded half away from zero.
    pub(crate) fn monthly(&self) -> Option<Money> {
        let price = self.price.as_ref()?;
        if !matches!(self.status.as_str(), "active" | "past_due") {
            return None;
        }
        let each = price.amount.minor.checked_mul(i64::from(self.quantity))?;
        let minor = if price.cycle == "yearly" {
            (each + 6).div_euclid(12)
        } else {
            each
        };
        Some(Money::new(minor, price.amount.currency))
    }
}

/// Which subscriptions are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// A status as stored, `live` for all that have not ended, or nothing.
    pub status: String,
    pub plan: Option<Uuid>,
    pub price: Option<Uuid>,
    pub collection: String,
    pub offset: i64,
    pub limit: i64,
}

/// One part of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub rows: Vec<Row>,
    pub total: i64,
}

/// One part of the subscriptions that are wanted, the newest first.
pub(crate) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Found> {
    store::list(conn, filter).await
}

/// Every subscription that a tenant has or had, those that live first.
pub(crate) async fn of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Row>> {
    store::of_tenant(conn, tenant).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    fn row(status: &str, minor: i64, cycle: &str) -> Row {
        let at: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        Row {
            tenant: TenantId::new(),
            tenant_name: "Northlight".into(),
            tenant_slug: "northlight".into(),
            id: kernel::new_uuid(),
            product: "Blog".into(),
            plan: "Studio".into(),
            price: Some(OnPrice {
                version: 1,
                amount: Money::new(minor, Currency::EUR),
                cycle: cycle.into(),
            }),
            status: status.into(),
            collection: "manual".into(),
            quantity: 1,
            trial_end: Some(at),
            period_end: None,
            due: None,
            cancel_at_period_end: false,
            ended_at: None,
            rev: 1,
            created_at: at,
        }
    }

    #[test]
    fn a_year_counts_a_twelfth_and_a_trial_nothing() {
        let monthly = |row: Row| row.monthly().map(|money| money.minor);
        assert_eq!(monthly(row("active", 19_000, "yearly")), Some(1_583));
        assert_eq!(monthly(row("active", 9_006, "yearly")), Some(751));
        assert_eq!(monthly(row("past_due", 1_900, "monthly")), Some(1_900));
        assert_eq!(monthly(row("trialing", 1_900, "monthly")), None);
    }

    #[test]
    fn a_trial_that_is_over_has_ended() {
        let row = row("trialing", 0, "monthly");
        let end = row.trial_end.unwrap();
        assert_eq!(
            row.state(end.minus(std::time::Duration::from_secs(1))),
            "trialing"
        );
        assert_eq!(row.state(end), "ended");
    }
}
