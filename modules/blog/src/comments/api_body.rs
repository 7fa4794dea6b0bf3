//! Comments as the API speaks of them.

use kernel::{MembershipId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::threads::{Node, Shown};
use super::{Ban, BanId, CommentId, Move, Queued, Status, Subject};
use crate::posts::PostId;

/// A comment as moderators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommentBody {
    /// Its id.
    pub id: CommentId,
    /// Counts changes; the `ETag`, for `If-Match`.
    pub rev: i64,
    /// Its post.
    pub post: PostId,
    /// Title of the post's draft.
    pub post_title: String,
    /// The comment it hangs below.
    pub parent: Option<CommentId>,
    /// Its status.
    pub status: Status,
    /// Why it was held or set aside: `honeypot`, `too_fast`, `bad_form`, `blocklist`, `links`, `first_comment`,
    /// `all_held`, `reported`.
    pub reasons: Vec<String>,
    /// How many readers reported it.
    pub reports: i64,
    /// Whether it stands above all others of its post while it is public.
    pub pinned: bool,
    /// The member who wrote it.
    pub member: Option<MembershipId>,
    /// Name of the member or guest; null once it was removed.
    pub name: Option<String>,
    /// The guest's address.
    pub email: Option<String>,
    /// When the guest confirmed the address.
    pub email_confirmed_at: Option<Timestamp>,
    /// Markdown source.
    pub content: String,
    /// The source rendered and sanitised.
    pub html: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its writer changed it.
    pub edited_at: Option<Timestamp>,
}

impl CommentBody {
    /// Without who wrote it and what: as answers are kept for those who ask again, where nobody could erase these.
    pub fn impersonal(&self) -> Self {
        Self {
            name: None,
            email: None,
            content: String::new(),
            html: String::new(),
            ..self.clone()
        }
    }
}

impl From<Queued> for CommentBody {
    fn from(comment: Queued) -> Self {
        Self {
            id: comment.id,
            rev: comment.rev,
            post: comment.post_id,
            post_title: comment.post_title,
            parent: comment.parent_id,
            status: comment.status,
            reasons: comment.reasons,
            reports: comment.reports,
            pinned: comment.pinned,
            member: comment.author_id,
            name: comment.author_name.or(comment.guest_name),
            email: comment.guest_email,
            email_confirmed_at: comment.guest_verified_at,
            content: comment.content,
            html: comment.html,
            created_at: comment.created_at,
            edited_at: comment.edited_at,
        }
    }
}

/// One part of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentList {
    /// The comments.
    pub data: Vec<CommentBody>,
    /// Cursor of the next part; null at the end. With `q` a part may have fewer comments than asked for and still a
    /// next.
    pub next_cursor: Option<String>,
}

/// Which comments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Most comments to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    pub cursor: Option<String>,
    /// In this status.
    pub status: Option<Status>,
    /// On this post.
    pub post: Option<PostId>,
    /// By the guest with this address.
    pub email: Option<String>,
    /// By this member.
    pub member: Option<MembershipId>,
    /// Letters of the text, the name or the address.
    pub q: Option<String>,
    /// `newest` (unless told) or `oldest` first.
    pub sort: Option<String>,
}

/// A public comment with its answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicComment {
    /// Its id.
    pub id: CommentId,
    /// Name of its writer; null when nobody is known any more.
    pub name: Option<String>,
    /// Whether the post is theirs.
    pub by_author: bool,
    /// Whether it stands above all others.
    pub pinned: bool,
    /// What it says, rendered and sanitised; null where it was removed or is not public, and was answered.
    pub html: Option<String>,
    /// Whose comment it answers, when it stands beside that.
    pub in_reply_to: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its writer changed it.
    pub edited_at: Option<Timestamp>,
    /// What was answered.
    #[schema(no_recursion)]
    pub replies: Vec<PublicComment>,
}

impl From<Node> for PublicComment {
    fn from(node: Node) -> Self {
        Self {
            id: node.id,
            name: node.name,
            by_author: node.by_author,
            pinned: node.pinned,
            html: match node.shown {
                Shown::Text(html) => Some(html),
                Shown::Removed | Shown::Withheld => None,
            },
            in_reply_to: node.reply_to,
            created_at: node.created_at,
            edited_at: node.edited_at,
            replies: node.replies.into_iter().map(Self::from).collect(),
        }
    }
}

/// Threads of a post.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThreadList {
    /// The threads: the pinned one, then the oldest first.
    pub data: Vec<PublicComment>,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}

/// Which threads.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ThreadQuery {
    /// Where the last part ended: its `next_cursor`.
    pub cursor: Option<String>,
}

/// A comment to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentCreate {
    /// Markdown, at most 10,000 characters, without HTML, pictures and headings.
    pub content: String,
    /// The comment that it answers.
    #[serde(default)]
    pub parent: Option<CommentId>,
}

/// What became of a comment.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommentTaken {
    /// Its id.
    pub id: CommentId,
    /// `approved` when it is public, `pending` when it is held.
    pub status: Status,
}

/// A comment's new words.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentPatch {
    /// Markdown.
    pub content: String,
}

/// A decision.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What to do with it.
    #[serde(rename = "move")]
    pub step: Move,
}

/// The same decision for several comments.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// The comments, at most 100.
    pub ids: Vec<CommentId>,
    /// What to do with them.
    #[serde(rename = "move")]
    pub step: Move,
}

/// What was decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedList {
    /// The comments that changed; those whose status did not allow it are missing.
    pub changed: Vec<CommentId>,
}

/// A report.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What is wrong with the comment, at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Whether a post takes comments.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Commenting {
    /// `true`: open whatever its age; `false`: closed; `null`: as the blog's settings say.
    pub enabled: Option<bool>,
}

/// A ban.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BanBody {
    /// Its id.
    pub id: BanId,
    /// What it is about.
    pub subject: Subject,
    /// The member.
    pub member: Option<MembershipId>,
    /// The address.
    pub email: Option<String>,
    /// Until when; null: for good.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl BanBody {
    /// Without the address, and the reason that may name it; see [`CommentBody::impersonal`].
    pub fn impersonal(&self) -> Self {
        Self {
            email: None,
            reason: String::new(),
            ..self.clone()
        }
    }
}

impl From<Ban> for BanBody {
    fn from(ban: Ban) -> Self {
        Self {
            id: ban.id,
            subject: ban.subject(),
            member: ban.membership_id,
            email: ban.email_key,
            until: ban.until,
            reason: ban.reason,
            created_at: ban.created_at,
        }
    }
}

/// One part of the list of bans.
#[derive(Debug, Serialize, ToSchema)]
pub struct BanList {
    /// The bans, newest first.
    pub data: Vec<BanBody>,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}

/// A ban to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BanCreate {
    /// What it is about.
    pub subject: Subject,
    /// The comment whose writer it is about; needed for a network.
    #[serde(default)]
    pub comment: Option<CommentId>,
    /// The member, without a comment.
    #[serde(default)]
    pub member: Option<MembershipId>,
    /// The address, without a comment.
    #[serde(default)]
    pub email: Option<String>,
    /// Until when; left out: for good. A network needs one, at most 30 days ahead.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Why, at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Whose identity to remove.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// The guest's address.
    pub email: String,
    /// Whether the words stay, as those of nobody known.
    pub keep_text: bool,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erased {
    /// How many comments carried the address.
    pub comments: u64,
}
