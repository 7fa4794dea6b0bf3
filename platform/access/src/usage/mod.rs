//! How often and from where keys are used.
//!
//! Each node counts in memory and writes once a minute for each key. What a node had not written yet when it dies is
//! lost: figures for people, not for bills.

mod store;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kernel::{Result, TenantId, Timestamp};
use module::{ApiKeyId, ApplicationId};
use tenant_resolver::TenantTx;

use crate::Access;

/// How long a node keeps what it has counted.
const EVERY: Duration = Duration::from_mins(1);

/// What this node has counted and not written.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<HashMap<(TenantId, ApiKeyId), Entry>>);

/// The counts of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    requests: i64,
    refused: i64,
    at: Timestamp,
    ip: IpAddr,
    written_at: Option<Timestamp>,
}

impl Ledger {
    /// Counts a request; returns the entry when it is time to write it.
    fn count(
        &self,
        key: (TenantId, ApiKeyId),
        ip: IpAddr,
        refused: bool,
        now: Timestamp,
    ) -> Option<Entry> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(key).or_insert(Entry {
            requests: 0,
            refused: 0,
            at: now,
            ip,
            written_at: None,
        });
        entry.requests += 1;
        entry.refused += i64::from(refused);
        entry.at = now;
        entry.ip = ip;
        let due = entry
            .written_at
            .is_none_or(|written| now.since(written) >= EVERY || written > now);
        due.then(|| entry.take(now))
    }

    /// Everything that is not written, and forgets keys that nobody uses any more.
    fn take_all(&self, now: Timestamp) -> Vec<((TenantId, ApiKeyId), Entry)> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.requests > 0 || now.since(entry.at) < EVERY);
        entries
            .iter_mut()
            .filter(|(_, entry)| entry.requests > 0)
            .map(|(key, entry)| (*key, entry.take(now)))
            .collect()
    }
}

impl Entry {
    fn take(&mut self, now: Timestamp) -> Self {
        let taken = *self;
        self.requests = 0;
        self.refused = 0;
        self.written_at = Some(now);
        taken
    }
}

/// One day of a key or an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "a day has a date; `day` is its column"
)]
pub(crate) struct Day {
    /// The day (UTC), as `2026-03-02`.
    pub day: String,
    /// Requests.
    pub requests: i64,
    /// Of these, refused because a limit was reached.
    pub refused: i64,
}

/// How many days are shown.
const DAYS: i32 = 30;

/// The last 30 days of an application, the present one last, those without a request too.
pub(crate) async fn of_application(
    tx: &mut TenantTx,
    application: ApplicationId,
    now: Timestamp,
) -> Result<Vec<Day>> {
    store::days(tx, application, DAYS, now).await
}

impl Access {
    /// Notes that a key was used; `refused` when a limit stopped it.
    pub(crate) async fn note(
        &self,
        tenant: TenantId,
        key: ApiKeyId,
        ip: IpAddr,
        refused: bool,
        now: Timestamp,
    ) {
        if let Some(entry) = self.ledger().count((tenant, key), ip, refused, now)
            && let Err(error) = store::write(self.db().pool(), tenant, key, &entry).await
        {
            // A request does not fail because it could not be counted.
            tracing::warn!(%error, key = %key, "the use of a key could not be noted");
        }
    }

    /// Writes everything that this node has counted. Called by a timer, and when the server stops.
    ///
    /// # Errors
    /// When the database cannot answer; what was not written is lost then.
    pub async fn write_usage(&self, now: Timestamp) -> Result<()> {
        for ((tenant, key), entry) in self.ledger().take_all(now) {
            store::write(self.db().pool(), tenant, key, &entry).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_writes_at_once_and_then_once_a_minute() {
        let ledger = Ledger::default();
        let key = (TenantId::new(), ApiKeyId::new());
        let ip = IpAddr::from([127, 0, 0, 1]);
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let count = |seconds: u64, refused| {
            let now = start.plus(Duration::from_secs(seconds));
            ledger
                .count(key, ip, refused, now)
                .map(|entry| (entry.requests, entry.refused))
        };
        assert_eq!(count(0, false), Some((1, 0)));
        assert_eq!(count(1, false), None);
        assert_eq!(count(59, true), None);
        assert_eq!(count(60, false), Some((3, 1)));
        assert_eq!(count(61, false), None);
        let later = start.plus(Duration::from_secs(62));
        assert_eq!(ledger.take_all(later).len(), 1);
        assert!(ledger.take_all(later).is_empty());
        ledger.take_all(later.plus(EVERY));
        assert!(ledger.0.lock().unwrap().is_empty());
    }
}
