//! Redirects, at `/app/blog/redirects`.

use axum::extract::DefaultBodyLimit;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use kernel::{Error, FieldError, PageRequest};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;
use ui::field::Choice;
use ui::table::{self, FilterBar, Pager};
use ui::{
    Card, Empty, Page, Tone, badge, error_summary, field, icons, link_button, no_match, submit,
};

use super::import::{self, Effect, Line};
use super::{
    Kind, QueryRule, Redirect, RedirectId, RedirectInput, create, delete, find, get, list, restore,
    update,
};
use crate::forms::{Pairs, lapsed, lapsed_notice, rev, told, value};
use crate::manifest::ManageRedirects;
use crate::show;

const PATH: &str = "/app/blog/redirects";
const REGION: &str = "redirects";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/redirects", overview)
        .get("/redirects/new", new)
        .post("/redirects", begin)
        .get("/redirects/import", import_form)
        .get("/redirects/export.csv", export)
        .get("/redirects/{id}", edit)
        .post("/redirects/{id}", change)
        .post("/redirects/{id}/delete", remove)
        .post("/redirects/{id}/restore", bring_back)
        .merge(
            Routes::new()
                .post("/redirects/import", import_file)
                // Somewhat more than is allowed, so that what is too large can be told in words.
                .map_router(|router| router.layer(DefaultBodyLimit::max(import::LONGEST * 3))),
        )
}

#[derive(Debug, Deserialize)]
struct View {
    #[serde(default)]
    q: String,
    #[serde(default)]
    path: String,
    cursor: Option<String>,
}

async fn overview(ctx: Allowed<ManageRedirects>, Query(view): Query<View>) -> Result<Page> {
    let request = PageRequest::new(None, 50, view.cursor.as_deref())?;
    let q = Some(view.q.trim()).filter(|q| !q.is_empty());
    let mut tx = ctx.begin().await?;
    let redirects = list(&mut tx, q, request).await?;
    let tried = match view.path.trim() {
        "" => None,
        path => Some(find::find(&mut tx, path, &ctx.link("")).await?),
    };
    drop(tx);
    let head = html! {
        (table::head("From")) (table::head("To")) (table::head("Answer")) (table::number_head("Used")) (table::head("Last used"))
    };
    let rows = html! {
        @for redirect in &redirects.items { (row(&ctx, redirect)) }
    };
    let address = |cursor: &str| {
        let q = percent_encoding::utf8_percent_encode(&view.q, percent_encoding::NON_ALPHANUMERIC);
        format!("{PATH}?q={q}&cursor={cursor}")
    };
    let shut = lapsed(&ctx);
    let body = html! {
        (lapsed_notice(&ctx))
        (FilterBar::new(PATH, REGION).search("Search paths and targets", &view.q))
        section id=(REGION) {
            @if !redirects.items.is_empty() {
                (Card::new(html! {
                    (table::table("Redirects", &head, &rows))
                    (Pager {
                        summary: String::new(),
                        previous: view.cursor.as_ref().map(|_| address("")),
                        next: redirects.next.as_deref().map(address),
                        region: REGION.into(),
                    })
                }).flush())
            } @else if q.is_some() {
                (no_match("No redirect has these words.", PATH))
            } @else {
                (Empty::new(icons::LuWaypoints, "No redirects yet", "They lead visitors on from addresses of a former website. Posts that you rename forward by themselves.")
                    .action(link_button("Import a file", format!("{PATH}/import"))))
            }
        }
        form method="get" action=(PATH) {
            (Card::new(html! {
                (field::text("path", "Path").value(&view.path).placeholder("/2019/05/old-post?page=2"))
                @if let Some(tried) = &tried {
                    p role="status" {
                        @match tried {
                            Some(found) => {
                                "Leads by " code { (found.redirect.source) } " to "
                                @match &found.location { Some(location) => code { (location) }, None => "a page that says it is gone for good" }
                                ", unless there is a page at this path: pages come first."
                            }
                            None => "No redirect applies."
                        }
                    }
                }
            }).title("Try a path").footer(html! { (submit("Try")) }))
        }
    };
    Ok(Page::new("Redirects")
        .actions(html! {
            (link_button("Export", format!("{PATH}/export.csv")).icon(icons::LuDownload))
            (link_button("Import", format!("{PATH}/import")).icon(icons::LuUpload).disabled(shut))
            (link_button("New redirect", format!("{PATH}/new")).primary().icon(icons::LuPlus).key('c').disabled(shut))
        })
        .body(html! { div.stack { (body) } })
        .wide())
}

