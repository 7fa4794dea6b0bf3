//! Tests of the crate through its public face: what requests get, and that no tenant reaches another.

mod cache;
mod cancel;
mod directory;
mod isolation;
mod resolve;
