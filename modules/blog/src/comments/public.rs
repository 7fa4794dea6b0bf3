//! What visitors send: comments, confirmations, changes, reports. Each works as a plain form, and answers programs that
//! ask for JSON with the bare facts.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Error, FieldError};
use maud::{PreEscaped, html};
use module::extract::{Form as Input, Path};
use module::{Ctx, Problem, Public, Routes, wants_json};
use serde::Serialize;
use ui::{Card, Page, link_button, submit};

use super::readers::{self, used_link};
use super::section_public::{Asked, HONEYPOT, Typed, View};
use super::write::{self, Draft, Form, Posted, Told, Visitor};
use super::{CommentId, guard, public_store, replies, store};
use crate::content::feed::{self, Author, Feed, FeedContent, Item};
use crate::forms::{Pairs, rev, value};
use crate::public;

/// Name of the cookie that lets a guest change what they wrote, and spares them a second confirmation.
const COOKIE: &str = "commenter";
/// How long it is kept: a year.
const COOKIE_SECONDS: u32 = 31_536_000;
/// Comments in a feed.
const FEED: i64 = 50;

/// The routes for visitors, below the tenant's root.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .post("/blog/{slug}/comments", send)
        .get("/blog/{slug}/comments/feed.xml", newest)
        .get("/blog/comments/confirm/{token}", ask)
        .post("/blog/comments/confirm/{token}", confirm)
        .post("/blog/comments/{id}/edit", edit)
        .post("/blog/comments/{id}/delete", withdraw)
        .post("/blog/comments/{id}/report", report)
        .merge(replies::routes())
}

/// The browser that a request came from, if it has commented before.
pub(crate) fn visitor(headers: &HeaderMap) -> Option<Visitor> {
    secret(headers).map(Visitor::of)
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
        .filter(|secret| secret.len() == 43)
}

