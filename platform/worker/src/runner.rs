//! The loop that claims jobs and runs them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use database::PlatformDb;
use futures::StreamExt;
use kernel::{Result, Timestamp, new_uuid};
use module::{App, Jobs, Subscriptions};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::perform::{DELIVERY, Delivery, explain};
use crate::platform::PlatformJobs;
use crate::purge;
use crate::store::{self, Claimed};

/// Jobs that one node runs at a time.
const SLOTS: usize = 8;
/// How often the queue is looked at without any news.
const POLL: Duration = Duration::from_secs(1);
/// How long running jobs may go on when the node stops.
const PATIENCE: Duration = Duration::from_secs(30);
/// Events dispatched in one transaction.
const EVENTS: i64 = 100;
/// The last turn in a round.
const LAST_TURN: Uuid = Uuid::max();

/// Runs jobs, events and schedules. Cloning shares it.
#[derive(Clone)]
pub struct Worker(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) db: PlatformDb,
    pub(crate) jobs: Jobs,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) platform: PlatformJobs,
    /// How long a job may run.
    pub(crate) limit: Duration,
    news: Notify,
    /// Whose turn it was last.
    turn: Mutex<Uuid>,
    /// Ticks that this node has seen to.
    ticked: Mutex<HashMap<&'static str, Timestamp>>,
}

impl Worker {
    /// A worker with all handlers there are; its own house-keeping is added.
    ///
    /// A job may run for `limit`. It belongs to its runner for twice as long, so that nobody else
    /// begins it meanwhile; after that any node takes it back from a runner that is gone.
    #[must_use]
    pub fn new(
        app: App,
        db: PlatformDb,
        jobs: Jobs,
        subscriptions: Subscriptions,
        mut platform: PlatformJobs,
        limit: Duration,
    ) -> Self {
        platform.every(purge::KIND, purge::EVERY, purge::run);
        Self(Arc::new(Inner {
            app,
            db,
            jobs,
            subscriptions,
            platform,
            limit,
            news: Notify::new(),
            turn: Mutex::new(Uuid::nil()),
            ticked: Mutex::default(),
        }))
    }

    /// Looks at the queue now: the server says so when it hears [`database::Change::Work`] or
    /// [`database::Change::Everything`].
    pub fn wake(&self) {
        self.0.news.notify_one();
    }

    /// Runs until it is told to stop, then finishes what is running, for up to 30 seconds. What is
    /// not finished by then comes back when its lease ends, on any node.
    pub async fn run(&self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        // News and polls bring new events and ticks; a free slot alone does not.
        let mut look_around = true;
        while !stop.is_cancelled() {
            let free = SLOTS - running.len();
            match self.0.next(free, look_around).await {
                Ok((lease, claimed)) => {
                    for job in claimed {
                        let (inner, lease) = (Arc::clone(&self.0), lease.clone());
                        running.spawn(async move { inner.perform(job, &lease).await });
                    }
                }
                Err(error) => {
                    tracing::warn!(error = explain(&error), "the queue cannot be read");
                }
            }
            look_around = tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = running.join_next(), if !running.is_empty() => {
                    while running.try_join_next().is_some() {}
                    false
                }
                () = self.0.news.notified() => true,
                () = sleep(POLL) => true,
            };
        }
        let finish = async { while running.join_next().await.is_some() {} };
        if timeout(PATIENCE, finish).await.is_err() {
            tracing::warn!("jobs were still running when the node stopped");
        }
    }

    /// Runs everything that is due at the clock's present instant, and what that brings with it;
    /// returns how many jobs ran. For tests and for commands.
    ///
    /// # Errors
    /// When the queue cannot be read. A job that fails is no error here.
    pub async fn drain(&self) -> Result<usize> {
        let mut count = 0;
        loop {
            let (lease, claimed) = self.0.next(SLOTS, true).await?;
            if claimed.is_empty() {
                return Ok(count);
            }
            count += claimed.len();
            futures::stream::iter(claimed)
                .for_each_concurrent(None, |job| self.0.perform(job, &lease))
                .await;
        }
    }
}

impl Inner {
    async fn next(&self, free: usize, look_around: bool) -> Result<(String, Vec<Claimed>)> {
        let now = self.app.now();
        if look_around {
            self.tick(now).await?;
            while self.dispatch(now).await? {}
            let taken = store::take_back(self.db.pool(), now).await?;
            if taken > 0 {
                tracing::warn!(count = taken, "jobs taken back from a runner that is gone");
            }
        }
        let lease = new_uuid().to_string();
        let claimed = self.claim(free, &lease, now).await?;
        Ok((lease, claimed))
    }

    /// Takes jobs in rounds: on from the turn served last, then from the beginning.
    async fn claim(&self, free: usize, lease: &str, now: Timestamp) -> Result<Vec<Claimed>> {
        let last = *self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut claimed = Vec::new();
        for range in [(last, LAST_TURN), (Uuid::nil(), last)] {
            let limit = i64::try_from(free - claimed.len()).unwrap_or(0);
            if limit == 0 {
                break;
            }
            let times = (now, now.plus(2 * self.limit));
            let mut found = store::claim(self.db.pool(), range, limit, lease, times).await?;
            if let Some(turn) = found.iter().map(|job| job.turn).max() {
                *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
            }
            claimed.append(&mut found);
        }
        Ok(claimed)
    }

    /// Makes jobs of the ticks that have come since this node last looked.
    async fn tick(&self, now: Timestamp) -> Result<()> {
        for schedule in self.platform.schedules() {
            let tick = schedule.tick(now);
            let seen =
                |ticked: &mut HashMap<_, _>| ticked.insert(schedule.kind, tick) == Some(tick);
            if seen(&mut self.ticked.lock().unwrap_or_else(PoisonError::into_inner)) {
                continue;
            }
            if let Err(error) = store::tick(self.db.pool(), schedule.kind, tick).await {
                let mut ticked = self.ticked.lock().unwrap_or_else(PoisonError::into_inner);
                ticked.remove(schedule.kind);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Turns events into deliveries; `true` when there may be more.
    async fn dispatch(&self, now: Timestamp) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let events = store::waiting_events(tx.conn(), EVENTS).await?;
        if events.is_empty() {
            return Ok(false);
        }
        let full = i64::try_from(events.len()).is_ok_and(|count| count == EVENTS);
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let mut deliveries = Vec::new();
        for event in events {
            for (subscriber, _) in self.subscriptions.to(&event.kind) {
                let delivery = Delivery {
                    event: event.id,
                    subscriber: (*subscriber).to_owned(),
                    kind: event.kind.clone(),
                    payload: event.payload.clone(),
                };
                deliveries.push((event.tenant, serde_json::to_value(delivery)?));
            }
        }
        store::dispatch(tx.conn(), &ids, &deliveries, DELIVERY, now).await?;
        tx.commit().await?;
        Ok(full)
    }
}
