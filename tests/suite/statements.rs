//! Each recorded statement: it runs under a run-time role, stays with its owner's tables, and names the tenant.
//!
//! The compiler records every statement of a crate in its folder `.sqlx`, under the hash of its text; here it is shown
//! that these are the statements of the sources, all of them and no other. Each is prepared and explained on the
//! migrated schema, with a plan for all tenants, so that what it touches is known and not guessed from its text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testkit::Role;

use crate::product::{self, RULES, files, root, shown};

/// Tables of others that a crate's statements may touch, besides views that their owner published. This list may only
/// shrink.
const FOREIGN: &[(&str, &str)] = &[
    // Every module records what it does, announces it and queues work through this crate.
    ("module", "api_idempotency_keys"),
    ("module", "audit_log"),
    ("module", "jobs"),
    ("module", "outbox_events"),
    // A mail and the job that sends it are one statement.
    ("messaging", "jobs"),
    // What is sold, and what it allows, is read with what is subscribed to.
    ("billing", "plan_entitlements"),
    ("billing", "plan_prices"),
    ("billing", "plans"),
    ("billing", "products"),
    // Answers to repeated requests are removed when they are old.
    ("worker", "api_idempotency_keys"),
];

/// Statements that name no tenant although the tenants' role could run them, by their file and what they look for: the
/// platform asks who the tenant is, or for all workspaces of a person. This list may only shrink.
const ACROSS: &[(&str, &str)] = &[
    // Time passes for all tenants, and figures are of all tenants.
    ("platform/billing/src/store.rs", "attend_at <= $1"),
    ("platform/billing/src/metrics/store.rs", "at >= $1"),
    (
        "platform/billing/src/metrics/store.rs",
        "group by plan_price_id",
    ),
    ("platform/billing/src/metrics/store.rs", "group by status"),
    ("platform/tenants/src/directory/store.rs", "s.slug = $1"),
    (
        "platform/tenants/src/directory/store.rs",
        "status = 'active'",
    ),
    ("platform/tenants/src/entry/store.rs", "m.user_id = "),
    // The sweeper asks which tenants have something to remove.
    ("platform/files/src/sweep/store.rs", "deleted_at < $1"),
    // Sessions of guests end for all tenants at once.
    ("platform/tenants/src/guests/store.rs", "expires_at < $1"),
    (
        "platform/tenants/src/invitations/store.rs",
        "token_hash = $1",
    ),
    ("platform/tenants/src/signup/store.rs", "slug = any ($1)"),
];

/// Crates that read tables of any owner, across tenants, and never change one. They stand above those that do, and get no
/// tenant's transaction.
const READERS: &[&str] = &["console"];

/// Views that their owners publish to all.
const PUBLISHED: &[&str] = &["tenant_people"];

/// A crate with statements.
struct Crate {
    key: String,
    folder: PathBuf,
    module: bool,
}

/// A statement of a crate's sources.
struct Statement {
    file: String,
    text: String,
}

/// A table of a plan, under the name it has there.
#[derive(Debug)]
struct Touched {
    relation: String,
    alias: String,
}

/// Crates whose sources have statements.
fn crates() -> Vec<Crate> {
    let mut crates = Vec::new();
    for parent in ["platform", "modules"] {
        let mut folders: Vec<PathBuf> = fs::read_dir(root().join(parent))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.join("Cargo.toml").is_file())
            .collect();
        folders.sort();
        for folder in folders {
            if !texts(&folder).is_empty() {
                let key = folder.file_name().unwrap().to_string_lossy().into_owned();
                crates.push(Crate {
                    key,
                    folder,
                    module: parent == "modules",
                });
            }
        }
    }
    crates
}

/// The statements in a crate's sources, by the hash that names their record.
fn texts(folder: &Path) -> BTreeMap<String, Statement> {
    let mut found = BTreeMap::new();
    for path in files(&shown(&folder.join("src")), ".rs") {
        let source = fs::read_to_string(&path).unwrap();
        for text in literals(&source).into_iter().filter(|text| text.whole) {
            let hash = format!("{:x}", Sha256::digest(text.text.as_bytes()));
            let file = shown(&path);
            found.insert(
                hash,
                Statement {
                    file,
                    text: text.text,
                },
            );
        }
    }
    found
}

/// How the statements begin that a crate's sources put together from several texts.
fn composed(folder: &Path) -> Vec<String> {
    files(&shown(&folder.join("src")), ".rs")
        .iter()
        .flat_map(|path| literals(&fs::read_to_string(path).unwrap()))
        .filter(|text| !text.whole)
        .map(|text| text.text)
        .collect()
}

