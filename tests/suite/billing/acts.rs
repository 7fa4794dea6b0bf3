//! What people do to subscriptions: every row of the table in the platform specification, 3.5, that is reached by hand.

use billing::{Activation, CancelReason, Collection, Cycle, Outcome, PriceMigration};
use kernel::{Access, Error, SubscriptionStatus};

use super::shop::{BOOKS, DAY, Shop, day};

fn code<T: std::fmt::Debug>(result: kernel::Result<T>) -> &'static str {
    result.expect_err("a refusal").code()
}

#[tokio::test]
async fn an_operator_extends_a_trial() {
    let shop = Shop::open().await;
    let (id, act) = (shop.id().await, shop.by_operator());
    let extend = async |until: &str| {
        let until = day(until);
        shop.act(async |billing, conn| billing.extend_trial(conn, &act, id, until).await)
            .await
    };
    for refused in ["2026-03-01", "2026-03-23", "2027-04-01"] {
        assert!(
            matches!(extend(refused).await, Err(Error::Invalid(_))),
            "{refused}"
        );
    }
    let extended = extend("2026-04-10").await.unwrap();
    assert_eq!(extended.trial_end, Some(day("2026-04-10")));
    assert_eq!(extended.rev, 2);
    shop.live(30).await;
    assert_eq!(shop.access().await, Access::Full);
    shop.live(9).await;
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Expired);
    assert_eq!(
        shop.history().await,
        ["trial_started", "trial_extended", "trial_ended"]
    );
    assert_eq!(code(extend("2026-06-01").await), "invalid_transition");
    assert_eq!(
        shop.mail("owner@northlight.test").await,
        [
            "Your trial of Blog goes on until 10 April 2026",
            "Your trial of Blog ends on 10 April 2026",
            "Your trial of Blog has ended"
        ]
    );
}

#[tokio::test]
async fn an_operator_activates_a_yearly_plan_in_the_trial() {
    let shop = Shop::open().await;
    let active = shop.activate("studio", Cycle::Yearly).await;
    assert_eq!(active.status, SubscriptionStatus::Active);
    assert_eq!(active.collection, Collection::Manual);
    assert_eq!(active.period_end, Some(day("2027-03-02")));
    assert_eq!(active.payment_due_at, active.period_end);
    assert_eq!(active.due, None);
    assert_eq!(shop.revenue().await, (1_583, 1_583));
    assert_eq!(shop.access().await, Access::Full);

    // The tenant reads in its own audit log what the operator did, and why.
    let audit = shop.northlight.owner.get("/app/audit").await.expect(200);
    assert!(audit.body.contains("Kim of Atelier"), "{}", audit.body);
    let entry = sqlx::query_as::<_, (String, String)>(
        "select actor_kind, detail ->> 'reason' from audit_log where action = 'billing.subscription.activated'",
    );
    let entry = entry.fetch_one(shop.app.platform.db.pool()).await.unwrap();
    assert_eq!(
        entry,
        ("operator".to_owned(), "Asked for by phone".to_owned())
    );

    let again = Activation {
        price: shop.price("solo", Cycle::Monthly).await,
        quantity: 1,
        start: shop.now(),
        paid: true,
    };
    let act = shop.by_operator();
    let refused = shop
        .act(async |billing, conn| billing.activate(conn, &act, again).await)
        .await;
    assert_eq!(code(refused), "invalid_transition");
}

