//! The facts about a module.

use icondata_core::IconData;
use kernel::Permission;

/// What a module says of itself. Nothing here does anything.
#[derive(Debug)]
pub struct Manifest {
    /// Key: the prefix of its tables, permissions, events and paths.
    pub key: &'static str,
    /// Name that people read.
    pub title: &'static str,
    /// Icon of its group in the sidebar.
    pub icon: &'static IconData,
    /// Version of its crate.
    pub version: &'static str,
    /// Permissions that its routes ask for.
    pub permissions: &'static [Permission],
    /// Limits and switches that its plans set.
    pub entitlements: &'static [Entitlement],
    /// Links in the sidebar, below its title.
    pub navigation: &'static [NavLink],
    /// What the command palette offers to begin: "New post".
    pub actions: &'static [QuickAction],
    /// Kinds of events that it emits.
    pub events: &'static [&'static str],
}

/// Something to begin from anywhere, offered by the command palette.
#[derive(Clone, Copy, Debug)]
pub struct QuickAction {
    /// A verb and its object: "New post".
    pub label: &'static str,
    /// Absolute path, such as `/app/blog/posts/new`.
    pub path: &'static str,
    /// Icon.
    pub icon: &'static IconData,
    /// Permission without which it is not offered; nor is it while the subscription allows no changes.
    pub permission: &'static str,
}

/// A limit or switch that a plan sets.
#[derive(Clone, Copy, Debug)]
pub struct Entitlement {
    /// Key: `<module>.<what>`.
    pub key: &'static str,
    /// What it counts or allows, for the page on plans.
    pub title: &'static str,
    /// Type of its value. Absent from a plan means no limit, or not allowed.
    pub kind: EntitlementKind,
}

/// Types of entitlements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntitlementKind {
    /// Allowed or not.
    Switch,
    /// At most so many.
    Count,
    /// At most so many bytes.
    Bytes,
}

/// A link in the sidebar.
#[derive(Clone, Copy, Debug)]
pub struct NavLink {
    /// Text.
    pub label: &'static str,
    /// Absolute path, such as `/app/blog/posts`.
    pub path: &'static str,
    /// Icon.
    pub icon: &'static IconData,
    /// Permission without which it is hidden; `None` shows it to every member.
    pub permission: Option<&'static str>,
    /// Whether it is offered in the tab bar on phones.
    pub tab: bool,
    /// Second key of its shortcut: `g` then this.
    pub go: Option<char>,
}
