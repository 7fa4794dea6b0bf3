//! Tokens: used once, replaced by newer ones, expiring.

use super::*;

#[tokio::test]
async fn a_token_is_used_once_by_twenty_at_the_same_moment() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let secret = bench
        .issue(token(Purpose::PasswordReset, Subject::User(user)))
        .await;
    let tries = (0..20).map(|_| bench.consume(Purpose::PasswordReset, &secret));
    let won = join_all(tries).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert!(!bench.consume(Purpose::PasswordReset, &secret).await);
}

#[tokio::test]
async fn a_newer_token_takes_the_place_of_the_older() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let subject = Subject::User(user);
    let other_purpose = bench.issue(token(Purpose::SsoHandoff, subject)).await;
    let older = bench.issue(token(Purpose::PasswordReset, subject)).await;
    let newer = bench.issue(token(Purpose::PasswordReset, subject)).await;
    assert!(!bench.consume(Purpose::PasswordReset, &older).await);
    assert!(bench.consume(Purpose::PasswordReset, &newer).await);
    assert!(bench.consume(Purpose::SsoHandoff, &other_purpose).await);
}

#[tokio::test]
async fn of_tokens_issued_at_the_same_moment_one_is_good() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let issued =
        join_all((0..10).map(|_| bench.issue(token(Purpose::PasswordReset, Subject::User(user)))))
            .await;
    let mut good = 0;
    for secret in &issued {
        good += usize::from(bench.consume(Purpose::PasswordReset, secret).await);
    }
    assert_eq!(good, 1);
}

#[tokio::test]
async fn codes_between_hosts_stand_beside_each_other() {
    let bench = Bench::new().await;
    let subject = Subject::User(bench.person("mara@example.com").await);
    let first = bench.issue(token(Purpose::SsoHandoff, subject)).await;
    let second = bench.issue(token(Purpose::SsoHandoff, subject)).await;
    assert!(bench.consume(Purpose::SsoHandoff, &second).await);
    assert!(bench.consume(Purpose::SsoHandoff, &first).await);
}

#[tokio::test]
async fn a_token_serves_its_purpose_alone_until_it_expires() {
    let bench = Bench::new().await;
    let secret = bench
        .issue(token(
            Purpose::PasswordReset,
            Subject::Email("new@example.com"),
        ))
        .await;
    assert!(
        !bench.consume(Purpose::SsoHandoff, &secret).await,
        "another purpose"
    );
    assert!(!bench.consume(Purpose::PasswordReset, "nonsense").await);
    let mut tx = bench.db.begin().await.unwrap();
    let seen = tokens::peek(tx.conn(), Purpose::PasswordReset, &secret, bench.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.email.as_deref(), Some("new@example.com"));
    bench.clock.advance(Duration::from_mins(30));
    assert!(
        !bench.consume(Purpose::PasswordReset, &secret).await,
        "expired"
    );
}
