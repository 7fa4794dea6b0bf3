//! Products, plans and prices. What is sold is changed by the crate `catalog`; who is on what is read here.

mod acts;
mod moves;
mod pages;
mod plan_form;
mod plan_review;
mod price_pages;
mod store;

use std::collections::HashMap;

use catalog::{PlanId, PriceId};
use kernel::Result;
use module::Routes;
use sqlx::PgConnection;

pub(crate) fn routes() -> Routes {
    pages::routes()
        .merge(plan_form::routes())
        .merge(price_pages::routes())
        .merge(acts::routes())
}

/// How many subscriptions that have not ended are on each plan and each version of a price.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscribers {
    plans: HashMap<PlanId, i64>,
    prices: HashMap<PriceId, i64>,
}

impl Subscribers {
    pub(crate) fn of_plan(&self, plan: PlanId) -> i64 {
        self.plans.get(&plan).copied().unwrap_or_default()
    }

    pub(crate) fn of_price(&self, price: PriceId) -> i64 {
        self.prices.get(&price).copied().unwrap_or_default()
    }
}

pub(crate) async fn subscribers(conn: &mut PgConnection) -> Result<Subscribers> {
    let mut found = Subscribers::default();
    for (plan, price, number) in store::subscribers(conn).await? {
        *found.plans.entry(plan).or_default() += number;
        if let Some(price) = price {
            *found.prices.entry(price).or_default() += number;
        }
    }
    Ok(found)
}
