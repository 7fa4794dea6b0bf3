//! The page about the health of the platform, and what it is made of.

use axum::Extension;
use kernel::Timestamp;
use maud::{Markup, html};
use module::{Operating, OpsCtx, Routes, rank};
use ui::table::{head, number_head, table};
use ui::{Card, Page, Tone, badge, definition_list, more_link};

use super::{Health, look};
use crate::respond::{count, moment};
use crate::{Console, Installed};

pub(crate) fn routes() -> Routes {
    Routes::new().get("/health", health)
}

async fn health(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
) -> module::Result<Page> {
    let health = look(&mut *console.read().await?, ctx.now).await?;
    Ok(Page::new("Health")
        .lead("What waits, what was given up, and what this release is made of.")
        .body(html! {
            div.grid {
                (Card::new(jobs(&ctx, &health)).title("Jobs").actions(more_link("All jobs", "/jobs")).span(4))
                (Card::new(events(&ctx, &health)).title("Events").actions(more_link("All events", "/events")).span(4))
                (Card::new(mail(&ctx, &health)).title("Mail").actions(more_link("All mail", "/mail")).span(4))
                (installed(console.installed()))
                (schedules(&health))
            }
        }))
}

/// How long ago something was, from seconds to days.
fn since(ctx: &OpsCtx, at: Option<Timestamp>) -> String {
    let Some(at) = at else {
        return "–".to_owned();
    };
    let seconds = ctx.now.since(at).as_secs();
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        120..=7_199 => format!("{} minutes", seconds / 60),
        7_200..=172_799 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn tone(bad: bool, text: &str) -> Markup {
    badge(if bad { Tone::Bad } else { Tone::Ok }, text)
}

fn jobs(ctx: &OpsCtx, health: &Health) -> Markup {
    definition_list(&[
        ("Due", html! { (health.due_jobs) }),
        ("Oldest waits", html! { (since(ctx, health.oldest_due)) }),
        ("Running", html! { (health.running_jobs) }),
        ("Later", html! { (health.later_jobs) }),
        (
            "Dead",
            html! { a.link href="/jobs?state=dead" { (tone(health.dead_jobs > 0, &health.dead_jobs.to_string())) } },
        ),
    ])
}

fn events(ctx: &OpsCtx, health: &Health) -> Markup {
    definition_list(&[
        ("Waiting", html! { (health.waiting_events) }),
        ("Oldest waits", html! { (since(ctx, health.oldest_event)) }),
        (
            "Late",
            html! { a.link href="/events?state=late" { (tone(health.late_events() > 0, &health.late_events().to_string())) } },
        ),
    ])
}

fn mail(ctx: &OpsCtx, health: &Health) -> Markup {
    definition_list(&[
        ("On its way", html! { (health.queued_mail) }),
        ("Oldest waits", html! { (since(ctx, health.oldest_mail)) }),
        ("Sent in 30 days", html! { (health.sent_mail) }),
        (
            "Given up",
            html! { a.link href="/mail?state=stuck" { (tone(health.stuck_mail > 0, &health.stuck_mail.to_string())) } },
        ),
    ])
}

fn installed(parts: &[Installed]) -> Markup {
    html! {
        (Card::new(table("Installed modules and their tables",
            &html! { (head("Part")) (head("Version")) (number_head("Schema")) (number_head("Migrations")) },
            &html! { @for part in parts {
                tr {
                    td { strong { (part.title) } " " code { (part.key) } }
                    td { @match part.version { Some(version) => (version), None => "with the platform" } }
                    td.number { (format!("{:04}", part.schema)) }
                    td.number { (part.migrations) }
                }
            } })).title("Installed modules and schema versions").note("the server does not start on another schema").flush().span(7))
    }
}

fn schedules(health: &Health) -> Markup {
    html! {
        (Card::new(html! {
            @if health.schedules.is_empty() {
                div.pad { p.muted { "No schedule has run yet." } }
            } @else {
                (table("Schedules", &html! { (head("Work")) (head("Last due")) },
                    &html! { @for (kind, at) in &health.schedules { tr { td { code { (kind) } } td { (moment(*at)) " UTC" } } } }))
            }
        }).title("Schedules").note(count(i64::try_from(health.schedules.len()).unwrap_or_default(), "schedule", "schedules")).flush().span(5))
    }
}
