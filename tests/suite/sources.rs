//! What the sources must not contain, whoever wrote them: ways around the tenant's transaction.

use std::collections::BTreeSet;
use std::fs;

use crate::product::{files, root, shown};

/// A text, the files that may contain it, and why no other may.
const GATES: &[(&str, &[&str], &str)] = &[
    (
        "app.tenant_id",
        &[
            "platform/database/src/begin.rs",
            "platform/database/src/lint/",
        ],
        "a transaction is bound to its tenant once, where it begins",
    ),
    (
        "set_config(",
        &["platform/database/src/roles.rs"],
        "a setting that outlives its transaction meets the next tenant",
    ),
    (
        "set session",
        &[],
        "a setting that outlives its transaction meets the next tenant",
    ),
    ("row_security", &[], "row security is never switched off"),
    (
        "with hold",
        &[],
        "a held cursor still yields the rows of the tenant before",
    ),
    (
        "temporary table",
        &["platform/database/src/"],
        "a temporary table outlives the tenant of a transaction",
    ),
    (
        "temp table",
        &[],
        "a temporary table outlives the tenant of a transaction",
    ),
    (
        "pg_advisory_lock(",
        &["platform/testkit/src/"],
        "a session's lock is not given back with the transaction, and does nothing behind a pooler",
    ),
    (
        "pg_try_advisory_lock(",
        &["platform/database/src/migrate.rs"],
        "a session's lock is not given back with the transaction, and does nothing behind a pooler",
    ),
    (
        "AssertSqlSafe",
        &[
            "platform/database/src/",
            "platform/localdb/src/",
            "platform/testkit/src/",
            "platform/dev/src/",
        ],
        "statements are texts of the source with bound parameters: whoever can add to one can name another tenant",
    ),
    (
        "pg_notify",
        &[
            "platform/database/src/change.rs",
            "platform/messaging/src/mail/store.rs",
            "platform/module/src/store.rs",
        ],
        "what is announced is heard by all tenants' nodes, so it carries ids alone",
    ),
];

#[test]
fn no_source_goes_around_the_tenants_transaction() {
    let mut broken = Vec::new();
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for folder in ["platform", "modules", "tenant-resolver"] {
        for path in files(folder, ".rs") {
            let name = shown(&path);
            if name.contains("/tests/") || name.contains("/target/") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // Tests at the foot of a file plant faults; what is told to readers does nothing.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in code.lines().enumerate() {
                let line = line.trim_start();
                if line.starts_with("//") {
                    continue;
                }
                for (text, allowed, why) in GATES {
                    if !line.to_lowercase().contains(&text.to_lowercase()) {
                        continue;
                    }
                    match allowed.iter().find(|allowed| name.starts_with(**allowed)) {
                        Some(allowed) => {
                            used.insert((text, allowed));
                        }
                        None => broken.push(format!("{name}:{}: {text}: {why}", number + 1)),
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    for (text, allowed, _) in GATES {
        for path in *allowed {
            assert!(
                used.contains(&(text, path)),
                "{path} needs no leave for {text} any more"
            );
        }
    }
}

/// A back-fill runs as the owner, whom forced row security shows no row: it would do nothing, and say nothing.
#[test]
fn migrations_change_no_rows_silently() {
    let mut broken = Vec::new();
    for path in files("migrations", ".sql") {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start().to_lowercase();
            if ["update ", "delete from ", "truncate ", "merge "]
                .iter()
                .any(|verb| line.starts_with(verb))
            {
                broken.push(format!("{}:{}: {line}", shown(&path), number + 1));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "a back-fill needs a policy for the owner and a check of its count:\n{}",
        broken.join("\n")
    );
}

#[test]
fn migrations_name_the_roles_they_grant_to() {
    for path in files("migrations", ".sql") {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        assert!(
            !text.contains("to public"),
            "{} grants to everybody",
            shown(&path)
        );
        assert!(
            !text.contains("default privileges"),
            "{} grants on tables not made yet",
            shown(&path)
        );
    }
}

/// Every folder of migrations is applied, and every folder that is named exists.
#[test]
fn the_order_names_every_folder_of_migrations() {
    let order = fs::read_to_string(root().join("migrations/ORDER")).unwrap();
    let order: BTreeSet<String> = order
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|key| !key.is_empty())
        .collect();
    let folders: BTreeSet<String> = files("migrations", ".sql")
        .iter()
        .map(|path| {
            path.parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let forgotten: Vec<_> = folders.difference(&order).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
