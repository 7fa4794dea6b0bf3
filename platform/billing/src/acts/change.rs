//! From one plan or cycle to another: now when it grows, at the end of the period when it shrinks.

use kernel::{Error, FieldError, Money, Result, SubscriptionStatus, TenantId, Timestamp};
use sqlx::PgConnection;

use super::activate::check_debts;
use super::{Step, get};
use crate::letters::Invoice;
use crate::price::{PlanId, PriceId};
use crate::status::Trigger;
use crate::subscription::{Subscription, Terms, paid_ahead, refused};
use crate::words::PendingKind;
use crate::{Act, Billing, SubscriptionId, letters, store};

const CHANGED: Step = Step {
    kind: "plan_changed",
    action: "billing.plan.changed",
};
const SCHEDULED: Step = Step {
    kind: "change_scheduled",
    action: "billing.change.scheduled",
};
const WITHDRAWN: Step = Step {
    kind: "change_withdrawn",
    action: "billing.change.withdrawn",
};

/// When a choice takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At once.
    Now,
    /// With the end of the period.
    At(Timestamp),
}

/// A line of what a choice costs now; what is given back is negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// What it is for.
    pub text: String,
    /// How much.
    pub amount: Money,
}

/// Something that the other plan allows less of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrink {
    /// Key of the entitlement.
    pub key: String,
    /// Its name: "People in the workspace".
    pub title: String,
    /// What the other plan allows; 0 where it does not allow it at all.
    pub limit: i64,
    /// What is in use, where that is known here.
    pub used: Option<i64>,
}

impl Shrink {
    /// Whether what is in use exceeds it, as far as that is known.
    #[must_use]
    pub fn exceeds(&self) -> bool {
        self.used.is_none_or(|used| used > self.limit)
    }

    /// `at most 3; in use: 5`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let shown = |value| shown(&self.key, value);
        let limit = if self.limit == 0 {
            "not included".to_owned()
        } else {
            format!("at most {}", shown(self.limit))
        };
        match self.used {
            Some(used) => format!("{limit}; in use: {}", shown(used)),
            None => limit,
        }
    }
}

/// An amount of an entitlement as people read it.
pub(crate) fn shown(key: &str, value: i64) -> String {
    if key.rsplit('.').next() == Some("bytes") {
        kernel::size(value)
    } else {
        value.to_string()
    }
}

/// What a choice would bring, before it is made.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The subscription that it changes; `None` when it begins one.
    pub subscription: Option<Subscription>,
    /// The chosen price and plan.
    pub terms: Terms,
    /// When it takes effect.
    pub outcome: Outcome,
    /// Beginning of the first paid period, when one begins.
    pub starts_at: Option<Timestamp>,
    /// What it costs, line by line.
    pub costs: Vec<Cost>,
    /// The open sum after it, and by when it has to be paid.
    pub due: Option<(Money, Timestamp)>,
    /// What is due for each period from then on.
    pub each_period: Money,
    /// What the plan allows less of than the one in force.
    pub shrinks: Vec<Shrink>,
}

impl Billing {
    /// What a choice would bring. Nothing is written.
    ///
    /// # Errors
    /// As the choice itself.
    pub async fn preview(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        price: PriceId,
        now: Timestamp,
    ) -> Result<Preview> {
        let (terms, on_sale) = store::terms(conn, price, now)
            .await?
            .ok_or(Error::NotFound("price"))?;
        if !on_sale {
            return Err(Error::NotFound("price"));
        }
        let all = store::list(conn, tenant, None).await?;
        let live = all
            .iter()
            .find(|one| one.plan.product == terms.plan.product && one.is_live());
        let live = live.map(|live| live.at(now)).transpose()?;
        let live = live.filter(Subscription::is_live);
        check_debts(live.as_ref(), &all, &terms)?;
        let shrinks = match &live {
            Some(live) => {
                self.shrinks(conn, tenant, live.plan.id, terms.plan.id)
                    .await?
            }
            None => Vec::new(),
        };
        let mut preview = match &live {
            Some(live) if live.status == SubscriptionStatus::Active => {
                change(live, &terms, false, now)?
            }
            live => start(live.as_ref(), tenant, &terms, now)?,
        };
        preview.shrinks = shrinks;
        preview.subscription = live;
        Ok(preview)
    }

