//! Pages about keys of an application.

use std::time::Duration;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Error, FieldError};
use maud::{Markup, Render as _, html};
use module::extract::{Form, Path};
use module::{Allowed, ApiKeyId, ApplicationId, Ctx, Routes};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ui::field::{self, Choice};
use ui::table::{head, hidden_head, table};
use ui::{
    Card, Dialog, Menu, Page, Tone, badge, banner, code_block, copy_field, icons, link_button,
    submit,
};

use super::{DEFAULT_OVERLAP, Key, KeyInput, NewKey, RevokeReason, State};
use crate::Access;
use crate::applications::{self, Application, pages::PATH};
use crate::guards::ManageApplications;
use crate::show::{done, first, many, moment};
use crate::token::Env;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/app/settings/applications/{id}/keys/new", new)
        .post("/app/settings/applications/{id}/keys", create)
        .post("/app/settings/applications/{id}/keys/{key}/rotate", rotate)
        .post("/app/settings/applications/{id}/keys/{key}/revoke", revoke)
}

/// How long a key may be good for, in days; none: for ever.
const LIVES: [(&str, &str); 4] = [
    ("365", "One year"),
    ("90", "90 days"),
    ("30", "30 days"),
    ("", "No end"),
];

/// For how long a former key goes on, in hours.
const OVERLAPS: [(&str, &str); 5] = [
    ("0", "Not at all"),
    ("1", "One hour"),
    ("24", "24 hours"),
    ("168", "7 days"),
    ("720", "30 days"),
];

/// The keys of an application with what can be done to them.
pub(crate) fn key_table(ctx: &Ctx, path: &str, keys: &[Key], may: bool) -> Markup {
    let zone = &ctx.tenant().zone;
    html! {
        (table(
            "Keys",
            &html! { (head("Key")) (head("Scopes")) (head("State")) (head("Last used")) @if may { (hidden_head("Actions")) } },
            &html! { @for key in keys {
                @let state = key.state(ctx.now());
                tr {
                    td {
                        strong { (key.name) } br;
                        code { (key.masked()) } br;
                        small {
                            "by " (key.maker) ", " (moment(key.created_at, zone))
                            @if !key.allowed_cidrs.is_empty() { ", from " (key.allowed_cidrs.join(", ")) }
                            @if let Some(limit) = key.rate_limit_per_min { ", " (limit) " requests a minute" }
                        }
                    }
                    td { (key.scopes.join(", ")) }
                    td {
                        (state_badge(state))
                        @match (state, key.revoke_at, key.expires_at) {
                            (State::Retiring, Some(end), _) | (State::Active, _, Some(end)) => { br; small { "until " (moment(end, zone)) } },
                            _ => {},
                        }
                        @if key.works(ctx.now()) && !key.maker_is_here { br; (badge(Tone::Warn, "Review: its maker left")) }
                    }
                    td {
                        @match (key.last_used_at, &key.last_used_ip) {
                            (Some(at), Some(ip)) => { (moment(at, zone)) br; small { "from " (ip) } },
                            _ => "Not yet",
                        }
                    }
                    @if may { td { @if key.works(ctx.now()) { (menu(key, state)) } } }
                }
            } },
        ))
        @if may {
            @for key in keys.iter().filter(|key| key.works(ctx.now())) { (dialogs(path, key, key.state(ctx.now()))) }
        }
    }
}

fn state_badge(state: State) -> Markup {
    match state {
        State::Active => badge(Tone::Ok, "Active"),
        State::Retiring => badge(Tone::Info, "Being replaced"),
        State::Expired => badge(Tone::Neutral, "Expired"),
        State::Revoked => badge(Tone::Neutral, "Revoked"),
    }
}

fn menu(key: &Key, state: State) -> Markup {
    let mut menu = Menu::dots(format!("m-{}", key.id), format!("Actions for {}", key.name));
    if state == State::Active {
        menu = menu
            .dialog("Rotate", format!("rotate-{}", key.id), icons::LuRefreshCw)
            .line();
    }
    menu.danger_dialog("Revoke", format!("revoke-{}", key.id), icons::LuBan)
        .render()
}

