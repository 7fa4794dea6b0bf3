//! The roles of the product and its database, as bare as a new server needs them.
//!
//! They are made here because nobody can connect before they are there. Their rights and settings are the business of
//! the crate `database`, which makes and verifies them on any server, this one included.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::Error;

/// The database that the product uses.
pub const DATABASE: &str = "atelier";

/// Owns the database.
const OWNER: &str = "atelier_owner";

/// Each role and what sets it apart. None is a superuser; only the one for dumps, and the one that searches and as which
/// nobody can connect, pass by row security.
const ROLES: [(&str, &str); 5] = [
    (OWNER, "login nobypassrls"),
    ("atelier_tenant", "login nobypassrls"),
    ("atelier_platform", "login nobypassrls"),
    ("atelier_backup", "login bypassrls in role pg_read_all_data"),
    ("atelier_search", "nologin bypassrls role atelier_owner"),
];

/// Makes the roles, the database and its extension, each where it is missing. The folder's lock keeps others out.
pub(crate) async fn ensure(superuser: &PgConnectOptions) -> Result<(), Error> {
    let doing = |source| Error::Database {
        doing: "make the database of the product",
        source,
    };
    let mut connection = PgConnection::connect_with(superuser).await.map_err(doing)?;
    for (name, attributes) in ROLES {
        let present = sqlx::query("select from pg_roles where rolname = $1").bind(name);
        if present
            .fetch_optional(&mut connection)
            .await
            .map_err(doing)?
            .is_none()
        {
            let attributes =
                format!("nosuperuser nocreatedb nocreaterole noreplication {attributes}");
            let create = AssertSqlSafe(format!("create role {name} {attributes}"));
            connection.execute(create).await.map_err(doing)?;
        }
    }
    let present = sqlx::query("select from pg_database where datname = $1").bind(DATABASE);
    if present
        .fetch_optional(&mut connection)
        .await
        .map_err(doing)?
        .is_none()
    {
        let create = AssertSqlSafe(format!("create database {DATABASE} owner {OWNER}"));
        connection.execute(create).await.map_err(doing)?;
    }
    connection.close().await.map_err(doing)?;

    let inside = superuser.clone().database(DATABASE);
    let mut connection = PgConnection::connect_with(&inside).await.map_err(doing)?;
    let extension = "create extension if not exists btree_gist";
    connection.execute(extension).await.map_err(doing)?;
    connection.close().await.map_err(doing)
}
