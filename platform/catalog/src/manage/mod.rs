//! What operators do with products, plans and prices.
//!
//! A price that was published is never changed: [`publish_price`] writes its next version and ends the one before for new
//! subscribers. Who is on an older version stays on it; moving them is a matter of subscriptions (crate `billing`).

mod plan;
mod price;
mod store;

use database::Change;
use kernel::{Error, Result, Timestamp};
use sqlx::PgConnection;

pub use plan::{PlanForm, create_plan, edit_plan};
pub use price::{NewPrice, publish_price, retire_price};

use crate::{Cycle, PlanId, PriceId, ProductId};
use kernel::Money;

/// The states of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductStatus {
    /// Announced, not sold yet.
    Draft,
    /// On sale.
    Active,
    /// Not sold any more; who has it keeps it.
    Retired,
}

/// The states of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanStatus {
    /// Being made.
    Draft,
    /// On sale.
    Active,
    /// Not sold any more, and somebody is on it.
    Grandfathered,
    /// Not sold any more.
    Retired,
}

macro_rules! stored {
    ($name:ident { $($variant:ident = $key:literal),* $(,)? }) => {
        impl $name {
            /// Name as stored.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            fn parse(name: &str) -> Result<Self> {
                match name {
                    $($key => Ok(Self::$variant),)*
                    other => Err(Error::internal(format!("{} {other}", stringify!($name)))),
                }
            }
        }
    };
}
stored!(ProductStatus {
    Draft = "draft",
    Active = "active",
    Retired = "retired",
});
stored!(PlanStatus {
    Draft = "draft",
    Active = "active",
    Grandfathered = "grandfathered",
    Retired = "retired",
});

/// A product with all its plans, as operators see it.
#[derive(Clone, Debug)]
pub struct ProductEntry {
    /// Its id.
    pub id: ProductId,
    /// Key of the module that it unlocks.
    pub module: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its state.
    pub status: ProductStatus,
    /// Its plans, in the order in which they are offered.
    pub plans: Vec<PlanEntry>,
}

/// A plan with everything that was ever said of it.
#[derive(Clone, Debug)]
pub struct PlanEntry {
    /// Its id.
    pub id: PlanId,
    /// The product that it is of.
    pub product: ProductId,
    /// Name within the product, for programs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// For whom it is.
    pub description: String,
    /// Its state.
    pub status: PlanStatus,
    /// Whether the price page offers it.
    pub is_public: bool,
    /// Its place among the plans.
    pub sort: i32,
    /// Days of trial; 0 for none.
    pub trial_days: i32,
    /// Lines that the price page lists.
    pub features: Vec<String>,
    /// Counts changes.
    pub rev: i64,
    /// What it allows: key, type as stored, and the value; no value is no limit.
    pub entitlements: Vec<(String, String, Option<i64>)>,
    /// Every version of its prices, by cycle and currency, the newest first.
    pub prices: Vec<PriceEntry>,
}

/// One version of a price.
#[derive(Clone, Debug)]
pub struct PriceEntry {
    /// Its id.
    pub id: PriceId,
    /// Counts versions of the same plan, currency and cycle.
    pub version: i32,
    /// How often it is due.
    pub cycle: Cycle,
    /// How much.
    pub amount: Money,
    /// From when new subscribers get it.
    pub active_from: Timestamp,
    /// Until when; `None` while nothing ends it.
    pub active_until: Option<Timestamp>,
}

impl PriceEntry {
    /// Whether new subscribers get it at `now`.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.active_from <= now && self.active_until.is_none_or(|until| now < until)
    }
}

impl PlanEntry {
    /// The newest version of a price, in force or still to come.
    #[must_use]
    pub fn newest(&self, cycle: Cycle, currency: kernel::Currency) -> Option<&PriceEntry> {
        self.prices
            .iter()
            .filter(|price| price.cycle == cycle && price.amount.currency == currency)
            .max_by_key(|price| price.version)
    }
}

/// Every product with every plan and price.
///
/// # Errors
/// When the database cannot answer.
pub async fn products(conn: &mut PgConnection) -> Result<Vec<ProductEntry>> {
    store::products(conn).await
}

/// One product.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn product(conn: &mut PgConnection, id: ProductId) -> Result<ProductEntry> {
    let all = store::products(conn).await?;
    all.into_iter()
        .find(|product| product.id == id)
        .ok_or(Error::NotFound("product"))
}

