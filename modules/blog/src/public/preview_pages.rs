//! What a preview link shows, at `/p/{token}`: a post that is not live, to whoever has the link.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use maud::html;
use module::Public;
use module::extract::Path;
use ui::{Page, Tone, banner};

use super::pages::{self, Viewer};
use super::site::Site;
use super::{preview_store, store::Post};
use crate::previews;

/// Nobody keeps it, nobody finds it by searching, and no link in it tells where it was.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "private, no-store"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (header::REFERRER_POLICY, "no-referrer"),
];

pub(super) async fn show(ctx: Public, Path(token): Path<String>) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let opened = previews::open(&mut tx, &token, ctx.now()).await?;
    let post = preview_store::find(&mut tx, opened.post, opened.version_no, ctx.now())
        .await?
        .ok_or_else(previews::over)?;
    let site = Site::of(&ctx)
        .showing(&mut tx, post.feature.as_deref())
        .await?;
    tx.commit().await?;
    let headers =
        HeaderMap::from_iter(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    let until = opened.expires_at.in_zone(&ctx.tenant().zone);
    let until = until.strftime("%-d %b %Y, %H:%M").to_string();
    Ok((headers, page(&site, &post, &until)).into_response())
}

fn page(site: &Site, post: &Post, until: &str) -> Page {
    let title = crate::posts::display_title(&post.title);
    Page::new(title)
        .style("blog.css")
        .own_heading()
        .head(html! { meta name="robots" content="noindex, nofollow"; })
        .body(html! {
            (banner(Tone::Info, &format!("This is a preview of a post that may still change. The link works until {until}."), None))
            (pages::article(site, Viewer::default(), post))
        })
}
