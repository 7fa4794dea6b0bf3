//! Why the database cannot be used as it is: told to the person who starts or migrates the product.

/// A result of preparing the database.
pub type Result<T, E = SetupError> = std::result::Result<T, E>;

/// Why the database cannot be used as it is.
///
/// Unlike [`kernel::Error`] its text is meant for operators, and names what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A role that must exist does not, and this connection may not create it.
    #[error(
        "the role {role} does not exist, and {by} may not create roles; run `atelier migrate` once as a superuser, or create it"
    )]
    MissingRole {
        /// The role.
        role: &'static str,
        /// Who asked.
        by: String,
    },
    /// A role may do more, or less, than it must.
    #[error("the role {role} {fault}; change it with `{cure}`")]
    UnsafeRole {
        /// The role.
        role: String,
        /// What is wrong with it, naming the attribute.
        fault: String,
        /// The statement that mends it.
        cure: String,
    },
    /// A migration failed.
    #[error("the migration {version} of {owner} failed: {source}")]
    Migration {
        /// Whose it is.
        owner: &'static str,
        /// Its number.
        version: i64,
        /// What the server said.
        source: sqlx::Error,
    },
    /// A migration that was applied is not the one this release carries.
    #[error(
        "the migration {version} of {owner} was applied in another form; migrations are never edited, add a new one"
    )]
    Edited {
        /// Whose it is.
        owner: &'static str,
        /// Its number.
        version: i64,
    },
    /// A migration that was applied is older than the newest one of this release, and unknown to it.
    #[error("the migration {version} of {owner} was applied and is missing in this release")]
    Removed {
        /// Whose it is.
        owner: &'static str,
        /// Its number.
        version: i64,
    },
    /// Another process has been migrating for too long.
    #[error("another process is migrating this database and did not finish in ten minutes")]
    Busy,
    /// Anything else the server, or the way to it, refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<sqlx::migrate::MigrateError> for SetupError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) => Self::Database(error),
            other => Self::Database(sqlx::Error::Protocol(other.to_string())),
        }
    }
}

impl From<SetupError> for kernel::Error {
    #[track_caller]
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Database(error) => error.into(),
            other => Self::internal(other),
        }
    }
}
