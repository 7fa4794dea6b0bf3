//! The versions of a post, at `/app/blog/posts/{id}/versions`.

use axum::response::{IntoResponse, Response};
use kernel::Error;
use maud::{PreEscaped, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Result, Routes};
use serde::Deserialize;
use ui::{Card, Page, Row, Tone, badge, link_button, rows, submit};

use super::editor::difference;
use super::{PostId, display_title, get, restore_version, versions};
use crate::content::diff;
use crate::forms::{Pairs, lapsed, rev, told};
use crate::manifest::{ReadPosts, WritePosts};
use crate::show;

const PATH: &str = "/app/blog/posts";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/posts/{id}/versions", list)
        .get("/posts/{id}/versions/{no}", compare)
        .post("/posts/{id}/versions/{no}/restore", restore)
}

#[derive(Debug, Deserialize)]
struct Before {
    before: Option<i32>,
}

async fn list(
    ctx: Allowed<ReadPosts>,
    Path(id): Path<PostId>,
    Query(query): Query<Before>,
) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let post = get(&mut tx, id).await?;
    let (versions, next) = versions::list(&mut tx, id, query.before, 50).await?;
    drop(tx);
    let list: Vec<Row> = versions
        .iter()
        .map(|version| {
            let when = show::minute(&ctx, version.created_at);
            let marks = html! {
                @if post.live_no == Some(version.no) { (badge(Tone::Ok, "Live")) " " }
                @if post.draft_no == version.no { (badge(Tone::Neutral, "Draft")) }
            };
            Row::new(format!("Version {}: {}", version.no, version.reason.title().to_lowercase()))
                .href(format!("{PATH}/{id}/versions/{}", version.no))
                .note(html! { (version.author_name) ", " (show::time(version.created_at, &when)) ", " (version.word_count) " words" })
                .end(marks)
        })
        .collect();
    let body = html! {
        (Card::new(rows(&list)).flush())
        @if let Some(before) = next { p { (link_button("Older versions", format!("{PATH}/{id}/versions?before={before}"))) } }
    };
    Ok(Page::new("Versions")
        .lead("Every text that was saved. Restoring one changes the draft, and nothing that visitors read.")
        .crumb("Posts", PATH)
        .crumb(display_title(&post.title), format!("{PATH}/{id}/edit"))
        .body(body)
        .narrow())
}

#[derive(Debug, Deserialize)]
struct Against {
    from: Option<i32>,
}

/// A version, and what changed in it: since the version before, unless another is named.
async fn compare(
    ctx: Allowed<ReadPosts>,
    Path((id, no)): Path<(PostId, i32)>,
    Query(query): Query<Against>,
) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let post = get(&mut tx, id).await?;
    let version = versions::get(&mut tx, id, no).await?;
    let from = match query.from {
        Some(from) => Some(from),
        None => versions::list(&mut tx, id, Some(no), 1)
            .await?
            .0
            .first()
            .map(|older| older.no),
    };
    let older = match from {
        Some(from) => Some(versions::get(&mut tx, id, from).await?),
        None => None,
    };
    drop(tx);
    let may_restore = post.may_edit(&ctx) && no != post.draft_no && post.deleted_at.is_none();
    let body = html! {
        @match &older {
            Some(older) => {
                @let merged = diff::diff(&older.content, &version.content);
                @if older.title != version.title {
                    p { "The title changed from " strong { (display_title(&older.title)) } " to " strong { (display_title(&version.title)) } "." }
                }
                (Card::new(html! {
                    @if merged.is_empty() { p { "The text is the same." } } @else { (difference(&merged)) }
                })
                .title(format!("Changes since version {}", older.no))
                .note(format!("{} words added, {} removed", merged.inserted_words, merged.deleted_words)))
            }
            None => p { "This is the oldest version that is kept." }
        }
        (Card::new(html! { div.blog-prose { (PreEscaped(&version.html)) } }).title("As it reads"))
    };
    let when = show::minute(&ctx, version.created_at);
    Ok(Page::new(format!("Version {no}"))
        .lead(format!("{} by {} on {when}.", version.reason.title(), version.author_name))
        .crumb("Posts", PATH)
        .crumb(display_title(&post.title), format!("{PATH}/{id}/edit"))
        .crumb("Versions", format!("{PATH}/{id}/versions"))
        .actions(html! {
            @if no != post.draft_no { (link_button("Compare with the draft", format!("{PATH}/{id}/versions/{}?from={no}", post.draft_no))) }
            @if may_restore {
                form method="post" action={ (PATH) "/" (id) "/versions/" (no) "/restore" } {
                    input type="hidden" name="rev" value=(post.rev);
                    (submit("Restore this version").primary().disabled(lapsed(&ctx)))
                }
            }
        })
        .body(body)
        .style("blog-desk.css"))
}

async fn restore(
    ctx: Allowed<WritePosts>,
    Path((id, no)): Path<(PostId, i32)>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    match restore_version(&mut tx, &ctx, id, rev(&pairs), no).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(told(
                &format!("{PATH}/{id}/edit"),
                &format!("Version {no} is the draft again"),
                None,
            )?
            .into_response())
        }
        Err(Error::PreconditionFailed) => Ok(told(
            &format!("{PATH}/{id}/versions"),
            "Somebody has changed the post in the meantime. Look at the versions and restore again.",
            None,
        )?),
        Err(error) => Err(error.into()),
    }
}
