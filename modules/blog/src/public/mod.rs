//! What visitors see: the list, posts, tags, authors, series, search, feeds and sitemaps.
//!
//! Everything here shows what is live at the request's own instant, so a scheduled post appears when its time comes,
//! whether or not the worker has run. Each answer is one transaction with one statement.
//!
//! Rules of caching: visitors' answers may be kept for a minute by anybody and shown stale while they are fetched
//! anew; pages for members carry their links and stay private. Entity tags are hashes of the answer's bytes: feeds and
//! sitemaps set them here, pages get theirs where the frame is drawn around them.

mod audience;
mod feeds;
mod pages;
mod preview_pages;
mod preview_store;
mod review;
mod search_pages;
mod series_pages;
mod site;
mod sitemap;
mod sitemap_store;
mod store;

#[cfg(test)]
mod page_tests;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Cursor, Error, Timestamp};
use module::extract::{Path, Query};
use module::{Ctx, Public, Routes, conditional};
use serde::Deserialize;

use crate::comments;
use crate::comments::section_public::{self, Asked, Section, Subject, View};
use crate::posts::PostId;
use crate::settings::Settings;

pub use self::audience::Audience;
use self::pages::Viewer;
use self::site::Site;
pub(crate) use self::store::any;
use crate::content::slug::normalise;
use crate::images::Feature;

/// How long anybody may keep an answer.
const SHARED: HeaderValue =
    HeaderValue::from_static("public, max-age=60, stale-while-revalidate=300");
/// A member's browser may keep a page and asks each time whether it is still the present one.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Anybody may keep an answer, and asks each time whether it is still the present one.
const ASKED: HeaderValue = HeaderValue::from_static("public, no-cache");

/// The routes for visitors, below the tenant's root.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/blog", list)
        .get("/p/{token}", preview_pages::show)
        .get("/blog/{slug}", post)
        .get("/blog/review/{id}", review::draft)
        .get("/blog/tag/{slug}", tag)
        .get("/blog/tag/{slug}/feed.xml", feeds::tag)
        .get("/blog/author/{slug}", author)
        .get("/feed.xml", feeds::rss)
        .get("/atom.xml", feeds::atom)
        .get("/feed.json", feeds::json)
        .get("/sitemap.xml", sitemap::index)
        .get("/sitemap-pages-{part}", sitemap::pages)
        .get("/sitemap-posts-{part}", sitemap::posts)
        .get("/sitemap-tags-{part}", sitemap::tags)
        .get("/sitemap-authors-{part}", sitemap::authors)
        .get("/sitemap-series-{part}", sitemap::series)
        .get("/robots.txt", sitemap::robots)
        .get("/search", search_pages::search)
        .get("/series/{slug}", series_pages::series)
        .get("/series/{slug}/feed.xml", feeds::series)
}

/// Which page of a list is wanted.
#[derive(Debug, Deserialize)]
struct Wanted {
    /// Where the page before ended.
    #[serde(default)]
    after: String,
}

impl Wanted {
    fn cursor(&self) -> Result<Option<Cursor>, Error> {
        if self.after.is_empty() {
            return Ok(None);
        }
        // To a reader, an address that we never gave out leads nowhere.
        Cursor::decode(&self.after)
            .map(Some)
            .map_err(|_| Error::NotFound("page"))
    }
}

async fn list(ctx: Public, Query(wanted): Query<Wanted>) -> module::Result<Response> {
    let after = wanted.cursor()?;
    let mut tx = ctx.begin().await?;
    let list = store::list(&mut tx, after, Audience::of(&ctx), ctx.now()).await?;
    let changed_at = list.changed_at;
    let site = Site::of(&ctx)
        .showing(&mut tx, features(&list.posts))
        .await?;
    let page = pages::list(&site, Viewer::of(&ctx), list, after);
    Ok((kept(&ctx, changed_at), page).into_response())
}

async fn tag(
    ctx: Public,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
) -> module::Result<Response> {
    let after = wanted.cursor()?;
    let mut tx = ctx.begin().await?;
    let list = store::list_of_tag(
        &mut tx,
        &normalise(&slug),
        after,
        Audience::of(&ctx),
        ctx.now(),
    )
    .await?
    .ok_or(Error::NotFound("tag"))?;
    let site = Site::of(&ctx);
    if let Some(present) = present_slug(&list, &slug) {
        return Ok(moved(&ctx, &site.tag(present)));
    }
    let changed_at = list.changed_at;
    let site = site.showing(&mut tx, features(&list.posts)).await?;
    let page = pages::tag(&site, list, after);
    Ok((kept(&ctx, changed_at), page).into_response())
}