    /// What [`Self::change_plan`] by an operator would bring, also to a price that is not sold any more. Nothing is
    /// written.
    ///
    /// # Errors
    /// As the change itself, but for what has to be acknowledged.
    pub async fn preview_change(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        id: SubscriptionId,
        price: PriceId,
        now: Timestamp,
    ) -> Result<Preview> {
        let (terms, _) = store::terms(conn, price, now)
            .await?
            .ok_or(Error::NotFound("price"))?;
        let live = get(conn, tenant, id).await?.at(now)?;
        let mut preview = change(&live, &terms, true, now)?;
        preview.shrinks = self
            .shrinks(conn, tenant, live.plan.id, terms.plan.id)
            .await?;
        preview.subscription = Some(live);
        Ok(preview)
    }

    /// Changes an active subscription to another plan or cycle of its product.
    ///
    /// At once when the plan is no smaller, the cycle no shorter and the price no lower; otherwise with the end of the
    /// period, since nothing is paid back.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition`, `paid_ahead`, `same_plan`, `other_product` or `other_currency`;
    /// [`Error::Invalid`] on the field `acknowledged` when more is in use than the other plan allows.
    pub async fn change_plan(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
        price: PriceId,
        acknowledged: bool,
    ) -> Result<(Subscription, Outcome)> {
        let before = self.hold(conn, act, id).await?;
        let (terms, _) = store::terms(conn, price, act.now)
            .await?
            .ok_or(Error::NotFound("price"))?;
        self.change(conn, act, before, terms, acknowledged).await
    }

    pub(super) async fn change(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        before: Subscription,
        terms: Terms,
        acknowledged: bool,
    ) -> Result<(Subscription, Outcome)> {
        check(&before, &terms, act.actor.is_operator(), act.now)?;
        let shrinks = self
            .shrinks(conn, act.tenant, before.plan.id, terms.plan.id)
            .await?;
        if !acknowledged && shrinks.iter().any(Shrink::exceeds) {
            let error = FieldError::new(
                "acknowledged",
                "required",
                "More is in use than this plan allows. Confirm that you know what that means.",
            );
            return Err(error.into());
        }
        let mut after = before.clone();
        match outcome(&before, &terms, act.now)? {
            Outcome::Now => {
                after.change_now(terms, act.now)?;
                let after = self
                    .write(conn, act, CHANGED, act.now, Some(&before), after)
                    .await?;
                self.send(conn, act, &after, letters::changed).await?;
                if let Some(invoice) = Invoice::open(&after)
                    && after.due != before.due
                {
                    self.tell_operators(conn, act, &invoice).await?;
                }
                Ok((after, Outcome::Now))
            }
            Outcome::At(at) => {
                after.change_later(terms, at, PendingKind::Change)?;
                let after = self
                    .write(conn, act, SCHEDULED, act.now, Some(&before), after)
                    .await?;
                self.send(conn, act, &after, letters::change_scheduled)
                    .await?;
                Ok((after, Outcome::At(at)))
            }
        }
    }

