//! Search by programs: `/api/v1/blog/search`.

use kernel::{PageRequest, Timestamp};
use module::extract::{Json, Query};
use module::{Allowed, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Hit, Scope, find};
use crate::authors::AuthorRef;
use crate::content::snippet::Piece;
use crate::content::wanted::Wanted;
use crate::manifest::ReadPosts;
use crate::posts::{PostId, Status, effective};
use crate::public::Audience;
use crate::respond::Refused;
use crate::tags::TagRef;

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), search_posts)
}

/// Where to look.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Where {
    /// What anybody can read, in the version that they read.
    #[default]
    Live,
    /// Every post outside the trash, in its draft.
    Drafts,
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Words, "phrases in quotes" and -words that must not be there; the last word may be unfinished. At most 200
    /// characters are read. Without a word to look for nothing is found.
    #[serde(default)]
    q: String,
    /// Where to look; left out: what anybody can read.
    #[serde(default)]
    #[param(inline, required = false)]
    scope: Where,
    /// Most posts to return.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
}

/// A piece of a text: put together they are the text, without markup.
#[derive(Debug, Serialize, ToSchema)]
struct PieceBody {
    /// What it says.
    text: String,
    /// Whether it was looked for.
    marked: bool,
}

/// A post that was found.
#[derive(Debug, Serialize, ToSchema)]
struct HitBody {
    /// Its id.
    id: PostId,
    /// Address below `/blog/`.
    slug: String,
    /// The status in effect now.
    status: Status,
    /// Its title.
    title: String,
    /// Its title in pieces.
    title_pieces: Vec<PieceBody>,
    /// The part of its text that shows why it was found, in pieces.
    snippet: Vec<PieceBody>,
    /// First publication.
    published_at: Option<Timestamp>,
    /// Minutes that reading takes.
    reading_minutes: i32,
    /// Its tags.
    tags: Vec<TagRef>,
    /// Its authors.
    authors: Vec<AuthorRef>,
}

/// One part of what was found.
#[derive(Debug, Serialize, ToSchema)]
struct FoundBody {
    /// The posts, best first.
    data: Vec<HitBody>,
    /// How many there are in all. Of more than 60 those of the newest posts are ranked.
    total: i64,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

fn pieces(pieces: Vec<Piece>) -> Vec<PieceBody> {
    let body = |piece: Piece| PieceBody {
        text: piece.text,
        marked: piece.marked,
    };
    pieces.into_iter().map(body).collect()
}

impl HitBody {
    fn new(hit: Hit, now: Timestamp) -> Self {
        let row = hit.row;
        Self {
            id: row.id,
            slug: row.slug,
            status: effective(row.status, row.live_at, row.ends_at, now),
            title: row.title,
            title_pieces: pieces(hit.title),
            snippet: pieces(hit.snippet),
            published_at: row.published_at,
            reading_minutes: row.reading_minutes,
            tags: row.tags.0,
            authors: row.authors.0,
        }
    }
}

/// Search posts
#[utoipa::path(
    get, path = "/search", operation_id = "blog.posts.search", tag = "Posts", params(SearchQuery),
    responses((status = 200, description = "What was found, best first.", body = FoundBody), Refused)
)]
async fn search_posts(
    ctx: Allowed<ReadPosts>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<FoundBody>> {
    let request = PageRequest::new(query.limit, 20, query.cursor.as_deref())?;
    let Some(wanted) = Wanted::parse(&query.q) else {
        return Ok(Json(FoundBody {
            data: Vec::new(),
            total: 0,
            next_cursor: None,
        }));
    };
    let scope = match query.scope {
        Where::Live => Scope::Live(Audience::EVERYBODY),
        Where::Drafts => Scope::Drafts,
    };
    let mut tx = ctx.begin().await?;
    let found = find(&mut tx, &wanted, scope, request, ctx.now()).await?;
    let now = ctx.now();
    Ok(Json(FoundBody {
        total: found.total,
        next_cursor: found.page.next,
        data: found
            .page
            .items
            .into_iter()
            .map(|hit| HitBody::new(hit, now))
            .collect(),
    }))
}
