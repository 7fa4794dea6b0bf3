//! What the tests of the whole share: the platform in process, and clients that talk to it.

mod app;
mod client;

pub use app::{TEMPLATE, TestApp};
pub use client::{Client, Reply};
