//! A platform with one workspace, prices to choose from, and an operator who does things by hand.

use std::time::Duration;

use billing::{
    Act, Activation, Actor, Billing, Cycle, PriceId, Subscription, SubscriptionId, profiles,
};
use kernel::{Access, Result, TenantId, Timestamp};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::{TestApp, TestTenant};

pub const DAY: Duration = Duration::from_hours(24);

/// Where the workspace's mail about money goes.
pub const BOOKS: &str = "books@northlight.test";

pub struct Shop {
    pub app: TestApp,
    pub northlight: TestTenant,
    pub tenant: TenantId,
}

impl Shop {
    /// On 2 March 2026 at 09:00 UTC, with the workspace's trial just begun: it ends on 23 March.
    pub async fn open() -> Self {
        let app = TestApp::new().await;
        let northlight = app.tenant("northlight").await;
        let tenant = sqlx::query_scalar("select id from tenants where slug = 'northlight'")
            .fetch_one(app.platform.db.pool())
            .await
            .unwrap();
        Self {
            app,
            northlight,
            tenant,
        }
    }

    pub fn billing(&self) -> &Billing {
        &self.app.platform.billing
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Moves the clock; the platform does nothing about it.
    pub fn pass(&self, days: u32) {
        self.app.advance(DAY * days);
    }

    /// Moves the clock day by day, with the platform doing its work each day.
    pub async fn live(&self, days: u32) {
        for _ in 0..days {
            self.pass(1);
            self.billing().attend(self.now()).await.unwrap();
        }
    }

    /// An operator's act.
    pub fn by_operator(&self) -> Act {
        let actor = Actor::operator(kernel::new_uuid(), "Kim of Atelier");
        Act::new(self.tenant, actor, self.now()).because("Asked for by phone")
    }

    /// An act of the workspace's owner.
    pub fn by_owner(&self) -> Act {
        let actor = Actor::member(kernel::MembershipId::new(), "Mara Lindqvist");
        Act::new(self.tenant, actor, self.now())
    }

    /// Does something in a transaction, which is committed when it worked.
    pub async fn act<T, F>(&self, act: F) -> Result<T>
    where
        F: AsyncFnOnce(&Billing, &mut PgConnection) -> Result<T>,
    {
        let mut tx = self.app.platform.db.begin().await?;
        let done = act(self.billing(), tx.conn()).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// The price in force of a plan of the blog.
    pub async fn price(&self, plan: &str, cycle: Cycle) -> PriceId {
        let sql = "select x.id from plan_prices x join plans l on l.id = x.plan_id
                   where l.slug = $1 and x.billing_cycle = $2 order by x.version desc limit 1";
        sqlx::query_scalar(sql)
            .bind(plan)
            .bind(cycle.as_str())
            .fetch_one(self.app.platform.db.pool())
            .await
            .unwrap()
    }

    /// Adds a plan that costs nothing, for one person, below all others; returns its price.
    pub async fn free_plan(&self) -> PriceId {
        let plan = kernel::new_uuid();
        self.run(&format!(
            "insert into plans (id, product_id, slug, name, description, status, is_public, sort, trial_days, features, created_at)
             select '{plan}', id, 'free', 'Free', 'To begin with.', 'active', true, -1, 0, '{{One person}}', created_at
             from products where slug = 'blog'"
        )).await;
        self.run(&format!(
            "insert into plan_entitlements (plan_id, key, kind, value) values ('{plan}', 'workspace.seats', 'count', 1)"
        )).await;
        self.new_price("free", Cycle::Monthly, 0).await
    }

    /// Publishes another version of a price, in force from now on in place of the one before.
    pub async fn new_price(&self, plan: &str, cycle: Cycle, minor: i64) -> PriceId {
        let (price, now) = (PriceId::new(), self.now());
        let cycle = cycle.as_str();
        self.run(&format!(
            "update plan_prices x set active_until = '{now}' from plans l
             where l.id = x.plan_id and l.slug = '{plan}' and x.billing_cycle = '{cycle}' and x.active_from < '{now}'"
        )).await;
        self.run(&format!(
            "insert into plan_prices (id, plan_id, version, currency, amount_minor, billing_cycle, active_from)
             select '{price}', l.id, 1 + (select count(*) from plan_prices x where x.plan_id = l.id), 'EUR', {minor}, '{cycle}', '{now}'
             from plans l where l.slug = '{plan}'"
        )).await;
        price
    }

    async fn run(&self, sql: &str) {
        sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(self.app.platform.db.pool())
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The newest subscription as it is stored.
    pub async fn stored(&self) -> Subscription {
        let mut conn = self.app.platform.db.pool().acquire().await.unwrap();
        let found = self.billing().subscriptions(&mut conn, self.tenant).await;
        found.unwrap().remove(0)
    }

    pub async fn id(&self) -> SubscriptionId {
        self.stored().await.id
    }

    /// What the workspace may do with its blog now, as every request finds out.
    pub async fn access(&self) -> Access {
        self.stored().await.access(self.now())
    }

    /// Enters billing details, so that invoices can be asked for.
    pub async fn enter_details(&self) {
        let act = self.by_owner();
        let input = profiles::ProfileInput {
            legal_name: "Northlight GmbH".into(),
            billing_email: BOOKS.into(),
            address: "Kai 1\n20457 Hamburg".into(),
            country: Some("DE".into()),
            tax_id: None,
        };
        self.act(async |_, conn| profiles::save(conn, &act, input).await)
            .await
            .unwrap();
    }

    /// An operator activates a plan that is paid for from now on.
    pub async fn activate(&self, plan: &str, cycle: Cycle) -> Subscription {
        let activation = Activation {
            price: self.price(plan, cycle).await,
            quantity: 1,
            start: self.now(),
            paid: true,
        };
        let act = self.by_operator();
        self.act(async |billing, conn| billing.activate(conn, &act, activation).await)
            .await
            .unwrap()
    }

    /// The owner chooses a plan.
    pub async fn choose(&self, price: PriceId) -> Result<Subscription> {
        let act = self.by_owner();
        let chosen = self
            .act(async |billing, conn| billing.choose(conn, &act, price, true).await)
            .await?;
        Ok(chosen.0)
    }

    pub async fn pay(&self) -> Result<Subscription> {
        let (act, id) = (self.by_operator(), self.id().await);
        self.act(async |billing, conn| billing.record_payment(conn, &act, id).await)
            .await
    }

    /// Kinds of all that happened, oldest first.
    pub async fn history(&self) -> Vec<String> {
        let mut conn = self.app.platform.db.pool().acquire().await.unwrap();
        let events = self
            .billing()
            .history(&mut conn, self.tenant, 100)
            .await
            .unwrap();
        events.into_iter().rev().map(|event| event.kind).collect()
    }

    /// Subjects of all mail to somebody about subscriptions, oldest first.
    pub async fn mail(&self, to: &str) -> Vec<String> {
        sqlx::query_scalar(
            "select subject from mail_messages where to_address = $1 and template like 'billing.%' order by created_at, id",
        )
        .bind(to)
        .fetch_all(self.app.platform.db.pool())
        .await
        .unwrap()
    }

    /// Text of the newest mail that was written from a template.
    pub async fn letter(&self, template: &str) -> String {
        sqlx::query_scalar(
            "select body_text from mail_messages where template = $1 order by created_at desc, id desc limit 1",
        )
        .bind(template)
        .fetch_one(self.app.platform.db.pool())
        .await
        .unwrap()
    }

    /// The recurring revenue in cents, and what the history says it must be.
    pub async fn revenue(&self) -> (i64, i64) {
        let mut conn = self.app.platform.db.pool().acquire().await.unwrap();
        let all = billing::metrics::recurring_revenue(&mut conn)
            .await
            .unwrap();
        let moved: i64 = sqlx::query_scalar(
            "select coalesce(sum(mrr_delta_minor), 0)::bigint from subscription_events",
        )
        .fetch_one(self.app.platform.db.pool())
        .await
        .unwrap();
        (all.iter().map(|money| money.minor).sum(), moved)
    }
}

pub fn day(text: &str) -> Timestamp {
    format!("{text}T09:00:00Z").parse().unwrap()
}
