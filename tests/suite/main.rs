//! Tests of the whole, against a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, by a panic"
)]

mod accounts;
mod billing;
mod inbox;
mod mail;
mod queue;
mod worker;
