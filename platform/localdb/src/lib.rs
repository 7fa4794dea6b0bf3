//! The private PostgreSQL server of a machine without one.
