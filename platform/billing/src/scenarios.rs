//! Lives of a subscription, day by day: what is open, what a payment settles, and what it does not.
//!
//! Day 0 is the 1st of March 2026. Where nothing else is said the first month is paid; it ends on day 31, the next on
//! day 61.

use kernel::{Access, Currency, Money, Result, SubscriptionStatus, TenantId, Timestamp};

use crate::ProductId;
use crate::acts::check;
use crate::price::{Cycle, PlanId, Price, PriceId, days};
use crate::subscription::{Plan, Subscription, Terms};
use crate::words::{CancelReason, Collection, PendingKind};

use Cycle::{Monthly, Yearly};
use SubscriptionStatus::{Active, Cancelled, PastDue, Unpaid};

const FREE: (i32, i64) = (0, 0);
const SOLO: (i32, i64) = (1, 900);
const STUDIO: (i32, i64) = (2, 1_900);

fn day(count: u64) -> Timestamp {
    "2026-03-01T00:00:00Z"
        .parse::<Timestamp>()
        .unwrap()
        .plus(days(count))
}

/// A subscription, and the plans of its product.
struct Life {
    of: Subscription,
    product: ProductId,
}

impl Life {
    /// On a plan whose first period is paid.
    fn on((rank, minor): (i32, i64), cycle: Cycle, quantity: i32) -> Self {
        let product = ProductId::new();
        let terms = terms(product, (rank, minor), cycle);
        let mut of = Subscription::new(TenantId::new(), terms.plan.clone(), day(0));
        of.activate(terms, quantity, day(0), true, day(0)).unwrap();
        Self { of, product }
    }

    fn solo() -> Self {
        Self::on(SOLO, Monthly, 1)
    }

    /// What it is on that day.
    fn at(&self, on: u64) -> Subscription {
        let now = day(on);
        let settled = self.of.at(now).unwrap();
        assert_eq!(
            self.of.access(now),
            settled.access(now),
            "access on day {on} hangs on whether somebody looked"
        );
        settled
    }

    /// Does something on a day; a refusal changes nothing.
    fn act(
        &mut self,
        on: u64,
        act: impl FnOnce(&mut Subscription, Timestamp) -> Result<()>,
    ) -> Result<()> {
        self.of = self.at(on);
        let mut after = self.of.clone();
        act(&mut after, day(on))?;
        self.of = after;
        self.of = self.at(on);
        Ok(())
    }

    fn pay(&mut self, on: u64) -> Result<()> {
        self.act(on, Subscription::pay)
    }

    fn report(&mut self, on: u64) -> Result<()> {
        self.act(on, Subscription::report_unpaid)
    }

    fn choose(&mut self, on: u64, plan: (i32, i64), cycle: Cycle) -> Result<()> {
        let terms = terms(self.product, plan, cycle);
        self.act(on, |of, now| {
            check(of, &terms, false, now)?;
            if of.changes_at_once(&terms, now)? {
                of.change_now(terms, now)
            } else {
                let at = of.period_end.unwrap();
                of.change_later(terms, at, PendingKind::Change)
            }
        })
    }

    fn keep(&mut self, on: u64) -> Result<()> {
        self.act(on, |of, now| of.withdraw_change(None, now))
    }

    fn request_cancel(&mut self, on: u64) -> Result<()> {
        self.act(on, |of, now| {
            of.request_cancel(CancelReason::Other, None, now)
        })
    }

    fn resume(&mut self, on: u64) -> Result<()> {
        self.act(on, |of, _| of.withdraw_cancel())
    }

    /// Status and open sum on a day.
    fn owes(&self, on: u64) -> (SubscriptionStatus, i64) {
        let of = self.at(on);
        (of.status, of.due.map_or(0, |due| due.minor))
    }
}

fn terms(product: ProductId, (rank, minor): (i32, i64), cycle: Cycle) -> Terms {
    let minor = match cycle {
        Monthly => minor,
        Yearly => 10 * minor,
    };
    Terms {
        price: Price {
            id: PriceId::new(),
            cycle,
            amount: Money::new(minor, Currency::EUR),
        },
        plan: Plan {
            id: PlanId::new(),
            name: format!("Plan {rank}"),
            product,
            module: "blog".into(),
            product_name: "Blog".into(),
            rank,
        },
    }
}

fn code(result: Result<()>) -> &'static str {
    result.expect_err("a refusal").code()
}

/// What going from Solo to Studio costs, with so many of the 31 days left: each share is rounded by itself.
fn difference(left: i64) -> i64 {
    let share = |minor: i64| (minor * left * 2 + 31) / 62;
    share(1_900) - share(900)
}

