//! What stays open across periods, plans and ends. The rules day by day are tested beside the code, in
//! `platform/billing/src/scenarios.rs`; here they are written and told.

use billing::{CancelReason, Cycle, PendingKind, PriceMigration};
use kernel::{Access, SubscriptionStatus};

use super::shop::{BOOKS, Shop, day};
use crate::support::OPERATORS;

fn code<T: std::fmt::Debug>(result: kernel::Result<T>) -> &'static str {
    result.expect_err("a refusal").code()
}

#[tokio::test]
async fn a_late_upgrade_is_paid_without_buying_the_next_period() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("solo", Cycle::Monthly).await;
    shop.live(20).await;
    let studio = shop.price("studio", Cycle::Monthly).await;
    shop.choose(studio).await.unwrap();
    shop.live(5).await;
    let paid = shop.pay().await.unwrap();
    assert_eq!((paid.period_end, paid.due), (Some(day("2026-04-02")), None));
    shop.live(6).await;
    let renewed = shop.stored().await;
    assert_eq!(renewed.status, SubscriptionStatus::PastDue);
    assert_eq!(renewed.due.map(|due| due.minor), Some(1_900));
}

/// The renewal is a step of its own in the history, at its own time, whether somebody looked or not.
#[tokio::test]
async fn a_renewal_falls_due_besides_what_is_overdue() {
    let (watched, alone) = (Shop::open().await, Shop::open().await);
    for shop in [&watched, &alone] {
        shop.enter_details().await;
        shop.activate("solo", Cycle::Monthly).await;
        shop.live(10).await;
        let studio = shop.price("studio", Cycle::Monthly).await;
        shop.choose(studio).await.unwrap();
    }
    watched.live(22).await;
    alone.pass(22);
    alone.billing().attend(alone.now()).await.unwrap();
    let expected = [
        "trial_started",
        "activated",
        "plan_changed",
        "payment_missed",
        "renewal_due",
    ];
    for shop in [&watched, &alone] {
        assert_eq!(shop.history().await, expected);
        assert_eq!(shop.access().await, Access::Grace);
        let due = shop.stored().await.due.map(|due| due.minor);
        assert_eq!(due, Some(1_287 - 610 + 1_900));
        let paid = shop.pay().await.unwrap();
        assert_eq!(paid.period_end, Some(day("2026-05-02")));
        assert_eq!(shop.revenue().await, (1_900, 1_900));
    }
}

#[tokio::test]
async fn a_debt_is_paid_before_a_plan_becomes_free() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("solo", Cycle::Monthly).await;
    shop.live(20).await;
    let studio = shop.price("studio", Cycle::Monthly).await;
    shop.choose(studio).await.unwrap();
    let free = shop.free_plan().await;
    let open = shop.choose(free).await.unwrap().due.unwrap();
    shop.live(15).await;
    let held = shop.stored().await;
    assert_eq!(held.status, SubscriptionStatus::PastDue);
    assert_eq!(held.due, Some(open));
    shop.pay().await.unwrap();
    let freed = shop.stored().await;
    assert_eq!(freed.status, SubscriptionStatus::Active);
    assert_eq!((freed.plan.name.as_str(), freed.due), ("Free", None));
    assert_eq!(
        shop.history().await[4..],
        ["payment_missed", "payment_recorded", "price_changed"]
    );
    assert_eq!(shop.revenue().await, (0, 0));
}

/// An older sum that is paid after its period buys no new one: that one is invoiced.
#[tokio::test]
async fn an_older_sum_is_settled_and_the_new_period_is_invoiced() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    shop.live(21).await;
    shop.choose(solo).await.unwrap();
    shop.live(40).await;
    let unpaid = shop.stored().await;
    assert_eq!(unpaid.status, SubscriptionStatus::Unpaid);
    assert_eq!(unpaid.due.map(|due| due.minor), Some(900));
    let asked = shop.mail(OPERATORS).await.len();
    let back = shop.pay().await.unwrap();
    assert_eq!(back.status, SubscriptionStatus::Active);
    assert_eq!(back.period_start, Some(shop.now()));
    assert_eq!(back.due.map(|due| due.minor), Some(900));
    assert_eq!(
        back.payment_due_at,
        Some(shop.now().plus(super::shop::DAY * 14))
    );
    assert_eq!(shop.mail(OPERATORS).await.len(), asked + 1);
    assert_eq!(shop.access().await, Access::Full);
    let told = shop.letter("billing.paid").await;
    assert!(told.contains("To pay"), "{told}");
    assert_eq!(shop.pay().await.unwrap().due, None);
}

