//! The statements of the catalogue.

use kernel::{Currency, Error, Money, Result, Timestamp};
use sqlx::{PgConnection, PgPool};

use crate::{Cycle, Plan, PlanId, Price, PriceId, Product, ProductId};

pub(crate) struct NewProduct {
    pub id: ProductId,
    pub key: &'static str,
    pub name: &'static str,
    pub description: &'static str,
    pub status: &'static str,
    pub sort: i32,
}

pub(crate) struct NewPlan<'a> {
    pub id: PlanId,
    pub product: ProductId,
    pub slug: &'a str,
    pub name: &'a str,
    pub description: &'a str,
    pub sort: i32,
    pub trial_days: i32,
    pub features: &'a [String],
}

/// Whether the product was written; false when there is one of that key already.
pub(crate) async fn insert_product(
    conn: &mut PgConnection,
    new: &NewProduct,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into products (id, slug, module_key, name, description, status, sort, created_at)
         values ($1, $2, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        new.id as _,
        new.key,
        new.name,
        new.description,
        new.status,
        new.sort,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn insert_plan(
    conn: &mut PgConnection,
    new: &NewPlan<'_>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into plans (id, product_id, slug, name, description, status, is_public, sort, trial_days, features, created_at)
         values ($1, $2, $3, $4, $5, 'active', true, $6, $7, $8, $9)",
        new.id as _,
        new.product as _,
        new.slug,
        new.name,
        new.description,
        new.sort,
        new.trial_days,
        new.features,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn insert_price(
    conn: &mut PgConnection,
    id: PriceId,
    plan: PlanId,
    currency: &str,
    amount_minor: i64,
    cycle: Cycle,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into plan_prices (id, plan_id, version, currency, amount_minor, billing_cycle, active_from)
         values ($1, $2, 1, $3, $4, $5, $6)",
        id as _,
        plan as _,
        currency,
        amount_minor,
        cycle.as_str(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn insert_entitlement(
    conn: &mut PgConnection,
    plan: PlanId,
    key: &str,
    kind: &str,
    value: Option<i64>,
) -> Result<()> {
    sqlx::query!(
        "insert into plan_entitlements (plan_id, key, kind, value) values ($1, $2, $3, $4)",
        plan as _,
        key,
        kind,
        value,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Products announced or on sale, each with its public plans and their prices in force at `now`.
pub(crate) async fn offers(pool: &PgPool, now: Timestamp) -> Result<Vec<Product>> {
    let products = sqlx::query!(
        r#"select id as "id: ProductId", name, description, status from products where status <> 'retired' order by sort, name"#
    )
    .fetch_all(pool)
    .await?;
    let plans = sqlx::query!(
        r#"select id as "id: PlanId", product_id as "product_id: ProductId", name, description, trial_days, features
           from plans where status = 'active' and is_public order by sort, name"#
    )
    .fetch_all(pool)
    .await?;
    let prices = sqlx::query!(
        r#"select plan_id as "plan_id: PlanId", currency, amount_minor, billing_cycle
           from plan_prices where active_from <= $1 and (active_until is null or active_until > $1)
           order by billing_cycle"#,
        now as _,
    )
    .fetch_all(pool)
    .await?;
    let mut offers = Vec::with_capacity(products.len());
    for product in products {
        let mut offered = Vec::new();
        for plan in plans.iter().filter(|plan| plan.product_id == product.id) {
            let of_plan = prices.iter().filter(|price| price.plan_id == plan.id);
            let of_plan: Result<Vec<Price>> = of_plan
                .map(|price| read_price(&price.currency, price.amount_minor, &price.billing_cycle))
                .collect();
            offered.push(Plan {
                id: plan.id,
                name: plan.name.clone(),
                description: plan.description.clone(),
                trial_days: plan.trial_days,
                features: plan.features.clone(),
                prices: of_plan?,
            });
        }
        offers.push(Product {
            id: product.id,
            name: product.name,
            description: product.description,
            on_sale: product.status == "active",
            plans: offered,
        });
    }
    Ok(offers)
}

fn read_price(currency: &str, amount_minor: i64, cycle: &str) -> Result<Price> {
    let currency = Currency::parse(currency).map_err(|error| Error::internal(error.message))?;
    let cycle = if cycle == "yearly" {
        Cycle::Yearly
    } else {
        Cycle::Monthly
    };
    Ok(Price {
        cycle,
        amount: Money::new(amount_minor, currency),
    })
}

pub(crate) async fn modules_on_sale(pool: &PgPool) -> Result<Vec<String>> {
    Ok(
        sqlx::query_scalar!("select module_key from products where status = 'active'")
            .fetch_all(pool)
            .await?,
    )
}

pub(crate) async fn entitlements_in_use(pool: &PgPool) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query!("select distinct key, kind from plan_entitlements")
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.kind)).collect())
}