fn dialogs(path: &str, key: &Key, state: State) -> Markup {
    let choices = |all: &[(&str, &str)]| {
        all.iter()
            .map(|(value, label)| Choice::new(*value, *label))
            .collect()
    };
    let reasons: Vec<Choice> = RevokeReason::ALL
        .into_iter()
        .map(|(reason, words)| Choice::new(reason.as_str(), words))
        .collect();
    let rotate = Dialog::new(
        format!("rotate-{}", key.id),
        format!("Rotate {}?", key.name),
        html! {
            p { "You get a new key that may do the same." }
            (field::select(format!("overlap-{}", key.id), "The former key goes on for", choices(&OVERLAPS)).value(DEFAULT_OVERLAP.to_string()))
        },
    )
    .form(format!("{path}/keys/{}/rotate", key.id))
    .actions(submit("Rotate").primary());
    let revoke = Dialog::new(
        format!("revoke-{}", key.id),
        format!("Revoke {}?", key.name),
        html! {
            p { "Programs that use it stop working at once. This cannot be taken back." }
            (field::select(format!("reason-{}", key.id), "Why", reasons).value(RevokeReason::Other.as_str()))
        },
    )
    .form(format!("{path}/keys/{}/revoke", key.id))
    .actions(submit("Revoke").danger());
    html! {
        @if state == State::Active { (rotate) }
        (revoke)
    }
}

async fn new(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let application = applications::get(&mut tx, &ctx, id).await?;
    let input = KeyInput::default();
    Ok(form(&ctx, &access, &application, &input, LIVES[0].0, &[]))
}

fn form(
    ctx: &Ctx,
    access: &Access,
    application: &Application,
    input: &KeyInput,
    life: &str,
    errors: &[FieldError],
) -> Page {
    let path = format!("{PATH}/{}", application.id);
    let most = access.counters().key_limit().to_string();
    let lives = LIVES
        .iter()
        .map(|(days, label)| Choice::new(*days, *label))
        .collect();
    let kinds = vec![
        Choice::new("live", "Live").note("For a program that is in use."),
        Choice::new("test", "Test").note(
            "For one that is being written. It may do the same; its name shows where it belongs.",
        ),
    ];
    Page::new("New key")
        .lead("It is shown whole once, on the next page. Owners of the workspace get a mail about it.")
        .crumb("Applications", PATH)
        .crumb(application.name.clone(), path.clone())
        .narrow()
        .body(html! {
            form.stack method="post" action={ (path) "/keys" } data-dirty {
                (ui::error_summary(errors))
                (field::text("name", "Name").value(&input.name).max_length(80).required().autofocus()
                    .placeholder("Web server").help("Say where it is used, so that you know later which one to revoke.").errors(errors))
                (scope_boxes(ctx, access, &application.product, &input.scopes, errors))
                (field::radio_cards("env", "What is it for?", kinds).value(input.env.as_str()).errors(errors))
                (field::select("life", "Good for", lives).value(life).errors(errors))
                (field::textarea("allowed_cidrs", "Networks", 2).value(input.allowed_cidrs.join("\n")).mono().optional()
                    .placeholder("203.0.113.0/24").errors(errors)
                    .help("One in each line. From elsewhere the key is refused; none means it works from everywhere."))
                (field::number("rate_limit_per_min", "Requests a minute").optional().min("1").max(most.clone()).errors(errors)
                    .value(input.rate_limit_per_min.map(|limit| limit.to_string()).unwrap_or_default())
                    .help(format!("Fewer than the {most} that every key may make, for a program that should not take them all.")))
                div.cluster {
                    (submit("Create the key").primary().icon(icons::LuKeyRound))
                    (link_button("Cancel", path).ghost())
                }
            }
        })
}

/// A check box for each scope, with what it allows; those that allow more than the person may are not theirs to give.
fn scope_boxes(
    ctx: &Ctx,
    access: &Access,
    product: &str,
    chosen: &[String],
    errors: &[FieldError],
) -> Markup {
    let error = errors.iter().find(|error| error.field == "scopes");
    html! {
        fieldset.field id="f-scopes" aria-describedby=[error.map(|_| "f-scopes-hint")] tabindex=[error.map(|_| "-1")] {
            legend.label { "What may it do?" }
            @for scope in access.offered(product) {
                label.check {
                    input type="checkbox" name="scopes" value=(scope.key) checked[chosen.iter().any(|name| name == scope.key)]
                        disabled[!scope.permissions.iter().all(|permission| ctx.may(permission))];
                    span { (scope.title) " " small { (scope.key) } }
                }
            }
            @if let Some(error) = error {
                p.hint.bad id="f-scopes-hint" { (ui::icon_sized(icons::LuCircleAlert, 14)) span { (error.message) } }
            }
        }
    }
}

