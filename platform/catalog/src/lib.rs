//! What the platform sells: products, their plans, immutable versioned prices, and what a plan allows.
#![warn(missing_docs)]

pub mod manage;
pub mod overrides;
mod pages;
mod seed;
mod store;

use database::PlatformDb;
use kernel::{Clock, Currency, Error, Money, Result};
use module::{Entitlement, EntitlementKind, Manifest, Routes};

kernel::id!(
    /// Identifies a product.
    ProductId
);
kernel::id!(
    /// Identifies a plan.
    PlanId
);
kernel::id!(
    /// Identifies one version of a plan's price.
    PriceId
);

/// The migrations of this crate's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What plans may limit besides what modules declare.
pub static ENTITLEMENTS: &[Entitlement] = &[
    Entitlement {
        key: "workspace.seats",
        title: "People in the workspace",
        kind: EntitlementKind::Count,
    },
    Entitlement {
        key: "files.bytes",
        title: "Room for files",
        kind: EntitlementKind::Bytes,
    },
];

/// Products and plans. Cloning shares the state.
#[derive(Clone, Debug)]
pub struct Catalog {
    db: PlatformDb,
    clock: Clock,
}

/// How often a price is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycle {
    /// Every month.
    Monthly,
    /// Every year.
    Yearly,
}

impl Cycle {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }
}

/// A price in force.
#[derive(Clone, Debug)]
pub struct Price {
    /// How often it is due.
    pub cycle: Cycle,
    /// How much.
    pub amount: Money,
}

/// A plan on sale.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// For whom it is.
    pub description: String,
    /// Days of trial; 0 for none.
    pub trial_days: i32,
    /// Lines that the price page lists.
    pub features: Vec<String>,
    /// Its prices in force.
    pub prices: Vec<Price>,
}

/// A product, with its plans on sale.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Whether it can be subscribed to; otherwise it is announced.
    pub on_sale: bool,
    /// Its plans, in the order in which they are offered.
    pub plans: Vec<Plan>,
}

impl Catalog {
    /// The catalogue in `db`.
    #[must_use]
    pub fn new(db: PlatformDb, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Every product that is announced or on sale, with the public plans and the prices in force now.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn offers(&self) -> Result<Vec<Product>> {
        store::offers(self.db.pool(), self.clock.now()).await
    }

    /// Writes the first catalogue. What is there already is left alone.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub async fn seed(&self) -> Result<()> {
        let mut tx = self.db.begin().await?;
        seed::write(tx.conn(), self.clock.now()).await?;
        tx.commit().await
    }

    /// Holds the catalogue against the modules of this build: a product on sale has its module, and an entitlement of
    /// a plan is declared, with the same type.
    ///
    /// # Errors
    /// [`Error::Internal`] that names what does not fit.
    pub async fn verify(&self, manifests: &[&'static Manifest]) -> Result<()> {
        for key in store::modules_on_sale(self.db.pool()).await? {
            if !manifests.iter().any(|manifest| manifest.key == key) {
                return Err(Error::internal(format!(
                    "the product of module {key} is on sale, but this build has no such module"
                )));
            }
        }
        let declared: Vec<&Entitlement> = ENTITLEMENTS
            .iter()
            .chain(manifests.iter().flat_map(|manifest| manifest.entitlements))
            .collect();
        for (key, kind) in store::entitlements_in_use(self.db.pool()).await? {
            if !declared
                .iter()
                .any(|entitlement| entitlement.key == key && kind_name(entitlement.kind) == kind)
            {
                return Err(Error::internal(format!(
                    "a plan sets {key} ({kind}), which nothing in this build declares"
                )));
            }
        }
        Ok(())
    }
}

/// Name of a type of entitlement, as stored.
#[must_use]
pub fn kind_name(kind: EntitlementKind) -> &'static str {
    match kind {
        EntitlementKind::Switch => "switch",
        EntitlementKind::Count => "count",
        EntitlementKind::Bytes => "bytes",
    }
}

/// Pages of the base host.
#[must_use]
pub fn base_routes() -> Routes {
    pages::routes()
}

/// A price as people read it: the currency's sign, whole amounts without decimals.
#[must_use]
pub fn display(money: Money) -> String {
    let sign = match money.currency {
        Currency::EUR => "€".to_owned(),
        Currency::USD => "$".to_owned(),
        Currency::GBP => "£".to_owned(),
        other => format!("{other} "),
    };
    let amount = money.decimal();
    if amount.is_integer() {
        format!("{sign}{}", amount.trunc())
    } else {
        format!("{sign}{amount}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_naturally() {
        assert_eq!(display(Money::new(1900, Currency::EUR)), "€19");
        assert_eq!(display(Money::new(1950, Currency::USD)), "$19.50");
        assert_eq!(display(Money::new(500, Currency::JPY)), "JPY 500");
    }
}
