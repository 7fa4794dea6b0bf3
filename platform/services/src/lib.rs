//! Doors to the outside: mail.
//!
//! Each is a concrete type with the variants that exist, not a trait: production speaks SMTP,
//! development keeps mail in the database.
#![warn(missing_docs)]

mod mail;

pub use mail::{MailSettings, Mailer, OutgoingMail, Receipt, SendError};
