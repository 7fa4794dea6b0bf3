//! One comment with its surroundings; bans; the removal of a reader.

use std::time::Duration;

use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use kernel::{Error, FieldError, Page as Part, PageRequest, Timestamp};
use maud::{Markup, PreEscaped, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;
use ui::field::Choice;
use ui::table::{self, Pager};
use ui::{
    Card, Empty, Page, Tone, badge, definition_list, error_summary, field, icons, link_button,
    submit,
};

use super::moderate::reply;
use super::pages::{PATH, acts, encoded, marks, name};
use super::{
    Ban, BanId, BanInput, CommentId, Posted, Queued, Status, Subject, ban, bans, erase, lift,
    queue_store, store,
};
use crate::forms::{Pairs, lapsed, lapsed_notice, told, value};
use crate::manifest::{EraseComments, ModerateComments, WriteComments};
use crate::posts::display_title;
use crate::show;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/comments/{id}", one)
        .get("/comments/{id}/open", open)
        .post("/comments/{id}/reply", answer)
        .post("/comments/{id}/ban", keep_out)
        .get("/comments/bans", all_bans)
        .post("/comments/bans/{id}/lift", let_in)
        .get("/comments/erase", ask_erase)
        .post("/comments/erase", erase_reader)
}

async fn one(ctx: Allowed<ModerateComments>, Path(id): Path<CommentId>) -> Result<Page> {
    page(&ctx, id, "", &[]).await
}

/// Where a notice leads: moderators to the comment's page, authors who do not moderate to their post.
async fn open(ctx: Allowed<WriteComments>, Path(id): Path<CommentId>) -> Result<Redirect> {
    let mut tx = ctx.begin().await?;
    let slug = store::slug_of(&mut tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    Ok(Redirect::to(&if ctx.may("blog.comments.moderate") {
        format!("{PATH}/{id}")
    } else {
        format!("/blog/{slug}#comment-{id}")
    }))
}

async fn page(ctx: &Ctx, id: CommentId, typed: &str, errors: &[FieldError]) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let comment = queue_store::find(&mut tx, id)
        .await?
        .ok_or(Error::NotFound("comment"))?;
    let parent = match comment.parent_id {
        Some(parent) => queue_store::find(&mut tx, parent).await?,
        None => None,
    };
    let reports = queue_store::reports(&mut tx, id).await?;
    drop(tx);
    let shut = lapsed(ctx);
    let here = format!("{PATH}/{id}");
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        div.blog-stack {
        @if let Some(parent) = &parent { (Card::new(said(parent)).title("It answers").note(name(parent))) }
        (Card::new(html! {
            (said(&comment))
            p.blog-case-head { (status_badge(comment.status)) (marks(&comment)) }
        }).title("Comment").note(show::ago(ctx, comment.created_at)).footer(html! { @if !shut { (acts(&comment, &here)) } }))
        @if !reports.is_empty() { (Card::new(report_list(ctx, &reports)).title("Reports")) }
        @if matches!(comment.status, Status::Pending | Status::Approved) {
            form method="post" action={ (here) "/reply" } {
                (Card::new(field_reply(typed, errors, shut)).title("Answer")
                    .footer(html! { (submit(if comment.status == Status::Pending { "Approve and answer" } else { "Answer" }).primary().disabled(shut)) }))
            }
        }
        (Card::new(about(ctx, &comment)).title("Writer"))
        (ban_forms(&comment, &here, shut))
        }
    };
    Ok(Page::new(format!("Comment by {}", name(&comment)))
        .crumb("Comments", PATH)
        .style("blog-comments.css")
        .script("blog-queue.js")
        .body(body)
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .narrow())
}

fn field_reply(typed: &str, errors: &[FieldError], shut: bool) -> Markup {
    html! { (field::textarea("content", "Your answer", 4).value(typed).errors(errors).max_length(10_000).disabled(shut)) }
}

fn said(comment: &Queued) -> Markup {
    html! { div.blog-said { (PreEscaped(&comment.html)) } }
}

fn status_badge(status: Status) -> Markup {
    let tone = match status {
        Status::Pending => Tone::Warn,
        Status::Approved => Tone::Ok,
        Status::Spam => Tone::Bad,
        Status::Hidden | Status::Deleted => Tone::Neutral,
    };
    badge(tone, status.title())
}