#[tokio::test]
async fn what_an_operator_enters_is_checked() {
    let shop = Shop::open().await;
    let act = shop.by_operator();
    let fine = Activation {
        price: shop.price("solo", Cycle::Monthly).await,
        quantity: 1,
        start: shop.now(),
        paid: false,
    };
    let activate = async |what: Activation| {
        shop.act(async |billing, conn| billing.activate(conn, &act, what).await)
            .await
    };
    let none = Activation {
        quantity: 0,
        ..fine
    };
    assert!(matches!(activate(none).await, Err(Error::Invalid(_))));
    let far = Activation {
        start: shop.now().plus(DAY * 400),
        ..fine
    };
    assert!(matches!(activate(far).await, Err(Error::Invalid(_))));
    let nowhere = Activation {
        price: billing::PriceId::new(),
        ..fine
    };
    assert!(matches!(
        activate(nowhere).await,
        Err(Error::NotFound("price"))
    ));
    let three = activate(Activation {
        quantity: 3,
        ..fine
    })
    .await
    .unwrap();
    assert_eq!(three.due.map(|due| due.minor), Some(2_700));
    assert_eq!(shop.revenue().await, (2_700, 2_700));

    let stale = shop.by_operator().based_on(Some(1));
    let refused = shop
        .act(async |billing, conn| billing.record_payment(conn, &stale, three.id).await)
        .await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)));
    let foreign = billing::SubscriptionId::new();
    let act = shop.by_operator();
    let refused = shop
        .act(async |billing, conn| billing.resume(conn, &act, foreign).await)
        .await;
    assert!(matches!(refused, Err(Error::NotFound("subscription"))));
}

#[tokio::test]
async fn payments_carry_a_subscription_from_period_to_period() {
    let shop = Shop::open().await;
    shop.activate("solo", Cycle::Monthly).await;
    shop.live(25).await;
    // A little ahead, as people pay; but no further.
    let paid = shop.pay().await.unwrap();
    assert_eq!(paid.period_end, Some(day("2026-05-02")));
    assert_eq!(code(shop.pay().await), "paid_ahead");
    shop.live(30).await;
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Active);
    shop.live(6).await;
    let late = shop.stored().await;
    assert_eq!(late.status, SubscriptionStatus::PastDue);
    assert_eq!(late.due.map(|due| due.minor), Some(900));
    assert_eq!(shop.access().await, Access::Grace);
    let paid = shop.pay().await.unwrap();
    assert_eq!(paid.status, SubscriptionStatus::Active);
    assert_eq!(
        (paid.payment_failed_count, paid.due, paid.grace_until),
        (0, None, None)
    );
    // In grace everything worked, so the period begins where the last one ended.
    assert_eq!(paid.period_end, Some(day("2026-06-02")));
    assert_eq!(shop.revenue().await, (900, 900));
}

#[tokio::test]
async fn a_payment_that_will_not_come_is_noted_before_its_date() {
    let shop = Shop::open().await;
    let id = shop.activate("solo", Cycle::Monthly).await.id;
    shop.live(3).await;
    let act = shop.by_operator();
    let missed = shop
        .act(async |billing, conn| billing.report_unpaid(conn, &act, id).await)
        .await
        .unwrap();
    assert_eq!(missed.status, SubscriptionStatus::PastDue);
    assert_eq!(missed.grace_until, Some(day("2026-03-19")));
    let again = shop
        .act(async |billing, conn| billing.report_unpaid(conn, &act, id).await)
        .await;
    assert_eq!(code(again), "invalid_transition");
}

#[tokio::test]
async fn a_payment_after_the_time_to_pay_begins_a_period_of_its_own() {
    let shop = Shop::open().await;
    shop.activate("solo", Cycle::Monthly).await;
    shop.live(31 + 14 + 20).await;
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Unpaid);
    assert_eq!(shop.access().await, Access::ReadOnly);
    assert_eq!(shop.revenue().await, (0, 0));
    let paid = shop.pay().await.unwrap();
    assert_eq!(paid.status, SubscriptionStatus::Active);
    assert_eq!(paid.period_start, Some(shop.now()));
    assert_eq!(paid.period_end, Some(day("2026-06-06")));
    assert_eq!(shop.access().await, Access::Full);
    assert_eq!(shop.revenue().await, (900, 900));
}

