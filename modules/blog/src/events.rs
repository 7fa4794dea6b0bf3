//! What the blog tells others.

use kernel::{MembershipId, Result, Timestamp};
use module::{Event, emit};
use serde::Serialize;
use tenant_resolver::TenantTx;

use crate::authors::AuthorId;
use crate::comments::CommentId;
use crate::posts::PostId;
use crate::previews::PreviewId;
use crate::series::SeriesId;
use crate::tags::TagId;

/// Every kind of event that the blog emits.
pub(crate) const KINDS: &[&str] = &[
    PostCreated::KIND,
    PostSaved::KIND,
    PostSubmitted::KIND,
    PostWithdrawn::KIND,
    PostApproved::KIND,
    PostSentBack::KIND,
    PostNoted::KIND,
    PostScheduled::KIND,
    PostUnscheduled::KIND,
    PostPublished::KIND,
    PostUpdated::KIND,
    PostUnpublished::KIND,
    PostEndScheduled::KIND,
    PostEndUnscheduled::KIND,
    PostArchived::KIND,
    PostUnarchived::KIND,
    PostTrashed::KIND,
    PostRestored::KIND,
    PostPurged::KIND,
    TagChanged::KIND,
    AuthorChanged::KIND,
    SeriesChanged::KIND,
    PreviewChanged::KIND,
    SettingsChanged::KIND,
    CommentCreated::KIND,
    CommentApproved::KIND,
    CommentChanged::KIND,
    CommentErased::KIND,
];

/// A post as events name it.
#[derive(Clone, Debug, Serialize)]
pub struct PostFacts {
    /// The post.
    pub post: PostId,
    /// Its slug at that time.
    pub slug: String,
    /// Its title at that time.
    pub title: String,
    /// Number of the version that the event is about.
    pub version: i32,
    /// When it goes or went live, if it does.
    pub live_at: Option<Timestamp>,
    /// Until when visitors read it, if that was chosen.
    pub ends_at: Option<Timestamp>,
    /// Who did it; nobody when its time had come.
    pub by: Option<MembershipId>,
}

macro_rules! post_events {
    ($($(#[$meta:meta])* $name:ident = $kind:literal;)+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub PostFacts);

            impl Event for $name {
                const KIND: &'static str = $kind;
            }
        )+
    };
}

post_events! {
    /// A post was begun.
    PostCreated = "blog.post.created";
    /// The draft of a post was saved on purpose.
    PostSaved = "blog.post.saved";
    /// A post waits for review.
    PostSubmitted = "blog.post.submitted";
    /// A post no longer waits for review.
    PostWithdrawn = "blog.post.withdrawn";
    /// A post that waited for review goes live, now or at a chosen time.
    PostApproved = "blog.post.approved";
    /// A post that waited for review was sent back to its author.
    PostSentBack = "blog.post.sent_back";
    /// Somebody wrote a note on a post.
    PostNoted = "blog.post.noted";
    /// A post will go live at a chosen time; told again when another is chosen.
    PostScheduled = "blog.post.scheduled";
    /// A post will not go live after all.
    PostUnscheduled = "blog.post.unscheduled";
    /// A post went live.
    PostPublished = "blog.post.published";
    /// The text of a live post changed.
    PostUpdated = "blog.post.updated";
    /// A post was taken from visitors.
    PostUnpublished = "blog.post.unpublished";
    /// A post will be taken from visitors at a chosen time; told again when another is chosen.
    PostEndScheduled = "blog.post.end_scheduled";
    /// A post stays with visitors after all.
    PostEndUnscheduled = "blog.post.end_unscheduled";
    /// A post was taken from visitors and is kept.
    PostArchived = "blog.post.archived";
    /// A post was taken from the archive.
    PostUnarchived = "blog.post.unarchived";
    /// A post was moved to the trash.
    PostTrashed = "blog.post.trashed";
    /// A post was taken from the trash.
    PostRestored = "blog.post.restored";
    /// A post is gone for good.
    PostPurged = "blog.post.purged";
}

/// A tag was made, changed, merged, deleted or taken back.
#[derive(Clone, Debug, Serialize)]
pub struct TagChanged {
    /// The tag.
    pub tag: TagId,
    /// What happened: `created`, `changed`, `merged`, `deleted`, `restored`.
    pub what: &'static str,
    /// The tag that has its posts now, if it was merged.
    pub into: Option<TagId>,
}

impl Event for TagChanged {
    const KIND: &'static str = "blog.tag.changed";
}

/// An author's profile was changed.
#[derive(Clone, Debug, Serialize)]
pub struct AuthorChanged {
    /// The author.
    pub author: AuthorId,
}

impl Event for AuthorChanged {
    const KIND: &'static str = "blog.author.changed";
}

/// A series was made, changed, put in another order, deleted or taken back.
#[derive(Clone, Debug, Serialize)]
pub struct SeriesChanged {
    /// The series.
    pub series: SeriesId,
    /// What happened: `created`, `changed`, `arranged`, `deleted`, `restored`.
    pub what: &'static str,
}

impl Event for SeriesChanged {
    const KIND: &'static str = "blog.series.changed";
}

/// A preview link was made or revoked.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewChanged {
    /// The link, which its id does not open.
    pub preview: PreviewId,
    /// The post that it shows.
    pub post: PostId,
    /// What happened: `created`, `revoked`.
    pub what: &'static str,
}

