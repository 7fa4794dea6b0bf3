//! Tags, at `/app/blog/tags`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, PageRequest};
use maud::html;
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;
use ui::field::Choice;
use ui::table::{self, FilterBar, Pager};
use ui::{Card, Empty, Page, error_summary, field, icons, link_button, no_match, submit};

use super::{Tag, TagId, TagInput, all, create, delete, get, list, merge, restore, update};
use crate::forms::{Pairs, lapsed, lapsed_notice, rev, told, value};
use crate::manifest::{ManageTags, ReadTags};

const PATH: &str = "/app/blog/tags";
const REGION: &str = "tags";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/tags", overview)
        .get("/tags/new", new)
        .post("/tags", begin)
        .get("/tags/{id}", edit)
        .post("/tags/{id}", change)
        .post("/tags/{id}/delete", remove)
        .post("/tags/{id}/restore", bring_back)
        .post("/tags/{id}/merge", join)
}

#[derive(Debug, Deserialize)]
struct View {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

async fn overview(ctx: Allowed<ReadTags>, Query(view): Query<View>) -> Result<Page> {
    let request = PageRequest::new(None, 50, view.cursor.as_deref())?;
    let q = Some(view.q.trim()).filter(|q| !q.is_empty());
    let mut tx = ctx.begin().await?;
    let tags = list(&mut tx, q, request).await?;
    drop(tx);
    let may = ctx.may("blog.tags.manage");
    let head =
        html! { (table::head("Name")) (table::head("Address")) (table::number_head("Posts")) };
    let rows = html! {
        @for tag in &tags.items {
            tr data-row {
                @if may { (table::name_cell(&html! {}, &tag.name, &format!("{PATH}/{}", tag.id), &tag.description)) }
                @else { td { (tag.name) } }
                td { "/blog/tag/" (tag.slug) }
                td.number { a.link href={ "/app/blog/posts?tag=" (tag.slug) } { (tag.posts) span.sr { " posts with " (tag.name) } } }
            }
        }
    };
    let address = |cursor: &str| {
        let q = percent_encoding::utf8_percent_encode(&view.q, percent_encoding::NON_ALPHANUMERIC);
        format!("{PATH}?q={q}&cursor={cursor}")
    };
    let body = html! {
        (lapsed_notice(&ctx))
        (FilterBar::new(PATH, REGION).search("Search tags", &view.q))
        section id=(REGION) {
            @if !tags.items.is_empty() {
                (Card::new(html! {
                    (table::table("Tags", &head, &rows))
                    (Pager {
                        summary: String::new(),
                        previous: view.cursor.as_ref().map(|_| address("")),
                        next: tags.next.as_deref().map(address),
                        region: REGION.into(),
                    })
                }).flush())
            } @else if q.is_some() {
                (no_match("No tag has this name.", PATH))
            } @else {
                (Empty::new(icons::LuTags, "No tags yet", "Tags group posts. Name them while you write, or make one here."))
            }
        }
    };
    Ok(Page::new("Tags")
        .actions(html! {
            @if may { (link_button("New tag", format!("{PATH}/new")).primary().icon(icons::LuPlus).key('c').disabled(lapsed(&ctx))) }
        })
        .body(body))
}

fn form(
    ctx: &Ctx,
    tag: Option<&Tag>,
    others: &[(String, String)],
    input: &TagInput,
    errors: &[FieldError],
) -> Page {
    let path = tag.map_or_else(|| PATH.to_owned(), |tag| format!("{PATH}/{}", tag.id));
    let shut = lapsed(ctx);
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        form method="post" action=(path) {
            input type="hidden" name="rev" value=[tag.map(|tag| tag.rev)];
            (Card::new(html! { div.stack {
                (field::text("name", "Name").value(&input.name).errors(errors).required().max_length(191))
                (field::text("slug", "Address").prefix("/blog/tag/").value(input.slug.clone().unwrap_or_default()).errors(errors)
                    .help("The former address forwards to a new one. Empty: made from the name."))
                (field::textarea("description", "Description", 3).value(&input.description).errors(errors).help("Shown on the tag's page."))
            } }).footer(html! { (submit("Save").primary().disabled(shut)) }))
        }
        @if let Some(tag) = tag {
            @if !others.is_empty() {
                form method="post" action={ (path) "/merge" } {
                    (Card::new(html! {
                        p { "The other tag has these posts then, and the addresses of this one lead there. This cannot be undone." }
                        (field::select("into", "Merge into", others.iter().map(|(id, name)| Choice::new(id, name)).collect()).errors(errors))
                    }).title("Merge").footer(html! { (submit("Merge").disabled(shut)) }))
                }
            }
            form method="post" action={ (path) "/delete" } {
                (Card::new(html! { p { "The posts with this tag stay. For 30 days it can be taken back." } })
                    .title("Delete")
                    .footer(html! { (submit(format!("Delete {}", tag.name)).danger().disabled(shut)) }))
            }
        }
    };
    Page::new(tag.map_or("New tag", |tag| tag.name.as_str()))
        .crumb("Tags", PATH)
        .body(html! { div.stack { (body) } })
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .narrow()
}

