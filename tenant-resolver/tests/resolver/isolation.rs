//! No tenant reaches another: on a pool of one connection, so that every fault of one transaction meets the next.

use std::sync::Arc;
use std::time::Duration;

use database::Binding;
use futures::future::BoxFuture;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tenant_resolver::{TenantDb, TenantResolver, TenantStatus, TenantTx};
use testkit::{Database, Role, Template};

use crate::directory::Directory;

static NOTES: Template = Template {
    key: "tenant-resolver",
    owners: &[],
    seed: Some(seed),
};

fn seed(mut conn: PgConnection) -> BoxFuture<'static, sqlx::Result<()>> {
    Box::pin(async move {
        conn.execute(
            "create table notes (tenant_id uuid not null, id uuid not null, body text not null, primary key (tenant_id, id));
             alter table notes enable row level security;
             alter table notes force row level security;
             create policy tenant on notes to atelier_tenant
               using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
               with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
             grant select, insert, update, delete on notes to atelier_tenant",
        )
        .await?;
        conn.close().await
    })
}

/// Two tenants, each with one note, over one pool.
pub struct Two {
    pub pool: PgPool,
    pub a: TenantDb,
    pub b: TenantDb,
    _database: Database,
}

/// Each way of binding, with a pool of `connections`.
pub async fn each_binding(connections: u32) -> Vec<Two> {
    vec![
        two(Binding::Plain, connections).await,
        two(Binding::Citus, connections).await,
    ]
}

async fn two(binding: Binding, connections: u32) -> Two {
    let database = Database::new(&NOTES).await;
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .connect_with(database.options(Role::Tenant))
        .await
        .expect("the test server answers");
    let directory = Arc::new(Directory::default());
    let resolver = TenantResolver::new(pool.clone(), binding, directory.clone());
    let mut dbs = Vec::new();
    for slug in ["a", "b"] {
        let tenant = directory.put(slug, TenantStatus::Active);
        let site = resolver
            .by_id(tenant.id)
            .await
            .expect("an answer")
            .expect("a tenant");
        let mut tx = site.db.begin().await.expect("a transaction");
        write(&mut tx, slug).await.expect("a note");
        tx.commit().await.expect("a commit");
        dbs.push(site.db);
    }
    let b = dbs.pop().expect("two tenants");
    let a = dbs.pop().expect("two tenants");
    Two {
        pool,
        a,
        b,
        _database: database,
    }
}

async fn write(tx: &mut TenantTx, body: &str) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query("insert into notes (tenant_id, id, body) values ($1, $2, $3)")
        .bind(tenant)
        .bind(kernel::new_uuid())
        .bind(body)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Everything the transaction can see. Does not name the tenant, so that the net below is what is tested.
async fn bodies(tx: &mut TenantTx) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("select body from notes order by body")
        .fetch_all(tx.conn())
        .await
}

impl Two {
    /// Nothing of any tenant is left on the connection, and the other tenant sees its own alone.
    pub async fn assert_clean(&self, after: &str) {
        let mut begun = Vec::new();
        for _ in 0..2 {
            let (setting, rows, at): (String, i64, String) = sqlx::query_as(
                "select coalesce(current_setting('app.tenant_id', true), ''),
                        (select count(*) from notes),
                        transaction_timestamp()::text",
            )
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{after}: {error}"));
            assert_eq!(setting, "", "after {after} the connection is still bound");
            assert_eq!(rows, 0, "after {after} rows are visible without a tenant");
            begun.push(at);
        }
        assert_ne!(
            begun[0], begun[1],
            "after {after} the transaction is still open"
        );
        let mut tx = self.b.begin().await.expect("a transaction");
        assert_eq!(
            bodies(&mut tx).await.expect("a list"),
            ["b"],
            "after {after}"
        );
    }
}