fn report_list(ctx: &Ctx, reports: &[(String, Timestamp)]) -> Markup {
    html! {
        ul.stack {
            @for (reason, at) in reports {
                li { @if reason.is_empty() { "No reason given" } @else { (reason) } " " small { (show::ago(ctx, *at)) } }
            }
        }
    }
}

fn about(ctx: &Ctx, comment: &Queued) -> Markup {
    let by = comment
        .author_id
        .map(|id| id.to_string())
        .or_else(|| comment.guest_email.clone());
    let mut facts = vec![
        ("Name", html! { (name(comment)) }),
        (
            "Post",
            html! { a.link href={ "/blog/" (comment.post_slug) "#comment-" (comment.id) } { (display_title(&comment.post_title)) } },
        ),
        ("Written", html! { (show::minute(ctx, comment.created_at)) }),
    ];
    if let Some(email) = &comment.guest_email {
        let confirmed = if comment.guest_verified_at.is_some() {
            "confirmed"
        } else {
            "not confirmed"
        };
        facts.push(("E-mail", html! { (email) " (" (confirmed) ")" }));
    }
    html! {
        (definition_list(&facts))
        @if let Some(by) = by {
            p { a.link href={ (PATH) "?status=approved&by=" (encoded(&by)) } { "All approved comments of this writer" } }
        }
    }
}

const SPANS: [(&str, &str); 4] = [
    ("1", "For a day"),
    ("7", "For a week"),
    ("30", "For 30 days"),
    ("", "For good"),
];

fn ban_forms(comment: &Queued, here: &str, shut: bool) -> Markup {
    let mut subjects = Vec::new();
    if comment.author_id.is_some() {
        subjects.push(Choice::new("member", "This member"));
    }
    if comment.guest_email.is_some() {
        subjects.push(Choice::new("email", "This e-mail address"));
    }
    subjects.push(Choice::new(
        "network",
        "The network it came from, for at most 30 days",
    ));
    let spans = SPANS
        .iter()
        .map(|(days, label)| Choice::new(*days, *label))
        .collect();
    html! {
        form method="post" action={ (here) "/ban" } {
            (Card::new(html! { div.stack {
                (field::select("subject", "Who", subjects).disabled(shut))
                (field::select("days", "How long", spans).value("30").disabled(shut))
                (field::text("reason", "Why").help("For other moderators.").max_length(500).optional().disabled(shut))
            } }).title("Keep from commenting").footer(html! { (submit("Ban").danger().disabled(shut)) }))
        }
    }
}