async fn author(
    ctx: Public,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
) -> module::Result<Response> {
    let after = wanted.cursor()?;
    let mut tx = ctx.begin().await?;
    let list = store::list_of_author(
        &mut tx,
        &normalise(&slug),
        after,
        Audience::of(&ctx),
        ctx.now(),
    )
    .await?
    .ok_or(Error::NotFound("author"))?;
    let site = Site::of(&ctx);
    if let Some(present) = present_slug(&list, &slug) {
        return Ok(moved(&ctx, &site.author(present)));
    }
    let changed_at = list.changed_at;
    let site = site.showing(&mut tx, features(&list.posts)).await?;
    let page = pages::author(&site, list, after);
    Ok((kept(&ctx, changed_at), page).into_response())
}

async fn post(
    ctx: Public,
    Path(slug): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> module::Result<Response> {
    let view = View::new(&asked, comments::public::visitor(&headers));
    post_page(&ctx, &slug, view, false).await
}

/// The page of a live post with its comments. `here` is whether the address may be another than the post's own, as that
/// of a form is.
pub(crate) async fn post_page(
    ctx: &Ctx,
    slug: &str,
    view: View,
    here: bool,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let audience = Audience::of(ctx);
    let Some(post) = store::post(&mut tx, &normalise(slug), audience, ctx.now()).await? else {
        let hidden = store::hidden(&mut tx, &normalise(slug), ctx.now()).await?;
        let answer = hidden.map_or(Error::NotFound("post"), |hidden| hidden.answer(audience));
        return Err(answer.into());
    };
    let site = Site::of(ctx);
    if post.slug != slug && !here {
        return Ok(moved(ctx, &site.post(&post.slug)));
    }
    let settings = post
        .settings
        .as_ref()
        .map_or_else(Settings::default, |row| row.0.clone());
    let personal = view.is_personal() || here;
    let subject = Subject {
        id: PostId(post.id),
        slug: &post.slug,
        published_at: post.published_at,
        comments_enabled: post.comments_enabled,
        count: post.comments,
    };
    let section = section_public::load(&mut tx, ctx, &settings, subject, view).await?;
    let mut headers = kept(ctx, post.changed_at);
    if personal {
        headers.insert(header::CACHE_CONTROL, PRIVATE);
    } else if section.as_ref().is_some_and(Section::is_open) && ctx.visitor().is_none() {
        // A comment is public as soon as it is approved: caches ask each time.
        headers.insert(header::CACHE_CONTROL, ASKED);
    }
    if section.is_some() {
        // Comments change without the post: the tag over the page's bytes decides alone.
        headers.remove(header::LAST_MODIFIED);
    }
    let section = section.map(|section| section.render(ctx));
    let site = site.showing(&mut tx, post.feature.as_deref()).await?;
    let page = pages::post(&site, Viewer::of(ctx), &post, section.as_ref());
    Ok((headers, page).into_response())
}

/// The pictures that stand for the posts of a list.
fn features(posts: &[store::Listed]) -> impl Iterator<Item = &Feature> {
    posts.iter().filter_map(|post| post.feature.as_ref())
}

/// The slug that a list's subject has now, when it was asked for by a former one.
fn present_slug<'a>(list: &'a store::List, asked: &str) -> Option<&'a str> {
    list.subject
        .as_ref()
        .map(|subject| subject.slug.as_str())
        .filter(|present| *present != asked)
}

/// Headers of a page.
fn kept(ctx: &Ctx, modified_at: Option<Timestamp>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let rule = if ctx.visitor().is_some() {
        PRIVATE
    } else {
        SHARED
    };
    headers.insert(header::CACHE_CONTROL, rule);
    if let Some(at) = modified_at {
        headers.insert(header::LAST_MODIFIED, conditional::http_date(at));
    }
    headers
}

/// Sends on to the present address, with the query that came along. For good, yet not remembered for long: a former
/// slug may become another post's.
fn moved(ctx: &Ctx, to: &str) -> Response {
    let query = ctx
        .request()
        .path
        .split_once('?')
        .map_or(String::new(), |(_, query)| format!("?{query}"));
    let mut response = StatusCode::MOVED_PERMANENTLY.into_response();
    response.headers_mut().extend(kept(ctx, None));
    if let Ok(location) = HeaderValue::try_from(format!("{to}{query}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A document that is the same for everybody: feeds, sitemaps, `robots.txt`.
pub(crate) fn document(
    asked: &HeaderMap,
    media_type: &'static str,
    modified_at: Option<Timestamp>,
    body: String,
) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, SHARED);
    headers.insert(header::ETAG, conditional::entity_tag(body.as_bytes()));
    if let Some(at) = modified_at {
        headers.insert(header::LAST_MODIFIED, conditional::http_date(at));
    }
    if conditional::is_current(asked, &headers) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    (headers, body).into_response()
}
