//! Migrations of every owner, in order, each owner with its own history.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};

use crate::error::{Result, SetupError};
use crate::roles::{PLATFORM, TENANT};

/// Key of the advisory lock that one migrating process holds.
const LOCK: i64 = 0x4154_454c_4945_5201;
/// How often a migration that could not get its locks is tried again.
const RETRIES: u32 = 10;
/// How long to wait for another process that migrates.
const PATIENCE: Duration = Duration::from_mins(10);

/// A crate that owns tables, and its migrations.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Its key: folder under `/migrations` and first part of its history table's name.
    pub key: &'static str,
    /// Its migrations, as `sqlx::migrate!()` makes them in that crate.
    pub migrator: &'static Migrator,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose it is.
    pub owner: &'static str,
    /// Its number within its owner's.
    pub version: i64,
    /// Its name.
    pub description: String,
}

impl Step {
    fn new(owner: &Owner, migration: &Migration) -> Self {
        Self {
            owner: owner.key,
            version: migration.version,
            description: migration.description.to_string(),
        }
    }
}

/// The migrations that a run applied, in order; empty when there was nothing to do.
pub type Applied = Vec<Step>;

/// Applies what is missing of every owner's migrations, in the order of `owners`.
///
/// `options` are those of the owner's role on a *direct* connection: behind a transaction pooler the lock that keeps a
/// second runner out would silently do nothing. Each migration is a transaction of its own, waits at most two seconds
/// for a lock so that readers do not queue up behind it, and is tried again up to ten times. A schema of a newer release
/// is left as it is.
///
/// # Errors
/// [`SetupError::Migration`] with what the server said; everything before it stays applied.
pub async fn migrate(options: PgConnectOptions, owners: &[Owner]) -> Result<Applied> {
    let mut conn = options.connect().await?;
    sqlx::query("set lock_timeout = '2s'")
        .execute(&mut conn)
        .await?;
    sqlx::query("set statement_timeout = '15min'")
        .execute(&mut conn)
        .await?;
    lock(&mut conn).await?;
    let outcome = run(&mut conn, owners).await;
    // Closing the session gives the lock back, also after an error.
    conn.close().await?;
    outcome
}

/// The migrations that the database lacks; `serve` refuses to start while there are any.
///
/// Runs under either run-time role.
///
/// # Errors
/// [`SetupError::Edited`] when an applied migration is not the one of this release, or when the server does not answer.
pub async fn pending(pool: &PgPool, owners: &[Owner]) -> Result<Vec<Step>> {
    let mut conn = pool.acquire().await?;
    let mut pending = Vec::new();
    for owner in owners {
        let known: bool = sqlx::query_scalar("select to_regclass($1) is not null")
            .bind(owner.migrator.table_name.as_ref())
            .fetch_one(&mut *conn)
            .await?;
        let missing = if known {
            missing(&mut conn, owner).await?
        } else {
            owner.migrator.iter().collect()
        };
        pending.extend(missing.into_iter().map(|step| Step::new(owner, step)));
    }
    Ok(pending)
}

/// Waits for its turn by asking again and again: a session that *blocks* on the lock would hold a snapshot, and
/// `create index concurrently` of the other session would wait for that for ever.
async fn lock(conn: &mut PgConnection) -> Result<()> {
    let pause = Duration::from_millis(200);
    let mut waited = Duration::ZERO;
    loop {
        let mine: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *conn)
            .await?;
        if mine {
            return Ok(());
        }
        if waited >= PATIENCE {
            return Err(SetupError::Busy);
        }
        tokio::time::sleep(pause).await;
        waited += pause;
    }
}

async fn run(conn: &mut PgConnection, owners: &[Owner]) -> Result<Applied> {
    let mut applied = Applied::new();
    for owner in owners {
        let table = owner.migrator.table_name.as_ref();
        conn.ensure_migrations_table(table).await?;
        // So that a serving process can tell which schema it meets. The name comes from the owner's sqlx.toml.
        let grant = format!("grant select on {table} to {TENANT}, {PLATFORM}");
        sqlx::query(AssertSqlSafe(grant))
            .execute(&mut *conn)
            .await?;
        for migration in missing(conn, owner).await? {
            apply(conn, owner, migration).await?;
            let step = Step::new(owner, migration);
            tracing::info!(
                migration.owner = step.owner,
                migration.version = step.version,
                "applied a migration"
            );
            applied.push(step);
        }
    }
    Ok(applied)
}

/// The migrations of an owner that its history lacks, after checking that the history fits this release.
async fn missing(conn: &mut PgConnection, owner: &Owner) -> Result<Vec<&'static Migration>> {
    let history: HashMap<i64, _> = conn
        .list_applied_migrations(&owner.migrator.table_name)
        .await?
        .into_iter()
        .map(|applied| (applied.version, applied.checksum))
        .collect();
    let newest = owner.migrator.iter().map(|step| step.version).max();
    for version in history.keys() {
        // A newer release may have been here; it keeps the schema usable for this one.
        if newest.is_some_and(|newest| *version < newest)
            && !owner.migrator.version_exists(*version)
        {
            return Err(SetupError::Removed {
                owner: owner.key,
                version: *version,
            });
        }
    }
    let mut missing = Vec::new();
    for migration in owner.migrator.iter() {
        match history.get(&migration.version) {
            None => missing.push(migration),
            Some(checksum) if *checksum == migration.checksum => {}
            Some(_) => {
                return Err(SetupError::Edited {
                    owner: owner.key,
                    version: migration.version,
                });
            }
        }
    }
    Ok(missing)
}

async fn apply(conn: &mut PgConnection, owner: &Owner, migration: &Migration) -> Result<()> {
    for attempt in 0.. {
        match conn.apply(&owner.migrator.table_name, migration).await {
            Ok(_) => break,
            Err(error) => {
                let source = match error {
                    MigrateError::ExecuteMigration(source, _) | MigrateError::Execute(source) => {
                        source
                    }
                    other => return Err(other.into()),
                };
                // Outside a transaction half of it may have happened: repeating it is for a person to decide.
                if migration.no_tx || attempt >= RETRIES || !is_lock(&source) {
                    return Err(SetupError::Migration {
                        owner: owner.key,
                        version: migration.version,
                        source,
                    });
                }
                tracing::warn!(
                    migration.owner = owner.key,
                    migration.version = migration.version,
                    attempt,
                    "a migration could not get its locks and is tried again"
                );
                tokio::time::sleep(crate::jitter(500)).await;
            }
        }
    }
    Ok(())
}

/// Whether the statement only failed to get a lock: `lock_not_available`, `deadlock_detected`.
fn is_lock(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(code.as_ref(), "55P03" | "40P01"))
}
