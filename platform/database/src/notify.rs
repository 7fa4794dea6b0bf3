//! Hears the news of all nodes, and owns up when some may have been missed.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{CHANNEL, Change};

/// A connection that has been silent for so long is asked whether it is still there: a dead host closes nothing.
const CHECK_AFTER: Duration = Duration::from_secs(20);
/// How long such a question, or connecting, may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest pause between tries to connect, in milliseconds.
const LONGEST_PAUSE: u64 = 5_000;

/// Listens to [`CHANNEL`] until it is told to stop.
#[derive(Debug)]
pub struct Listener {
    pool: PgPool,
}

impl Listener {
    /// A listener on a connection of its own. `options` are those of a *direct* connection: through a transaction
    /// pooler listening succeeds and hears nothing.
    #[must_use]
    pub fn new(options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        Self { pool }
    }

    /// Starts listening in a task of its own and hands every change to `hear`, in order. `hear` must not block.
    ///
    /// Says [`Change::Everything`] after each time it has (re)connected, since what was said before was not heard.
    pub fn start(
        self,
        stop: CancellationToken,
        hear: impl Fn(Change) + Send + Sync + 'static,
    ) -> JoinHandle<()> {
        tokio::spawn(async move {
            stop.run_until_cancelled(self.run(hear)).await;
            self.pool.close().await;
        })
    }

    async fn run(&self, hear: impl Fn(Change)) {
        let mut pause = 50;
        loop {
            match self.listen(&hear, &mut pause).await {
                Ok(()) => tracing::warn!("the connection that hears changes was lost"),
                Err(error) => {
                    tracing::warn!(error = %error, "the connection that hears changes failed");
                }
            }
            tokio::time::sleep(crate::jitter(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Listens on one connection, until it is lost.
    async fn listen(&self, hear: &impl Fn(Change), pause: &mut u64) -> sqlx::Result<()> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.eager_reconnect(false);
        listener.ignore_pool_close_event(true);
        listener.listen(CHANNEL).await?;
        *pause = 50;
        hear(Change::Everything);
        loop {
            let Ok(news) = tokio::time::timeout(CHECK_AFTER, listener.try_recv()).await else {
                let check = sqlx::query("select 1").execute(&mut listener);
                tokio::time::timeout(PATIENCE, check)
                    .await
                    .map_err(|_| sqlx::Error::PoolTimedOut)??;
                continue;
            };
            let Some(news) = news? else {
                return Ok(());
            };
            // A newer release may say things that this one does not know.
            if let Some(change) = Change::parse(news.payload()) {
                hear(change);
            }
        }
    }
}
