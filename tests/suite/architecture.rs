//! The shape of the workspace: who may depend on whom, what each crate brings along, where things stand.
//!
//! Each rule is a function over plain facts, so that the tests at the foot can plant faults.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::product::{files, root, shown};

/// A crate as the rules see it.
#[derive(Clone, Debug)]
struct Krate {
    name: String,
    /// Folder within the workspace, such as `platform/kernel`.
    folder: String,
    version: String,
    /// What it names in `[dependencies]` and `[build-dependencies]`.
    needs: BTreeSet<String>,
    /// What it names in `[dev-dependencies]`.
    tests_with: BTreeSet<String>,
}

/// The tiers, lowest first. A crate depends on lower ones; within a tier, on those of [`SIDEWAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Words,
    Ground,
    Contract,
    Services,
    Features,
    Console,
    Whole,
}

/// Which tier a folder stands for. A crate in a folder that nobody placed is refused.
fn tier(folder: &str) -> Option<Tier> {
    Some(match folder {
        "platform/kernel" => Tier::Words,
        "platform/database" | "platform/localdb" | "platform/imaging" | "tenant-resolver" => {
            Tier::Ground
        }
        "platform/module" | "platform/ui" | "platform/services" | "platform/testkit" => {
            Tier::Contract
        }
        "platform/messaging" | "platform/files" => Tier::Services,
        "platform/accounts" | "platform/tenants" | "platform/catalog" | "platform/billing"
        | "platform/access" | "platform/worker" => Tier::Features,
        "platform/console" => Tier::Console,
        "platform/server" | "platform/dev" | "tests" => Tier::Whole,
        _ if folder.starts_with("modules/") => Tier::Features,
        _ => return None,
    })
}

/// Edges within a tier. This list may only shrink.
const SIDEWAYS: &[(&str, &str, &str)] = &[
    (
        "tenant-resolver",
        "database",
        "it begins the transactions that `database` binds",
    ),
    ("module", "ui", "the contract names pages, icons and assets"),
    ("tenants", "accounts", "a membership belongs to a person"),
    (
        "access",
        "tenants",
        "a key belongs to a member, and owners hear of it",
    ),
    ("suite", "server", "the suite tests the whole"),
];

/// Crates that see every tenant's rows, or the machine: no module may even name them.
const OUT_OF_REACH: &[&str] = &["database", "localdb", "testkit"];

/// Crates that nobody names: a second clock, or TLS that needs a C library.
const BANNED: &[&str] = &[
    "chrono",
    "time",
    "openssl",
    "native-tls",
    "aws-lc-rs",
    "aws-lc-sys",
];

/// Crates that may reach every other.
const COMPOSERS: &[&str] = &["server", "suite", "dev"];

/// Source files that are longer than 700 lines, and why. This list may only shrink.
const LONG: &[(&str, &str)] = &[];

/// File names that every slice of a module may have, whole or after an underscore (`version_pages.rs`).
const SLICE_FILES: &[&str] = &[
    "mod", "store", "pages", "api", "public", "portal", "form", "body", "tests",
];

/// File names at the top of a module.
const MODULE_FILES: &[&str] = &[
    "lib", "manifest", "events", "jobs", "slots", "store", "respond", "forms", "show",
];

/// Files of modules that hold the rules of a slice under a name of their own. A new one is a decision.
const RULES: &[&str] = &[
    "modules/blog/src/comments/bans.rs",
    "modules/blog/src/comments/guard.rs",
    "modules/blog/src/comments/moderate.rs",
    "modules/blog/src/comments/notices.rs",
    "modules/blog/src/comments/readers.rs",
    "modules/blog/src/comments/replies.rs",
    "modules/blog/src/comments/rules.rs",
    "modules/blog/src/comments/settings.rs",
    "modules/blog/src/comments/threads.rs",
    "modules/blog/src/comments/write.rs",
    "modules/blog/src/posts/actions.rs",
    "modules/blog/src/posts/editor.rs",
    "modules/blog/src/posts/bulk.rs",
    "modules/blog/src/posts/ends.rs",
    "modules/blog/src/posts/publish.rs",
    "modules/blog/src/posts/render.rs",
    "modules/blog/src/posts/save.rs",
    "modules/blog/src/posts/state.rs",
    "modules/blog/src/posts/text.rs",
    "modules/blog/src/posts/versions.rs",
    "modules/blog/src/posts/visibility.rs",
    "modules/blog/src/public/audience.rs",
    "modules/blog/src/public/feeds.rs",
    "modules/blog/src/public/review.rs",
    "modules/blog/src/public/site.rs",
    "modules/blog/src/public/sitemap.rs",
    "modules/blog/src/review/notices.rs",
    "modules/blog/src/redirects/find.rs",
    "modules/blog/src/redirects/import.rs",
];

