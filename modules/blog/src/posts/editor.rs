//! The editor, at `/app/blog/posts/{id}/edit`: writing, saving, and what happens when two save.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Error, FieldError};
use maud::{Markup, PreEscaped, html};
use module::extract::{Form, Path};
use module::{Allowed, AllowedOn, AllowedSome, Ctx, Result, Routes};
use tenant_resolver::TenantTx;
use ui::{Card, Page, Tone, banner, submit};

use super::editor_form::{self, Draft};
use super::versions::{self, Reason};
use super::{Post, PostId, create, display_title, get, restore_version, save};
use crate::content::{self, diff};
use crate::forms::{Pairs, told, value};
use crate::images;
use crate::locks::{self, Lock};
use crate::manifest::{ReadPosts, WritePosts};
use crate::review::{self, NewNote};
use crate::{authors, previews, settings};

const PATH: &str = "/app/blog/posts";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/posts/new", new)
        .post("/posts", begin)
        .post("/posts/autosave", autosave_new)
        .post("/posts/preview", preview)
        .get("/posts/{id}/edit", edit)
        .post("/posts/{id}", keep)
        .post("/posts/{id}/keep-theirs", keep_theirs)
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
    present(&mut tx, &ctx, &post, &Extras::default()).await
}

/// Forms beside the editor's own, as somebody typed them, with the rules that they broke.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    pub note: Option<(&'a NewNote, &'a [FieldError])>,
    pub preview: Option<(&'a previews::pages::Draft, &'a [FieldError])>,
}

/// The editor of a post as it is stored.
pub(crate) async fn present(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &Post,
    extras: &Extras<'_>,
) -> Result<Page> {
    let draft = Draft::of(post, ctx.tenant().zone.name());
    let page = page(tx, ctx, Some(post), &draft, (&[], None), extras).await?;
    let fine = extras.note.is_none() && extras.preview.is_none();
    Ok(page.status(status(fine)))
}

