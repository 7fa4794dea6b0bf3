//! The catalogue and subscriptions: what the database guarantees about them.

use std::time::Duration;

use billing::{standings, start_trial};
use catalog::Catalog;
use database::{Change, PlatformDb};
use kernel::{Access, Clock, Error, SubscriptionStatus, TenantId};
use sqlx::{Executor as _, PgConnection};
use testkit::{Database, Role};

use crate::support::TEMPLATE;

const DAY: Duration = Duration::from_hours(24);

struct Shop {
    database: Database,
    clock: Clock,
    db: PlatformDb,
    catalog: Catalog,
}

impl Shop {
    async fn open() -> Self {
        let database = Database::new(&TEMPLATE).await;
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let db = PlatformDb::new(database.pool(Role::Platform));
        let catalog = Catalog::new(db.clone(), clock.clone());
        catalog.seed().await.unwrap();
        Self {
            database,
            clock,
            db,
            catalog,
        }
    }

    async fn tenant(&self) -> TenantId {
        let tenant = TenantId::new();
        sqlx::query(
            "insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, created_at, updated_at)
             values ($1, 's' || substr(md5($1::text), 1, 20), 'Northlight', 'active', 'en', 'UTC', 'EUR', '#c2410c', now(), now())",
        )
        .bind(tenant)
        .execute(&mut self.database.connect(Role::Superuser).await)
        .await
        .unwrap();
        tenant
    }

    async fn try_out(&self, tenant: TenantId) -> kernel::Result<()> {
        let mut tx = self.db.begin().await?;
        start_trial(tx.conn(), tenant, "blog", self.clock.now()).await?;
        tx.commit().await
    }

    async fn access(&self, tenant: TenantId) -> Access {
        let mut conn = self.db.pool().acquire().await.unwrap();
        let standings = standings(&mut conn, tenant).await.unwrap();
        standings[0].access(self.clock.now())
    }

    /// A connection in the tenant's role, inside a transaction bound to it.
    async fn bound(&self, tenant: TenantId) -> PgConnection {
        let mut connection = self.database.connect(Role::Tenant).await;
        let bind = format!("begin; set local app.tenant_id = '{tenant}'");
        connection.execute(sqlx::AssertSqlSafe(bind)).await.unwrap();
        connection
    }
}

#[tokio::test]
async fn the_first_catalogue_is_written_once_and_never_over_what_operators_did() {
    let shop = Shop::open().await;
    let offers = shop.catalog.offers().await.unwrap();
    let blog = offers.iter().find(|product| product.on_sale).unwrap();
    assert_eq!(blog.name, "Blog");
    assert!(
        blog.plans
            .iter()
            .all(|plan| plan.prices.len() == 2 && plan.trial_days == 21)
    );
    assert!(offers.iter().filter(|product| !product.on_sale).count() >= 3);
    shop.db
        .pool()
        .execute("update products set name = 'Journal' where module_key = 'blog'")
        .await
        .unwrap();
    shop.catalog.seed().await.unwrap();
    let again = shop.catalog.offers().await.unwrap();
    assert_eq!(again.len(), offers.len());
    assert!(again.iter().any(|product| product.name == "Journal"));
    assert_eq!(
        again
            .iter()
            .map(|product| product.plans.len())
            .sum::<usize>(),
        2
    );
}