fn row(ctx: &Ctx, redirect: &Redirect) -> Markup {
    let note = match (redirect.kind, redirect.enabled) {
        (Kind::Pattern, true) => "Pattern",
        (Kind::Pattern, false) => "Pattern, switched off",
        (Kind::Exact, true) => "",
        (Kind::Exact, false) => "Switched off",
    };
    html! {
        tr data-row {
            (table::name_cell(&html! {}, &redirect.source, &format!("{PATH}/{}", redirect.id), note))
            td { @match &redirect.target { Some(target) => (target), None => "Gone for good" } }
            td { (redirect.status) @if redirect.query == QueryRule::Keep { " with query" } }
            td.number { (redirect.hits) }
            td { @match redirect.last_hit_at { Some(at) => (show::time(at, &show::ago(ctx, at))), None => "Never" } }
        }
    }
}

fn form(
    ctx: &Ctx,
    redirect: Option<&Redirect>,
    input: &RedirectInput,
    errors: &[FieldError],
) -> Page {
    let path = redirect.map_or_else(
        || PATH.to_owned(),
        |redirect| format!("{PATH}/{}", redirect.id),
    );
    let shut = lapsed(ctx);
    let kinds = vec![
        Choice::new("exact", "One path"),
        Choice::new("pattern", "A pattern (regular expression)"),
    ];
    let statuses = vec![
        Choice::new("301", "301: moved for good"),
        Choice::new("302", "302: somewhere else for now"),
        Choice::new("307", "307: for now, with the same method"),
        Choice::new("308", "308: for good, with the same method"),
        Choice::new("410", "410: gone for good"),
    ];
    let queries = vec![
        Choice::new("drop", "Leave it out"),
        Choice::new("keep", "Take it along"),
    ];
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        form method="post" action=(path) {
            input type="hidden" name="rev" value=[redirect.map(|redirect| redirect.rev)];
            (Card::new(html! { div.stack {
                (field::select("kind", "Applies to", kinds).value(input.kind.as_str()).errors(errors))
                (field::text("source", "From").value(&input.source).errors(errors).required().max_length(2000).mono()
                    .help("A path such as /old/about, or a pattern such as ^/(\\d{4})/(.*)$"))
                (field::select("status", "Answer", statuses).value(input.status.to_string()).errors(errors))
                (field::text("target", "To").value(&input.target).errors(errors).max_length(2000).mono()
                    .help("A path, or a whole address. $1 to $9 stand for the groups of a pattern. Of no meaning for what is gone."))
                (field::select("query", "What follows a ?", queries).value(input.query.as_str()).errors(errors))
                (field::number("position", "Place among patterns").value(input.position.to_string()).errors(errors).min("0").max("100000")
                    .help("Lower numbers are tried first. Paths come before all patterns."))
                (field::switch("enabled", "In use", input.enabled))
            } }).footer(html! { (submit("Save").primary().disabled(shut)) }))
        }
        @if redirect.is_some() {
            form method="post" action={ (path) "/delete" } {
                (Card::new(html! { p { "To keep it for later, switch it off instead." } })
                    .title("Delete")
                    .footer(html! { (submit("Delete the redirect").danger().disabled(shut)) }))
            }
        }
    };
    Page::new(if redirect.is_some() {
        "Redirect"
    } else {
        "New redirect"
    })
    .crumb("Redirects", PATH)
    .body(html! { div.stack { (body) } })
    .status(status_of(errors))
    .narrow()
}

