//! Tests of the crate through its public face: what requests get, and that no tenant reaches another.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod cache;
mod cancel;
mod directory;
mod isolation;
mod resolve;
