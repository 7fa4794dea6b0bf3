//! The API held against its own description by a stranger: schemathesis makes up requests to every operation, and looks
//! whether the answers are those that are described.
//!
//! `cargo dev check` fetches the program and names it in `ATELIER_SCHEMATHESIS`; without it this test says so and skips.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt as _;
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::Instant;

use super::{APPLICATIONS, text};
use crate::support::{Client, LiveApp, STUDIO, Samples};

/// Where `cargo dev check` puts the program.
const PROGRAM: &str = "ATELIER_SCHEMATHESIS";
/// What a key that may do everything tries: each border of each parameter, and some at random.
const THOROUGH: (&str, &str) = ("examples,coverage,fuzzing", "4");
/// What every other key tries: each of its operations once.
const QUICK: (&str, &str) = ("fuzzing", "1");
/// Runs at a time: the program is busy with itself.
const AT_ONCE: usize = 2;
/// Runs among which the thorough one is shared out.
const PARTS: usize = 4;
/// Of the operations that a key may not call, every so manieth is tried.
const SAMPLE: usize = 12;
/// A run that takes longer has met something that hangs.
const PATIENCE: Duration = Duration::from_mins(2);
/// All of them together: about a minute on two idle cores, which other tests share.
const DEADLINE: Duration = Duration::from_mins(8);
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

/// Part of the API's description: the operations that `wanted` chooses by their number and what is said of them.
fn part(wanted: impl Fn(usize, &Value) -> bool) -> Value {
    let mut description =
        serde_json::to_value(server::openapi::description()).expect("a description");
    let mut number = 0;
    let paths = description["paths"].as_object_mut().expect("paths");
    for item in paths.values_mut() {
        let item = item.as_object_mut().expect("an item");
        item.retain(|_, operation| {
            number += 1;
            wanted(number, operation)
        });
    }
    paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    description
}

/// Whether keys with this scope may call an operation.
fn covers(scope: &str, operation: &Value) -> bool {
    let security = operation["security"].as_array();
    security.is_some_and(|all| all.iter().any(|one| one["key"][0] == scope))
}

/// One run of the program: with a key, over a part of the API.
struct Run {
    name: String,
    bearer: String,
    description: Value,
    effort: (&'static str, &'static str),
}

impl Run {
    /// What it found, if it found anything.
    async fn of(self, program: &Path, live: &LiveApp, deadline: Instant) -> Option<String> {
        let host = live.tenant(STUDIO, "");
        let host = host.split("://").nth(1).expect("a host");
        let folder = tempfile::tempdir().expect("a folder");
        let description = folder.path().join("openapi.json");
        std::fs::write(&description, self.description.to_string()).expect("a file");
        let (phases, examples) = self.effort;
        let mut command = Command::new(program);
        command
            .arg("run")
            .arg(&description)
            .args(["--url", &format!("http://127.0.0.1:{}", live.port)])
            .args(["-H", &format!("Host: {}", host.trim_end_matches('/'))])
            .args(["-H", &format!("Authorization: Bearer {}", self.bearer)])
            .args(["--checks", CHECKS, "--phases", phases])
            .args(["--max-examples", examples, "--generation-deterministic"])
            .args(["--warnings", "off", "--no-color"])
            .args(["--continue-on-failure", "--no-shrink"])
            .args(["--suppress-health-check", "all"])
            .args(["--generation-with-security-parameters", "false"])
            .args(["--max-redirects", "0"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let (name, began) = (self.name, Instant::now());
        let end = deadline.min(began + PATIENCE);
        let Ok(output) = tokio::time::timeout_at(end, command.output()).await else {
            return Some(format!("== {name}: no end after {:?}", began.elapsed()));
        };
        let output = output.expect("schemathesis runs");
        println!("{name}: {:?}", began.elapsed());
        if output.status.success() {
            return None;
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Some(format!("== {name}\n{said}\n{errors}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_as_its_description_says_whoever_asks() {
    let Some(program) = std::env::var_os(PROGRAM) else {
        println!("skipped: {PROGRAM} names no schemathesis; `cargo dev check` fetches it");
        return;
    };
    let live = LiveApp::start().await;
    let samples = Samples::seed(&live.platform, &live.database).await;
    let origin = |slug: &str| live.tenant(slug, "").trim_end_matches('/').to_owned();
    let owner = samples.owner.on(&origin(STUDIO));
    let every = key(&owner, "Every scope", &scopes()).await;
    let mut runs: Vec<Run> = (0..PARTS)
        .map(|rest| Run {
            name: format!("every scope, part {rest}"),
            bearer: every.clone(),
            description: part(|number, _| number % PARTS == rest),
            effort: THOROUGH,
        })
        .collect();
    for scope in scopes() {
        runs.push(Run {
            name: scope.to_owned(),
            bearer: key(&owner, &format!("Only {scope}"), &[scope]).await,
            description: part(|number, operation| covers(scope, operation) || number % SAMPLE == 0),
            effort: QUICK,
        });
    }
    let neighbour = sign_in(&live, &samples).await;
    runs.push(Run {
        name: "another tenant's key".to_owned(),
        bearer: key(&neighbour, "Next door", &scopes()).await,
        description: part(|number, _| number % SAMPLE == 0),
        effort: QUICK,
    });
    let deadline = Instant::now() + DEADLINE;
    let found: Vec<String> = futures::stream::iter(runs)
        .map(|run| run.of(Path::new(&program), &live, deadline))
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_key_is_tried_where_it_may_do_something() {
    let all = |_: usize, _: &Value| true;
    let count = |description: &Value| {
        let paths = description["paths"].as_object().expect("paths");
        let items = paths
            .values()
            .map(|item| item.as_object().expect("an item"));
        items.map(serde_json::Map::len).sum::<usize>()
    };
    let whole = count(&part(all));
    for scope in scopes() {
        let own = count(&part(|_, operation| covers(scope, operation)));
        assert!((1..whole / 2).contains(&own), "{scope}: {own} of {whole}");
    }
}
