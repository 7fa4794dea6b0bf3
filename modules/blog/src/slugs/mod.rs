//! Addresses of posts, tags, authors and series: one current slug each, and the former ones, which forward.
//!
//! The database decides who gets a slug: it is claimed by an insert that does nothing when another has
//! it, never looked up first. A former slug may be claimed by something new; its forwarding then ends.

pub(crate) mod store;

use kernel::{Error, FieldError, Result, Timestamp};
use tenant_resolver::TenantTx;
use uuid::Uuid;

use crate::content::slug::{self, SlugMode};

/// What has a slug of its own. Posts, tags and authors may share words: they live below different paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/blog/<slug>`
    Post,
    /// `/blog/tag/<slug>`
    Tag,
    /// `/blog/author/<slug>`
    Author,
    /// `/series/<slug>`
    Series,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Tag => "tag",
            Self::Author => "author",
            Self::Series => "series",
        }
    }
}

/// How often a claim is tried again: more often than requests of one tenant race for one title.
const ROUNDS: u32 = 200;

/// The slug that a title asks for.
pub(crate) fn wanted(title: &str) -> String {
    slug::slugify(title, SlugMode::default())
}

/// The slugs to try in this order: the wanted one, then with `-2`, `-3` and so on; more with each round.
pub(crate) fn candidates(wanted: &str, round: u32) -> Vec<String> {
    let last = 20 * (round + 1);
    std::iter::once(wanted.to_owned())
        .chain((2..=last).map(|n| slug::next_candidate(wanted, n)))
        .collect()
}

/// Repeats a claim until it wins a slug. Each round sees what the rounds of others have left.
pub(crate) fn rounds() -> std::ops::Range<u32> {
    0..ROUNDS
}

/// The answer when no round won, which takes hundreds of requests for one title at once.
pub(crate) fn exhausted() -> Error {
    Error::conflict(
        "slug_unavailable",
        "Too many people are using this title right now. Try again, or choose another address.",
    )
}

/// Gives `entity` the first free slug for a title.
pub(crate) async fn claim(
    tx: &mut TenantTx,
    kind: Kind,
    entity: impl Into<Uuid>,
    wanted: &str,
    now: Timestamp,
) -> Result<String> {
    let entity = entity.into();
    for round in rounds() {
        let candidates = candidates(wanted, round);
        if let Some(slug) = store::claim_first(tx, kind, entity, &candidates, now).await? {
            return Ok(slug);
        }
    }
    Err(exhausted())
}

/// Gives `entity` exactly this slug, which somebody chose.
///
/// # Errors
/// A broken rule of the field `slug`, `taken` among them.
pub(crate) async fn choose(
    tx: &mut TenantTx,
    kind: Kind,
    entity: impl Into<Uuid>,
    slug: &str,
    now: Timestamp,
) -> Result<()> {
    check(slug)?;
    let won = store::claim_first(tx, kind, entity.into(), &[slug.to_owned()], now).await?;
    won.map(|_| ()).ok_or_else(|| {
        FieldError::new(
            "slug",
            "taken",
            "Another one has this address. Choose a different one.",
        )
        .into()
    })
}

/// Judges a slug that somebody chose.
pub(crate) fn check(slug: &str) -> Result<(), FieldError> {
    slug::validate(slug).map_err(|error| error.on("slug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_rounds_try_more() {
        assert_eq!(candidates("hello", 0)[..3], ["hello", "hello-2", "hello-3"]);
        assert_eq!(candidates("hello", 0).len(), 20);
        assert_eq!(candidates("hello", 2).last().unwrap(), "hello-60");
    }
}