#[tokio::test]
async fn a_price_is_never_changed() {
    let shop = Shop::open().await;
    for forbidden in [
        "update plan_prices set amount_minor = 1",
        "update plan_prices set currency = 'USD'",
        "update plan_prices set version = 2",
        "delete from plan_prices",
    ] {
        assert!(
            shop.db.pool().execute(forbidden).await.is_err(),
            "{forbidden}"
        );
    }
    let end = "update plan_prices set active_until = active_from + interval '1 day'";
    shop.db.pool().execute(end).await.unwrap();
    shop.clock.advance(DAY);
    let offers = shop.catalog.offers().await.unwrap();
    assert!(
        offers
            .iter()
            .flat_map(|product| &product.plans)
            .all(|plan| plan.prices.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_trials_begun_at_once_one_begins() {
    let shop = Shop::open().await;
    let tenant = shop.tenant().await;
    let tries = futures::future::join_all((0..20).map(|_| shop.try_out(tenant))).await;
    let (begun, refused): (Vec<_>, Vec<_>) = tries.into_iter().partition(Result::is_ok);
    assert_eq!(begun.len(), 1);
    for error in refused {
        assert_eq!(error.unwrap_err().code(), "trial_used");
    }
    // Another tenant's trial is its own.
    shop.try_out(shop.tenant().await).await.unwrap();
}

#[tokio::test]
async fn a_trial_is_had_once_even_when_it_is_long_over() {
    let shop = Shop::open().await;
    let tenant = shop.tenant().await;
    shop.try_out(tenant).await.unwrap();
    shop.db
        .pool()
        .execute("update subscriptions set status = 'expired', ended_at = now()")
        .await
        .unwrap();
    shop.clock.advance(DAY * 400);
    let refused = shop.try_out(tenant).await.unwrap_err();
    assert!(matches!(
        refused,
        Error::Conflict {
            code: "trial_used",
            ..
        }
    ));
}

#[tokio::test]
async fn a_trial_ends_on_time_without_any_job() {
    let shop = Shop::open().await;
    let tenant = shop.tenant().await;
    shop.try_out(tenant).await.unwrap();
    let mut day = 0;
    for (until, expected) in [
        (20, Access::Full),
        (21, Access::ReadOnly),
        (27, Access::ReadOnly),
        (28, Access::Blocked),
    ] {
        shop.clock.advance(DAY * (until - day));
        day = until;
        assert_eq!(shop.access(tenant).await, expected, "day {until}");
    }
}

#[tokio::test]
async fn a_product_has_one_living_subscription_and_the_newest_counts() {
    let shop = Shop::open().await;
    let tenant = shop.tenant().await;
    shop.try_out(tenant).await.unwrap();
    let again = "insert into subscriptions (tenant_id, id, product_id, plan_id, status, collection, created_at, updated_at)
                 select tenant_id, gen_random_uuid(), product_id, plan_id, 'active', 'free', created_at, updated_at
                 from subscriptions";
    let refused = shop.db.pool().execute(again).await.unwrap_err();
    assert_eq!(
        refused
            .as_database_error()
            .and_then(|error| error.constraint()),
        Some("subscriptions_tenant_id_product_id_key")
    );
    shop.db
        .pool()
        .execute("update subscriptions set status = 'expired', ended_at = now()")
        .await
        .unwrap();
    shop.db.pool().execute(again).await.unwrap();
    let mut conn = shop.db.pool().acquire().await.unwrap();
    let standings = standings(&mut conn, tenant).await.unwrap();
    assert_eq!(standings.len(), 1);
    assert_eq!(standings[0].status, SubscriptionStatus::Active);
}

#[tokio::test]
async fn each_step_is_told_to_all_nodes_and_kept_for_ever() {
    let shop = Shop::open().await;
    let tenant = shop.tenant().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(shop.db.pool())
        .await
        .unwrap();
    listener.listen(database::CHANNEL).await.unwrap();
    shop.try_out(tenant).await.unwrap();
    // The event about it wakes the dispatcher as well.
    let told = async {
        loop {
            let heard = listener.recv().await.unwrap();
            match Change::parse(heard.payload()) {
                Some(Change::Work) => {}
                other => return other,
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(5), told).await;
    let told = told.expect("news within five seconds");
    assert_eq!(told, Some(Change::Tenant(tenant)));
    let kinds: Vec<String> = sqlx::query_scalar("select kind from subscription_events")
        .fetch_all(shop.db.pool())
        .await
        .unwrap();
    assert_eq!(kinds, ["trial_started"]);
    for forbidden in [
        "update subscription_events set kind = 'x'",
        "delete from subscription_events",
        "delete from subscriptions",
        "delete from subscription_trials",
    ] {
        assert!(
            shop.db.pool().execute(forbidden).await.is_err(),
            "{forbidden}"
        );
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_subscription_and_changes_nothing() {
    let shop = Shop::open().await;
    let (tenant, other) = (shop.tenant().await, shop.tenant().await);
    shop.try_out(tenant).await.unwrap();
    shop.try_out(other).await.unwrap();
    let mut bound = shop.bound(tenant).await;
    let seen: Vec<TenantId> = sqlx::query_scalar("select tenant_id from subscriptions")
        .fetch_all(&mut bound)
        .await
        .unwrap();
    assert_eq!(seen, [tenant]);
    for forbidden in [
        "update subscriptions set status = 'active'",
        "delete from subscriptions",
        "delete from subscription_trials",
        "insert into subscription_trials (tenant_id, product_id, started_at) select tenant_id, product_id, now() from subscriptions",
        "insert into subscription_events select * from subscription_events",
        "select from plan_prices",
        "update products set status = 'retired'",
    ] {
        let mut bound = shop.bound(tenant).await;
        assert!(bound.execute(forbidden).await.is_err(), "{forbidden}");
    }
}
