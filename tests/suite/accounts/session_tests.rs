//! Sessions: how long they live, and what ends them.

use super::*;

#[tokio::test]
async fn a_session_ends_after_two_weeks_without_use() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let token = bench.sign_in("mara@example.com", PASSWORD).await;
    let cached = bench.session(&token).await.unwrap();
    bench.clock.advance(13 * DAY);
    assert!(bench.session(&token).await.is_some());
    bench.clock.advance(DAY);
    assert!(bench.session(&token).await.is_none());
    assert!(!cached.is_good(HOST, bench.now()), "a cache sees it, too");
}

#[tokio::test]
async fn a_session_in_use_lives_ninety_days_and_no_longer() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let token = bench.sign_in("mara@example.com", PASSWORD).await;
    for day in [10, 20, 30, 40, 50, 60, 70, 80] {
        bench.clock.advance(10 * DAY);
        let session = bench
            .session(&token)
            .await
            .unwrap_or_else(|| panic!("day {day}"));
        assert!(session.needs_touch(bench.now()));
        let mut tx = bench.db.begin().await.unwrap();
        sessions::touch(tx.conn(), &session, bench.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    bench.clock.advance(10 * DAY);
    assert!(bench.session(&token).await.is_none());
}

#[tokio::test]
async fn use_is_written_down_every_five_minutes_at_most() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let token = bench.sign_in("mara@example.com", PASSWORD).await;
    let began = bench.now();
    let touched = async || {
        let session = bench.session(&token).await.unwrap();
        let mut tx = bench.db.begin().await.unwrap();
        sessions::touch(tx.conn(), &session, bench.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        bench.session(&token).await.unwrap().last_seen_at
    };
    bench.clock.advance(4 * MINUTE);
    assert_eq!(touched().await, began);
    bench.clock.advance(MINUTE);
    assert_eq!(touched().await, bench.now());
}

#[tokio::test]
async fn signing_out_ends_the_browser_on_all_hosts_and_no_other() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let stranger = bench.person("stranger@example.com").await;
    let here = bench.sign_in("mara@example.com", PASSWORD).await;
    let there = bench.sign_in("mara@example.com", PASSWORD).await;
    let session = bench.session(&here).await.unwrap();
    let on_tenant = bench.hop(&session, "northlight.atelier.test").await;

    let mut tx = bench.db.begin().await.unwrap();
    let logins = sessions::logins(tx.conn(), user, bench.now())
        .await
        .unwrap();
    assert_eq!(logins.len(), 2, "one line for each browser");
    let mine = logins
        .iter()
        .find(|login| login.id == session.login)
        .unwrap();
    assert_eq!(mine.hosts, [HOST, "northlight.atelier.test"]);
    let reason = RevokeReason::ByOwner;
    assert!(
        !sessions::revoke_login(tx.conn(), stranger, session.login, reason, bench.now())
            .await
            .unwrap()
    );
    assert!(
        sessions::revoke_login(tx.conn(), user, session.login, reason, bench.now())
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    assert!(bench.session(&here).await.is_none());
    assert!(bench.session(&on_tenant).await.is_none());
    assert!(bench.session(&there).await.is_some());
}

#[tokio::test]
async fn every_node_hears_that_sessions_ended() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let session = bench
        .session(&bench.sign_in("mara@example.com", PASSWORD).await)
        .await
        .unwrap();
    let mut news = PgListener::connect_with(&bench.database.pool(Role::Platform))
        .await
        .unwrap();
    news.listen(CHANNEL).await.unwrap();

    let mut tx = bench.db.begin().await.unwrap();
    sessions::revoke_others(
        tx.conn(),
        user,
        session.login,
        RevokeReason::ByOwner,
        bench.now(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(5), news.recv())
        .await
        .expect("news")
        .unwrap();
    assert_eq!(Change::parse(heard.payload()), Some(Change::User(user)));

    bench
        .change_password(&session, PASSWORD, NEW_PASSWORD)
        .await
        .unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(5), news.recv())
        .await
        .expect("news")
        .unwrap();
    assert_eq!(Change::parse(heard.payload()), Some(Change::User(user)));
}

#[tokio::test]
async fn a_disabled_account_is_signed_out_at_once() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let token = bench.sign_in("mara@example.com", PASSWORD).await;
    let mut tx = bench.db.begin().await.unwrap();
    users::disable(tx.conn(), user, bench.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(bench.session(&token).await.is_none());
    let mut tx = bench.db.begin().await.unwrap();
    users::enable(tx.conn(), user, bench.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(
        bench.session(&token).await.is_none(),
        "what was ended stays ended"
    );
    bench.sign_in("mara@example.com", PASSWORD).await;
}
