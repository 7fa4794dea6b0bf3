//! Operations on authors: `/api/v1/blog/authors`.

use axum::response::Response;
use http::HeaderMap;
use kernel::{MembershipId, Timestamp};
use module::extract::{Json, Path};
use module::{Allowed, Answer, IdempotencyKey, IfMatch, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Author, AuthorId, AuthorInput, add, all, get, update};
use crate::manifest::{EditAnyPost, ReadPosts, WritePosts};
use crate::respond::{Conflict, Invalid, Missing, Refused, Stale, tagged_with};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list, add_author, read, change)
}

/// An author's profile.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorBody {
    /// Their id.
    id: AuthorId,
    /// Counts changes; the `ETag` of the profile, for `If-Match`.
    rev: i64,
    /// Address below `/blog/author/`.
    slug: String,
    /// Name that readers see.
    display_name: String,
    /// A few words about them.
    bio: String,
    /// Address of their own website; empty: none.
    website: String,
    /// Posts that name them, the trash not counted.
    posts: i64,
    /// When the profile was made.
    created_at: Timestamp,
    /// Its last change.
    updated_at: Timestamp,
}

impl From<Author> for AuthorBody {
    fn from(author: Author) -> Self {
        Self {
            id: author.id,
            rev: author.rev,
            slug: author.slug,
            display_name: author.display_name,
            bio: author.bio,
            website: author.website,
            posts: author.posts,
            created_at: author.created_at,
            updated_at: author.updated_at,
        }
    }
}

/// The authors.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorList {
    /// All of them, by name.
    data: Vec<AuthorBody>,
}

/// Who becomes an author.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthorAdd {
    /// Their place in the workspace.
    membership_id: MembershipId,
}

/// What changes in a profile; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthorPatch {
    /// Name that readers see, at most 120 characters.
    display_name: Option<String>,
    /// Address below `/blog/author/`; the former one forwards.
    slug: Option<String>,
    /// A few words about them, at most 250 characters.
    bio: Option<String>,
    /// Address of their own website; empty: none.
    website: Option<String>,
}

/// List authors
#[utoipa::path(
    get, path = "/authors", operation_id = "blog.authors.list", tag = "Authors",
    responses((status = 200, description = "The authors, by name.", body = AuthorList), Refused)
)]
async fn list(ctx: Allowed<ReadPosts>) -> Result<Json<AuthorList>> {
    let mut tx = ctx.begin().await?;
    let authors = all(&mut tx).await?;
    Ok(Json(AuthorList {
        data: authors.into_iter().map(AuthorBody::from).collect(),
    }))
}

/// Add an author
///
/// Gives a colleague a profile, so that posts can name them. Those who write have one already; asking
/// again is harmless.
#[utoipa::path(
    post, path = "/authors", operation_id = "blog.authors.add", tag = "Authors", request_body = AuthorAdd,
    params(IdempotencyKey),
    responses((status = 201, description = "The author.", body = AuthorBody), Refused, Conflict, Invalid)
)]
async fn add_author(
    ctx: Allowed<EditAnyPost>,
    key: IdempotencyKey,
    Json(body): Json<AuthorAdd>,
) -> Result<Response> {
    key.once(&ctx, body.membership_id, async |tx, member| {
        let added = add(tx, &ctx, member).await?;
        let body = AuthorBody::from(get(tx, added.id).await?);
        Ok(Answer::created(&body))
    })
    .await
}

/// Read an author
#[utoipa::path(
    get, path = "/authors/{id}", operation_id = "blog.authors.read", tag = "Authors", params(("id" = AuthorId, Path)),
    responses(
        (status = 200, description = "The author.", body = AuthorBody, headers(("ETag" = String, description = "Its revision, and how many posts name them."))),
        (status = 304, description = "The client has it already."),
        Refused, Missing
    )
)]
async fn read(
    ctx: Allowed<ReadPosts>,
    Path(id): Path<AuthorId>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let author = get(&mut tx, id).await?;
    answer(&headers, author)
}

fn answer(headers: &HeaderMap, author: Author) -> Result<Response> {
    let (rev, posts) = (author.rev, author.posts);
    Ok(tagged_with(headers, rev, posts, &AuthorBody::from(author))?)
}

/// Change an author
///
/// One's own profile, or with the permission to edit all posts any.
#[utoipa::path(
    patch, path = "/authors/{id}", operation_id = "blog.authors.update", tag = "Authors", request_body = AuthorPatch,
    params(("id" = AuthorId, Path), IfMatch),
    responses(
        (status = 200, description = "The author.", body = AuthorBody, headers(("ETag" = String, description = "Its revision."))),
        Refused, Missing, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<WritePosts>,
    Path(id): Path<AuthorId>,
    IfMatch(rev): IfMatch,
    Json(body): Json<AuthorPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let author = get(&mut tx, id).await?;
    let input = AuthorInput {
        display_name: body.display_name.unwrap_or(author.display_name),
        slug: body.slug,
        bio: body.bio.unwrap_or(author.bio),
        website: body.website.unwrap_or(author.website),
    };
    let author = update(&mut tx, &ctx, id, Some(rev), input).await?;
    tx.commit().await?;
    answer(&HeaderMap::new(), author)
}
