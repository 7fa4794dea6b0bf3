//! Jobs of the platform itself, and schedules.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use database::PlatformDb;
use futures::future::BoxFuture;
use kernel::{Result, TenantId, Timestamp};
use module::App;
use serde::de::DeserializeOwned;

/// What a handler of a platform job is given.
#[derive(Clone)]
pub struct PlatformContext {
    /// State of the server.
    pub app: App,
    /// The database across tenants.
    pub db: PlatformDb,
    /// The instant at which it runs.
    pub now: Timestamp,
    /// The tenant on whose turn it runs, if any.
    pub tenant: Option<TenantId>,
    /// The job as it was written.
    pub payload: serde_json::Value,
}

impl PlatformContext {
    /// The payload as the type it was written from.
    ///
    /// # Errors
    /// [`kernel::Error::Internal`] when it has another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_value(self.payload.clone())?)
    }
}

pub(crate) type PlatformHandler =
    Arc<dyn Fn(PlatformContext) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A job that comes back by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub kind: &'static str,
    pub every: Duration,
}

impl Schedule {
    /// The latest tick at or before `now`. Ticks are counted from 1970, so that all nodes agree.
    pub fn tick(self, now: Timestamp) -> Timestamp {
        let every = i64::try_from(self.every.as_micros())
            .unwrap_or(i64::MAX)
            .max(1);
        let past = now.as_microseconds().rem_euclid(every);
        now.minus(Duration::from_micros(past.unsigned_abs()))
    }
}

/// Which handler does which kind of platform job, and which of them come back by themselves.
#[derive(Clone, Default)]
pub struct PlatformJobs {
    handlers: HashMap<&'static str, PlatformHandler>,
    schedules: Vec<Schedule>,
    held: HashMap<&'static str, fn(&serde_json::Value) -> bool>,
}

impl PlatformJobs {
    /// Registers the handler of a kind. It may run more than once for a job: after a crash, or when
    /// it took longer than its lease.
    ///
    /// # Panics
    /// When the kind has a handler already or does not begin with `platform.`: a mistake in the
    /// program's text.
    pub fn on<F, Fut>(&mut self, kind: &'static str, handler: F) -> &mut Self
    where
        F: Fn(PlatformContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        assert!(kind.starts_with("platform."), "{kind} is no platform job");
        let handler: PlatformHandler = Arc::new(move |context| Box::pin(handler(context)));
        let before = self.handlers.insert(kind, handler);
        assert!(before.is_none(), "two handlers for jobs of kind {kind}");
        self
    }

    /// Registers a handler that runs once in each period, on one of the nodes.
    ///
    /// # Panics
    /// As [`PlatformJobs::on`].
    pub fn every<F, Fut>(&mut self, kind: &'static str, every: Duration, handler: F) -> &mut Self
    where
        F: Fn(PlatformContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.schedules.push(Schedule { kind, every });
        self.on(kind, handler)
    }

    /// Lets jobs of a kind wait while the tenant on whose turn they run is suspended: those whose payload `waits`.
    ///
    /// Other platform jobs run whatever becomes of a tenant.
    pub fn hold_while_suspended(
        &mut self,
        kind: &'static str,
        waits: fn(&serde_json::Value) -> bool,
    ) -> &mut Self {
        self.held.insert(kind, waits);
        self
    }

    pub(crate) fn holds(&self, kind: &str, payload: &serde_json::Value) -> bool {
        self.held.get(kind).is_some_and(|waits| waits(payload))
    }

    pub(crate) fn handler(&self, kind: &str) -> Option<PlatformHandler> {
        self.handlers.get(kind).cloned()
    }

    pub(crate) fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_the_same_for_all_within_its_period() {
        let schedule = Schedule {
            kind: "platform.test",
            every: Duration::from_hours(1),
        };
        let tick = |text: &str| schedule.tick(text.parse().unwrap()).to_string();
        assert_eq!(tick("2026-03-01T09:00:00Z"), "2026-03-01T09:00:00Z");
        assert_eq!(tick("2026-03-01T09:59:59.999999Z"), "2026-03-01T09:00:00Z");
    }
}
