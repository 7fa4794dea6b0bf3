//! The statements of offers.

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

use super::{Entitled, Offer, OfferedPlan};
use crate::ProductId;
use crate::price::{PlanId, Price, PriceId};
use crate::store::read_price;
use crate::subscription::Plan;

pub(super) async fn offers(conn: &mut PgConnection, now: Timestamp) -> Result<Vec<Offer>> {
    let plans = sqlx::query!(
        r#"select p.id as "product: ProductId", p.name as product_name, p.description as product_description, p.module_key,
                  l.id as "plan: PlanId", l.name, l.description, l.features, l.sort
           from products p join plans l on l.product_id = p.id
           where p.status = 'active' and l.status = 'active' and l.is_public
           order by p.sort, p.id, l.sort, l.id"#
    )
    .fetch_all(&mut *conn)
    .await?;
    let prices = sqlx::query!(
        r#"select id as "id: PriceId", plan_id as "plan: PlanId", currency, amount_minor, billing_cycle from plan_prices
           where active_from <= $1 and (active_until is null or active_until > $1)
           order by billing_cycle, currency, version"#,
        now as _,
    )
    .fetch_all(&mut *conn)
    .await?;
    let entitlements = sqlx::query!(
        r#"select plan_id as "plan: PlanId", key, kind, value from plan_entitlements order by key"#
    )
    .fetch_all(conn)
    .await?;
    let mut offers: Vec<Offer> = Vec::new();
    for row in plans {
        let of_plan = prices.iter().filter(|price| price.plan == row.plan);
        let of_plan: Result<Vec<Price>> = of_plan
            .map(|price| {
                read_price(
                    price.id,
                    &price.billing_cycle,
                    price.amount_minor,
                    &price.currency,
                )
            })
            .collect();
        let entitled = entitlements.iter().filter(|of| of.plan == row.plan);
        if offers
            .last()
            .is_none_or(|offer| offer.product != row.product)
        {
            offers.push(Offer {
                product: row.product,
                name: row.product_name.clone(),
                description: row.product_description,
                plans: Vec::new(),
            });
        }
        let plan = OfferedPlan {
            plan: Plan {
                id: row.plan,
                name: row.name,
                product: row.product,
                module: row.module_key,
                product_name: row.product_name,
                rank: row.sort,
            },
            description: row.description,
            features: row.features,
            prices: of_plan?,
            entitled: entitled
                .map(|of| Entitled {
                    key: of.key.clone(),
                    switch: of.kind == "switch",
                    bytes: of.kind == "bytes",
                    value: of.value,
                })
                .collect(),
        };
        if let Some(offer) = offers.last_mut() {
            offer.plans.push(plan);
        }
    }
    Ok(offers)
}
