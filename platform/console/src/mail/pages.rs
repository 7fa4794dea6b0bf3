//! The list of mail; sending again what was given up.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use kernel::{Error, OperatorRole, Result};
use maud::{Markup, html};
use messaging::MailId;
use module::extract::{Form, Path, Query};
use module::{Operating, OpsCtx, Routes, rank};
use ui::table::{head, hidden_head, table};
use ui::{Empty, Page, Tone, badge, dialog_opener, icons};

use super::{Filter, Row};
use crate::Console;
use crate::ask::{Ask, Reason};
use crate::queue_list::{QueueList, QueueQuery, record, tenant};
use crate::respond::{done, moment, refused_with};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/mail", list)
        .post("/mail/{id}/retry", retry)
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
        recipient: query.words(),
        state: query.state.clone(),
        offset: query.offset(),
        limit: QueueQuery::limit(),
    };
    let letters = super::list(&mut *console.read().await?, &filter).await?;
    let list = QueueList {
        path: "/mail",
        title: "Mail",
        lead: "What was sent and what was not, for 30 days. Nobody reads here what a mail says. Times are UTC.",
        search: "Part of the recipient's address",
        states: &[
            ("", "Any state"),
            ("stuck", "Given up"),
            ("queued", "On its way"),
            ("sent", "Sent"),
        ],
        no_match: "No mail fits these filters.",
        empty: Empty::new(
            icons::LuMail,
            "No mail yet",
            "Mail appears here when it is written, before it is sent.",
        ),
    };
    Ok(list.page(query, letters, problem, |letters| rows(ctx, letters)))
}

fn stuck(letter: &Row) -> bool {
    matches!(letter.state.as_str(), "failed" | "dead")
}

fn rows(ctx: &OpsCtx, letters: &[Row]) -> Markup {
    let may = ctx.may(OperatorRole::Support);
    html! {
        (table("Mail",
            &html! { (head("Subject")) (head("To")) (head("Tenant")) (head("State")) (head("Tries")) (head("Written")) (hidden_head("Actions")) },
            &html! { @for letter in letters {
                tr {
                    td { div.who { div { (letter.subject) small { (letter.template) } } } }
                    td { (letter.to_address) }
                    td { (tenant(letter.tenant, letter.tenant_name.as_deref())) }
                    td { (state_badge(&letter.state)) @if let Some(error) = &letter.last_error { " " small { (error) } } }
                    td.number { (letter.attempts) }
                    td title=[letter.sent_at.map(|at| format!("Sent {}", moment(at)))] { (moment(letter.created_at)) }
                    td { @if may && stuck(letter) { (dialog_opener("Send again", format!("retry-{}", letter.id))) } }
                }
            } }))
        @if may {
            @for letter in letters.iter().filter(|letter| stuck(letter)) {
                (Ask {
                    id: &format!("retry-{}", letter.id),
                    title: "Send it again?".to_owned(),
                    text: format!("“{}” goes to {} once more, with all its tries. Links in it may have expired.", letter.subject, letter.to_address),
                    action: format!("/mail/{}/retry", letter.id),
                    verb: "Send again",
                    danger: false,
                    told: letter.tenant.is_some(),
                }.dialog(&Markup::default()))
            }
        }
    }
}

/// The state of a mail.
pub(crate) fn state_badge(state: &str) -> Markup {
    match state {
        "sent" => badge(Tone::Ok, "Sent"),
        "queued" => badge(Tone::Info, "On its way"),
        "failed" => badge(Tone::Bad, "Refused"),
        _ => badge(Tone::Bad, "Given up"),
    }
}

async fn retry(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path(id): Path<MailId>,
    Form(form): Form<Reason>,
) -> module::Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let act = Act::new(&*ctx, "operations.mail.retried", &form.reason, ctx.now)?;
        let mail = messaging::retry_mail(tx.conn(), id, ctx.now).await?;
        let act = act.on("mail", id, mail.subject.clone());
        record(tx.conn(), act, mail.tenant).await?;
        tx.commit().await?;
        Ok::<_, Error>(format!("“{}” is on its way again.", mail.subject))
    };
    match outcome.await {
        Ok(message) => Ok(done("/mail?state=stuck", &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => {
                let query = QueueQuery::in_state("stuck");
                let page = page(&ctx, &console, &query, Some(&error)).await?;
                Ok(page.status(status).into_response())
            }
            None => Err(error.into()),
        },
    }
}
