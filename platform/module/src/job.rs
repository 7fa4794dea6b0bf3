//! Jobs: work that commits with its cause and is done afterwards, at least once.

use std::collections::HashMap;
use std::pin::Pin;

use kernel::{Result, TenantId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use tenant_resolver::{TenantSite, TenantTx};

use crate::App;

/// A piece of work for one tenant.
pub trait Job: Serialize + DeserializeOwned + Send + Sync {
    /// Kind, `<module>.<what>`, such as `blog.publish_due`.
    const KIND: &'static str;

    /// Jobs of one kind and tenant with the same key are one job while they wait: the first, at its
    /// time. Once it runs, a new one may be queued. `None`: each stands alone.
    fn unique_key(&self) -> Option<String> {
        None
    }
}

/// Enqueues a job in the caller's transaction, to run at `run_at` or soon after.
///
/// # Errors
/// When the statement fails. A job that is queued already under the same key is no error.
pub async fn enqueue<J: Job>(tx: &mut TenantTx, job: &J, run_at: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    enqueue_for(tx.conn(), tenant, job, run_at).await
}

/// As [`enqueue`], in a transaction of the platform.
///
/// # Errors
/// As [`enqueue`].
pub async fn enqueue_for<J: Job>(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: &J,
    run_at: Timestamp,
) -> Result<()> {
    crate::store::insert_job(
        conn,
        Some(tenant),
        J::KIND,
        serde_json::to_value(job)?,
        job.unique_key(),
        run_at,
    )
    .await
}

/// What a handler of jobs or events is given besides its transaction.
#[derive(Clone)]
pub struct JobContext {
    /// State of the server.
    pub app: App,
    /// The job's tenant.
    pub site: TenantSite,
    /// The instant at which it runs.
    pub now: Timestamp,
    /// The job or event as it was written.
    pub payload: serde_json::Value,
}

impl JobContext {
    /// The payload as the type it was written from.
    ///
    /// # Errors
    /// [`kernel::Error::Internal`] when it has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_value(self.payload.clone())?)
    }
}

/// What a handler returns.
pub type JobFuture<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// A handler: runs in a transaction of the job's tenant that commits together with the note that the
/// job is done.
pub type JobHandler = for<'a> fn(&'a mut TenantTx, JobContext) -> JobFuture<'a>;

/// Which handler does which kind of job.
#[derive(Clone, Default)]
pub struct Jobs(HashMap<&'static str, JobHandler>);

impl Jobs {
    /// Registers the handler of a kind.
    ///
    /// # Panics
    /// When the kind has one already: a mistake in the program's text.
    pub fn on<J: Job>(
        &mut self,
        handler: for<'a> fn(&'a mut TenantTx, JobContext) -> JobFuture<'a>,
    ) -> &mut Self {
        let before = self.0.insert(J::KIND, handler);
        assert!(
            before.is_none(),
            "two handlers for jobs of kind {}",
            J::KIND
        );
        self
    }

    /// The handler of a kind.
    #[must_use]
    pub fn handler(&self, kind: &str) -> Option<JobHandler> {
        self.0.get(kind).copied()
    }

    /// Every kind that has a handler.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
