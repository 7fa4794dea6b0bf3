//! What stands before the rules: the form's token, hashes of networks, bans, and counters that all nodes agree on.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use kernel::{Error, MembershipId, Result, Timestamp, Zone};
use module::Ctx;
use sha2::{Digest, Sha256};
use tenant_resolver::TenantTx;

use super::guard_store::{self, Banned};
use super::rules::Reason;
use crate::posts::PostId;

/// A form that comes back sooner was not filled in by a person.
const TYPING: Duration = Duration::from_secs(3);
/// How long a page may stand open before its form is asked for again.
const FORM_AGE: Duration = Duration::from_hours(7 * 24);

/// So many tries in so much time, counted from the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub scope: &'static str,
    pub tries: i32,
    pub window: Duration,
}

const FLOOD: Limit = Limit::new("flood", 1, Duration::from_secs(15));
const IDENTITY: Limit = Limit::new("identity", 5, Duration::from_mins(10));
const NETWORK: Limit = Limit::new("network", 20, Duration::from_hours(1));
pub(super) const REPORTS: Limit = Limit::new("report", 20, Duration::from_hours(1));

impl Limit {
    const fn new(scope: &'static str, tries: i32, window: Duration) -> Self {
        Self {
            scope,
            tries,
            window,
        }
    }
}

/// Who comments, as limits and rules know them.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    Member(MembershipId),
    /// A guest, by their address as it is compared.
    Guest(String),
}

impl Identity {
    fn key(&self) -> String {
        match self {
            Self::Member(id) => format!("member {id}"),
            Self::Guest(email) => format!("guest {email}"),
        }
    }

    pub fn member(&self) -> Option<MembershipId> {
        match self {
            Self::Member(id) => Some(*id),
            Self::Guest(_) => None,
        }
    }

    pub fn email_key(&self) -> Option<&str> {
        match self {
            Self::Member(_) => None,
            Self::Guest(email) => Some(email),
        }
    }
}

/// A keyed hash of several parts.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; an empty result would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The network of a client: the address in IPv4, the first 64 bits in IPv6, since those are what a household gets.
pub(super) fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).to_string(),
    }
}

/// The day of an instant, whose salt hashes are made with: `2026-03-02`.
pub(super) fn day(at: Timestamp) -> String {
    at.in_zone(&Zone::UTC).date().to_string()
}

/// What is kept of where a comment came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traces {
    pub ip: [u8; 32],
    pub user_agent: [u8; 32],
}

/// Hashes of network and browser under today's salt.
pub(super) async fn traces(tx: &mut TenantTx, ctx: &Ctx) -> Result<Traces> {
    let salt = guard_store::salt(tx, &day(ctx.now()), &rand::random::<[u8; 32]>()).await?;
    let request = ctx.request();
    Ok(Traces {
        ip: mac(&salt, &[network(request.ip).as_bytes()]),
        user_agent: mac(&salt, &[request.user_agent.as_bytes()]),
    })
}

/// The ban that keeps somebody from commenting now, if there is one.
pub(super) async fn banned(tx: &mut TenantTx, ctx: &Ctx, who: &Identity) -> Result<Option<Banned>> {
    let found = guard_store::bans_of(tx, who.member(), who.email_key(), ctx.now()).await?;
    if found.is_some() {
        return Ok(found);
    }
    let network = network(ctx.request().ip);
    let networks = guard_store::banned_networks(tx, ctx.now()).await?;
    Ok(networks
        .into_iter()
        .find(|ban| mac(&ban.salt, &[network.as_bytes()]).as_slice() == ban.ip_hash)
        .map(|ban| Banned { until: ban.until }))
}

/// Counts a try; refuses it when there were too many. What is refused rolls back and does not count.
pub(super) async fn count(
    tx: &mut TenantTx,
    limit: Limit,
    key: &[u8],
    now: Timestamp,
) -> Result<()> {
    let counted = guard_store::count(tx, limit, key, now).await?;
    if counted.tries <= limit.tries {
        return Ok(());
    }
    let passed = now.since(counted.window_started_at);
    Err(Error::TooMany {
        retry_after: limit
            .window
            .saturating_sub(passed)
            .max(Duration::from_secs(1)),
    })
}

