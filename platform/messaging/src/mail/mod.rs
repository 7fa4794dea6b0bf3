//! Delivery of stored mail.

pub(crate) mod store;

use std::time::Duration;

use database::{Change, PlatformDb};
use kernel::{Email, Error, Result, Timestamp};
use services::{Mailer, OutgoingMail, SendError};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use crate::MailId;

/// Kind of the job that delivers a mail; its payload is a [`Delivery`].
///
/// A mail of a tenant carries the tenant on its job, so that one that sends ten thousand mails takes
/// turns with the others.
pub const DELIVER: &str = "platform.mail.deliver";

/// Payload of the jobs of kind [`DELIVER`].
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub struct Delivery {
    /// The mail.
    pub mail: MailId,
}

/// Whether a delivery waits while its tenant is suspended: all that the tenant itself writes. What the platform has to
/// say about the workspace and its subscriptions goes out nevertheless.
#[must_use]
pub fn waits_while_suspended(payload: &serde_json::Value) -> bool {
    let template = payload.get("template").and_then(serde_json::Value::as_str);
    template.is_none_or(|template| {
        !["accounts.", "billing.", "tenants."]
            .iter()
            .any(|of_platform| template.starts_with(of_platform))
    })
}

/// After so many tries a mail is given up: with the worker's delays that is most of a day.
pub(crate) const MAX_TRIES: i32 = 25;

/// How long mail is kept: it may hold links, which have long expired by then.
const KEEP: Duration = Duration::from_hours(30 * 24);

/// How long notifications are kept.
const KEEP_NOTIFICATIONS: Duration = Duration::from_hours(90 * 24);

/// How long the way out of a mail works: mail is kept for long, and people look at it late.
const KEEP_LINKS: Duration = Duration::from_hours(400 * 24);

/// Most rows that one statement deletes.
const PURGED: i64 = 5_000;

/// Mail of all tenants and of the platform. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Messaging {
    db: PlatformDb,
    mailer: Mailer,
}

impl Messaging {
    /// Puts the parts together.
    #[must_use]
    pub fn new(db: PlatformDb, mailer: Mailer) -> Self {
        Self { db, mailer }
    }

    pub(crate) fn db(&self) -> &PlatformDb {
        &self.db
    }

    /// Delivers a stored mail, once: a mail that was sent or given up is left alone.
    ///
    /// Should the machine stop between the server's acceptance and our note of it, the mail goes out
    /// again with the same `Message-ID`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when another try may help; the job then comes back.
    pub async fn deliver(&self, id: MailId, now: Timestamp) -> Result<()> {
        let pool = self.db.pool();
        let Some(mail) = store::start_try(pool, id).await? else {
            return Ok(());
        };
        let attempts = mail.attempts;
        let outcome = match outgoing(id, mail) {
            Ok(mail) => self.mailer.send(&mail).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(receipt) => store::mark_sent(pool, id, receipt.reply.as_deref(), now).await,
            Err(SendError::Permanent(reason)) => {
                tracing::warn!(mail = %id, reason, "mail refused for good");
                store::mark_trouble(pool, id, "failed", &reason).await
            }
            Err(SendError::Temporary(reason)) if attempts >= MAX_TRIES => {
                tracing::error!(mail = %id, reason, "mail given up");
                store::mark_trouble(pool, id, "dead", &reason).await
            }
            Err(SendError::Temporary(reason)) => {
                store::mark_trouble(pool, id, "queued", &reason).await?;
                tracing::info!(mail = %id, reason, attempts, "mail will be tried again");
                Err(Error::Unavailable("The mail server"))
            }
        }
    }

    /// Deletes notifications and links out of mail that are past their time; returns how many.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn purge_notifications(&self, now: Timestamp) -> Result<u64> {
        let pool = self.db.pool();
        let mut gone = 0;
        loop {
            let news =
                crate::inbox::delete_older(pool, now.minus(KEEP_NOTIFICATIONS), PURGED).await?;
            let links =
                crate::unsubscribe::delete_older(pool, now.minus(KEEP_LINKS), PURGED).await?;
            gone += news + links;
            if news.max(links) < PURGED.unsigned_abs() {
                return Ok(gone);
            }
        }
    }

    /// Deletes mail that is past its time and not waiting any more; returns how many.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn purge(&self, now: Timestamp) -> Result<u64> {
        store::delete_older(self.db.pool(), now.minus(KEEP)).await
    }
}

/// A mail that was given up, as [`retry`] found it.
#[derive(Clone, Debug)]
pub struct Undelivered {
    /// Whose it is; `None` for the platform's own.
    pub tenant: Option<kernel::TenantId>,
    /// Its subject.
    pub subject: String,
}

/// Queues a mail again that was refused or given up, with all its tries.
///
/// # Errors
/// [`Error::NotFound`] when there is no such mail.
pub async fn retry(conn: &mut PgConnection, id: MailId, now: Timestamp) -> Result<Undelivered> {
    let mail = store::queue_again(conn, id, now)
        .await?
        .ok_or(Error::NotFound("undelivered mail"))?;
    Change::Work.announce(conn).await?;
    Ok(mail)
}

/// Deletes the mail that the tenant wrote to an address, of templates that begin with `templates`: what was sent, and what
/// waits to be, which is not sent then. Returns how many there were.
///
/// # Errors
/// When the statement fails.
pub async fn forget(tx: &mut TenantTx, email: &Email, templates: &str) -> Result<u64> {
    store::delete_to(tx, email.normal(), templates).await
}

fn outgoing(id: MailId, mail: store::Queued) -> Result<OutgoingMail, SendError> {
    let address = |text: &str| {
        Email::parse(text).map_err(|error| SendError::Permanent(error.message.into_owned()))
    };
    Ok(OutgoingMail {
        id: id.0,
        to: address(&mail.to_address)?,
        reply_to: mail.reply_to.as_deref().map(address).transpose()?,
        from_name: mail.from_name,
        to_name: mail.to_name,
        subject: mail.subject,
        text: mail.body_text,
        html: mail.html,
        unsubscribe_url: mail.unsubscribe_url,
    })
}

#[cfg(test)]
mod tests {
    use super::waits_while_suspended;

    #[test]
    fn a_suspended_tenant_writes_to_nobody_but_is_written_to() {
        let waits = |template: &str| {
            waits_while_suspended(&serde_json::json!({ "mail": "x", "template": template }))
        };
        assert!(waits("blog.comment_confirmation") && waits("messaging.digest"));
        assert!(!waits("tenants.suspended") && !waits("billing.overdue"));
    }
}