/// Everything a crate asks: what its sources say, and what was recorded of statements put together from several texts.
fn statements(folder: &Path) -> Vec<Statement> {
    let texts = texts(folder);
    let recorded = files(&shown(&folder.join(".sqlx")), ".json")
        .into_iter()
        .filter_map(|file| {
            let json: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let text = json["query"].as_str().expect("a statement").to_owned();
            let known = texts.values().any(|statement| statement.text == text);
            (!known).then(|| Statement {
                file: shown(&file),
                text,
            })
        });
    let recorded: Vec<Statement> = recorded.collect();
    texts.into_values().chain(recorded).collect()
}

impl Statement {
    /// How many parameters it has: the highest number behind a dollar sign.
    fn parameters(&self) -> usize {
        let numbers = self.text.split('$').skip(1).filter_map(|rest| {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            rest[..digits].parse().ok()
        });
        numbers.max().unwrap_or(0)
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    {}", self.file, self.text)
    }
}

/// A text given to one of sqlx's macros.
struct Text {
    text: String,
    /// Whether it is all of the statement, and not the first of several texts.
    whole: bool,
}

/// The texts given to sqlx's macros: the first string after each one's opening parenthesis, and the beginnings that a
/// macro hands to another one in brackets.
fn literals(source: &str) -> Vec<Text> {
    let mut found = Vec::new();
    for opening in ["[\"", "[r#\""] {
        let handed_on = source.match_indices(opening);
        let texts = handed_on.filter_map(|(start, _)| first_literal(&source[start..]));
        found.extend(texts.filter(|text| !text.whole));
    }
    for name in ["query!(", "query_as!(", "query_scalar!("] {
        for (start, _) in source.match_indices(name) {
            let line = source[..start].rsplit('\n').next().unwrap_or_default();
            if line.trim_start().starts_with("//")
                || source[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                continue;
            }
            found.extend(first_literal(&source[start + name.len()..]));
        }
    }
    found
}

impl Text {
    fn new(text: String, after: &str) -> Self {
        let whole = !after.trim_start().starts_with('+');
        Self { text, whole }
    }
}

