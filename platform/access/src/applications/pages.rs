//! Pages about applications: `/app/settings/applications`.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, PageRequest};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, ApplicationId, Ctx, Routes};
use serde::Deserialize;
use ui::chart::{self, Chart};
use ui::field::{self, Choice};
use ui::table::{Pager, head, name_cell, number_head, table};
use ui::{
    Card, Dialog, Empty, Page, Tone, badge, brand_avatar, dialog_opener, form_section, icons,
    link_button, submit,
};

use super::{Application, ApplicationInput, DEFAULT_CACHE, Status, get, list};
use crate::guards::{ManageApplications, ReadApplications};
use crate::keys::pages::key_table;
use crate::show::{done, first, moment};
use crate::usage::Day;
use crate::{Access, keys, usage};

pub(crate) const PATH: &str = "/app/settings/applications";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get(PATH, overview)
        .get("/app/settings/applications/new", new)
        .post(PATH, create)
        .get("/app/settings/applications/{id}", show)
        .post("/app/settings/applications/{id}", save)
        .post("/app/settings/applications/{id}/disable", disable)
        .post("/app/settings/applications/{id}/enable", enable)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    after: String,
}

async fn overview(
    ctx: Allowed<ReadApplications>,
    Extension(access): Extension<Access>,
    Query(query): Query<ListQuery>,
) -> module::Result<Page> {
    let request = PageRequest::new(None, 50, Some(&query.after))?;
    let mut tx = ctx.begin().await?;
    let found = list(&mut tx, &ctx, request).await?;
    drop(tx);
    let may = ctx.may("workspace.applications.manage");
    let new = || {
        link_button("New application", "/app/settings/applications/new")
            .primary()
            .icon(icons::LuPlus)
            .key('c')
    };
    let empty = found.items.is_empty() && query.after.is_empty();
    Ok(Page::new("Applications")
        .lead("Programs that reach this workspace over its API, and their keys.")
        .actions(html! {
            (link_button("API reference", "/api/v1/reference"))
            @if may && !empty { (new()) }
        })
        .body(html! {
            (tenants::settings_sections(&ctx, "applications"))
            @if empty {
                @let text = "Make one for a front end of your own, a script, or a service that should read or write here.";
                @let empty = Empty::new(icons::LuKeyRound, "No applications yet", text);
                @if may { (empty.action(new())) } @else { (empty) }
            } @else {
                section id="applications" {
                    (application_table(&ctx, &access, &found.items))
                    (Pager {
                        summary: if found.items.len() == 1 { "1 application".to_owned() } else { format!("{} applications", found.items.len()) },
                        previous: (!query.after.is_empty()).then(|| PATH.to_owned()),
                        next: found.next.map(|next| format!("{PATH}?after={next}")),
                        region: "applications".into(),
                    })
                }
            }
        }))
}

fn application_table(ctx: &Ctx, access: &Access, applications: &[Application]) -> Markup {
    let zone = &ctx.tenant().zone;
    table(
        "Applications",
        &html! { (head("Name")) (head("Product")) (head("State")) (number_head("Keys in use")) (head("Last used")) },
        &html! { @for application in applications {
            tr data-row {
                (name_cell(&brand_avatar(&application.name), &application.name, &format!("{PATH}/{}", application.id), &application.slug))
                td { (access.product(&application.product).map_or("No longer offered", |product| product.title)) }
                td { (status_badge(application.status)) }
                td.number { (application.keys) }
                td { @match application.last_used_at { Some(at) => (moment(at, zone)), None => "Not yet" } }
            }
        } },
    )
}

fn status_badge(status: Status) -> Markup {
    match status {
        Status::Active => badge(Tone::Ok, "Active"),
        Status::Disabled => badge(Tone::Warn, "Switched off"),
    }
}

async fn new(_: Allowed<ManageApplications>, Extension(access): Extension<Access>) -> Page {
    form(&access, &ApplicationInput::default(), &[])
}

