//! What a tenant can choose from: the plans on sale, with their prices in force.

mod store;

use kernel::{Currency, Result, Timestamp};
use sqlx::PgConnection;

use crate::price::{Cycle, Price};
use crate::subscription::Plan;
use crate::{ProductId, Subscription};

/// A product on sale.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub product: ProductId,
    pub name: String,
    pub description: String,
    /// Its plans, the smallest first.
    pub plans: Vec<OfferedPlan>,
}

/// A plan on sale.
#[derive(Clone, Debug)]
pub(crate) struct OfferedPlan {
    pub plan: Plan,
    pub description: String,
    /// What it has to offer, in words.
    pub features: Vec<String>,
    pub prices: Vec<Price>,
    pub entitled: Vec<Entitled>,
}

/// What a plan sets for an entitlement.
#[derive(Clone, Debug)]
pub(crate) struct Entitled {
    pub key: String,
    /// Whether it is on or off, and no number.
    pub switch: bool,
    /// Whether it counts bytes.
    pub bytes: bool,
    pub value: Option<i64>,
}

impl Entitled {
    /// As a table shows it: "3", "Unlimited", "Included".
    pub fn in_words(of: Option<&Self>) -> String {
        match of {
            Some(Self {
                switch: true,
                value,
                ..
            }) => if *value == Some(1) {
                "Included"
            } else {
                "Not included"
            }
            .to_owned(),
            Some(Self {
                value: Some(bytes),
                bytes: true,
                ..
            }) => kernel::size(*bytes),
            Some(Self {
                value: Some(value), ..
            }) => value.to_string(),
            Some(_) | None => "Unlimited".to_owned(),
        }
    }
}

impl OfferedPlan {
    /// The price for a cycle, in the preferred currency where there is one.
    pub fn price(&self, cycle: Cycle, currency: Currency) -> Option<&Price> {
        let of_cycle = || self.prices.iter().filter(|price| price.cycle == cycle);
        of_cycle()
            .find(|price| price.amount.currency == currency)
            .or_else(|| of_cycle().next())
    }
}

/// Every product on sale, with the public plans and the prices in force at `now`.
pub(crate) async fn list(conn: &mut PgConnection, now: Timestamp) -> Result<Vec<Offer>> {
    store::offers(conn, now).await
}

/// The currency to show prices in: the one that is paid in, otherwise the tenant's own.
pub(crate) fn currency(paid: Option<&Subscription>, own: Currency) -> Currency {
    paid.and_then(|subscription| subscription.price)
        .map_or(own, |price| price.amount.currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entitlements_read_naturally() {
        let of = |switch, bytes, value| Entitled {
            key: "x".into(),
            switch,
            bytes,
            value,
        };
        for (of, expected) in [
            (of(false, false, Some(3)), "3"),
            (of(false, false, None), "Unlimited"),
            (of(true, false, Some(1)), "Included"),
            (of(true, false, Some(0)), "Not included"),
            (of(false, true, Some(5_000_000_000)), "5 GB"),
            (of(false, true, Some(512_000_000)), "512 MB"),
            (of(false, true, None), "Unlimited"),
        ] {
            assert_eq!(Entitled::in_words(Some(&of)), expected);
        }
        assert_eq!(Entitled::in_words(None), "Unlimited");
    }
}
