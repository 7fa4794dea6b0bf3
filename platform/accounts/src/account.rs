//! What people do with their own account.

use std::net::IpAddr;

use database::PlatformDb;
use http::HeaderMap;
use kernel::{Error, FieldError, Fields, Result, Timestamp, UserId, Zone};

use crate::limits::{self, PRESENT_PASSWORD};
use crate::sessions::{self, RevokeReason, SessionId, SessionKind};
use crate::{User, cookies, devices, mails, passwords, users};
use module::Links;

/// The accounts of all people. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Accounts {
    db: PlatformDb,
}

/// What a person says of themselves.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// Their name.
    pub name: &'a str,
    /// Language tag (BCP 47); one of [`crate::LOCALES`].
    pub locale: &'a str,
    /// IANA name of their zone.
    pub time_zone: &'a str,
}

/// From where somebody does something, as mails about it say.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Address of the client.
    pub ip: IpAddr,
    /// Browser as it names itself.
    pub user_agent: &'a str,
}

impl Device<'_> {
    pub(crate) fn name(&self) -> String {
        devices::name(self.user_agent)
    }
}

/// A change of password by somebody who knows the present one.
#[derive(Clone, Copy, Debug)]
pub struct PasswordChange<'a> {
    /// The log-in that goes on; all others end.
    pub keep: SessionId,
    /// The present password; field `current`.
    pub current: &'a str,
    /// The new one; field `new`.
    pub new: &'a str,
    /// From where.
    pub device: Device<'a>,
}

impl Accounts {
    /// Accounts over a database opened as `atelier_platform`.
    #[must_use]
    pub fn new(db: PlatformDb) -> Self {
        Self { db }
    }

    pub(crate) fn db(&self) -> &PlatformDb {
        &self.db
    }

    /// The person of an id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn user(&self, id: UserId) -> Result<User> {
        let mut tx = self.db.begin().await?;
        users::find(tx.conn(), id)
            .await?
            .ok_or(Error::NotFound("account"))
    }

    /// Ends the log-in whose cookie a request carries, on all hosts to which it led.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(
        &self,
        kind: SessionKind,
        headers: &HeaderMap,
        secure: bool,
        now: Timestamp,
    ) -> Result<()> {
        let Some(token) = cookies::read_of(kind, headers, secure) else {
            return Ok(());
        };
        let mut tx = self.db().begin().await?;
        if let Some(session) = sessions::find(tx.conn(), &token, now).await? {
            let (user, login) = (session.user, session.login);
            sessions::revoke_login(tx.conn(), user, login, RevokeReason::LogOut, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Changes name, dates and zone.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the fields `name`, `locale`, `time_zone`.
    pub async fn set_profile(
        &self,
        user: UserId,
        profile: Profile<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let name = profile.name.trim();
        let mut fields = Fields::default();
        fields
            .require("name", name, "Enter your name.")
            .check(
                name.chars().count() <= 120,
                "name",
                "too_long",
                "Use at most 120 characters.",
            )
            .check(
                crate::LOCALES.iter().any(|(tag, _)| *tag == profile.locale),
                "locale",
                "invalid",
                "Choose one of the list.",
            )
            .check(
                Zone::named(profile.time_zone).is_some(),
                "time_zone",
                "invalid",
                "Choose one of the list.",
            );
        fields.finish()?;
        let mut tx = self.db.begin().await?;
        let zone = profile.time_zone;
        users::set_profile(tx.conn(), user, name, profile.locale, zone, now).await?;
        tx.commit().await
    }

    /// Changes the password, ends all other log-ins, and mails a notice.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the fields `current` and `new`; [`Error::TooMany`] after five wrong guesses at the
    /// present one.
    pub async fn change_password(
        &self,
        links: &Links,
        id: UserId,
        change: PasswordChange<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let user = users::find(tx.conn(), id)
            .await?
            .ok_or(Error::Unauthenticated)?;
        let stored = users::password_hash(tx.conn(), id).await?;
        passwords::check("new", change.new, &[&user.email, &user.name])?;
        let key = id.to_string();
        let verdict = limits::enforce(tx.conn(), PRESENT_PASSWORD, &key, now).await;
        tx.commit().await?;
        verdict?;

        if !passwords::verify(change.current, stored.as_deref()).await? {
            let message = "This is not your present password.";
            return Err(FieldError::new("current", "wrong", message).into());
        }
        let hash = passwords::hash(change.new).await?;

        let mut tx = self.db.begin().await?;
        limits::clear(tx.conn(), PRESENT_PASSWORD, &key).await?;
        users::set_password(tx.conn(), id, &hash, now).await?;
        let reason = RevokeReason::PasswordChanged;
        sessions::revoke_others(tx.conn(), id, change.keep, reason, now).await?;
        mails::password_changed(tx.conn(), links, &user, change.device, now).await?;
        tx.commit().await
    }
}