#[tokio::test]
async fn the_tenant_is_gone_after_every_kind_of_end() {
    for two in each_binding(1).await {
        let mut tx = two.a.begin().await.unwrap();
        assert_eq!(bodies(&mut tx).await.unwrap(), ["a"]);
        tx.commit().await.unwrap();
        two.assert_clean("commit").await;

        let mut tx = two.a.begin().await.unwrap();
        write(&mut tx, "lost").await.unwrap();
        drop(tx);
        two.assert_clean("a dropped transaction").await;

        let mut tx = two.a.begin().await.unwrap();
        assert_eq!(
            bodies(&mut tx).await.unwrap(),
            ["a"],
            "what was dropped was rolled back"
        );
        assert!(
            sqlx::query("select 1 / 0")
                .execute(tx.conn())
                .await
                .is_err()
        );
        drop(tx);
        two.assert_clean("a failed statement").await;

        let mut tx = two.a.begin().await.unwrap();
        assert!(
            sqlx::query("select 1 / 0")
                .execute(tx.conn())
                .await
                .is_err()
        );
        // PostgreSQL answers this commit with a rollback.
        let _ = tx.commit().await;
        two.assert_clean("the commit of a failed transaction").await;

        drop(two.a.begin().await.unwrap());
        two.assert_clean("an empty transaction").await;
    }
}

