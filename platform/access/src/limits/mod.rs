//! Limits on requests by programs: so many a minute for each key, or fewer for one that was granted fewer, and for the
//! tenant as a whole.
//!
//! The count is a row that all nodes share. So that not every request costs a statement, a node takes several requests
//! at once, as many as the key lately made in a second, gives back after a second what it did not need, and asks again.
//! Hence:
//!
//! - Never more than the limit are let through in a minute, over all nodes.
//! - A node may refuse early by what the other nodes hold at that moment: for each of them at most a twentieth of the
//!   limit, and less the nearer the limit is.
//! - What nodes tell of the remaining requests differs by no more than that, and for no longer than a second.
//! - A key that asks less than once a second is counted exactly.
//!
//! A minute is that of the clock, the same for everybody.

mod store;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Error, Result, TenantId, Timestamp};
use module::ApiKeyId;
use uuid::Uuid;

use crate::Access;

/// Length of a window, in microseconds.
const WINDOW: i64 = 60_000_000;
/// For how long a node goes on with what it has taken.
const FRESH: Duration = Duration::from_secs(1);
/// The part of a limit that a node takes at once at most.
const SHARE: i64 = 20;
/// Entries in memory; beyond that those of former minutes are dropped.
const CAPACITY: usize = 50_000;

/// Requests that may be made in a minute.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// By one key.
    pub key: i64,
    /// By all keys of a tenant.
    pub tenant: i64,
}

/// What is left, as it stands in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests a minute.
    pub limit: i64,
    /// How many of them are left.
    pub remaining: i64,
    /// Seconds until the next minute begins.
    pub reset: i64,
}

/// What this node has taken, and what it gave out.
#[derive(Debug)]
pub(crate) struct Counters {
    budget: Budget,
    leases: Mutex<HashMap<(TenantId, Uuid), Lease>>,
}

/// What a node holds of one count.
#[derive(Clone, Copy, Debug)]
struct Lease {
    /// Beginning of the minute, in microseconds since 1970.
    window: i64,
    /// Requests that were taken and not given out yet.
    held: i64,
    /// Requests given out since the count was last asked.
    spent: i64,
    /// What was asked for then.
    pace: i64,
    /// The count as it was then, what this node took included.
    total: i64,
    asked_at: Option<Timestamp>,
}

impl Lease {
    fn new(window: i64) -> Self {
        Self {
            window,
            held: 0,
            spent: 0,
            pace: 0,
            total: 0,
            asked_at: None,
        }
    }

    /// Whether what is known here is new.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.asked_at
            .is_some_and(|at| at <= now && now.since(at) < FRESH)
    }

    /// Whether what is known here is enough to decide without asking.
    fn decides(&self, limit: i64, now: Timestamp) -> bool {
        self.is_fresh(now) && (self.held > 0 || self.total >= limit)
    }

    /// What to ask for: as many as were needed since the last time, twice as many as then when these did not last for a
    /// second, and fewer the nearer the limit is.
    fn wanted(&self, limit: i64, now: Timestamp) -> i64 {
        let near = (limit - self.total).max(0) / 4;
        let needed = if self.is_fresh(now) {
            2 * self.pace
        } else {
            self.spent
        };
        needed.min(limit / SHARE).min(near).max(1)
    }

    fn remaining(&self, limit: i64) -> i64 {
        (limit - self.total + self.held).max(0)
    }
}

/// What a node asks of one count: what it wants more, and what it gives back.
#[derive(Clone, Copy, Debug)]
struct Ask {
    subject: Uuid,
    wanted: i64,
    returned: i64,
}

/// What a count was after an [`Ask`].
#[derive(Clone, Copy, Debug)]
struct Counted {
    subject: Uuid,
    used: i64,
}

impl Counters {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            leases: Mutex::default(),
        }
    }

    /// Requests a minute that every key may make.
    pub(crate) fn key_limit(&self) -> i64 {
        self.budget.key
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, Uuid), Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two counts of a request with their limits: the key's own first.
type Both = [(Uuid, i64); 2];