fn workspace() -> Vec<Krate> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(vec!["--offline".to_owned()])
        .no_deps()
        .exec()
        .expect("cargo metadata");
    metadata.packages.iter().map(read).collect()
}

fn read(package: &Package) -> Krate {
    let named = |wanted: fn(DependencyKind) -> bool| {
        let found = package.dependencies.iter().filter(|of| wanted(of.kind));
        found.map(|of| of.name.clone()).collect()
    };
    let folder = package.manifest_path.parent().expect("a folder");
    Krate {
        name: package.name.to_string(),
        folder: shown(folder.as_std_path()),
        version: package.version.to_string(),
        needs: named(|kind| kind != DependencyKind::Development),
        tests_with: named(|kind| kind == DependencyKind::Development),
    }
}

/// What is wrong with the edges between our crates.
fn broken_edges(crates: &[Krate]) -> Vec<String> {
    let by_name: BTreeMap<&str, &Krate> = crates
        .iter()
        .map(|krate| (krate.name.as_str(), krate))
        .collect();
    let mut broken = Vec::new();
    for krate in crates {
        let Some(own) = tier(&krate.folder) else {
            broken.push(format!(
                "{} stands in no tier: {}",
                krate.name, krate.folder
            ));
            continue;
        };
        let module = krate.folder.starts_with("modules/");
        // Tests of the whole have nothing but dev-dependencies.
        let needs = if krate.name == "suite" {
            &krate.tests_with
        } else {
            &krate.needs
        };
        for other in needs.iter().filter_map(|name| by_name.get(name.as_str())) {
            let edge = format!("{} -> {}", krate.name, other.name);
            if module && OUT_OF_REACH.contains(&other.name.as_str()) {
                broken.push(format!(
                    "{edge}: a module reaches the database through its gate alone"
                ));
            } else if other.name == "testkit" && krate.name != "suite" {
                broken.push(format!("{edge}: the kit is for tests"));
            }
            let listed = SIDEWAYS
                .iter()
                .any(|(from, to, _)| *from == krate.name && *to == other.name);
            let composed = COMPOSERS.contains(&krate.name.as_str());
            let upward = tier(&other.folder).is_none_or(|theirs| theirs >= own);
            if upward && !listed && !(composed && tier(&other.folder) < Some(Tier::Whole)) {
                broken.push(format!("{edge}: not below it"));
            }
            if other.folder.starts_with("modules/") && !composed {
                broken.push(format!("{edge}: the composition root alone names modules"));
            }
        }
    }
    broken
}

/// What is wrong with the crates of others that ours name.
fn broken_needs(crates: &[Krate]) -> Vec<String> {
    let mut broken = Vec::new();
    for krate in crates {
        for need in krate.needs.iter().chain(&krate.tests_with) {
            if BANNED.contains(&need.as_str()) {
                broken.push(format!("{} names {need}", krate.name));
            }
            if need.starts_with("async-stripe") && krate.name != "billing" {
                broken.push(format!("{} names {need}: billing alone does", krate.name));
            }
        }
    }
    broken
}

/// The version that a log of changes has at its top.
fn top_version(changes: &str) -> Option<&str> {
    changes
        .lines()
        .find_map(|line| line.strip_prefix("## "))
        .map(|line| line.split_whitespace().next().unwrap_or_default())
}

/// What is wrong with the uses of sqlx in one file of a module.
fn broken_sqlx(name: &str, text: &str) -> Vec<String> {
    let own = name.ends_with("/store.rs") || name.ends_with("_store.rs");
    let tests = name.ends_with("tests.rs");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut broken = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let line = line.trim_start();
        let migrator = name.ends_with("/src/lib.rs") && line.contains("sqlx::migrate");
        if line.starts_with("//") || !line.contains("sqlx") || own || tests || migrator {
            continue;
        }
        broken.push(format!(
            "{name}:{}: SQL stands in store.rs: {line}",
            number + 1
        ));
    }
    broken
}