#[tokio::test]
async fn an_owner_cancels_for_the_end_of_the_period_and_takes_it_back() {
    let shop = Shop::open().await;
    let id = shop.activate("solo", Cycle::Monthly).await.id;
    let cancel = async || {
        let act = shop.by_owner();
        shop.act(async |billing, conn| {
            let reason = CancelReason::TooExpensive;
            billing
                .cancel_at_period_end(conn, &act, id, reason, Some("  Too dear for one. "))
                .await
        })
        .await
    };
    let resume = async || {
        let act = shop.by_owner();
        shop.act(async |billing, conn| billing.resume(conn, &act, id).await)
            .await
    };
    let flagged = cancel().await.unwrap();
    assert!(flagged.cancel_at_period_end);
    assert_eq!(flagged.status, SubscriptionStatus::Active);
    assert_eq!(flagged.cancel_comment.as_deref(), Some("Too dear for one."));
    // Twice is once.
    assert_eq!(cancel().await.unwrap().rev, flagged.rev);
    assert_eq!(code(shop.pay().await), "ends_with_period");
    let back = resume().await.unwrap();
    assert!(!back.cancel_at_period_end && back.cancel_reason.is_none());
    assert_eq!(resume().await.unwrap().rev, back.rev);
    cancel().await.unwrap();
    shop.live(30).await;
    assert_eq!(shop.access().await, Access::Full);
    shop.live(1).await;
    let ended = shop.stored().await;
    assert_eq!(ended.status, SubscriptionStatus::Cancelled);
    assert_eq!(ended.ended_at, Some(day("2026-04-02")));
    assert_eq!(shop.access().await, Access::ReadOnly);
    shop.live(30).await;
    assert_eq!(shop.access().await, Access::Blocked);
    assert_eq!(code(resume().await), "invalid_transition");
    assert_eq!(
        shop.history().await,
        [
            "trial_started",
            "activated",
            "cancel_scheduled",
            "resumed",
            "cancel_scheduled",
            "period_ended"
        ]
    );
    assert_eq!(shop.revenue().await, (0, 0));
}

#[tokio::test]
async fn a_cancelled_trial_lasts_until_its_end() {
    let shop = Shop::open().await;
    let (id, act) = (shop.id().await, shop.by_owner());
    shop.act(async |billing, conn| {
        billing
            .cancel_at_period_end(conn, &act, id, CancelReason::Unused, None)
            .await
    })
    .await
    .unwrap();
    shop.live(20).await;
    assert_eq!(shop.access().await, Access::Full);
    shop.live(1).await;
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Cancelled);
    assert_eq!(shop.access().await, Access::ReadOnly);
    assert_eq!(
        shop.mail("owner@northlight.test").await,
        [
            "Blog ends on 23 March 2026",
            "Your subscription to Blog has ended"
        ]
    );
}

/// Every state that is not the end can be ended at once.
#[tokio::test]
async fn whatever_lives_can_be_cancelled_at_once() {
    for (days, status) in [
        (0, SubscriptionStatus::Active),
        (32, SubscriptionStatus::PastDue),
        (50, SubscriptionStatus::Unpaid),
    ] {
        let shop = Shop::open().await;
        let id = shop.activate("solo", Cycle::Monthly).await.id;
        shop.live(days).await;
        let before = shop.stored().await;
        assert_eq!(before.status, status);
        let act = shop.by_operator();
        let cancel = async || {
            shop.act(async |billing, conn| {
                billing
                    .cancel_now(conn, &act, id, CancelReason::Operator, None)
                    .await
            })
            .await
        };
        let ended = cancel().await.unwrap();
        assert_eq!(ended.status, SubscriptionStatus::Cancelled);
        assert_eq!(shop.access().await, Access::ReadOnly);
        // One that was closing already does not open again.
        if status == SubscriptionStatus::Unpaid {
            assert_eq!(ended.read_only_until, before.read_only_until);
        } else {
            assert_eq!(ended.read_only_until, Some(shop.now().plus(DAY * 30)));
        }
        assert_eq!(code(cancel().await), "invalid_transition");
        assert_eq!(shop.revenue().await, (0, 0));
    }
    let shop = Shop::open().await;
    let (id, act) = (shop.id().await, shop.by_owner());
    shop.act(async |billing, conn| {
        billing
            .cancel_now(conn, &act, id, CancelReason::Closing, Some("Goodbye"))
            .await
    })
    .await
    .unwrap();
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Cancelled);
}

