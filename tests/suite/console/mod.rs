//! The operators' console: who gets in, what they find, and what becomes of what they do.

mod catalog;
mod debts;
mod operators;
mod queue;
mod subscriptions;
mod tenants;
mod world;
