//! Files of a tenant: uploads, pictures in several sizes, quotas and addresses.
#![warn(missing_docs)]
