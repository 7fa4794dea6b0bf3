//! Authors, at `/app/blog/authors`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{Error, FieldError, MembershipId};
use maud::html;
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Result, Routes};
use ui::field::Choice;
use ui::{Card, Empty, Page, Row, avatar, error_summary, field, icons, rows, submit};

use super::{Author, AuthorId, AuthorInput, add, all, colleagues, get, may_edit, update};
use crate::forms::{Pairs, lapsed, lapsed_notice, rev, told, value};
use crate::manifest::{EditAnyPost, ReadPosts, WritePosts};

const PATH: &str = "/app/blog/authors";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/authors", overview)
        .post("/authors", include)
        .get("/authors/{id}", edit)
        .post("/authors/{id}", change)
}

async fn overview(ctx: Allowed<ReadPosts>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let authors = all(&mut tx).await?;
    let others = colleagues(&mut tx).await?;
    drop(tx);
    let list: Vec<Row> = authors
        .iter()
        .map(|author| {
            let row = Row::new(&author.display_name)
                .lead(avatar(&author.display_name))
                .note(html! {
                    (author.posts) @if author.posts == 1 { " post" } @else { " posts" }
                });
            if may_edit(&ctx, author) {
                row.href(format!("{PATH}/{}", author.id))
            } else {
                row
            }
        })
        .collect();
    let body = html! {
        (lapsed_notice(&ctx))
        @if list.is_empty() {
            (Empty::new(icons::LuPenLine, "No authors yet", "Whoever writes a post becomes an author, with a page of their own."))
        } @else {
            (Card::new(rows(&list)).flush())
        }
        @if ctx.may("blog.posts.edit_any") && !others.is_empty() {
            form method="post" action=(PATH) {
                (Card::new(html! {
                    (field::select("membership_id", "Colleague",
                        others.iter().map(|other| Choice::new(other.membership.to_string(), &other.name)).collect())
                        .help("They can be named on posts then, before they have written one."))
                }).title("Add an author").footer(html! { (submit("Add").disabled(lapsed(&ctx))) }))
            }
        }
    };
    Ok(Page::new("Authors")
        .lead("Those whose names stand above posts.")
        .body(html! { div.stack { (body) } })
        .narrow())
}

async fn include(ctx: Allowed<EditAnyPost>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let membership: MembershipId = value(&pairs, "membership_id").parse().map_err(|_| {
        FieldError::new(
            "membership_id",
            "required",
            "Choose a member of the workspace.",
        )
    })?;
    let mut tx = ctx.begin().await?;
    let author = add(&mut tx, &ctx, membership).await?;
    tx.commit().await?;
    Ok(told(
        PATH,
        &format!("{} is an author now", author.name),
        None,
    )?)
}

fn form(ctx: &Ctx, author: &Author, input: &AuthorInput, errors: &[FieldError]) -> Page {
    let shut = lapsed(ctx) || !may_edit(ctx, author);
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        form method="post" action={ (PATH) "/" (author.id) } {
            input type="hidden" name="rev" value=(author.rev);
            (Card::new(html! { div.stack {
                (field::text("display_name", "Name").value(&input.display_name).errors(errors).required().max_length(120).disabled(shut))
                (field::text("slug", "Address").prefix("/blog/author/").value(input.slug.clone().unwrap_or_default()).errors(errors).disabled(shut)
                    .help("The former address forwards to a new one."))
                (field::textarea("bio", "About", 3).value(&input.bio).errors(errors).disabled(shut).help("A few words, at most 250 characters."))
                (field::url("website", "Website").value(&input.website).errors(errors).disabled(shut))
            } }).footer(html! { (submit("Save").primary().disabled(shut)) }))
        }
    };
    Page::new(&author.display_name)
        .crumb("Authors", PATH)
        .body(html! { div.stack { (body) } })
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .narrow()
}

async fn edit(ctx: Allowed<ReadPosts>, Path(id): Path<AuthorId>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let author = get(&mut tx, id).await?;
    let input = AuthorInput {
        display_name: author.display_name.clone(),
        slug: Some(author.slug.clone()),
        bio: author.bio.clone(),
        website: author.website.clone(),
    };
    Ok(form(&ctx, &author, &input, &[]))
}

async fn change(
    ctx: Allowed<WritePosts>,
    Path(id): Path<AuthorId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let input = AuthorInput {
        display_name: value(&pairs, "display_name").to_owned(),
        slug: Some(value(&pairs, "slug").trim().to_owned()),
        bio: value(&pairs, "bio").to_owned(),
        website: value(&pairs, "website").to_owned(),
    };
    let mut tx = ctx.begin().await?;
    let errors = match update(&mut tx, &ctx, id, rev(&pairs), input.clone()).await {
        Ok(author) => {
            tx.commit().await?;
            return Ok(told(
                PATH,
                &format!("{} was saved", author.display_name),
                None,
            )?);
        }
        Err(Error::Invalid(errors)) => errors,
        Err(Error::PreconditionFailed) => vec![FieldError::new(
            "",
            "changed_meanwhile",
            "Somebody else changed this profile in the meantime. Look at your entries and save again.",
        )],
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    let mut tx = ctx.begin().await?;
    let author = get(&mut tx, id).await?;
    Ok(form(&ctx, &author, &input, &errors).into_response())
}
