//! How a transaction begins: the one door that both kinds of transaction go through.

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgPool, Postgres, SqlSafeStr, Transaction};
use uuid::Uuid;

/// How a tenant is bound to a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// Plain PostgreSQL: begin and bind in one message.
    #[default]
    Plain,
    /// Citus: `set local` must be a message of its own, or workers recurse into each other.
    Citus,
}

/// Begins a transaction bound to `tenant`, transaction-locally.
///
/// Safe to cancel at any point, see [`detached`].
///
/// # Errors
/// Whatever the pool or the server answers; connections found dead are replaced.
pub async fn begin_tenant(
    pool: &PgPool,
    binding: Binding,
    tenant: Uuid,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    detached(pool, move |conn| async move {
        // A typed uuid is the only thing that is ever written into this text.
        let bind = format!("set local app.tenant_id = '{tenant}'");
        match binding {
            Binding::Plain => {
                let text = AssertSqlSafe(format!("begin; {bind}"));
                Transaction::begin(conn, Some(text.into_sql_str())).await
            }
            Binding::Citus => {
                let mut tx = Transaction::begin(conn, None).await?;
                sqlx::query(AssertSqlSafe(bind)).execute(&mut *tx).await?;
                Ok(tx)
            }
        }
    })
    .await
}

/// Begins a transaction without a tenant.
///
/// # Errors
/// As [`begin_tenant`].
pub async fn begin_platform(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    detached(pool, |conn| Transaction::begin(conn, None)).await
}

/// Runs a begin to its end even when the caller goes away.
///
/// sqlx 0.9.0 counts a transaction only after the server has answered. A caller that hangs up in
/// between would drop the future before that, no rollback would be sent, and the pool would hand
/// the connection to the next tenant with the transaction of the first still open
/// (transact-rs/sqlx#4393). A task of its own finishes the begin and then rolls it back properly.
///
/// Waiting for a connection stays with the caller: who hangs up while waiting leaves the queue.
async fn detached<F, Fut>(pool: &PgPool, begin: F) -> sqlx::Result<Transaction<'static, Postgres>>
where
    F: Fn(PoolConnection<Postgres>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = sqlx::Result<Transaction<'static, Postgres>>> + Send,
{
    let conn = pool.acquire().await?;
    let pool = pool.clone();
    let task = tokio::spawn(async move {
        // Connections are not tested before use: that would cost a round trip each time. Those that
        // died in the pool, all of them when the server was restarted, show themselves here.
        let mut replacements = pool.size();
        let mut outcome = begin(conn).await;
        while replacements > 0 && outcome.as_ref().is_err_and(is_dead_connection) {
            replacements -= 1;
            outcome = begin(pool.acquire().await?).await;
        }
        outcome
    });
    task.await
        .map_err(|error| sqlx::Error::Protocol(format!("begin did not finish: {error}")))?
}

fn is_dead_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // admin_shutdown, crash_shutdown: said to a connection that the server had already given up.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02")),
        _ => false,
    }
}
