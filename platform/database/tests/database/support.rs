//! A database of its own for each test.

use testkit::{Database, Template};

/// An empty database, closed to everybody but our roles.
pub async fn database() -> Database {
    static EMPTY: Template = Template {
        key: "empty",
        owners: &[],
        seed: None,
    };
    Database::new(&EMPTY).await
}