fn first_literal(rest: &str) -> Option<Text> {
    let quote = rest.find('"')?;
    let hashes = rest[..quote]
        .chars()
        .rev()
        .take_while(|c| *c == '#')
        .count();
    let raw = rest[..quote - hashes].ends_with('r');
    let body = &rest[quote + 1..];
    if raw {
        let end = format!("\"{}", "#".repeat(hashes));
        let (text, after) = body.split_once(&end)?;
        return Some(Text::new(text.to_owned(), after));
    }
    let mut text = String::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(Text::new(text, &chars.collect::<String>())),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                // A line that goes on: its end and the blanks that follow are no part of the text.
                '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// The plan of a statement for any parameters.
async fn plan(conn: &mut PgConnection, statement: &Statement) -> sqlx::Result<Value> {
    let mut tx = conn.begin().await?;
    tx.execute("set local plan_cache_mode = force_generic_plan")
        .await?;
    tx.execute(AssertSqlSafe(format!(
        "prepare recorded as {}",
        statement.text
    )))
    .await?;
    let nulls = vec!["null"; statement.parameters()].join(", ");
    let call = if nulls.is_empty() {
        String::new()
    } else {
        format!("({nulls})")
    };
    let explain = format!("explain (format json, verbose, costs off) execute recorded{call}");
    let answer = sqlx::raw_sql(AssertSqlSafe(explain))
        .fetch_one(&mut *tx)
        .await;
    tx.rollback().await?;
    conn.execute("deallocate all").await?;
    let plan: Value = sqlx::Row::try_get(&answer?, 0)?;
    Ok(plan)
}

/// Every table of a plan, and every condition in it.
fn walk(node: &Value, touched: &mut Vec<Touched>, conditions: &mut Vec<String>) {
    match node {
        Value::Array(nodes) => nodes
            .iter()
            .for_each(|node| walk(node, touched, conditions)),
        Value::Object(fields) => {
            if let Some(relation) = fields.get("Relation Name").and_then(Value::as_str) {
                let alias = fields
                    .get("Alias")
                    .and_then(Value::as_str)
                    .unwrap_or(relation);
                let changes =
                    fields.get("Node Type").and_then(Value::as_str) == Some("ModifyTable");
                // What is added names its tenant in its row: the column is never null and has no default.
                let adds =
                    changes && fields.get("Operation").and_then(Value::as_str) == Some("Insert");
                touched.push(Touched {
                    relation: relation.to_owned(),
                    alias: if adds {
                        String::new()
                    } else {
                        alias.to_owned()
                    },
                });
            }
            for (name, value) in fields {
                if name.ends_with("Cond") || name.ends_with("Filter") {
                    conditions.extend(value.as_str().map(str::to_owned));
                }
                walk(value, touched, conditions);
            }
        }
        _ => {}
    }
}

/// Whether a plan changes or holds any row.
fn changes(node: &Value) -> bool {
    match node {
        Value::Array(nodes) => nodes.iter().any(changes),
        Value::Object(fields) => {
            let kind = fields.get("Node Type").and_then(Value::as_str);
            matches!(kind, Some("ModifyTable" | "LockRows")) || fields.values().any(changes)
        }
        _ => false,
    }
}

/// The names whose tenant is bound to a parameter, directly or through another.
fn bound(conditions: &[String]) -> BTreeSet<String> {
    let mut pairs = Vec::new();
    for condition in conditions {
        for part in condition.split(['(', ')']) {
            if let Some((left, right)) = part.split_once(" = ") {
                pairs.push((left.trim().to_owned(), right.trim().to_owned()));
            }
        }
    }
    let mut bound = BTreeSet::new();
    loop {
        let before = bound.len();
        for (left, right) in &pairs {
            for (one, other) in [(left, right), (right, left)] {
                let Some(alias) = one.strip_suffix(".tenant_id") else {
                    continue;
                };
                let from = other.strip_suffix(".tenant_id");
                if other.starts_with('$') || from.is_some_and(|from| bound.contains(from)) {
                    bound.insert(alias.to_owned());
                }
            }
        }
        if bound.len() == before {
            return bound;
        }
    }
}

fn owner(relation: &str) -> Option<&'static str> {
    RULES
        .owners
        .iter()
        .flat_map(|owner| {
            owner
                .prefixes
                .iter()
                .map(move |prefix| (owner.key, *prefix))
        })
        .filter(|(_, prefix)| {
            relation == *prefix
                || relation
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.starts_with('_'))
        })
        .max_by_key(|(_, prefix)| prefix.len())
        .map(|(key, _)| key)
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect()
}

#[test]
fn every_statement_is_recorded_and_every_record_is_of_a_statement() {
    let mut wrong = Vec::new();
    let crates = crates();
    assert!(crates.len() > 3, "the product has crates with statements");
    for one in crates {
        let texts = texts(&one.folder);
        let composed = composed(&one.folder);
        let mut records = BTreeSet::new();
        for file in files(&shown(&one.folder.join(".sqlx")), ".json") {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let hash = name.strip_prefix("query-").unwrap_or(&name).to_owned();
            let record = fs::read_to_string(&file).unwrap();
            let record: Value = serde_json::from_str(&record).unwrap();
            let text = record["query"].as_str().unwrap_or_default();
            let in_parts = composed
                .iter()
                .any(|first| text.starts_with(first.as_str()));
            if !texts.contains_key(&hash) && !in_parts {
                wrong.push(format!("stale: {}", shown(&file)));
            }
            records.insert(hash);
        }
        let missing = texts.iter().filter(|(hash, _)| !records.contains(*hash));
        wrong.extend(missing.map(|(_, statement)| format!("not recorded: {statement}")));
    }
    assert!(
        wrong.is_empty(),
        "run `cargo dev prepare`\n{}",
        wrong.join("\n")
    );
}

