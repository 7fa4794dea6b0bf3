//! How the business is doing, in a few figures that lead to the rows behind them.

pub(crate) mod pages;
mod store;

use std::time::Duration;

use billing::metrics;
use kernel::{Money, Result, Timestamp, Zone};
use sqlx::PgConnection;

/// Days that the chart of sign-ups covers.
pub(crate) const DAYS: usize = 30;
/// Months that the chart of revenue covers.
pub(crate) const MONTHS: usize = 12;

/// A step of a subscription lies at most this far ahead.
const A_YEAR: Duration = Duration::from_hours(24 * 366);

/// The figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Subscriptions that are paid for, or free for good.
    pub active: i64,
    /// Trials that run.
    pub trialing: i64,
    /// Subscriptions whose payment is late.
    pub late: i64,
    /// Tenants in use.
    pub tenants: i64,
    /// Tenants that are suspended.
    pub suspended: i64,
    /// Monthly recurring revenue, by currency.
    pub mrr: Vec<Money>,
    /// The same by plan, the most first.
    pub by_plan: Vec<OfPlan>,
    /// Confirmed sign-ups of the last [`DAYS`] days, oldest first: the day (`2026-03-01`) and how many.
    pub sign_ups: Vec<(String, i64)>,
    /// How many there were in as many days before.
    pub sign_ups_before: i64,
    /// Revenue at the end of each of the last [`MONTHS`] months, oldest first, the present one included; of the currency
    /// with the most of it.
    pub revenue: Vec<(String, i64)>,
}

/// What the subscribers of a plan bring, in one currency.
#[derive(Clone, Debug)]
pub(crate) struct OfPlan {
    pub plan: billing::PlanId,
    pub name: String,
    pub count: i64,
    pub mrr: Money,
}

pub(crate) async fn figures(conn: &mut PgConnection, now: Timestamp) -> Result<Figures> {
    let counts = store::counts(&mut *conn, now).await?;
    let mrr = metrics::recurring_revenue(&mut *conn).await?;
    let by_plan = by_plan(&mut *conn).await?;
    let today = now.in_zone(&Zone::UTC).date();
    let days = |back: usize| {
        let back = i64::try_from(back).unwrap_or_default();
        today.saturating_sub(jiff::Span::new().days(back))
    };
    let start = |date: jiff::civil::Date| {
        date.to_zoned(jiff::tz::TimeZone::UTC)
            .map(|start| Timestamp::new(start.timestamp()))
            .map_err(kernel::Error::internal)
    };
    let first = start(days(DAYS - 1))?;
    let counted = store::sign_ups(&mut *conn, first).await?;
    let sign_ups = (0..DAYS)
        .rev()
        .map(|back| {
            let day = days(back).to_string();
            let number = counted
                .iter()
                .find(|(counted, _)| *counted == day)
                .map_or(0, |(_, number)| *number);
            (day, number)
        })
        .collect();
    let before = start(days(2 * DAYS - 1))?;
    let sign_ups_before = store::sign_ups_between(&mut *conn, before, first).await?;

    let leading = mrr.iter().max_by_key(|amount| amount.minor).copied();
    let mut revenue = Vec::with_capacity(MONTHS);
    if let Some(leading) = leading {
        let month = |back: i64| {
            let back = jiff::Span::new().months(back);
            today.first_of_month().saturating_sub(back)
        };
        let oldest = i64::try_from(MONTHS).unwrap_or_default();
        let (from, until) = (start(month(oldest))?, now.plus(A_YEAR));
        let movements = metrics::movements(conn, from, until).await?;
        // From the present amount back: whatever was added after a month's end was not there at it.
        for back in (0..oldest).rev() {
            let end = start(month(back - 1))?;
            let later: i64 = movements
                .iter()
                .filter(|moved| moved.delta.currency == leading.currency && moved.at >= end)
                .map(|moved| moved.delta.minor)
                .sum();
            let label = month(back).strftime("%Y-%m").to_string();
            revenue.push((label, (leading.minor - later).max(0)));
        }
    }
    Ok(Figures {
        mrr,
        by_plan,
        sign_ups,
        sign_ups_before,
        revenue,
        ..counts
    })
}

async fn by_plan(conn: &mut PgConnection) -> Result<Vec<OfPlan>> {
    let revenue = metrics::revenue_by_plan(&mut *conn).await?;
    let products = catalog::manage::products(conn).await?;
    let name = |plan: billing::PlanId| {
        products.iter().find_map(|product| {
            let of_product = product.plans.iter().find(|known| known.id.0 == plan.0)?;
            Some(format!("{} {}", product.name, of_product.name))
        })
    };
    Ok(revenue
        .into_iter()
        .map(|of| OfPlan {
            plan: of.plan,
            name: name(of.plan).unwrap_or_default(),
            count: of.count,
            mrr: of.mrr,
        })
        .collect())
}