/// Gives a request out of what is held. `Err` when nothing is, or when what is known is too old.
fn spend(
    leases: &mut HashMap<(TenantId, Uuid), Lease>,
    tenant: TenantId,
    both: Both,
    now: Timestamp,
    window: i64,
) -> Result<Verdict, [Ask; 2]> {
    let mut found = both.map(|(subject, _)| {
        let lease = leases
            .entry((tenant, subject))
            .or_insert(Lease::new(window));
        if lease.window != window {
            *lease = Lease::new(window);
        }
        *lease
    });
    let decided = found
        .iter()
        .zip(both)
        .all(|(lease, (_, limit))| lease.decides(limit, now));
    if decided {
        let free = found.iter().all(|lease| lease.held > 0);
        for (lease, (subject, _)) in found.iter_mut().zip(both) {
            if free {
                lease.held -= 1;
                lease.spent += 1;
                leases.insert((tenant, subject), *lease);
            }
        }
        return Ok(verdict(&found, both, free, window, now));
    }
    let mut asks = [Ask {
        subject: Uuid::nil(),
        wanted: 1,
        returned: 0,
    }; 2];
    for ((ask, lease), (subject, limit)) in asks.iter_mut().zip(&mut found).zip(both) {
        *ask = Ask {
            subject,
            wanted: lease.wanted(limit, now),
            returned: lease.held,
        };
        // Taken out until the answer is there, so that nobody gives it out meanwhile.
        lease.pace = ask.wanted;
        lease.total -= lease.held;
        lease.held = 0;
        lease.spent = 0;
        leases.insert((tenant, subject), *lease);
    }
    Err(asks)
}

/// Takes in what the counts were, and gives the request out of that.
fn settle(
    leases: &mut HashMap<(TenantId, Uuid), Lease>,
    tenant: TenantId,
    both: Both,
    asks: [Ask; 2],
    counted: &[Counted],
    now: Timestamp,
    window: i64,
) -> Verdict {
    let mut granted = [0; 2];
    for ((ask, (subject, limit)), granted) in asks.iter().zip(both).zip(&mut granted) {
        let used = counted
            .iter()
            .find(|count| count.subject == subject)
            .map_or(limit + ask.wanted, |count| count.used);
        *granted = (ask.wanted - (used - limit).max(0)).max(0);
        let lease = leases
            .entry((tenant, subject))
            .or_insert(Lease::new(window));
        lease.held += *granted;
        lease.total = used;
        lease.asked_at = Some(now);
    }
    let free = granted.iter().all(|granted| *granted > 0);
    let found = both.map(|(subject, _)| {
        let lease = leases
            .entry((tenant, subject))
            .or_insert(Lease::new(window));
        if free {
            lease.held -= 1;
            lease.spent += 1;
        }
        *lease
    });
    verdict(&found, both, free, window, now)
}

/// Whether a request may go on, and what is left.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    free: bool,
    quota: Quota,
}

/// The narrower of the two counts is the one that headers tell of.
fn verdict(found: &[Lease; 2], both: Both, free: bool, window: i64, now: Timestamp) -> Verdict {
    let left = (window + WINDOW - now.as_microseconds()).max(0);
    let reset = (left + 999_999) / 1_000_000;
    let quota = |at: usize| Quota {
        limit: both[at].1,
        remaining: found[at].remaining(both[at].1),
        reset,
    };
    let (key, tenant) = (quota(0), quota(1));
    Verdict {
        free,
        quota: if tenant.remaining < key.remaining {
            tenant
        } else {
            key
        },
    }
}

