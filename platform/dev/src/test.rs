//! `cargo dev test`: every test, on one throw-away server.

use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::{Outcome, cluster, setup, shell};

/// What the test programs of a run said together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Why the run failed although no test did: it did not compile, or a test program was killed.
    broken: Option<String>,
}

impl Tally {
    pub fn is_good(&self) -> bool {
        self.failed == 0 && self.broken.is_none()
    }

    /// Adds the closing line of one test program, if it is one:
    /// `test result: ok. 9 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.24s`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    /// The closing line of a run. What broke counts as a failure, or a run without a single test would look good.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed.max(u64::from(self.broken.is_some()));
        write!(f, "{} passed, {failed} failed", self.passed)
    }
}

pub async fn test(arguments: &[String]) -> Outcome<()> {
    let tally = run(arguments, None).await?;
    println!("\n{tally}");
    if tally.is_good() {
        Ok(())
    } else {
        Err(tally
            .broken
            .unwrap_or_else(|| "There are failures.".to_owned()))
    }
}

/// Runs the tests and adds up. With `schemathesis` the API is held against its description by that program as well. An
/// error means that the tests could not be started.
pub async fn run(arguments: &[String], schemathesis: Option<&Path>) -> Outcome<Tally> {
    setup::ensure_programs()?;
    let axe = setup::axe();
    let moto = setup::moto();
    let server = cluster::start().await?;
    let mut cargo = shell::cargo();
    cargo.args(["test", "--no-fail-fast"]);
    let picks_packages = arguments
        .iter()
        .any(|word| word == "-p" || word.starts_with("--package") || word.starts_with("-p="));
    if !picks_packages {
        cargo.arg("--workspace");
    }
    cargo
        .args(arguments)
        .env("TEST_DATABASE_URL", server.superuser_url("postgres"));
    match axe {
        Some(axe) => cargo.env("ATELIER_AXE", axe),
        None => cargo.env_remove("ATELIER_AXE"),
    };
    match schemathesis {
        Some(program) => cargo.env("ATELIER_SCHEMATHESIS", program),
        None => cargo.env_remove("ATELIER_SCHEMATHESIS"),
    };
    match moto {
        Some(moto) => cargo.env("ATELIER_MOTO", moto),
        None => cargo.env_remove("ATELIER_MOTO"),
    };
    let tally = tally(cargo.stdout(Stdio::piped()));
    server.stop().await;
    tally
}

/// Shows what the test programs print, and reads along.
fn tally(cargo: &mut std::process::Command) -> Outcome<Tally> {
    let mut child = cargo
        .spawn()
        .map_err(|error| format!("Could not run cargo: {error}"))?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            println!("{line}");
            tally.add(&line);
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("Could not wait for cargo: {error}"))?;
    if !status.success() && tally.failed == 0 {
        tally.broken = Some(format!(
            "No test failed, but the run did ({status}): see above for what did not compile or was killed."
        ));
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up_and_other_lines_are_not() {
        let mut tally = Tally::default();
        for line in [
            "running 9 tests",
            "test a ... ok",
            "test result: ok. 9 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.24s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.00s",
            "a test printed: test result: ok. 100 passed; 100 failed",
        ] {
            tally.add(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 12,
                failed: 2,
                ignored: 1,
                broken: None
            }
        );
        assert_eq!(tally.to_string(), "12 passed, 2 failed");
        assert!(!tally.is_good());
    }

    #[test]
    fn a_run_that_broke_is_never_without_a_failure() {
        let tally = Tally {
            broken: Some("it did not compile".to_owned()),
            ..Tally::default()
        };
        assert_eq!(tally.to_string(), "0 passed, 1 failed");
        assert!(!tally.is_good());
    }
}
