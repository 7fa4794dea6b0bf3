//! What can go wrong, in words that say what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no local server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Production needs a database of its own.
    #[error("Production needs a database: set DATABASE_URL to the address of a PostgreSQL server.")]
    ProductionWithoutDatabase,

    /// No usable PostgreSQL programs on this machine.
    #[error("PostgreSQL {minimum} or later was not found. {install}\n{looked}", minimum = crate::find::OLDEST_MAJOR)]
    NoBinaries {
        /// The one command that installs it.
        install: String,
        /// Each place looked at and why it did not do, one per line.
        looked: String,
    },

    /// The data folder was written by another major version than the one found.
    #[error(
        "The data folder {folder} was written by PostgreSQL {needed}, and only {found} was found. Nothing was changed.\n{advice}",
        folder = .folder.display()
    )]
    OtherMajor {
        /// The folder with the data.
        folder: PathBuf,
        /// The major version that wrote it.
        needed: u32,
        /// The versions found on this machine.
        found: String,
        /// The commands that move the data over.
        advice: String,
    },

    /// Another process uses the data folder.
    #[error("The data folder {folder} is in use by process {pid}. Stop it, or set ATELIER_DATA_DIR to another folder.", folder = .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process id written by its user, or a question mark.
        pid: String,
    },

    /// The server's user has no access to the data folder.
    #[error("PostgreSQL does not run as root, and the user {user} cannot enter {folder}. Set ATELIER_DATA_DIR to a folder that it can enter, such as /var/lib/atelier.", folder = .folder.display())]
    CannotEnter {
        /// The folder.
        folder: PathBuf,
        /// The unprivileged user the server runs as.
        user: String,
    },

    /// The folder belongs to somebody else.
    #[error("The folder {folder} belongs to another user. Set ATELIER_DATA_DIR to a folder of your own.", folder = .folder.display())]
    NotOurs {
        /// The folder.
        folder: PathBuf,
    },

    /// Root, and neither of the users that could run the server exists.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody. Run the program as an ordinary user."
    )]
    NoUnprivilegedUser,

    /// No home folder to put the data folder in.
    #[error("No folder for the data: set ATELIER_DATA_DIR, or HOME.")]
    NoHome,

    /// `initdb` failed.
    #[error("A new data folder could not be made. initdb said:\n{output}")]
    Initdb {
        /// What it printed.
        output: String,
    },

    /// The server ended before it was ready.
    #[error("PostgreSQL ended while starting. Its last log lines:\n{log}")]
    Exited {
        /// The last lines of its log.
        log: String,
    },

    /// The server did not answer in time.
    #[error("PostgreSQL was not ready after {seconds} s. Its last log lines:\n{log}")]
    NotReady {
        /// How long it was given.
        seconds: u64,
        /// The last lines of its log.
        log: String,
    },

    /// The server ended again and again.
    #[error("PostgreSQL ended again after {restarts} restarts. Its last log lines:\n{log}")]
    GaveUp {
        /// How often it was started again.
        restarts: usize,
        /// The last lines of its log.
        log: String,
    },

    /// The start was interrupted.
    #[error("The start of PostgreSQL was interrupted.")]
    Interrupted,

    /// A package could not be fetched or is not what was pinned.
    #[error("{0}")]
    Fetch(String),

    /// The operating system refused something.
    #[error("Could not {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// The reason.
        source: io::Error,
    },

    /// The server refused something.
    #[error("Could not {doing}: {source}")]
    Database {
        /// What was tried.
        doing: &'static str,
        /// The reason.
        source: sqlx::Error,
    },
}

/// Adds what was tried to an error of the operating system.
pub(crate) trait Doing<T> {
    /// `verb` and the path it was tried on.
    fn doing(self, verb: &str, path: &Path) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, verb: &str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            doing: format!("{verb} {}", path.display()),
            source: source.into(),
        })
    }
}
