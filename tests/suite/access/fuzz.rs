//! The API held against its own description by a stranger: schemathesis makes up requests to every operation, and looks
//! whether the answers are those that are described.
//!
//! `cargo dev check` fetches the program and names it in `ATELIER_SCHEMATHESIS`; without it this test says so and skips.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use super::{APPLICATIONS, text};
use crate::support::{Client, LiveApp, STUDIO, Samples};

/// Where `cargo dev check` puts the program.
const PROGRAM: &str = "ATELIER_SCHEMATHESIS";
/// What a key that may do everything tries: each border of each parameter, and some at random.
const THOROUGH: (&str, &str) = ("examples,coverage,fuzzing", "4");
/// What every other key tries: each operation once.
const QUICK: (&str, &str) = ("fuzzing", "1");
/// A key that takes longer has met something that hangs.
const PATIENCE: Duration = Duration::from_mins(10);
/// What must hold for every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Every scope that a key may carry.
fn scopes() -> Vec<&'static str> {
    let scopes = server::modules::scopes();
    scopes.iter().map(|scope| scope.key).collect()
}

/// A key of an application made for it.
async fn key(owner: &Client, name: &str, scopes: &[&str]) -> String {
    let made = async |path: String, body: Value| -> Value {
        let reply = owner.api(Method::POST, &path, &[], Some(&body)).await;
        reply.expect(201).json()
    };
    let body = json!({ "product": "blog", "name": name });
    let application = text(&made(APPLICATIONS.to_owned(), body).await, "id");
    let body = json!({ "name": name, "scopes": scopes });
    text(
        &made(format!("{APPLICATIONS}/{application}/keys"), body).await,
        "secret",
    )
}

/// The browser of the other studio's owner, on its host.
async fn sign_in(live: &LiveApp, samples: &Samples) -> Client {
    let trimmed = |origin: String| origin.trim_end_matches('/').to_owned();
    let base = Client::new(live.platform.router.clone(), trimmed(live.base("")));
    let form = [
        ("email", "theo@clef.example"),
        ("password", samples.password),
    ];
    base.post("/login", &form).await.expect(303);
    let inside = base.on(&trimmed(live.tenant("clef", "")));
    inside.visit("/app").await.expect(200);
    inside
}

/// What a run found, if it found anything.
async fn run(
    program: &PathBuf,
    live: &LiveApp,
    (name, bearer): (&str, &str),
    (phases, examples): (&str, &str),
) -> Option<String> {
    let host = live.tenant(STUDIO, "");
    let host = host
        .split("://")
        .nth(1)
        .expect("a host")
        .trim_end_matches('/')
        .to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let description = folder.path().join("openapi.json");
    let text = serde_json::to_string(&server::openapi::description()).expect("JSON");
    std::fs::write(&description, text).expect("a file");
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(&description)
        .args(["--url", &format!("http://127.0.0.1:{}", live.port)])
        .args(["-H", &format!("Host: {host}")])
        .args(["-H", &format!("Authorization: Bearer {bearer}")])
        .args(["--checks", CHECKS, "--phases", phases])
        .args(["--max-examples", examples, "--generation-deterministic"])
        .args(["--warnings", "off", "--no-color"])
        .args([
            "--continue-on-failure",
            "--no-shrink",
            "--suppress-health-check",
            "all",
        ])
        .args([
            "--generation-with-security-parameters",
            "false",
            "--max-redirects",
            "0",
        ])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(output) => output.expect("schemathesis runs"),
        Err(_) => return Some(format!("{name}: no end after {PATIENCE:?}")),
    };
    if output.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(format!("== {name}\n{said}\n{errors}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_as_its_description_says_whoever_asks() {
    let Some(program) = std::env::var_os(PROGRAM).map(PathBuf::from) else {
        println!("skipped: {PROGRAM} names no schemathesis; `cargo dev check` fetches it");
        return;
    };
    let live = LiveApp::start().await;
    let samples = Samples::seed(&live.platform, &live.database).await;
    let origin = |slug: &str| live.tenant(slug, "").trim_end_matches('/').to_owned();
    let owner = samples.owner.on(&origin(STUDIO));
    let mut keys = Vec::new();
    for scope in scopes() {
        keys.push((scope, key(&owner, &format!("Only {scope}"), &[scope]).await));
    }
    let neighbour = sign_in(&live, &samples).await;
    let foreign = key(&neighbour, "Next door", &scopes()).await;
    keys.push(("another tenant's key", foreign));
    let every = key(&owner, "Every scope", &scopes()).await;
    let mut found: Vec<String> = Vec::new();
    // Two at a time: the program is busy with itself.
    let quick = async {
        let mut found = Vec::new();
        for (name, key) in &keys {
            found.extend(run(&program, &live, (*name, key.as_str()), QUICK).await);
        }
        found
    };
    let thorough = run(&program, &live, ("every scope", every.as_str()), THOROUGH);
    let (thorough, quick) = tokio::join!(thorough, quick);
    found.extend(thorough);
    found.extend(quick);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
