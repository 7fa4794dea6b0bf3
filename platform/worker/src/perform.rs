//! One job, from its claim to its end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use kernel::{Error, Result, TenantId, Timestamp};
use module::{JobContext, JobHandler};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenant_resolver::{TenantSite, TenantStatus};
use tokio::time::timeout;
use uuid::Uuid;

use crate::platform::PlatformContext;
use crate::runner::Inner;
use crate::store::Claimed;
use crate::{backoff, store};

/// Kind of the jobs that deliver events.
pub(crate) const DELIVERY: &str = "outbox.deliver";
/// How long a job of a lapsed module, or of a suspended tenant, waits before it looks again.
const PAUSE: Duration = Duration::from_hours(1);
/// Longest error kept.
const ERROR_LENGTH: usize = 2_000;

/// An event on its way to one subscriber.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub event: Uuid,
    pub subscriber: String,
    pub kind: String,
    pub payload: Value,
}

/// How an attempt ended, when not with an error.
enum Outcome {
    Done,
    /// Not now; the attempt does not count.
    NotNow,
    /// Never again, and nothing was done.
    Void(&'static str),
}

impl Inner {
    /// Runs a job and notes how it ended. A note that cannot be written is no loss: the lease ends,
    /// and the job comes back.
    #[tracing::instrument(name = "job", skip_all, fields(job.id = %job.id, job.kind = %job.kind, job.attempt = job.attempts, tenant.id = job.tenant.map(tracing::field::display)))]
    pub(crate) async fn perform(&self, job: Claimed, lease: &str) {
        let attempt = AssertUnwindSafe(self.attempt(&job, lease)).catch_unwind();
        let outcome = match timeout(self.limit, attempt).await {
            Ok(Ok(Ok(outcome))) => Ok(outcome),
            Ok(Ok(Err(error))) => Err(explain(&error)),
            Ok(Err(_)) => Err("It panicked.".to_owned()),
            Err(_) => Err(format!(
                "It ran for more than {} seconds.",
                self.limit.as_secs()
            )),
        };
        let now = self.app.now();
        let pool = self.db.pool();
        let noted = match outcome {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::NotNow) => store::postpone(pool, job.id, lease, now.plus(PAUSE)).await,
            Ok(Outcome::Void(reason)) => {
                tracing::info!(reason, "job given up");
                store::end(pool, job.id, lease, "dead", Some(reason), now).await
            }
            Err(error) => {
                if job.attempts >= job.max_attempts {
                    tracing::error!(error, "job failed for the last time");
                } else {
                    tracing::warn!(error, "job failed and will be tried again");
                }
                let run_at = now.plus(backoff::pause(job.id, job.attempts));
                store::fail(pool, job.id, lease, &error, run_at, now).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(
                error = explain(&error),
                "the end of a job could not be noted"
            );
        }
    }

    async fn attempt(&self, job: &Claimed, lease: &str) -> Result<Outcome> {
        let now = self.app.now();
        if job.kind.starts_with("platform.") {
            if self.is_held(job).await? {
                return Ok(Outcome::NotNow);
            }
            self.attempt_platform(job, now).await?;
            store::end(self.db.pool(), job.id, lease, "done", None, now).await?;
            return Ok(Outcome::Done);
        }
        let Some(tenant) = job.tenant else {
            return Ok(Outcome::Void("It has no tenant."));
        };
        let Some(site) = self.app.resolver().by_id(tenant).await? else {
            return Ok(Outcome::Void("The tenant is gone."));
        };
        if site.tenant.status == TenantStatus::Deleted {
            return Ok(Outcome::Void("The tenant is gone."));
        }
        if site.tenant.status == TenantStatus::Suspended {
            return Ok(Outcome::NotNow);
        }
        let (handler, payload) = if job.kind == DELIVERY {
            let delivery: Delivery = serde_json::from_value(job.payload.clone())?;
            let handler = self.subscriber(&delivery).ok_or_else(|| {
                Error::internal(format!("nobody is called {}", delivery.subscriber))
            })?;
            (handler, delivery.payload)
        } else {
            if is_lapsed(&site, &job.kind, now) {
                return Ok(Outcome::NotNow);
            }
            let handler = self
                .jobs
                .handler(&job.kind)
                .ok_or_else(|| Error::internal(format!("no handler for {}", job.kind)))?;
            (handler, job.payload.clone())
        };
        self.attempt_tenant(job, lease, tenant, &site, handler, payload, now)
            .await
    }

    /// Whether a platform job does something for a tenant that must not happen while the tenant is suspended.
    async fn is_held(&self, job: &Claimed) -> Result<bool> {
        let Some(tenant) = job
            .tenant
            .filter(|_| self.platform.holds(&job.kind, &job.payload))
        else {
            return Ok(false);
        };
        let site = self.app.resolver().by_id(tenant).await?;
        Ok(site.is_some_and(|site| site.tenant.status == TenantStatus::Suspended))
    }

    async fn attempt_platform(&self, job: &Claimed, now: Timestamp) -> Result<()> {
        let handler = self
            .platform
            .handler(&job.kind)
            .ok_or_else(|| Error::internal(format!("no handler for {}", job.kind)))?;
        handler(PlatformContext {
            app: self.app.clone(),
            db: self.db.clone(),
            now,
            tenant: job.tenant,
            payload: job.payload.clone(),
        })
        .await
    }

    /// The work and the note that it is done are one transaction.
    #[expect(
        clippy::too_many_arguments,
        reason = "the second half of `attempt`, with what it found out"
    )]
    async fn attempt_tenant(
        &self,
        job: &Claimed,
        lease: &str,
        tenant: TenantId,
        site: &TenantSite,
        handler: JobHandler,
        payload: Value,
        now: Timestamp,
    ) -> Result<Outcome> {
        let context = JobContext {
            app: self.app.clone(),
            site: site.clone(),
            now,
            payload,
        };
        let mut tx = site.db.begin().await?;
        handler(&mut tx, context).await?;
        if !store::finish(tx.conn(), tenant, job.id, lease, now).await? {
            return Err(Error::internal("the lease was lost"));
        }
        tx.commit().await?;
        Ok(Outcome::Done)
    }

    fn subscriber(&self, delivery: &Delivery) -> Option<JobHandler> {
        let subscribers = self.subscriptions.to(&delivery.kind);
        subscribers
            .iter()
            .find(|(name, _)| *name == delivery.subscriber)
            .map(|(_, handler)| *handler)
    }
}

/// Whether the job is of a module that the tenant may not write to at present. Jobs of the platform's
/// own features belong to no module and always run.
fn is_lapsed(site: &TenantSite, kind: &str, now: Timestamp) -> bool {
    let module = kind.split('.').next().unwrap_or(kind);
    site.tenant
        .access(module, now)
        .is_some_and(|access| !access.writes())
}

/// The error with its cause, for the operators alone.
pub(crate) fn explain(error: &Error) -> String {
    let mut text = match error {
        Error::Internal { source, location } => format!("{source} ({location})"),
        other => other.to_string(),
    };
    if let Some((end, _)) = text.char_indices().nth(ERROR_LENGTH) {
        text.truncate(end);
    }
    text
}
