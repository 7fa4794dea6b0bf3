//! Tests of the crate against a real server.

mod lint;
mod migrate;
mod notify;
mod pools;
mod roles;
mod support;
