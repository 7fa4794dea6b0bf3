//! What the manifests promise: permissions guard something, links lead somewhere, events are told, limits are read.

use std::collections::BTreeSet;
use std::fs;

use module::{GateKind, RouteFacts};
use server::modules::MODULES;
use server::router::Table;

use crate::product::{files, shown};
use crate::support::TestApp;

/// Permissions that guard no route of their own, and where they count instead. This list may only shrink.
const WITHIN: &[(&str, &str)] = &[];

fn routes() -> Vec<RouteFacts> {
    Table::new(false).facts()
}

/// All program text of the product, without tests at the foot of files.
fn sources() -> Vec<(String, String)> {
    let found = ["platform", "modules", "tenant-resolver"]
        .iter()
        .flat_map(|folder| files(folder, ".rs"))
        .filter(|path| shown(path).contains("/src/"));
    found
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            (shown(&path), code.to_owned())
        })
        .collect()
}

/// Permissions that guard no route.
fn idle<'a>(permissions: &[&'a str], routes: &[RouteFacts]) -> Vec<&'a str> {
    let guarding: BTreeSet<&str> = routes
        .iter()
        .filter_map(|route| match route.gate {
            GateKind::Permission(key) => Some(key),
            _ => None,
        })
        .collect();
    let idle = permissions.iter().filter(|key| !guarding.contains(*key));
    idle.copied().collect()
}

#[test]
fn every_permission_guards_a_route_and_every_guard_is_declared() {
    let routes = routes();
    let declared: Vec<&str> = server::modules::permissions()
        .iter()
        .map(|permission| permission.key)
        .collect();
    let within: Vec<&str> = WITHIN.iter().map(|(key, _)| *key).collect();
    assert_eq!(idle(&declared, &routes), within);
    let sources = sources();
    for key in within {
        // Once where it is declared, once in its guard, and at least once where it counts.
        let named: usize = sources
            .iter()
            .map(|(_, text)| text.matches(&format!("\"{key}\"")).count())
            .sum();
        assert!(named > 2, "nothing asks for {key}");
    }
    for route in &routes {
        if let GateKind::Permission(key) = route.gate {
            assert!(
                declared.contains(&key),
                "{} {} asks for {key}, which no role can hold",
                route.method,
                route.path
            );
        }
    }
    assert_eq!(
        idle(&["blog.posts.read", "blog.moon.land"], &routes),
        ["blog.moon.land"]
    );
}

#[test]
fn permissions_are_declared_once_and_belong_to_their_module() {
    let all = server::modules::permissions();
    let keys: BTreeSet<&str> = all.iter().map(|permission| permission.key).collect();
    assert_eq!(keys.len(), all.len(), "a permission stands twice");
    for module in MODULES {
        let manifest = module.manifest();
        for permission in manifest.permissions {
            let parts: Vec<&str> = permission.key.split('.').collect();
            assert_eq!(parts.len(), 3, "{}", permission.key);
            assert_eq!(parts[0], manifest.key, "{}", permission.key);
            assert!(!permission.title.is_empty(), "{}", permission.key);
        }
    }
}

#[test]
fn kinds_of_news_are_declared_once_and_belong_to_their_module() {
    let all = server::modules::notifications();
    let keys: BTreeSet<&str> = all.iter().map(|kind| kind.key).collect();
    assert_eq!(keys.len(), all.len(), "a kind stands twice");
    assert!(keys.contains("workspace.role"));
    for kind in all {
        assert!(!kind.title.is_empty(), "{}", kind.key);
    }
    for module in MODULES {
        let manifest = module.manifest();
        for kind in manifest.notifications {
            let (area, what) = kind.key.split_once('.').expect("<module>.<what>");
            assert_eq!(area, manifest.key, "{}", kind.key);
            assert!(!what.is_empty(), "{}", kind.key);
        }
    }
}

#[test]
fn every_link_leads_to_a_page_that_its_reader_may_open() {
    let routes = routes();
    let permissions = server::modules::permissions();
    for module in MODULES {
        let manifest = module.manifest();
        let mut shortcuts = BTreeSet::new();
        for link in manifest.navigation {
            let route = routes
                .iter()
                .find(|route| route.method == "GET" && !route.api && route.path == link.path)
                .unwrap_or_else(|| panic!("{} leads nowhere: {}", link.label, link.path));
            let asks = match route.gate {
                GateKind::Permission(key) => Some(key),
                GateKind::Member => None,
                other => panic!("{} leads to {other:?}", link.path),
            };
            match (link.permission, asks) {
                (shown_to, Some(asked)) => {
                    let shown_to =
                        shown_to.unwrap_or_else(|| panic!("{} is shown to all", link.path));
                    let of = |key: &str| {
                        permissions
                            .iter()
                            .find(|permission| permission.key == key)
                            .unwrap_or_else(|| panic!("{key} is not declared"))
                    };
                    let (shown_to, asked) = (of(shown_to), of(asked));
                    for role in kernel::Role::ALL {
                        assert!(
                            !shown_to.held_by(role) || asked.held_by(role),
                            "{role} sees {} and may not open it",
                            link.path
                        );
                    }
                }
                (Some(key), None) => assert!(permissions.iter().any(|of| of.key == key), "{key}"),
                (None, None) => {}
            }
            if let Some(go) = link.go {
                assert!(shortcuts.insert(go), "g {go} leads to two pages");
            }
        }
    }
}

