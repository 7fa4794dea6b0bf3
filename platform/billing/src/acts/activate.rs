//! Plans that begin: set up by an operator, or chosen by the tenant.

use kernel::{Error, FieldError, Result, SubscriptionStatus, Timestamp};
use sqlx::PgConnection;

use super::{Outcome, Step};
use crate::letters::Invoice;
use crate::price::PriceId;
use crate::subscription::{Subscription, Terms};
use crate::{Act, Billing, letters, store};

pub(super) const ACTIVATED: Step = Step {
    kind: "activated",
    action: "billing.subscription.activated",
};

/// What an operator sets up by hand.
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    /// The price; its plan and product follow.
    pub price: PriceId,
    /// How many of the plan; at least one.
    pub quantity: i32,
    /// Beginning of the first period. It may lie up to a year away from now, in either direction.
    pub start: Timestamp,
    /// Whether the first period is paid already; otherwise an invoice is due within 14 days.
    pub paid: bool,
}

impl Billing {
    /// Sets up a subscription by hand: on the trial or unfinished checkout that is there, otherwise as a new one.
    ///
    /// Prices that are not sold any more can be given as well.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::NotFound`] for an unknown price; [`Error::Conflict`] with `invalid_transition` when
    /// the product is subscribed to already, or with `already_subscribed` when somebody else was faster.
    pub async fn activate(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        what: Activation,
    ) -> Result<Subscription> {
        let (terms, _) = store::terms(conn, what.price, act.now)
            .await?
            .ok_or(Error::NotFound("price"))?;
        if what.quantity < 1 {
            return Err(FieldError::new("quantity", "too_small", "Enter at least 1.").into());
        }
        let year = crate::price::days(366);
        if what.start > act.now.plus(year) || what.start < act.now.minus(year) {
            let error = FieldError::new(
                "start",
                "out_of_range",
                "Choose a day within a year of today.",
            );
            return Err(error.into());
        }
        let live = store::lock_live(conn, act.tenant, terms.plan.product).await?;
        let before = match live {
            Some(id) => Some(self.hold(conn, act, id).await?).filter(Subscription::is_live),
            None => None,
        };
        let after = self
            .begin(
                conn,
                act,
                before,
                terms,
                what.quantity,
                what.start,
                what.paid,
            )
            .await?;
        self.send(conn, act, &after, letters::activated).await?;
        Ok(after)
    }

    /// Puts the tenant on a plan that it has chosen itself: begins it, or changes to it. What is not free is invoiced.
    ///
    /// `acknowledged` says that the tenant knows what a smaller plan does not have room for.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a price that is not on sale; [`Error::Conflict`] with `payment_outstanding` while an
    /// invoice of this product is open, `billing_profile_missing` when nobody knows whom to bill, or what
    /// [`Billing::change_plan`] refuses with.
    pub async fn choose(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        price: PriceId,
        acknowledged: bool,
    ) -> Result<(Subscription, Outcome)> {
        let (terms, on_sale) = store::terms(conn, price, act.now)
            .await?
            .ok_or(Error::NotFound("price"))?;
        if !on_sale {
            return Err(Error::NotFound("price"));
        }
        let live = store::lock_live(conn, act.tenant, terms.plan.product).await?;
        let before = match live {
            Some(id) => Some(self.hold(conn, act, id).await?).filter(Subscription::is_live),
            None => None,
        };
        self.check_choice(conn, act, before.as_ref(), &terms)
            .await?;
        if let Some(before) = before
            .as_ref()
            .filter(|before| before.status == SubscriptionStatus::Active)
        {
            return self
                .change(conn, act, before.clone(), terms, acknowledged)
                .await;
        }
        let start = before
            .as_ref()
            .and_then(|before| before.trial_end)
            .filter(|end| *end > act.now)
            .unwrap_or(act.now);
        let after = self
            .begin(conn, act, before, terms, 1, start, false)
            .await?;
        self.send(conn, act, &after, letters::activated).await?;
        if let Some(invoice) = Invoice::open(&after) {
            self.tell_operators(conn, act, &invoice).await?;
        }
        Ok((after, Outcome::Now))
    }

    /// Whether the tenant may choose by itself: nothing is owed for the product, and it is known whom to bill.
    pub(super) async fn check_choice(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        live: Option<&Subscription>,
        terms: &Terms,
    ) -> Result<()> {
        let all = store::list(conn, act.tenant, None).await?;
        check_debts(live, &all, terms)?;
        if !terms.is_free() && crate::profiles::find(conn, act.tenant).await?.is_none() {
            return Err(Error::conflict(
                "billing_profile_missing",
                "Enter your billing details first: they say whom the invoice is made out to.",
            ));
        }
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "what an operator chooses and what follows from a tenant's choice meet here"
    )]
    async fn begin(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        before: Option<Subscription>,
        terms: Terms,
        quantity: i32,
        start: Timestamp,
        paid: bool,
    ) -> Result<Subscription> {
        let mut after = match &before {
            Some(before) => before.clone(),
            None => Subscription::new(act.tenant, terms.plan.clone(), act.now),
        };
        after.activate(terms, quantity, start, paid, act.now)?;
        let after = self
            .write(conn, act, ACTIVATED, act.now, before.as_ref(), after)
            .await?;
        // A period that lies in the past may have brought more about already.
        self.settle(conn, after, act.now).await
    }
}

/// Whether nothing is owed for the product: by the living subscription, or by any that has ended.
pub(super) fn check_debts(
    live: Option<&Subscription>,
    all: &[Subscription],
    terms: &Terms,
) -> Result<()> {
    let owed = match live {
        Some(live) => matches!(
            live.status,
            SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid
        ),
        None => all
            .iter()
            .any(|old| old.plan.product == terms.plan.product && old.due.is_some()),
    };
    if owed {
        return Err(Error::conflict(
            "payment_outstanding",
            "An invoice for this product is still open. Pay it, or write to us, before you choose a plan.",
        ));
    }
    Ok(())
}
