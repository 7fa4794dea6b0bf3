//! Sessions: who is signed in, in which browser, on which host.

mod store;

use std::net::IpAddr;
use std::time::Duration;

use database::Change;
use kernel::{Result, TenantId, Timestamp, UserId};
use sqlx::PgConnection;

use crate::Secret;
use crate::purge::BATCH;

kernel::id!(
    /// Identifies a session.
    SessionId
);

/// Without a request for this long, a session ends (ASVS 5.0 7.3.1).
pub const IDLE: Duration = Duration::from_hours(14 * 24);
/// However busy, a session ends after this long (ASVS 5.0 7.3.2).
pub const ABSOLUTE: Duration = Duration::from_hours(90 * 24);
/// How often at most the time of the last request is written.
pub const TOUCH_EVERY: Duration = Duration::from_mins(5);

/// What a session is for, and with that how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// Anybody's, on the base host or a tenant's.
    Person,
    /// An operator's, at the console and nowhere else.
    Operator,
}

impl SessionKind {
    /// Without a request for this long, the session ends.
    #[must_use]
    pub const fn idle(self) -> Duration {
        match self {
            Self::Person => IDLE,
            Self::Operator => Duration::from_mins(30),
        }
    }

    /// However busy, the session ends after this long.
    #[must_use]
    pub const fn absolute(self) -> Duration {
        match self {
            Self::Person => ABSOLUTE,
            Self::Operator => Duration::from_hours(12),
        }
    }

    /// How often at most the time of the last request is written: seldom enough for the database, often enough for the
    /// idle time to mean something.
    #[must_use]
    pub const fn touch_every(self) -> Duration {
        match self {
            Self::Person => TOUCH_EVERY,
            Self::Operator => Duration::from_mins(1),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Operator => "operator",
        }
    }

    fn parse(name: &str) -> Result<Self> {
        match name {
            "person" => Ok(Self::Person),
            "operator" => Ok(Self::Operator),
            other => Err(kernel::Error::internal(format!("session kind {other}"))),
        }
    }
}

/// What a browser's cookie holds. The table holds its hash alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionToken(Secret);

impl SessionToken {
    /// Reads a token from outside; `None` when it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Secret::parse(text).map(Self)
    }

    /// The token itself, for the cookie.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What is stored of it, and what a cache should remember it by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.0.hash()
    }
}

/// A session to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// Who signs in.
    pub user: UserId,
    /// The tenant on whose host it is used; `None` on the base host.
    pub tenant: Option<TenantId>,
    /// The log-in that it stems from; `None` for a log-in itself. The code that carries a person from the base host
    /// to a tenant's carries this along, so that both end together.
    pub login: Option<SessionId>,
    /// The host it is bound to, without port.
    pub host: &'a str,
    /// Address of the client.
    pub ip: IpAddr,
    /// Browser as it names itself.
    pub user_agent: &'a str,
    /// The present instant.
    pub now: Timestamp,
}

/// A live session and whose it is.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The log-in it stems from; its own id on the base host.
    pub login: SessionId,
    /// Who is signed in.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What it is for.
    pub kind: SessionKind,
    /// The tenant on whose host it is used; `None` on the base host and the operators'.
    pub tenant: Option<TenantId>,
    /// The only host it is good for, without port.
    pub host: String,
    /// The last request that was written down.
    pub last_seen_at: Timestamp,
    /// When it ends without further requests.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub absolute_expires_at: Timestamp,
}

impl Session {
    /// Whether it is good on this host at this time. Whoever keeps a session in a cache asks this at each use.
    #[must_use]
    pub fn is_good(&self, host: &str, now: Timestamp) -> bool {
        self.host == host && now < self.idle_expires_at && now < self.absolute_expires_at
    }

    /// Whether [`touch`] would write anything.
    #[must_use]
    pub fn needs_touch(&self, now: Timestamp) -> bool {
        now.since(self.last_seen_at) >= self.kind.touch_every()
    }
}

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeReason {
    /// The person logged out.
    LogOut,
    /// The person ended it from another browser.
    ByOwner,
    /// The password was changed in another browser.
    PasswordChanged,
    /// The password was reset by mail.
    PasswordReset,
    /// The account was switched off.
    Disabled,
    /// A tenant removed or suspended the person.
    Removed,
}

