//! Random lives of a subscription: whatever people do and however late anybody looks, some things always hold.

use kernel::{Currency, Money, Result, SubscriptionStatus, TenantId, Timestamp};
use proptest::prelude::*;

use crate::acts::check;
use crate::price::{Cycle, PlanId, Price, PriceId, days};
use crate::subscription::{Plan, Subscription, Terms};
use crate::words::{CancelReason, Collection, PendingKind};
use crate::{ProductId, status};

/// Something that may happen.
#[derive(Clone, Debug)]
enum Deed {
    Pass(u16),
    Extend(u8),
    Activate { price: usize, ahead: u8, paid: bool },
    Pay,
    Miss,
    Request,
    Withdraw,
    Cancel,
    Change(usize),
    Migrate(usize),
    Keep,
    Settle,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0_u16..40).prop_map(Deed::Pass),
        1 => (1_u8..30).prop_map(Deed::Extend),
        3 => (0..5_usize, 0_u8..30, any::<bool>())
            .prop_map(|(price, ahead, paid)| Deed::Activate { price, ahead, paid }),
        3 => Just(Deed::Pay),
        1 => Just(Deed::Miss),
        1 => Just(Deed::Request),
        1 => Just(Deed::Withdraw),
        1 => Just(Deed::Cancel),
        3 => (0..5_usize).prop_map(Deed::Change),
        1 => (0..5_usize).prop_map(Deed::Migrate),
        1 => Just(Deed::Keep),
        1 => Just(Deed::Settle),
    ]
}

/// A free plan, and two plans by the month and the year.
fn terms(product: ProductId) -> Vec<Terms> {
    let of = |rank: i32, cycle, minor| Terms {
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
    };
    vec![
        of(0, Cycle::Monthly, 0),
        of(1, Cycle::Monthly, 901),
        of(1, Cycle::Yearly, 9_005),
        of(2, Cycle::Monthly, 1_900),
        of(2, Cycle::Yearly, 19_000),
    ]
}

/// Does it, when the state allows it; a refusal changes nothing.
fn attempt(of: &mut Subscription, deed: &Deed, prices: &[Terms], now: Timestamp) {
    let mut after = of.clone();
    let done = match *deed {
        Deed::Extend(count) => after.extend_trial(now.plus(days(count.into()))),
        Deed::Activate { price, ahead, paid } => after.activate(
            prices[price].clone(),
            1,
            now.plus(days(ahead.into())),
            paid,
            now,
        ),
        Deed::Pay => after.pay(now),
        Deed::Miss => after.report_unpaid(now),
        Deed::Pass(_) => return,
        Deed::Request => after.request_cancel(CancelReason::Other, None, now),
        Deed::Withdraw => after.withdraw_cancel(),
        Deed::Cancel => after.cancel(CancelReason::Other, None, now),
        Deed::Change(price) => change(&mut after, &prices[price], now),
        Deed::Migrate(price) => {
            let to = &prices[price];
            let fits = of.price.is_some_and(|price| {
                price.cycle == to.price.cycle && (price.amount.minor == 0) == to.is_free()
            });
            if of.status != SubscriptionStatus::Active || !fits || of.committed(now) {
                return;
            }
            let at = of.period_end.unwrap_or_else(|| now.plus(days(20)));
            after.change_later(to.clone(), at, PendingKind::Migration)
        }
        Deed::Keep => {
            let announced = of.announced.and_then(|(price, _)| {
                let known = prices.iter().find(|terms| terms.price.id == price);
                known.cloned()
            });
            after.withdraw_change(announced, now)
        }
        Deed::Settle => after.settle_debt(),
    };
    if done.is_ok() {
        *of = after;
    }
}

fn change(of: &mut Subscription, to: &Terms, now: Timestamp) -> Result<()> {
    check(of, to, false, now)?;
    if of.changes_at_once(to, now)? {
        return of.change_now(to.clone(), now);
    }
    let at = of.period_end.unwrap_or(now);
    of.change_later(to.clone(), at, PendingKind::Change)
}

/// What holds in every state.
fn sound(of: &Subscription) -> std::result::Result<(), TestCaseError> {
    if of.is_live() && of.collection == Collection::Manual {
        prop_assert!(
            of.price.is_some_and(|price| price.amount.minor > 0),
            "{of:?}"
        );
        prop_assert!(of.anchor.is_some() && of.payment_due_at.is_some(), "{of:?}");
        prop_assert!(of.period_end > of.period_start, "{of:?}");
        prop_assert!(of.payment_due_at <= of.period_end, "{of:?}");
    }
    prop_assert!(of.due.is_none_or(|due| due.minor > 0), "{of:?}");
    prop_assert_eq!(
        of.status == SubscriptionStatus::PastDue && of.grace_until.is_none(),
        false
    );
    prop_assert_eq!(of.status.is_terminal(), of.ended_at.is_some());
    // Whoever owes nothing pays for whole periods alone.
    let overdue = matches!(
        of.status,
        SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid
    );
    prop_assert!(!overdue || of.due.is_some(), "{of:?}");
    prop_assert!(of.announced.is_none() || of.pending.is_some(), "{of:?}");
    Ok(())
}

fn minor(due: Option<Money>) -> i64 {
    due.map_or(0, |due| due.minor)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(deeds in prop::collection::vec(deed(), 1..30)) {
        let mut now: Timestamp = "2026-01-31T09:00:00Z".parse().unwrap();
        let product = ProductId::new();
        let prices = terms(product);
        let mut of = Subscription {
            status: SubscriptionStatus::Trialing,
            trial_start: Some(now),
            trial_end: Some(now.plus(days(21))),
            period_start: Some(now),
            period_end: Some(now.plus(days(21))),
            ..Subscription::new(TenantId::new(), prices[3].plan.clone(), now)
        };
        let mut sum = 0;
        let mut ended = false;
        for deed in &deeds {
            if let Deed::Pass(count) = deed {
                now = now.plus(days((*count).into()));
            }
            // Nobody has to look for access to be right.
            let settled = of.at(now).unwrap();
            prop_assert_eq!(of.access(now), settled.access(now), "{:?}", of);
            let before = of.revenue().unwrap();
            prop_assert!(minor(settled.due) >= minor(of.due), "time has forgiven {:?}", of);
            of = settled;
            sound(&of)?;
            let owed = of.due;
            attempt(&mut of, deed, &prices, now);
            of = of.at(now).unwrap();
            sound(&of)?;
            // Nothing that is open goes away but by being paid.
            let may_fall = matches!(deed, Deed::Pay | Deed::Settle);
            prop_assert!(may_fall || minor(of.due) >= minor(owed), "{:?} after {:?}", of, deed);
            sum += of.revenue().unwrap() - before;
            // What is to come never lies in the past, so that looking again changes nothing.
            prop_assert!(of.next_moment().is_none_or(|(at, _)| at > now), "{:?}", of);
            prop_assert!(of.attend_at(now).is_none_or(|at| at > now));
            prop_assert!(!ended || of.status.is_terminal(), "it came back to life");
            ended |= of.status.is_terminal();
        }
        prop_assert_eq!(sum, of.revenue().unwrap());
        prop_assert_eq!(ended, status::Trigger::ALL.iter().all(|by| status::next(of.status, *by).is_none()));
    }
}
