//! What a person may do: permissions, and the built-in roles that bundle them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The built-in roles of a tenant's staff, strongest first.
///
/// Each tenant has all of them as rows; which permissions each holds follows from the manifests, so
/// that a new module's permissions reach existing tenants without a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything. A tenant always has at least one.
    Owner,
    /// Everything but what concerns owners and the subscription's money.
    Admin,
    /// Day-to-day lead: everything in the modules and the people who work there.
    Manager,
    /// Makes and publishes.
    Editor,
    /// Makes drafts of their own; someone else publishes.
    Author,
    /// Looks only.
    Viewer,
    /// Sees and settles the subscription, nothing else.
    Billing,
}

impl Role {
    /// Every built-in role, strongest first.
    pub const ALL: [Self; 7] = [
        Self::Owner,
        Self::Admin,
        Self::Manager,
        Self::Editor,
        Self::Author,
        Self::Viewer,
        Self::Billing,
    ];

    /// Key as stored.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Editor => "editor",
            Self::Author => "author",
            Self::Viewer => "viewer",
            Self::Billing => "billing",
        }
    }

    /// Name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Manager => "Manager",
            Self::Editor => "Editor",
            Self::Author => "Author",
            Self::Viewer => "Viewer",
            Self::Billing => "Billing",
        }
    }

    /// One sentence that says what it is for.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Owner => "Can do everything, including billing and closing the workspace.",
            Self::Admin => "Can do everything except change owners and billing.",
            Self::Manager => "Runs the day: all work in every product, and the people in it.",
            Self::Editor => "Creates and publishes content.",
            Self::Author => "Writes drafts for someone else to publish.",
            Self::Viewer => "Can look at everything, and change nothing.",
            Self::Billing => "Sees and settles the subscription, nothing else.",
        }
    }

    /// The role stored under a key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }
}

/// A permission as a module or the platform declares it.
#[derive(Debug)]
pub struct Permission {
    /// `<module>.<resource>.<action>`, such as `blog.posts.publish`.
    pub key: &'static str,
    /// What it allows, for the page on roles: "Publish posts".
    pub title: &'static str,
    /// Built-in roles that hold it, besides owner (who holds all) and admin (who holds all but `billing.*` and `workspace.owners.*`).
    pub roles: &'static [Role],
}

impl Permission {
    /// Whether a built-in role holds this permission.
    #[must_use]
    pub fn held_by(&self, role: Role) -> bool {
        match role {
            Role::Owner => true,
            Role::Admin => {
                !(self.key.starts_with("billing.") || self.key.starts_with("workspace.owners."))
                    || self.roles.contains(&role)
            }
            other => self.roles.contains(&other),
        }
    }
}

/// A bundle of permissions that a program's key may carry, as the module that owns them declares it.
///
/// Keys carry scopes and not permissions, so that a module may split a permission without breaking keys.
#[derive(Debug)]
pub struct Scope {
    /// `<resource>:<action>`, such as `posts:write`. Unique over all modules.
    pub key: &'static str,
    /// What it allows, for the page on keys: "Write posts".
    pub title: &'static str,
    /// The permissions that it covers.
    pub permissions: &'static [&'static str],
}

/// The permissions of one person in one tenant. Cloning shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(Arc<BTreeSet<&'static str>>);

impl PermissionSet {
    /// What `roles` hold together, of all the permissions there are.
    #[must_use]
    pub fn of<'a>(roles: &[Role], permissions: impl IntoIterator<Item = &'a Permission>) -> Self {
        let held = permissions
            .into_iter()
            .filter(|permission| roles.iter().any(|role| permission.held_by(*role)));
        Self(Arc::new(held.map(|permission| permission.key).collect()))
    }

    /// Those of the keys that are declared; a key that nobody declares any more allows nothing.
    #[must_use]
    pub fn named<'a>(
        keys: impl IntoIterator<Item = &'a str>,
        permissions: impl IntoIterator<Item = &'static Permission>,
    ) -> Self {
        let keys: BTreeSet<&str> = keys.into_iter().collect();
        let declared = permissions.into_iter().map(|permission| permission.key);
        Self(Arc::new(
            declared.filter(|key| keys.contains(key)).collect(),
        ))
    }

    /// Everything that is held here or there.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(Arc::new(self.0.union(&other.0).copied().collect()))
    }

    /// What is held here and there.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(Arc::new(self.0.intersection(&other.0).copied().collect()))
    }

    /// The first permission of `other` that is not held here.
    #[must_use]
    pub fn lacks(&self, other: &Self) -> Option<&'static str> {
        other.0.difference(&self.0).next().copied()
    }

    /// Whether the permission is held.
    #[must_use]
    pub fn allows(&self, key: &str) -> bool {
        self.0.contains(key)
    }

    /// Whether everything in `other` is held here too: nobody hands on more than they have.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Every key that is held, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

/// Exactly these, as a program's key has them.
impl FromIterator<&'static str> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = &'static str>>(keys: I) -> Self {
        Self(Arc::new(keys.into_iter().collect()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ALL: [Permission; 3] = [
        Permission {
            key: "blog.posts.publish",
            title: "Publish posts",
            roles: &[Role::Editor],
        },
        Permission {
            key: "billing.plan.change",
            title: "Change the plan",
            roles: &[Role::Billing],
        },
        Permission {
            key: "workspace.owners.change",
            title: "Change owners",
            roles: &[],
        },
    ];

    #[test]
    fn roles_hold_what_was_declared() {
        let keys = |role| PermissionSet::of(&[role], &ALL).keys().collect::<Vec<_>>();
        assert_eq!(keys(Role::Owner).len(), 3);
        assert_eq!(keys(Role::Admin), ["blog.posts.publish"]);
        assert_eq!(keys(Role::Editor), ["blog.posts.publish"]);
        assert_eq!(keys(Role::Billing), ["billing.plan.change"]);
        assert!(keys(Role::Viewer).is_empty());
    }

    #[test]
    fn nobody_covers_more_than_they_have() {
        let owner = PermissionSet::of(&[Role::Owner], &ALL);
        let editor = PermissionSet::of(&[Role::Editor], &ALL);
        assert!(owner.covers(&editor));
        assert!(!editor.covers(&owner));
        assert!(editor.covers(&PermissionSet::default()));
    }

    #[test]
    fn keys_that_nobody_declares_allow_nothing() {
        let named = PermissionSet::named(["blog.posts.publish", "blog.moon.land"], &ALL);
        assert_eq!(named.keys().collect::<Vec<_>>(), ["blog.posts.publish"]);
    }

    #[test]
    fn sets_are_put_together_and_compared() {
        let billing = PermissionSet::of(&[Role::Billing], &ALL);
        let editor = PermissionSet::of(&[Role::Editor], &ALL);
        let both = billing.union(&editor);
        assert_eq!(both.keys().count(), 2);
        assert_eq!(both.intersection(&editor), editor);
        assert_eq!(editor.lacks(&both), Some("billing.plan.change"));
        assert_eq!(both.lacks(&editor), None);
    }

    #[test]
    fn every_role_reads_its_own_key() {
        for role in Role::ALL {
            assert_eq!(Role::from_key(role.key()), Some(role));
        }
    }
}
