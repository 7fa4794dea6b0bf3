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
use ui::{Card, Empty, Page, Tab, Tone, badge, icon, icons, link_button, segmented, submit};

use super::{Entry, Filter, NotificationId};
use crate::preferences;

const PATH: &str = "/app/inbox";
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
struct View {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    area: String,
    cursor: Option<String>,
}

impl View {
    fn unread(&self) -> bool {
        self.filter == "unread"
    }

    /// The address of the same view with another filter, area or part.
    fn address(filter: &str, area: &str, cursor: Option<&str>) -> String {
        let fields = [
            ("filter", filter),
            ("area", area),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let query: Vec<String> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if query.is_empty() {
            PATH.to_owned()
        } else {
            format!("{PATH}?{}", query.join("&"))
        }
    }
}

async fn list(ctx: Member, Query(view): Query<View>) -> Result<Page> {
    let request = PageRequest::new(None, 30, view.cursor.as_deref())?;
    let member = ctx.person()?.membership;
    let filter = Filter {
        unread: view.unread(),
        area: Some(view.area.clone()).filter(|area| !area.is_empty()),
    };
    let mut tx = ctx.begin().await?;
    let entries = super::inbox(&mut tx, member, &filter, request).await?;
    let unread = super::unread_count(&mut tx, member).await?;
    let here = |cursor: Option<&str>| View::address(&view.filter, &view.area, cursor);
    let body = html! {
        div #(REGION) {
            div.filter-bar {
                (segmented("Show", &[
                    Tab::new("All", View::address("", &view.area, None), !filter.unread),
                    Tab::new("Unread", View::address("unread", &view.area, None), filter.unread).count(u64::from(unread)),
                ], Some(REGION)))
                (areas(&ctx, &view))
            }
            @if entries.items.is_empty() && request.after.is_none() {
                (Card::new(empty(filter.unread || filter.area.is_some())))
            } @else {
                (Card::new(rows(&ctx, &entries)).flush())
                (Pager {
                    summary: String::new(),
                    previous: request.after.map(|_| here(None)),
                    next: entries.next.as_deref().map(|cursor| here(Some(cursor))),
                    region: REGION.into(),
                })
            }
        }
    };
    Ok(Page::new("Inbox")
        .lead("What happened that concerns you.")
        .actions(html! {
            (link_button("Preferences", "/app/me/notifications").icon(icons::LuBellRing))
            @if unread > 0 {
                form method="post" action="/app/inbox/read-all" { (submit("Mark all as read").icon(icons::LuCheckCheck)) }
            }
        })
        .body(body)
        .narrow())
}

/// What to show only, when there is more than one part of the product that has news.
fn areas(ctx: &Ctx, view: &View) -> Markup {
    let mut areas: Vec<&str> = preferences::kinds(ctx)
        .map(|kind| preferences::area(kind.key))
        .collect();
    areas.dedup();
    let tab = |label: String, area: &str| {
        Tab::new(
            label,
            View::address(&view.filter, area, None),
            view.area == area,
        )
    };
    let tabs: Vec<Tab> = std::iter::once(tab("Everything".into(), ""))
        .chain(areas.iter().map(|area| tab(preferences::title(area), area)))
        .collect();
    html! { @if areas.len() > 1 { (segmented("About", &tabs, Some(REGION))) } }
}

fn empty(filtered: bool) -> Markup {
    html! {
        @if filtered {
            (Empty::new(icons::LuInbox, "Nothing here", "There is nothing of that kind for you.")
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

/// After a form was done: to `path`, where a toast says what happened.
pub(crate) fn told(path: &str, text: &str) -> Response {
    let mut response = Redirect::to(path).into_response();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    if let Ok(value) = HeaderValue::try_from(text) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-flash"), value);
    }
    response
}

/// Back to the inbox, where a toast says what happened and offers to take it back.
fn done(text: &str, undo: &str) -> Response {
    let mut response = told(PATH, text);
    if let Ok(value) = HeaderValue::try_from(undo) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-flash-undo"), value);
    }
    response
}
