//! Accounts: passwords, sessions, tokens and limits, as the role `atelier_platform` and with a clock that is moved.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use accounts::limits::{self, Limit, Verdict};
use accounts::sessions::{self, NewSession, RevokeReason};
use accounts::tokens::{self, NewToken, Purpose, Subject};
use accounts::{
    Accounts, Attempt, Device, NewUser, PasswordChange, Profile, Reset, Session, SessionToken,
    SignIn, passwords, users,
};
use database::migrate::Owner;
use database::{CHANNEL, Change, PlatformDb};
use futures::future::join_all;
use kernel::{Clock, Email, Error, TenantId, Timestamp, UserId};
use module::Links;
use serde_json::json;
use sqlx::postgres::PgListener;
use testkit::{Database, Role, Template};

static TEMPLATE: Template = Template {
    key: "accounts",
    owners: &[
        Owner {
            key: "worker",
            migrator: &worker::MIGRATOR,
        },
        Owner {
            key: "accounts",
            migrator: &::accounts::MIGRATOR,
        },
        Owner {
            key: "tenants",
            migrator: &tenants::MIGRATOR,
        },
        Owner {
            key: "messaging",
            migrator: &messaging::MIGRATOR,
        },
    ],
    seed: None,
};

const PASSWORD: &str = "quiet harbour lights";
const NEW_PASSWORD: &str = "seven bees at noon";
const HOST: &str = "atelier.test";
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

struct Bench {
    database: Database,
    db: PlatformDb,
    accounts: Accounts,
    links: Links,
    clock: Clock,
}

