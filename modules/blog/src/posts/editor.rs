//! The editor, at `/app/blog/posts/{id}/edit`: writing, saving, and what happens when two save.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Error, FieldError};
use maud::{Markup, PreEscaped, html};
use module::extract::{Form, Path};
use module::{Allowed, AllowedOn, AllowedSome, Ctx, Result, Routes};
use tenant_resolver::TenantTx;
use ui::{Card, Page, Tone, banner, link_button, submit};

use super::editor_form::{self, Draft};
use super::versions::{self, Reason};
use super::{Post, PostId, create, display_title, get, save};
use crate::authors;
use crate::content::{self, diff};
use crate::forms::{Pairs, told, value};
use crate::manifest::{ReadPosts, WritePosts};

const PATH: &str = "/app/blog/posts";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/posts/new", new)
        .post("/posts", begin)
        .post("/posts/autosave", autosave_new)
        .post("/posts/preview", preview)
        .get("/posts/{id}/edit", edit)
        .post("/posts/{id}", keep)
        .post("/posts/{id}/autosave", autosave)
}

async fn new(ctx: Allowed<WritePosts>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let draft = Draft {
        time_zone: ctx.tenant().zone.name().to_owned(),
        ..Draft::default()
    };
    show(&mut tx, &ctx, None, &draft, &[], None).await
}

async fn edit(ctx: AllowedOn<ReadPosts>, Path(id): Path<PostId>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let post = get(&mut tx, id).await?;
    let draft = Draft::of(&post, ctx.tenant().zone.name());
    show(&mut tx, &ctx, Some(&post), &draft, &[], None).await
}

