//! Mail outbox and notifications of a tenant.
