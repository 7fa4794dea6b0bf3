//! Tests of the whole, against a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails fails its test, by a panic"
)]

mod access;
mod accounts;
mod accounts_pages;
mod architecture;
mod authorization;
mod billing;
mod blog;
mod blog_images;
mod blog_public;
mod blog_world;
mod browser;
mod comments;
mod console;
mod csrf_and_headers;
mod files;
mod files_s3;
mod files_safety;
mod grants;
mod inbox;
mod isolation;
mod isolation_db;
mod isolation_hosts;
mod listener;
mod mail;
mod manifest;
mod nodes;
mod notifications;
mod openapi;
mod pages;
mod processes;
mod product;
mod queue;
mod redirects;
mod repeats;
mod roles;
mod schema;
mod search;
mod search_function;
mod series;
mod sources;
mod statements;
mod story;
mod support;
mod telemetry;
mod tenants;
mod worker;
