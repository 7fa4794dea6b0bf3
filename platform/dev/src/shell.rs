//! Running other programs.

use std::process::{Command, Stdio};

use crate::Outcome;

/// `cargo` as it started this program.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(crate::workspace::root())
        .stdin(Stdio::null());
    // A developer's own database is no business of builds and tests.
    cargo
        .env_remove("DATABASE_URL")
        .env_remove("DATABASE_DIRECT_URL");
    // What cargo says of this program while it runs. A build script that asks for it (ring's does) would run again, and
    // with it everything above, each time somebody calls cargo by hand in between.
    for (name, _) in std::env::vars_os() {
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if of_package
            .iter()
            .any(|start| name.to_string_lossy().starts_with(start))
        {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs a program to its end, its output on the terminal.
pub fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let shown = shown(command);
    let status = command
        .status()
        .map_err(|error| format!("Could not run {name}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("This failed ({status}): {shown}"))
    }
}

/// Runs a program and returns what it prints to its standard output.
pub fn capture(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let shown = shown(command);
    let out = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("Could not run {name}: {error}"))?;
    if !out.status.success() {
        return Err(format!("This failed ({}): {shown}", out.status));
    }
    String::from_utf8(out.stdout)
        .map_err(|_| format!("This printed something else than text: {shown}"))
}

/// Whether a program exists and runs without an error; its output is thrown away.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The start of a step, on the terminal.
pub fn title(text: &str) {
    eprintln!("\n== {text}");
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