#[test]
fn an_upgrade_late_in_the_period_is_paid_without_buying_the_next_period() {
    let mut life = Life::solo();
    life.choose(20, STUDIO, Monthly).unwrap();
    assert_eq!(life.owes(20), (Active, difference(11)));
    assert_eq!(life.of.payment_due_at, Some(day(31)));
    life.pay(25).unwrap();
    assert_eq!(life.owes(25), (Active, 0));
    assert_eq!(life.of.period_end, Some(day(31)));
    assert_eq!(life.owes(31), (PastDue, 1_900));
}

#[test]
fn an_upgrade_that_is_not_paid_by_the_end_is_owed_besides_the_next_period() {
    let mut life = Life::solo();
    life.choose(20, STUDIO, Monthly).unwrap();
    assert_eq!(life.owes(31), (PastDue, difference(11) + 1_900));
    life.pay(33).unwrap();
    assert_eq!(life.owes(33), (Active, 0));
    assert_eq!(life.of.period_end, Some(day(61)));
}

#[test]
fn an_overdue_upgrade_swallows_no_renewal() {
    let mut life = Life::solo();
    life.choose(10, STUDIO, Monthly).unwrap();
    assert_eq!(life.of.payment_due_at, Some(day(24)));
    assert_eq!(life.owes(24), (PastDue, difference(21)));
    assert_eq!(life.owes(30), (PastDue, difference(21)));
    let due = life.at(31);
    assert_eq!(life.owes(31), (PastDue, difference(21) + 1_900));
    assert_eq!(due.payment_due_at, Some(day(31)));
    assert_eq!(due.grace_until, Some(day(38)), "the renewal buys no time");
    life.pay(32).unwrap();
    assert_eq!(life.owes(32), (Active, 0));
    assert_eq!(life.of.period_start, Some(day(31)));
    assert_eq!(life.of.period_end, Some(day(61)));
}

#[test]
fn an_overdue_sum_is_settled_within_its_period() {
    let mut life = Life::solo();
    life.choose(10, STUDIO, Monthly).unwrap();
    life.pay(27).unwrap();
    assert_eq!(life.owes(27), (Active, 0));
    assert_eq!(life.of.period_end, Some(day(31)));
    assert_eq!(life.owes(31), (PastDue, 1_900));
}

/// The older sum was for the period that is over: a new one begins, and is to be paid as any first one.
#[test]
fn an_older_sum_paid_after_its_period_buys_no_new_one() {
    let mut life = Life::solo();
    life.choose(1, STUDIO, Monthly).unwrap();
    assert_eq!(life.owes(15), (PastDue, difference(30)));
    assert_eq!(life.owes(29), (Unpaid, difference(30)));
    assert_eq!(life.owes(45), (Unpaid, difference(30)));
    life.pay(45).unwrap();
    assert_eq!(life.owes(45), (Active, 1_900));
    assert_eq!(life.of.period_start, Some(day(45)));
    assert_eq!(life.of.payment_due_at, Some(day(59)));
    assert_eq!(life.of.access(day(45)), Access::Full);
    life.pay(50).unwrap();
    assert_eq!(life.owes(50), (Active, 0));
    assert_eq!(life.of.payment_due_at, life.of.period_end);
}

#[test]
fn an_older_sum_paid_after_grace_but_within_its_period_changes_no_date() {
    let mut life = Life::solo();
    life.choose(1, STUDIO, Monthly).unwrap();
    assert_eq!(life.at(30).status, Unpaid);
    life.pay(30).unwrap();
    assert_eq!(life.owes(30), (Active, 0));
    assert_eq!(life.of.period_end, Some(day(31)));
}

#[test]
fn a_renewal_paid_after_grace_begins_on_that_day() {
    let mut life = Life::solo();
    assert_eq!(life.owes(45), (Unpaid, 900));
    life.pay(60).unwrap();
    assert_eq!(life.owes(60), (Active, 0));
    assert_eq!(life.of.period_start, Some(day(60)));
    assert_eq!(life.of.payment_due_at, life.of.period_end);
}

/// What is paid already stays paid, however early an operator has given the renewal up.
#[test]
fn a_renewal_reported_early_and_paid_follows_the_paid_period() {
    let mut life = Life::solo();
    life.report(3).unwrap();
    assert_eq!(life.owes(3), (PastDue, 900));
    assert_eq!(life.at(20).status, Unpaid);
    life.pay(20).unwrap();
    assert_eq!(life.owes(20), (Active, 0));
    assert_eq!(life.of.period_start, Some(day(31)));
    assert_eq!(life.of.period_end, Some(day(61)));
}

