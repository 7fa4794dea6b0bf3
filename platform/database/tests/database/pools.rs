use std::time::Duration;

use database::pools::{PoolSettings, connect};
use database::roles::TENANT;

use testkit::Role;

use crate::support::database;

#[tokio::test]
async fn a_full_pool_answers_unavailable_instead_of_hanging() {
    let database = database().await;
    let settings = PoolSettings {
        connections: 1,
        acquire_timeout: Duration::from_millis(50),
    };
    let pool = connect(database.options(Role::Tenant), settings)
        .await
        .unwrap();
    let held = pool.acquire().await.unwrap();
    let refused = kernel::Error::from(pool.acquire().await.unwrap_err());
    assert!(
        matches!(refused, kernel::Error::Unavailable(_)),
        "{refused:?}"
    );
    drop(held);
    assert!(pool.acquire().await.is_ok());
}

#[tokio::test]
async fn connections_that_died_in_the_pool_are_replaced_by_begin() {
    let database = database().await;
    let settings = PoolSettings {
        connections: 4,
        ..PoolSettings::default()
    };
    let pool = connect(database.options(Role::Tenant), settings)
        .await
        .unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(pool.acquire().await.unwrap());
    }
    drop(held);
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where usename = $1 and datname = current_database()",
    )
    .bind(TENANT)
    .execute(&mut database.connect(Role::Superuser).await)
    .await
    .unwrap();
    for _ in 0..4 {
        let mut tx = database::begin::begin_platform(&pool).await.unwrap();
        let one: i32 = sqlx::query_scalar("select 1")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(one, 1);
    }
}

#[tokio::test]
async fn a_wrong_address_shows_itself_at_once() {
    let database = database().await;
    let options = database.options(Role::Tenant).database("no_such_database");
    assert!(connect(options, PoolSettings::default()).await.is_err());
}

#[tokio::test]
async fn a_thousand_statements_stay_prepared() {
    let database = database().await;
    let settings = PoolSettings {
        connections: 1,
        ..PoolSettings::default()
    };
    let pool = connect(database.options(Role::Tenant), settings)
        .await
        .unwrap();
    let mut conn = pool.acquire().await.unwrap();
    for number in 0..1_000 {
        let text = sqlx::AssertSqlSafe(format!("select {number} + $1"));
        sqlx::query(text).bind(1).execute(&mut *conn).await.unwrap();
    }
    let prepared: i64 = sqlx::query_scalar("select count(*) from pg_prepared_statements")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert!(prepared >= 1_000, "{prepared}");
}
