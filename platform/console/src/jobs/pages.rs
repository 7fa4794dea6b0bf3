//! The list of jobs; running dead ones again, and discarding them.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use kernel::{Error, OperatorRole, Result};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Operating, OpsCtx, Routes, rank};
use ui::table::{head, hidden_head, table};
use ui::{Card, Empty, Page, Tone, badge, dialog_opener, icons};
use uuid::Uuid;

use super::{Filter, Row};
use crate::Console;
use crate::ask::{Ask, Reason};
use crate::queue_list::{QueueList, QueueQuery, record, tenant};
use crate::respond::{done, moment, refused_with};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/jobs", list)
        .post("/jobs/{id}/retry", retry)
        .post("/jobs/{id}/discard", discard)
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
        offset: query.offset(),
        limit: QueueQuery::limit(),
    };
    let jobs = super::list(&mut *console.read().await?, &filter).await?;
    let list = QueueList {
        path: "/jobs",
        title: "Jobs",
        lead: "Work in the background: dead jobs first, then the latest. Times are UTC.",
        search: "Beginning of the kind",
        states: &[
            ("", "Any state"),
            ("dead", "Dead"),
            ("queued", "Queued"),
            ("running", "Running"),
            ("done", "Done"),
        ],
        no_match: "No job fits these filters.",
        empty: Empty::new(
            icons::LuListChecks,
            "No jobs",
            "Nothing waits, and what was done has been cleared away.",
        ),
    };
    Ok(list.page(query, jobs, problem, |jobs| rows(ctx, jobs, true)))
}

/// The jobs of one tenant, on its page.
pub(crate) fn of_tenant(ctx: &OpsCtx, jobs: &[Row]) -> Markup {
    html! {
        (Card::new(html! {
            @if jobs.is_empty() {
                (Empty::new(icons::LuListChecks, "No jobs", "This workspace has no work in the background."))
            } @else {
                (rows(ctx, jobs, false))
            }
        }).flush())
    }
}

fn rows(ctx: &OpsCtx, jobs: &[Row], with_tenant: bool) -> Markup {
    let may = ctx.may(OperatorRole::Support);
    html! {
        (table("Jobs",
            &html! { (head("Work")) (head("State")) @if with_tenant { (head("Tenant")) } (head("Attempts")) (head("When")) (head("Last error")) (hidden_head("Actions")) },
            &html! { @for job in jobs {
                tr {
                    td { code { (job.kind) } }
                    td { (state(&job.state)) }
                    @if with_tenant {
                        td { (tenant(job.tenant, job.tenant_name.as_deref())) }
                    }
                    td { (job.attempts) " of " (job.max_attempts) }
                    td { (moment(job.finished_at.unwrap_or(job.run_at))) }
                    td { @if let Some(error) = &job.last_error { small { (error) } } }
                    td { @if may && job.state == "dead" { div.cluster {
                        (dialog_opener("Retry", format!("retry-{}", job.id)))
                        (dialog_opener("Discard", format!("discard-{}", job.id)).ghost())
                    } } }
                }
            } }))
        @if may {
            @for job in jobs.iter().filter(|job| job.state == "dead") {
                (Ask {
                    id: &format!("retry-{}", job.id),
                    title: "Run it again?".to_owned(),
                    text: format!("{} is queued with all its attempts, and runs within seconds.", job.kind),
                    action: format!("/jobs/{}/retry", job.id),
                    verb: "Retry",
                    danger: false,
                    told: job.tenant.is_some(),
                }.dialog(&Markup::default()))
                (Ask {
                    id: &format!("discard-{}", job.id),
                    title: "Discard it?".to_owned(),
                    text: format!("{} is removed for good. What it was to do stays undone.", job.kind),
                    action: format!("/jobs/{}/discard", job.id),
                    verb: "Discard",
                    danger: true,
                    told: job.tenant.is_some(),
                }.dialog(&Markup::default()))
            }
        }
    }
}

fn state(state: &str) -> Markup {
    match state {
        "dead" => badge(Tone::Bad, "Dead"),
        "running" => badge(Tone::Info, "Running"),
        "queued" => badge(Tone::Neutral, "Queued"),
        _ => badge(Tone::Ok, "Done"),
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
        let act = Act::new(&*ctx, "operations.job.retried", &form.reason, ctx.now)?;
        let job = worker::repair::retry(tx.conn(), id, ctx.now).await?;
        let act = act.on("job", id, job.kind.clone());
        record(tx.conn(), act, job.tenant).await?;
        tx.commit().await?;
        Ok(format!("{} is queued again.", job.kind))
    };
    conclude(&ctx, &console, outcome.await).await
}

async fn discard(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path(id): Path<Uuid>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "operations.job.discarded", &form.reason, ctx.now)?;
        let job = worker::repair::discard(tx.conn(), id).await?;
        let act = act.on("job", id, job.kind.clone());
        record(tx.conn(), act, job.tenant).await?;
        tx.commit().await?;
        Ok(format!("{} was discarded.", job.kind))
    };
    conclude(&ctx, &console, outcome.await).await
}

async fn conclude(
    ctx: &OpsCtx,
    console: &Console,
    outcome: Result<String>,
) -> module::Result<Response> {
    match outcome {
        Ok(message) => Ok(done("/jobs?state=dead", &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => {
                let query = QueueQuery::in_state("dead");
                let page = page(ctx, console, &query, Some(&error)).await?;
                Ok(page.status(status).into_response())
            }
            None => Err(error.into()),
        },
    }
}
