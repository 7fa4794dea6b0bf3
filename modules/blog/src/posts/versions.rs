//! The versions of a post: when a save makes a new one, and what may be done with old ones.
//!
//! Source: blog specification 2.3. The newest version is the draft. The same text again makes no new
//! version; the autosaves of one person within ten minutes are one version; the last hundred are kept,
//! and every one that was ever live.

use std::time::Duration;

use kernel::{Error, MembershipId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use super::{ListedVersion, PostId, Version, version_store};
use crate::content::diff::{Change, Diff};

/// Versions kept besides those that were live.
pub const KEPT: i32 = 100;

/// How long autosaves of one person count as one.
pub const COLLAPSE: Duration = Duration::from_mins(10);

/// Why a version was made. A version that went live says so, whatever it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The editor saved by itself while somebody wrote.
    Autosave,
    /// Somebody saved.
    Save,
    /// It went live.
    Publish,
    /// It was chosen to go live later.
    Schedule,
    /// It was saved while the post was taken from visitors.
    Unpublish,
    /// An older version was taken back.
    Restore,
    /// It came from another system.
    Import,
    /// It was written by a machine.
    Ai,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::Autosave,
        Self::Save,
        Self::Publish,
        Self::Schedule,
        Self::Unpublish,
        Self::Restore,
        Self::Import,
        Self::Ai,
    ];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Autosave => "autosave",
            Self::Save => "save",
            Self::Publish => "publish",
            Self::Schedule => "schedule",
            Self::Unpublish => "unpublish",
            Self::Restore => "restore",
            Self::Import => "import",
            Self::Ai => "ai",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Autosave => "Saved automatically",
            Self::Save => "Saved",
            Self::Publish => "Published",
            Self::Schedule => "Scheduled",
            Self::Unpublish => "Unpublished",
            Self::Restore => "Restored",
            Self::Import => "Imported",
            Self::Ai => "Generated",
        }
    }
}

/// What the decision needs to know of the newest version.
#[derive(Clone, Debug)]
pub struct Newest {
    /// Its fingerprint.
    pub sha256: Vec<u8>,
    /// Why it was made.
    pub reason: Reason,
    /// Who made it.
    pub author: MembershipId,
    /// When it was begun.
    pub at: Timestamp,
    /// Whether visitors read it, now or from a chosen time.
    pub live: bool,
}

/// What a save does to the versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saving {
    /// Nothing: the same text is there already.
    Nothing,
    /// The newest version, of the same text, is from now on one that somebody saved on purpose.
    Mark,
    /// The newest version is written over.
    Replace,
    /// A new version follows.
    Append,
}

impl Newest {
    /// Decides what saving a text with this fingerprint does.
    #[must_use]
    pub fn saving(
        &self,
        sha256: &[u8],
        reason: Reason,
        author: MembershipId,
        now: Timestamp,
    ) -> Saving {
        let both_autosaved = self.reason == Reason::Autosave && reason == Reason::Autosave;
        if self.sha256 == sha256 {
            if self.reason == Reason::Autosave && !both_autosaved {
                Saving::Mark
            } else {
                Saving::Nothing
            }
        } else if both_autosaved
            && !self.live
            && self.author == author
            && now.since(self.at) < COLLAPSE
        {
            Saving::Replace
        } else {
            Saving::Append
        }
    }
}

/// The versions of a post before the number `before`, newest first, with the number to go on from.
///
/// # Errors
/// [`Error::NotFound`] when there is no such post: each has at least one version.
pub async fn list(
    tx: &mut TenantTx,
    post: PostId,
    before: Option<i32>,
    limit: i64,
) -> Result<(Vec<ListedVersion>, Option<i32>)> {
    let mut versions = version_store::list(tx, post, before, limit + 1).await?;
    if versions.is_empty() && before.is_none() {
        return Err(Error::NotFound("post"));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = versions.len() > limit;
    versions.truncate(limit);
    let next = versions.last().filter(|_| more).map(|version| version.no);
    Ok((versions, next))
}

/// One version of a post, or the answer that there is none.
pub async fn get(tx: &mut TenantTx, post: PostId, no: i32) -> Result<Version> {
    version_store::find(tx, post, no)
        .await?
        .ok_or(Error::NotFound("version"))
}

/// A difference as one text in pieces, line ends included.
pub fn pieces(diff: &Diff) -> impl Iterator<Item = (Change, String)> {
    let last = diff.lines.len().saturating_sub(1);
    diff.lines.iter().enumerate().flat_map(move |(at, line)| {
        let end = (at < last).then(|| (line.end, "\n".to_owned()));
        line.spans
            .iter()
            .map(|span| (span.change, span.text.clone()))
            .chain(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saves_become_versions_by_the_rules() {
        let begun: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let (ana, ben) = (MembershipId::new(), MembershipId::new());
        let newest = |reason, live| Newest {
            sha256: b"old".to_vec(),
            reason,
            author: ana,
            at: begun,
            live,
        };
        let minutes = |n: u64| begun.plus(Duration::from_secs(n * 60));
        use Reason::{Autosave, Publish, Save};
        let cases = [
            (
                "the same text",
                newest(Save, false),
                b"old",
                Save,
                ana,
                1,
                Saving::Nothing,
            ),
            (
                "the same autosave",
                newest(Autosave, false),
                b"old",
                Autosave,
                ben,
                1,
                Saving::Nothing,
            ),
            (
                "an autosave confirmed",
                newest(Autosave, false),
                b"old",
                Save,
                ben,
                60,
                Saving::Mark,
            ),
            (
                "autosave after autosave",
                newest(Autosave, false),
                b"new",
                Autosave,
                ana,
                9,
                Saving::Replace,
            ),
            (
                "ten minutes later",
                newest(Autosave, false),
                b"new",
                Autosave,
                ana,
                10,
                Saving::Append,
            ),
            (
                "another person",
                newest(Autosave, false),
                b"new",
                Autosave,
                ben,
                1,
                Saving::Append,
            ),
            (
                "autosave over a save",
                newest(Save, false),
                b"new",
                Autosave,
                ana,
                1,
                Saving::Append,
            ),
            (
                "save over an autosave",
                newest(Autosave, false),
                b"new",
                Save,
                ana,
                1,
                Saving::Append,
            ),
            (
                "what is live stays",
                newest(Autosave, true),
                b"new",
                Autosave,
                ana,
                1,
                Saving::Append,
            ),
            (
                "what was live stays",
                newest(Publish, false),
                b"new",
                Autosave,
                ana,
                1,
                Saving::Append,
            ),
        ];
        for (what, newest, sha, reason, author, after, expected) in cases {
            assert_eq!(
                newest.saving(sha, reason, author, minutes(after)),
                expected,
                "{what}"
            );
        }
    }

    #[test]
    fn every_reason_reads_its_own_name() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
    }
}
