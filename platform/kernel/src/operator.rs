//! What an operator of the platform may do: one of four ranks, each of which holds all below it.

use std::fmt;

/// The rank of an operator. The order is that of power: a route that asks for one lets in all above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatorRole {
    /// Sees everything in the console, and changes nothing.
    SupportReadonly,
    /// Helps tenants: suspends and restores, extends trials, runs failed work again.
    Support,
    /// Besides, everything about money: subscriptions, prices, plans, entitlements.
    Billing,
    /// Besides, who else is an operator.
    Admin,
}

impl OperatorRole {
    /// Every rank, weakest first.
    pub const ALL: [Self; 4] = [
        Self::SupportReadonly,
        Self::Support,
        Self::Billing,
        Self::Admin,
    ];

    /// Key as stored.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::SupportReadonly => "support_readonly",
            Self::Support => "support",
            Self::Billing => "billing",
            Self::Admin => "admin",
        }
    }

    /// Name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::SupportReadonly => "Support, read only",
            Self::Support => "Support",
            Self::Billing => "Billing",
            Self::Admin => "Admin",
        }
    }

    /// One sentence that says what it is for.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::SupportReadonly => "Sees everything, and changes nothing.",
            Self::Support => {
                "Suspends and restores workspaces, extends trials, runs failed work again."
            }
            Self::Billing => "Besides, changes subscriptions, prices, plans and what they allow.",
            Self::Admin => "Besides, decides who else is an operator.",
        }
    }

    /// The rank stored under a key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// Whether an operator of this rank may do what asks for `needed`.
    #[must_use]
    pub fn covers(self, needed: Self) -> bool {
        self >= needed
    }
}

impl fmt::Display for OperatorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::OperatorRole;

    #[test]
    fn each_rank_covers_those_below_it_and_none_above() {
        for (at, role) in OperatorRole::ALL.into_iter().enumerate() {
            for (other_at, other) in OperatorRole::ALL.into_iter().enumerate() {
                assert_eq!(role.covers(other), at >= other_at, "{role} {other}");
            }
            assert_eq!(OperatorRole::from_key(role.key()), Some(role));
        }
        assert_eq!(OperatorRole::from_key("owner"), None);
    }
}