/// Whether a file of a module has a name that says what is in it.
fn well_named(name: &str) -> bool {
    let Some((_, path)) = name.split_once("/src/") else {
        return true;
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs");
    // Pure text in, text out: named by what each does.
    if folder == "content" || RULES.contains(&name) {
        return true;
    }
    if folder.is_empty() {
        return MODULE_FILES.contains(&stem);
    }
    SLICE_FILES.contains(&stem.rsplit('_').next().unwrap_or(stem))
}

#[test]
fn crates_depend_downward() {
    let broken = broken_edges(&workspace());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_exception_is_still_needed() {
    let crates = workspace();
    for (from, to, _) in SIDEWAYS {
        let used = crates
            .iter()
            .filter(|krate| krate.name == *from)
            .any(|krate| krate.needs.contains(*to) || krate.tests_with.contains(*to));
        assert!(used, "{from} does not need {to} any more");
    }
    for (path, _) in LONG {
        let text = fs::read_to_string(root().join(path)).unwrap();
        assert!(text.lines().count() > 700, "{path} is short enough now");
    }
    for path in RULES {
        assert!(root().join(path).is_file(), "{path} is no more");
    }
}

#[test]
fn nobody_names_what_is_banned() {
    let broken = broken_needs(&workspace());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_module_brings_what_a_module_needs() {
    let crates = workspace();
    let modules: Vec<_> = crates
        .iter()
        .filter(|krate| krate.folder.starts_with("modules/"))
        .collect();
    assert!(!modules.is_empty());
    for module in modules {
        let folder = root().join(&module.folder);
        for file in ["sqlx.toml", "README.md", "CHANGELOG.md", "build.rs"] {
            assert!(folder.join(file).is_file(), "{} has no {file}", module.name);
        }
        let changes = fs::read_to_string(folder.join("CHANGELOG.md")).unwrap();
        assert_eq!(
            top_version(&changes),
            Some(module.version.as_str()),
            "the top of {}'s CHANGELOG.md is not its version",
            module.name
        );
        let sqlx = fs::read_to_string(folder.join("sqlx.toml")).unwrap();
        for line in [
            format!("table-name = \"{}_migrations\"", module.name),
            format!("migrations-dir = \"../../migrations/{}\"", module.name),
        ] {
            assert!(
                sqlx.contains(&line),
                "{}'s sqlx.toml lacks {line}",
                module.name
            );
        }
    }
}

#[test]
fn every_crate_has_a_version_and_a_readme_of_its_own() {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let shared = text
        .split("[workspace.package]")
        .nth(1)
        .and_then(|rest| rest.split("\n[").next())
        .unwrap();
    assert!(
        !shared.lines().any(|line| line.starts_with("version")),
        "a version shared by all crates says nothing of any"
    );
    for krate in workspace() {
        let folder = root().join(&krate.folder);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("\nversion = \""), "{}", krate.name);
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            krate.name
        );
        assert!(
            folder.join("README.md").is_file(),
            "{} has no README.md",
            krate.name
        );
    }
}

#[test]
fn modules_write_sql_in_their_stores_alone() {
    let broken: Vec<_> = files("modules", ".rs")
        .iter()
        .filter(|path| shown(path).contains("/src/"))
        .flat_map(|path| broken_sqlx(&shown(path), &fs::read_to_string(path).unwrap()))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_page_anywhere_talks_to_the_database() {
    for path in files("platform", "pages.rs") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("sqlx"),
            "{} names sqlx; statements stand in a store.rs",
            shown(&path)
        );
    }
}

#[test]
fn files_of_modules_have_names_that_say_what_is_in_them() {
    let odd: Vec<_> = files("modules", ".rs")
        .iter()
        .map(|path| shown(path))
        .filter(|name| !well_named(name))
        .collect();
    assert!(odd.is_empty(), "rename, or list as rules: {odd:#?}");
}