/// One plan.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn plan(conn: &mut PgConnection, id: PlanId) -> Result<(ProductEntry, PlanEntry)> {
    for product in store::products(conn).await? {
        if let Some(plan) = product.plans.iter().find(|plan| plan.id == id) {
            let plan = plan.clone();
            return Ok((product, plan));
        }
    }
    Err(Error::NotFound("plan"))
}

/// Puts a product on sale. `modules` are the keys of the modules of this build.
///
/// # Errors
/// [`Error::Conflict`] with `no_module` when this build lacks its module, with `nothing_to_sell` when no plan of it has a
/// price in force, and with `wrong_state` when it is on sale already.
pub async fn activate_product(
    conn: &mut PgConnection,
    id: ProductId,
    modules: &[&str],
    now: Timestamp,
) -> Result<ProductEntry> {
    let product = product(&mut *conn, id).await?;
    if !modules.contains(&product.module.as_str()) {
        return Err(Error::conflict(
            "no_module",
            "This release has no module of that key, so there is nothing to sell yet.",
        ));
    }
    let sells = |plan: &PlanEntry| {
        plan.status == PlanStatus::Active && plan.prices.iter().any(|price| price.in_force(now))
    };
    if !product.plans.iter().any(sells) {
        return Err(Error::conflict(
            "nothing_to_sell",
            "No plan of this product is on sale with a price. Make one first.",
        ));
    }
    move_product(conn, &product, ProductStatus::Active).await?;
    Ok(product)
}

/// Takes a product off sale. Who has it keeps it.
///
/// # Errors
/// [`Error::Conflict`] with `wrong_state` when it is not on sale.
pub async fn retire_product(conn: &mut PgConnection, id: ProductId) -> Result<ProductEntry> {
    let product = product(&mut *conn, id).await?;
    if product.status != ProductStatus::Active {
        return Err(wrong_state());
    }
    move_product(conn, &product, ProductStatus::Retired).await?;
    Ok(product)
}

async fn move_product(
    conn: &mut PgConnection,
    product: &ProductEntry,
    to: ProductStatus,
) -> Result<()> {
    if product.status == to || !store::set_product_status(conn, product, to).await? {
        return Err(wrong_state());
    }
    Ok(())
}

/// Takes a plan off sale: grandfathered while somebody is on it, retired otherwise.
///
/// # Errors
/// [`Error::Conflict`] with `wrong_state` when it is not on sale.
pub async fn retire_plan(
    conn: &mut PgConnection,
    id: PlanId,
    in_use: bool,
) -> Result<(ProductEntry, PlanEntry)> {
    let (product, plan) = plan(&mut *conn, id).await?;
    let to = if in_use {
        PlanStatus::Grandfathered
    } else {
        PlanStatus::Retired
    };
    move_plan(conn, &plan, &[PlanStatus::Active, PlanStatus::Draft], to).await?;
    Ok((product, plan))
}

/// Puts a plan on sale.
///
/// # Errors
/// [`Error::Conflict`] with `nothing_to_sell` when it has no price in force, and with `wrong_state` when it is on sale
/// already.
pub async fn offer_plan(
    conn: &mut PgConnection,
    id: PlanId,
    now: Timestamp,
) -> Result<(ProductEntry, PlanEntry)> {
    let (product, plan) = plan(&mut *conn, id).await?;
    if !plan.prices.iter().any(|price| price.in_force(now)) {
        return Err(Error::conflict(
            "nothing_to_sell",
            "This plan has no price in force. Publish one first.",
        ));
    }
    let from = [
        PlanStatus::Draft,
        PlanStatus::Grandfathered,
        PlanStatus::Retired,
    ];
    move_plan(conn, &plan, &from, PlanStatus::Active).await?;
    Ok((product, plan))
}

async fn move_plan(
    conn: &mut PgConnection,
    plan: &PlanEntry,
    from: &[PlanStatus],
    to: PlanStatus,
) -> Result<()> {
    if !from.contains(&plan.status) || !store::set_plan_status(conn, plan, to).await? {
        return Err(wrong_state());
    }
    Ok(())
}

fn wrong_state() -> Error {
    Error::conflict(
        "wrong_state",
        "It is in that state already, or was changed in the meantime. Load the page again.",
    )
}

/// What plans allow is kept with every tenant that is on one: all nodes forget.
async fn announce(conn: &mut PgConnection) -> Result<()> {
    Change::Everything.announce(conn).await
}