fn status_of(errors: &[FieldError]) -> StatusCode {
    if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

fn read(pairs: &Pairs) -> RedirectInput {
    RedirectInput {
        kind: Kind::parse(value(pairs, "kind")).unwrap_or_default(),
        source: value(pairs, "source").to_owned(),
        target: value(pairs, "target").to_owned(),
        status: value(pairs, "status").parse().unwrap_or_default(),
        query: QueryRule::parse(value(pairs, "query")).unwrap_or_default(),
        position: value(pairs, "position").parse().unwrap_or(-1),
        enabled: !value(pairs, "enabled").is_empty(),
    }
}

async fn new(ctx: Allowed<ManageRedirects>) -> Page {
    form(&ctx, None, &RedirectInput::default(), &[])
}

async fn begin(ctx: Allowed<ManageRedirects>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let input = read(&pairs);
    let mut tx = ctx.begin().await?;
    match create(&mut tx, &ctx, &input).await {
        Ok(redirect) => {
            tx.commit().await?;
            let text = format!("The redirect from {} was added", redirect.source);
            Ok(told(PATH, &text, None)?)
        }
        Err(Error::Invalid(errors)) => Ok(form(&ctx, None, &input, &errors).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// The page of a redirect, with what was typed when that broke rules.
async fn page(
    ctx: &Ctx,
    id: RedirectId,
    typed: Option<&RedirectInput>,
    errors: &[FieldError],
) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let redirect = get(&mut tx, id).await?;
    let stored = RedirectInput {
        kind: redirect.kind,
        source: redirect.source.clone(),
        target: redirect.target.clone().unwrap_or_default(),
        status: redirect.status,
        query: redirect.query,
        position: redirect.position,
        enabled: redirect.enabled,
    };
    Ok(form(ctx, Some(&redirect), typed.unwrap_or(&stored), errors))
}

async fn edit(ctx: Allowed<ManageRedirects>, Path(id): Path<RedirectId>) -> Result<Page> {
    page(&ctx, id, None, &[]).await
}

async fn change(
    ctx: Allowed<ManageRedirects>,
    Path(id): Path<RedirectId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let input = read(&pairs);
    let mut tx = ctx.begin().await?;
    let errors = match update(&mut tx, &ctx, id, rev(&pairs), &input).await {
        Ok(_) => {
            tx.commit().await?;
            return Ok(told(PATH, "The redirect was saved", None)?);
        }
        Err(Error::Invalid(errors)) => errors,
        Err(Error::PreconditionFailed) => vec![FieldError::new(
            "",
            "changed_meanwhile",
            "Somebody else changed this redirect in the meantime. Look at your entries and save again.",
        )],
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    Ok(page(&ctx, id, Some(&input), &errors).await?.into_response())
}

async fn remove(ctx: Allowed<ManageRedirects>, Path(id): Path<RedirectId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let redirect = delete(&mut tx, &ctx, id, None).await?;
    tx.commit().await?;
    let text = format!("The redirect from {} was deleted", redirect.source);
    let undo = format!("{PATH}/{id}/restore");
    Ok(told(PATH, &text, Some(&undo))?)
}

async fn bring_back(ctx: Allowed<ManageRedirects>, Path(id): Path<RedirectId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let text = match restore(&mut tx, &ctx, id).await {
        Ok(redirect) => {
            tx.commit().await?;
            format!("The redirect from {} is back", redirect.source)
        }
        Err(Error::Conflict { message, .. }) => format!("It stays deleted. {message}"),
        Err(error) => return Err(error.into()),
    };
    Ok(told(PATH, &text, None)?)
}

async fn import_form(ctx: Allowed<ManageRedirects>) -> Page {
    import_page(&ctx, "", &[], &[])
}

fn import_page(ctx: &Ctx, text: &str, lines: &[Line], errors: &[FieldError]) -> Page {
    let shut = lapsed(ctx);
    let refused = lines
        .iter()
        .filter(|line| matches!(line.effect, Effect::Refused(_)))
        .count();
    let head = html! {
        (table::number_head("Line")) (table::head("From")) (table::head("To")) (table::head("What it does"))
    };
    let rows = html! {
        @for line in lines {
            tr {
                td.number { (line.number) }
                td { (line.from) }
                td { (line.to) }
                td { (effect(&line.effect)) }
            }
        }
    };
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        @if !lines.is_empty() {
            (Card::new(html! {
                p.pad role="status" {
                    @if refused == 0 { "Every line can be taken. Nothing has changed yet." }
                    @else if refused == 1 { "One line cannot be taken. Mend it below and check again; nothing has changed yet." }
                    @else { (refused) " lines cannot be taken. Mend them below and check again; nothing has changed yet." }
                }
                (table::table("Lines of the file", &head, &rows))
            }).title("Preview").flush())
        }
        form method="post" action={ (PATH) "/import" } enctype="multipart/form-data" {
            (Card::new(html! { div.stack {
                (field::file("file", "File", "text/csv,.csv").errors(errors)
                    .help("Comma-separated values in UTF-8, at most 1 MB and 1,000 lines. A file takes the place of the lines below."))
                (field::textarea("csv", "Lines", 12).value(text).errors(errors).mono()
                    .placeholder("from,to,status,query,kind,enabled,position\n/about-us,/blog/about,301,drop,exact,yes,1")
                    .help("The first line names the columns; only from is needed. Without a target the path is gone for good."))
            } }).title("Lines to import").footer(html! {
                div.actions {
                    (submit("Check").disabled(shut))
                    @if !lines.is_empty() && refused == 0 { (submit("Import").primary().named("apply", "yes").disabled(shut)) }
                }
            }))
        }
    };
    Page::new("Import redirects")
        .crumb("Redirects", PATH)
        .body(html! { div.stack { (body) } })
        .status(status_of(errors))
}

fn effect(effect: &Effect) -> Markup {
    match effect {
        Effect::Adds => badge(Tone::Ok, "New"),
        Effect::Changes => badge(Tone::Info, "Changes"),
        Effect::Same => badge(Tone::Neutral, "Is so already"),
        Effect::Refused(errors) => html! {
            (badge(Tone::Bad, "Refused"))
            @for error in errors { " " (error.message) }
        },
    }
}

/// What came with the form of an import.
struct Sent {
    /// The lines, from the file if there is one.
    text: String,
    /// Whether they are to hold, if all of them can be taken.
    apply: bool,
}

async fn sent(mut form: Multipart) -> kernel::Result<Sent> {
    let refuse =
        |code, message: &'static str| -> Error { FieldError::new("file", code, message).into() };
    let unread = |error: MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            refuse("too_large", "The file is larger than 1 MB.")
        } else {
            Error::bad_request("invalid_body", error.body_text())
        }
    };
    let (mut lines, mut file, mut apply) = (String::new(), String::new(), false);
    while let Some(part) = form.next_field().await.map_err(unread)? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(unread)?;
        match name.as_str() {
            "file" => {
                file = String::from_utf8(bytes.into()).map_err(|_| {
                    refuse(
                        "encoding",
                        "The file is not text in UTF-8. Save it so, and choose it again.",
                    )
                })?;
            }
            "csv" => lines = String::from_utf8_lossy(&bytes).into_owned(),
            "apply" => apply = !bytes.is_empty(),
            _ => {}
        }
    }
    let text = if file.is_empty() { lines } else { file };
    Ok(Sent { text, apply })
}

async fn import_file(ctx: Allowed<ManageRedirects>, form: Multipart) -> Result<Response> {
    let Sent { text, apply } = match sent(form).await {
        Ok(sent) => sent,
        Err(Error::Invalid(errors)) => {
            return Ok(import_page(&ctx, "", &[], &errors).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let mut tx = ctx.begin().await?;
    let lines = match import::import(&mut tx, &ctx, &text).await {
        Ok(lines) => lines,
        Err(Error::Invalid(errors)) => {
            return Ok(import_page(&ctx, &text, &[], &errors).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let refused = lines
        .iter()
        .any(|line| matches!(line.effect, Effect::Refused(_)));
    if refused || !apply {
        // Whatever was tried goes with the transaction.
        return Ok(import_page(&ctx, &text, &lines, &[]).into_response());
    }
    tx.commit().await?;
    let told_of = match lines.len() {
        1 => "1 line was imported".to_owned(),
        count => format!("{count} lines were imported"),
    };
    Ok(told(PATH, &told_of, None)?)
}

async fn export(ctx: Allowed<ManageRedirects>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let text = import::export(&mut tx).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"redirects.csv\"",
        ),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, text).into_response())
}
