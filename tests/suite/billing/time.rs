//! What time does to subscriptions, whether the platform's job looks every day, late, or never; and the mail about it.

use billing::Cycle;
use kernel::{Access, SubscriptionStatus};

use super::shop::{BOOKS, Shop, day};

/// Access follows from the dates; the job writes down the same.
#[tokio::test]
async fn access_is_the_same_with_the_job_and_without_it() {
    let (watched, alone) = (Shop::open().await, Shop::open().await);
    watched.activate("solo", Cycle::Monthly).await;
    alone.activate("solo", Cycle::Monthly).await;
    for at in 1..=90 {
        watched.live(1).await;
        alone.pass(1);
        let expected = match at {
            ..31 => Access::Full,
            31..45 => Access::Grace,
            45..75 => Access::ReadOnly,
            _ => Access::Blocked,
        };
        assert_eq!(watched.access().await, expected, "day {at}");
        assert_eq!(alone.access().await, expected, "day {at} without the job");
    }
    assert_eq!(alone.stored().await.status, SubscriptionStatus::Active);
    // Whoever looks late writes the same history, each step at its own time.
    alone.billing().attend(alone.now()).await.unwrap();
    assert_eq!(alone.history().await, watched.history().await);
    let (late, early) = (alone.stored().await, watched.stored().await);
    assert_eq!(late.status, SubscriptionStatus::Unpaid);
    assert_eq!(late.grace_until, early.grace_until);
    assert_eq!(late.read_only_until, early.read_only_until);
    let sql = "select at from subscription_events where kind = 'grace_ended'";
    let at: kernel::Timestamp = sqlx::query_scalar(sql)
        .fetch_one(alone.app.platform.db.pool())
        .await
        .unwrap();
    assert_eq!(at, day("2026-04-16"));
}

#[tokio::test]
async fn an_unpaid_renewal_is_asked_for_four_times_and_then_closed_step_by_step() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("solo", Cycle::Monthly).await;
    let mut mail = Vec::new();
    for at in 1..=140 {
        shop.live(1).await;
        let all = shop.mail(BOOKS).await;
        for subject in &all[mail.len() + 1..] {
            mail.push((at, subject.clone()));
        }
    }
    let expected = [
        (17, "Blog: the next period begins on 2 April 2026"),
        (31, "Your payment for Blog is due"),
        (34, "Your payment for Blog is still open"),
        (38, "Your payment for Blog is still open"),
        (43, "Blog becomes read-only in two days"),
        (45, "Blog can be read but not changed"),
        (75, "Blog is switched off"),
        (105, "We keep what is in Blog at least until 15 July 2026"),
        (125, "We keep what is in Blog at least until 15 July 2026"),
        (134, "We keep what is in Blog at least until 15 July 2026"),
    ];
    let mail: Vec<(i32, &str)> = mail.iter().map(|(at, text)| (*at, text.as_str())).collect();
    assert_eq!(mail, expected);
}

/// Whoever pays by invoice hears of the next period in time, and so does whoever writes the invoice.
#[tokio::test]
async fn a_renewal_is_announced_two_weeks_ahead_with_what_it_costs() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("studio", Cycle::Monthly).await;
    let solo = shop.price("solo", Cycle::Monthly).await;
    shop.choose(solo).await.unwrap();
    let heard = shop.mail(BOOKS).await.len();
    shop.live(16).await;
    assert_eq!(shop.mail(BOOKS).await.len(), heard);
    shop.live(3).await;
    assert_eq!(
        shop.mail(BOOKS).await[heard..],
        ["Blog: the next period begins on 2 April 2026"]
    );
    assert_eq!(
        shop.mail(crate::support::OPERATORS).await,
        ["Northlight needs an invoice"]
    );
    // It is the plan that takes over with that period.
    let asked = shop.letter("billing.invoice_request").await;
    for fact in ["Solo, €9 per month", "€9", "2 April 2026"] {
        assert!(asked.contains(fact), "{fact}: {asked}");
    }
    shop.live(12).await;
    assert_eq!(shop.stored().await.due.map(|due| due.minor), Some(900));
}

#[tokio::test]
async fn what_ends_or_becomes_free_has_no_renewal_to_announce() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("solo", Cycle::Monthly).await;
    let free = shop.free_plan().await;
    shop.choose(free).await.unwrap();
    let heard = shop.mail(BOOKS).await.len();
    shop.live(33).await;
    assert_eq!(shop.mail(BOOKS).await.len(), heard);
    assert!(shop.mail(crate::support::OPERATORS).await.is_empty());
}

#[tokio::test]
async fn a_trial_is_announced_and_ends_with_a_word_each_once() {
    let shop = Shop::open().await;
    let owner = "owner@northlight.test";
    shop.live(17).await;
    assert_eq!(shop.mail(owner).await.len(), 0);
    shop.live(1).await;
    for _ in 0..3 {
        shop.billing().attend(shop.now()).await.unwrap();
    }
    assert_eq!(
        shop.mail(owner).await,
        ["Your trial of Blog ends on 23 March 2026"]
    );
    shop.live(3).await;
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Expired);
    assert_eq!(shop.access().await, Access::ReadOnly);
    assert_eq!(
        shop.mail(owner).await[1..],
        ["Your trial of Blog has ended"]
    );
    shop.live(7).await;
    assert_eq!(shop.access().await, Access::Blocked);
    assert_eq!(shop.mail(owner).await[2..], ["Blog is switched off"]);
}

/// After a long stop people get the last word, and not all at once.
#[tokio::test]
async fn what_nobody_looked_at_for_long_is_told_in_one_mail() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.activate("solo", Cycle::Monthly).await;
    shop.pass(80);
    shop.billing().attend(shop.now()).await.unwrap();
    assert_eq!(
        shop.mail(BOOKS).await,
        ["Blog: your plan is Solo", "Blog is switched off"]
    );
}

#[tokio::test]
async fn whoever_has_come_back_hears_no_more_of_what_ended() {
    let shop = Shop::open().await;
    shop.enter_details().await;
    shop.live(40).await;
    let heard = shop.mail(BOOKS).await.len();
    shop.activate("solo", Cycle::Yearly).await;
    shop.live(100).await;
    assert_eq!(shop.mail(BOOKS).await.len(), heard + 1);
}

/// The schedule of the platform does it, on whichever node.
#[tokio::test]
async fn the_platforms_schedule_looks_after_it() {
    let shop = Shop::open().await;
    shop.pass(22);
    shop.app.run_jobs().await;
    assert_eq!(shop.stored().await.status, SubscriptionStatus::Expired);
    let heard: i64 = sqlx::query_scalar(
        "select count(*) from outbox_events where kind = 'subscription.changed'",
    )
    .fetch_one(shop.app.platform.db.pool())
    .await
    .unwrap();
    assert_eq!(heard, 2);
}

/// An act finds what time has brought about, even when the job has not looked yet.
#[tokio::test]
async fn an_act_after_the_end_is_refused_although_no_job_has_run() {
    let shop = Shop::open().await;
    let (id, act) = (shop.id().await, shop.by_operator());
    shop.pass(30);
    let late = billing::Act {
        now: shop.now(),
        ..act
    };
    let until = shop.now().plus(super::shop::DAY * 10);
    let refused = shop
        .act(async |billing, conn| billing.extend_trial(conn, &late, id, until).await)
        .await;
    assert_eq!(refused.unwrap_err().code(), "invalid_transition");
}
