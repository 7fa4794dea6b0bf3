//! A draft as a guest sees it who was asked to look at it, at `/blog/review/{id}`: the present text, and nothing around it.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};
use kernel::Error;
use maud::{PreEscaped, html};
use module::extract::Path;
use module::{Invited, Result};
use ui::{Page, Tone, banner, submit};

use crate::manifest::ReadPosts;
use crate::posts::{PostId, display_title, get};

/// The gate has looked whether the link of this guest is for this post.
pub(super) async fn draft(ctx: Invited<ReadPosts>, Path(id): Path<PostId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let post = get(&mut tx, id).await?;
    if post.deleted_at.is_some() {
        return Err(Error::NotFound("post").into());
    }
    let page = Page::new(display_title(&post.title))
        .style("blog.css")
        .body(html! {
            (banner(Tone::Info, "This is a draft that was shared with you. What the public reads may differ.", None))
            article.blog-prose { (PreEscaped(&post.html)) }
            @if ctx.guest().is_some() {
                form method="post" action="/guest/leave" { (submit("Close this draft").ghost()) }
            }
        });
    let mut response = page.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
    Ok(response)
}
