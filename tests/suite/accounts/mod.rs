//! Accounts: passwords, sessions, tokens and limits, as the role `atelier_platform` and with a clock that is moved.

mod limit_tests;
mod log_in_tests;
mod password_tests;
mod session_tests;
mod token_tests;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use ::accounts::limits::{self, Limit, Verdict};
use ::accounts::sessions::{self, NewSession, RevokeReason};
use ::accounts::tokens::{self, NewToken, Purpose, Subject};
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
