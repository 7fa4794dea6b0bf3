//! The API's description: a reviewed snapshot, and what every operation in it says of itself.
//!
//! `cargo dev prepare` writes `docs/openapi.json`. Since the file is held against the program, no path and no field
//! disappears without a line in a review that says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use regex::Regex;
use serde_json::{Map, Value};

use crate::product::{files, root, shown};

/// Operations that anybody may call. This list may only shrink.
const OPEN: &[&str] = &[];

/// Where operations stand that concern a member's own things, and ask for no permission.
const OWN: &[&str] = &["/api/v1/inbox/"];

/// Operations for programs that show their key itself: these ask for no permission.
const KEYED: &[&str] = &["access.tokens.create"];

/// What the first part of an operation's id is where it is not the first part of its path.
const ELSEWHERE: &[(&str, &str)] = &[("token", "access")];

/// Every operation: method, path, description.
pub(crate) fn operations(description: &Value) -> Vec<(String, String, &Map<String, Value>)> {
    let paths = description["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("an item") {
            if let Some(operation) = operation.as_object() {
                found.push((method.clone(), path.clone(), operation));
            }
        }
    }
    found
}

pub(crate) fn description() -> Value {
    serde_json::to_value(server::openapi::description()).expect("JSON")
}

/// What an operation fails to say.
fn gaps(method: &str, path: &str, operation: &Map<String, Value>) -> Vec<String> {
    let id = operation
        .get("operationId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut gaps = Vec::new();
    let mut gap = |what: &str| gaps.push(format!("{method} {path} ({id}): {what}"));
    let parts: Vec<&str> = id.split('.').collect();
    let module = path
        .strip_prefix("/api/v1/")
        .and_then(|rest| rest.split('/').next())
        .map(|first| {
            let other = ELSEWHERE.iter().find(|(path, _)| *path == first);
            other.map_or(first, |(_, id)| id)
        });
    if parts.len() != 3 || Some(parts[0]) != module {
        gap("the operation's id is not <module>.<resource>.<action>");
    }
    let permission = operation.get("x-permission").and_then(Value::as_str);
    let own = OWN.iter().any(|start| path.starts_with(start));
    let keyed = KEYED.contains(&id);
    if permission.is_none() && !own && !keyed && !OPEN.contains(&id) {
        gap("it names no permission");
    }
    if operation.get("summary").and_then(Value::as_str).is_none() {
        gap("it has no summary");
    }
    if operation
        .get("tags")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
    {
        gap("it has no tag");
    }
    let Some(responses) = operation.get("responses").and_then(Value::as_object) else {
        gap("it describes no answer");
        return gaps;
    };
    let mut expected = vec!["400"];
    if permission.is_some() || own || keyed {
        expected.extend(["401", "402", "403", "429"]);
    }
    if path.contains('{') {
        expected.push("404");
    }
    if operation.contains_key("requestBody") {
        expected.push("422");
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let asks_for = |name: &str| {
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == name))
    };
    if asks_for("If-Match") {
        expected.push("412");
    }
    if asks_for("Idempotency-Key") {
        expected.push("409");
    }
    for status in expected {
        if !responses.contains_key(status) {
            gap(&format!("it does not describe {status}"));
        }
    }
    if !responses.keys().any(|status| status.starts_with('2')) {
        gap("it does not describe its success");
    }
    for (status, response) in responses {
        if response["description"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
        {
            gap(&format!("{status} is not described"));
        }
        let problem = status.starts_with('4') || status.starts_with('5');
        if problem
            && response["content"]
                .get("application/problem+json")
                .is_none()
        {
            gap(&format!("{status} is no problem document"));
        }
    }
    gaps
}

#[test]
fn the_snapshot_is_what_the_program_serves() {
    let kept = fs::read_to_string(root().join("docs/openapi.json"))
        .expect("docs/openapi.json; `cargo dev prepare` writes it");
    let now = serde_json::to_string_pretty(&server::openapi::description()).expect("JSON");
    if kept.trim_end() == now.trim_end() {
        return;
    }
    let different = kept
        .lines()
        .zip(now.lines())
        .position(|(kept, now)| kept != now);
    let line = different.unwrap_or_else(|| kept.lines().count().min(now.lines().count()));
    panic!(
        "docs/openapi.json differs from line {} on: run `cargo dev prepare` and review the change\nkept: {}\nnow:  {}",
        line + 1,
        kept.lines().nth(line).unwrap_or("(the end)"),
        now.lines().nth(line).unwrap_or("(the end)"),
    );
}

#[test]
fn every_operation_says_who_may_call_it_and_what_it_answers() {
    let description = description();
    let operations = operations(&description);
    assert!(operations.len() > 20, "{}", operations.len());
    let gaps: Vec<String> = operations
        .iter()
        .flat_map(|(method, path, operation)| gaps(method, path, operation))
        .collect();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

/// Operations that change nothing, or hand out what must not be kept.
pub(crate) const ONCE_OR_MORE: &[&str] = &["access.tokens.create", "blog.posts.preview"];

#[test]
fn every_post_can_be_repeated_without_doing_it_twice() {
    let description = description();
    let mut without = Vec::new();
    for (method, path, operation) in operations(&description) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let takes =
            parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"));
        if method == "post" && takes == ONCE_OR_MORE.contains(&id) {
            without.push(format!("{path} ({id})"));
        }
    }
    assert!(without.is_empty(), "{}", without.join("\n"));
}

#[test]
fn operations_have_ids_of_their_own_and_are_all_routes() {
    let description = description();
    let operations = operations(&description);
    let ids: BTreeSet<_> = operations
        .iter()
        .map(|(_, _, operation)| operation["operationId"].to_string())
        .collect();
    assert_eq!(ids.len(), operations.len(), "an id stands twice");
    let described: BTreeSet<_> = operations
        .iter()
        .map(|(method, path, _)| (method.to_uppercase(), path.clone()))
        .collect();
    let routes: BTreeSet<_> = server::router::Table::new(false)
        .facts()
        .into_iter()
        .filter(|route| route.api)
        .map(|route| (route.method, route.path))
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn every_field_of_every_schema_is_described() {
    let description = description();
    let schemas = description["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let mut silent = Vec::new();
    for (name, schema) in schemas {
        // A struct with flattened parts is several schemas together.
        let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
        for part in parts.iter().chain([schema]) {
            for (field, of) in part["properties"].as_object().into_iter().flatten() {
                // What only points to a schema is described there; a choice with null says what it is itself.
                let points = of.get("$ref").is_some();
                if of["description"].as_str().is_none() && !points {
                    silent.push(format!("{name}.{field}"));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn an_operation_that_says_nothing_is_found() {
    let silent = serde_json::json!({
        "operationId": "posts.read", "parameters": [{ "name": "If-Match" }], "requestBody": {},
        "responses": { "404": { "description": "" } }
    });
    let gaps = gaps(
        "patch",
        "/api/v1/blog/posts/{id}",
        silent.as_object().expect("an object"),
    );
    for expected in [
        "operation's id",
        "no permission",
        "summary",
        "tag",
        "400",
        "412",
        "422",
        "success",
        "no problem",
    ] {
        assert!(
            gaps.iter().any(|gap| gap.contains(expected)),
            "{expected} in {gaps:#?}"
        );
    }
}

/// The names that types in a source give their schemas: their own, or the one they ask for.
fn schema_names(source: &str) -> Vec<String> {
    let item = Regex::new(
        r"(?m)#\[derive\((?P<derived>[^)]*)\)\]\s*(?P<more>(?:(?:#\[[^\n]*\]|//[^\n]*)\s*)*)(?:pub(?:\([a-z]+\))? )?(?:struct|enum) (?P<name>\w+)",
    )
    .expect("a pattern");
    let other = Regex::new(r"schema\(as = (\w+)").expect("a pattern");
    item.captures_iter(source)
        .filter(|found| found["derived"].contains("ToSchema"))
        .map(|found| {
            other
                .captures(&found["more"])
                .map_or_else(|| found["name"].to_owned(), |other| other[1].to_owned())
        })
        .collect()
}

/// Of two schemas of one name the description keeps the last without a word, and then says of answers what is not so.
#[test]
fn every_schema_has_a_name_of_its_own() {
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in ["platform", "modules"] {
        for path in files(folder, ".rs") {
            for name in schema_names(&fs::read_to_string(&path).expect("a source")) {
                owners.entry(name).or_default().push(shown(&path));
            }
        }
    }
    assert!(owners.len() > 50, "schemas are no longer found: {owners:?}");
    owners.retain(|_, paths| paths.len() > 1);
    assert!(
        owners.is_empty(),
        "one name for several schemas: {owners:?}"
    );
    let two = "#[derive(Debug, ToSchema)]\n#[schema(as = Other)]\npub enum A { B }\n#[derive(\n ToSchema,\n)]\nstruct C;";
    assert_eq!(schema_names(two), ["Other", "C"]);
}
