//! The product as its sources describe it.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::Database;

use crate::support::TEMPLATE;

pub use server::schema::RULES;

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
}

/// All files below a folder of the workspace whose name ends like this, in order.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    let folder = root().join(folder);
    if folder.is_dir() {
        walk(&folder, ending, &mut found);
    }
    found
}

/// A path as people write it.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// A database with every migration applied.
pub async fn database() -> Database {
    Database::new(&TEMPLATE).await
}
