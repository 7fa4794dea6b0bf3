//! What the tests of the whole share: the platform in process and behind a socket, and clients that talk to it.

mod app;
mod client;
mod live;
pub mod rows;
mod samples;
mod storage;

pub use app::{MEMBER_PASSWORD, OPERATORS, TEMPLATE, TestApp, TestTenant};
pub use client::{Client, Reply};
pub use live::LiveApp;
pub use samples::{STUDIO, Samples};
pub use storage::Bytes;
