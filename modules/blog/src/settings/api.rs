//! Operations on settings: `/api/v1/blog/settings`.

use axum::response::Response;
use http::HeaderMap;
use kernel::Timestamp;
use module::extract::Json;
use module::{Allowed, IfMatch, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FeedContent, Settings, get, update};
use crate::comments::{CommentSettings, Mode, Moderation};
use crate::manifest::{ReadSettings, UpdateSettings};
use crate::respond::{Invalid, Refused, Stale, tagged};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), read, change)
}

/// The settings of the blog.
#[derive(Debug, Serialize, ToSchema)]
struct SettingsBody {
    /// Counts changes, 0 for the defaults; the `ETag`, for `If-Match`.
    rev: i64,
    /// Title; empty: the workspace's name.
    title: String,
    /// One line below the title.
    tagline: String,
    /// A few sentences for search engines and feeds.
    description: String,
    /// Posts on one page of a public list.
    posts_per_page: i32,
    /// Posts in a feed.
    feed_items: i32,
    /// How much of a post its feeds carry.
    feed_content: FeedContent,
    /// Whether search engines are welcome.
    indexable: bool,
    /// Hours that a preview link works when nobody chooses.
    preview_ttl_hours: i32,
    /// Who may comment, and what is looked at first.
    #[serde(flatten)]
    comments: CommentSettings,
    /// Last change; null for the defaults.
    updated_at: Option<Timestamp>,
}

impl From<Settings> for SettingsBody {
    fn from(settings: Settings) -> Self {
        Self {
            rev: settings.rev,
            title: settings.title,
            tagline: settings.tagline,
            description: settings.description,
            posts_per_page: settings.posts_per_page,
            feed_items: settings.feed_items,
            feed_content: settings.feed_content,
            indexable: settings.indexable,
            preview_ttl_hours: settings.preview_ttl_hours,
            comments: settings.comments,
            updated_at: settings.updated_at,
        }
    }
}

/// What changes in the settings; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingsPatch {
    /// Title, at most 255 characters; empty: the workspace's name.
    title: Option<String>,
    /// One line below the title, at most 300 characters.
    tagline: Option<String>,
    /// A few sentences, at most 500 characters.
    description: Option<String>,
    /// Posts on one page of a public list, 1 to 100.
    posts_per_page: Option<i32>,
    /// Posts in a feed, 1 to 100.
    feed_items: Option<i32>,
    /// How much of a post its feeds carry.
    feed_content: Option<FeedContent>,
    /// Whether search engines are welcome.
    indexable: Option<bool>,
    /// Hours that a preview link works when nobody chooses, 1 to 720.
    preview_ttl_hours: Option<i32>,
    /// Who may comment.
    comments_mode: Option<Mode>,
    /// What waits for a moderator.
    comments_moderation: Option<Moderation>,
    /// Days after publication on which a post takes comments, 1 to 3650; 0: always.
    comments_close_after_days: Option<i32>,
    /// How deep threads are shown, 1 to 5.
    comments_max_depth: Option<i32>,
    /// More links than this and a comment waits, 0 to 100.
    comments_link_limit: Option<i32>,
    /// Words that make a comment spam, at most 1000, replaced as a whole.
    comments_blocklist: Option<Vec<String>>,
    /// Whether authors and watchers hear of new comments.
    comments_notify: Option<bool>,
}

/// Read the settings
#[utoipa::path(
    get, path = "/settings", operation_id = "blog.settings.read", tag = "Settings",
    responses(
        (status = 200, description = "The settings.", body = SettingsBody, headers(("ETag" = String, description = "Their revision."))),
        (status = 304, description = "The client has them already."),
        Refused
    )
)]
async fn read(ctx: Allowed<ReadSettings>, headers: HeaderMap) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let settings = get(&mut tx).await?;
    Ok(tagged(
        &headers,
        settings.rev,
        &SettingsBody::from(settings),
    )?)
}

/// Change the settings
#[utoipa::path(
    patch, path = "/settings", operation_id = "blog.settings.update", tag = "Settings", request_body = SettingsPatch,
    params(IfMatch),
    responses(
        (status = 200, description = "The settings.", body = SettingsBody, headers(("ETag" = String, description = "Their revision."))),
        Refused, Stale, Invalid
    )
)]
async fn change(
    ctx: Allowed<UpdateSettings>,
    IfMatch(rev): IfMatch,
    Json(body): Json<SettingsPatch>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let before = get(&mut tx).await?;
    let comments = before.comments;
    let settings = Settings {
        title: body.title.unwrap_or(before.title),
        tagline: body.tagline.unwrap_or(before.tagline),
        description: body.description.unwrap_or(before.description),
        posts_per_page: body.posts_per_page.unwrap_or(before.posts_per_page),
        feed_items: body.feed_items.unwrap_or(before.feed_items),
        feed_content: body.feed_content.unwrap_or(before.feed_content),
        indexable: body.indexable.unwrap_or(before.indexable),
        preview_ttl_hours: body.preview_ttl_hours.unwrap_or(before.preview_ttl_hours),
        comments: CommentSettings {
            comments_mode: body.comments_mode.unwrap_or(comments.comments_mode),
            comments_moderation: body
                .comments_moderation
                .unwrap_or(comments.comments_moderation),
            comments_close_after_days: match body.comments_close_after_days {
                Some(0) => None,
                Some(days) => Some(days),
                None => comments.comments_close_after_days,
            },
            comments_max_depth: body
                .comments_max_depth
                .unwrap_or(comments.comments_max_depth),
            comments_link_limit: body
                .comments_link_limit
                .unwrap_or(comments.comments_link_limit),
            comments_blocklist: body
                .comments_blocklist
                .unwrap_or(comments.comments_blocklist),
            comments_notify: body.comments_notify.unwrap_or(comments.comments_notify),
        },
        rev: before.rev,
        updated_at: before.updated_at,
    };
    let settings = update(&mut tx, &ctx, Some(rev), settings).await?;
    tx.commit().await?;
    Ok(tagged(
        &HeaderMap::new(),
        settings.rev,
        &SettingsBody::from(settings),
    )?)
}
