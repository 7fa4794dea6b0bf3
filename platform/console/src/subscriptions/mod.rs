//! Subscriptions of all tenants, and what operators do to them.

mod acts;
mod ask;
mod change;
pub(crate) mod pages;
mod store;

use kernel::{Money, Result, TenantId, Timestamp};
use module::Routes;
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) fn routes() -> Routes {
    pages::routes()
        .merge(acts::routes())
        .merge(change::routes())
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
    /// What it brings in each month: a year's price counts a twelfth, rounded half away from zero. `None` while it
    /// brings nothing.
    pub mrr: Option<Money>,
    pub status: String,
    pub collection: String,
    pub quantity: i32,
    pub trial_end: Option<Timestamp>,
    pub period_start: Option<Timestamp>,
    pub period_end: Option<Timestamp>,
    /// What is open.
    pub due: Option<Money>,
    /// By when the next payment must have come.
    pub payment_due_at: Option<Timestamp>,
    pub grace_until: Option<Timestamp>,
    pub read_only_until: Option<Timestamp>,
    /// A price that takes over later.
    pub pending: Option<Coming>,
    pub cancel_at_period_end: bool,
    pub ended_at: Option<Timestamp>,
    /// Counts changes; an act says which one it is based on.
    pub rev: i64,
    pub created_at: Timestamp,
}

/// The version of a price that somebody is on.
#[derive(Clone, Debug)]
pub(crate) struct OnPrice {
    pub id: Uuid,
    pub version: i32,
    pub amount: Money,
    pub cycle: String,
}

impl OnPrice {
    /// The amount and how often it is due: `€19 a month`.
    pub(crate) fn in_words(&self) -> String {
        if self.amount.minor == 0 {
            return "free".to_owned();
        }
        let every = if self.cycle == "yearly" {
            "a year"
        } else {
            "a month"
        };
        format!("{} {every}", catalog::display(self.amount))
    }
}

/// A price that takes over later.
#[derive(Clone, Debug)]
pub(crate) struct Coming {
    pub price: OnPrice,
    pub plan: String,
    pub at: Timestamp,
    /// Whether the platform announced it; otherwise it was chosen.
    pub announced: bool,
}

/// What a payment would do, if it came in now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    /// It settles this sum.
    Settles(Money),
    /// Nothing is open: it pays this sum for the period that begins then.
    PaysAhead(Money, Timestamp),
    /// There is nothing to pay.
    Nothing,
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

    /// What a payment would do, under the rules of billing.
    pub(crate) fn payment(&self, now: Timestamp) -> Payment {
        if self.collection != "manual"
            || !matches!(self.status.as_str(), "active" | "past_due" | "unpaid")
        {
            return Payment::Nothing;
        }
        if let Some(due) = self.due {
            return Payment::Settles(due);
        }
        let (Some(price), Some(start), Some(end)) =
            (&self.price, self.period_start, self.period_end)
        else {
            return Payment::Nothing;
        };
        let coming = self.pending.as_ref().filter(|coming| coming.at <= end);
        let amount = coming.map_or(price, |coming| &coming.price).amount;
        let sum = amount.minor.checked_mul(i64::from(self.quantity));
        match sum.filter(|sum| *sum > 0 && start <= now && !self.cancel_at_period_end) {
            Some(sum) => Payment::PaysAhead(Money::new(sum, amount.currency), end),
            None => Payment::Nothing,
        }
    }
}

/// Which subscriptions are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// A status as stored, `live` for all that have not ended, `paying` for those that bring revenue, or nothing.
    pub status: String,
    pub plan: Option<Uuid>,
    pub price: Option<Uuid>,
    pub collection: String,
    pub tenant: Option<TenantId>,
    pub offset: i64,
    pub limit: i64,
}

/// One part of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub rows: Vec<Row>,
    /// How many there are in all parts.
    pub total: i64,
    /// What they bring in each month in all parts, by currency.
    pub mrr: Vec<Money>,
}

/// Subscribers who were told that they move from one price to another.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub from: Uuid,
    pub to: Uuid,
    pub number: i64,
    /// When the first of them moves, and when the last.
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Most subscriptions of one tenant on its page.
const OF_TENANT: i64 = 50;

/// One part of the subscriptions that are wanted, the newest first.
pub(crate) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Found> {
    store::list(conn, filter).await
}

/// Every subscription that a tenant has or had, those that live first.
pub(crate) async fn of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Row>> {
    let filter = Filter {
        tenant: Some(tenant),
        limit: OF_TENANT,
        ..Filter::default()
    };
    Ok(store::list(conn, &filter).await?.rows)
}

/// How many would move from each price of a plan to another one: the price, the quantity that each has, and how many.
pub(crate) async fn movable(conn: &mut PgConnection, plan: Uuid) -> Result<Vec<(Uuid, i32, i64)>> {
    store::movable(conn, plan).await
}

/// The moves from prices of a plan that are announced and still to come.
pub(crate) async fn moves(conn: &mut PgConnection, plan: Uuid) -> Result<Vec<Move>> {
    store::moves(conn, plan).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    fn price(minor: i64) -> OnPrice {
        OnPrice {
            id: kernel::new_uuid(),
            version: 1,
            amount: Money::new(minor, Currency::EUR),
            cycle: "monthly".into(),
        }
    }

    fn row(status: &str) -> Row {
        let at: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        Row {
            tenant: TenantId::new(),
            tenant_name: "Northlight".into(),
            tenant_slug: "northlight".into(),
            id: kernel::new_uuid(),
            product: "Blog".into(),
            plan: "Studio".into(),
            price: Some(price(1_900)),
            mrr: None,
            status: status.into(),
            collection: "manual".into(),
            quantity: 2,
            trial_end: Some(at),
            period_start: Some(at),
            period_end: Some("2026-04-01T09:00:00Z".parse().unwrap()),
            due: None,
            payment_due_at: None,
            grace_until: None,
            read_only_until: None,
            pending: None,
            cancel_at_period_end: false,
            ended_at: None,
            rev: 1,
            created_at: at,
        }
    }

    #[test]
    fn a_trial_that_is_over_has_ended() {
        let row = row("trialing");
        let end = row.trial_end.unwrap();
        assert_eq!(
            row.state(end.minus(std::time::Duration::from_secs(1))),
            "trialing"
        );
        assert_eq!(row.state(end), "ended");
    }

    #[test]
    fn a_payment_settles_what_is_open_before_it_pays_ahead() {
        let euro = |minor| Money::new(minor, Currency::EUR);
        let active = row("active");
        let (now, end) = (active.created_at, active.period_end.unwrap());
        assert_eq!(active.payment(now), Payment::PaysAhead(euro(3_800), end));
        let open = Row {
            due: Some(euro(700)),
            ..active.clone()
        };
        assert_eq!(open.payment(now), Payment::Settles(euro(700)));
        let coming = |minor| Coming {
            price: price(minor),
            plan: "Solo".into(),
            at: end,
            announced: false,
        };
        let smaller = Row {
            pending: Some(coming(900)),
            ..active.clone()
        };
        assert_eq!(smaller.payment(now), Payment::PaysAhead(euro(1_800), end));
        let free = Row {
            pending: Some(coming(0)),
            ..active.clone()
        };
        let leaving = Row {
            cancel_at_period_end: true,
            ..active.clone()
        };
        let before = now.minus(std::time::Duration::from_secs(1));
        for (row, now) in [
            (free, now),
            (leaving, now),
            (active, before),
            (row("trialing"), now),
        ] {
            assert_eq!(row.payment(now), Payment::Nothing, "{row:?}");
        }
    }
}
