//! The roles of the product and its database.
//!
//! They are made here, and not in a migration, because a migration runs as one of them.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use crate::Error;

/// The database that the product uses.
pub const DATABASE: &str = "atelier";

/// Owns every table; used by migrations alone.
pub const OWNER: &str = "atelier_owner";
/// Run time of modules and tenant services.
pub const TENANT: &str = "atelier_tenant";
/// Run time of platform features and of the worker.
pub const PLATFORM: &str = "atelier_platform";
/// Dumps alone: passes by row security, cannot write.
pub const BACKUP: &str = "atelier_backup";

/// Each role and what sets it apart. None is a superuser; only the one for dumps passes by row security.
const ROLES: [(&str, &str); 4] = [
    (
        OWNER,
        "nosuperuser nocreatedb nocreaterole noreplication nobypassrls",
    ),
    (
        TENANT,
        "nosuperuser nocreatedb nocreaterole noreplication nobypassrls",
    ),
    (
        PLATFORM,
        "nosuperuser nocreatedb nocreaterole noreplication nobypassrls",
    ),
    (
        BACKUP,
        "nosuperuser nocreatedb nocreaterole noreplication bypassrls",
    ),
];

/// Makes the roles that are missing. Existing roles are left as they are, so that an administrator's password stays.
///
/// `connection` is that of a superuser. Safe to run from several processes at once.
pub async fn ensure_roles(connection: &mut PgConnection) -> Result<(), Error> {
    let doing = |source| Error::Database {
        doing: "make the roles of the product",
        source,
    };
    let present = sqlx::query("select rolname from pg_roles where rolname like 'atelier\\_%'")
        .fetch_all(&mut *connection)
        .await
        .map_err(doing)?;
    let present: Vec<String> = present.iter().map(|row| row.get(0)).collect();
    let missing: Vec<_> = ROLES
        .iter()
        .filter(|(name, _)| !present.iter().any(|role| role == name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await.map_err(doing)?;
    transaction
        .execute("select pg_advisory_xact_lock(hashtext('atelier roles'))")
        .await
        .map_err(doing)?;
    for (name, attributes) in missing {
        let create = format!(
            "do $$ begin if not exists (select from pg_roles where rolname = '{name}') then
               create role {name} login {attributes}; end if; end $$"
        );
        transaction
            .execute(AssertSqlSafe(create))
            .await
            .map_err(doing)?;
    }
    let reader = format!(
        "grant pg_read_all_data to {BACKUP}; alter role {BACKUP} set default_transaction_read_only = on"
    );
    transaction
        .execute(AssertSqlSafe(reader))
        .await
        .map_err(doing)?;
    transaction.commit().await.map_err(doing)
}

/// The statements that close a new database to everybody but the roles of the product, which may connect to it and
/// nothing more: neither make tables nor temporary ones. Run them as a superuser.
#[must_use]
pub fn close_database(name: &str) -> String {
    format!(
        "revoke all on database \"{name}\" from public;
         grant connect on database \"{name}\" to {TENANT}, {PLATFORM}, {BACKUP}"
    )
}

/// The statements that prepare the inside of a new database for migrations. Run them in it as a superuser.
#[must_use]
pub fn prepare_database() -> String {
    format!(
        "create extension if not exists btree_gist;
         revoke all on schema public from public;
         grant usage, create on schema public to {OWNER};
         grant usage on schema public to {TENANT}, {PLATFORM}, {BACKUP}"
    )
}

/// Makes the roles, the database and its extension, each where it is missing.
pub(crate) async fn ensure(maintenance: &PgConnectOptions) -> Result<(), Error> {
    let doing = |source| Error::Database {
        doing: "make the database of the product",
        source,
    };
    let mut connection = PgConnection::connect_with(maintenance)
        .await
        .map_err(doing)?;
    ensure_roles(&mut connection).await?;
    let known = sqlx::query("select from pg_database where datname = $1").bind(DATABASE);
    if known
        .fetch_optional(&mut connection)
        .await
        .map_err(doing)?
        .is_none()
    {
        let create = format!("create database {DATABASE} owner {OWNER}");
        connection
            .execute(AssertSqlSafe(create))
            .await
            .map_err(doing)?;
    }
    let mut inside = PgConnection::connect_with(&maintenance.clone().database(DATABASE))
        .await
        .map_err(doing)?;
    // Made last, so that its presence tells that all was done, also when an earlier start was cut off.
    let done = sqlx::query("select from pg_extension where extname = 'btree_gist'");
    if done
        .fetch_optional(&mut inside)
        .await
        .map_err(doing)?
        .is_none()
    {
        let steps = format!(
            "begin; {}; {}; commit",
            close_database(DATABASE),
            prepare_database()
        );
        inside.execute(AssertSqlSafe(steps)).await.map_err(doing)?;
    }
    // The server forgets a connection that is merely dropped, too.
    let _ = inside.close().await;
    let _ = connection.close().await;
    Ok(())
}