impl Bench {
    async fn new() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let db = PlatformDb::new(database.pool(Role::Platform));
        Self {
            accounts: Accounts::new(db.clone()),
            database,
            db,
            links: Links::parse("https://atelier.test").unwrap(),
            clock: Clock::fixed("2026-03-01T09:00:00Z".parse().unwrap()),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A person with a confirmed address.
    async fn person(&self, email: &str) -> UserId {
        self.someone(email, Some(PASSWORD), true).await
    }

    async fn someone(&self, email: &str, password: Option<&str>, verified: bool) -> UserId {
        let hash = match password {
            Some(password) => Some(passwords::hash(password).await.unwrap()),
            None => None,
        };
        let mut tx = self.db.begin().await.unwrap();
        let user = NewUser {
            email: &address(email),
            name: "Mara Lindqvist",
            password_hash: hash.as_deref(),
            locale: "en-GB",
            time_zone: "Europe/Stockholm",
            verified,
        };
        let id = users::create(tx.conn(), user, self.now()).await.unwrap();
        tx.commit().await.unwrap();
        id.expect("a free address")
    }

    async fn try_from(&self, ip: &str, email: &str, password: &str) -> SignIn {
        let attempt = Attempt {
            email: &address(email),
            password,
            host: HOST,
            ip: ip.parse().unwrap(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
        };
        self.accounts.sign_in(attempt, self.now()).await.unwrap()
    }

    async fn sign_in(&self, email: &str, password: &str) -> SessionToken {
        match self.try_from("192.0.2.1", email, password).await {
            SignIn::Done(token) => token,
            other => panic!("{other:?}"),
        }
    }

    async fn session(&self, token: &SessionToken) -> Option<Session> {
        let mut tx = self.db.begin().await.unwrap();
        sessions::find(tx.conn(), token, self.now()).await.unwrap()
    }

    /// A session on a tenant's host that stems from another one.
    async fn hop(&self, from: &Session, host: &str) -> SessionToken {
        let mut tx = self.db.begin().await.unwrap();
        let new = NewSession {
            user: from.user,
            tenant: Some(TenantId::new()),
            login: Some(from.login),
            host,
            ip: ip("192.0.2.1"),
            user_agent: "",
            now: self.now(),
        };
        let token = sessions::create(tx.conn(), new).await.unwrap();
        tx.commit().await.unwrap();
        token
    }

    async fn recover(&self, email: &str) -> kernel::Result<()> {
        let device = device("192.0.2.1");
        self.accounts
            .recover(&self.links, &address(email), device, self.now())
            .await
    }

    async fn reset(&self, secret: &str, password: &str) -> kernel::Result<()> {
        let reset = Reset {
            secret,
            password,
            device: device("192.0.2.1"),
        };
        self.accounts.reset(&self.links, reset, self.now()).await
    }

    async fn change_password(
        &self,
        session: &Session,
        current: &str,
        new: &str,
    ) -> kernel::Result<()> {
        let change = PasswordChange {
            keep: session.login,
            current,
            new,
            device: device("192.0.2.1"),
        };
        self.accounts
            .change_password(&self.links, session.user, change, self.now())
            .await
    }

    /// Recipient, template and text of every mail, oldest first.
    async fn mails(&self) -> Vec<(String, String, String)> {
        sqlx::query_as(
            "select to_address, template, body_text from mail_messages order by created_at, id",
        )
        .fetch_all(self.db.pool())
        .await
        .unwrap()
    }

    /// The secret of the link in the latest mail.
    async fn mailed_secret(&self) -> String {
        let (_, _, text) = self.mails().await.pop().expect("a mail");
        let (_, rest) = text
            .split_once("https://atelier.test/reset/")
            .expect("a link");
        rest.chars().take(43).collect()
    }

    async fn issue(&self, token: NewToken<'_>) -> String {
        let mut tx = self.db.begin().await.unwrap();
        let secret = tokens::issue(tx.conn(), token, self.now()).await.unwrap();
        tx.commit().await.unwrap();
        secret.as_str().to_owned()
    }

    async fn consume(&self, purpose: Purpose, secret: &str) -> bool {
        let mut tx = self.db.begin().await.unwrap();
        let token = tokens::consume(tx.conn(), purpose, secret, self.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        token.is_some()
    }

    async fn count(&self, limit: Limit, key: &str) -> Verdict {
        let mut tx = self.db.begin().await.unwrap();
        let verdict = limits::count(tx.conn(), limit, key, self.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        verdict
    }
}

fn address(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn device(from: &str) -> Device<'static> {
    Device {
        ip: ip(from),
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1",
    }
}

fn token(purpose: Purpose, subject: Subject<'_>) -> NewToken<'_> {
    NewToken {
        purpose,
        subject,
        tenant: None,
        payload: json!({}),
        lifetime: Duration::from_mins(30),
    }
}

fn field_of(error: &Error) -> (&str, &str) {
    let field = &error.field_errors()[0];
    (&field.field, field.code)
}

#[tokio::test]
async fn an_address_belongs_to_one_person_whatever_its_case() {
    let bench = Bench::new().await;
    let id = bench.person("Mara@Example.com").await;
    let mut tx = bench.db.begin().await.unwrap();
    let again = NewUser {
        email: &address("mara@example.COM"),
        name: "Somebody else",
        password_hash: None,
        locale: "en-US",
        time_zone: "UTC",
        verified: false,
    };
    assert_eq!(
        users::create(tx.conn(), again, bench.now()).await.unwrap(),
        None
    );
    let found = users::find_by_email(tx.conn(), &address("MARA@example.com"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.email.as_str()), (id, "Mara@Example.com"));
}

#[tokio::test]
async fn tenant_code_cannot_reach_the_tables_of_people() {
    let bench = Bench::new().await;
    let mut tenant = bench.database.connect(Role::Tenant).await;
    for statement in [
        "select from users",
        "select from sessions",
        "select from auth_tokens",
        "select from auth_attempts",
        "delete from sessions",
        "update users set name = 'x'",
    ] {
        let error = sqlx::query(statement)
            .execute(&mut tenant)
            .await
            .unwrap_err();
        let code = error
            .into_database_error()
            .unwrap()
            .code()
            .unwrap()
            .into_owned();
        assert_eq!(code, "42501", "{statement}");
    }
}

// Tokens

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

// Limits

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

// Logging in

#[tokio::test]
async fn every_reason_to_refuse_looks_alike() {
    let bench = Bench::new().await;
    bench.person("known@example.com").await;
    bench
        .someone("unconfirmed@example.com", Some(PASSWORD), false)
        .await;
    bench.someone("without@example.com", None, true).await;
    let disabled = bench.person("disabled@example.com").await;
    let mut tx = bench.db.begin().await.unwrap();
    users::disable(tx.conn(), disabled, bench.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for (email, password) in [
        ("known@example.com", "wrong"),
        ("unknown@example.com", PASSWORD),
        ("unconfirmed@example.com", PASSWORD),
        ("without@example.com", PASSWORD),
        ("disabled@example.com", PASSWORD),
    ] {
        let outcome = bench.try_from("192.0.2.1", email, password).await;
        assert!(matches!(outcome, SignIn::Refused), "{email}: {outcome:?}");
    }
}

/// Without the hash that is done for nothing, an unknown address would be answered in a tenth of the time.
#[tokio::test]
async fn an_unknown_address_costs_a_hash_as_well() {
    let bench = Bench::new().await;
    bench.person("known@example.com").await;
    // The quickest of several, which the other tests of this run disturb least.
    let mut quickest = [Duration::MAX; 2];
    for n in 0..4 {
        for (at, email) in ["known@example.com", "unknown@example.com"]
            .into_iter()
            .enumerate()
        {
            let began = Instant::now();
            bench
                .try_from(&format!("192.0.2.{n}"), email, "wrong")
                .await;
            quickest[at] = quickest[at].min(began.elapsed());
        }
    }
    let [known, unknown] = quickest;
    assert!(unknown * 2 > known && known * 2 > unknown, "{quickest:?}");
}

#[tokio::test]
async fn each_log_in_has_a_token_of_its_own_and_only_its_hash_is_kept() {
    let bench = Bench::new().await;
    bench.person("mara@example.com").await;
    let first = bench.sign_in("mara@example.com", PASSWORD).await;
    let second = bench.sign_in("MARA@example.com", PASSWORD).await;
    assert_ne!(first, second);
    let (first, second) = (
        bench.session(&first).await.unwrap(),
        bench.session(&second).await.unwrap(),
    );
    assert_ne!(first.login, second.login);
    assert_eq!(
        (first.id, first.email.as_str(), first.tenant),
        (first.login, "mara@example.com", None)
    );
    assert!(first.is_good(HOST, bench.now()));
    assert!(
        !first.is_good("northlight.atelier.test", bench.now()),
        "bound to its host"
    );
    let kept: Vec<String> = sqlx::query_scalar("select sessions::text from sessions")
        .fetch_all(bench.db.pool())
        .await
        .unwrap();
    let token = bench.sign_in("mara@example.com", PASSWORD).await;
    assert!(kept.iter().all(|row| !row.contains(token.as_str())));
}

// Sessions

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
        sessions::touch(tx.conn(), session.id, bench.now())
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
        sessions::touch(tx.conn(), session.id, bench.now())
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

// Changing and resetting the password

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

#[tokio::test]
async fn what_nobody_needs_is_removed_and_what_is_live_stays() {
    let bench = Bench::new().await;
    let user = bench.person("mara@example.com").await;
    bench.sign_in("mara@example.com", PASSWORD).await;
    bench
        .issue(token(Purpose::PasswordReset, Subject::User(user)))
        .await;
    bench
        .try_from("192.0.2.1", "nobody@example.com", "wrong")
        .await;
    assert_eq!(bench.accounts.purge(bench.now()).await.unwrap(), 0);
    bench.clock.advance(50 * DAY);
    let live = bench.sign_in("mara@example.com", PASSWORD).await;
    assert!(bench.accounts.purge(bench.now()).await.unwrap() >= 3);
    assert!(bench.session(&live).await.is_some());
    let left: (i64, i64) = sqlx::query_as(
        "select (select count(*) from sessions), (select count(*) from auth_tokens)",
    )
    .fetch_one(bench.db.pool())
    .await
    .unwrap();
    assert_eq!(left, (1, 0));
}
