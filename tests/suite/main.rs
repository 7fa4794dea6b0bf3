//! Tests of the whole, against a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, by a panic"
)]

mod accounts;
mod accounts_pages;
mod billing;
mod blog;
mod blog_public;
mod blog_world;
mod browser;
mod inbox;
mod isolation_db;
mod mail;
mod pages;
mod product;
mod queue;
mod schema;
mod sources;
mod statements;
mod story;
mod support;
mod tenants;
mod worker;