#[tokio::test]
async fn an_owner_chooses_a_plan_in_the_trial_and_loses_no_day_of_it() {
    let shop = Shop::open().await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    assert_eq!(code(shop.choose(solo).await), "billing_profile_missing");
    shop.enter_details().await;
    let chosen = shop.choose(solo).await.unwrap();
    assert_eq!(chosen.status, SubscriptionStatus::Active);
    assert_eq!(chosen.period_start, Some(day("2026-03-23")));
    assert_eq!(chosen.period_end, Some(day("2026-04-23")));
    assert_eq!(chosen.payment_due_at, Some(day("2026-04-06")));
    assert_eq!(chosen.due.map(|due| due.minor), Some(900));
    assert_eq!(shop.mail(BOOKS).await, ["Blog: your plan is Solo"]);
    assert_eq!(
        shop.mail(crate::support::OPERATORS).await,
        ["Northlight needs an invoice"]
    );
    shop.live(34).await;
    assert_eq!(shop.access().await, Access::Full);
    // Paid in time: nothing more is open until the end of the period.
    let paid = shop.pay().await.unwrap();
    assert_eq!(paid.payment_due_at, Some(day("2026-04-23")));
    assert_eq!(paid.period_end, Some(day("2026-04-23")));
}

#[tokio::test]
async fn a_plan_grows_at_once_and_shrinks_with_the_end_of_the_period() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let (solo, studio) = (
        shop.price("solo", Cycle::Monthly).await,
        shop.price("studio", Cycle::Monthly).await,
    );
    shop.activate("solo", Cycle::Monthly).await;
    shop.live(10).await;
    let grown = shop.choose(studio).await.unwrap();
    assert_eq!(grown.plan.name, "Studio");
    assert_eq!(grown.period_end, Some(day("2026-04-02")));
    // 21 of 31 days at ten euros more.
    assert_eq!(grown.due.map(|due| due.minor), Some(1_287 - 610));
    assert_eq!(grown.payment_due_at, Some(day("2026-03-26")));
    assert_eq!(shop.revenue().await, (1_900, 1_900));
    assert_eq!(code(shop.choose(studio).await), "same_plan");
    shop.pay().await.unwrap();

    let shrinking = shop.choose(solo).await.unwrap();
    assert_eq!(shrinking.plan.name, "Studio");
    let pending = shrinking.pending.expect("a change that waits");
    assert_eq!(pending.terms.plan.name, "Solo");
    assert_eq!(pending.at, day("2026-04-02"));
    let (act, id) = (shop.by_owner(), shop.id().await);
    let back = shop
        .act(async |billing, conn| billing.withdraw_change(conn, &act, id).await)
        .await
        .unwrap();
    assert_eq!(back.pending, None);
    shop.choose(solo).await.unwrap();
    // Paid a little ahead: it is the smaller plan that is paid for.
    shop.live(18).await;
    shop.pay().await.unwrap();
    shop.live(3).await;
    let shrunk = shop.stored().await;
    assert_eq!(shrunk.plan.name, "Solo");
    assert_eq!(shrunk.pending, None);
    assert_eq!(shrunk.limits.get("workspace.seats"), Some(&3));
    assert_eq!(shop.revenue().await, (900, 900));
}

