//! Notes on the page of a post: `/app/blog/posts/{id}/notes`.

use axum::response::{IntoResponse, Response};
use kernel::Error;
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{AllowedOn, Ctx, Result, Routes};
use ui::{Card, field, submit};

use super::{NewNote, Note, NoteId, NoteKind, add, may_note, resolve};
use crate::forms::{Pairs, lapsed, told, value};
use crate::manifest::WritePosts;
use crate::posts::editor::{self, Extras};
use crate::posts::{Post, PostId, get};
use crate::show;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/posts/{id}/notes", write)
        .post("/posts/{id}/notes/{note}/resolve", settle)
        .post("/posts/{id}/notes/{note}/reopen", reopen)
}

fn back(id: PostId) -> String {
    format!("/app/blog/posts/{id}/edit#review")
}

async fn write(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let new = NewNote {
        body: value(&pairs, "body").to_owned(),
        passage: value(&pairs, "passage").to_owned(),
    };
    let mut tx = ctx.begin().await?;
    match add(&mut tx, &ctx, id, new.clone()).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(told(&back(id), "The note is added", None)?)
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            let post = get(&mut tx, id).await?;
            let extras = Extras {
                note: Some((&new, &errors)),
                ..Extras::default()
            };
            Ok(editor::present(&mut tx, &ctx, &post, &extras)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn settle(
    ctx: AllowedOn<WritePosts>,
    Path((id, note)): Path<(PostId, NoteId)>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    resolve(&mut tx, &ctx, id, note, true).await?;
    tx.commit().await?;
    let undo = format!("/app/blog/posts/{id}/notes/{note}/reopen");
    Ok(told(&back(id), "The note is resolved", Some(&undo))?)
}

async fn reopen(
    ctx: AllowedOn<WritePosts>,
    Path((id, note)): Path<(PostId, NoteId)>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    resolve(&mut tx, &ctx, id, note, false).await?;
    tx.commit().await?;
    Ok(told(&back(id), "The note is open again", None)?)
}

/// The thread below the editor.
pub(crate) fn card(
    ctx: &Ctx,
    post: &Post,
    notes: &[Note],
    typed: Option<(&NewNote, &[kernel::FieldError])>,
) -> Markup {
    let blank = NewNote::default();
    let (draft, errors) = typed.unwrap_or((&blank, &[]));
    let writes =
        may_note(ctx, post) && (ctx.may("blog.posts.write") || post.may_edit(ctx)) && !lapsed(ctx);
    let path = format!("/app/blog/posts/{}/notes", post.id);
    let open = notes.iter().filter(|note| note.resolved_at.is_none());
    let open = open.count();
    html! {
        (Card::new(html! {
            @if notes.is_empty() { p { "Nobody has said anything about this post yet. Visitors never see notes." } }
            @else { ol.blog-notes { @for note in notes { li.blog-settled[note.resolved_at.is_some()] { (entry(ctx, note, &path, writes)) } } } }
            @if writes {
                form.blog-note-form method="post" action=(path) {
                    (field::textarea("passage", "About this passage", 2).value(&draft.passage).errors(errors).optional()
                        .help("Copy the words that the note is about. Empty: the post as a whole."))
                    p { button.button type="button" data-editor-quote hidden { "Quote the selected words" } }
                    (field::textarea("body", "Note", 3).value(&draft.body).errors(errors).max_length(4000))
                    (submit("Add the note"))
                }
            }
        })
        .id("review")
        .title("Review notes")
        .note(match open { 0 => String::new(), 1 => "1 open".into(), open => format!("{open} open") }))
    }
}

fn entry(ctx: &Ctx, note: &Note, path: &str, writes: bool) -> Markup {
    let with = match note.kind {
        NoteKind::Note => "",
        NoteKind::Submitted => " with the submission",
        NoteKind::SentBack => " when sending it back",
    };
    html! {
        p.blog-note-by { strong { (note.author_name) } (with) ", "
            (show::time(note.created_at, &show::ago(ctx, note.created_at))) ", version " (note.version_no) }
        @if !note.passage.is_empty() { blockquote { (note.passage) } }
        p.blog-note-body { (note.body) }
        @match (&note.resolved_at, &note.resolved_by) {
            (Some(_), Some(by)) => p.blog-note-by { "Resolved by " (by) "." },
            _ => "",
        }
        @if writes {
            @let (label, act) = if note.resolved_at.is_some() { ("Open again", "reopen") } else { ("Resolve", "resolve") };
            form method="post" action={ (path) "/" (note.id) "/" (act) } { (submit(label).ghost()) }
        }
    }
}
