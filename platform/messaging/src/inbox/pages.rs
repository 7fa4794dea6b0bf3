//! The inbox of a member, at `/app/inbox`.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::{Page as Part, PageRequest, Timestamp};
use maud::{Markup, html};
use module::extract::{Path, Query};
use module::{Ctx, Member, Result, Routes};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use ui::table::Pager;
use ui::{Card, Empty, Page, Tab, Tone, badge, icon, icons, segmented, submit};

use super::{Entry, NotificationId};

const PATH: &str = "/app/inbox";
const UNREAD: &str = "/app/inbox?filter=unread";
const REGION: &str = "inbox";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get(PATH, list)
        .post("/app/inbox/read-all", read_all)
        .post("/app/inbox/unread-all", unread_all)
        .get("/app/inbox/{id}", open)
        .post("/app/inbox/{id}/read", read)
        .post("/app/inbox/{id}/unread", unread)
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    filter: String,
    cursor: Option<String>,
}

async fn list(ctx: Member, Query(query): Query<Filter>) -> Result<Page> {
    let unread_only = query.filter == "unread";
    let request = PageRequest::new(None, 30, query.cursor.as_deref())?;
    let member = ctx.person()?.membership;
    let mut tx = ctx.begin().await?;
    let entries = super::inbox(&mut tx, member, unread_only, request).await?;
    let unread = super::unread_count(&mut tx, member).await?;
    let path = if unread_only { UNREAD } else { PATH };
    let next = entries.next.as_ref().map(|cursor| {
        let sign = if unread_only { '&' } else { '?' };
        format!("{path}{sign}cursor={cursor}")
    });
    let body = html! {
        div #(REGION) {
            div.filter-bar {
                (segmented("Show", &[
                    Tab::new("All", PATH, !unread_only),
                    Tab::new("Unread", UNREAD, unread_only).count(u64::from(unread)),
                ], Some(REGION)))
            }
            @if entries.items.is_empty() && request.after.is_none() {
                (Card::new(empty(unread_only)))
            } @else {
                (Card::new(rows(&ctx, &entries)).flush())
                (Pager { summary: String::new(), previous: request.after.map(|_| path.to_owned()), next, region: REGION.into() })
            }
        }
    };
    Ok(Page::new("Inbox")
        .lead("What happened that concerns you.")
        .actions(html! {
            @if unread > 0 {
                form method="post" action="/app/inbox/read-all" { (submit("Mark all as read").icon(icons::LuCheckCheck)) }
            }
        })
        .body(body)
        .narrow())
}

fn empty(unread_only: bool) -> Markup {
    html! {
        @if unread_only {
            (Empty::new(icons::LuInbox, "All read", "There is nothing new for you.")
                .action(ui::link_button("Show all", PATH)))
        } @else {
            (Empty::new(icons::LuInbox, "Nothing here yet", "Comments that wait, invitations and other news for you arrive here."))
        }
    }
}

fn rows(ctx: &Ctx, entries: &Part<Entry>) -> Markup {
    html! {
        ul.rows {
            @for entry in &entries.items {
                @let unread = entry.read_at.is_none();
                @let action = if unread { "read" } else { "unread" };
                li data-row {
                    (icon(if unread { icons::LuMail } else { icons::LuMailOpen }))
                    div.row-main {
                        // To open is to read: never ahead of time, on a mere hover.
                        a href={ (PATH) "/" (entry.id) } data-no-prefetch { (entry.title) }
                        @if !entry.body.is_empty() { small { (entry.body) } }
                    }
                    div.row-end {
                        @if unread { (badge(Tone::Brand, "New")) }
                        small { (moment(ctx, entry.created_at)) }
                        form method="post" action={ (PATH) "/" (entry.id) "/" (action) } {
                            @if unread {
                                (submit(format!("Mark as read: {}", entry.title)).ghost().icon_only(icons::LuCheck))
                            } @else {
                                (submit(format!("Mark as unread: {}", entry.title)).ghost().icon_only(icons::LuUndo2))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The time on the tenant's clock, with the day unless it is today.
fn moment(ctx: &Ctx, at: Timestamp) -> String {
    let zone = &ctx.tenant().zone;
    let (then, now) = (at.in_zone(zone), ctx.now().in_zone(zone));
    let format = if then.date() == now.date() {
        "%H:%M"
    } else if then.year() == now.year() {
        "%-d %b, %H:%M"
    } else {
        "%-d %b %Y"
    };
    then.strftime(format).to_string()
}

/// Leads on to what the news is about. A browser that only fetches ahead is sent away: it will ask
/// again when the person really opens it.
async fn open(ctx: Member, headers: HeaderMap, Path(id): Path<NotificationId>) -> Result<Response> {
    let ahead = headers
        .get("sec-purpose")
        .and_then(|purpose| purpose.to_str().ok())
        .is_some_and(|purpose| purpose.contains("prefetch"));
    if ahead {
        return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response());
    }
    let mut tx = ctx.begin().await?;
    let link = super::read(&mut tx, ctx.person()?.membership, id, ctx.now()).await?;
    tx.commit().await?;
    Ok(Redirect::to(&link).into_response())
}

async fn read(ctx: Member, Path(id): Path<NotificationId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    super::read(&mut tx, ctx.person()?.membership, id, ctx.now()).await?;
    tx.commit().await?;
    Ok(done("Marked as read.", &format!("{PATH}/{id}/unread")))
}

async fn unread(ctx: Member, Path(id): Path<NotificationId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    super::unread(&mut tx, ctx.person()?.membership, id).await?;
    tx.commit().await?;
    Ok(done("Marked as unread.", &format!("{PATH}/{id}/read")))
}

async fn read_all(ctx: Member) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let count = super::read_all(&mut tx, ctx.person()?.membership, ctx.now()).await?;
    tx.commit().await?;
    let text = match count {
        1 => "1 notification marked as read.".to_owned(),
        count => format!("{count} notifications marked as read."),
    };
    let undo = format!("/app/inbox/unread-all?at={}", ctx.now().as_microseconds());
    Ok(done(&text, &undo))
}

#[derive(Deserialize)]
struct Batch {
    /// When they were marked, in microseconds since 1970.
    at: i64,
}

async fn unread_all(ctx: Member, Query(batch): Query<Batch>) -> Result<Redirect> {
    let at = Timestamp::from_microseconds(batch.at)
        .ok_or_else(|| kernel::Error::bad_request("invalid_query", "There is no such time."))?;
    let mut tx = ctx.begin().await?;
    super::unread_all(&mut tx, ctx.person()?.membership, at).await?;
    tx.commit().await?;
    Ok(Redirect::to(PATH))
}

/// Back to the inbox, where a toast says what happened and offers to take it back.
fn done(text: &str, undo: &str) -> Response {
    let mut response = Redirect::to(PATH).into_response();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let headers = [("x-flash", text.as_str()), ("x-flash-undo", undo)];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}
