//! Changing and resetting the password, and the profile.

use super::*;

#[tokio::test]
async fn a_reset_ends_all_sessions_and_works_once() {
    let bench = Bench::new().await;
    bench
        .someone("mara@example.com", Some(PASSWORD), false)
        .await;
    bench.recover("Mara@Example.com").await.unwrap();
    let secret = bench.mailed_secret().await;
    // The mail reached its owner, so the address counts as confirmed.
    bench.reset(&secret, PASSWORD).await.unwrap();
    let sessions = [
        bench.sign_in("mara@example.com", PASSWORD).await,
        bench.sign_in("mara@example.com", PASSWORD).await,
    ];

    bench.recover("mara@example.com").await.unwrap();
    let secret = bench.mailed_secret().await;
    assert_eq!(
        bench
            .accounts
            .reset_for(&secret, bench.now())
            .await
            .unwrap()
            .email,
        "mara@example.com"
    );
    let weak = bench.reset(&secret, "password1").await.unwrap_err();
    assert_eq!(field_of(&weak), ("password", "common"));
    bench
        .reset(&secret, NEW_PASSWORD)
        .await
        .expect("a refused password does not use the link up");
    for token in &sessions {
        assert!(bench.session(token).await.is_none());
    }
    let again = bench
        .reset(&secret, "another fine phrase")
        .await
        .unwrap_err();
    assert!(matches!(again, Error::Gone(_)), "{again:?}");
    let outcome = bench
        .try_from("192.0.2.1", "mara@example.com", PASSWORD)
        .await;
    assert!(matches!(outcome, SignIn::Refused), "{outcome:?}");
    bench.sign_in("mara@example.com", NEW_PASSWORD).await;

    let (to, template, text) = bench.mails().await.pop().unwrap();
    assert_eq!(
        (to.as_str(), template.as_str()),
        ("mara@example.com", "accounts.password_changed")
    );
    assert!(
        text.contains("Safari on iPhone") && text.contains("192.0.2.1"),
        "{text}"
    );
    assert!(text.contains("1 Mar 2026, 10:00 CET"), "{text}");
}

#[tokio::test]
async fn a_reset_link_expires_after_half_an_hour() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    bench.recover("mara@example.com").await.unwrap();
    let secret = bench.mailed_secret().await;
    bench.clock.advance(Duration::from_mins(30));
    let late = bench.reset(&secret, NEW_PASSWORD).await.unwrap_err();
    assert!(matches!(late, Error::Gone(_)), "{late:?}");
}

#[tokio::test]
async fn of_twenty_resets_at_the_same_moment_one_sets_the_password() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    bench.recover("mara@example.com").await.unwrap();
    let secret = bench.mailed_secret().await;
    let (bench, secret) = (&bench, secret.as_str());
    let tries = (0..20).map(|n| async move {
        let password = format!("seven bees at noon {n}");
        bench.reset(secret, &password).await.map(|()| password)
    });
    let mut won: Vec<String> = Vec::new();
    for outcome in join_all(tries).await {
        match outcome {
            Ok(password) => won.push(password),
            Err(Error::Gone(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    bench.sign_in("mara@example.com", &won[0]).await;
}

#[tokio::test]
async fn asking_for_a_reset_tells_nothing_and_mails_nobody_else() {
    let bench = Bench::new().await;
    bench.person("known@example.com").await;
    let tokens = async || -> i64 {
        sqlx::query_scalar("select count(*) from auth_tokens")
            .fetch_one(bench.db.pool())
            .await
            .unwrap()
    };
    bench.recover("unknown@example.com").await.unwrap();
    assert_eq!(bench.mails().await.len(), 0);
    assert_eq!(tokens().await, 1, "the same statements run");
    bench.recover("known@example.com").await.unwrap();
    assert_eq!(tokens().await, 2);
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].0.as_str(), mails[0].1.as_str()),
        ("known@example.com", "accounts.password_reset")
    );
    assert!(
        mails[0].2.contains("https://atelier.test/reset/"),
        "{}",
        mails[0].2
    );
}

