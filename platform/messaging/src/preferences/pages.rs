//! One's own page of preferences, at `/app/me/notifications`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError};
use maud::{Markup, html};
use module::extract::Form;
use module::{Ctx, MailPace, Member, Result, Routes};
use ui::field::{self, Choice as Option_};
use ui::{Card, Page, error_summary, submit};

use super::{Choice, Settings, Wish, area, choices, choose, kinds, set_schedule, settings};
use crate::inbox::pages::told;

const PATH: &str = "/app/me/notifications";

pub(crate) fn routes() -> Routes {
    Routes::new().get(PATH, show).post(PATH, save)
}

async fn show(ctx: Member) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let choices = choices(&mut tx, &ctx).await?;
    let settings = settings(&mut tx, ctx.person()?.membership).await?;
    Ok(page(&ctx, &choices, &settings, &[]))
}

fn page(ctx: &Ctx, choices: &[Choice], settings: &Settings, errors: &[FieldError]) -> Page {
    let hours: Vec<Option_> = (0..24)
        .map(|hour| Option_::new(hour.to_string(), format!("{hour:02}:00")))
        .collect();
    let zone = settings.time_zone.as_deref().unwrap_or_default();
    Page::new("Notifications")
        .lead("What you are told about in this workspace, and how.")
        .crumb("You", "/app/me")
        .narrow()
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .body(html! {
            form.stack method="post" action=(PATH) data-dirty {
                (error_summary(errors))
                @for group in choices.chunk_by(|a, b| area(a.kind.key) == area(b.kind.key)) {
                    (Card::new(html! { div.stack { @for choice in group { (row(choice)) } } }).title(title(area(group[0].kind.key))))
                }
                (Card::new(html! { div.stack {
                    p { "Everything that you want once a day comes in one mail. What you have read by then is left out." }
                    (field::select("daily_hour", "Mail of the day comes at", hours).value(settings.daily_hour.to_string()).errors(errors))
                    (field::text("time_zone", "Time zone").value(zone).placeholder(ctx.tenant().zone.name()).errors(errors)
                        .help("Of your own clock, such as Europe/Berlin. Empty: the workspace's."))
                } }).title("Once a day"))
                div { (submit("Save").primary()) }
            }
        })
}

fn row(choice: &Choice) -> Markup {
    let key = choice.kind.key;
    let paces = MailPace::ALL
        .into_iter()
        .map(|pace| Option_::new(pace.as_str(), words(pace)))
        .collect();
    html! {
        fieldset.field {
            legend.label { (choice.kind.title) }
            div.cluster {
                (field::checkbox(format!("in_app-{key}"), "In the inbox", choice.in_app))
                (field::select(format!("mail-{key}"), "By mail", paces).value(choice.mail.as_str()))
            }
        }
    }
}

fn words(pace: MailPace) -> &'static str {
    match pace {
        MailPace::Off => "No mail",
        MailPace::Now => "At once",
        MailPace::Soon => "Every 15 minutes at most",
        MailPace::Daily => "Once a day",
    }
}

/// An area as people call it.
pub(crate) fn title(area: &str) -> String {
    let mut letters = area.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

async fn save(ctx: Member, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response> {
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.trim())
    };
    let wishes: Vec<Wish> = kinds(&ctx)
        .filter_map(|kind| {
            let mail = value(&format!("mail-{}", kind.key)).and_then(MailPace::parse)?;
            Some(Wish {
                kind: kind.key.to_owned(),
                in_app: value(&format!("in_app-{}", kind.key)).is_some(),
                mail,
            })
        })
        .collect();
    let time_zone = value("time_zone").filter(|zone| !zone.is_empty());
    let daily_hour = value("daily_hour")
        .and_then(|hour| hour.parse().ok())
        .unwrap_or(8);
    let mut tx = ctx.begin().await?;
    choose(&mut tx, &ctx, &wishes).await?;
    match set_schedule(&mut tx, &ctx, time_zone, daily_hour).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(told(PATH, "Your choices are saved."))
        }
        Err(Error::Invalid(errors)) => {
            let choices = choices(&mut tx, &ctx).await?;
            let typed = Settings {
                time_zone: time_zone.map(str::to_owned),
                daily_hour,
                ..Settings::default()
            };
            Ok(page(&ctx, &choices, &typed, &errors).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
