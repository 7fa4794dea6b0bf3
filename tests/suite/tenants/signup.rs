//! Signing up: holds, races, confirmation.

use std::time::Duration;

use futures::future::join_all;
use kernel::Error;
use testkit::Role;

use super::bench::{Bench, DAY, code, field_code, form, some_ip};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_want_one_address_at_once_exactly_one_gets_it() {
    let bench = Bench::new().await;
    let tries = (0..50).map(|n| {
        let tenants = bench.tenants.clone();
        let now = bench.now();
        tokio::spawn(async move {
            let form = form("northlight", &format!("person{n}@example.com"));
            tenants.sign_up(&form, some_ip(), now).await
        })
    });
    let mut won = 0;
    for outcome in join_all(tries).await {
        match outcome.unwrap() {
            Ok(()) => won += 1,
            other => assert_eq!(field_code(other, "slug"), "taken"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(
        bench
            .count("select count(*) from tenants where slug = 'northlight'")
            .await,
        1
    );
    assert_eq!(bench.count("select count(*) from mail_messages").await, 1);
}

#[tokio::test]
async fn a_hold_ends_after_a_day_and_the_next_one_gets_the_address() {
    let bench = Bench::new().await;
    let sign_up = |email: &'static str| {
        let (tenants, now) = (bench.tenants.clone(), bench.now());
        async move {
            tenants
                .sign_up(&form("halden", email), some_ip(), now)
                .await
        }
    };
    sign_up("first@example.com").await.unwrap();
    let token = bench.link("first@example.com", "/signup/confirm/").await;
    assert_eq!(
        field_code(sign_up("second@example.com").await, "slug"),
        "taken"
    );

    bench.clock.advance(Duration::from_secs(86_400 - 1));
    assert_eq!(
        field_code(sign_up("second@example.com").await, "slug"),
        "taken"
    );
    assert!(
        bench
            .tenants
            .pending(&token, bench.now())
            .await
            .unwrap()
            .is_some()
    );

    bench.clock.advance(Duration::from_secs(1));
    assert!(
        bench
            .tenants
            .pending(&token, bench.now())
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(bench.confirm(&token).await, Err(Error::Gone(_))));
    sign_up("second@example.com").await.unwrap();
    let token = bench.link("second@example.com", "/signup/confirm/").await;
    bench.confirm(&token).await.unwrap();
    // Once confirmed it is held for good.
    bench.clock.advance(DAY * 400);
    assert_eq!(
        field_code(sign_up("third@example.com").await, "slug"),
        "taken"
    );
}

#[tokio::test]
async fn a_confirmation_opens_everything_at_once_and_works_once() {
    let bench = Bench::new().await;
    bench
        .tenants
        .sign_up(
            &form("northlight", "Mara@Example.com"),
            some_ip(),
            bench.now(),
        )
        .await
        .unwrap();
    let token = bench.link("mara@example.com", "/signup/confirm/").await;

    // What goes wrong in a hook leaves nothing behind, and the link alive.
    *bench.opened.refuse.lock().unwrap() = true;
    assert_eq!(code(bench.confirm(&token).await), "unavailable");
    assert_eq!(bench.count("select count(*) from users").await, 0);
    assert_eq!(bench.count("select count(*) from memberships").await, 0);
    *bench.opened.refuse.lock().unwrap() = false;

    let confirmed = bench.confirm(&token).await.unwrap();
    assert!(!confirmed.known);
    let tenant = confirmed.tenant;
    let opened = bench.opened.tenants.lock().unwrap().clone();
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].interest.as_deref(), Some("photo"));
    let principal = bench
        .tenants
        .principal(tenant.id, tenant.owner)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(principal.roles, [kernel::Role::Owner]);
    assert_eq!(principal.name, "Mara Lindqvist");
    for (what, statement, expected) in [
        ("roles", "select count(*) from roles", 7),
        (
            "event",
            "select count(*) from outbox_events where kind = 'tenant.created'",
            1,
        ),
        (
            "audit",
            "select count(*) from audit_log where action = 'workspace.tenant.created'",
            1,
        ),
        ("mails", "select count(*) from mail_messages", 2),
        ("secrets", "select count(*) from tenant_signups", 0),
        (
            "zone",
            "select count(*) from tenants where status = 'active' and time_zone = 'Europe/Stockholm'",
            1,
        ),
        (
            "verified",
            "select count(*) from users where email_verified_at is not null and password_hash is not null",
            1,
        ),
    ] {
        assert_eq!(bench.count(statement).await, expected, "{what}");
    }
    assert!(matches!(bench.confirm(&token).await, Err(Error::Gone(_))));
    assert!(matches!(
        bench.confirm("nonsense").await,
        Err(Error::Gone(_))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_presses_on_the_button_one_opens_the_workspace() {
    let bench = Bench::new().await;
    bench
        .tenants
        .sign_up(
            &form("northlight", "mara@example.com"),
            some_ip(),
            bench.now(),
        )
        .await
        .unwrap();
    let token = bench.link("mara@example.com", "/signup/confirm/").await;
    let presses = join_all((0..10).map(|_| bench.confirm(&token))).await;
    assert_eq!(presses.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        presses
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| matches!(error, Error::Gone(_)))
    );
}

#[tokio::test]
async fn who_has_an_account_keeps_their_password_and_gets_another_mail() {
    let bench = Bench::new().await;
    let known = bench.person("ana@example.com", "Ana").await;
    bench
        .tenants
        .sign_up(
            &form("southlight", "ANA@example.com"),
            some_ip(),
            bench.now(),
        )
        .await
        .unwrap();
    let text: String = sqlx::query_scalar("select body_text from mail_messages")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert!(text.contains("account with this address"), "{text}");
    let token = bench.link("ana@example.com", "/signup/confirm/").await;
    let confirmed = bench.confirm(&token).await.unwrap();
    assert!(confirmed.known);
    assert_eq!(confirmed.tenant.owner, known);
    assert_eq!(
        bench
            .count("select count(*) from users where password_hash is null")
            .await,
        1,
        "whoever knows a mail address must not set its password"
    );
}

#[tokio::test]
async fn the_same_person_sending_the_form_twice_gets_a_fresh_link_and_keeps_the_first_password() {
    let bench = Bench::new().await;
    let mut wanted = form("northlight", "mara@example.com");
    bench
        .tenants
        .sign_up(&wanted, some_ip(), bench.now())
        .await
        .unwrap();
    let first = bench.link("mara@example.com", "/signup/confirm/").await;
    let before: String = sqlx::query_scalar("select password_hash from tenant_signups")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    bench.clock.advance(Duration::from_secs(1));
    wanted.password = "another long password".into();
    bench
        .tenants
        .sign_up(&wanted, some_ip(), bench.now())
        .await
        .unwrap();
    let second = bench.link("mara@example.com", "/signup/confirm/").await;
    assert_ne!(first, second);
    let after: String = sqlx::query_scalar("select password_hash from tenant_signups")
        .fetch_one(bench.db.pool())
        .await
        .unwrap();
    assert_eq!(before, after);
    assert!(matches!(bench.confirm(&first).await, Err(Error::Gone(_))));
    bench.confirm(&second).await.unwrap();
}

#[tokio::test]
async fn an_address_may_have_three_sign_ups_waiting() {
    let bench = Bench::new().await;
    let sign_up = |slug: &'static str| {
        let (tenants, now) = (bench.tenants.clone(), bench.now());
        async move {
            tenants
                .sign_up(&form(slug, "mara@example.com"), some_ip(), now)
                .await
        }
    };
    for slug in ["northlight", "southlight", "eastlight"] {
        sign_up(slug).await.unwrap();
    }
    assert_eq!(
        field_code(sign_up("westlight").await, "email"),
        "too_many_pending"
    );
    // The refused one holds nothing.
    let free = bench
        .tenants
        .availability("westlight", bench.now())
        .await
        .unwrap();
    assert!(free.available);
    bench.clock.advance(DAY);
    sign_up("westlight").await.unwrap();
}

#[tokio::test]
async fn five_sign_ups_in_an_hour_from_one_network() {
    let bench = Bench::new().await;
    let ip = some_ip();
    for n in 0..5 {
        let form = form(&format!("studio-nr-{n}"), &format!("p{n}@example.com"));
        bench.tenants.sign_up(&form, ip, bench.now()).await.unwrap();
    }
    let sixth = form("studio-nr-6", "p6@example.com");
    assert_eq!(
        code(bench.tenants.sign_up(&sixth, ip, bench.now()).await),
        "too_many_requests"
    );
    bench.clock.advance(Duration::from_hours(1));
    bench
        .tenants
        .sign_up(&sixth, ip, bench.now())
        .await
        .unwrap();
}

#[tokio::test]
async fn taken_reserved_and_invalid_addresses_are_told_apart_and_others_suggested() {
    let bench = Bench::new().await;
    bench.open("halden", "mara@example.com").await;
    let answer = |slug: &'static str| {
        let (tenants, now) = (bench.tenants.clone(), bench.now());
        async move { serde_json::to_value(tenants.availability(slug, now).await.unwrap()).unwrap() }
    };
    assert_eq!(answer("northlight").await["available"], true);
    let taken = answer("Halden").await;
    assert_eq!(taken["available"], false);
    assert_eq!(taken["reason"], "taken");
    assert_eq!(taken["suggestions"].as_array().unwrap().len(), 3);
    for suggestion in taken["suggestions"].as_array().unwrap() {
        let suggestion = suggestion.as_str().unwrap();
        let free = bench
            .tenants
            .availability(suggestion, bench.now())
            .await
            .unwrap();
        assert!(free.available, "{suggestion}");
    }
    assert_eq!(answer("adm1n").await["reason"], "reserved");
    assert_eq!(answer("a--b").await["reason"], "invalid");
}

