//! What tests share: a PostgreSQL cluster, a browser, an SMTP sink.
//!
//! ```no_run
//! use testkit::{Database, Role, Template};
//!
//! static TEMPLATE: Template = Template { key: "example", owners: &[], seed: None };
//!
//! # async fn example() {
//! let database = Database::new(&TEMPLATE).await;
//! let pool = database.pool(Role::Tenant);
//! # }
//! ```
//!
//! A helper that fails panics: it fails the test that uses it.
#![warn(missing_docs)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a helper that fails fails its test, by a panic"
)]

pub mod browser;
pub mod cluster;
pub mod smtp;

pub use browser::Browser;
pub use cluster::{Cluster, Database, Role, Seed, Template, cluster};
pub use smtp::SmtpSink;