    /// Takes back a change that waits for the end of the period. Where none waits nothing happens. A new price that had
    /// been announced before the change was chosen takes over after all.
    ///
    /// # Errors
    /// [`Error::Conflict`] with `invalid_transition`; `price_migration` when the platform has planned the change;
    /// `paid_ahead` when the next period is paid already; `payment_outstanding` when it waits for a payment alone.
    pub async fn withdraw_change(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        id: SubscriptionId,
    ) -> Result<Subscription> {
        let before = self.hold(conn, act, id).await?;
        let announced = match before.announced {
            Some((price, _)) => store::terms(conn, price, act.now).await?,
            None => None,
        };
        let mut after = before.clone();
        after.withdraw_change(announced.map(|(terms, _)| terms), act.now)?;
        if before.pending.is_none() {
            return Ok(before);
        }
        let after = self
            .write(conn, act, WITHDRAWN, act.now, Some(&before), after)
            .await?;
        if after.pending.is_some() {
            self.send(conn, act, &after, letters::price_announced)
                .await?;
        }
        Ok(after)
    }

    /// What one plan allows less of than another.
    async fn shrinks(
        &self,
        conn: &mut PgConnection,
        tenant: TenantId,
        from: PlanId,
        to: PlanId,
    ) -> Result<Vec<Shrink>> {
        if from == to {
            return Ok(Vec::new());
        }
        let had = store::entitlements(conn, from).await?;
        let gets = store::entitlements(conn, to).await?;
        let mut shrinks = Vec::new();
        for (key, limit) in less(&had, &gets) {
            let used = self.setup().usage.used(conn, tenant, &key).await?;
            let title = self.title_of(&key);
            shrinks.push(Shrink {
                key,
                title,
                limit,
                used,
            });
        }
        Ok(shrinks)
    }
}

/// An entitlement of a plan: key, type, value.
type Entitled = (String, String, Option<i64>);

/// What `gets` allows less of than `had`: key and the most there may be. A switch that is missing is off; a count that
/// is missing or null has no limit.
fn less(had: &[Entitled], gets: &[Entitled]) -> Vec<(String, i64)> {
    let value = |of: &[Entitled], key: &str| -> Option<i64> {
        let found = of.iter().find(|(known, _, _)| known == key);
        found.and_then(|(_, _, value)| *value)
    };
    let mut keys: Vec<(&str, &str)> = had
        .iter()
        .chain(gets)
        .map(|(key, kind, _)| (key.as_str(), kind.as_str()))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter_map(|(key, kind)| {
            let (old, new) = (value(had, key), value(gets, key));
            if kind == "switch" {
                let off = old == Some(1) && new != Some(1);
                return off.then(|| (key.to_owned(), 0));
            }
            let limit = new?;
            old.is_none_or(|old| old > limit)
                .then(|| (key.to_owned(), limit))
        })
        .collect()
}

/// Whether a subscription can change to other terms. Tenants choose among plans and cycles; operators may also choose
/// another version of a price.
pub(crate) fn check(
    before: &Subscription,
    terms: &Terms,
    by_operator: bool,
    now: Timestamp,
) -> Result<()> {
    if before.status != SubscriptionStatus::Active {
        return Err(refused(before.status, Trigger::PlanChanged));
    }
    if before.committed(now) {
        return Err(paid_ahead());
    }
    if before.plan.product != terms.plan.product {
        return Err(Error::conflict(
            "other_product",
            "That price is of another product. Subscribe to it instead.",
        ));
    }
    let Some(price) = before.price else {
        return Ok(());
    };
    if price.id == terms.price.id
        || (!by_operator && before.plan.id == terms.plan.id && price.cycle == terms.price.cycle)
    {
        return Err(Error::conflict("same_plan", "That is the plan you are on."));
    }
    if price.amount.currency != terms.price.amount.currency {
        return Err(Error::conflict(
            "other_currency",
            "That price is in another currency. Choose one in the currency you pay in.",
        ));
    }
    Ok(())
}

/// When a change takes effect.
fn outcome(before: &Subscription, terms: &Terms, now: Timestamp) -> Result<Outcome> {
    if before.changes_at_once(terms, now)? {
        return Ok(Outcome::Now);
    }
    Ok(before.period_end.map_or(Outcome::Now, Outcome::At))
}

