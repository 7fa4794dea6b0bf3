//! The operators' console on its own host.
#![warn(missing_docs)]
