//! Secrets in links and codes: each has one purpose, one use and an end.

mod store;

use std::time::Duration;

use kernel::{Result, TenantId, Timestamp, UserId};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Secret;
use crate::purge::BATCH;

/// What a token is for. One of another purpose is as good as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Chooses a new password without the old one.
    PasswordReset,
    /// Carries a signed-in person from the base host to a tenant's.
    SsoHandoff,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::SsoHandoff => "sso_handoff",
        }
    }
}

/// Whom a token concerns.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A person.
    User(UserId),
    /// An address that nobody has yet, in the form that is compared ([`kernel::Email::normal`]).
    Email(&'a str),
}

/// A token to be issued.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it concerns.
    pub subject: Subject<'a>,
    /// The tenant concerned, if any.
    pub tenant: Option<TenantId>,
    /// What the purpose needs besides.
    pub payload: Value,
    /// How long it is good.
    pub lifetime: Duration,
}

/// What a token says.
#[derive(Clone, Debug)]
pub struct Token {
    /// The person, unless it was issued to an address alone.
    pub user: Option<UserId>,
    /// The address in the form that is compared, if it was issued to one.
    pub email: Option<String>,
    /// The tenant concerned, if any.
    pub tenant: Option<TenantId>,
    /// What the issuer put in.
    pub payload: Value,
}

/// Issues a token. It takes the place of a live one for the same purpose, subject and tenant; codes between hosts
/// alone stand beside each other.
pub async fn issue(conn: &mut PgConnection, token: NewToken<'_>, now: Timestamp) -> Result<Secret> {
    let secret = Secret::generate();
    store::upsert(conn, &secret.hash(), token, now).await?;
    Ok(secret)
}

/// What a token says, without using it up: for the page behind a link. Mail scanners open links, too; only a
/// deliberate POST may consume.
pub async fn peek(
    conn: &mut PgConnection,
    purpose: Purpose,
    secret: &str,
    now: Timestamp,
) -> Result<Option<Token>> {
    match Secret::parse(secret) {
        Some(secret) => store::peek(conn, purpose.as_str(), &secret.hash(), now).await,
        None => Ok(None),
    }
}

/// Uses a token up. Of many callers at once exactly one gets it; `None` for all others, and for tokens that have
/// expired, were replaced, serve another purpose, or never were.
pub async fn consume(
    conn: &mut PgConnection,
    purpose: Purpose,
    secret: &str,
    now: Timestamp,
) -> Result<Option<Token>> {
    match Secret::parse(secret) {
        Some(secret) => store::consume(conn, purpose.as_str(), &secret.hash(), now).await,
        None => Ok(None),
    }
}

/// Removes tokens that expired before `before`.
pub(crate) async fn purge(conn: &mut PgConnection, before: Timestamp) -> Result<u64> {
    store::delete_expired(conn, before, BATCH).await
}
