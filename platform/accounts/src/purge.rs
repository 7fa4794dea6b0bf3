//! Removes what nobody needs any more.

use std::time::Duration;

use kernel::{Result, Timestamp};

use crate::{Accounts, limits, sessions, tokens};

const DAY: Duration = Duration::from_hours(24);
/// How long an ended session is kept, for questions about who was signed in.
const SESSIONS: Duration = Duration::from_hours(30 * 24);
/// Rows in one statement, which must stay far below the time that a statement may take.
pub(crate) const BATCH: i64 = 2_000;

impl Accounts {
    /// Removes sessions that ended a month ago, tokens that expired a day ago, and tries of a day ago. Locked accounts
    /// stay locked. Returns how many rows went. Safe to repeat and to run on several nodes.
    ///
    /// # Errors
    /// When the database does not answer; what went before stays removed.
    pub async fn purge(&self, now: Timestamp) -> Result<u64> {
        let mut removed = 0;
        loop {
            let mut tx = self.db().begin().await?;
            let batch = [
                sessions::purge(tx.conn(), now.minus(SESSIONS)).await?,
                tokens::purge(tx.conn(), now.minus(DAY)).await?,
                limits::purge(tx.conn(), now.minus(DAY)).await?,
            ];
            tx.commit().await?;
            removed += batch.iter().sum::<u64>();
            if batch.iter().all(|count| *count < BATCH.unsigned_abs()) {
                return Ok(removed);
            }
        }
    }
}