#[tokio::test]
async fn each_statement_stays_with_its_owners_tables_and_names_the_tenant() {
    let database = product::database().await;
    let mut all = database.connect(Role::Superuser).await;
    let mut tenant = database.connect(Role::Tenant).await;
    let mut platform = database.connect(Role::Platform).await;
    let tenant_tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relkind in ('r', 'p') and c.relname <> all ($1)",
    )
    .bind(RULES.global_tables.iter().map(|table| (*table).to_owned()).collect::<Vec<_>>())
    .fetch_all(&mut all)
    .await
    .unwrap();
    let mut wrong = Vec::new();
    for one in crates() {
        for statement in &statements(&one.folder) {
            // As everybody: without row security, so that only what the statement itself says is in the plan.
            let plan_of_all = match plan(&mut all, statement).await {
                Ok(plan) => plan,
                Err(error) => {
                    wrong.push(format!("does not fit the schema ({error}): {statement}"));
                    continue;
                }
            };
            let as_tenant = plan(&mut tenant, statement).await.is_ok();
            if !as_tenant && (one.module || plan(&mut platform, statement).await.is_err()) {
                wrong.push(format!("no run-time role may run it: {statement}"));
            }
            let (mut touched, mut conditions) = (Vec::new(), Vec::new());
            walk(&plan_of_all, &mut touched, &mut conditions);
            let words = words(&statement.text);
            let through_view = PUBLISHED.iter().any(|view| words.contains(view));
            let bound = bound(&conditions);
            let across = ACROSS
                .iter()
                .any(|(file, text)| statement.file == *file && statement.text.contains(text));
            if READERS.contains(&one.key.as_str()) {
                if changes(&plan_of_all) {
                    wrong.push(format!("changes something: {statement}"));
                }
                continue;
            }
            for Touched { relation, alias } in &touched {
                let Some(owner) = owner(relation) else {
                    continue;
                };
                let published = through_view && !words.contains(relation.as_str());
                if owner != one.key
                    && !published
                    && !FOREIGN.contains(&(one.key.as_str(), relation))
                {
                    wrong.push(format!("touches {relation} of {owner}: {statement}"));
                }
                let names_it = across || alias.is_empty() || bound.contains(alias);
                if as_tenant && tenant_tables.contains(relation) && !names_it {
                    wrong.push(format!(
                        "does not name the tenant for {relation}: {statement}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plans, statistics and estimates count rows of every tenant: what a statement returned of them would leave with an
/// answer (spec platform 4.2, number 16).
const ESTIMATES: &[&str] = &[
    "explain",
    "pg_class",
    "pg_stats",
    "pg_statistic",
    "reltuples",
];

fn estimates(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let words = words(&text);
    ESTIMATES
        .iter()
        .copied()
        .filter(|word| words.contains(word))
        .collect()
}

#[test]
fn no_statement_reads_plans_or_statistics() {
    let mut broken = Vec::new();
    for part in crates() {
        for statement in statements(&part.folder) {
            for word in estimates(&statement.text) {
                broken.push(format!("{statement}: {word}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(estimates("EXPLAIN (analyze) select 1"), ["explain"]);
    assert_eq!(
        estimates("select c.reltuples from pg_class c"),
        ["pg_class", "reltuples"]
    );
}

#[test]
fn readers_cannot_hold_a_tenants_transaction() {
    for reader in READERS {
        let manifest = root().join("platform").join(reader).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        assert!(!manifest.contains("tenant-resolver"), "{reader}");
    }
    let plan = serde_json::json!([{ "Plan": { "Node Type": "Limit", "Plans": [{ "Node Type": "ModifyTable" }] } }]);
    assert!(changes(&plan));
    assert!(!changes(&serde_json::json!({ "Node Type": "Index Scan" })));
}

#[test]
fn texts_are_read_as_the_compiler_reads_them() {
    let first = |text| {
        first_literal(text)
            .map(|text| (text.text, text.whole))
            .unwrap()
    };
    assert_eq!(first(r#"Row, "a \"b\"", x)"#), ("a \"b\"".to_owned(), true));
    assert_eq!(first("r#\"a \"b\" c\"#)"), ("a \"b\" c".to_owned(), true));
    assert_eq!(first("\"a \\\n     b\")"), ("a b".to_owned(), true));
    assert_eq!(first("\"a\" + $scope + \"b\")"), ("a".to_owned(), false));
    let source = "sqlx::query!(\"one\");\n// query!(\"two\")\nquery_as!(Row, r\"three\")";
    let texts: Vec<String> = literals(source).into_iter().map(|text| text.text).collect();
    assert_eq!(texts, ["one", "three"]);
}

#[test]
fn a_tenant_is_bound_directly_or_through_another_table() {
    let of = |conditions: &[&str]| {
        bound(
            &conditions
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let names = of(&[
        "((p.tenant_id = $1) AND (p.id = $2))",
        "(t.tenant_id = p.tenant_id)",
    ]);
    assert!(names.contains("p") && names.contains("t"));
    assert!(of(&["(t.tenant_id = p.tenant_id)", "(p.id = $1)"]).is_empty());
    assert!(of(&["(p.tenant_id = NULLIF(x))"]).is_empty());
}