fn form(access: &Access, input: &ApplicationInput, errors: &[FieldError]) -> Page {
    let products: Vec<Choice> = access
        .products()
        .iter()
        .map(|product| Choice::new(product.key, product.title))
        .collect();
    let chosen = if input.product.is_empty() {
        access.products().first().map_or("", |product| product.key)
    } else {
        &input.product
    };
    Page::new("New application")
        .lead("Its keys are made next. They can do what you allow, for the product that you choose here.")
        .crumb("Applications", PATH)
        .narrow()
        .body(html! {
            form.stack method="post" action=(PATH) data-dirty {
                (ui::error_summary(errors))
                (field::text("name", "Name").value(&input.name).max_length(80).required().autofocus()
                    .placeholder("My site").errors(errors))
                (field::select("product", "Product", products).value(chosen).errors(errors)
                    .help("Keys of the application reach this product alone."))
                (settings_fields(input, errors))
                div.cluster {
                    (submit("Create the application").primary())
                    (link_button("Cancel", PATH).ghost())
                }
            }
        })
}

/// What can be changed later as well.
fn settings_fields(input: &ApplicationInput, errors: &[FieldError]) -> Markup {
    let seconds = input.cache_seconds.unwrap_or(DEFAULT_CACHE);
    html! {
        (field::textarea("allowed_origins", "Allowed origins", 3).value(input.allowed_origins.join("\n")).mono().optional()
            .placeholder("https://shop.example").errors(errors)
            .help("One in each line. Scripts in browsers may read answers from these alone; https://*.shop.example stands for one label. Servers need none."))
        (field::number("cache_seconds", "Keep public content for").value(seconds.to_string()).min("0").max("86400").suffix("seconds")
            .errors(errors)
            .help("How long browsers and caches may show content before they ask again."))
    }
}

/// Reads the form.
fn read(form: &[(String, String)]) -> ApplicationInput {
    ApplicationInput {
        product: first(form, "product").to_owned(),
        name: first(form, "name").to_owned(),
        allowed_origins: first(form, "allowed_origins")
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
        // What is no number breaks the rule on numbers.
        cache_seconds: Some(first(form, "cache_seconds").trim().parse().unwrap_or(-1)),
    }
}

async fn create(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Form(sent): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let input = read(&sent);
    let mut tx = ctx.begin().await?;
    match access.create_application(&mut tx, &ctx, &input).await {
        Ok(application) => {
            tx.commit().await?;
            let text = format!("{} is ready. Now make a key for it.", application.name);
            Ok(done(&format!("{PATH}/{}", application.id), &text))
        }
        Err(Error::Invalid(errors)) => Ok(form(&access, &input, &errors)
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response()),
        Err(error) => Err(error.into()),
    }
}

async fn show(
    ctx: Allowed<ReadApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
) -> module::Result<Page> {
    page(&ctx, &access, id, None, &[]).await
}

/// The page of an application. `input` is what was typed and refused.
async fn page(
    ctx: &Ctx,
    access: &Access,
    id: ApplicationId,
    input: Option<&ApplicationInput>,
    errors: &[FieldError],
) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let application = get(&mut tx, ctx, id).await?;
    let keys = keys::list(&mut tx, id).await?;
    let days = usage::of_application(&mut tx, id, ctx.now()).await?;
    drop(tx);
    let may = ctx.may("workspace.applications.manage");
    let path = format!("{PATH}/{id}");
    let active = application.status == Status::Active;
    let new_key = || {
        link_button("New key", format!("{path}/keys/new"))
            .primary()
            .icon(icons::LuKeyRound)
            .key('c')
    };
    let present = ApplicationInput {
        product: application.product.clone(),
        name: application.name.clone(),
        allowed_origins: application.allowed_origins.clone(),
        cache_seconds: Some(application.cache_seconds),
    };
    let title = access
        .product(&application.product)
        .map_or("No longer offered", |product| product.title);
    Ok(Page::new(application.name.clone())
        .crumb("Applications", PATH)
        .lead(format!("For the product {title}."))
        .actions(html! {
            (status_badge(application.status))
            @if may && active && !keys.is_empty() { (new_key()) }
        })
        .body(html! {
            div.stack {
                (ui::error_summary(errors))
                @if keys.is_empty() {
                    @let empty = Empty::new(icons::LuKeyRound, "No keys yet", "A program shows a key with each request. Make one for each place where it runs.");
                    (Card::new(html! { @if may && active { (empty.action(new_key())) } @else { (empty) } }).title("Keys"))
                } @else {
                    (Card::new(key_table(ctx, &path, &keys, may)).title("Keys").flush())
                }
                (Card::new(graph(&days)).title("Requests, last 30 days"))
                @if may {
                    form method="post" action=(path) data-dirty {
                        (field::hidden("rev", &application.rev.to_string()))
                        (form_section("Settings", "They hold for every key, at once.", &html! {
                            @let input = input.unwrap_or(&present);
                            (field::text("name", "Name").value(&input.name).max_length(80).required().errors(errors))
                            (settings_fields(input, errors))
                        }))
                        (ui::save_bar("Save"))
                    }
                    (switch(&path, &application))
                } @else {
                    (Card::new(ui::definition_list(&[
                        ("Allowed origins", html! { @if application.allowed_origins.is_empty() { "None" } @else { (application.allowed_origins.join(", ")) } }),
                        ("Public content is kept for", html! { (application.cache_seconds) " seconds" }),
                    ])).title("Settings"))
                }
            }
        }))
}