/// Event types of a source: name and kind of `impl Event for X` and of macro lines such as `Name = "kind";`.
fn kinds(text: &str, module: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut last = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("impl Event for ") {
            rest.trim_end_matches(" {").clone_into(&mut last);
        }
        let kind = line
            .split_once("= \"")
            .and_then(|(left, right)| Some((left.trim(), right.split_once('"')?.0)));
        let Some((left, kind)) = kind.filter(|(_, kind)| kind.starts_with(&format!("{module}.")))
        else {
            continue;
        };
        let name = if left.starts_with("const KIND") {
            last.clone()
        } else {
            left.to_owned()
        };
        found.push((name, kind.to_owned()));
    }
    found
}

#[test]
fn every_declared_event_is_emitted() {
    let sources = sources();
    for module in MODULES {
        let manifest = module.manifest();
        let folder = format!("modules/{}/src/", manifest.key);
        let own: Vec<_> = sources
            .iter()
            .filter(|(name, _)| name.starts_with(&folder))
            .collect();
        let (_, declaring) = own
            .iter()
            .find(|(name, _)| name.ends_with("/src/events.rs"))
            .expect("events.rs");
        let kinds = kinds(declaring, manifest.key);
        let named: BTreeSet<&str> = kinds.iter().map(|(_, kind)| kind.as_str()).collect();
        let declared: BTreeSet<&str> = manifest.events.iter().copied().collect();
        assert_eq!(
            named, declared,
            "what {} declares and what it knows",
            manifest.key
        );
        for (name, kind) in &kinds {
            let made = own.iter().any(|(file, text)| {
                text.contains(&format!("emit(tx, &{name}("))
                    || !file.ends_with("/src/events.rs") && text.contains(&format!("{name} {{"))
            });
            assert!(made, "nothing emits {kind} ({name})");
        }
        // What is emitted through a list of happenings has to happen somewhere.
        let happenings = declaring
            .lines()
            .filter(|line| line.contains("=> emit("))
            .filter_map(|line| line.trim().strip_prefix("Self::"))
            .filter_map(|line| line.split_whitespace().next());
        for happening in happenings {
            let named = format!("Happened::{happening}");
            let happens = own.iter().any(|(file, text)| {
                !file.ends_with("/src/events.rs")
                    && text
                        .split(|c: char| !c.is_alphanumeric() && c != ':')
                        .any(|word| word == named)
            });
            assert!(happens, "{happening} never happens");
        }
    }
}

/// As the server holds it at its start.
#[tokio::test]
async fn the_catalogue_sells_what_this_build_has() {
    let app = TestApp::new().await;
    let manifests = server::modules::manifests();
    app.platform.catalog.verify(&manifests).await.unwrap();
    assert!(app.platform.catalog.verify(&[]).await.is_err());
}

#[test]
fn every_limit_of_a_plan_is_read() {
    let sources = sources();
    let mut keys: BTreeSet<String> = MODULES
        .iter()
        .flat_map(|module| module.manifest().entitlements)
        .map(|entitlement| entitlement.key.to_owned())
        .collect();
    // What the first catalogue puts into plans.
    let (_, seed) = sources
        .iter()
        .find(|(name, _)| name == "platform/catalog/src/seed.rs")
        .expect("the first catalogue");
    keys.extend(
        seed.split("insert_entitlement(")
            .skip(1)
            .filter_map(|call| call.split('"').nth(1))
            .map(str::to_owned),
    );
    assert!(!keys.is_empty());
    for key in keys {
        let readers: Vec<_> = sources
            .iter()
            .filter(|(name, text)| {
                !name.ends_with("/seed.rs")
                    && !name.ends_with("/manifest.rs")
                    && text.contains(&format!("\"{key}\""))
            })
            .map(|(name, _)| name)
            .collect();
        assert!(!readers.is_empty(), "nothing reads {key}");
    }
}
