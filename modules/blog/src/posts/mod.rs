//! Posts: what they say, what state they are in, and who may change which.
//!
//! Everybody who may see posts sees all of them, drafts of others included: a studio's staff is small and
//! reviews each other. Without `blog.posts.edit_any` one edits only posts that one created or is named as
//! an author of, and only while they are a draft or in review: what visitors read changes by the hands of
//! those who may publish.
//!
//! Text (title, content, excerpt, search settings) is kept in versions and reaches visitors when it is
//! published. Slug, tags, authors, visibility and the featured mark belong to the post itself and hold at
//! once.

pub mod actions;
pub mod api;
mod api_body;
pub mod bulk;
pub mod bulk_api;
pub mod editor;
mod editor_form;
mod ends;
pub mod pages;
mod publication_form;
mod publish;
mod render;
mod render_store;
mod save;
mod state;
pub mod store;
mod text;
pub mod version_api;
pub mod version_pages;
mod version_store;
pub mod versions;
mod visibility;
mod write_store;

use kernel::{Error, FieldError, Result, Timestamp};
use module::Ctx;

pub use publish::{Schedule, Step, note_due, purge_expired, step};
pub use render::render_again;
pub use save::{Edit, NewPost, Saved, create, restore_version, save};
pub(crate) use save::{display_title, record};
pub use state::{Move, State, Status};
pub use store::{Filter, Listed, Post, StateFilter};
pub use text::{Prepared, Seo, Text};
pub(crate) use text::{clean_lines, is_web_address, length, one_line};
pub use version_store::{ListedVersion, Version};
pub use visibility::Visibility;
pub(crate) use write_store::Held;

kernel::id!(
    /// Identifies a post.
    PostId
);

/// Orders of a list of posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Created,
    /// Last changed first.
    Updated,
    /// Last published first; by creation what never was.
    Published,
    /// By the alphabet.
    Title,
}

impl Sort {
    /// The order of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "created" => Some(Self::Created),
            "updated" => Some(Self::Updated),
            "published" => Some(Self::Published),
            "title" => Some(Self::Title),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Published => "published",
            Self::Title => "title",
        }
    }
}

/// The status that is in effect at `now`, whether or not the worker has noted it: a scheduled post whose time
/// has come is published, and one whose time has ended is a draft again. In statements it is `blog_status`.
#[must_use]
pub(crate) fn effective(
    status: Status,
    live_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    now: Timestamp,
) -> Status {
    match status {
        Status::Scheduled | Status::Published if ends_at.is_some_and(|at| at <= now) => {
            Status::Draft
        }
        Status::Scheduled if live_at.is_some_and(|at| at <= now) => Status::Published,
        _ => status,
    }
}

fn state(
    status: Status,
    live_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
    now: Timestamp,
) -> State {
    match deleted_at {
        Some(_) => State::Trashed,
        None => State::Is(effective(status, live_at, ends_at, now)),
    }
}

/// What a post with its draft and a row of a list have in common.
macro_rules! has_state {
    ($($post:ty),+) => {
        $(
            impl $post {
                /// The state in effect at `now`.
                #[must_use]
                pub fn state(&self, now: Timestamp) -> State {
                    state(self.status, self.live_at, self.ends_at, self.deleted_at, now)
                }

                /// Number of the version that visitors read, now or from a chosen time.
                #[must_use]
                pub fn live(&self, now: Timestamp) -> Option<i32> {
                    match self.state(now) {
                        State::Is(status) if status.is_live() => self.live_no,
                        _ => None,
                    }
                }

                /// Whether the draft says something else than what visitors read.
                #[must_use]
                pub fn is_changed(&self, now: Timestamp) -> bool {
                    self.live(now).is_some_and(|live| live != self.draft_no)
                }
            }
        )+
    };
}

has_state!(Post, Listed);

impl Post {
    /// Whether the person of this request may edit it.
    #[must_use]
    pub fn may_edit(&self, ctx: &Ctx) -> bool {
        let mine = ctx.visitor().is_some_and(|person| {
            self.created_by == person.membership
                || self
                    .authors
                    .iter()
                    .any(|author| author.membership == Some(person.membership))
        });
        may_edit(ctx, self.id, self.state(ctx.now()), mine)
    }
}

impl Held {
    /// The state in effect at `now`.
    pub(crate) fn state(&self, now: Timestamp) -> State {
        state(
            self.status,
            self.live_at,
            self.ends_at,
            self.deleted_at,
            now,
        )
    }

    /// Refuses who may not edit it.
    pub(crate) fn check_editable(&self, ctx: &Ctx) -> Result<()> {
        let person = ctx.person()?;
        if may_edit(
            ctx,
            self.id,
            self.state(ctx.now()),
            self.mine || self.created_by == person.membership,
        ) {
            Ok(())
        } else {
            Err(Error::Forbidden("blog.posts.edit_any"))
        }
    }

    /// Refuses a change that is based on another revision.
    pub(crate) fn check_rev(&self, based_on: Option<i64>) -> Result<()> {
        match based_on {
            Some(rev) if rev != self.rev => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

/// What posts are called where one of them is shared.
pub(crate) const KIND: &str = "blog.post";

/// A post that was shared for editing is like one's own; when an editor shared it, it can be edited in every state.
fn may_edit(ctx: &Ctx, id: PostId, state: State, mine: bool) -> bool {
    let mine = mine || ctx.granted_on("blog.posts.write", KIND, id);
    ctx.may_on("blog.posts.edit_any", KIND, id)
        || (mine
            && ctx.may_on("blog.posts.write", KIND, id)
            && matches!(
                state,
                State::Is(Status::Draft | Status::InReview) | State::Trashed
            ))
}

/// One post, or the answer that there is none.
pub async fn get(tx: &mut tenant_resolver::TenantTx, id: PostId) -> Result<Post> {
    store::find(tx, id).await?.ok_or(Error::NotFound("post"))
}

/// What is missing before anything goes live.
fn check_publishable(title: &str) -> Result<(), FieldError> {
    if title.is_empty() {
        return Err(FieldError::new(
            "title",
            "required",
            "Give the post a title before it goes live.",
        ));
    }
    Ok(())
}
