//! The facts about a module.

use icondata_core::IconData;
use kernel::{Permission, Scope};

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
    /// Bundles of these permissions that keys of programs may carry, the narrowest first.
    pub scopes: &'static [Scope],
    /// Limits and switches that its plans set.
    pub entitlements: &'static [Entitlement],
    /// Links in the sidebar, below its title.
    pub navigation: &'static [NavLink],
    /// What the command palette offers to begin: "New post".
    pub actions: &'static [QuickAction],
    /// Kinds of events that it emits.
    pub events: &'static [&'static str],
    /// Kinds of notifications that it sends to members.
    pub notifications: &'static [NotificationKind],
}

/// A kind of news that members get, and choose the way of.
#[derive(Clone, Copy, Debug)]
pub struct NotificationKind {
    /// Key, `<module>.<what>`, such as `blog.comment`.
    pub key: &'static str,
    /// What it is about, for the page of preferences: "Comments on your posts".
    pub title: &'static str,
    /// How it is mailed to whoever has not chosen otherwise. It is always in the inbox then.
    pub mail: MailPace,
}

/// When news is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPace {
    /// Not at all.
    Off,
    /// At once, in a mail of its own.
    Now,
    /// Collected: one mail for all that came within 15 minutes.
    Soon,
    /// Collected: one mail a day, at the hour that the person chose.
    Daily,
}

impl MailPace {
    /// Every pace, the quietest first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Daily, Self::Soon, Self::Now];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Now => "now",
            Self::Soon => "soon",
            Self::Daily => "daily",
        }
    }

    /// The pace of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pace| pace.as_str() == name)
    }
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
