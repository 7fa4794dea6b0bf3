//! A folder for the files of one test.

use files::{FilesSettings, StorageSettings};
use tempfile::TempDir;

/// Where a test keeps files. The folder goes with it.
pub struct Bytes(TempDir);

impl Bytes {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// The folder.
    pub fn path(&self) -> &std::path::Path {
        self.0.path()
    }

    /// Settings that keep files there, the same for every node of the test.
    pub fn settings(&self) -> FilesSettings {
        FilesSettings {
            storage: StorageSettings {
                folder: self.0.path().join("files"),
                ..StorageSettings::default()
            },
            signing_key: Some("a key that only tests know of".into()),
            max_upload: 25_000_000,
        }
    }
}