#[test]
fn a_debt_outlives_a_change_to_a_free_plan() {
    let mut life = Life::solo();
    life.choose(20, STUDIO, Monthly).unwrap();
    life.choose(21, FREE, Monthly).unwrap();
    // The next period is free, so no renewal is added; what is open stays open.
    assert_eq!(life.owes(31), (PastDue, difference(11)));
    assert_eq!(life.at(31).collection, Collection::Manual);
    assert_eq!(code(life.keep(32)), "payment_outstanding");
    assert_eq!(life.owes(45), (Unpaid, difference(11)));
    life.pay(50).unwrap();
    assert_eq!(life.owes(50), (Active, 0));
    assert_eq!(life.of.collection, Collection::Free);
    assert_eq!((life.of.plan.rank, life.of.period_end), (0, None));
    assert_eq!(life.at(500).status, Active);
}

#[test]
fn a_free_change_while_past_due_waits_for_the_payment() {
    let overdue = || {
        let mut life = Life::solo();
        life.choose(5, STUDIO, Monthly).unwrap();
        life.choose(6, FREE, Monthly).unwrap();
        assert_eq!(life.owes(19), (PastDue, difference(26)));
        life
    };
    let mut within = overdue();
    within.pay(25).unwrap();
    assert_eq!(within.owes(25), (Active, 0));
    assert_eq!(within.of.collection, Collection::Manual);
    assert_eq!(within.at(31).collection, Collection::Free);

    let mut after = overdue();
    assert_eq!(after.owes(32), (PastDue, difference(26)));
    after.pay(32).unwrap();
    assert_eq!(after.owes(32), (Active, 0));
    assert_eq!(after.of.collection, Collection::Free);
}

#[test]
fn a_change_that_was_paid_ahead_cannot_be_taken_back() {
    for (from, cycle) in [(Monthly, Monthly), (Yearly, Yearly), (Yearly, Monthly)] {
        let end = if from == Monthly { 31 } else { 365 };
        let mut life = Life::on(STUDIO, from, 1);
        life.choose(5, SOLO, cycle).unwrap();
        life.keep(6).unwrap();
        life.choose(7, SOLO, cycle).unwrap();
        life.pay(end - 5).unwrap();
        assert_eq!(life.of.period_start, Some(day(end)));
        assert_eq!(code(life.keep(end - 4)), "paid_ahead");
        for cycle in [Monthly, Yearly] {
            let other = life.choose(end - 4, (3, 3_900), cycle);
            assert_eq!(code(other), "paid_ahead");
        }
        let paid = life.at(end);
        assert_eq!((paid.plan.rank, paid.pending.is_some()), (1, false));
        assert_eq!(paid.price.unwrap().cycle, cycle);
        let next = cycle.end_after(day(end), day(end)).unwrap();
        assert_eq!(paid.period_end, Some(next));
        life.choose(end + 1, STUDIO, cycle).unwrap();
        assert_eq!(life.of.plan.rank, 2);
    }
}

#[test]
fn what_ends_or_is_paid_ahead_lacks_no_payment() {
    let mut ending = Life::solo();
    ending.request_cancel(5).unwrap();
    assert_eq!(code(ending.report(6)), "ends_with_period");
    let mut freed = Life::solo();
    freed.choose(5, FREE, Monthly).unwrap();
    assert_eq!(code(freed.report(6)), "becomes_free");
    let mut ahead = Life::solo();
    ahead.pay(25).unwrap();
    assert_eq!(code(ahead.report(26)), "paid_ahead");
    let mut free = Life::on(FREE, Monthly, 1);
    assert_eq!(code(free.report(6)), "invalid_transition");
}

/// What is reported is the sum that is open; the renewal is asked for when it is due.
#[test]
fn a_reported_sum_is_the_open_one() {
    let mut life = Life::solo();
    life.choose(20, STUDIO, Monthly).unwrap();
    life.report(22).unwrap();
    assert_eq!(life.owes(22), (PastDue, difference(11)));
    assert_eq!(life.owes(31), (PastDue, difference(11) + 1_900));

    let mut ending = Life::solo();
    ending.choose(20, STUDIO, Monthly).unwrap();
    ending.request_cancel(21).unwrap();
    ending.report(22).unwrap();
    assert_eq!(ending.owes(22), (PastDue, difference(11)));
    ending.pay(24).unwrap();
    assert_eq!(ending.owes(24), (Active, 0));
    assert_eq!(ending.owes(31), (Cancelled, 0));
}

