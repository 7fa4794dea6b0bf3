//! The private PostgreSQL server of a machine without one.
//!
//! `cargo run` on a fresh machine must work without a database being set up first. This crate finds the PostgreSQL
//! programs of the machine, makes a data folder, and runs a server of its own that listens on a unix socket alone.
//! It knows nothing of the product except the names of its roles and of its database.
//!
//! ```no_run
//! # async fn example() -> Result<(), localdb::Error> {
//! let server = localdb::LocalServer::start(localdb::Config::durable(localdb::default_data_dir()?)).await?;
//! let pool = sqlx::PgPool::connect_with(server.options("atelier_tenant", localdb::DATABASE)).await;
//! server.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! As root the server runs as an unprivileged user that exists already, because PostgreSQL refuses to run as root.
//! The server ends with the process that started it, however that ends.
#![warn(missing_docs)]

mod account;
mod error;
mod fetch;
pub mod find;
mod folder;
mod log;
pub mod npm;
mod process;
mod roles;
mod server;
mod target;

pub use error::Error;
pub use fetch::fetch;
pub use find::Binaries;
pub use folder::default_data_dir;
pub use roles::DATABASE;
pub use server::{Config, LocalServer, Mode};
pub use target::Target;