fn read(pairs: &Pairs) -> TagInput {
    TagInput {
        name: value(pairs, "name").to_owned(),
        slug: Some(value(pairs, "slug").trim().to_owned()),
        description: value(pairs, "description").to_owned(),
    }
}

async fn new(ctx: Allowed<ManageTags>) -> Page {
    form(&ctx, None, &[], &TagInput::default(), &[])
}

async fn begin(ctx: Allowed<ManageTags>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let input = read(&pairs);
    let mut tx = ctx.begin().await?;
    match create(&mut tx, &ctx, input.clone()).await {
        Ok(tag) => {
            tx.commit().await?;
            Ok(told(PATH, &format!("{} was added", tag.name), None)?)
        }
        Err(Error::Invalid(errors)) => Ok(form(&ctx, None, &[], &input, &errors).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// The page of a tag, with what was typed when that broke rules.
async fn page(
    ctx: &Ctx,
    id: TagId,
    typed: Option<&TagInput>,
    errors: &[FieldError],
) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let tag = get(&mut tx, id).await?;
    let others: Vec<(String, String)> = all(&mut tx)
        .await?
        .into_iter()
        .filter(|other| other.id != id)
        .map(|other| (other.id.to_string(), other.name))
        .collect();
    let stored = TagInput {
        name: tag.name.clone(),
        slug: Some(tag.slug.clone()),
        description: tag.description.clone(),
    };
    Ok(form(
        ctx,
        Some(&tag),
        &others,
        typed.unwrap_or(&stored),
        errors,
    ))
}

async fn edit(ctx: Allowed<ManageTags>, Path(id): Path<TagId>) -> Result<Page> {
    page(&ctx, id, None, &[]).await
}

async fn change(
    ctx: Allowed<ManageTags>,
    Path(id): Path<TagId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let input = read(&pairs);
    let mut tx = ctx.begin().await?;
    let errors = match update(&mut tx, &ctx, id, rev(&pairs), input.clone()).await {
        Ok(tag) => {
            tx.commit().await?;
            return Ok(told(PATH, &format!("{} was saved", tag.name), None)?);
        }
        Err(Error::Invalid(errors)) => errors,
        Err(Error::PreconditionFailed) => vec![FieldError::new(
            "",
            "changed_meanwhile",
            "Somebody else changed this tag in the meantime. Look at your entries and save again.",
        )],
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    Ok(page(&ctx, id, Some(&input), &errors).await?.into_response())
}

async fn remove(ctx: Allowed<ManageTags>, Path(id): Path<TagId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let tag = delete(&mut tx, &ctx, id, None).await?;
    tx.commit().await?;
    let undo = format!("{PATH}/{id}/restore");
    Ok(told(
        PATH,
        &format!("{} was deleted", tag.name),
        Some(&undo),
    )?)
}

async fn bring_back(ctx: Allowed<ManageTags>, Path(id): Path<TagId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let tag = restore(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(told(PATH, &format!("{} is back", tag.name), None)?)
}

async fn join(
    ctx: Allowed<ManageTags>,
    Path(id): Path<TagId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let into: TagId = value(&pairs, "into")
        .parse()
        .map_err(|_| FieldError::new("into", "required", "Choose the tag to merge into."))?;
    let mut tx = ctx.begin().await?;
    let tag = merge(&mut tx, &ctx, id, into).await?;
    tx.commit().await?;
    Ok(told(PATH, &format!("Merged into {}", tag.name), None)?)
}