async fn create(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
    Form(sent): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let life = first(&sent, "life");
    let days: Option<u64> = life.parse().ok();
    let limit = first(&sent, "rate_limit_per_min").trim();
    let input = KeyInput {
        name: first(&sent, "name").to_owned(),
        env: Env::parse(first(&sent, "env")).unwrap_or_default(),
        scopes: many(&sent, "scopes"),
        allowed_cidrs: first(&sent, "allowed_cidrs")
            .lines()
            .map(str::to_owned)
            .collect(),
        // What is no number is refused as none that can be chosen.
        rate_limit_per_min: (!limit.is_empty()).then(|| limit.parse().unwrap_or(0)),
        expires_at: days.map(|days| ctx.now().plus(Duration::from_hours(24 * days.min(3_660)))),
    };
    let mut tx = ctx.begin().await?;
    match access.create_key(&mut tx, &ctx, id, input.clone()).await {
        Ok(new) => {
            let application = applications::get(&mut tx, &ctx, id).await?;
            tx.commit().await?;
            Ok(shown_once(&ctx, &application, &new))
        }
        Err(Error::Invalid(errors)) => {
            let application = applications::get(&mut tx, &ctx, id).await?;
            let page = form(&ctx, &access, &application, &input, life, &errors);
            Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The page that shows a key whole: once, and nobody may keep it.
fn shown_once(ctx: &Ctx, application: &Application, new: &NewKey) -> Response {
    let path = format!("{PATH}/{}", application.id);
    let text = new.text.as_str();
    let file = format!("{text}\n");
    let download = format!(
        "data:text/plain;charset=utf-8,{}",
        utf8_percent_encode(&file, NON_ALPHANUMERIC)
    );
    let example = format!(
        "curl -H \"Authorization: Bearer {text}\" \\\n  {}",
        ctx.link(&format!("/api/v1/{}/", application.product))
            .trim_end_matches('/')
    );
    let page = Page::new("Copy the key now")
        .lead(format!(
            "{} of {}. When you leave this page, nobody can see it again.",
            new.key.name, application.name
        ))
        .crumb("Applications", PATH)
        .crumb(application.name.clone(), path.clone())
        .narrow()
        .body(html! {
            div.stack {
                (banner(Tone::Warn, "Whoever has the key can do what it allows. Keep it where programs keep their secrets, never in an address or in source code.", None))
                (Card::new(html! {
                    (copy_field("key", "Key", text))
                    div.cluster {
                        a.button href=(download) download={ (application.slug) ".key.txt" } { (ui::icon_sized(icons::LuDownload, 16)) "Download" }
                    }
                }))
                (Card::new(code_block(&example)).title("Try it"))
                div { (link_button("I have kept it", path).primary()) }
            }
        });
    let mut response = page.into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn rotate(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path((id, key)): Path<(ApplicationId, ApiKeyId)>,
    Form(sent): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let chosen = first(&sent, &format!("overlap-{key}"));
    let overlap = chosen.parse().unwrap_or(DEFAULT_OVERLAP);
    let mut tx = ctx.begin().await?;
    let new = access.rotate_key(&mut tx, &ctx, id, key, overlap).await?;
    let application = applications::get(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(shown_once(&ctx, &application, &new))
}

async fn revoke(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path((id, key)): Path<(ApplicationId, ApiKeyId)>,
    Form(sent): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let reason = RevokeReason::parse(first(&sent, &format!("reason-{key}"))).unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let key = access.revoke_key(&mut tx, &ctx, id, key, reason).await?;
    tx.commit().await?;
    Ok(done(
        &format!("{PATH}/{id}"),
        &format!("{} is revoked. It is refused from now on.", key.name),
    ))
}