/// The editor with these values; with errors or a warning it answers 422.
pub(super) async fn show(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: Option<&Post>,
    draft: &Draft,
    errors: &[FieldError],
    warning: Option<&str>,
) -> Result<Page> {
    let authors = authors::all(tx).await?;
    let form = editor_form::Form {
        ctx,
        post,
        draft,
        authors: &authors,
        errors,
        warning,
    };
    let title = post.map_or("New post", |post| display_title(&post.title));
    let fine = errors.is_empty() && warning.is_none();
    Ok(Page::new(title)
        .crumb("Posts", PATH)
        .body(form.render())
        .style("blog.css")
        .script("blog-editor.js")
        .status(if fine {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .wide())
}

async fn begin(ctx: Allowed<WritePosts>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let draft = Draft::read(&pairs);
    let mut tx = ctx.begin().await?;
    match create(&mut tx, &ctx, draft.clone().into_new()).await {
        Ok(post) => {
            tx.commit().await?;
            Ok(told(
                &format!("{PATH}/{}/edit", post.id),
                "Draft saved",
                None,
            )?)
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            Ok(show(&mut tx, &ctx, None, &draft, &errors, None)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn keep(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    match save_form(&ctx, id, &pairs).await? {
        Outcome::Saved(tx) => {
            tx.commit().await?;
            Ok(told(&format!("{PATH}/{id}/edit"), "Draft saved", None)?)
        }
        Outcome::Answer(response) => Ok(response),
    }
}

/// How saving the editor's form ended.
pub(super) enum Outcome {
    /// It is saved, in this transaction.
    Saved(TenantTx),
    /// It is not, and this is what to answer.
    Answer(Response),
}

/// Saves the editor's form. A broken rule shows the form again; a text that somebody else has changed in
/// the meantime leads to the page that compares both.
pub(super) async fn save_form(ctx: &Ctx, id: PostId, pairs: &Pairs) -> Result<Outcome> {
    let draft = Draft::read(pairs);
    let mut tx = ctx.begin().await?;
    let answer = match save(
        &mut tx,
        ctx,
        id,
        draft.rev,
        draft.clone().into_edit(),
        Reason::Save,
    )
    .await
    {
        Ok(_) => return Ok(Outcome::Saved(tx)),
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            let post = get(&mut tx, id).await?;
            show(&mut tx, ctx, Some(&post), &draft, &errors, None)
                .await?
                .into_response()
        }
        Err(Error::PreconditionFailed) => {
            let mut tx = ctx.begin().await?;
            let post = get(&mut tx, id).await?;
            conflict(&post, &draft, pairs).into_response()
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Outcome::Answer(answer))
}

/// Two have written: both texts, what differs, and the choice. Nothing is lost either way.
fn conflict(post: &Post, mine: &Draft, pairs: &Pairs) -> Page {
    let edit = format!("{PATH}/{}/edit", post.id);
    let merged = diff::diff(&post.content, &mine.content);
    let body = html! {
        (banner(Tone::Warn, "Somebody else saved this post while you were writing. Your text is below and has not been saved yet.", None))
        (Card::new(difference(&merged)).title("From their text to yours"))
        form method="post" action={ (PATH) "/" (post.id) } {
            input type="hidden" name="rev" value=(post.rev);
            @for (name, text) in pairs {
                @if name != "rev" && name != "content" { input type="hidden" name=(name) value=(text); }
            }
            (Card::new(html! {
                @if mine.title != post.title { p { "Your title: " strong { (display_title(&mine.title)) } ". Theirs: " strong { (display_title(&post.title)) } "." } }
                (ui::field::textarea("content", "Your text", 20).value(&mine.content).mono())
            })
            .title("Your version")
            .footer(html! {
                (submit("Save my version").primary())
                (link_button("Keep theirs", &edit))
            }))
        }
        (Card::new(html! { (ui::field::textarea("theirs", "Their text", 20).value(&post.content).mono().read_only()) }).title("Their version"))
        p { "Whichever you keep, the other stays in " a.link href={ (PATH) "/" (post.id) "/versions" } { "the versions" } " once it was saved." }
    };
    Page::new("Two versions of this post")
        .crumb("Posts", PATH)
        .crumb(display_title(&post.title), edit)
        .body(body)
        .style("blog.css")
        .status(StatusCode::CONFLICT)
}

/// A difference on a page.
pub(super) fn difference(merged: &diff::Diff) -> Markup {
    html! {
        // Focusable, so that a keyboard can scroll it.
        div.blog-diff tabindex="0" role="region" aria-label="Changes" {
            @for (change, text) in versions::pieces(merged) {
                @match change {
                    diff::Change::Equal => (text),
                    diff::Change::Insert => ins { (text) },
                    diff::Change::Delete => del { (text) },
                }
            }
        }
    }
}

/// Saves the text alone, while somebody writes. 409 tells the editor that somebody else was faster.
async fn autosave(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let draft = Draft::read(&pairs);
    let mut tx = ctx.begin().await?;
    let saved = save(
        &mut tx,
        &ctx,
        id,
        draft.rev,
        draft.into_text(),
        Reason::Autosave,
    )
    .await
    .map_err(|error| match error {
        Error::PreconditionFailed => Error::conflict(
            "changed_meanwhile",
            "Somebody else saved this post in the meantime.",
        ),
        other => other,
    })?;
    tx.commit().await?;
    Ok((StatusCode::NO_CONTENT, rev_header(saved.rev)).into_response())
}

/// Begins a post while somebody writes; the answer says where it is, and the editor goes on there.
async fn autosave_new(ctx: Allowed<WritePosts>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let post = create(&mut tx, &ctx, Draft::read(&pairs).into_new()).await?;
    tx.commit().await?;
    let mut headers = rev_header(post.rev);
    let place = HeaderValue::try_from(format!("{PATH}/{}", post.id)).map_err(Error::internal)?;
    headers.insert(header::LOCATION, place);
    Ok((StatusCode::CREATED, headers).into_response())
}

fn rev_header(rev: i64) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("x-rev"), HeaderValue::from(rev))])
}

/// The text as visitors would read it. Without scripts this is a page of its own.
async fn preview(_: AllowedSome<WritePosts>, Form(pairs): Form<Pairs>) -> Result<Html<String>> {
    let rendered =
        content::render(value(&pairs, "content")).map_err(|error| error.on("content"))?;
    Ok(Html(html! { (PreEscaped(rendered.html)) }.into_string()))
}
