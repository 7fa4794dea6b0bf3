//! Permissions on one object, and guests who have nothing but such.

use std::sync::Arc;

use kernel::Timestamp;
use uuid::Uuid;

/// A permission on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectGrant {
    /// The permission.
    pub permission: &'static str,
    /// What kind of thing the object is, such as `blog.post`.
    pub kind: String,
    /// The object.
    pub object: Uuid,
    /// From when on it holds no longer; `None`: until it is taken back.
    pub expires_at: Option<Timestamp>,
}

impl ObjectGrant {
    /// Whether it gives this permission on things of this kind at `now`: the one place where a grant is evaluated.
    #[must_use]
    pub fn gives(&self, permission: &str, kind: &str, now: Timestamp) -> bool {
        self.permission == permission
            && self.kind == kind
            && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Somebody without an account, who came by a link to one object and may see nothing else.
#[derive(Clone, Debug)]
pub struct GuestPass {
    /// The grant whose link they used.
    pub grant: Uuid,
    /// Whom the grant was made for, as its giver calls them.
    pub name: String,
    /// What they may do, and with what.
    pub grants: Arc<[ObjectGrant]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_inert_from_the_instant_of_its_end() {
        let end: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let grant = ObjectGrant {
            permission: "blog.posts.read",
            kind: "blog.post".into(),
            object: Uuid::nil(),
            expires_at: Some(end),
        };
        let just_before = end.minus(std::time::Duration::from_micros(1));
        assert!(grant.gives("blog.posts.read", "blog.post", just_before));
        assert!(!grant.gives("blog.posts.read", "blog.post", end));
        assert!(!grant.gives("blog.posts.write", "blog.post", just_before));
        assert!(!grant.gives("blog.posts.read", "blog.comment", just_before));
    }
}