fn remember(ctx: &Ctx, response: &mut Response, secret: &str) {
    let secure = if ctx.app().links().secure() {
        "; Secure"
    } else {
        ""
    };
    if let Ok(cookie) = HeaderValue::try_from(format!(
        "{COOKIE}={secret}; Path=/blog; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    )) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// What a program is told of its comment.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: CommentId,
    /// `approved` or `pending`.
    status: &'a str,
    /// Whether its writer has to confirm it by mail.
    confirm: bool,
}

/// Status and body for a comment that was taken: 201 when it is public, 202 when it is held.
fn answer(id: CommentId, told: Told) -> Response {
    let status = match told {
        Told::Approved => StatusCode::CREATED,
        Told::Held | Told::Confirm => StatusCode::ACCEPTED,
    };
    let body = Answer {
        id,
        status: if told == Told::Approved {
            "approved"
        } else {
            "pending"
        },
        confirm: told == Told::Confirm,
    };
    let mut response = (status, axum::Json(body)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Why somebody who is banned is refused.
pub(super) fn ban_problem() -> Problem {
    Problem {
        kind: "about:blank",
        title: "Forbidden".into(),
        status: 403,
        code: "banned",
        detail: BANNED.into(),
        errors: Vec::new(),
        product: None,
        access: None,
        resubscribe_url: None,
        read_only_until: None,
        scope: None,
    }
}

/// The refusal of somebody who is banned.
pub(super) fn banned() -> Response {
    let mut response = (StatusCode::FORBIDDEN, axum::Json(ban_problem())).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

const BANNED: &str =
    "You cannot comment here. Write to the owner of this website if you think that is a mistake.";

async fn send(
    ctx: Public,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Input(pairs): Input<Pairs>,
) -> module::Result<Response> {
    let known = secret(&headers).map(str::to_owned);
    let guest = ctx.visitor().is_none();
    let secret = match &known {
        Some(secret) => secret.clone(),
        None => guard::secret().0,
    };
    let draft = Draft {
        content: value(&pairs, "content").to_owned(),
        parent: value(&pairs, "parent").parse().ok(),
        name: value(&pairs, "name").to_owned(),
        email: value(&pairs, "email").to_owned(),
        notify_replies: value(&pairs, "notify_replies") == "true",
        form: Some(Form {
            token: value(&pairs, "token").to_owned(),
            honeypot: value(&pairs, HONEYPOT).to_owned(),
        }),
        visitor: guest.then(|| Visitor::of(&secret)),
    };
    let mut tx = ctx.begin().await?;
    let post = store::commentable(&mut tx, &ctx, None, Some(&slug))
        .await?
        .ok_or(Error::NotFound("post"))?;
    let json = wants_json(&ctx.request().path, &headers);
    let posted = write::post(&mut tx, &ctx, &post, &draft).await;
    let (status, errors) = match posted {
        Ok(Posted::Taken { id, told }) => {
            tx.commit().await?;
            let mut response = if json {
                answer(id, told)
            } else {
                let slug = &post.slug;
                Redirect::to(&format!("/blog/{slug}?comment={}#comments", told.as_str()))
                    .into_response()
            };
            if guest && known.is_none() {
                remember(&ctx, &mut response, &secret);
            }
            return Ok(response);
        }
        Ok(Posted::Banned { .. }) if json => return Ok(banned()),
        Ok(Posted::Banned { .. }) => (
            StatusCode::FORBIDDEN,
            vec![FieldError::new("", "banned", BANNED)],
        ),
        Err(error) if json => return Err(error.into()),
        Err(Error::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Err(Error::Conflict { code, message }) => (
            StatusCode::CONFLICT,
            vec![FieldError::new("", code, message)],
        ),
        Err(error @ Error::TooMany { .. }) => {
            drop(tx);
            let wait = module::Failure::from(error).into_response();
            let errors = vec![FieldError::new(
                "",
                "too_many_requests",
                "You have just commented. Wait a moment, then send it again.",
            )];
            let mut page = again(&ctx, &post.slug, &headers, &draft, errors).await?;
            *page.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            if let Some(after) = wait.headers().get(header::RETRY_AFTER) {
                page.headers_mut()
                    .insert(header::RETRY_AFTER, after.clone());
            }
            return Ok(page);
        }
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    let mut page = again(&ctx, &post.slug, &headers, &draft, errors).await?;
    *page.status_mut() = status;
    Ok(page)
}

/// The post's page with what was typed and what is wrong with it.
async fn again(
    ctx: &Ctx,
    slug: &str,
    headers: &HeaderMap,
    draft: &Draft,
    errors: Vec<FieldError>,
) -> module::Result<Response> {
    let mut view = View::new(&Asked::default(), visitor(headers));
    view.reply = draft.parent;
    view.typed = Typed {
        content: draft.content.clone(),
        name: draft.name.clone(),
        email: draft.email.clone(),
        notify_replies: draft.notify_replies,
        errors,
    };
    public::post_page(ctx, slug, view, true).await
}

/// The page behind the link of a confirmation mail. It changes nothing: programs that look into mail follow links.
async fn ask(ctx: Public, Path(token): Path<String>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let id = store::find_unconfirmed(&mut tx, &guard::hash(&token), ctx.now())
        .await?
        .ok_or_else(used_link)?;
    let comment = store::unconfirmed(&mut tx, id)
        .await?
        .ok_or_else(used_link)?;
    let body = html! {
        div.reading {
            (Card::new(html! { div.blog-said { (PreEscaped(&comment.html)) } }).title(format!("On “{}”", comment.title)))
            form.blog-confirm method="post" action={ "/blog/comments/confirm/" (token) } {
                p { "Confirm that you wrote this. Your address stays with the owner of this website and is never shown." }
                div.cluster {
                    (submit("Confirm my comment").primary())
                    (link_button("Back to the post", format!("/blog/{}", comment.slug)))
                }
            }
        }
    };
    Ok(Page::new("Confirm your comment")
        .style("blog.css")
        .style("blog-comments.css")
        .head(html! { meta name="robots" content="noindex"; })
        .body(body))
}

async fn confirm(ctx: Public, Path(token): Path<String>) -> module::Result<Redirect> {
    let mut tx = ctx.begin().await?;
    let (told, slug) = readers::confirm(&mut tx, &ctx, &token).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!(
        "/blog/{slug}?comment={}#comments",
        told.as_str()
    )))
}

/// Where a comment's post is, with news for its reader.
async fn back(ctx: &Ctx, id: CommentId, news: &str) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let slug = store::slug_of(&mut tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    Ok(Redirect::to(&format!("/blog/{slug}?comment={news}#comments")).into_response())
}

async fn edit(
    ctx: Public,
    Path(id): Path<CommentId>,
    headers: HeaderMap,
    Input(pairs): Input<Pairs>,
) -> module::Result<Response> {
    let content = value(&pairs, "content");
    let mut tx = ctx.begin().await?;
    let slug = store::slug_of(&mut tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    let who = visitor(&headers);
    match readers::edit(&mut tx, &ctx, id, who, rev(&pairs), content).await {
        Ok(status) => {
            tx.commit().await?;
            let news = if status == super::Status::Approved {
                "changed"
            } else {
                "pending"
            };
            Ok(Redirect::to(&format!("/blog/{slug}?comment={news}#comments")).into_response())
        }
        Err(Error::Invalid(errors)) if !wants_json(&ctx.request().path, &headers) => {
            drop(tx);
            let mut view = View::new(&Asked::default(), who);
            view.edit = Some(id);
            view.typed.content = content.to_owned();
            view.typed.errors = errors;
            let mut page = public::post_page(&ctx, &slug, view, true).await?;
            *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn withdraw(
    ctx: Public,
    Path(id): Path<CommentId>,
    headers: HeaderMap,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let slug = store::slug_of(&mut tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    readers::withdraw(&mut tx, &ctx, id, visitor(&headers), None).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/blog/{slug}?comment=deleted#comments")).into_response())
}

async fn report(
    ctx: Public,
    Path(id): Path<CommentId>,
    Input(pairs): Input<Pairs>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    readers::report(&mut tx, &ctx, id, value(&pairs, "reason")).await?;
    tx.commit().await?;
    back(&ctx, id, "reported").await
}

/// The newest comments on a post, for feed readers.
async fn newest(
    ctx: Public,
    Path(slug): Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let post = store::commentable(&mut tx, &ctx, None, Some(&slug))
        .await?
        .ok_or(Error::NotFound("post"))?;
    let comments = public_store::newest(&mut tx, post.id, FEED).await?;
    let home = ctx.link(&format!("/blog/{}", post.slug));
    let settings = write::settings_of(&post);
    let feed = Feed {
        title: format!("Comments on {}", post.title),
        description: settings.title_or(&ctx.tenant().name).to_owned(),
        self_url: format!("{home}/comments/feed.xml"),
        id: format!("urn:uuid:{}", post.id),
        language: ctx.tenant().locale.clone(),
        updated: post.published_at,
        content: FeedContent::Full,
        items: comments
            .into_iter()
            .map(|comment| {
                let name = comment.name.unwrap_or_else(|| "Somebody".into());
                Item {
                    id: format!("urn:uuid:{}", comment.id),
                    url: format!("{home}#comment-{}", comment.id),
                    title: format!("Comment by {name}"),
                    html: comment.html,
                    excerpt: String::new(),
                    published: comment.created_at,
                    updated: comment.edited_at.unwrap_or(comment.created_at),
                    authors: vec![Author { name, url: None }],
                    tags: Vec::new(),
                    image: None,
                }
            })
            .collect(),
        home,
    };
    Ok(public::document(
        &asked,
        "application/rss+xml; charset=utf-8",
        None,
        feed::rss(&feed),
    ))
}
