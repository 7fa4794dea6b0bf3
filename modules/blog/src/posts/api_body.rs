//! Posts as the API speaks of them.

use files::FileId;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::publish::Schedule;
use super::save::{Edit, NewPost};
use super::versions::Reason;
use super::{Listed, ListedVersion, Post, PostId, Seo, State, Status, Text, Version, Visibility};
use crate::authors::{AuthorId, AuthorRef};
use crate::content::Heading;
use crate::images::Wanted;
use crate::tags::TagRef;

/// What lists and reads have in common.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostSummary {
    /// Its id.
    pub id: PostId,
    /// Counts changes; the `ETag` of the post, for `If-Match`.
    pub rev: i64,
    /// The state in effect: a scheduled post whose time has come is published.
    pub status: Status,
    /// Whether the draft says something else than what visitors read.
    pub changed: bool,
    /// Address below `/blog/`.
    pub slug: String,
    /// Title of the draft; may be empty until the post goes live.
    pub title: String,
    /// Written by hand, or the beginning of the text.
    pub summary: String,
    /// Whether it is featured.
    pub featured: bool,
    /// Its tags in order.
    pub tags: Vec<TagRef>,
    /// Its authors in order.
    pub authors: Vec<AuthorRef>,
    /// Words of the draft.
    pub word_count: i32,
    /// Minutes to read the draft.
    pub reading_minutes: i32,
    /// Number of the newest version, which is the draft.
    pub draft_version: i32,
    /// Number of the version that visitors read, now or from `live_at` on.
    pub live_version: Option<i32>,
    /// From when visitors read it.
    pub live_at: Option<Timestamp>,
    /// What was chosen when it was scheduled.
    pub schedule: Option<Schedule>,
    /// Until when visitors read it, if that was chosen.
    pub ends_at: Option<Timestamp>,
    /// What was chosen for its end.
    pub end_schedule: Option<Schedule>,
    /// Whether its address answers 410 once visitors cannot read it.
    pub gone: bool,
    /// Who may read it when it is live.
    pub visibility: Visibility,
    /// First publication; of a scheduled post the one ahead.
    pub published_at: Option<Timestamp>,
    /// Last change of the text that visitors read.
    pub content_updated_at: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Last change of anything.
    pub updated_at: Timestamp,
    /// Since when it is in the trash.
    pub trashed_at: Option<Timestamp>,
}

fn status(state: State) -> Status {
    match state {
        State::Is(status) => status,
        State::Trashed => Status::Draft,
    }
}

fn schedule(local: Option<String>, zone: Option<String>) -> Option<Schedule> {
    local
        .zip(zone)
        .map(|(local, time_zone)| Schedule { local, time_zone })
}

/// Both forms of a post hold the same facts, one with a text beside them.
macro_rules! summary {
    ($post:ident, $now:ident, $summary:expr) => {{
        let state = $post.state($now);
        let live_version = $post.live($now);
        PostSummary {
            status: status(state),
            changed: $post.is_changed($now),
            id: $post.id,
            rev: $post.rev,
            slug: $post.slug,
            title: $post.title,
            summary: $summary,
            featured: $post.featured,
            tags: $post.tags.0,
            authors: $post.authors.0,
            word_count: $post.word_count,
            reading_minutes: $post.reading_minutes,
            draft_version: $post.draft_no,
            live_version,
            live_at: $post.live_at.filter(|_| live_version.is_some()),
            schedule: schedule($post.schedule_local, $post.schedule_zone),
            ends_at: $post.ends_at.filter(|_| live_version.is_some()),
            end_schedule: schedule($post.ends_local, $post.ends_zone)
                .filter(|_| live_version.is_some()),
            gone: $post.gone,
            visibility: $post.visibility,
            published_at: $post.published_at,
            content_updated_at: $post.updated_content_at,
            created_at: $post.created_at,
            updated_at: $post.updated_at,
            trashed_at: $post.deleted_at,
        }
    }};
}

impl PostSummary {
    /// A row of a list, as it stands at `now`.
    #[must_use]
    pub fn new(post: Listed, now: Timestamp) -> Self {
        summary!(post, now, post.excerpt)
    }
}

/// A post with the text of its draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostBody {
    /// What lists say of it, too.
    #[serde(flatten)]
    pub summary: PostSummary,
    /// Markdown source.
    pub content: String,
    /// The source rendered and sanitised.
    pub html: String,
    /// Excerpt written by hand.
    pub excerpt: Option<String>,
    /// For search engines.
    pub seo: Seo,
    /// Headings of the text.
    pub toc: Vec<Heading>,
    /// The picture that stands for it.
    pub feature: Option<FeatureBody>,
}

/// The picture that stands for a post.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeatureBody {
    /// Id of the file; see `/api/v1/files/{id}` for its sizes.
    pub file: FileId,
    /// What can be seen; empty: as the file says.
    pub alt_text: String,
}

/// Which picture shall stand for a post.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureInput {
    /// Id of a public file; null: none.
    pub file: Option<FileId>,
    /// What can be seen, at most 500 characters; empty: as the file says.
    #[serde(default)]
    pub alt_text: String,
}

