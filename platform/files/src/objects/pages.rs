//! The library, at `/app/files`.

use axum::Extension;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{Error, FieldError, PageRequest};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, App, Ctx, Result, Routes};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tenant_resolver::TenantTx;
use ui::table::{Direction, FilterBar, Pager, Sorting};
use ui::{
    Card, Empty, Page, Tab, Tone, banner, error_summary, field, icons, link_button, no_match,
    segmented, submit,
};

use super::cards::{self, PATH, REGION};
use super::{Change, File, Filter, Sort, get, list, remove, restore, store, update};
use crate::usages::{self, Usage};
use crate::{FileId, Files, ManageFiles, ReadFiles, UploadFiles, Visibility, quota, receive};

const PER_PAGE: i64 = 48;

pub(crate) fn routes() -> Routes {
    let upload = Routes::new()
        .post(PATH, upload)
        // Counted while it is read; see `receive`.
        .map_router(|router| router.layer(DefaultBodyLimit::disable()));
    upload
        .get(PATH, library)
        .post("/app/files/empty-trash", empty_trash)
        .get("/app/files/{id}", show)
        .post("/app/files/{id}", save)
        .post("/app/files/{id}/delete", delete)
        .post("/app/files/{id}/restore", take_back)
}

/// The library as its address says.
#[derive(Clone, Debug, Default, Deserialize)]
struct View {
    #[serde(default)]
    q: String,
    #[serde(default)]
    only: String,
    #[serde(default)]
    sort: String,
    /// `list`, or pictures side by side.
    #[serde(default, rename = "view")]
    layout: String,
    cursor: Option<String>,
}

impl View {
    fn sort(&self) -> Sort {
        Sort::parse(&self.sort).unwrap_or_default()
    }

    fn is_list(&self) -> bool {
        self.layout == "list"
    }

    fn filter(&self) -> Filter {
        Filter {
            trash: self.only == "trash",
            q: Some(self.q.trim().to_owned()).filter(|q| !q.is_empty()),
            used: (self.only == "unused").then_some(false),
            without_alt: (self.only == "without-alt").then_some(true),
            visibility: (self.only == "private").then_some(Visibility::Private),
        }
    }

    /// The address of this view, from its beginning.
    fn address(&self, cursor: Option<&str>) -> String {
        let fields = [
            ("q", self.q.as_str()),
            ("only", &self.only),
            ("sort", &self.sort),
            ("view", &self.layout),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let query: Vec<String> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if query.is_empty() {
            PATH.to_owned()
        } else {
            format!("{PATH}?{}", query.join("&"))
        }
    }

    /// The same view with one thing changed, from its beginning.
    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut there = Self {
            cursor: None,
            ..self.clone()
        };
        change(&mut there);
        there
    }
}

async fn library(
    ctx: Allowed<ReadFiles>,
    Extension(files): Extension<Files>,
    Query(view): Query<View>,
) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    Ok(library_page(&mut tx, &ctx, &files, &view, &[]).await?)
}

async fn library_page(
    tx: &mut TenantTx,
    ctx: &Ctx,
    files: &Files,
    view: &View,
    errors: &[FieldError],
) -> kernel::Result<Page> {
    let request = PageRequest::new(None, PER_PAGE, view.cursor.as_deref())?;
    let found = list(tx, &view.filter(), view.sort(), request).await?;
    let counts = store::counts(tx).await?;
    let room = quota::room(tx, ctx).await?;
    let may_upload = ctx.may("files.library.upload") && quota::allowance(ctx).is_ok();
    let sorts = [
        ("", "Newest first"),
        ("name", "By name"),
        ("largest", "Largest first"),
    ];
    let body = html! {
        div.files-top {
            (error_summary(errors))
            @if may_upload { (Card::new(cards::uploader(files, errors))) }
            (segmented("Show", &tabs(view, &counts), None))
        }
        (FilterBar::new(PATH, REGION)
            .search("Search names and alt texts", &view.q)
            .filter("sort", "Order", &sorts, &view.sort)
            .keep("only", &view.only)
            .keep("view", &view.layout)
            .end(html! { (segmented("View", &[
                Tab::new("Grid", view.with(|view| view.layout.clear()).address(None), !view.is_list()),
                Tab::new("List", view.with(|view| "list".clone_into(&mut view.layout)).address(None), view.is_list()),
            ], None)) }))
        section #(REGION) {
            @if found.items.is_empty() {
                (Card::new(nothing(view, may_upload)))
            } @else if view.is_list() {
                (Card::new(html! { (table(files, ctx, view, &found.items)) (pager(view, &found)) }).flush())
            } @else {
                (cards::grid(files, ctx, &found.items))
                (pager(view, &found))
            }
            (cards::room(room))
        }
    };
    Ok(Page::new("Files")
        .lead("Pictures for posts and pages, in every size that is needed.")
        .actions(html! {
            @if view.only == "trash" && counts.trash > 0 && ctx.may("files.library.manage") {
                form method="post" action="/app/files/empty-trash" { (submit("Empty the trash").danger().icon(icons::LuTrash2)) }
            }
        })
        .body(body)
        .style("files.css")
        .script("files.js")
        .status(if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY })
        .wide())
}

