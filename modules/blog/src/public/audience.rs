//! Who asks, as far as it decides what they may read.

use kernel::Error;
use module::Ctx;

/// Which posts a reader sees, by the visibilities that the database's function `blog_shown` lets through.
///
/// When a post can be read at all is for that function to say; nothing else decides either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Signed in, and of this workspace.
    member: bool,
    /// May see drafts, so no post is a secret.
    staff: bool,
}

impl Audience {
    /// Anybody: what feeds, sitemaps and shared caches hold.
    pub const EVERYBODY: Self = Self {
        member: false,
        staff: false,
    };

    /// Any member, whatever they may do.
    pub const MEMBERS: Self = Self {
        member: true,
        staff: false,
    };

    /// Who sends this request. A program is a member where it may speak as one; with no more than the right to read
    /// what visitors read, it is anybody.
    #[must_use]
    pub fn of(ctx: &Ctx) -> Self {
        let staff = ctx.may("blog.posts.read");
        let member = ctx.key().is_none() || staff || ctx.may("blog.comments.write");
        Self {
            member: ctx.visitor().is_some() && member,
            staff,
        }
    }

    /// The visibilities of posts that lists show them.
    #[must_use]
    pub fn lists(self) -> &'static [&'static str] {
        if self.member {
            &["public", "members"]
        } else {
            &["public"]
        }
    }

    /// The visibilities of posts that they may read at their address.
    #[must_use]
    pub fn opens(self) -> &'static [&'static str] {
        match (self.member, self.staff) {
            (_, true) => &["public", "unlisted", "members", "private"],
            (true, false) => &["public", "unlisted", "members"],
            (false, false) => &["public", "unlisted"],
        }
    }
}

/// Why a post that exists cannot be read at its address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hidden {
    /// Members of the workspace could read it.
    pub for_members: bool,
    /// It was taken away for good.
    pub gone: bool,
}

impl Hidden {
    /// What to answer a reader who cannot read it.
    pub(super) fn answer(self, audience: Audience) -> Error {
        if self.for_members && !audience.member {
            Error::Unauthenticated
        } else if self.gone {
            Error::Gone("This post is gone for good.".into())
        } else {
            Error::NotFound("post")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::posts::Visibility;

    const MEMBER: Audience = Audience {
        member: true,
        staff: false,
    };
    const STAFF: Audience = Audience {
        member: true,
        staff: true,
    };

    #[test]
    fn every_visibility_is_decided_for_everybody() {
        // Lists for anybody, members, staff; then addresses for the same.
        let table = [
            (Visibility::Public, [true, true, true], [true, true, true]),
            (
                Visibility::Unlisted,
                [false, false, false],
                [true, true, true],
            ),
            (
                Visibility::Members,
                [false, true, true],
                [false, true, true],
            ),
            (
                Visibility::Private,
                [false, false, false],
                [false, false, true],
            ),
        ];
        assert_eq!(table.len(), Visibility::ALL.len());
        for (visibility, lists, opens) in table {
            let name = visibility.as_str();
            for (at, who) in [Audience::EVERYBODY, MEMBER, STAFF].into_iter().enumerate() {
                assert_eq!(who.lists().contains(&name), lists[at], "{name} {who:?}");
                assert_eq!(who.opens().contains(&name), opens[at], "{name} {who:?}");
            }
        }
    }

    #[test]
    fn who_could_sign_in_is_asked_to() {
        let answer = |for_members, gone, who| Hidden { for_members, gone }.answer(who).code();
        assert_eq!(answer(true, false, Audience::EVERYBODY), "unauthenticated");
        assert_eq!(answer(false, true, Audience::EVERYBODY), "gone");
        assert_eq!(answer(false, true, STAFF), "gone");
        assert_eq!(answer(false, false, MEMBER), "not_found");
    }
}
