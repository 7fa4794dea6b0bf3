//! Limits on tries that all nodes agree on: counters in the database, one statement each.
//!
//! A try is counted before it is judged, so that a hundred at once cannot slip past a limit of five.

mod store;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use kernel::{Error, Result, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::purge::BATCH;

/// So many tries in so much time, counted from the first.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    scope: &'static str,
    tries: i32,
    window: Duration,
    locks: bool,
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on.
    Free,
    /// Too many: not before this much time has passed.
    Wait(Duration),
    /// Too many, and time alone does not help.
    Locked,
}

/// Tries of one address from one network.
pub(crate) const LOGIN_PAIR: Limit = Limit::new("login.pair", 5, Duration::from_mins(15));
/// Tries from one network, whatever the address.
pub(crate) const LOGIN_NETWORK: Limit = Limit::new("login.network", 100, Duration::from_hours(1));
/// Tries of one address, from wherever: slow guessing from many networks ends here, and a mail opens it again.
pub(crate) const LOGIN_ACCOUNT: Limit =
    Limit::new("login.account", 20, Duration::from_hours(1)).locking();
/// Reset mails asked for from one network.
pub(crate) const RECOVER_NETWORK: Limit =
    Limit::new("recover.network", 20, Duration::from_hours(1));
/// Reset mails to one address: nobody's mailbox is filled by somebody else.
pub(crate) const RECOVER_ACCOUNT: Limit = Limit::new("recover.account", 3, Duration::from_hours(1));
/// Guesses at the present password by somebody who sits at an open session.
pub(crate) const PRESENT_PASSWORD: Limit =
    Limit::new("password.present", 5, Duration::from_mins(15));

impl Limit {
    /// A limit of `tries` in `window`. Limits of different scopes never meet.
    #[must_use]
    pub const fn new(scope: &'static str, tries: i32, window: Duration) -> Self {
        Self {
            scope,
            tries,
            window,
            locks: false,
        }
    }

    /// Once exceeded, stays closed until [`clear`].
    #[must_use]
    pub const fn locking(self) -> Self {
        Self {
            locks: true,
            ..self
        }
    }

    fn verdict(self, counted: Counted, now: Timestamp) -> Verdict {
        if counted.locked_at.is_some() {
            Verdict::Locked
        } else if counted.tries <= self.tries {
            Verdict::Free
        } else {
            let passed = now.since(counted.window_started_at);
            Verdict::Wait(
                self.window
                    .saturating_sub(passed)
                    .max(Duration::from_secs(1)),
            )
        }
    }
}

/// The state of a counter after a try.
#[derive(Clone, Copy, Debug)]
struct Counted {
    tries: i32,
    window_started_at: Timestamp,
    locked_at: Option<Timestamp>,
}

/// Counts a try and says whether it may go on. Commit before judging the try, or it was never counted.
pub async fn count(
    conn: &mut PgConnection,
    limit: Limit,
    key: &str,
    now: Timestamp,
) -> Result<Verdict> {
    let counted = store::count(conn, limit, &key_hash(key), now).await?;
    Ok(limit.verdict(counted, now))
}

/// As [`count`], with the refusal as an error: [`Error::TooMany`].
pub async fn enforce(
    conn: &mut PgConnection,
    limit: Limit,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    match count(conn, limit, key, now).await? {
        Verdict::Free => Ok(()),
        Verdict::Wait(retry_after) => Err(Error::TooMany { retry_after }),
        Verdict::Locked => Err(Error::TooMany {
            retry_after: limit.window,
        }),
    }
}

/// Takes a try back: it turned out to be in order.
pub async fn give_back(conn: &mut PgConnection, limit: Limit, key: &str) -> Result<()> {
    store::give_back(conn, limit.scope, &key_hash(key)).await
}

/// Forgets all tries under a key, and opens what was locked.
pub async fn clear(conn: &mut PgConnection, limit: Limit, key: &str) -> Result<()> {
    store::clear(conn, limit.scope, &key_hash(key)).await
}

/// The key of [`LOGIN_PAIR`].
pub(crate) fn pair(email_normal: &str, ip: IpAddr) -> String {
    format!("{email_normal} {}", network(ip))
}

/// Opens an account that too many tries had locked: its owner has shown to receive our mail.
pub(crate) async fn unlock_account(conn: &mut PgConnection, email_normal: &str) -> Result<()> {
    clear(conn, LOGIN_ACCOUNT, email_normal).await
}

/// Removes tries of windows that began before `before`.
pub(crate) async fn purge(conn: &mut PgConnection, before: Timestamp) -> Result<u64> {
    store::delete_old(conn, before, BATCH).await
}

/// The network of a client, as a key: the address in IPv4, the first 64 bits in IPv6, since those are what a
/// household gets.
#[must_use]
pub fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let prefix = Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX));
            format!("{prefix}/64")
        }
    }
}

fn key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_is_known_by_its_first_64_bits() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2:ffff::1"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }

    #[test]
    fn the_last_allowed_try_is_free_and_the_next_waits_for_the_rest_of_the_window() {
        let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let limit = Limit::new("test", 5, Duration::from_mins(15));
        let after = |tries, minutes| {
            let counted = Counted {
                tries,
                window_started_at: start,
                locked_at: None,
            };
            limit.verdict(counted, start.plus(Duration::from_mins(minutes)))
        };
        assert_eq!(after(5, 1), Verdict::Free);
        assert_eq!(after(6, 1), Verdict::Wait(Duration::from_mins(14)));
        assert_eq!(after(6, 15), Verdict::Wait(Duration::from_secs(1)));
    }

    #[test]
    fn a_lock_stays_whatever_the_time() {
        let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let counted = Counted {
            tries: 1,
            window_started_at: start,
            locked_at: Some(start),
        };
        let years_later = start.plus(Duration::from_hours(24 * 800));
        assert_eq!(LOGIN_ACCOUNT.verdict(counted, years_later), Verdict::Locked);
    }
}