fn tabs(view: &View, counts: &store::Counts) -> Vec<Tab> {
    let tab = |label: &str, only: &str, count: i64| {
        let there = view.with(|view| only.clone_into(&mut view.only));
        Tab::new(label, there.address(None), view.only == only)
            .count(u64::try_from(count).unwrap_or(0))
    };
    vec![
        tab("All", "", counts.all),
        tab("Not used", "unused", counts.unused),
        tab("Without alt text", "without-alt", counts.without_alt),
        tab("Private", "private", counts.private),
        tab("Trash", "trash", counts.trash),
    ]
}

fn nothing(view: &View, may_upload: bool) -> Markup {
    html! {
        @if !view.q.trim().is_empty() {
            (no_match("No file has these words in its name or alt text.", &view.with(|view| view.q.clear()).address(None)))
        } @else if view.only == "trash" {
            (Empty::new(icons::LuTrash2, "The trash is empty", "Files that you delete stay here for 30 days."))
        } @else if !view.only.is_empty() {
            (no_match("No file is like this at the moment.", PATH))
        } @else if may_upload {
            (Empty::new(icons::LuImage, "No files yet", "Drop pictures above, or paste them into a post. They are kept in every size that is needed."))
        } @else {
            (Empty::new(icons::LuImage, "No files yet", "Pictures appear here as soon as somebody uploads one."))
        }
    }
}

fn table(files: &Files, ctx: &Ctx, view: &View, found: &[File]) -> Markup {
    let address = |key: &str, _: Direction| {
        view.with(|view| key.clone_into(&mut view.sort))
            .address(None)
    };
    let sorting = Sorting {
        by: view.sort().as_str(),
        direction: if view.sort() == Sort::Name {
            Direction::Ascending
        } else {
            Direction::Descending
        },
        region: REGION,
        address: &address,
    };
    cards::list(files, ctx, found, &sorting)
}

fn pager(view: &View, found: &kernel::Page<File>) -> Pager {
    let count = found.items.len();
    Pager {
        summary: format!("{count} {}", if count == 1 { "file" } else { "files" }),
        previous: view.cursor.as_ref().map(|_| view.address(None)),
        next: found
            .next
            .as_deref()
            .map(|cursor| view.address(Some(cursor))),
        region: REGION.into(),
    }
}

/// Takes what the plain form sends. Files that came before one that is refused are kept.
async fn upload(
    ctx: Allowed<UploadFiles>,
    Extension(files): Extension<Files>,
    State(app): State<App>,
    request: Request,
) -> Result<Response> {
    let taken = take_all(&ctx, &files, &app, request).await;
    match taken {
        Ok(count) => {
            let text = match count {
                1 => "1 file was added".to_owned(),
                count => format!("{count} files were added"),
            };
            Ok(told(PATH, &text, None)?)
        }
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            Ok(
                library_page(&mut tx, &ctx, &files, &View::default(), &errors)
                    .await?
                    .into_response(),
            )
        }
        Err(error) => Err(error.into()),
    }
}

async fn take_all(ctx: &Ctx, files: &Files, app: &App, request: Request) -> kernel::Result<usize> {
    let sent = receive::form(request, app, files.max_upload()).await?;
    if sent.is_empty() {
        return Err(FieldError::new("file", "required", "Choose a file.").into());
    }
    let count = sent.len();
    for incoming in sent {
        let name = incoming.name.clone();
        let (tx, _) = files
            .take(ctx, incoming)
            .await
            .map_err(|error| named(error, &name, count))?;
        tx.commit().await?;
    }
    Ok(count)
}

