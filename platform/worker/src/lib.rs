//! Runs what was queued: jobs, events for their subscribers, schedules.
//!
//! ```ignore
//! let mut platform = PlatformJobs::default();
//! platform.on(messaging::DELIVER, move |job| deliver(messaging.clone(), job));
//! platform.every("platform.tenants.sweep", Duration::from_hours(1), sweep);
//! let worker = Worker::new(app, db, jobs, subscriptions, platform);
//! tokio::spawn(async move { worker.run(stop).await });
//! ```
#![warn(missing_docs)]

mod backoff;
mod perform;
mod platform;
mod purge;
pub mod repair;
mod runner;
mod store;

/// Migrations of the tables `jobs*` and `outbox_*`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub use platform::{PlatformContext, PlatformJobs};
pub use runner::Worker;
