//! New versions of prices.

use kernel::{Error, FieldError, Fields, Money, Result, Timestamp};
use sqlx::PgConnection;

use super::{PriceEntry, store};
use crate::{Cycle, PlanId, PriceId};

/// A version to be published.
#[derive(Clone, Copy, Debug)]
pub struct NewPrice {
    /// How often it is due.
    pub cycle: Cycle,
    /// How much.
    pub amount: Money,
    /// From when new subscribers get it; at once when it is not later than the present.
    pub from: Timestamp,
    /// The newest version that whoever publishes has seen; 0 for the first.
    pub based_on: i32,
}

/// Publishes the next version of a price. New subscribers get it from then on; nobody else is touched.
///
/// # Errors
/// [`Error::Invalid`] for the field `amount`; [`Error::Conflict`] with `price_changed` when another version was published
/// in the meantime, and with `too_early` when the newest version begins later.
pub async fn publish_price(
    conn: &mut PgConnection,
    plan: PlanId,
    new: NewPrice,
    now: Timestamp,
) -> Result<PriceEntry> {
    let mut fields = Fields::default();
    fields.check(
        new.amount.minor >= 0,
        "amount",
        "invalid",
        "Enter an amount from 0 on.",
    );
    fields.finish()?;
    let from = new.from.max(now);
    // One at a time for each plan: the version that counts is the one read under this lock.
    if !store::hold_plan(conn, plan).await? {
        return Err(Error::NotFound("plan"));
    }
    let newest = store::newest_price(conn, plan, new.cycle, new.amount.currency).await?;
    let version = newest.as_ref().map_or(0, |price| price.version);
    if version != new.based_on {
        return Err(Error::conflict(
            "price_changed",
            "Somebody published another version in the meantime. Look at it first.",
        ));
    }
    if let Some(newest) = &newest {
        if newest.amount == new.amount && newest.active_until.is_none() {
            return Err(FieldError::new("amount", "same", "That is the price already.").into());
        }
        if newest.active_from >= from {
            return Err(Error::conflict(
                "too_early",
                "The newest version begins at that time or later. Choose a later day.",
            ));
        }
        store::end_price(conn, newest.id, from).await?;
    }
    let price = PriceEntry {
        id: PriceId::new(),
        version: version + 1,
        cycle: new.cycle,
        amount: new.amount,
        active_from: from,
        active_until: None,
    };
    store::insert_price(conn, plan, &price).await?;
    Ok(price)
}

/// Ends a version for new subscribers without another in its place.
///
/// # Errors
/// [`Error::Conflict`] with `wrong_state` when it has ended already.
pub async fn retire_price(conn: &mut PgConnection, id: PriceId, now: Timestamp) -> Result<()> {
    if store::retire_price(conn, id, now).await? {
        Ok(())
    } else {
        Err(super::wrong_state())
    }
}
