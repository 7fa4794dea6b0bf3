//! Posts, tags and authors as a front end gets them.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::content::Heading;
use crate::posts::Seo;

/// Every field of a post.
pub(super) const POST: &[&str] = &[
    "id",
    "slug",
    "url",
    "title",
    "excerpt",
    "featured",
    "word_count",
    "reading_minutes",
    "published_at",
    "updated_at",
    "seo",
    "html",
    "plaintext",
    "markdown",
    "toc",
    "tags",
    "primary_tag",
    "authors",
    "primary_author",
    "comment_count",
];

/// A tag of a post.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ContentTagRef {
    /// Its id.
    pub id: Uuid,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// An author of a post.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ContentAuthorRef {
    /// Their id.
    pub id: Uuid,
    /// Their slug.
    pub slug: String,
    /// Their name.
    pub name: String,
}

/// A live post. Which fields it has, `include`, `formats` and `fields` decide.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ContentPost {
    /// Its id.
    #[schema(required = false)]
    pub id: Uuid,
    /// Its slug.
    #[schema(required = false)]
    pub slug: String,
    /// Its page on the workspace's own site.
    #[schema(required = false)]
    pub url: String,
    /// Title.
    #[schema(required = false)]
    pub title: String,
    /// Written by hand, or the beginning of the text.
    #[schema(required = false)]
    pub excerpt: String,
    /// Whether it is featured.
    #[schema(required = false)]
    pub featured: bool,
    /// Words of the text.
    #[schema(required = false)]
    pub word_count: i32,
    /// Minutes to read it.
    #[schema(required = false)]
    pub reading_minutes: i32,
    /// First publication.
    #[schema(required = false)]
    pub published_at: Timestamp,
    /// Last change of what visitors read.
    #[schema(required = false)]
    pub updated_at: Timestamp,
    /// For search engines.
    #[schema(required = false)]
    pub seo: Seo,
    /// The text, rendered and sanitised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub html: Option<String>,
    /// The text without any form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub plaintext: Option<String>,
    /// The text as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub markdown: Option<String>,
    /// Headings of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub toc: Option<Vec<Heading>>,
    /// Its tags in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub tags: Option<Vec<ContentTagRef>>,
    /// The first of its tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub primary_tag: Option<ContentTagRef>,
    /// Its authors in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub authors: Option<Vec<ContentAuthorRef>>,
    /// The first of its authors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub primary_author: Option<ContentAuthorRef>,
    /// Public comments on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub comment_count: Option<i64>,
}

/// One part of the live posts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContentPostList {
    /// The posts, in the order that was asked for.
    #[schema(value_type = Vec<ContentPost>)]
    pub data: Value,
    /// How many posts there are in all parts together.
    pub total: i64,
    /// Number of this page; null after a cursor.
    pub page: Option<i64>,
    /// How many pages of this length there are.
    pub pages: i64,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}

/// A tag that live posts have.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ContentTag {
    /// Its id.
    pub id: Uuid,
    /// Its slug.
    pub slug: String,
    /// Its page on the workspace's own site.
    pub url: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Live posts that have it.
    pub posts: i64,
}

/// The tags that live posts have.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContentTagList {
    /// The tags, the oldest first.
    pub data: Vec<ContentTag>,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}

/// Somebody who wrote a live post.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ContentAuthor {
    /// Their id.
    pub id: Uuid,
    /// Their slug.
    pub slug: String,
    /// Their page on the workspace's own site.
    pub url: String,
    /// Their name.
    pub name: String,
    /// What they say about themselves.
    pub bio: String,
    /// Their own website; empty without.
    pub website: String,
    /// Live posts that they wrote.
    pub posts: i64,
}

/// Everybody who wrote a live post.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContentAuthorList {
    /// The authors, those first who wrote first.
    pub data: Vec<ContentAuthor>,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}