/// The limits on comments: of one person, then of one network, in this order for everybody.
pub(super) async fn count_comment(
    tx: &mut TenantTx,
    ctx: &Ctx,
    key: &[u8],
    who: &Identity,
) -> Result<()> {
    let person = mac(key, &[b"person", who.key().as_bytes()]);
    let network = mac(key, &[b"network", network(ctx.request().ip).as_bytes()]);
    count(tx, FLOOD, &person, ctx.now()).await?;
    count(tx, IDENTITY, &person, ctx.now()).await?;
    count(tx, NETWORK, &network, ctx.now()).await
}

/// Who reports: a member, or a network.
pub(super) fn reporter(ctx: &Ctx, key: &[u8]) -> [u8; 32] {
    match ctx.visitor() {
        Some(person) => mac(key, &[b"report of", person.membership.0.as_bytes()]),
        None => mac(key, &[b"report from", network(ctx.request().ip).as_bytes()]),
    }
}

/// What a form says of itself: for which post it was made, and when.
pub(super) fn form_token(key: &[u8], post: PostId, now: Timestamp) -> String {
    let at = now.as_microseconds().to_be_bytes();
    let seal = mac(key, &[b"form", post.0.as_bytes(), &at]);
    let mut bytes = Vec::with_capacity(24);
    bytes.extend_from_slice(&at);
    bytes.extend_from_slice(&seal[..16]);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What came of looking at a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Fine,
    Suspicious(Reason),
    /// Ours, and too old to be trusted.
    Stale,
}

/// Looks at a form's hidden field and token.
pub(super) fn look(
    key: &[u8],
    post: PostId,
    token: &str,
    honeypot: &str,
    now: Timestamp,
) -> Looked {
    if !honeypot.is_empty() {
        return Looked::Suspicious(Reason::Honeypot);
    }
    let Some(at) = read_token(key, post, token) else {
        return Looked::Suspicious(Reason::BadForm);
    };
    if at > now {
        return Looked::Suspicious(Reason::BadForm);
    }
    match now.since(at) {
        age if age < TYPING => Looked::Suspicious(Reason::TooFast),
        age if age > FORM_AGE => Looked::Stale,
        _ => Looked::Fine,
    }
}

fn read_token(key: &[u8], post: PostId, token: &str) -> Option<Timestamp> {
    let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (at, seal) = bytes.split_at(8);
    let expected = mac(key, &[b"form", post.0.as_bytes(), at]);
    // A wrong guess costs its sender a comment; nothing is learned from how long the comparison took.
    (seal == &expected[..16])
        .then(|| Timestamp::from_microseconds(i64::from_be_bytes(at.try_into().ok()?)))
        .flatten()
}

/// A 256-bit secret, and the hash that is stored of it.
pub(super) fn secret() -> (String, [u8; 32]) {
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let hash = hash(&secret);
    (secret, hash)
}

/// What is stored of a secret.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_good_for_its_post_and_its_time() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let (key, post) = ([7; 32], PostId::new());
        let token = form_token(&key, post, now);
        let looked = |seconds: u64| {
            look(
                &key,
                post,
                &token,
                "",
                now.plus(Duration::from_secs(seconds)),
            )
        };
        assert_eq!(looked(2), Looked::Suspicious(Reason::TooFast));
        assert_eq!(looked(3), Looked::Fine);
        assert_eq!(looked(7 * 86_400), Looked::Fine);
        assert_eq!(looked(7 * 86_400 + 1), Looked::Stale);
        let later = now.plus(Duration::from_mins(1));
        let bad = Looked::Suspicious(Reason::BadForm);
        assert_eq!(look(&[8; 32], post, &token, "", later), bad);
        assert_eq!(look(&key, PostId::new(), &token, "", later), bad);
        assert_eq!(look(&key, post, "", "", later), bad);
        assert_eq!(look(&key, post, &token, "", now.minus(TYPING)), bad);
        assert_eq!(
            look(&key, post, &token, "x", later),
            Looked::Suspicious(Reason::Honeypot)
        );
    }

    #[test]
    fn parts_of_a_hash_do_not_run_together() {
        assert_ne!(mac(b"k", &[b"ab", b"c"]), mac(b"k", &[b"a", b"bc"]));
    }

    #[test]
    fn a_household_is_one_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}