/// How often the application asked, day by day.
fn graph(days: &[Day]) -> Markup {
    let labels: Vec<&str> = days.iter().map(|day| &day.day[5..]).collect();
    let requests: Vec<i64> = days.iter().map(|day| day.requests).collect();
    let refused: i64 = days.iter().map(|day| day.refused).sum();
    let total: i64 = requests.iter().sum();
    html! {
        @if total == 0 {
            p.hint { "No requests yet. They appear here within a minute." }
        } @else {
            (chart::bars(&Chart {
                id: "requests",
                title: "Requests by day",
                axis: "Day",
                labels: &labels,
                series: ("Requests", &requests),
                compare: None,
                format: &|value| value.to_string(),
            }))
            p.hint {
                @if total == 1 { "1 request" } @else { (total) " requests" } " in all"
                @if refused > 0 { ", " (refused) " of them refused because a limit was reached" }
                ". Days are those of UTC."
            }
        }
    }
}

fn switch(path: &str, application: &Application) -> Markup {
    let (text, action) = match application.status {
        Status::Active => (
            "While it is switched off, all of its keys are refused. They work again when you switch it on.",
            html! { (dialog_opener("Switch off", "disable").danger()) },
        ),
        Status::Disabled => (
            "All of its keys are refused at the moment.",
            html! { form method="post" action={ (path) "/enable" } { (submit("Switch on").primary()) } },
        ),
    };
    let dialog = Dialog::new(
        "disable",
        format!("Switch {} off?", application.name),
        html! { p { "Programs that use it stop working at once. You can take this back." } },
    )
    .form(format!("{path}/disable"))
    .actions(submit("Switch off").danger());
    html! {
        (Card::new(html! {
            div.cluster { p { (text) } (action) }
            @if application.status == Status::Active { (dialog) }
        }).title("State"))
    }
}

async fn save(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
    Form(sent): Form<Vec<(String, String)>>,
) -> module::Result<Response> {
    let input = read(&sent);
    let rev = first(&sent, "rev").parse().ok();
    let mut tx = ctx.begin().await?;
    match access
        .update_application(&mut tx, &ctx, id, rev, &input)
        .await
    {
        Ok(application) => {
            tx.commit().await?;
            Ok(done(
                &format!("{PATH}/{id}"),
                &format!("{} is saved.", application.name),
            ))
        }
        Err(Error::Invalid(errors)) => {
            drop(tx);
            let page = page(&ctx, &access, id, Some(&input), &errors).await?;
            Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn disable(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
) -> module::Result<Response> {
    set(&ctx, &access, id, Status::Disabled).await
}

async fn enable(
    ctx: Allowed<ManageApplications>,
    Extension(access): Extension<Access>,
    Path(id): Path<ApplicationId>,
) -> module::Result<Response> {
    set(&ctx, &access, id, Status::Active).await
}

async fn set(
    ctx: &Ctx,
    access: &Access,
    id: ApplicationId,
    status: Status,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let application = access
        .set_application_status(&mut tx, ctx, id, None, status)
        .await?;
    tx.commit().await?;
    let path = format!("{PATH}/{id}");
    Ok(match status {
        Status::Active => done(&path, &format!("{} is switched on.", application.name)),
        Status::Disabled => crate::show::undoable(
            &path,
            &format!("{} is switched off.", application.name),
            &format!("{path}/enable"),
        ),
    })
}
