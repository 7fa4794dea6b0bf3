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

mod inbox;
mod letter;
mod mail;
pub mod mailbox;
mod render;

/// Migrations of the tables `mail_*` and `notifications`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

pub use inbox::{
    Entry, Notification, NotificationId, inbox, notify, read, read_all, unread, unread_all,
    unread_count,
};
pub use letter::{Brand, Letter};
pub use mail::{DELIVER, Delivery, Messaging};
pub use mailbox::mailbox_routes;

/// Pages on a tenant's host: the inbox of each member.
#[must_use]
pub fn tenant_routes() -> module::Routes {
    inbox::routes()
}

kernel::id!(
    /// Identifies a mail.
    MailId
);
