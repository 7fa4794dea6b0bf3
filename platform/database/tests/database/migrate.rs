use std::time::Duration;

use database::SetupError;
use database::migrate::{Owner, migrate, pending};
use database::pools::{PoolSettings, connect};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

use testkit::Role;

use crate::support::database;

fn owner(key: &'static str, steps: &[(i64, &str)]) -> Owner {
    let steps = steps
        .iter()
        .map(|(version, sql)| {
            Migration::new(
                *version,
                "step".into(),
                MigrationType::Simple,
                AssertSqlSafe((*sql).to_owned()).into_sql_str(),
                false,
            )
        })
        .collect();
    let mut migrator = Migrator::with_migrations(steps);
    migrator.dangerous_set_table_name(format!("{key}_migrations"));
    Owner {
        key,
        migrator: Box::leak(Box::new(migrator)),
    }
}

fn versions(steps: &[database::migrate::Step]) -> Vec<(&str, i64)> {
    steps
        .iter()
        .map(|step| (step.owner, step.version))
        .collect()
}

#[tokio::test]
async fn owners_migrate_in_order_each_with_its_own_history() {
    let database = database().await;
    let owners = [
        owner(
            "first",
            &[
                (1, "create table first_a (id int)"),
                (2, "create table first_b (id int)"),
            ],
        ),
        owner(
            "second",
            &[(1, "create table second_a as select * from first_b")],
        ),
    ];
    let pool = connect(database.options(Role::Platform), PoolSettings::default())
        .await
        .unwrap();
    let all = vec![("first", 1), ("first", 2), ("second", 1)];
    assert_eq!(versions(&pending(&pool, &owners).await.unwrap()), all);
    let applied = migrate(database.options(Role::Owner), &owners)
        .await
        .unwrap();
    assert_eq!(versions(&applied), all);
    assert!(pending(&pool, &owners).await.unwrap().is_empty());
    assert!(
        migrate(database.options(Role::Owner), &owners)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn many_may_migrate_at_once_and_each_step_happens_once() {
    let database = database().await;
    let owners = [owner(
        "first",
        &[(1, "create table first_a (id int); select pg_sleep(0.3)")],
    )];
    let runs = (0..4).map(|_| migrate(database.options(Role::Owner), &owners));
    let applied: usize = futures::future::try_join_all(runs)
        .await
        .unwrap()
        .iter()
        .map(Vec::len)
        .sum();
    assert_eq!(applied, 1);
}

#[tokio::test]
async fn an_edited_or_removed_migration_is_refused_and_a_newer_schema_is_not() {
    let database = database().await;
    let original = [owner("first", &[(1, "select 1"), (2, "select 2")])];
    migrate(database.options(Role::Owner), &original)
        .await
        .unwrap();

    let edited = [owner("first", &[(1, "select 1"), (2, "select 22")])];
    let error = migrate(database.options(Role::Owner), &edited)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            SetupError::Edited {
                owner: "first",
                version: 2
            }
        ),
        "{error}"
    );

    let removed = [owner("first", &[(2, "select 2")])];
    let error = migrate(database.options(Role::Owner), &removed)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            SetupError::Removed {
                owner: "first",
                version: 1
            }
        ),
        "{error}"
    );

    let older = [owner("first", &[(1, "select 1")])];
    assert!(
        migrate(database.options(Role::Owner), &older)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_failure_keeps_what_came_before_and_nothing_of_itself() {
    let database = database().await;
    let broken = "create table first_b (id int); select 1 / 0";
    let owners = [owner(
        "first",
        &[(1, "create table first_a (id int)"), (2, broken)],
    )];
    let error = migrate(database.options(Role::Owner), &owners)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            SetupError::Migration {
                owner: "first",
                version: 2,
                ..
            }
        ),
        "{error}"
    );
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relname like 'first\\__' order by 1",
    )
    .fetch_all(&mut database.connect(Role::Superuser).await)
    .await
    .unwrap();
    assert_eq!(tables, ["first_a"]);
}

/// A migration that waits for a lock makes every later reader wait behind it, so it gives up and comes again.
#[tokio::test]
async fn a_lock_that_is_held_delays_a_migration_and_does_not_fail_it() {
    let database = database().await;
    migrate(
        database.options(Role::Owner),
        &[owner("first", &[(1, "create table first_a (id int)")])],
    )
    .await
    .unwrap();
    let mut reader = database.connect(Role::Owner).await;
    let mut tx = reader.begin().await.unwrap();
    tx.execute("select from first_a").await.unwrap();
    let steps = [
        (1, "create table first_a (id int)"),
        (2, "alter table first_a add note text"),
    ];
    let owners = [owner("first", &steps)];
    let run = tokio::spawn(migrate(
        database.options(Role::Owner),
        Box::leak(Box::new(owners)),
    ));
    // Longer than the lock timeout, so that at least one try has failed by then.
    let mut watcher = database.connect(Role::Platform).await;
    watcher.execute("select pg_sleep(2.6)").await.unwrap();
    assert!(!run.is_finished());
    tx.rollback().await.unwrap();
    let applied = tokio::time::timeout(Duration::from_secs(20), run)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(versions(&applied), [("first", 2)]);
}
