//! `cargo dev bench`: measurements, as an optimised build.

use crate::{Outcome, shell};

pub fn http(arguments: &[String]) -> Outcome<()> {
    let mut cargo = shell::cargo();
    cargo
        .args([
            "run",
            "--release",
            "--package",
            "suite",
            "--bin",
            "bench-http",
            "--",
        ])
        .args(arguments);
    shell::run(&mut cargo)
}
