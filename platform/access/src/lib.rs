//! How programs reach a tenant: idempotency keys.
