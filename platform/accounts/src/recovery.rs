//! A new password without the old one, by way of the person's mailbox.

use std::time::Duration;

use kernel::{Email, Error, Result, Timestamp};
use module::Links;
use serde_json::json;

use crate::account::Device;
use crate::limits::{self, LOGIN_PAIR, RECOVER_ACCOUNT, RECOVER_NETWORK, Verdict};
use crate::sessions::{self, RevokeReason};
use crate::tokens::{self, NewToken, Purpose, Subject};
use crate::{Accounts, User, UserStatus, mails, passwords, users};

/// How long a link is good.
pub(crate) const LIFETIME: Duration = Duration::from_mins(30);

/// A new password chosen through a link.
#[derive(Clone, Copy, Debug)]
pub struct Reset<'a> {
    /// The secret of the link.
    pub secret: &'a str,
    /// The new password; field `password`.
    pub password: &'a str,
    /// From where.
    pub device: Device<'a>,
}

impl Accounts {
    /// Mails a link to choose a new password, if somebody active has the address.
    ///
    /// Whether somebody has is not told: for an unknown address the same statements run, with a token that nobody
    /// ever sees. Nor is it told when one address has had its three mails of the hour.
    ///
    /// # Errors
    /// [`Error::TooMany`] when one network asks too often.
    pub async fn recover(
        &self,
        links: &Links,
        email: &Email,
        device: Device<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let network = limits::network(device.ip);
        let mut tx = self.db().begin().await?;
        let verdict = limits::enforce(tx.conn(), RECOVER_NETWORK, &network, now).await;
        if verdict.is_err() {
            tx.commit().await?;
            return verdict;
        }
        let mails_left = limits::count(tx.conn(), RECOVER_ACCOUNT, email.normal(), now).await?;
        let user = users::find_by_email(tx.conn(), email)
            .await?
            .filter(|user| user.status == UserStatus::Active);
        if mails_left == Verdict::Free {
            let token = NewToken {
                purpose: Purpose::PasswordReset,
                subject: user
                    .as_ref()
                    .map_or(Subject::Email(email.normal()), |user| {
                        Subject::User(user.id)
                    }),
                tenant: None,
                payload: json!({}),
                lifetime: LIFETIME,
            };
            let secret = tokens::issue(tx.conn(), token, now).await?;
            if let Some(user) = &user {
                mails::password_reset(tx.conn(), links, user, &secret, now).await?;
            }
        }
        tx.commit().await
    }

    /// Whose password a link would set; the link stays good.
    ///
    /// # Errors
    /// [`Error::Gone`] when it has been used, has expired, or was replaced by a newer one.
    pub async fn reset_for(&self, secret: &str, now: Timestamp) -> Result<User> {
        let mut tx = self.db().begin().await?;
        let token = tokens::peek(tx.conn(), Purpose::PasswordReset, secret, now).await?;
        let id = token.and_then(|token| token.user).ok_or_else(gone)?;
        users::find(tx.conn(), id)
            .await?
            .filter(|user| user.status == UserStatus::Active)
            .ok_or_else(gone)
    }

    /// Sets the password, ends all sessions, opens a locked account, and mails a notice. Uses the link up, unless the
    /// password breaks a rule.
    ///
    /// # Errors
    /// [`Error::Gone`] as [`Accounts::reset_for`]; [`Error::Invalid`] for the field `password`.
    pub async fn reset(&self, links: &Links, reset: Reset<'_>, now: Timestamp) -> Result<()> {
        let user = self.reset_for(reset.secret, now).await?;
        passwords::check("password", reset.password, &[&user.email, &user.name])?;
        let hash = passwords::hash(reset.password).await?;

        let mut tx = self.db().begin().await?;
        tokens::consume(tx.conn(), Purpose::PasswordReset, reset.secret, now)
            .await?
            .ok_or_else(gone)?;
        users::set_password(tx.conn(), user.id, &hash, now).await?;
        let pair = limits::pair(&user.email.to_lowercase(), reset.device.ip);
        limits::clear(tx.conn(), LOGIN_PAIR, &pair).await?;
        users::confirm_email(tx.conn(), user.id, now).await?;
        sessions::revoke_all(tx.conn(), user.id, RevokeReason::PasswordReset, now).await?;
        mails::password_changed(tx.conn(), links, &user, reset.device, now).await?;
        tx.commit().await
    }
}

fn gone() -> Error {
    Error::Gone("This link has been used already or is too old. Ask for a new one.".into())
}