async fn answer(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let content = value(&pairs, "content");
    let mut tx = ctx.begin().await?;
    match reply(&mut tx, &ctx, id, content).await {
        Ok(Posted::Taken { .. }) => {
            tx.commit().await?;
            Ok(told(PATH, "Your answer is public", None)?)
        }
        Ok(Posted::Banned { .. }) => Ok(super::public::banned()),
        Err(Error::Invalid(errors)) => {
            drop(tx);
            Ok(page(&ctx, id, content, &errors).await?.into_response())
        }
        Err(Error::Conflict { code, message }) => {
            drop(tx);
            let errors = [FieldError::new("", code, message)];
            Ok(page(&ctx, id, content, &errors).await?.into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn keep_out(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let days: Option<u64> = value(&pairs, "days").parse().ok();
    let subject = Subject::parse(value(&pairs, "subject")).unwrap_or(Subject::Email);
    let input = BanInput {
        subject,
        comment: Some(id),
        member: None,
        email: None,
        until: days.map(|days| ctx.now().plus(Duration::from_hours(24 * days.min(3650)))),
        reason: value(&pairs, "reason").to_owned(),
    };
    let mut tx = ctx.begin().await?;
    match ban(&mut tx, &ctx, input).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(told(
                &format!("{PATH}/bans"),
                "They cannot comment any more",
                None,
            )?)
        }
        Err(Error::Invalid(errors)) => {
            drop(tx);
            // The form has no fields of these names, so each is said above.
            let errors: Vec<FieldError> = errors
                .into_iter()
                .map(|error| FieldError {
                    field: "".into(),
                    ..error
                })
                .collect();
            Ok(page(&ctx, id, "", &errors).await?.into_response())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
struct BansView {
    cursor: Option<String>,
}

async fn all_bans(ctx: Allowed<ModerateComments>, Query(view): Query<BansView>) -> Result<Page> {
    let request = PageRequest::new(None, 50, view.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let part = bans(&mut tx, request).await?;
    drop(tx);
    let body = html! {
        (lapsed_notice(&ctx))
        @if part.items.is_empty() {
            (Empty::new(icons::LuBan, "Nobody is banned", "Open a comment to keep its writer from commenting."))
        } @else { (Card::new(ban_table(&ctx, &part, view.cursor.is_some())).flush()) }
    };
    Ok(Page::new("Bans").crumb("Comments", PATH).body(body))
}

fn ban_table(ctx: &Ctx, part: &Part<Ban>, later: bool) -> Markup {
    let head = html! {
        (table::head("Who")) (table::head("Until")) (table::head("Why")) (table::head("By")) (table::hidden_head("Actions"))
    };
    let rows = html! {
        @for ban in &part.items {
            @let who = who(ban);
            tr {
                td { (who) }
                td { (until(ctx, ban.until)) }
                td { span.wrap { (ban.reason) } }
                td { (ban.by_name.as_deref().unwrap_or_default()) " " small { (show::ago(ctx, ban.created_at)) } }
                td {
                    form method="post" action={ (PATH) "/bans/" (ban.id) "/lift" } {
                        button.ghost type="submit" disabled[lapsed(ctx)] { "Lift" span.sr { " the ban of " (who) } }
                    }
                }
            }
        }
    };
    html! {
        (table::table("Bans", &head, &rows))
        (Pager {
            summary: format!("{} {}", part.items.len(), if part.items.len() == 1 { "ban" } else { "bans" }),
            previous: later.then(|| format!("{PATH}/bans")),
            next: part.next.as_ref().map(|cursor| format!("{PATH}/bans?cursor={cursor}")),
            region: "main".into(),
        })
    }
}

fn who(ban: &Ban) -> String {
    match ban.subject() {
        Subject::Member => ban.member_name.clone().unwrap_or_else(|| "A member".into()),
        Subject::Email => ban.email_key.clone().unwrap_or_default(),
        Subject::Network => "A network".into(),
    }
}

fn until(ctx: &Ctx, until: Option<Timestamp>) -> Markup {
    match until {
        None => html! { "For good" },
        Some(at) if at <= ctx.now() => html! { (badge(Tone::Neutral, "Over")) },
        Some(at) => html! { (show::time(at, &show::minute(ctx, at))) },
    }
}

async fn let_in(ctx: Allowed<ModerateComments>, Path(id): Path<BanId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    lift(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(told(
        &format!("{PATH}/bans"),
        "They may comment again",
        None,
    )?)
}

fn erase_form(ctx: &Ctx, email: &str, errors: &[FieldError]) -> Page {
    let shut = lapsed(ctx);
    let choices = vec![
        Choice::new("keep", "Keep the words").note("They stay as those of somebody unknown."),
        Choice::new("remove", "Remove the words")
            .note("Where a comment was answered, a trace is left."),
    ];
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        form method="post" action={ (PATH) "/erase" } {
            (Card::new(html! { div.stack {
                p { "Removes the name and address of a reader from every comment, from exports and from the list of bans. This cannot be undone." }
                (field::email("email", "E-mail address of the reader").value(email).errors(errors).required().disabled(shut))
                (field::radio_cards("text", "What they wrote", choices).value("keep").disabled(shut))
            } }).footer(html! {
                div.cluster { (submit("Remove this reader").danger().disabled(shut)) (link_button("Cancel", PATH)) }
            }))
        }
    };
    Page::new("Remove a reader")
        .crumb("Comments", PATH)
        .body(body)
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .narrow()
}

async fn ask_erase(ctx: Allowed<EraseComments>) -> Page {
    erase_form(&ctx, "", &[])
}

async fn erase_reader(ctx: Allowed<EraseComments>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let email = value(&pairs, "email");
    let keep = value(&pairs, "text") != "remove";
    let mut tx = ctx.begin().await?;
    match erase(&mut tx, &ctx, email, keep).await {
        Ok(count) => {
            tx.commit().await?;
            let text = match count {
                0 => "There was no comment with this address".to_owned(),
                1 => "Removed from 1 comment".to_owned(),
                _ => format!("Removed from {count} comments"),
            };
            Ok(told(PATH, &text, None)?)
        }
        Err(Error::Invalid(errors)) => Ok(erase_form(&ctx, email, &errors).into_response()),
        Err(error) => Err(error.into()),
    }
}