#[tokio::test]
async fn a_debt_of_what_has_ended_is_settled_with_a_reason() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    let id = shop.choose(solo).await.unwrap().id;
    let settle = async || {
        let act = shop.by_operator();
        shop.act(async |billing, conn| billing.settle_debt(conn, &act, id).await)
            .await
    };
    assert_eq!(code(settle().await), "invalid_transition");
    let act = shop.by_owner();
    shop.act(async |billing, conn| {
        billing
            .cancel_now(conn, &act, id, CancelReason::Other, None)
            .await
    })
    .await
    .unwrap();
    assert_eq!(code(shop.choose(solo).await), "payment_outstanding");
    let settled = settle().await.unwrap();
    assert_eq!(settled.status, SubscriptionStatus::Cancelled);
    assert_eq!(settled.due, None);
    assert_eq!(code(settle().await), "nothing_due");
    assert_eq!(
        shop.history().await.last().map(String::as_str),
        Some("debt_settled")
    );
    assert_eq!(
        shop.mail(BOOKS).await.last().map(String::as_str),
        Some("Nothing is open for Blog any more")
    );
    let (action, reason) = sqlx::query_as::<_, (String, String)>(
        "select action, detail ->> 'reason' from audit_log where action like 'billing.debt.%'",
    )
    .fetch_one(shop.app.platform.db.pool())
    .await
    .unwrap();
    assert_eq!(
        (action.as_str(), reason.as_str()),
        ("billing.debt.settled", "Asked for by phone")
    );
    assert_ne!(shop.choose(solo).await.unwrap().id, id);
}

#[tokio::test]
async fn a_change_that_was_paid_ahead_stays() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("studio", Cycle::Monthly).await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    let yearly = shop.price("studio", Cycle::Yearly).await;
    shop.choose(solo).await.unwrap();
    shop.live(5).await;
    shop.pay().await.unwrap();
    let (act, id) = (shop.by_owner(), shop.id().await);
    let kept = shop
        .act(async |billing, conn| billing.withdraw_change(conn, &act, id).await)
        .await;
    assert_eq!(code(kept), "paid_ahead");
    assert_eq!(code(shop.choose(yearly).await), "paid_ahead");
    let page = shop.northlight.owner.get("/app/billing").await.expect(200);
    assert!(!page.body.contains("Keep the present plan"));
    shop.live(26).await;
    assert_eq!(shop.stored().await.plan.name, "Solo");
    shop.choose(yearly).await.unwrap();
}

/// Choosing another plan and taking that back does not keep the old price.
#[tokio::test]
async fn an_announced_price_comes_back_when_another_choice_is_taken_back() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    let old = shop.activate("studio", Cycle::Monthly).await.price.unwrap();
    let new = shop.new_price("studio", Cycle::Monthly, 2_400).await;
    let what = PriceMigration {
        from: old.id,
        to: new,
        effective: day("2026-04-10"),
    };
    let (actor, now) = (shop.by_operator().actor, shop.now());
    shop.act(async |billing, conn| {
        billing
            .schedule_price_migration(conn, &actor, now, what, "Costs rose")
            .await
    })
    .await
    .unwrap();
    let solo = shop.price("solo", Cycle::Monthly).await;
    let chosen = shop.choose(solo).await.unwrap();
    assert_eq!(chosen.announced, Some((new, day("2026-05-02"))));
    let (act, id) = (shop.by_owner(), shop.id().await);
    let keep = async || {
        shop.act(async |billing, conn| billing.withdraw_change(conn, &act, id).await)
            .await
    };
    let pending = keep().await.unwrap().pending.expect("the announced price");
    assert_eq!(pending.kind, PendingKind::Migration);
    assert_eq!(
        (pending.terms.price.id, pending.at),
        (new, day("2026-05-02"))
    );
    assert_eq!(code(keep().await), "price_migration");
    assert_eq!(
        shop.mail(BOOKS).await.last().map(String::as_str),
        Some("Blog: a new price from 2 May 2026 on")
    );
    assert_eq!(shop.stored().await.announced, None);
}
