//! Tenants: addresses, members, roles, invitations, theme, audit.