impl Event for PreviewChanged {
    const KIND: &'static str = "blog.preview.changed";
}

/// The settings were changed.
#[derive(Clone, Debug, Serialize)]
pub struct SettingsChanged {}

impl Event for SettingsChanged {
    const KIND: &'static str = "blog.settings.changed";
}

/// A comment as events name it. What it says and who wrote it is asked for with its id.
#[derive(Clone, Debug, Serialize)]
pub struct CommentFacts {
    /// The comment.
    pub comment: CommentId,
    /// Its post.
    pub post: PostId,
    /// The comment that it answers.
    pub parent: Option<CommentId>,
    /// Its status then.
    pub status: &'static str,
    /// The member who did it; nobody for guests and rules.
    pub by: Option<MembershipId>,
}

macro_rules! comment_events {
    ($($(#[$meta:meta])* $name:ident = $kind:literal;)+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub CommentFacts);

            impl Event for $name {
                const KIND: &'static str = $kind;
            }
        )+
    };
}

comment_events! {
    /// Somebody commented. It may be held, and be no more than spam.
    CommentCreated = "blog.comment.created";
    /// A comment is public now.
    CommentApproved = "blog.comment.approved";
    /// A comment was edited, hidden, reported away, taken for spam, deleted or put back.
    CommentChanged = "blog.comment.changed";
}

/// A reader's identity was removed.
#[derive(Clone, Debug, Serialize)]
pub struct CommentErased {
    /// How many comments carried it.
    pub comments: u64,
    /// Whether their text was kept.
    pub kept_text: bool,
}

impl Event for CommentErased {
    const KIND: &'static str = "blog.comment.erased";
}

/// What can happen to a post, with the names that events and the audit log have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Created,
    Saved,
    Submitted,
    Withdrawn,
    Approved,
    SentBack,
    Noted,
    Scheduled,
    Unscheduled,
    Published,
    Updated,
    Unpublished,
    EndScheduled,
    EndUnscheduled,
    Archived,
    Unarchived,
    Trashed,
    Restored,
    Purged,
}

impl Happened {
    /// Name in the audit log: the event's.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Created => PostCreated::KIND,
            Self::Saved => PostSaved::KIND,
            Self::Submitted => PostSubmitted::KIND,
            Self::Withdrawn => PostWithdrawn::KIND,
            Self::Approved => PostApproved::KIND,
            Self::SentBack => PostSentBack::KIND,
            Self::Noted => PostNoted::KIND,
            Self::Scheduled => PostScheduled::KIND,
            Self::Unscheduled => PostUnscheduled::KIND,
            Self::Published => PostPublished::KIND,
            Self::Updated => PostUpdated::KIND,
            Self::Unpublished => PostUnpublished::KIND,
            Self::EndScheduled => PostEndScheduled::KIND,
            Self::EndUnscheduled => PostEndUnscheduled::KIND,
            Self::Archived => PostArchived::KIND,
            Self::Unarchived => PostUnarchived::KIND,
            Self::Trashed => PostTrashed::KIND,
            Self::Restored => PostRestored::KIND,
            Self::Purged => PostPurged::KIND,
        }
    }

    /// Tells of it.
    pub(crate) async fn emit(
        self,
        tx: &mut TenantTx,
        facts: PostFacts,
        at: Timestamp,
    ) -> Result<()> {
        match self {
            Self::Created => emit(tx, &PostCreated(facts), at).await,
            Self::Saved => emit(tx, &PostSaved(facts), at).await,
            Self::Submitted => emit(tx, &PostSubmitted(facts), at).await,
            Self::Withdrawn => emit(tx, &PostWithdrawn(facts), at).await,
            Self::Approved => emit(tx, &PostApproved(facts), at).await,
            Self::SentBack => emit(tx, &PostSentBack(facts), at).await,
            Self::Noted => emit(tx, &PostNoted(facts), at).await,
            Self::Scheduled => emit(tx, &PostScheduled(facts), at).await,
            Self::Unscheduled => emit(tx, &PostUnscheduled(facts), at).await,
            Self::Published => emit(tx, &PostPublished(facts), at).await,
            Self::Updated => emit(tx, &PostUpdated(facts), at).await,
            Self::Unpublished => emit(tx, &PostUnpublished(facts), at).await,
            Self::EndScheduled => emit(tx, &PostEndScheduled(facts), at).await,
            Self::EndUnscheduled => emit(tx, &PostEndUnscheduled(facts), at).await,
            Self::Archived => emit(tx, &PostArchived(facts), at).await,
            Self::Unarchived => emit(tx, &PostUnarchived(facts), at).await,
            Self::Trashed => emit(tx, &PostTrashed(facts), at).await,
            Self::Restored => emit(tx, &PostRestored(facts), at).await,
            Self::Purged => emit(tx, &PostPurged(facts), at).await,
        }
    }
}
