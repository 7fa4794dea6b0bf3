//! Limits on tries: counted in the database, whoever tries at the same moment.

use super::*;

#[tokio::test]
async fn forty_tries_at_the_same_moment_do_not_slip_past_a_limit_of_five() {
    let bench = Bench::new().await;
    let limit = Limit::new("test", 5, 15 * MINUTE);
    let verdicts = join_all((0..40).map(|_| bench.count(limit, "key"))).await;
    let free = verdicts
        .iter()
        .filter(|verdict| **verdict == Verdict::Free)
        .count();
    assert_eq!(free, 5);
    assert_eq!(bench.count(limit, "other key").await, Verdict::Free);

    bench.clock.advance(14 * MINUTE);
    assert_eq!(bench.count(limit, "key").await, Verdict::Wait(MINUTE));
    bench.clock.advance(MINUTE);
    assert_eq!(bench.count(limit, "key").await, Verdict::Free);
}

#[tokio::test]
async fn guesses_at_the_same_moment_do_not_slip_past_either() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let tries = (0..20).map(|n| {
        let bench = &bench;
        async move {
            bench
                .try_from("192.0.2.1", "mara@example.com", &format!("guess {n}"))
                .await
        }
    });
    let (mut refused, mut waiting) = (0, 0);
    for outcome in join_all(tries).await {
        match outcome {
            SignIn::Refused => refused += 1,
            SignIn::Wait(_) => waiting += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((refused, waiting), (5, 15));
    // The right one has to wait as well, or it would show itself; from elsewhere it is free.
    let outcome = bench
        .try_from("192.0.2.1", "mara@example.com", PASSWORD)
        .await;
    assert!(
        matches!(outcome, SignIn::Wait(time) if time == 15 * MINUTE),
        "{outcome:?}"
    );
    let outcome = bench
        .try_from("198.51.100.1", "mara@example.com", PASSWORD)
        .await;
    assert!(matches!(outcome, SignIn::Done(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_log_in_forgets_the_tries_before_it() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    for _ in 0..3 {
        for _ in 0..4 {
            let outcome = bench
                .try_from("192.0.2.1", "mara@example.com", "wrong")
                .await;
            assert!(matches!(outcome, SignIn::Refused), "{outcome:?}");
        }
        bench.sign_in("mara@example.com", PASSWORD).await;
    }
}

#[tokio::test]
async fn slow_guessing_from_many_networks_locks_known_and_unknown_alike_and_mail_opens() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    for email in ["mara@example.com", "nobody@example.com"] {
        for n in 0..20 {
            let outcome = bench
                .try_from(&format!("198.51.100.{n}"), email, "wrong")
                .await;
            assert!(
                matches!(outcome, SignIn::Refused),
                "{email} {n}: {outcome:?}"
            );
        }
        bench.clock.advance(30 * MINUTE);
        for password in ["wrong", PASSWORD] {
            let outcome = bench.try_from("203.0.113.1", email, password).await;
            assert!(matches!(outcome, SignIn::Locked), "{email}: {outcome:?}");
        }
        bench.clock.advance(10 * DAY);
        let outcome = bench.try_from("203.0.113.1", email, PASSWORD).await;
        assert!(matches!(outcome, SignIn::Locked), "{email}: {outcome:?}");
    }
    bench.accounts.purge(bench.now()).await.unwrap();
    let outcome = bench
        .try_from("203.0.113.2", "mara@example.com", PASSWORD)
        .await;
    assert!(matches!(outcome, SignIn::Locked), "{outcome:?}");

    bench.recover("mara@example.com").await.unwrap();
    let secret = bench.mailed_secret().await;
    bench.reset(&secret, NEW_PASSWORD).await.unwrap();
    bench.sign_in("mara@example.com", NEW_PASSWORD).await;
}

#[tokio::test]
async fn one_network_cannot_try_a_hundred_addresses_and_on() {
    let bench = Bench::new().await;
    for n in 0..100 {
        let outcome = bench
            .try_from(
                &format!("2001:db8:1:2::{n:x}"),
                &format!("n{n}@example.com"),
                "wrong",
            )
            .await;
        assert!(matches!(outcome, SignIn::Refused), "{n}: {outcome:?}");
    }
    let outcome = bench
        .try_from("2001:db8:1:2:ffff::1", "other@example.com", "wrong")
        .await;
    assert!(matches!(outcome, SignIn::Wait(_)), "{outcome:?}");
    let outcome = bench
        .try_from("2001:db8:1:3::1", "other@example.com", "wrong")
        .await;
    assert!(matches!(outcome, SignIn::Refused), "{outcome:?}");
}

#[tokio::test]
async fn tries_before_there_was_an_account_do_not_keep_its_owner_out() {
    let bench = Bench::new().await;
    for n in 0..21 {
        bench
            .try_from(&format!("198.51.100.{n}"), "new@example.com", "guess")
            .await;
    }
    bench.person("new@example.com").await;
    bench.sign_in("new@example.com", PASSWORD).await;
}
