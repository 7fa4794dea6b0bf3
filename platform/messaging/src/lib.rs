//! Mail and notifications.
//!
//! A [`Letter`] is written in the transaction that causes it and delivered afterwards by a job of the
//! kind [`DELIVER`], which the server gives to [`Messaging::deliver`].
//!
//! ```ignore
//! Letter::new("tenants.invitation", "Join Northlight on Atelier")
//!     .to(&email, &name)
//!     .brand(Brand { name: "Northlight".into(), color: "#c2410c".into(), logo_url: None, host })
//!     .paragraph("Mara invites you to work on the journal.")
//!     .button("Accept the invitation", &link)
//!     .send(tx.conn(), Some(tenant), now)
//!     .await?;
//! ```
#![warn(missing_docs)]

mod digests;
mod inbox;
mod letter;
mod mail;
pub mod mailbox;
mod preferences;
mod render;
mod unsubscribe;

/// Migrations of the tables `mail_*` and `notifications`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub use digests::{SOON, register};
pub use inbox::{
    Entry, Filter, Notification, NotificationId, inbox, notify, read, read_all, unread, unread_all,
    unread_count,
};
pub use letter::{Brand, Letter};
pub use mail::{
    DELIVER, Delivery, Messaging, Undelivered, forget, retry as retry_mail, waits_while_suspended,
};
pub use mailbox::mailbox_routes;
pub use preferences::{Choice, Settings, Wish, choices, choose, set_schedule};

/// Pages on a tenant's host: the inbox of each member, what they want in it, and the way out of mail.
#[must_use]
pub fn tenant_routes() -> module::Routes {
    inbox::routes()
        .merge(preferences::routes())
        .merge(unsubscribe::routes())
}

/// Operations of the API, below `/api/v1/inbox`.
#[must_use]
pub fn api_routes() -> module::Routes {
    inbox::api_routes().merge(preferences::api_routes())
}

kernel::id!(
    /// Identifies a mail.
    MailId
);