fn status(fine: bool) -> StatusCode {
    if fine {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
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
    let said = (errors, warning);
    let page = page(tx, ctx, post, draft, said, &Extras::default()).await?;
    Ok(page.status(status(errors.is_empty() && warning.is_none())))
}

async fn page(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: Option<&Post>,
    draft: &Draft,
    (errors, warning): (&[FieldError], Option<&str>),
    extras: &Extras<'_>,
) -> Result<Page> {
    let authors = authors::all(tx).await?;
    let lock = match post {
        Some(post) => locks::held_by_another(tx, ctx, post.id).await?,
        None => None,
    };
    let around = if let Some(post) = post {
        around(tx, ctx, post, extras).await?
    } else {
        html! {}
    };
    let form = editor_form::Form {
        ctx,
        post,
        draft,
        authors: &authors,
        errors,
        warning,
        lock: lock.as_ref(),
    };
    let title = post.map_or("New post", |post| display_title(&post.title));
    Ok(Page::new(title)
        .crumb("Posts", PATH)
        .body(html! { (form.render()) (around) })
        .style("blog-desk.css")
        .script("blog-editor.js")
        .wide())
}

/// What people do with a draft besides writing it: talk about it, and show it to others.
async fn around(tx: &mut TenantTx, ctx: &Ctx, post: &Post, extras: &Extras<'_>) -> Result<Markup> {
    let notes = review::list(tx, post.id).await?;
    let links = previews::list(tx, post.id, ctx.now()).await?;
    let usual = settings::get(tx).await?.preview_ttl_hours;
    Ok(html! {
        div.blog-around {
            (review::pages::card(ctx, post, &notes, extras.note))
            (previews::pages::card(ctx, post, (&links, usual), extras.preview))
        }
    })
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
/// the meantime, or is changing now, leads to the page that compares both.
pub(super) async fn save_form(ctx: &Ctx, id: PostId, pairs: &Pairs) -> Result<Outcome> {
    let draft = Draft::read(pairs);
    let mut tx = ctx.begin().await?;
    if value(pairs, "take_over") == "true" {
        locks::acquire(&mut tx, ctx, id, true).await?;
    } else if let Some(lock) = locks::held_by_another(&mut tx, ctx, id).await? {
        let post = get(&mut tx, id).await?;
        let answer = conflict(&post, &draft, pairs, Some(&lock));
        return Ok(Outcome::Answer(answer.into_response()));
    }
    let edit = draft.clone().into_edit();
    let answer = match save(&mut tx, ctx, id, draft.rev, edit, Reason::Save).await {
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
            conflict(&post, &draft, pairs, None).into_response()
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Outcome::Answer(answer))
}

/// Leaves the other's text as the draft, and puts one's own among the versions: nothing is lost.
async fn keep_theirs(
    ctx: AllowedOn<WritePosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let draft = Draft::read(&pairs);
    let mut tx = ctx.begin().await?;
    let theirs = get(&mut tx, id).await?;
    let mine = draft.clone().into_text();
    match save(&mut tx, &ctx, id, draft.rev, mine, Reason::Save).await {
        Ok(saved) if saved.changed => {
            restore_version(&mut tx, &ctx, id, Some(saved.rev), theirs.draft_no).await?;
            tx.commit().await?;
            Ok(told(
                &format!("{PATH}/{id}/edit"),
                "Their text stays, and yours is among the versions",
                None,
            )?)
        }
        Ok(_) => Ok(told(
            &format!("{PATH}/{id}/edit"),
            "Both texts are the same",
            None,
        )?),
        Err(Error::PreconditionFailed) => {
            let mut tx = ctx.begin().await?;
            let post = get(&mut tx, id).await?;
            Ok(conflict(&post, &draft, &pairs, None).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Two have written: both texts, what differs, and the choice. Nothing is lost either way.
fn conflict(post: &Post, mine: &Draft, pairs: &Pairs, lock: Option<&Lock>) -> Page {
    let edit = format!("{PATH}/{}/edit", post.id);
    let merged = diff::diff(&post.content, &mine.content);
    let why = match lock {
        Some(lock) => format!(
            "{} is editing this post now. Your text is below and has not been saved yet.",
            lock.holder_name
        ),
        None => "Somebody else saved this post while you were writing. Your text is below and has not been saved yet.".to_owned(),
    };
    let carried = |name: &str| {
        !matches!(
            name,
            "rev" | "content" | "title" | "take_over" | "note" | "confirmed"
        )
    };
    let body = html! {
        (banner(Tone::Warn, &why, None))
        (Card::new(html! {
            @if merged.is_empty() { p { "The texts are the same." } } @else { (difference(&merged)) }
        })
        .title("From their text to yours")
        .note(format!("{} words added, {} removed", merged.inserted_words, merged.deleted_words)))
        form method="post" action={ (PATH) "/" (post.id) } {
            input type="hidden" name="rev" value=(post.rev);
            input type="hidden" name="take_over" value="true";
            @for (name, text) in pairs.iter().filter(|(name, _)| carried(name)) { input type="hidden" name=(name) value=(text); }
            div.blog-both {
                (Card::new(html! {
                    (ui::field::text("title", "Title").value(&mine.title).max_length(255))
                    (ui::field::textarea("content", "Text", 18).value(&mine.content).mono()
                        .help("To merge both, copy what you want to keep of theirs into this text."))
                }).title("Your version"))
                (Card::new(html! {
                    (ui::field::text("theirs-title", "Their title").value(display_title(&post.title)).read_only())
                    (ui::field::textarea("theirs", "Their text", 18).value(&post.content).mono().read_only())
                }).title("Their version"))
            }
            div.blog-choice {
                (submit("Save my version").primary())
                (submit("Keep theirs").form_action(format!("{PATH}/{}/keep-theirs", post.id)))
            }
        }
        p { "Whichever you keep, the other stays in " a.link href={ (PATH) "/" (post.id) "/versions" } { "the versions" } "." }
    };
    Page::new("Two versions of this post")
        .crumb("Posts", PATH)
        .crumb(display_title(&post.title), edit)
        .body(body)
        .style("blog-desk.css")
        .wide()
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
    if let Some(lock) = locks::held_by_another(&mut tx, &ctx, id).await? {
        let text = format!("{} is editing this post.", lock.holder_name);
        return Err(Error::conflict("locked", text).into());
    }
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
async fn preview(ctx: AllowedSome<WritePosts>, Form(pairs): Form<Pairs>) -> Result<Html<String>> {
    let source = value(&pairs, "content");
    let mut tx = ctx.begin().await?;
    let pictures = images::named_in(&mut tx, source).await?;
    drop(tx);
    let rendered = content::render_with(source, &pictures).map_err(|error| error.on("content"))?;
    Ok(Html(html! { (PreEscaped(rendered.html)) }.into_string()))
}
