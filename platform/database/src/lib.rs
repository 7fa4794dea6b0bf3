//! Pools, platform transactions, migrations, roles and catalogue lints.
