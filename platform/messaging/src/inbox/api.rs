//! Operations on one's own inbox: `/api/v1/inbox/notifications`.

use axum::response::Response;
use http::StatusCode;
use kernel::{PageRequest, Timestamp};
use module::extract::{Json, Path, Query};
use module::problems::{Conflict, Invalid, Missing, Refused};
use module::{Answer, IdempotencyKey, Member, Result, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Entry, Filter, NotificationId};

pub(crate) fn routes() -> Routes {
    module::operations!(Routes::new(), list, mark, read_all)
}

/// News for the member.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationBody {
    /// Its id.
    id: NotificationId,
    /// Which news it is, such as `blog.comment`.
    kind: String,
    /// What happened.
    title: String,
    /// More of it; may be empty.
    body: String,
    /// Path on the workspace's host that it leads to.
    link: String,
    /// When it was read first; null: not yet.
    read_at: Option<Timestamp>,
    /// When it came.
    created_at: Timestamp,
}

impl From<Entry> for NotificationBody {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind,
            title: entry.title,
            body: entry.body,
            link: entry.link,
            read_at: entry.read_at,
            created_at: entry.created_at,
        }
    }
}

/// One part of an inbox.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationList {
    /// The news, newest first.
    data: Vec<NotificationBody>,
    /// How many are unread in all; 100 stands for more, too.
    unread: u32,
    /// Cursor of the next part; null at the end.
    next_cursor: Option<String>,
}

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Most notifications to return.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// Where the last part ended: its `next_cursor`.
    cursor: Option<String>,
    /// Only unread ones.
    #[serde(default)]
    unread: bool,
    /// Only kinds that begin with this and a dot, such as `blog`.
    area: Option<String>,
}

/// List one's notifications
#[utoipa::path(
    get, path = "/notifications", operation_id = "inbox.notifications.list", tag = "Inbox", params(ListQuery),
    responses((status = 200, description = "A part of the inbox.", body = NotificationList), Refused)
)]
async fn list(ctx: Member, Query(query): Query<ListQuery>) -> Result<Json<NotificationList>> {
    let request = PageRequest::new(query.limit, 50, query.cursor.as_deref())?;
    let member = ctx.person()?.membership;
    let filter = Filter {
        unread: query.unread,
        area: query.area,
    };
    let mut tx = ctx.begin().await?;
    let entries = super::inbox(&mut tx, member, &filter, request).await?;
    let unread = super::unread_count(&mut tx, member).await?;
    Ok(Json(NotificationList {
        data: entries.items.into_iter().map(Into::into).collect(),
        unread,
        next_cursor: entries.next,
    }))
}

/// Whether a notification was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// Whether it was read.
    read: bool,
}

/// Mark a notification as read or unread
#[utoipa::path(
    patch, path = "/notifications/{id}", operation_id = "inbox.notifications.update", tag = "Inbox", request_body = Mark,
    params(("id" = NotificationId, Path, description = "The notification.")),
    responses((status = 204, description = "It is marked."), Refused, Missing, Invalid)
)]
async fn mark(
    ctx: Member,
    Path(id): Path<NotificationId>,
    Json(mark): Json<Mark>,
) -> Result<StatusCode> {
    let member = ctx.person()?.membership;
    let mut tx = ctx.begin().await?;
    if mark.read {
        super::read(&mut tx, member, id, ctx.now()).await?;
    } else {
        super::unread(&mut tx, member, id).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many were marked.
#[derive(Debug, Serialize, ToSchema)]
struct Marked {
    /// Notifications that were unread before.
    marked: u64,
}

/// Mark all notifications as read
#[utoipa::path(
    post, path = "/notifications/read", operation_id = "inbox.notifications.read_all", tag = "Inbox",
    params(IdempotencyKey),
    responses((status = 200, description = "They are marked.", body = Marked), Refused, Conflict, Invalid)
)]
async fn read_all(ctx: Member, key: IdempotencyKey) -> Result<Response> {
    key.once(&ctx, (), async |tx, ()| {
        let marked = super::read_all(tx, ctx.person()?.membership, ctx.now()).await?;
        Ok(Answer::ok(&Marked { marked }))
    })
    .await
}
