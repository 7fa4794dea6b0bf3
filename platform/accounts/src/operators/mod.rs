//! Operators: people who run the platform, and the record of what they did.
//!
//! An operator signs in on a host of their own, with a session that is good there alone and ends after half an hour
//! without a request. Whatever they change is an [`Act`] with a reason, written in the transaction that changes it.

mod act;
mod store;

use database::Change;
use kernel::{Email, Error, OperatorRole, Result, Timestamp, UserId};
use serde_json::json;
use sqlx::PgConnection;

pub use act::{Act, Author};

use crate::sessions::{self, RevokeReason};
use crate::tokens::{self, NewToken, Purpose, Subject};
use crate::users::{self, NewUser};
use crate::{Secret, mails, recovery};
use module::Links;

/// An operator as the list of them shows it.
#[derive(Clone, Debug)]
pub struct OperatorEntry {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: OperatorRole,
    /// Since when they may not enter any more.
    pub disabled_at: Option<Timestamp>,
    /// When they were made an operator.
    pub created_at: Timestamp,
    /// When they last logged in, anywhere.
    pub last_login_at: Option<Timestamp>,
}

/// Somebody to be made an operator.
#[derive(Clone, Copy, Debug)]
pub struct NewOperator<'a> {
    /// Their address.
    pub email: &'a Email,
    /// Their name, 1 to 120 characters; kept as it is for somebody who has an account.
    pub name: &'a str,
    /// What they may do.
    pub role: OperatorRole,
    /// What [`crate::passwords::hash`] made of a password chosen for them. It is ignored for somebody who has one.
    pub password_hash: Option<&'a str>,
}

/// What came of making somebody an operator.
#[derive(Debug)]
pub struct Added {
    /// The person.
    pub user: UserId,
    /// The secret of the link with which they choose a password, when they have none.
    pub secret: Option<Secret>,
}

/// The rank of a person who may enter the console now.
pub async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<OperatorRole>> {
    store::role(conn, user).await
}

/// Every operator, by name, those who may not enter any more last.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<OperatorEntry>> {
    store::list(conn).await
}

/// One operator, whether or not they may enter.
///
/// # Errors
/// [`Error::NotFound`] when the person never was one.
pub async fn get(conn: &mut PgConnection, user: UserId) -> Result<OperatorEntry> {
    store::find(conn, user)
        .await?
        .ok_or(Error::NotFound("operator"))
}

/// Makes somebody an operator, with an account if they have none.
///
/// # Errors
/// [`Error::Conflict`] with `already_operator` when they are one; [`Error::Invalid`] for the field `name`.
pub async fn add(conn: &mut PgConnection, new: NewOperator<'_>, now: Timestamp) -> Result<Added> {
    let name = new.name.trim();
    let mut fields = kernel::Fields::default();
    fields.require("name", name, "Enter a name.").check(
        name.chars().count() <= 120,
        "name",
        "too_long",
        "Use at most 120 characters.",
    );
    fields.finish()?;
    let user = NewUser {
        email: new.email,
        name,
        password_hash: new.password_hash,
        locale: "en-GB",
        time_zone: "UTC",
        // A password that somebody else chose for them comes from the machine's own command line.
        verified: new.password_hash.is_some(),
    };
    let user = match users::create(conn, user, now).await? {
        Some(user) => user,
        None => users::find_by_email(conn, new.email)
            .await?
            .map(|user| user.id)
            .ok_or(Error::NotFound("person"))?,
    };
    if !store::insert(conn, user, new.role, now).await? {
        return Err(Error::conflict(
            "already_operator",
            "This person is an operator already.",
        ));
    }
    Change::User(user).announce(&mut *conn).await?;
    let secret = if users::password_hash(conn, user).await?.is_some() {
        None
    } else {
        let token = NewToken {
            purpose: Purpose::PasswordReset,
            subject: Subject::User(user),
            tenant: None,
            payload: json!({}),
            lifetime: recovery::LIFETIME,
        };
        Some(tokens::issue(conn, token, now).await?)
    };
    Ok(Added { user, secret })
}

/// The mail that tells somebody that they are an operator now, with the link to a password when they have none.
pub async fn welcome(
    conn: &mut PgConnection,
    links: &Links,
    added: &Added,
    role: OperatorRole,
    now: Timestamp,
) -> Result<()> {
    let user = users::find(conn, added.user)
        .await?
        .ok_or(Error::NotFound("person"))?;
    mails::operator_added(conn, links, &user, role, added.secret.as_ref(), now).await
}

/// Gives an operator another rank. Their sessions at the console end: a rank is never carried into another one.
///
/// # Errors
/// [`Error::Conflict`] with `last_admin` when nobody else is an admin.
pub async fn change_role(
    conn: &mut PgConnection,
    user: UserId,
    role: OperatorRole,
    now: Timestamp,
) -> Result<()> {
    if role != OperatorRole::Admin {
        keep_an_admin(conn, user).await?;
    }
    store::set_role(conn, user, role, now).await?;
    sessions::revoke_operator(conn, user, RevokeReason::Removed, now).await
}

/// Closes the console to an operator, at once and on every node.
///
/// # Errors
/// [`Error::Conflict`] with `last_admin` when nobody else is an admin.
pub async fn disable(conn: &mut PgConnection, user: UserId, now: Timestamp) -> Result<()> {
    keep_an_admin(conn, user).await?;
    store::set_disabled(conn, user, Some(now), now).await?;
    sessions::revoke_operator(conn, user, RevokeReason::Disabled, now).await
}

/// Lets an operator in again.
pub async fn enable(conn: &mut PgConnection, user: UserId, now: Timestamp) -> Result<()> {
    store::set_disabled(conn, user, None, now).await?;
    Change::User(user).announce(conn).await
}

/// Holds the rows of all admins, so that two who remove each other at once cannot both succeed.
async fn keep_an_admin(conn: &mut PgConnection, user: UserId) -> Result<()> {
    let admins = store::hold_admins(conn).await?;
    if admins == [user] {
        return Err(Error::conflict(
            "last_admin",
            "This is the last admin of the console. Make somebody else an admin first.",
        ));
    }
    Ok(())
}
