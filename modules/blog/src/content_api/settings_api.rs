//! What a front end needs to know of the blog itself: `/api/v1/blog/content/settings`.

use axum::response::Response;
use http::HeaderMap;
use module::problems::Refused;
use module::{Allowed, Result, Routes};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use crate::comments::Mode;
use crate::manifest::ReadContent;
use crate::settings;

pub(super) fn routes() -> Routes {
    module::operations!(Routes::new(), read_settings)
}

/// What visitors are told of the blog.
#[derive(Debug, Serialize, ToSchema)]
struct ContentSettings {
    /// Its title; the workspace's name where it has none of its own.
    title: String,
    /// One line below the title.
    tagline: String,
    /// A few sentences for search engines and feeds.
    description: String,
    /// Where visitors find it.
    url: String,
    /// Its feed, as RSS.
    feed_url: String,
    /// Language of the workspace (BCP 47).
    language: String,
    /// Zone of its wall clock (IANA).
    time_zone: String,
    /// Posts on one page of a public list.
    posts_per_page: i32,
    /// Whether search engines are welcome.
    indexable: bool,
    /// Who may comment.
    comments_mode: Mode,
}

/// Read the public settings
#[utoipa::path(
    get, path = "/content/settings", operation_id = "blog.content_settings.read", tag = "Content",
    responses(
        (status = 200, description = "The settings.", body = ContentSettings, headers(("ETag" = String, description = "A hash of the answer."))),
        (status = 304, description = "The client has it already."),
        Refused
    )
)]
async fn read_settings(ctx: Allowed<ReadContent>, headers: HeaderMap) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let settings = settings::get(&mut tx).await?;
    let tenant = ctx.tenant();
    let body = ContentSettings {
        title: settings.title_or(&tenant.name).to_owned(),
        tagline: settings.tagline,
        description: settings.description,
        url: ctx.link("/blog"),
        feed_url: ctx.link("/feed.xml"),
        language: tenant.locale.clone(),
        time_zone: tenant.zone.name().to_owned(),
        posts_per_page: settings.posts_per_page,
        indexable: settings.indexable,
        comments_mode: settings.comments.comments_mode,
    };
    Ok(answer(&ctx, &headers, None, &body)?)
}
