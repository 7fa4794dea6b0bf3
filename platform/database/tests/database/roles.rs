use database::SetupError;
use database::pools::{PoolSettings, connect};
use database::roles::{ensure, verify_runtime};
use sqlx::{AssertSqlSafe, Connection, Executor};

use testkit::Role;

use crate::support::database;

#[tokio::test]
async fn run_time_roles_are_safe_bounded_and_cannot_make_anything() {
    let database = database().await;
    for role in [Role::Tenant, Role::Platform] {
        let pool = connect(database.options(role), PoolSettings::default())
            .await
            .unwrap();
        verify_runtime(&pool).await.unwrap();
        for (setting, value) in [
            ("statement_timeout", "15s"),
            ("lock_timeout", "2s"),
            ("idle_in_transaction_session_timeout", "30s"),
            ("search_path", "public"),
        ] {
            let found: String = sqlx::query_scalar("select current_setting($1)")
                .bind(setting)
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(found, value, "{role:?} {setting}");
        }
        for refused in [
            "create table public.x ()",
            "create temporary table x ()",
            "create schema x",
            "create role x",
        ] {
            let error = pool.execute(refused).await.unwrap_err();
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .map(String::from);
            assert_eq!(code.as_deref(), Some("42501"), "{role:?}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_role_that_could_see_everything_is_refused_by_the_name_of_its_attribute() {
    let database = database().await;
    let mut conn = database.connect(Role::Superuser).await;
    let role = format!("atelier_test_{}", std::process::id());
    for (attribute, expected) in [
        ("superuser", "rolsuper"),
        ("bypassrls", "rolbypassrls"),
        ("createrole", "rolcreaterole"),
        ("in role atelier_owner", "is a member of atelier_owner"),
    ] {
        let text = format!(
            "drop role if exists {role}; create role {role} login {attribute};
             do $$ begin execute format('grant connect on database %I to {role}', current_database()); end $$"
        );
        conn.execute(AssertSqlSafe(text)).await.unwrap();
        let pool = connect(
            database.options(Role::Superuser).username(&role),
            PoolSettings::default(),
        )
        .await
        .unwrap();
        let error = verify_runtime(&pool).await.unwrap_err();
        pool.close().await;
        assert!(matches!(error, SetupError::UnsafeRole { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{attribute}: {error}");
        conn.execute(AssertSqlSafe(format!(
            "drop owned by {role}; drop role {role}"
        )))
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn many_may_prepare_at_once_and_again() {
    let database = database().await;
    let runs = (0..8).map(|_| async {
        ensure(&mut database.connect(Role::Superuser).await, Some("secret")).await
    });
    for outcome in futures::future::join_all(runs).await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn without_the_right_to_mend_a_fault_is_named_with_its_cure() {
    let database = database().await;
    let mut conn = database.connect(Role::Superuser).await;
    let mut tx = conn.begin().await.unwrap();
    tx.execute("alter role atelier_tenant bypassrls; set local role atelier_platform")
        .await
        .unwrap();
    let error = ensure(&mut tx, None).await.unwrap_err().to_string();
    assert!(error.contains("may bypass row security"), "{error}");
    assert!(
        error.contains("alter role atelier_tenant nobypassrls"),
        "{error}"
    );
    tx.rollback().await.unwrap();

    let mut tx = conn.begin().await.unwrap();
    tx.execute("grant create on schema public to atelier_tenant; set local role atelier_platform")
        .await
        .unwrap();
    let error = ensure(&mut tx, None).await.unwrap_err().to_string();
    assert!(
        error.contains("atelier_tenant may create tables"),
        "{error}"
    );
}
