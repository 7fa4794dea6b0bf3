//! What the tests of the whole share: the platform in process, and clients that talk to it.

mod app;
mod client;

pub use app::{MEMBER_PASSWORD, TestApp, TestTenant};
pub use client::{Client, Reply};
