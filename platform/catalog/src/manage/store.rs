//! Statements with which operators change the catalogue.

use std::collections::HashMap;

use kernel::{Currency, Error, Money, Result, Timestamp};
use sqlx::PgConnection;

use super::plan::Checked;
use super::{PlanEntry, PlanStatus, PriceEntry, ProductEntry, ProductStatus};
use crate::{Cycle, PlanId, PriceId, ProductId};

pub(super) async fn products(conn: &mut PgConnection) -> Result<Vec<ProductEntry>> {
    let mut prices: HashMap<PlanId, Vec<PriceEntry>> = HashMap::new();
    for row in sqlx::query!(
        r#"select id as "id: PriceId", plan_id as "plan_id: PlanId", version, currency, amount_minor, billing_cycle,
                  active_from, active_until
           from plan_prices order by billing_cycle, currency, version desc"#
    )
    .fetch_all(&mut *conn)
    .await?
    {
        prices.entry(row.plan_id).or_default().push(PriceEntry {
            id: row.id,
            version: row.version,
            cycle: cycle(&row.billing_cycle)?,
            amount: Money::new(row.amount_minor, currency(&row.currency)?),
            active_from: row.active_from,
            active_until: row.active_until,
        });
    }
    let mut entitlements: HashMap<PlanId, Vec<(String, String, Option<i64>)>> = HashMap::new();
    for row in sqlx::query!(
        r#"select plan_id as "plan_id: PlanId", key, kind, value from plan_entitlements order by key"#
    )
    .fetch_all(&mut *conn)
    .await?
    {
        let of_plan = entitlements.entry(row.plan_id).or_default();
        of_plan.push((row.key, row.kind, row.value));
    }
    let mut plans: HashMap<ProductId, Vec<PlanEntry>> = HashMap::new();
    for row in sqlx::query!(
        r#"select id as "id: PlanId", product_id as "product_id: ProductId", slug, name, description, status, is_public,
                  sort, trial_days, features, rev
           from plans order by sort, name, id"#
    )
    .fetch_all(&mut *conn)
    .await?
    {
        plans.entry(row.product_id).or_default().push(PlanEntry {
            id: row.id,
            product: row.product_id,
            slug: row.slug,
            name: row.name,
            description: row.description,
            status: PlanStatus::parse(&row.status)?,
            is_public: row.is_public,
            sort: row.sort,
            trial_days: row.trial_days,
            features: row.features,
            rev: row.rev,
            entitlements: entitlements.remove(&row.id).unwrap_or_default(),
            prices: prices.remove(&row.id).unwrap_or_default(),
        });
    }
    let rows = sqlx::query!(
        r#"select id as "id: ProductId", module_key, name, description, status from products order by sort, name, id"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ProductEntry {
                id: row.id,
                module: row.module_key,
                name: row.name,
                description: row.description,
                status: ProductStatus::parse(&row.status)?,
                plans: plans.remove(&row.id).unwrap_or_default(),
            })
        })
        .collect()
}

fn cycle(name: &str) -> Result<Cycle> {
    match name {
        "monthly" => Ok(Cycle::Monthly),
        "yearly" => Ok(Cycle::Yearly),
        other => Err(Error::internal(format!("billing cycle {other}"))),
    }
}

fn currency(code: &str) -> Result<Currency> {
    Currency::parse(code).map_err(|error| Error::internal(error.message))
}

/// Whether the product still was in the state that it was read in.
pub(super) async fn set_product_status(
    conn: &mut PgConnection,
    product: &ProductEntry,
    to: ProductStatus,
) -> Result<bool> {
    let done = sqlx::query!(
        "update products set status = $3 where id = $1 and status = $2",
        product.id as _,
        product.status.as_str(),
        to.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the plan still was in the state that it was read in.
pub(super) async fn set_plan_status(
    conn: &mut PgConnection,
    plan: &PlanEntry,
    to: PlanStatus,
) -> Result<bool> {
    let done = sqlx::query!(
        "update plans set status = $3, rev = rev + 1 where id = $1 and status = $2",
        plan.id as _,
        plan.status.as_str(),
        to.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert_plan(
    conn: &mut PgConnection,
    product: ProductId,
    id: PlanId,
    plan: &Checked,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into plans (id, product_id, slug, name, description, status, is_public, sort, trial_days, features, created_at)
         values ($1, $2, $3, $4, $5, 'draft', $6, $7, $8, $9, $10)",
        id as _,
        product as _,
        plan.slug,
        plan.name,
        plan.description,
        plan.is_public,
        plan.sort,
        plan.trial_days,
        &plan.features,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the plan was still at the revision that the change is based on.
pub(super) async fn update_plan(
    conn: &mut PgConnection,
    id: PlanId,
    based_on: i64,
    plan: &Checked,
) -> Result<bool> {
    let done = sqlx::query!(
        "update plans set name = $3, description = $4, is_public = $5, sort = $6, trial_days = $7, features = $8, rev = rev + 1
         where id = $1 and rev = $2",
        id as _,
        based_on,
        plan.name,
        plan.description,
        plan.is_public,
        plan.sort,
        plan.trial_days,
        &plan.features,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn set_entitlement(
    conn: &mut PgConnection,
    plan: PlanId,
    key: &str,
    kind: &str,
    value: Option<i64>,
) -> Result<()> {
    sqlx::query!(
        "insert into plan_entitlements (plan_id, key, kind, value) values ($1, $2, $3, $4)
         on conflict (plan_id, key) do update set kind = excluded.kind, value = excluded.value",
        plan as _,
        key,
        kind,
        value,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds a plan until the transaction ends; false when there is none.
pub(super) async fn hold_plan(conn: &mut PgConnection, id: PlanId) -> Result<bool> {
    let found = sqlx::query_scalar!("select id from plans where id = $1 for update", id as _)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

pub(super) async fn newest_price(
    conn: &mut PgConnection,
    plan: PlanId,
    every: Cycle,
    of: Currency,
) -> Result<Option<PriceEntry>> {
    let row = sqlx::query!(
        r#"select id as "id: PriceId", version, amount_minor, active_from, active_until
           from plan_prices where plan_id = $1 and billing_cycle = $2 and currency = $3
           order by version desc limit 1"#,
        plan as _,
        every.as_str(),
        of.code(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| PriceEntry {
        id: row.id,
        version: row.version,
        cycle: every,
        amount: Money::new(row.amount_minor, of),
        active_from: row.active_from,
        active_until: row.active_until,
    }))
}

/// Ends a version at the latest then; one that has ended before keeps its end.
pub(super) async fn end_price(
    conn: &mut PgConnection,
    id: PriceId,
    until: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update plan_prices set active_until = least(active_until, $2) where id = $1",
        id as _,
        until as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the version was in force.
pub(super) async fn retire_price(
    conn: &mut PgConnection,
    id: PriceId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update plan_prices set active_until = $2
         where id = $1 and active_from < $2 and (active_until is null or active_until > $2)",
        id as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert_price(
    conn: &mut PgConnection,
    plan: PlanId,
    price: &PriceEntry,
) -> Result<()> {
    sqlx::query!(
        "insert into plan_prices (id, plan_id, version, currency, amount_minor, billing_cycle, active_from)
         values ($1, $2, $3, $4, $5, $6, $7)",
        price.id as _,
        plan as _,
        price.version,
        price.amount.currency.code(),
        price.amount.minor,
        price.cycle.as_str(),
        price.active_from as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