#[tokio::test]
async fn what_nobody_confirmed_is_removed_and_nothing_else() {
    let bench = Bench::new().await;
    bench.open("northlight", "mara@example.com").await;
    bench
        .tenants
        .sign_up(
            &form("southlight", "ana@example.com"),
            some_ip(),
            bench.now(),
        )
        .await
        .unwrap();
    assert_eq!(bench.tenants.purge(bench.now()).await.unwrap(), 0);
    bench.clock.advance(DAY);
    assert_eq!(bench.tenants.purge(bench.now()).await.unwrap(), 1);
    assert_eq!(bench.count("select count(*) from tenants").await, 1);
    assert_eq!(bench.count("select count(*) from tenant_signups").await, 0);
    assert_eq!(bench.count("select count(*) from tenant_slugs").await, 1);
}

#[tokio::test]
async fn a_tenant_sees_no_other_tenant() {
    let bench = Bench::new().await;
    let north = bench.open("northlight", "mara@example.com").await;
    let south = bench.open("southlight", "ana@example.com").await;
    let mut tx = bench.begin(north.id).await;
    for table in [
        "tenants",
        "tenant_slugs",
        "memberships",
        "roles",
        "membership_roles",
        "tenant_people",
    ] {
        let column = if table == "tenants" {
            "id"
        } else {
            "tenant_id"
        };
        let statement = format!("select count(*) from {table} where {column} = $1");
        let mut counts = Vec::new();
        for tenant in [north.id, south.id] {
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(statement.clone()))
                .bind(tenant)
                .fetch_one(tx.conn())
                .await
                .unwrap();
            counts.push(count);
        }
        assert!(counts[0] > 0, "{table}");
        assert_eq!(counts[1], 0, "{table}");
    }
    drop(tx);
    // The address and the state of a tenant are not its own to change.
    let mut connection = bench.database.connect(Role::Tenant).await;
    let refused = sqlx::query("update tenants set slug = 'elsewhere'")
        .execute(&mut connection)
        .await;
    assert!(refused.is_err());
}