/// What a change would bring.
fn change(
    live: &Subscription,
    terms: &Terms,
    by_operator: bool,
    now: Timestamp,
) -> Result<Preview> {
    check(live, terms, by_operator, now)?;
    let outcome = outcome(live, terms, now)?;
    let mut preview = Preview::of(terms, live.quantity, outcome)?;
    if outcome != Outcome::Now {
        return Ok(preview);
    }
    let mut after = live.clone();
    after.change_now(terms.clone(), now)?;
    match live.proration(terms, now)? {
        Some(cost) => {
            let rest = if cost.new_period {
                ""
            } else {
                " for the rest of the period"
            };
            preview.costs = vec![
                Cost {
                    text: format!("{}{rest}", terms.plan.name),
                    amount: cost.charge,
                },
                Cost {
                    text: format!("Unused part of {}", live.plan.name),
                    amount: Money::new(-cost.credit.minor, cost.credit.currency),
                },
            ];
            if let Some(open) = live.due {
                preview.costs.push(Cost {
                    text: "Still open".to_owned(),
                    amount: open,
                });
            }
            preview.starts_at = cost.new_period.then_some(now);
        }
        None if !terms.is_free() => {
            preview.costs = vec![first_period(terms, after.quantity)?];
            preview.starts_at = Some(now);
        }
        None => {}
    }
    preview.due = after.due.zip(after.payment_due_at);
    Ok(preview)
}

/// What a new subscription, or the end of a trial, would bring.
fn start(
    live: Option<&Subscription>,
    tenant: TenantId,
    terms: &Terms,
    now: Timestamp,
) -> Result<Preview> {
    let mut after = live
        .cloned()
        .unwrap_or_else(|| Subscription::new(tenant, terms.plan.clone(), now));
    let begin = live
        .and_then(|live| live.trial_end)
        .filter(|end| *end > now)
        .unwrap_or(now);
    after.activate(terms.clone(), 1, begin, false, now)?;
    let mut preview = Preview::of(terms, 1, Outcome::Now)?;
    if !terms.is_free() {
        preview.costs = vec![first_period(terms, 1)?];
        preview.starts_at = after.period_start;
        preview.due = after.due.zip(after.payment_due_at);
    }
    Ok(preview)
}

fn first_period(terms: &Terms, quantity: i32) -> Result<Cost> {
    let period = match terms.price.cycle {
        crate::Cycle::Monthly => "month",
        crate::Cycle::Yearly => "year",
    };
    Ok(Cost {
        text: format!("{}, first {period}", terms.plan.name),
        amount: terms.price.times(quantity)?,
    })
}

impl Preview {
    fn of(terms: &Terms, quantity: i32, outcome: Outcome) -> Result<Self> {
        Ok(Self {
            subscription: None,
            terms: terms.clone(),
            outcome,
            starts_at: None,
            costs: Vec::new(),
            due: None,
            each_period: terms.price.times(quantity)?,
            shrinks: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plan_allows_less_of() {
        let of = |key: &str, kind: &str, value| (key.to_owned(), kind.to_owned(), value);
        let large = [
            of("a.seats", "count", None),
            of("b.posts", "count", Some(100)),
            of("c.api", "switch", Some(1)),
            of("d.bytes", "bytes", Some(5)),
        ];
        let small = [
            of("a.seats", "count", Some(3)),
            of("b.posts", "count", Some(100)),
            of("d.bytes", "bytes", Some(9)),
            of("e.new", "count", Some(1)),
        ];
        let expected = [("a.seats", 3), ("c.api", 0), ("e.new", 1)];
        let found = less(&large, &small);
        let found: Vec<(&str, i64)> = found.iter().map(|(key, to)| (key.as_str(), *to)).collect();
        assert_eq!(found, expected);
        assert_eq!(less(&small, &small), []);
        assert_eq!(less(&small, &large), [("d.bytes".to_owned(), 5)]);
    }
}
