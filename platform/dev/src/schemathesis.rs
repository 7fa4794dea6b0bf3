//! schemathesis, which holds the API against its description; fetched by pip into the target folder.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Outcome, shell, workspace};

/// The release that the tests were written with.
const VERSION: &str = "4.32.5";

/// The program, fetched once.
pub fn program() -> Outcome<PathBuf> {
    fetched().map_err(|reason| {
        format!(
            "The API is not held against its description by made-up requests: {reason} Install python3 with venv and \
             pip and run this again, or go without: `cargo dev check --without-schemathesis`."
        )
    })
}

fn fetched() -> Outcome<PathBuf> {
    let folder = workspace::target().join(format!("tools/schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    if program.is_file() {
        return Ok(program);
    }
    if !shell::works("python3", &["-c", "import venv, ensurepip"]) {
        return Err("there is no python3 that makes environments.".to_owned());
    }
    let quiet = |command: &mut Command| {
        // The standard output is for the tests.
        shell::run(command.stdin(Stdio::null()).stdout(std::io::stderr()))
    };
    quiet(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let pip = folder.join("bin/pip");
    quiet(Command::new(pip).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        &format!("schemathesis=={VERSION}"),
    ]))?;
    if program.is_file() {
        Ok(program)
    } else {
        Err("the package has no program.".to_owned())
    }
}
