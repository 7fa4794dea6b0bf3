//! The contract between a module and the platform.
