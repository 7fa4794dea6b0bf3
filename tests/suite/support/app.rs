//! The platform in process, over a database of the test's own, with a clock that stands still.

use std::sync::LazyLock;
use std::time::Duration;

use database::Binding;
use files::FilesSettings;
use kernel::{Clock, OperatorRole, Role, Timestamp};
use module::Links;
use server::platform::{Parts, Platform};
use server::settings::Settings;
use services::Mailer;
use sqlx::Row as _;
use testkit::{Database, Template};

use super::{Bytes, Client};

/// What every person in tests signs in with.
pub const MEMBER_PASSWORD: &str = "correct horse battery staple";

/// Who is told when somebody asks for an invoice.
pub const OPERATORS: &str = "billing@atelier.test";

/// All migrations of the product.
pub static TEMPLATE: LazyLock<Template> = LazyLock::new(|| Template {
    key: "product",
    owners: server::schema::owners().leak(),
    seed: None,
});

/// The platform in process.
pub struct TestApp {
    pub database: Database,
    pub platform: Platform,
    pub clock: Clock,
    /// Where its files are.
    pub bytes: Bytes,
}

/// A tenant that signed up through the pages, with its owner signed in.
pub struct TestTenant {
    pub slug: String,
    /// The owner's browser, on the tenant's host.
    pub owner: Client,
}

/// A mail that left.
#[derive(Debug)]
pub struct Letter {
    pub subject: String,
    pub text: String,
}

impl Letter {
    /// The first link in it.
    pub fn link(&self) -> String {
        let start = self
            .text
            .find("http")
            .unwrap_or_else(|| panic!("no link in {}", self.text));
        self.text[start..]
            .split_whitespace()
            .next()
            .expect("a link")
            .to_owned()
    }
}

impl TestApp {
    /// A platform at 2026-03-02 09:00 UTC, a Monday, with its catalogue.
    pub async fn new() -> Self {
        Self::at("2026-03-02T09:00:00Z").await
    }

    pub async fn at(now: &str) -> Self {
        let database = Database::new(&TEMPLATE).await;
        let clock = Clock::fixed(now.parse::<Timestamp>().expect("an instant"));
        let bytes = Bytes::new();
        let platform = build(
            &database,
            bytes.settings(),
            clock.clone(),
            "http://atelier.test",
        );
        platform.catalog.seed().await.expect("the catalogue");
        Self {
            database,
            platform,
            clock,
            bytes,
        }
    }

    /// A second node over the same database.
    pub fn second_node(&self) -> Platform {
        self.node_at("http://atelier.test")
    }

    /// A node over the same database that keeps files elsewhere.
    pub fn node_with_files(&self, files: FilesSettings) -> Platform {
        build(
            &self.database,
            files,
            self.clock.clone(),
            "http://atelier.test",
        )
    }

    /// A node over the same database that is reached under another address.
    pub fn node_at(&self, base: &str) -> Platform {
        build(
            &self.database,
            self.bytes.settings(),
            self.clock.clone(),
            base,
        )
    }

    /// A browser that nobody signed in with, on the base host.
    pub fn visitor(&self) -> Client {
        Client::new(
            self.platform.router.clone(),
            "http://atelier.test".to_owned(),
        )
    }

    /// A tenant that signs up and confirms, as a person would.
    pub async fn tenant(&self, slug: &str) -> TestTenant {
        let browser = self.visitor();
        let email = format!("owner@{slug}.test");
        self.sign_up(&browser, slug, &email).await;
        let link = self.letter(&email).await.link();
        let path = link
            .strip_prefix("http://atelier.test")
            .expect("a link on the base host");
        browser.get(path).await.expect(200);
        let entered = browser.follow(browser.post(path, &[]).await).await;
        assert_eq!(
            entered.status, 200,
            "{} answered {}",
            entered.url, entered.body
        );
        TestTenant {
            slug: slug.to_owned(),
            owner: browser.on(&format!("http://{slug}.atelier.test")),
        }
    }

