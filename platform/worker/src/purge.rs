//! Removes what nobody needs any more.

use std::time::Duration;

use kernel::Result;

use crate::platform::PlatformContext;
use crate::store;

pub(crate) const KIND: &str = "platform.worker.purge";
pub(crate) const EVERY: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);
/// Rows in one statement, which must stay far below the time that a statement may take.
const BATCH: i64 = 2_000;

pub(crate) async fn run(job: PlatformContext) -> Result<()> {
    let pool = job.db.pool();
    let before = |days: u32| job.now.minus(DAY * days);
    let mut removed = [0; 4];
    loop {
        let batch = [
            store::delete_jobs(pool, "done", before(7), BATCH).await?,
            store::delete_jobs(pool, "dead", before(90), BATCH).await?,
            store::delete_events(pool, before(30), BATCH).await?,
            module::forget_old_answers(&mut *pool.acquire().await?, job.now, BATCH).await?,
        ];
        for (sum, count) in removed.iter_mut().zip(batch) {
            *sum += count;
        }
        if batch.iter().all(|count| *count < BATCH.unsigned_abs()) {
            break;
        }
    }
    let [done, dead, events, keys] = removed;
    tracing::info!(
        done,
        dead,
        events,
        keys,
        "old jobs, events and answers removed"
    );
    Ok(())
}
