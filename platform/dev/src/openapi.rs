//! `docs/openapi.json`: the description of the API, as the server writes it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::{Outcome, shell, workspace};

pub fn file() -> PathBuf {
    workspace::root().join("docs/openapi.json")
}

/// Writes the description anew.
pub fn write() -> Outcome<()> {
    // Built like the tests and with them, or each library would be built once more with other features. All targets but
    // benchmarks, which nothing runs here.
    shell::run(shell::cargo().args([
        "build",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ]))?;
    let server = workspace::target().join("debug/atelier");
    let text = shell::capture(Command::new(server).arg("openapi").stdin(Stdio::null()))?;
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