#[tokio::test]
async fn what_is_in_use_beyond_a_smaller_plan_is_told_and_acknowledged() {
    let shop = Shop::open().await;
    for role in [
        kernel::Role::Editor,
        kernel::Role::Author,
        kernel::Role::Viewer,
    ] {
        shop.northlight.member(&shop.app, role, "Robin Vale").await;
    }
    let id = shop.activate("studio", Cycle::Monthly).await.id;
    let solo = shop.price("solo", Cycle::Monthly).await;
    let mut conn = shop.app.platform.db.pool().acquire().await.unwrap();
    let preview = shop
        .billing()
        .preview(&mut conn, shop.tenant, solo, shop.now())
        .await
        .unwrap();
    drop(conn);
    assert_eq!(preview.outcome, Outcome::At(day("2026-04-02")));
    assert_eq!(preview.due, None);
    let [room, seats] = preview.shrinks.as_slice() else {
        panic!("{:?}", preview.shrinks)
    };
    assert_eq!((room.key.as_str(), room.used), ("files.bytes", Some(0)));
    assert!(!room.exceeds() && room.in_words().ends_with("; in use: 0 bytes"));
    assert_eq!((seats.limit, seats.used), (3, Some(4)));
    assert!(seats.exceeds());
    let change = async |acknowledged: bool| {
        let act = shop.by_owner();
        shop.act(async |billing, conn| {
            billing
                .change_plan(conn, &act, id, solo, acknowledged)
                .await
        })
        .await
    };
    let refused = change(false).await.unwrap_err();
    assert_eq!(refused.field_errors()[0].field, "acknowledged");
    assert_eq!(
        change(true).await.unwrap().1,
        Outcome::At(day("2026-04-02"))
    );
}

#[tokio::test]
async fn from_months_to_a_year_at_once_and_back_with_its_end() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("solo", Cycle::Monthly).await;
    shop.pass(10);
    let yearly = shop.price("solo", Cycle::Yearly).await;
    let switched = shop.choose(yearly).await.unwrap();
    assert_eq!(switched.period_start, Some(day("2026-03-12")));
    assert_eq!(switched.period_end, Some(day("2027-03-12")));
    // A year, less what was left of the month.
    assert_eq!(switched.due.map(|due| due.minor), Some(9_000 - 610));
    assert_eq!(shop.revenue().await, (750, 750));
    shop.pay().await.unwrap();
    let monthly = shop.price("solo", Cycle::Monthly).await;
    let back = shop.choose(monthly).await.unwrap();
    assert_eq!(
        back.pending.map(|pending| pending.at),
        Some(day("2027-03-12"))
    );
    shop.pass(365);
    shop.billing().attend(shop.now()).await.unwrap();
    let stored = shop.stored().await;
    assert_eq!(stored.price.map(|price| price.cycle), Some(Cycle::Monthly));
    assert_eq!(stored.status, SubscriptionStatus::PastDue);
    assert_eq!(stored.due.map(|due| due.minor), Some(900));
    let paid = shop.pay().await.unwrap();
    assert_eq!(paid.period_end, Some(day("2027-04-12")));
}

#[tokio::test]
async fn a_free_plan_costs_nothing_and_never_ends_by_itself() {
    let shop = Shop::open().await;
    let free = shop.free_plan().await;
    let chosen = shop.choose(free).await.unwrap();
    assert_eq!(chosen.collection, Collection::Free);
    assert_eq!((chosen.due, chosen.period_end), (None, None));
    assert_eq!(chosen.limits.get("workspace.seats"), Some(&1));
    shop.pass(900);
    assert_eq!(shop.billing().attend(shop.now()).await.unwrap(), 0);
    assert_eq!(shop.access().await, Access::Full);
    let (id, act) = (shop.id().await, shop.by_owner());
    let never = shop
        .act(async |billing, conn| {
            billing
                .cancel_at_period_end(conn, &act, id, CancelReason::Other, None)
                .await
        })
        .await;
    assert_eq!(code(never), "no_period");
    assert_eq!(code(shop.pay().await), "invalid_transition");

    // Up to a paid one at once, and down again with its period.
    shop.enter_details().await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    let paid = shop.choose(solo).await.unwrap();
    assert_eq!(paid.collection, Collection::Manual);
    assert_eq!(paid.due.map(|due| due.minor), Some(900));
    shop.pay().await.unwrap();
    shop.choose(free).await.unwrap();
    assert_eq!(code(shop.pay().await), "becomes_free");
    shop.live(31).await;
    let stored = shop.stored().await;
    assert_eq!(stored.collection, Collection::Free);
    assert_eq!(stored.status, SubscriptionStatus::Active);
    assert_eq!(shop.revenue().await, (0, 0));
}