impl RevokeReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::LogOut => "log_out",
            Self::ByOwner => "by_owner",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::Disabled => "disabled",
            Self::Removed => "removed",
        }
    }
}

/// Opens a session under a new token. A token never outlives a log-in: that would let a planted one be fixated.
pub async fn create(conn: &mut PgConnection, new: NewSession<'_>) -> Result<SessionToken> {
    open(conn, SessionKind::Person, new).await
}

/// Opens a session at the operators' console. That the person is an operator is for the caller to have looked at.
pub async fn create_operator(conn: &mut PgConnection, new: NewSession<'_>) -> Result<SessionToken> {
    open(conn, SessionKind::Operator, new).await
}

async fn open(
    conn: &mut PgConnection,
    kind: SessionKind,
    new: NewSession<'_>,
) -> Result<SessionToken> {
    let token = SessionToken(Secret::generate());
    store::insert(conn, kind, SessionId::new(), &token.hash(), new).await?;
    Ok(token)
}

/// The session of a token: not ended, not expired, and of an active account. One statement.
///
/// It is good for one host only: ask [`Session::is_good`] before using it.
pub async fn find(
    conn: &mut PgConnection,
    token: &SessionToken,
    now: Timestamp,
) -> Result<Option<Session>> {
    let row = store::by_token(conn, &token.hash(), now).await?;
    row.map(Session::try_from).transpose()
}

/// Notes that a session is in use, at most as often as its kind says.
pub async fn touch(conn: &mut PgConnection, session: &Session, now: Timestamp) -> Result<()> {
    store::touch(conn, session.id, session.kind, now).await
}

/// Ends one session and no other: the browser is signed out on that host.
pub async fn revoke(
    conn: &mut PgConnection,
    session: &Session,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<()> {
    store::revoke(conn, session.id, reason.as_str(), now).await?;
    Change::User(session.user).announce(conn).await
}

/// Ends all sessions of a person on one tenant's host.
pub async fn revoke_in_tenant(
    conn: &mut PgConnection,
    user: UserId,
    tenant: TenantId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<()> {
    store::revoke_in_tenant(conn, user, tenant, reason.as_str(), now).await?;
    Change::User(user).announce(conn).await
}

/// Ends everything that stems from one log-in: the browser is signed out on all hosts. Whether there was anything
/// to end; a log-in of somebody else is left alone.
pub async fn revoke_login(
    conn: &mut PgConnection,
    user: UserId,
    login: SessionId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<bool> {
    let ended = store::revoke_login(conn, user, login, reason.as_str(), now).await?;
    Change::User(user).announce(conn).await?;
    Ok(ended > 0)
}

/// Ends all sessions of a person at the operators' console.
pub async fn revoke_operator(
    conn: &mut PgConnection,
    user: UserId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<()> {
    let kind = SessionKind::Operator;
    store::revoke_kind(conn, user, kind, reason.as_str(), now).await?;
    Change::User(user).announce(conn).await
}

/// Ends all sessions of a person but those of one log-in. Returns how many ended.
pub async fn revoke_others(
    conn: &mut PgConnection,
    user: UserId,
    keep: SessionId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<u64> {
    let ended = store::revoke_others(conn, user, keep, reason.as_str(), now).await?;
    Change::User(user).announce(conn).await?;
    Ok(ended)
}

/// Ends all sessions of a person.
pub async fn revoke_all(
    conn: &mut PgConnection,
    user: UserId,
    reason: RevokeReason,
    now: Timestamp,
) -> Result<()> {
    store::revoke_all(conn, user, reason.as_str(), now).await?;
    Change::User(user).announce(conn).await
}

/// One log-in as its owner sees it: a browser, with all the hosts on which it is signed in.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its id.
    pub id: SessionId,
    /// Browser as it names itself.
    pub user_agent: String,
    /// Address of its latest request.
    pub ip: String,
    /// Hosts on which it is signed in, without port.
    pub hosts: Vec<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// Its latest request, to five minutes.
    pub last_seen_at: Timestamp,
}

/// The live log-ins of a person, latest used first.
pub async fn logins(conn: &mut PgConnection, user: UserId, now: Timestamp) -> Result<Vec<Login>> {
    store::logins(conn, user, now).await
}

/// Removes sessions that ended before `before`.
pub(crate) async fn purge(conn: &mut PgConnection, before: Timestamp) -> Result<u64> {
    store::delete_ended(conn, before, BATCH).await
}
