//! People: one row for each person, over all tenants.

mod store;

use kernel::{Email, Result, Timestamp, UserId};
use sqlx::PgConnection;

use crate::{limits, sessions};

/// A person.
#[derive(Clone, Debug)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address as they write it.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Language tag (BCP 47) for dates and numbers.
    pub locale: String,
    /// IANA name of the zone in which they see times.
    pub time_zone: String,
    /// Whether they may sign in; switched off by an operator.
    pub status: UserStatus,
    /// When they showed that the address is theirs; until then nobody signs in with it.
    pub email_verified_at: Option<Timestamp>,
    /// When they chose their password; `None` while they have none.
    pub password_changed_at: Option<Timestamp>,
}

/// The states of a person's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// In use.
    Active,
    /// Switched off by an operator.
    Disabled,
    /// Gone; the row stays for what refers to it.
    Deleted,
}

impl UserStatus {
    fn parse(name: &str) -> Result<Self> {
        match name {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            "deleted" => Ok(Self::Deleted),
            other => Err(kernel::Error::internal(format!("user status {other}"))),
        }
    }
}

/// A person to be created.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// Their address.
    pub email: &'a Email,
    /// Their name, 1 to 120 characters.
    pub name: &'a str,
    /// What [`crate::passwords::hash`] made of their password, if they chose one.
    pub password_hash: Option<&'a str>,
    /// Language tag (BCP 47).
    pub locale: &'a str,
    /// IANA name of their zone.
    pub time_zone: &'a str,
    /// Whether they have shown already that the address is theirs, by opening a link we sent there.
    pub verified: bool,
}

/// Creates a person; `None` when somebody has the address already.
pub async fn create(
    conn: &mut PgConnection,
    user: NewUser<'_>,
    now: Timestamp,
) -> Result<Option<UserId>> {
    let id = store::insert(conn, UserId::new(), user, now).await?;
    if id.is_some() && user.verified {
        // Somebody may have tried the address while nobody had it.
        limits::unlock_account(conn, user.email.normal()).await?;
    }
    Ok(id)
}

/// The person with this address, whatever their state.
pub async fn find_by_email(conn: &mut PgConnection, email: &Email) -> Result<Option<User>> {
    let row = store::by_email(conn, email.normal()).await?;
    row.map(User::try_from).transpose()
}

/// The person with this id, whatever their state.
pub async fn find(conn: &mut PgConnection, id: UserId) -> Result<Option<User>> {
    let row = store::by_id(conn, id).await?;
    row.map(User::try_from).transpose()
}

/// What is needed to judge a log-in.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) id: UserId,
    pub(crate) password_hash: Option<String>,
    /// Whether the account is active and its address confirmed.
    pub(crate) may_sign_in: bool,
}

pub(crate) async fn credentials(
    conn: &mut PgConnection,
    email: &Email,
) -> Result<Option<Credentials>> {
    store::credentials(conn, email.normal()).await
}

pub(crate) async fn password_hash(conn: &mut PgConnection, id: UserId) -> Result<Option<String>> {
    store::password_hash(conn, id).await
}

/// Notes that the person received mail at their address, which also opens an account that too many tries had locked.
pub async fn confirm_email(conn: &mut PgConnection, id: UserId, now: Timestamp) -> Result<()> {
    if let Some(email_normal) = store::confirm_email(conn, id, now).await? {
        limits::unlock_account(conn, &email_normal).await?;
    }
    Ok(())
}

/// Replaces the password; `hash` comes from [`crate::passwords::hash`]. Ends no session by itself.
pub async fn set_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<()> {
    store::set_password(conn, id, hash, now).await
}

/// Notes a log-in.
pub(crate) async fn note_login(conn: &mut PgConnection, id: UserId, now: Timestamp) -> Result<()> {
    store::note_login(conn, id, now).await
}

/// Changes what the person says of themselves.
pub(crate) async fn set_profile(
    conn: &mut PgConnection,
    id: UserId,
    name: &str,
    locale: &str,
    time_zone: &str,
    now: Timestamp,
) -> Result<()> {
    store::set_profile(conn, id, name, locale, time_zone, now).await?;
    database::Change::User(id).announce(conn).await
}

/// Switches an account off, ending all its sessions.
pub async fn disable(conn: &mut PgConnection, id: UserId, now: Timestamp) -> Result<()> {
    store::set_status(conn, id, "disabled", now).await?;
    sessions::revoke_all(conn, id, sessions::RevokeReason::Disabled, now).await
}

/// Switches an account on again.
pub async fn enable(conn: &mut PgConnection, id: UserId, now: Timestamp) -> Result<()> {
    store::set_status(conn, id, "active", now).await
}