    /// Fills in the form of sign-up.
    pub async fn sign_up(&self, browser: &Client, slug: &str, email: &str) {
        let name = format!("{}{}", slug[..1].to_uppercase(), &slug[1..]);
        let form = [
            ("interest", "blog"),
            ("name", name.as_str()),
            ("slug", slug),
            ("person", "Mara Lindqvist"),
            ("email", email),
            ("password", MEMBER_PASSWORD),
            ("time_zone", "Europe/Berlin"),
        ];
        let reply = browser.follow(browser.post("/signup", &form).await).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    /// The newest mail to somebody.
    pub async fn letter(&self, to: &str) -> Letter {
        self.letters(to)
            .await
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no mail to {to}"))
    }

    /// All mail to somebody, newest first.
    pub async fn letters(&self, to: &str) -> Vec<Letter> {
        let pool = self.database.pool(testkit::Role::Superuser);
        let rows = sqlx::query(
            "select subject, body_text from mail_messages where lower(to_address) = lower($1) order by created_at desc, id desc",
        )
        .bind(to)
        .fetch_all(&pool)
        .await
        .expect("mail");
        rows.iter()
            .map(|row| Letter {
                subject: row.get(0),
                text: row.get(1),
            })
            .collect()
    }

    /// An operator of that rank, signed in at the console: `<role>@ops.test`.
    pub async fn operator(&self, role: OperatorRole) -> Client {
        let email = format!("{role}@ops.test");
        let name = format!("Priya {}", role.title());
        let password = Some(MEMBER_PASSWORD);
        server::commands::operator::add(&self.platform, &email, &name, role.key(), password)
            .await
            .expect("an operator");
        let browser = self.visitor().on("http://ops.atelier.test");
        let form = [("email", email.as_str()), ("password", MEMBER_PASSWORD)];
        browser.post("/login", &form).await.expect(303);
        browser
    }

    /// Lets all trials last for another year, for tests in which months pass: work of a lapsed product waits.
    pub async fn prolong_trials(&self) {
        let later = "update subscriptions set trial_end = trial_end + interval '1 year'";
        let pool = self.database.pool(testkit::Role::Superuser);
        sqlx::raw_sql(later).execute(&pool).await.unwrap();
        self.forget();
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Does all work that is due.
    pub async fn run_jobs(&self) {
        self.platform.worker.drain().await.expect("jobs run");
    }

    /// Forgets everything that is cached, as news of a change would.
    pub fn forget(&self) {
        self.platform.forget(database::Change::Everything);
    }
}

impl TestTenant {
    /// Somebody who was invited by the owner and joined: their browser, on the tenant's host.
    pub async fn member(&self, app: &TestApp, role: Role, name: &str) -> Client {
        let email = format!("{}@{}.test", role.key(), self.slug);
        let form = [("email", email.as_str()), ("role", role.key())];
        self.owner
            .post("/app/people/invite", &form)
            .await
            .expect(303);
        let link = app.letter(&email).await.link();
        let path = link
            .strip_prefix("http://atelier.test")
            .expect("a link on the base host");
        let browser = app.visitor();
        browser.get(path).await.expect(200);
        let form = [("name", name), ("password", MEMBER_PASSWORD)];
        let joined = browser.post(&format!("{path}/register"), &form).await;
        let entered = browser.follow(joined).await.expect(200);
        assert!(
            entered.url.starts_with(&self.origin()),
            "{} is not the workspace",
            entered.url
        );
        browser.on(&self.origin())
    }

    /// The origin of its host.
    pub fn origin(&self) -> String {
        format!("http://{}.atelier.test", self.slug)
    }
}

fn build(database: &Database, files: FilesSettings, clock: Clock, base: &str) -> Platform {
    let settings = Settings::from_environment(&std::collections::HashMap::new()).expect("defaults");
    let parts = Parts {
        development: true,
        links: Links::parse(base).expect("a base URL"),
        clock,
        tenant_pool: database.pool(testkit::Role::Tenant),
        platform_pool: database.pool(testkit::Role::Platform),
        binding: Binding::Plain,
        mailer: Mailer::Development,
        proxies: tenant_resolver::Proxies::default(),
        job_limit: settings.worker.job_limit(),
        files,
        http: settings.http,
        billing_operators: vec![kernel::Email::parse(OPERATORS).expect("an address")],
        access: settings.access,
    };
    Platform::build(parts).expect("a platform")
}