#[test]
fn files_are_short_and_expect_what_they_allow() {
    let mut broken = Vec::new();
    // Put together here, so that this file does not contain it.
    let allow = ["#[", "allow("].concat();
    let allow_all = ["#![", "allow("].concat();
    for folder in ["platform", "modules", "tenant-resolver", "tests"] {
        for path in files(folder, ".rs") {
            let name = shown(&path);
            let text = fs::read_to_string(&path).unwrap();
            if text.contains(&allow) || text.contains(&allow_all) {
                broken.push(format!("{name}: `expect` with a reason, never `allow`"));
            }
            let lines = text.lines().count();
            if lines > 700 && !LONG.iter().any(|(long, _)| *long == name) {
                broken.push(format!("{name}: {lines} lines ask for a split"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

mod planted {
    //! Faults that the rules must find.

    use super::*;

    fn krate(name: &str, folder: &str, needs: &[&str]) -> Krate {
        Krate {
            name: name.to_owned(),
            folder: folder.to_owned(),
            version: "0.1.0".to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            tests_with: BTreeSet::new(),
        }
    }

    fn with(planted: Krate) -> Vec<String> {
        let mut crates = vec![
            krate("kernel", "platform/kernel", &[]),
            krate("database", "platform/database", &["kernel"]),
            krate("testkit", "platform/testkit", &["database"]),
            krate("messaging", "platform/messaging", &["kernel", "database"]),
            krate("billing", "platform/billing", &["kernel", "database"]),
            krate("catalog", "platform/catalog", &["kernel"]),
            krate("blog", "modules/blog", &["kernel", "messaging"]),
        ];
        crates.retain(|krate| krate.name != planted.name);
        crates.push(planted);
        broken_edges(&crates)
    }

    #[test]
    fn edges() {
        assert_eq!(with(krate("kernel", "platform/kernel", &[])), [""; 0]);
        for planted in [
            krate("blog", "modules/blog", &["database"]),
            krate("blog", "modules/blog", &["billing"]),
            krate("photo", "modules/photo", &["blog"]),
            krate("billing", "platform/billing", &["catalog"]),
            krate("billing", "platform/billing", &["blog"]),
            krate("billing", "platform/billing", &["testkit"]),
            krate("kernel", "platform/kernel", &["database"]),
            krate("messaging", "platform/messaging", &["billing"]),
            krate("stray", "platform/stray", &[]),
        ] {
            assert!(!with(planted.clone()).is_empty(), "{planted:?}");
        }
    }

    #[test]
    fn needs() {
        let named = |name, need| broken_needs(&[krate(name, "platform/x", &[need])]);
        assert!(named("x", "jiff").is_empty());
        assert!(named("billing", "async-stripe-billing").is_empty());
        for need in ["chrono", "openssl", "native-tls", "async-stripe"] {
            assert!(!named("x", need).is_empty(), "{need}");
        }
    }

    #[test]
    fn sql_outside_a_store() {
        let line = "let n = sqlx::query!(\"select 1\");";
        assert!(broken_sqlx("modules/m/src/posts/store.rs", line).is_empty());
        assert!(broken_sqlx("modules/m/src/posts/version_store.rs", line).is_empty());
        let migrator = "pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();";
        assert!(broken_sqlx("modules/m/src/lib.rs", migrator).is_empty());
        assert!(!broken_sqlx("modules/m/src/lib.rs", line).is_empty());
        assert!(!broken_sqlx("modules/m/src/posts/pages.rs", "use sqlx::Row;").is_empty());
        assert!(!broken_sqlx("modules/m/src/posts/mod.rs", line).is_empty());
    }

    #[test]
    fn names_of_files() {
        for good in [
            "lib.rs",
            "posts/mod.rs",
            "posts/version_pages.rs",
            "content/x.rs",
        ] {
            assert!(well_named(&format!("modules/m/src/{good}")), "{good}");
        }
        for bad in ["helpers.rs", "posts/utils.rs", "posts/queries.rs"] {
            assert!(!well_named(&format!("modules/m/src/{bad}")), "{bad}");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(
            top_version("# Changes\n\n## 1.2.0\n\n- x\n\n## 1.1.0\n"),
            Some("1.2.0")
        );
        assert_eq!(top_version("## 0.3.0 (2026-01-01)\n"), Some("0.3.0"));
        assert_eq!(top_version("# Changes\n"), None);
    }
}
