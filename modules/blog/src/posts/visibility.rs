//! Who may read a post when it is live.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For whom a post is, once it is live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = PostVisibility)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody: in lists, feeds, sitemaps and search engines.
    #[default]
    Public,
    /// Everybody who has its address; it stands in no list, and search engines are asked to leave it out.
    Unlisted,
    /// Members of the workspace, when they are signed in.
    Members,
    /// Staff who may see drafts.
    Private,
}

impl Visibility {
    /// Every visibility.
    pub const ALL: [Self; 4] = [Self::Public, Self::Unlisted, Self::Members, Self::Private];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Members => "members",
            Self::Private => "private",
        }
    }

    /// The visibility of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|visibility| visibility.as_str() == name)
    }

    /// Name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Unlisted => "Unlisted",
            Self::Members => "Members only",
            Self::Private => "Private",
        }
    }

    /// What it means, for a list of choices.
    #[must_use]
    pub fn choice(self) -> &'static str {
        match self {
            Self::Public => "Everybody",
            Self::Unlisted => "Whoever has the link",
            Self::Members => "Members of this workspace",
            Self::Private => "Staff who see drafts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visibility_reads_its_own_name() {
        for visibility in Visibility::ALL {
            assert_eq!(Visibility::parse(visibility.as_str()), Some(visibility));
        }
        assert_eq!(Visibility::parse("password"), None);
    }
}