#[tokio::test]
async fn nobodys_mailbox_is_filled() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    for _ in 0..6 {
        bench.recover("mara@example.com").await.unwrap();
    }
    assert_eq!(bench.mails().await.len(), 3);
    let good = bench.mailed_secret().await;
    bench.clock.advance(HOUR);
    bench.recover("mara@example.com").await.unwrap();
    assert_eq!(bench.mails().await.len(), 4);
    assert!(
        matches!(bench.reset(&good, NEW_PASSWORD).await, Err(Error::Gone(_))),
        "replaced by the newer"
    );

    // One of the twenty of this hour is gone.
    let mut refused = 0;
    for n in 0..25 {
        let outcome = bench.recover(&format!("n{n}@example.com")).await;
        refused += usize::from(matches!(outcome, Err(Error::TooMany { .. })));
    }
    assert_eq!(refused, 6);
}

#[tokio::test]
async fn a_change_of_password_wants_the_present_one_and_ends_the_other_browsers() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let here = bench.sign_in("mara@example.com", PASSWORD).await;
    let there = bench.sign_in("mara@example.com", PASSWORD).await;
    let session = bench.session(&here).await.unwrap();
    let on_tenant = bench.hop(&session, "northlight.atelier.test").await;

    let wrong = bench
        .change_password(&session, "wrong", NEW_PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(field_of(&wrong), ("current", "wrong"));
    let own = bench
        .change_password(&session, PASSWORD, "Mara Lindqvist")
        .await
        .unwrap_err();
    assert_eq!(field_of(&own), ("new", "own_data"));
    assert!(
        bench.session(&there).await.is_some(),
        "a refusal ends nothing"
    );

    bench
        .change_password(&session, PASSWORD, NEW_PASSWORD)
        .await
        .unwrap();
    assert!(bench.session(&here).await.is_some());
    assert!(
        bench.session(&on_tenant).await.is_some(),
        "the same browser, on a tenant's host"
    );
    assert!(bench.session(&there).await.is_none());
    assert_eq!(
        bench.mails().await.pop().unwrap().1,
        "accounts.password_changed"
    );
    bench.sign_in("mara@example.com", NEW_PASSWORD).await;
}

#[tokio::test]
async fn an_open_session_is_no_place_to_guess_the_password() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let session = bench
        .session(&bench.sign_in("mara@example.com", PASSWORD).await)
        .await
        .unwrap();
    for n in 0..5 {
        let wrong = bench
            .change_password(&session, &format!("guess {n}"), NEW_PASSWORD)
            .await
            .unwrap_err();
        assert_eq!(field_of(&wrong), ("current", "wrong"));
    }
    let stopped = bench
        .change_password(&session, PASSWORD, NEW_PASSWORD)
        .await
        .unwrap_err();
    assert!(matches!(stopped, Error::TooMany { .. }), "{stopped:?}");
}

#[tokio::test]
async fn a_profile_takes_what_exists() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    let profile = Profile {
        name: "  Mara Ek ",
        locale: "en-CA",
        time_zone: "America/Toronto",
    };
    bench
        .accounts
        .set_profile(user, profile, bench.now())
        .await
        .unwrap();
    let saved = bench.accounts.user(user).await.unwrap();
    assert_eq!(
        (
            saved.name.as_str(),
            saved.locale.as_str(),
            saved.time_zone.as_str()
        ),
        ("Mara Ek", "en-CA", "America/Toronto")
    );
    let wrong = Profile {
        name: " ",
        locale: "tlh",
        time_zone: "Mars/Olympus",
    };
    let error = bench
        .accounts
        .set_profile(user, wrong, bench.now())
        .await
        .unwrap_err();
    let fields: Vec<_> = error
        .field_errors()
        .iter()
        .map(|error| error.field.as_ref())
        .collect();
    assert_eq!(fields, ["name", "locale", "time_zone"]);
}
