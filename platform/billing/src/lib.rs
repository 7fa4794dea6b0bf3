//! Subscriptions of tenants.