impl Access {
    /// Counts a request of a key, which may have a limit of its own below that of all keys. Returns what is left, and [`Error::TooMany`] when that is nothing.
    ///
    /// # Errors
    /// The outer one when the database cannot answer.
    pub(crate) async fn count(
        &self,
        tenant: TenantId,
        key: ApiKeyId,
        own: Option<i64>,
        now: Timestamp,
    ) -> Result<(Quota, Result<()>)> {
        let counters = self.counters();
        let all = counters.key_limit();
        let both = [
            (key.0, own.map_or(all, |own| own.min(all))),
            (tenant.0, counters.budget.tenant),
        ];
        let window = now.as_microseconds().div_euclid(WINDOW) * WINDOW;
        let asked = {
            let mut leases = counters.lock();
            if leases.len() > CAPACITY {
                leases.retain(|_, lease| lease.window == window);
            }
            spend(&mut leases, tenant, both, now, window)
        };
        let verdict = match asked {
            Ok(verdict) => verdict,
            Err(asks) => {
                let start = Timestamp::from_microseconds(window)
                    .ok_or_else(|| Error::internal("a window without a beginning"))?;
                let counted = store::count(self.db().pool(), tenant, start, asks).await?;
                settle(
                    &mut counters.lock(),
                    tenant,
                    both,
                    asks,
                    &counted,
                    now,
                    window,
                )
            }
        };
        let outcome = if verdict.free {
            Ok(())
        } else {
            Err(Error::TooMany {
                retry_after: Duration::from_secs(verdict.quota.reset.max(1).unsigned_abs()),
            })
        };
        Ok((verdict.quota, outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two nodes over one count, as the statement keeps it.
    struct World {
        used: HashMap<Uuid, i64>,
        nodes: [HashMap<(TenantId, Uuid), Lease>; 2],
        tenant: TenantId,
        key: Uuid,
        asked: usize,
    }

    const LIMIT: i64 = 600;

    impl World {
        fn new() -> Self {
            Self {
                used: HashMap::new(),
                nodes: [HashMap::new(), HashMap::new()],
                tenant: TenantId::new(),
                key: Uuid::from_u128(1),
                asked: 0,
            }
        }

        fn ask(&mut self, node: usize, now: Timestamp) -> Verdict {
            let both = [(self.key, LIMIT), (self.tenant.0, 10 * LIMIT)];
            let window = now.as_microseconds().div_euclid(WINDOW) * WINDOW;
            match spend(&mut self.nodes[node], self.tenant, both, now, window) {
                Ok(verdict) => verdict,
                Err(asks) => {
                    self.asked += 1;
                    let counted: Vec<Counted> = asks
                        .iter()
                        .map(|ask| {
                            let used = self.used.entry(ask.subject).or_default();
                            *used = (*used + ask.wanted - ask.returned).max(0);
                            Counted {
                                subject: ask.subject,
                                used: *used,
                            }
                        })
                        .collect();
                    let leases = &mut self.nodes[node];
                    settle(leases, self.tenant, both, asks, &counted, now, window)
                }
            }
        }
    }

    fn start() -> Timestamp {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn nodes_together_never_give_out_more_than_the_limit_and_hardly_less() {
        for (step, spread) in [(5, 2), (1, 3), (20, 7), (0, 2)] {
            let mut world = World::new();
            let mut free = 0;
            for number in 0..2_000u64 {
                let now = start().plus(Duration::from_millis((number * step).min(59_000)));
                let node = usize::from(number % spread != 0);
                free += i64::from(world.ask(node, now).free);
            }
            assert!(free <= LIMIT, "{free} every {step} ms");
            assert!(free >= LIMIT - LIMIT / SHARE, "{free} every {step} ms");
        }
    }

    #[test]
    fn a_slow_key_is_counted_exactly_on_both_nodes() {
        let mut world = World::new();
        for number in 0..20 {
            let now = start().plus(Duration::from_secs(2 * number));
            let verdict = world.ask(usize::from(number % 2 == 1), now);
            let left = LIMIT - 1 - i64::try_from(number).unwrap();
            assert_eq!(verdict.quota.remaining, left);
            assert_eq!(verdict.quota.reset, 60 - 2 * i64::try_from(number).unwrap());
        }
    }

    #[test]
    fn a_busy_key_costs_few_statements_and_so_does_a_refused_one() {
        let mut world = World::new();
        // Ten seconds at fifty a second, then ten seconds of the same although nothing is left.
        for number in 0..500u64 {
            world.ask(0, start().plus(Duration::from_millis(number * 20)));
        }
        assert!(world.asked < 60, "{}", world.asked);
        world.asked = 0;
        for number in 500..1_500u64 {
            world.ask(0, start().plus(Duration::from_millis(number * 20)));
        }
        assert!(world.asked < 150, "{}", world.asked);
    }

    #[test]
    fn a_new_minute_begins_anew() {
        let mut world = World::new();
        for _ in 0..700 {
            world.ask(0, start());
        }
        assert!(!world.ask(0, start().plus(Duration::from_secs(30))).free);
        world.used.clear();
        let next = world.ask(0, start().plus(Duration::from_mins(1)));
        assert!(next.free);
        assert_eq!(next.quota.remaining, LIMIT - 1);
    }
}
