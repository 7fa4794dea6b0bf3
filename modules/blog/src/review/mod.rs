//! Review: what authors and reviewers say to each other about a post, and who hears of it.
//!
//! The steps themselves (submit, approve, send back) are moves of the post, in [`crate::posts`]. A note may come along
//! with a step, or stand by itself; it may be about a passage of the text. Visitors never see any of it.

pub mod api;
pub(crate) mod notices;
pub mod pages;
mod store;

use kernel::{Error, Fields, MembershipId, Result, Timestamp};
use module::Ctx;
use serde::{Deserialize, Serialize};
use tenant_resolver::TenantTx;
use utoipa::ToSchema;

use crate::events::Happened;
use crate::posts::{self, Post, PostId};

/// Longest note, in characters.
pub const MAX_BODY: usize = 4000;
/// Longest passage that a note quotes, in characters.
pub const MAX_PASSAGE: usize = 1000;
/// Most notes on one post.
pub const MAX_NOTES: i64 = 500;

kernel::id!(
    /// Identifies a note.
    NoteId
);

/// Why a note was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// By itself.
    Note,
    /// It came along when the post was submitted.
    Submitted,
    /// It says why the post was sent back.
    SentBack,
}

impl NoteKind {
    const ALL: [Self; 3] = [Self::Note, Self::Submitted, Self::SentBack];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Submitted => "submitted",
            Self::SentBack => "sent_back",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A note.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The version that lay before its author.
    pub version_no: i32,
    /// Why it was written.
    pub kind: NoteKind,
    /// The passage that it is about; empty: the post as a whole.
    pub passage: String,
    /// What it says, plain text.
    pub body: String,
    /// Who wrote it.
    pub author_id: MembershipId,
    /// Their name at that time.
    pub author_name: String,
    /// When.
    pub created_at: Timestamp,
    /// Since when it is settled.
    pub resolved_at: Option<Timestamp>,
    /// Who said so.
    pub resolved_by: Option<String>,
}

/// A note as somebody writes it.
#[derive(Clone, Debug, Default)]
pub struct NewNote {
    /// What it says.
    pub body: String,
    /// The passage that it is about; empty: the post as a whole.
    pub passage: String,
}

impl NewNote {
    fn check(self) -> Result<Self> {
        let clean = |text: &str| posts::clean_lines(text);
        let note = Self {
            body: clean(&self.body),
            passage: clean(&self.passage),
        };
        let mut fields = Fields::default();
        fields
            .require("body", &note.body, "Write the note first.")
            .check(
                note.body.chars().count() <= MAX_BODY,
                "body",
                "too_long",
                "Use at most 4,000 characters.",
            )
            .check(
                note.passage.chars().count() <= MAX_PASSAGE,
                "passage",
                "too_long",
                "Quote at most 1,000 characters.",
            );
        fields.finish()?;
        Ok(note)
    }
}

/// The notes on a post, oldest first.
pub async fn list(tx: &mut TenantTx, post: PostId) -> Result<Vec<Note>> {
    store::list(tx, post).await
}

/// Whether the person of this request may say something about a post: who may edit it, and who decides on it.
#[must_use]
pub fn may_note(ctx: &Ctx, post: &Post) -> bool {
    post.deleted_at.is_none() && (post.may_edit(ctx) || ctx.may("blog.posts.publish"))
}

/// Adds a note to a post and tells those who have to do with it.
///
/// # Errors
/// [`Error::Forbidden`] for who may neither edit the post nor decide on it.
pub async fn add(tx: &mut TenantTx, ctx: &Ctx, post: PostId, new: NewNote) -> Result<Note> {
    let new = new.check()?;
    let post = open(tx, ctx, post).await?;
    let note = write(tx, ctx, (post.id, post.draft_no), NoteKind::Note, new).await?;
    posts::record(tx, ctx, Happened::Noted, &post).await?;
    notices::noted(tx, ctx, &post, &note).await?;
    Ok(note)
}

/// Settles a note, or opens it again.
pub async fn resolve(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: PostId,
    id: NoteId,
    resolved: bool,
) -> Result<Note> {
    let post = open(tx, ctx, post).await?;
    let person = ctx.person()?;
    let resolved = resolved.then_some((ctx.now(), person.name.as_str()));
    store::set_resolved(tx, post.id, id, resolved)
        .await?
        .ok_or(Error::NotFound("note"))
}

/// Notes what was said along with a step; nothing, when nothing was.
pub(crate) async fn with_step(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: (PostId, i32),
    kind: NoteKind,
    text: &str,
) -> Result<()> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let new = NewNote {
        body: text.to_owned(),
        passage: String::new(),
    };
    write(tx, ctx, post, kind, new.check()?).await?;
    Ok(())
}

async fn write(
    tx: &mut TenantTx,
    ctx: &Ctx,
    (post, version_no): (PostId, i32),
    kind: NoteKind,
    new: NewNote,
) -> Result<Note> {
    if store::count(tx, post).await? >= MAX_NOTES {
        return Err(Error::conflict(
            "too_many_notes",
            "This post has 500 notes already.",
        ));
    }
    let person = ctx.person()?;
    let note = Note {
        id: NoteId::new(),
        version_no,
        kind,
        passage: new.passage,
        body: new.body,
        author_id: person.membership,
        author_name: person.name.clone(),
        created_at: ctx.now(),
        resolved_at: None,
        resolved_by: None,
    };
    store::insert(tx, post, &note).await?;
    Ok(note)
}

async fn open(tx: &mut TenantTx, ctx: &Ctx, post: PostId) -> Result<Post> {
    let post = posts::get(tx, post).await?;
    if post.deleted_at.is_some() {
        return Err(Error::conflict(
            "in_trash",
            "The post is in the trash. Restore it before you change it.",
        ));
    }
    if may_note(ctx, &post) {
        Ok(post)
    } else {
        Err(Error::Forbidden("blog.posts.edit_any"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_keep_their_lines_and_their_limits() {
        let note = |body: &str, passage: &str| {
            NewNote {
                body: body.into(),
                passage: passage.into(),
            }
            .check()
        };
        let kept = note(" First.\r\nSecond.\u{8} ", " a passage ").unwrap();
        assert_eq!(
            (kept.body.as_str(), kept.passage.as_str()),
            ("First.\nSecond.", "a passage")
        );
        assert_eq!(note("  ", "").unwrap_err().field_errors()[0].field, "body");
        assert!(note(&"x".repeat(MAX_BODY), &"y".repeat(MAX_PASSAGE)).is_ok());
        let broken = note(&"x".repeat(MAX_BODY + 1), &"y".repeat(MAX_PASSAGE + 1)).unwrap_err();
        assert_eq!(broken.field_errors().len(), 2);
    }

    #[test]
    fn every_kind_reads_its_own_name() {
        for kind in NoteKind::ALL {
            assert_eq!(NoteKind::parse(kind.as_str()), Some(kind));
        }
    }
}
