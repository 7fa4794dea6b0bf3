//! Two at once: the database decides, and what happens once is told once.

use billing::{Activation, CancelReason, Cycle};
use futures::future::join_all;

use super::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_activations_one_activates() {
    let shop = Shop::open().await;
    shop.live(22).await;
    let activation = Activation {
        price: shop.price("solo", Cycle::Monthly).await,
        quantity: 1,
        start: shop.now(),
        paid: true,
    };
    let tries = (0..10).map(|_| async {
        let act = shop.by_operator();
        shop.act(async |billing, conn| billing.activate(conn, &act, activation).await)
            .await
    });
    let (done, refused): (Vec<_>, Vec<_>) =
        join_all(tries).await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for error in refused {
        let code = error.unwrap_err().code();
        assert!(
            ["already_subscribed", "invalid_transition"].contains(&code),
            "{code}"
        );
    }
    assert_eq!(shop.revenue().await, (900, 900));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_cancellations_one_cancels() {
    let shop = Shop::open().await;
    let id = shop.activate("solo", Cycle::Monthly).await.id;
    let tries = (0..10).map(|_| async {
        let act = shop.by_owner();
        shop.act(async |billing, conn| {
            billing
                .cancel_now(conn, &act, id, CancelReason::Other, None)
                .await
        })
        .await
    });
    let done = join_all(tries).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    let told = shop.history().await;
    assert_eq!(told.iter().filter(|kind| *kind == "cancelled").count(), 1);
    assert_eq!(shop.revenue().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_sent_twice_counts_once() {
    let shop = Shop::open().await;
    let active = shop.activate("solo", Cycle::Monthly).await;
    let tries = (0..6).map(|_| async {
        let act = shop.by_operator().based_on(Some(active.rev));
        shop.act(async |billing, conn| billing.record_payment(conn, &act, active.id).await)
            .await
    });
    let done = join_all(tries).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    assert_eq!(
        shop.stored().await.period_end,
        Some(super::shop::day("2026-05-02"))
    );
}

/// Several nodes look at the same time: each step and each mail is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_that_many_settle_ends_once() {
    let shop = Shop::open().await;
    shop.pass(21);
    let now = shop.now();
    let done = join_all((0..8).map(|_| shop.billing().attend(now))).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(shop.history().await, ["trial_started", "trial_ended"]);
    assert_eq!(
        shop.mail("owner@northlight.test").await,
        ["Your trial of Blog has ended"]
    );
}
