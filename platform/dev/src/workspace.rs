//! Where things are in the checkout.

use std::fs;
use std::path::{Path, PathBuf};

/// The top folder of the checkout.
pub fn root() -> PathBuf {
    // Cargo names this crate's folder at run time; the name from compile time is for a direct start of the program.
    let own =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&own)
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file());
    root.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").filter(|set| !set.is_empty());
    set.map_or_else(|| root().join("target"), |set| root().join(set))
}

/// A crate of ours.
pub struct Member {
    pub name: String,
    pub folder: PathBuf,
}

/// The crates of the checkout, by name.
pub fn members() -> Vec<Member> {
    let root = root();
    let mut folders = vec![root.join("tenant-resolver"), root.join("tests")];
    for parent in ["platform", "modules"] {
        let entries = fs::read_dir(root.join(parent))
            .into_iter()
            .flatten()
            .flatten();
        folders.extend(entries.map(|entry| entry.path()));
    }
    let member = |folder: PathBuf| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
        Some(Member {
            name: name.to_owned(),
            folder,
        })
    };
    let mut members: Vec<Member> = folders.into_iter().filter_map(member).collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

/// The files below a folder, in order; none when it does not exist.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// A path as people write it: from the top folder.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