/// Says which of several files is refused.
fn named(error: Error, name: &str, count: usize) -> Error {
    match error {
        Error::Invalid(errors) if count > 1 => Error::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError {
                    message: format!("{name}: {}", error.message).into(),
                    ..error
                })
                .collect(),
        ),
        other => other,
    }
}

async fn empty_trash(
    ctx: Allowed<ManageFiles>,
    Extension(files): Extension<Files>,
) -> Result<Response> {
    let removed = files.empty_trash(&ctx).await?;
    let text = match removed {
        1 => "1 file was removed for good".to_owned(),
        removed => format!("{removed} files were removed for good"),
    };
    Ok(told(PATH, &text, None)?)
}

async fn show(
    ctx: Allowed<ReadFiles>,
    Extension(files): Extension<Files>,
    Path(id): Path<FileId>,
) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let file = get(&mut tx, id).await?;
    let said = Said::of(&file);
    Ok(details(&mut tx, &ctx, &files, &file, &said, &[]).await?)
}

/// What the form of a file holds.
#[derive(Clone, Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    name: String,
    #[serde(default)]
    alt_text: String,
    #[serde(default)]
    caption: String,
    rev: Option<i64>,
}

impl Said {
    fn of(file: &File) -> Self {
        Self {
            name: file.name.clone(),
            alt_text: file.alt_text.clone(),
            caption: file.caption.clone(),
            rev: Some(file.rev),
        }
    }
}

async fn details(
    tx: &mut TenantTx,
    ctx: &Ctx,
    files: &Files,
    file: &File,
    said: &Said,
    errors: &[FieldError],
) -> kernel::Result<Page> {
    let used = usages::of(tx, file.id).await?;
    let trashed = file.deleted_at.is_some();
    let shut = trashed || !file.may_change(ctx);
    let here = cards::page(file);
    let form = html! {
        form.files-form method="post" action=(here) {
            input type="hidden" name="rev" value=[said.rev];
            (error_summary(errors))
            (field::textarea("alt_text", "Alt text", 3).value(&said.alt_text).errors(errors).disabled(shut).max_length(500)
                .help("What can be seen, for those who cannot see it and for search engines."))
            (field::text("caption", "Caption").value(&said.caption).errors(errors).disabled(shut).max_length(1000)
                .help("Stands below the picture where it is shown large."))
            (field::text("name", "Name").value(&said.name).errors(errors).disabled(shut).max_length(191).required())
            @if !shut { (submit("Save").primary()) }
        }
    };
    let body = html! {
        @if let Some(at) = file.purged_at() {
            (banner(Tone::Warn, &format!(
                "This file is in the trash. It will be removed for good on {}.",
                at.in_zone(&ctx.tenant().zone).strftime("%-d %b %Y")
            ), None))
        }
        div.files-detail {
            div {
                (Card::new(html! { div.files-large { (cards::picture(files, ctx, file, medium(file))) } }).flush())
                (Card::new(facts(files, ctx, file)).title("About"))
                (Card::new(uses(&used)).title("Where it is used"))
            }
            (Card::new(form).title("Details"))
        }
    };
    Ok(Page::new(file.name.clone())
        .crumb("Files", PATH)
        .actions(actions(ctx, files, file))
        .body(body)
        .style("files.css")
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }))
}

fn actions(ctx: &Ctx, files: &Files, file: &File) -> Markup {
    let here = cards::page(file);
    html! {
        @if file.deleted_at.is_some() {
            @if file.may_change(ctx) {
                form method="post" action={ (here) "/restore" } { (submit("Restore").primary().icon(icons::LuUndo2)) }
            }
        } @else {
            (link_button("Download", files.signed_path(ctx, file, "original", std::time::Duration::from_hours(1))).icon(icons::LuDownload))
            @if file.may_change(ctx) {
                form method="post" action={ (here) "/delete" } { (submit("Delete").danger().icon(icons::LuTrash2)) }
            }
        }
    }
}

/// The copy that fills the page of a file.
fn medium(file: &File) -> Option<&super::Size> {
    let mut sizes = file.sizes.iter().filter(|size| size.variant != "thumb");
    sizes
        .clone()
        .find(|size| size.width >= 960)
        .or_else(|| sizes.next_back())
}

