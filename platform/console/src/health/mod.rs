//! Whether the platform works off what it is given: jobs, events, mail; and what this build is made of.

pub(crate) mod pages;
mod store;

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

/// How long an event may wait for its subscribers before somebody should look.
pub(crate) const LATE: std::time::Duration = std::time::Duration::from_mins(1);

/// What waits, and what went wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// Jobs that are due, in the order of the queue, and when the first was due.
    pub due_jobs: i64,
    pub oldest_due: Option<Timestamp>,
    /// Jobs whose time is still to come.
    pub later_jobs: i64,
    pub running_jobs: i64,
    pub dead_jobs: i64,
    /// Events that were not handed on yet, and when the first of them happened.
    pub waiting_events: i64,
    pub oldest_event: Option<Timestamp>,
    /// Those among them that are late.
    late_events: i64,
    /// Mail that is on its way, and when the first was written.
    pub queued_mail: i64,
    pub oldest_mail: Option<Timestamp>,
    /// Mail that was refused or given up.
    pub stuck_mail: i64,
    pub sent_mail: i64,
    /// The schedules and when each was last due.
    pub schedules: Vec<(String, Timestamp)>,
}

impl Health {
    pub(crate) fn late_events(&self) -> i64 {
        self.late_events
    }
}

pub(crate) async fn look(conn: &mut PgConnection, now: Timestamp) -> Result<Health> {
    let mut health = Health::default();
    store::jobs(&mut *conn, &mut health, now).await?;
    store::events(&mut *conn, &mut health, now.minus(LATE)).await?;
    store::mail(&mut *conn, &mut health).await?;
    health.schedules = store::schedules(conn).await?;
    Ok(health)
}
