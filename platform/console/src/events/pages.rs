//! The list of events; handing one on again.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use kernel::{Error, OperatorRole, Result};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Operating, OpsCtx, Routes, rank};
use ui::table::{head, hidden_head, table};
use ui::{Empty, Page, Tone, badge, dialog_opener, icons};
use uuid::Uuid;

use super::{Filter, Row};
use crate::Console;
use crate::ask::{Ask, Reason};
use crate::health::LATE;
use crate::queue_list::{QueueList, QueueQuery, record, tenant};
use crate::respond::{done, moment, refused_with};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/events", list)
        .post("/events/{id}/retry", retry)
}

async fn list(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<QueueQuery>,
) -> module::Result<Page> {
    Ok(page(&ctx, &console, &query, None).await?)
}

async fn page(
    ctx: &OpsCtx,
    console: &Console,
    query: &QueueQuery,
    problem: Option<&Error>,
) -> Result<Page> {
    let filter = Filter {
        state: query.state.clone(),
        kind: query.words(),
        late: Some(ctx.now.minus(LATE)),
        offset: query.offset(),
        limit: QueueQuery::limit(),
    };
    let events = super::list(&mut *console.read().await?, &filter).await?;
    let list = QueueList {
        path: "/events",
        title: "Events",
        lead: "What happened in workspaces, and whether its subscribers were told: those that wait first. Times are UTC.",
        search: "Beginning of the kind",
        states: &[
            ("", "Any state"),
            ("late", "Late"),
            ("waiting", "Waiting"),
            ("done", "Handed on"),
        ],
        no_match: "No event fits these filters.",
        empty: Empty::new(
            icons::LuRadio,
            "No events",
            "Nothing has happened, and what was handed on has been cleared away.",
        ),
    };
    Ok(list.page(query, events, problem, |events| rows(ctx, events)))
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
                    td { (tenant(Some(event.tenant), event.tenant_name.as_deref())) }
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
        record(tx.conn(), act, Some(event.tenant)).await?;
        tx.commit().await?;
        Ok(format!("{} is handed on.", event.kind))
    };
    let outcome: Result<String> = outcome.await;
    match outcome {
        Ok(message) => Ok(done("/events", &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => {
                let page = page(&ctx, &console, &QueueQuery::default(), Some(&error)).await?;
                Ok(page.status(status).into_response())
            }
            None => Err(error.into()),
        },
    }
}