fn facts(files: &Files, ctx: &Ctx, file: &File) -> Markup {
    let shown = file.shown().filter(|_| file.deleted_at.is_none());
    html! {
      div.files-facts {
        (ui::definition_list(&[
            ("Measures", html! { (cards::measures(file)) }),
            ("Kind", html! { (file.mime) }),
            ("Added", html! { (cards::day(ctx, file)) " by " (file.uploader) }),
            ("Seen by", html! {
                @match file.visibility {
                    Visibility::Public => "everybody who has its address",
                    Visibility::Private => "whoever has an address that was made for them",
                }
            }),
        ]))
        @if let Some(size) = shown {
            @match file.visibility {
                Visibility::Public => (ui::copy_field("file-address", "Address", &ctx.link(&file.path(&size.variant)))),
                Visibility::Private => (ui::copy_field("file-address", "Address that holds for 7 days",
                    &ctx.link(&files.signed_path(ctx, file, &size.variant, crate::LONGEST)))),
            }
        }
      }
    }
}

fn uses(used: &[Usage]) -> Markup {
    html! {
        @if used.is_empty() {
            p { "Nothing shows this file." }
        } @else {
            ul.files-uses { @for usage in used { (cards::place(usage)) } }
        }
    }
}

async fn save(
    ctx: Allowed<UploadFiles>,
    Extension(files): Extension<Files>,
    Path(id): Path<FileId>,
    Form(said): Form<Said>,
) -> Result<Response> {
    let change = Change {
        name: Some(said.name.clone()),
        alt_text: Some(said.alt_text.clone()),
        caption: Some(said.caption.clone()),
    };
    let mut tx = ctx.begin().await?;
    match update(&mut tx, &ctx, id, said.rev, change).await {
        Ok(file) => {
            tx.commit().await?;
            Ok(told(&cards::page(&file), "Saved", None)?)
        }
        Err(Error::Invalid(errors)) => {
            let file = get(&mut tx, id).await?;
            Ok(details(&mut tx, &ctx, &files, &file, &said, &errors)
                .await?
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// How to delete.
#[derive(Deserialize)]
struct Deletion {
    /// Whether somebody has seen where it is used.
    #[serde(default)]
    force: bool,
}

async fn delete(
    ctx: Allowed<UploadFiles>,
    Path(id): Path<FileId>,
    Form(deletion): Form<Deletion>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    match remove(&mut tx, &ctx, id, None, deletion.force).await {
        Ok(()) => {
            tx.commit().await?;
            let undo = format!("{PATH}/{id}/restore");
            Ok(told(PATH, "The file is in the trash", Some(&undo))?)
        }
        Err(Error::Conflict { code: "in_use", .. }) => {
            let file = get(&mut tx, id).await?;
            let used = usages::of(&mut tx, id).await?;
            Ok(in_use(&file, &used).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The question before a file goes that something shows.
fn in_use(file: &File, used: &[Usage]) -> Page {
    let here = cards::page(file);
    let body = html! {
        (banner(Tone::Warn, "This file is shown elsewhere. If you delete it, its place there stays empty.", None))
        (Card::new(uses(used)).title("Where it is used").footer(html! {
            form method="post" action={ (here) "/delete" } {
                input type="hidden" name="force" value="true";
                (submit("Delete anyway").danger())
            }
            (link_button("Keep it", &here))
        }))
    };
    Page::new("Delete a file that is used")
        .crumb("Files", PATH)
        .crumb(file.name.clone(), here)
        .body(body)
        .style("files.css")
        .status(StatusCode::CONFLICT)
        .narrow()
}

async fn take_back(ctx: Allowed<UploadFiles>, Path(id): Path<FileId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let file = restore(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(told(
        &cards::page(&file),
        &format!("{} is back", file.name),
        None,
    )?)
}

/// Goes to another page and says there what happened, with a way back if there is one.
fn told(path: &str, text: &str, undo: Option<&str>) -> kernel::Result<Response> {
    let mut response = Redirect::to(path).into_response();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let headers = [("x-flash", Some(text.as_str())), ("x-flash-undo", undo)];
    for (name, value) in headers {
        if let Some(value) = value {
            let value = HeaderValue::try_from(value).map_err(Error::internal)?;
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}