impl From<FeatureInput> for Wanted {
    fn from(input: FeatureInput) -> Self {
        Self {
            picture: input.file.map_or_else(String::new, |file| file.to_string()),
            alt: input.alt_text,
        }
    }
}

impl PostBody {
    /// The post as it stands at `now`.
    #[must_use]
    pub fn new(post: Post, now: Timestamp) -> Self {
        Self {
            summary: summary!(post, now, post.excerpt.clone().unwrap_or(post.summary)),
            content: post.content,
            html: post.html,
            excerpt: post.excerpt,
            seo: post.seo.0,
            toc: post.toc.0,
            feature: post.feature.map(|feature| FeatureBody {
                file: feature.file,
                alt_text: feature.0.alt,
            }),
        }
    }
}

/// One part of a list of posts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostList {
    /// The posts.
    pub data: Vec<PostSummary>,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}

/// A new post.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostCreate {
    /// Title, at most 255 characters; may be empty until the post goes live.
    pub title: String,
    /// Markdown source, at most 2 MiB.
    #[serde(default)]
    pub content: String,
    /// Excerpt, at most 300 characters; empty: the beginning of the text.
    #[serde(default)]
    pub excerpt: String,
    /// Address below `/blog/`; left out: made from the title.
    #[serde(default)]
    pub slug: Option<String>,
    /// Names of its tags; those that do not exist yet are made.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Ids of its authors; left out: you.
    #[serde(default)]
    pub authors: Vec<AuthorId>,
    /// Whether it is featured.
    #[serde(default)]
    pub featured: bool,
    /// Who may read it when it is live; left out: everybody.
    #[serde(default)]
    pub visibility: Visibility,
    /// For search engines.
    #[serde(default)]
    pub seo: Seo,
    /// The picture that stands for it.
    #[serde(default)]
    pub feature: FeatureInput,
}

impl From<PostCreate> for NewPost {
    fn from(body: PostCreate) -> Self {
        Self {
            text: Text {
                title: body.title,
                content: body.content,
                excerpt: Some(body.excerpt),
                seo: body.seo,
            },
            slug: body.slug,
            tags: body.tags,
            authors: body.authors,
            featured: body.featured,
            visibility: body.visibility,
            feature: body.feature.into(),
        }
    }
}

/// What changes in a post; what is left out stays as it is.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PostPatch {
    /// Title of the draft.
    pub title: Option<String>,
    /// Markdown source of the draft.
    pub content: Option<String>,
    /// Excerpt of the draft; empty: the beginning of the text.
    pub excerpt: Option<String>,
    /// For search engines; replaced as a whole.
    pub seo: Option<Seo>,
    /// Address below `/blog/`; the former one forwards. Holds at once.
    pub slug: Option<String>,
    /// Names of its tags, all of them. Holds at once.
    pub tags: Option<Vec<String>>,
    /// Ids of its authors, all of them. Holds at once.
    pub authors: Option<Vec<AuthorId>>,
    /// Whether it is featured. Holds at once.
    pub featured: Option<bool>,
    /// Who may read it when it is live. Holds at once; of a live post only who may publish changes it.
    pub visibility: Option<Visibility>,
    /// The picture that stands for it. Holds at once.
    pub feature: Option<FeatureInput>,
    /// Date of first publication, of a post that was published. Holds at once.
    pub published_at: Option<Timestamp>,
}

impl From<PostPatch> for Edit {
    fn from(body: PostPatch) -> Self {
        Self {
            title: body.title,
            content: body.content,
            excerpt: body.excerpt,
            seo: body.seo,
            slug: body.slug,
            tags: body.tags,
            authors: body.authors,
            featured: body.featured,
            visibility: body.visibility,
            feature: body.feature.map(Wanted::from),
            published_at: body.published_at,
        }
    }
}

/// A version as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionSummary {
    /// Counts up within the post.
    pub no: i32,
    /// Title then.
    pub title: String,
    /// Words then.
    pub word_count: i32,
    /// Why it was made, or that it went live.
    pub reason: Reason,
    /// Who made it, by the name of that time.
    pub author_name: String,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl From<ListedVersion> for VersionSummary {
    fn from(version: ListedVersion) -> Self {
        Self {
            no: version.no,
            title: version.title,
            word_count: version.word_count,
            reason: version.reason,
            author_name: version.author_name,
            created_at: version.created_at,
        }
    }
}

/// One part of a list of versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionList {
    /// The versions, newest first.
    pub data: Vec<VersionSummary>,
    /// Number to ask for `before` to get the next part; null at the end.
    pub next_before: Option<i32>,
}

/// A version with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionBody {
    /// What lists say of it, too.
    #[serde(flatten)]
    pub summary: VersionSummary,
    /// Markdown source.
    pub content: String,
    /// The source rendered and sanitised.
    pub html: String,
    /// Excerpt written by hand.
    pub excerpt: Option<String>,
    /// For search engines.
    pub seo: Seo,
}

impl From<Version> for VersionBody {
    fn from(version: Version) -> Self {
        Self {
            summary: VersionSummary {
                no: version.no,
                title: version.title,
                word_count: version.word_count,
                reason: version.reason,
                author_name: version.author_name,
                created_at: version.created_at,
            },
            content: version.content,
            html: version.html,
            excerpt: version.excerpt,
            seo: version.seo.0,
        }
    }
}