#[tokio::test]
async fn whoever_comes_back_gets_a_new_subscription_and_no_second_trial() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let first = shop.id().await;
    shop.live(60).await;
    assert_eq!(shop.access().await, Access::Blocked);
    let solo = shop.price("solo", Cycle::Monthly).await;
    let back = shop.choose(solo).await.unwrap();
    assert_ne!(back.id, first);
    assert_eq!(
        (back.status, back.trial_end),
        (SubscriptionStatus::Active, None)
    );
    assert_eq!(back.period_start, Some(shop.now()));
    assert_eq!(shop.access().await, Access::Full);
    let now = shop.now();
    let tenant = shop.tenant;
    let trial = shop
        .act(async |_, conn| billing::start_trial(conn, tenant, "blog", now).await)
        .await;
    assert_eq!(code(trial), "trial_used");
}

#[tokio::test]
async fn nobody_lives_on_invoices_that_are_never_paid() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    let id = shop.choose(solo).await.unwrap().id;
    let act = shop.by_owner();
    shop.act(async |billing, conn| {
        billing
            .cancel_now(conn, &act, id, CancelReason::Other, None)
            .await
    })
    .await
    .unwrap();
    assert_eq!(code(shop.choose(solo).await), "payment_outstanding");
    // An operator may still let them in, without forgiving anything.
    shop.activate("solo", Cycle::Monthly).await;
    assert_eq!(shop.access().await, Access::Full);
}

#[tokio::test]
async fn a_new_price_reaches_subscribers_when_an_operator_says_so() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let old = shop.activate("solo", Cycle::Monthly).await.price.unwrap();
    let new = shop.new_price("solo", Cycle::Monthly, 1_200).await;
    shop.live(5).await;
    assert_eq!(shop.stored().await.price, Some(old), "they keep theirs");
    let actor = shop.by_operator().actor;
    let migrate = async |to, effective: &str| {
        let now = shop.now();
        let what = PriceMigration {
            from: old.id,
            to,
            effective: day(effective),
        };
        shop.act(async |billing, conn| {
            billing
                .schedule_price_migration(conn, &actor, now, what, "Costs rose")
                .await
        })
        .await
    };
    assert!(matches!(
        migrate(new, "2026-03-10").await,
        Err(Error::Invalid(_))
    ));
    let yearly = shop.price("solo", Cycle::Yearly).await;
    assert!(matches!(
        migrate(yearly, "2026-04-01").await,
        Err(Error::Invalid(_))
    ));
    assert_eq!(migrate(new, "2026-04-10").await.unwrap(), 1);
    let announced = shop.stored().await;
    assert_eq!(
        announced.pending.map(|pending| pending.at),
        Some(day("2026-05-02"))
    );
    assert_eq!(
        shop.mail(BOOKS).await.last().unwrap(),
        "Blog: a new price from 2 May 2026 on"
    );
    let (act, id) = (shop.by_owner(), shop.id().await);
    let kept = shop
        .act(async |billing, conn| billing.withdraw_change(conn, &act, id).await)
        .await;
    assert_eq!(code(kept), "price_migration");
    shop.live(25).await;
    shop.pay().await.unwrap();
    assert_eq!(shop.revenue().await, (900, 900));
    shop.live(31).await;
    let moved = shop.stored().await;
    assert_eq!(moved.price.map(|price| price.id), Some(new));
    assert_eq!(shop.revenue().await, (1_200, 1_200));
}
