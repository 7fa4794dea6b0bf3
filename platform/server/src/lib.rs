//! The composition root: the only crate that names the modules.
//!
//! [`platform::Platform`] is built from pools, a clock and a mailer, by `atelier serve` and by tests alike.

pub mod commands;
pub mod demo;
mod hooks;
pub mod http;
pub mod modules;
pub mod openapi;
mod pages;
pub mod platform;
pub mod router;
pub mod schema;
pub mod settings;
pub mod store;
pub mod telemetry;