#[tokio::test]
async fn the_tenant_is_gone_after_a_future_cancelled_in_the_middle_of_a_statement() {
    for two in each_binding(1).await {
        let request = async {
            let mut tx = two.a.begin().await.unwrap();
            sqlx::query("select pg_sleep(0.3)")
                .execute(tx.conn())
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        assert!(
            tokio::time::timeout(Duration::from_millis(100), request)
                .await
                .is_err()
        );
        two.assert_clean("a cancelled statement").await;

        // The task of a request that is aborted, as a server does when the peer hangs up.
        let db = two.a.clone();
        let task = tokio::spawn(async move {
            let mut tx = db.begin().await.unwrap();
            write(&mut tx, "lost").await.unwrap();
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
        task.abort();
        let _ = task.await;
        two.assert_clean("an aborted task").await;
    }
}

#[tokio::test]
async fn savepoints_keep_the_tenant() {
    for two in each_binding(1).await {
        let mut tx = two.a.begin().await.unwrap();
        let mut inner = tx.conn().begin().await.unwrap();
        inner.execute("select 1").await.unwrap();
        inner.rollback().await.unwrap();
        assert_eq!(bodies(&mut tx).await.unwrap(), ["a"]);
        let mut inner = tx.conn().begin().await.unwrap();
        inner.execute("select 1").await.unwrap();
        inner.commit().await.unwrap();
        assert_eq!(bodies(&mut tx).await.unwrap(), ["a"]);
        tx.commit().await.unwrap();
        two.assert_clean("savepoints").await;
    }
}

/// A plan that remembered a tenant would give its rows to the next one.
#[tokio::test]
async fn alternating_tenants_over_one_prepared_statement_each_see_their_own() {
    for two in each_binding(1).await {
        for plans in ["auto", "force_generic_plan", "force_custom_plan"] {
            for _ in 0..10 {
                for (db, expected) in [(&two.a, "a"), (&two.b, "b")] {
                    let mut tx = db.begin().await.unwrap();
                    let mode = format!("set local plan_cache_mode = {plans}");
                    tx.conn().execute(sqlx::AssertSqlSafe(mode)).await.unwrap();
                    assert_eq!(bodies(&mut tx).await.unwrap(), [expected], "{plans}");
                    let named: Vec<String> =
                        sqlx::query_scalar("select body from notes where tenant_id = $1")
                            .bind(tx.tenant())
                            .fetch_all(tx.conn())
                            .await
                            .unwrap();
                    assert_eq!(named, [expected], "{plans}");
                }
            }
        }
        // It was indeed one statement, and it did run on a plan made for all tenants.
        let (prepared, generic): (i64, i64) = sqlx::query_as(
            "select count(*), sum(generic_plans)::int8 from pg_prepared_statements
             where statement = 'select body from notes order by body'",
        )
        .fetch_one(&two.pool)
        .await
        .unwrap();
        assert_eq!(prepared, 1);
        assert!(generic >= 20, "{generic}");
    }
}

#[tokio::test]
async fn a_tenant_can_neither_read_nor_write_nor_adopt_rows_of_another() {
    for two in each_binding(1).await {
        let other = two.b.tenant();
        let mut tx = two.a.begin().await.unwrap();
        for statement in [
            "select body from notes where tenant_id = $1",
            "update notes set body = 'x' where tenant_id = $1 returning body",
            "delete from notes where tenant_id = $1 returning body",
        ] {
            let rows: Vec<String> = sqlx::query_scalar(statement)
                .bind(other)
                .fetch_all(tx.conn())
                .await
                .unwrap();
            assert!(rows.is_empty(), "{statement}");
        }
        drop(tx);
        for statement in [
            "insert into notes (tenant_id, id, body) values ($1, gen_random_uuid(), 'x')",
            "update notes set tenant_id = $1",
        ] {
            let mut tx = two.a.begin().await.unwrap();
            let error = sqlx::query(statement)
                .bind(other)
                .execute(tx.conn())
                .await
                .unwrap_err();
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
        }
        two.assert_clean("attempts on another tenant").await;
    }
}

#[tokio::test]
async fn without_a_tenant_there_are_no_rows_and_no_error_storm() {
    for two in each_binding(1).await {
        // Once bound, the setting is an empty string and not null from then on: a bare cast would raise.
        drop(two.a.begin().await.unwrap());
        let (setting, rows): (Option<String>, i64) = sqlx::query_as(
            "select current_setting('app.tenant_id', true), (select count(*) from notes)",
        )
        .fetch_one(&two.pool)
        .await
        .unwrap();
        assert_eq!((setting.as_deref(), rows), (Some(""), 0));
    }
}

#[tokio::test]
async fn row_security_cannot_be_switched_off() {
    for two in each_binding(1).await {
        for statement in [
            "set local row_security = off; select body from notes",
            "alter table notes disable row level security",
            "alter table notes no force row level security",
            "drop policy tenant on notes",
            "set local role atelier_owner",
            "set local session authorization postgres",
        ] {
            let mut tx = two.a.begin().await.unwrap();
            let error = tx.conn().execute(statement).await.unwrap_err();
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
        }
        two.assert_clean("attempts to switch row security off")
            .await;
    }
}

#[tokio::test]
async fn what_outlives_a_transaction_is_not_to_be_had() {
    for two in each_binding(1).await {
        let mut tx = two.a.begin().await.unwrap();
        let error = tx
            .conn()
            .execute("create temporary table kept as select * from notes")
            .await
            .unwrap_err();
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{error}");
    }
}

/// Requests of many tenants at once, over few connections, each going away at a different moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_who_hang_up_leave_no_error_and_no_tenant_behind() {
    for two in each_binding(1).await {
        let two = Arc::new(two);
        let mut loyal = Vec::new();
        for number in 0..1_000u32 {
            let (db, expected) = if number % 2 == 0 {
                (two.a.clone(), "a")
            } else {
                (two.b.clone(), "b")
            };
            let request = async move {
                let mut tx = db.begin().await.unwrap();
                assert_eq!(bodies(&mut tx).await.unwrap(), [expected]);
                tx.commit().await.unwrap();
            };
            if number % 10 == 0 {
                loyal.push(tokio::spawn(request));
            } else {
                let caller = tokio::spawn(request);
                let patience = Duration::from_micros(u64::from(number * 7 % 1_000));
                tokio::spawn(async move {
                    tokio::time::sleep(patience).await;
                    caller.abort();
                    if let Err(error) = caller.await {
                        assert!(error.is_cancelled(), "{error}");
                    }
                });
            }
            if number % 50 == 0 {
                tokio::task::yield_now().await;
            }
        }
        for request in loyal {
            request.await.unwrap();
        }
        two.assert_clean("a thousand callers who hung up").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_requests_at_once_over_four_connections_never_mix() {
    for two in each_binding(4).await {
        let requests = (0..200).map(|number| {
            let (db, expected) = if number % 3 == 0 {
                (two.a.clone(), "a")
            } else {
                (two.b.clone(), "b")
            };
            tokio::spawn(async move {
                for _ in 0..5 {
                    let mut tx = db.begin().await.unwrap();
                    tokio::task::yield_now().await;
                    assert_eq!(bodies(&mut tx).await.unwrap(), [expected]);
                    if number % 2 == 0 {
                        tx.commit().await.unwrap();
                    }
                }
            })
        });
        for request in futures::future::join_all(requests).await {
            request.unwrap();
        }
    }
}
