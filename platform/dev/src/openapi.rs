//! `docs/openapi.json`: the description of the API, as the server writes it.

use std::path::PathBuf;
use std::{fs, io};

use crate::{Outcome, shell, workspace};

pub fn file() -> PathBuf {
    workspace::root().join("docs/openapi.json")
}

/// Writes the description anew.
pub fn write() -> Outcome<()> {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--package", "server", "--", "openapi"]);
    let text = shell::capture(&mut cargo)?;
    if text.is_empty() && !file().exists() {
        eprintln!("the server describes no API yet");
        return Ok(());
    }
    if !text.trim_start().starts_with('{') {
        return Err("`atelier openapi` did not print a JSON document.".to_owned());
    }
    let file = file();
    let unchanged = fs::read_to_string(&file).is_ok_and(|old| old == text);
    let written = if unchanged {
        Ok(())
    } else {
        create(&file).and_then(|()| fs::write(&file, text))
    };
    written.map_err(|error| format!("Could not write {}: {error}", workspace::shown(&file)))
}

fn create(file: &std::path::Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)
}
