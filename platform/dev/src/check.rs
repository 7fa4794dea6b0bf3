//! `cargo dev check`: what must hold before a change is taken, on a developer's machine and in CI alike.

use std::fmt::Write as _;

use crate::{Outcome, prepare, schemathesis, setup, shell, test, workspace};

/// Only who says so goes without schemathesis: a check that leaves something out by itself looks like one that passed.
pub async fn check(without_schemathesis: bool) -> Outcome<()> {
    setup::ensure_programs()?;
    // Every step runs, so that one run tells all there is to mend.
    let mut steps = Vec::new();
    shell::title("format");
    steps.push((
        "format",
        shell::run(shell::cargo().args(["fmt", "--all", "--check"])),
    ));
    steps.push(("generated files", generated_files().await));
    shell::title("lints");
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    steps.push(("lints", shell::run(shell::cargo().args(lints))));
    let schemathesis = if without_schemathesis {
        None
    } else {
        let fetched = schemathesis::program();
        let outcome = fetched.as_ref().map(|_| ()).map_err(String::clone);
        steps.push(("schemathesis", outcome));
        fetched.ok()
    };
    shell::title("tests");
    let tally = test::run(&[], schemathesis.as_deref()).await;

    let mut summary = String::new();
    for (name, outcome) in &steps {
        match outcome {
            Ok(()) => _ = writeln!(summary, "{name}: ok"),
            Err(reason) => _ = writeln!(summary, "{name}: {reason}"),
        }
    }
    let good = steps.iter().all(|(_, outcome)| outcome.is_ok());
    match tally {
        Ok(tally) => {
            print!("\n{summary}{tally}\n");
            if good && tally.is_good() {
                Ok(())
            } else {
                Err("The check failed.".to_owned())
            }
        }
        Err(reason) => {
            print!("\n{summary}tests: {reason}\n0 passed, 1 failed\n");
            Err("The check failed.".to_owned())
        }
    }
}

/// Makes the generated files anew and compares. They are left as made, ready to be committed.
async fn generated_files() -> Outcome<()> {
    let before = prepare::generated();
    prepare::prepare().await?;
    let after = prepare::generated();
    let changed = after
        .iter()
        .filter(|(file, content)| before.get(*file) != Some(content))
        .map(|(file, _)| file);
    let gone = before.keys().filter(|file| !after.contains_key(*file));
    let stale: Vec<String> = changed
        .chain(gone)
        .map(|file| workspace::shown(file))
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} were out of date and are made anew now; commit them: {}",
        stale.len(),
        stale.join(" ")
    ))
}