/// A renewal is that of the plan that takes over.
#[test]
fn a_missing_renewal_costs_what_the_coming_plan_costs() {
    let mut life = Life::on(STUDIO, Monthly, 1);
    life.choose(5, SOLO, Monthly).unwrap();
    life.report(10).unwrap();
    assert_eq!(life.owes(10), (PastDue, 900));
    assert_eq!(life.owes(23), (PastDue, 900));
}

#[test]
fn what_is_cancelled_and_past_due_ends_with_its_period_and_keeps_its_debt() {
    let mut life = Life::solo();
    life.choose(10, STUDIO, Monthly).unwrap();
    life.request_cancel(12).unwrap();
    assert_eq!(life.owes(24), (PastDue, difference(21)));
    assert_eq!(life.owes(31), (Cancelled, difference(21)));
    assert_eq!(life.at(31).read_only_until, Some(day(61)));
    assert_eq!(code(life.pay(32)), "invalid_transition");
    life.act(33, |of, _| of.settle_debt()).unwrap();
    assert_eq!(life.owes(33), (Cancelled, 0));
    assert_eq!(code(life.act(34, |of, _| of.settle_debt())), "nothing_due");
}

/// The time to pay runs out before the period does: it becomes read-only then, and ends with the period all the same.
#[test]
fn what_is_cancelled_and_unpaid_ends_with_its_period() {
    let mut life = Life::solo();
    life.choose(1, STUDIO, Monthly).unwrap();
    life.request_cancel(2).unwrap();
    assert_eq!(life.owes(29), (Unpaid, difference(30)));
    assert_eq!(life.owes(31), (Cancelled, difference(30)));
    assert_eq!(life.at(31).read_only_until, Some(day(59)));
    assert_eq!(life.at(58).access(day(58)), Access::ReadOnly);
    assert_eq!(life.at(59).access(day(59)), Access::Blocked);
}

#[test]
fn what_is_resumed_while_past_due_renews() {
    let mut life = Life::solo();
    life.choose(10, STUDIO, Monthly).unwrap();
    life.request_cancel(12).unwrap();
    assert_eq!(life.at(26).status, PastDue);
    life.resume(26).unwrap();
    assert_eq!(life.owes(26), (PastDue, difference(21)));
    assert_eq!(life.owes(31), (PastDue, difference(21) + 1_900));
    life.pay(32).unwrap();
    assert_eq!(life.of.period_end, Some(day(61)));
}

#[test]
fn only_an_ended_subscription_has_a_debt_to_settle() {
    let mut life = Life::solo();
    let settled = life.act(40, |of, _| of.settle_debt());
    assert_eq!(code(settled), "invalid_transition");
}

#[test]
fn three_of_a_plan_cost_three_times_as_much() {
    let mut life = Life::on(SOLO, Monthly, 3);
    life.choose(20, STUDIO, Monthly).unwrap();
    let share = |minor: i64| (3 * minor * 11 * 2 + 31) / 62;
    let open = share(1_900) - share(900);
    assert_eq!(life.owes(20), (Active, open));
    assert_eq!(life.of.revenue().unwrap(), 5_700);
    assert_eq!(life.owes(31), (PastDue, open + 5_700));
    life.pay(40).unwrap();
    assert_eq!(life.owes(40), (Active, 0));
    assert_eq!((life.of.quantity, life.of.period_end), (3, Some(day(61))));
    life.choose(41, SOLO, Monthly).unwrap();
    assert_eq!(life.owes(61), (PastDue, 2_700));
}

/// Whoever asks for another plan and takes that back moves to the announced price after all.
#[test]
fn a_choice_taken_back_leaves_the_announced_price_in_place() {
    let mut life = Life::on(STUDIO, Monthly, 1);
    let new = terms(life.product, (2, 2_400), Monthly);
    let announced = new.clone();
    life.act(3, |of, _| {
        of.change_later(announced, day(61), PendingKind::Migration)
    })
    .unwrap();
    assert_eq!(code(life.keep(4)), "price_migration");
    life.choose(5, SOLO, Monthly).unwrap();
    life.choose(6, FREE, Monthly).unwrap();
    assert_eq!(life.of.announced, Some((new.price.id, day(61))));
    life.act(7, |of, now| of.withdraw_change(Some(new.clone()), now))
        .unwrap();
    let pending = life.of.pending.clone().unwrap();
    assert_eq!((pending.terms, pending.at), (new, day(61)));
    assert_eq!(pending.kind, PendingKind::Migration);
    assert_eq!(life.of.announced, None);
    life.pay(25).unwrap();
    assert_eq!(life.owes(61), (PastDue, 2_400));
}
