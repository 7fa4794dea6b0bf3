//! Operations on notes: `/api/v1/blog/posts/{id}/notes`.

use axum::response::Response;
use kernel::{MembershipId, Timestamp};
use module::extract::{Json, Path};
use module::{AllowedOn, Answer, Ctx, IdempotencyKey, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{NewNote, Note, NoteId, NoteKind, add, list, resolve};
use crate::manifest::{ReadPosts, WritePosts};
use crate::posts::{self, PostId};
use crate::respond::{Conflict, Invalid, Missing, Refused};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), read, write, settle, reopen)
}

/// A note on a post.
#[derive(Debug, Serialize, ToSchema)]
struct NoteBody {
    /// Its id.
    id: NoteId,
    /// Number of the version that lay before its author.
    version: i32,
    /// Why it was written.
    kind: NoteKind,
    /// The passage that it is about; empty: the post as a whole.
    passage: String,
    /// What it says, plain text.
    body: String,
    /// Who wrote it.
    author: MembershipId,
    /// Their name at that time.
    author_name: String,
    /// When.
    created_at: Timestamp,
    /// Since when it is settled; null: open.
    resolved_at: Option<Timestamp>,
    /// Name of whoever settled it.
    resolved_by: Option<String>,
}

impl From<Note> for NoteBody {
    fn from(note: Note) -> Self {
        Self {
            id: note.id,
            version: note.version_no,
            kind: note.kind,
            passage: note.passage,
            body: note.body,
            author: note.author_id,
            author_name: note.author_name,
            created_at: note.created_at,
            resolved_at: note.resolved_at,
            resolved_by: note.resolved_by,
        }
    }
}

/// The notes on a post.
#[derive(Debug, Serialize, ToSchema)]
struct NoteList {
    /// The notes, oldest first; a post has at most 500.
    data: Vec<NoteBody>,
}

/// A new note.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteCreate {
    /// What it says: plain text, at most 4,000 characters.
    body: String,
    /// The passage that it is about, at most 1,000 characters; left out: the post as a whole.
    #[serde(default)]
    passage: String,
}

/// List the notes on a post
#[utoipa::path(
    get, path = "/posts/{id}/notes", operation_id = "blog.notes.list", tag = "Review", params(("id" = PostId, Path)),
    responses((status = 200, description = "The notes.", body = NoteList), Refused, Missing)
)]
async fn read(ctx: AllowedOn<ReadPosts>, Path(id): Path<PostId>) -> Result<Json<NoteList>> {
    let mut tx = ctx.begin().await?;
    let post = posts::get(&mut tx, id).await?;
    let notes = list(&mut tx, post.id).await?;
    Ok(Json(NoteList {
        data: notes.into_iter().map(NoteBody::from).collect(),
    }))
}

/// Write a note on a post
///
/// For who may edit the post or decide on it. Its authors and whoever wrote a note before are told.
#[utoipa::path(
    post, path = "/posts/{id}/notes", operation_id = "blog.notes.create", tag = "Review", request_body = NoteCreate,
    params(("id" = PostId, Path), IdempotencyKey),
    responses((status = 201, description = "The note.", body = NoteBody), Refused, Missing, Conflict, Invalid)
)]
async fn write(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    key: IdempotencyKey,
    Json(body): Json<NoteCreate>,
) -> Result<Response> {
    key.once(&ctx, body, async |tx, body| {
        let new = NewNote {
            body: body.body,
            passage: body.passage,
        };
        let note = add(tx, &ctx, id, new).await?;
        Ok(Answer::created(&NoteBody::from(note)))
    })
    .await
}

async fn decide(
    ctx: &Ctx,
    key: &IdempotencyKey,
    (id, note): (PostId, NoteId),
    resolved: bool,
) -> Result<Response> {
    key.once(ctx, resolved, async |tx, resolved| {
        let note = NoteBody::from(resolve(tx, ctx, id, note, resolved).await?);
        Ok(Answer::ok(&note))
    })
    .await
}

/// Resolve a note
#[utoipa::path(
    post, path = "/posts/{id}/notes/{note}/resolve", operation_id = "blog.notes.resolve", tag = "Review",
    params(("id" = PostId, Path), ("note" = NoteId, Path, description = "Id of the note."), IdempotencyKey),
    responses((status = 200, description = "The note.", body = NoteBody), Refused, Missing, Conflict, Invalid)
)]
async fn settle(
    ctx: AllowedOn<WritePosts>,
    Path((id, note)): Path<(PostId, NoteId)>,
    key: IdempotencyKey,
) -> Result<Response> {
    decide(&ctx, &key, (id, note), true).await
}

/// Open a resolved note again
#[utoipa::path(
    post, path = "/posts/{id}/notes/{note}/reopen", operation_id = "blog.notes.reopen", tag = "Review",
    params(("id" = PostId, Path), ("note" = NoteId, Path, description = "Id of the note."), IdempotencyKey),
    responses((status = 200, description = "The note.", body = NoteBody), Refused, Missing, Conflict, Invalid)
)]
async fn reopen(
    ctx: AllowedOn<WritePosts>,
    Path((id, note)): Path<(PostId, NoteId)>,
    key: IdempotencyKey,
) -> Result<Response> {
    decide(&ctx, &key, (id, note), false).await
}
