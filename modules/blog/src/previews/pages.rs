//! Preview links on the page of a post: `/app/blog/posts/{id}/previews`.

use axum::response::{IntoResponse, Response};
use kernel::{Error, FieldError};
use maud::{Markup, html};
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Result, Routes};
use ui::field::Choice;
use ui::{Card, Page, Row, copy_field, field, link_button, rows, submit};

use super::{NewPreview, Preview, PreviewId, create, may_share, revoke};
use crate::forms::{Pairs, lapsed, told, value};
use crate::manifest::WritePosts;
use crate::posts::editor::{self, Extras};
use crate::posts::{Post, PostId, display_title, get};
use crate::show;

const PATH: &str = "/app/blog/posts";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/posts/{id}/previews", make)
        .post("/posts/{id}/previews/{preview}/revoke", shut)
}

/// The form as somebody typed it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    shows: String,
    hours: String,
    max_views: String,
}

impl Draft {
    fn read(pairs: &Pairs) -> Self {
        let text = |name: &str| value(pairs, name).trim().to_owned();
        Self {
            shows: text("version"),
            hours: text("hours"),
            max_views: text("max_views"),
        }
    }

    fn parse(&self) -> Result<NewPreview, Error> {
        fn number<T: std::str::FromStr>(
            text: &str,
            field: &'static str,
        ) -> Result<Option<T>, FieldError> {
            if text.is_empty() {
                return Ok(None);
            }
            text.parse()
                .map(Some)
                .map_err(|_| FieldError::new(field, "invalid", "Enter a whole number."))
        }
        Ok(NewPreview {
            version: number(&self.shows, "version")?,
            hours: number(&self.hours, "hours")?,
            max_views: number(&self.max_views, "max_views")?,
        })
    }
}

async fn make(
    ctx: Allowed<WritePosts>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let draft = Draft::read(&pairs);
    let mut tx = ctx.begin().await?;
    let made = match draft.parse() {
        Ok(new) => create(&mut tx, &ctx, id, new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok((link, secret)) => {
            let post = get(&mut tx, id).await?;
            tx.commit().await?;
            let address = ctx.link(&format!("/p/{}", secret.as_str()));
            Ok(shown_once(&ctx, &post, &link, &address).into_response())
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            let post = get(&mut tx, id).await?;
            let extras = Extras {
                preview: Some((&draft, &errors)),
                ..Extras::default()
            };
            Ok(editor::present(&mut tx, &ctx, &post, &extras)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The page that shows a link, this once.
fn shown_once(ctx: &Ctx, post: &Post, link: &Preview, address: &str) -> Page {
    let edit = format!("{PATH}/{}/edit", post.id);
    Page::new("Your preview link")
        .crumb("Posts", PATH)
        .crumb(display_title(&post.title), &*edit)
        .narrow()
        .body(html! {
            (Card::new(html! {
                div.stack {
                    (copy_field("preview-link", "Link", address))
                    p { "Whoever has it can read this post without signing in, until " (show::minute(ctx, link.expires_at)) "." }
                    p { "Copy it now: we keep no copy and cannot show it again. You can revoke it on the page of the post at any time." }
                }
            }).footer(html! { (link_button("Back to the post", edit)) }))
        })
}

async fn shut(
    ctx: Allowed<WritePosts>,
    Path((id, preview)): Path<(PostId, PreviewId)>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    revoke(&mut tx, &ctx, id, preview).await?;
    tx.commit().await?;
    Ok(told(
        &format!("{PATH}/{id}/edit#previews"),
        "The preview link is revoked",
        None,
    )?)
}

/// The card below the editor. `usual` is how many hours a link works when nobody chooses.
pub(crate) fn card(
    ctx: &Ctx,
    post: &Post,
    (links, usual): (&[Preview], i32),
    typed: Option<(&Draft, &[FieldError])>,
) -> Markup {
    let blank = Draft::default();
    let (draft, errors) = typed.unwrap_or((&blank, &[]));
    let shares = may_share(ctx, post) && ctx.may("blog.posts.write") && !lapsed(ctx);
    let path = format!("{PATH}/{}/previews", post.id);
    let list: Vec<Row> = links
        .iter()
        .map(|link| row(ctx, link, &path, shares))
        .collect();
    let versions = vec![
        Choice::new("", "The newest draft at that time"),
        Choice::new(
            post.draft_no.to_string(),
            format!("Version {}, as it is now", post.draft_no),
        ),
    ];
    let usual = usual.to_string();
    let chosen = if draft.hours.is_empty() {
        &usual
    } else {
        &draft.hours
    };
    let mut hours = vec![
        Choice::new("24", "A day"),
        Choice::new("72", "Three days"),
        Choice::new("168", "A week"),
        Choice::new("720", "30 days"),
    ];
    if !["24", "72", "168", "720"].contains(&usual.as_str()) {
        let label = match usual.as_str() {
            "1" => "An hour".to_owned(),
            usual => format!("{usual} hours"),
        };
        hours.insert(0, Choice::new(usual.clone(), label));
    }
    html! {
        (Card::new(html! {
            @if links.is_empty() { p { "Nobody outside can see this draft. A preview link shows it to whoever has the link, for a while." } }
            @else { (rows(&list)) }
            @if shares {
                form method="post" action=(path) {
                    (field::select("version", "Shows", versions).value(&draft.shows).errors(errors))
                    (field::select("hours", "Works for", hours).value(chosen).errors(errors))
                    (field::number("max_views", "Views at most").value(&draft.max_views).errors(errors).optional().min("1").max("10000"))
                    (submit("Create a preview link"))
                }
            }
        })
        .id("previews")
        .title("Preview links"))
    }
}

fn row(ctx: &Ctx, link: &Preview, path: &str, shares: bool) -> Row {
    let shows = link.version_no.map_or_else(
        || "The newest draft".to_owned(),
        |no| format!("Version {no}"),
    );
    let times = match (link.views, link.max_views) {
        (views, Some(most)) => format!("{views} of {most} views"),
        (1, None) => "1 view".to_owned(),
        (views, None) => format!("{views} views"),
    };
    Row::new(shows)
        .note(html! {
            "Until " (show::time(link.expires_at, &show::minute(ctx, link.expires_at))) ", " (times) ", made by " (link.created_by_name)
        })
        .end(html! {
            @if shares {
                form method="post" action={ (path) "/" (link.id) "/revoke" } { (submit("Revoke").ghost()) }
            }
        })
}
