//! The list of events; handing one on again.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use kernel::{Error, OperatorRole, Result};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Operating, OpsCtx, Routes, rank};
use serde::Deserialize;
use ui::table::{FilterBar, Pager, head, hidden_head, table};
use ui::{Card, Empty, Page, Tone, badge, dialog_opener, icons};
use uuid::Uuid;

use super::{Filter, Row};
use crate::Console;
use crate::ask::{Ask, Reason};
use crate::health::LATE;
use crate::respond::{done, encode, moment, refusal, refused_with};
use crate::tenant_page::store::name;

/// Events on one page.
const PER_PAGE: i64 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/events", list)
        .post("/events/{id}/retry", retry)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    state: String,
    page: String,
}

impl ListQuery {
    fn page(&self) -> i64 {
        self.page.parse::<i64>().unwrap_or(1).clamp(1, 100_000)
    }

    fn address(&self, page: i64) -> String {
        format!(
            "/events?q={}&state={}&page={page}",
            encode(&self.q),
            encode(&self.state)
        )
    }
}

async fn list(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<ListQuery>,
) -> module::Result<Page> {
    Ok(page(&ctx, &console, &query, None).await?)
}

async fn page(
    ctx: &OpsCtx,
    console: &Console,
    query: &ListQuery,
    problem: Option<&Error>,
) -> Result<Page> {
    let filter = Filter {
        state: query.state.clone(),
        kind: query.q.trim().to_owned(),
        late: Some(ctx.now.minus(LATE)),
        offset: (query.page() - 1) * PER_PAGE,
        limit: PER_PAGE + 1,
    };
    let mut events = super::list(&mut *console.read().await?, &filter).await?;
    let more = events.len() > usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    events.truncate(usize::try_from(PER_PAGE).unwrap_or(usize::MAX));
    let filtered = !query.q.trim().is_empty() || !query.state.is_empty();
    let states = [
        ("", "Any state"),
        ("late", "Late"),
        ("waiting", "Waiting"),
        ("done", "Handed on"),
    ];
    let bar = FilterBar::new("/events", "events")
        .search("Beginning of the kind", &query.q)
        .filter("state", "State", &states, &query.state);
    Ok(Page::new("Events")
        .lead("What happened in workspaces, and whether its subscribers were told: those that wait first. Times are UTC.")
        .wide()
        .body(html! {
            (refusal(problem))
            (Card::new(html! {
                (bar)
                section id="events" {
                    @if events.is_empty() && filtered {
                        (ui::no_match("No event fits these filters.", "/events"))
                    } @else if events.is_empty() {
                        (Empty::new(icons::LuRadio, "No events", "Nothing has happened, and what was handed on has been cleared away."))
                    } @else {
                        (rows(ctx, &events))
                        (Pager {
                            summary: format!("Page {}", query.page()),
                            previous: (query.page() > 1).then(|| query.address(query.page() - 1)),
                            next: more.then(|| query.address(query.page() + 1)),
                            region: "events".into(),
                        })
                    }
                }
            }).flush())
        }))
}

fn rows(ctx: &OpsCtx, events: &[Row]) -> Markup {
    let may = ctx.may(OperatorRole::Support);
    html! {
        (table("Events",
            &html! { (head("What")) (head("State")) (head("Tenant")) (head("Happened")) (head("Handed on")) (hidden_head("Actions")) },
            &html! { @for event in events {
                tr {
                    td { code { (event.kind) } }
                    td { (state(ctx, event)) }
                    td { @match &event.tenant_name { Some(name) => a href={ "/tenants/" (event.tenant) } { (name) }, None => span.muted { "Gone" } } }
                    td { (moment(event.occurred_at)) }
                    td { @match event.dispatched_at { Some(at) => (moment(at)), None => "–" } }
                    td { @if may { (dialog_opener("Hand on again", format!("retry-{}", event.id)).ghost()) } }
                }
            } }))
        @if may {
            @for event in events {
                (Ask {
                    id: &format!("retry-{}", event.id),
                    title: "Hand it on again?".to_owned(),
                    text: if event.dispatched_at.is_some() {
                        format!("Everybody who listens for {} hears of it once more, within seconds.", event.kind)
                    } else {
                        format!("Everybody who listens for {} is told, within seconds.", event.kind)
                    },
                    action: format!("/events/{}/retry", event.id),
                    verb: "Hand on",
                    danger: false,
                    told: true,
                }.dialog(&Markup::default()))
            }
        }
    }
}

fn state(ctx: &OpsCtx, event: &Row) -> Markup {
    if event.dispatched_at.is_some() {
        badge(Tone::Ok, "Handed on")
    } else if event.occurred_at <= ctx.now.minus(LATE) {
        badge(Tone::Bad, "Late")
    } else {
        badge(Tone::Neutral, "Waiting")
    }
}

async fn retry(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path(id): Path<Uuid>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "operations.event.handed_on", &form.reason, ctx.now)?;
        let event = worker::repair::hand_on(tx.conn(), id).await?;
        let act = act.on("event", id, event.kind.clone());
        let act = match name(tx.conn(), event.tenant).await? {
            Some(name) => act.on_tenant(event.tenant, name),
            None => act,
        };
        act.write(tx.conn()).await?;
        tx.commit().await?;
        Ok(format!("{} is handed on.", event.kind))
    };
    let outcome: Result<String> = outcome.await;
    match outcome {
        Ok(message) => Ok(done("/events", &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => {
                let page = page(&ctx, &console, &ListQuery::default(), Some(&error)).await?;
                Ok(page.status(status).into_response())
            }
            None => Err(error.into()),
        },
    }
}
