//! From a host name to a tenant, and from a tenant to its transaction.
