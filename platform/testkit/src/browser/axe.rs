//! axe-core finds what makes a page hard to use with a screen reader, a keyboard or weak eyes.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::Deserialize;

/// Names the file `axe.min.js`; `cargo dev test` fetches it and sets this.
const AXE: &str = "ATELIER_AXE";

/// A rule that a page breaks, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Violation {
    /// Its key, such as `color-contrast`.
    pub rule: String,
    /// What it asks for.
    pub help: String,
    /// The element, as a selector.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} at {}\n    {}",
            self.rule,
            self.help,
            self.place,
            self.reason.replace('\n', "\n    ")
        )
    }
}

/// Which rules a page is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// All of them.
    All,
    /// Those about colours: what another colour scheme can break, all else being the same page.
    Colors,
}

/// Runs after axe is loaded.
pub(super) fn run(rules: Rules) -> String {
    let only = match rules {
        Rules::All => "",
        Rules::Colors => r#", runOnly: ["color-contrast", "link-in-text-block"]"#,
    };
    RUN.replace("/* only */", only)
}

const RUN: &str = r#"
axe.run(document, { resultTypes: ["violations"]/* only */ }).then(({ violations }) => violations.flatMap(
  ({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => (
    { rule: id, help, place: target.join(" "), reason: failureSummary ?? "" }
  ))
))
"#;

/// The text of axe-core, from the file that [`AXE`] names, else from the target folder; none, with the reason printed,
/// where there is no such file.
///
/// # Panics
/// When there is none and the browser tests must not be skipped.
pub(super) fn source() -> Option<&'static str> {
    static SOURCE: OnceLock<Option<String>> = OnceLock::new();
    SOURCE.get_or_init(read).as_deref()
}

fn read() -> Option<String> {
    let named = std::env::var_os(AXE).filter(|named| !named.is_empty());
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")),
        PathBuf::from,
    );
    let file = named.map_or_else(|| target.join("axe/axe.min.js"), PathBuf::from);
    std::fs::read_to_string(&file)
        .inspect_err(|error| {
            let missing = format!("no axe-core at {}: {error}", file.display());
            assert!(!super::is_required(), "{missing}");
            eprintln!("skipped: {missing}; `cargo dev test` fetches it");
        })
        .ok()
}
