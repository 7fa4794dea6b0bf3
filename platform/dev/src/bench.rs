//! `cargo dev bench`: measurements, as an optimised build.

use crate::{Outcome, shell};

/// Runs the benchmark of that name.
pub fn run(name: &str, arguments: &[String]) -> Outcome<()> {
    let mut cargo = shell::cargo();
    cargo
        .args(["bench", "--package", "suite", "--bench", name, "--"])
        .args(arguments);
    shell::run(&mut cargo)
}
