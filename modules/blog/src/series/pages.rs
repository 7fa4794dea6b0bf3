//! Series, at `/app/blog/series`.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use kernel::{Error, FieldError, PageRequest};
use maud::{Markup, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;
use ui::field::Choice;
use ui::table::{self, FilterBar, Pager};
use ui::{
    Card, Empty, Page, error_summary, field, icon_sized, icons, link_button, no_match, submit,
};

use super::{
    OrderMode, Part, Series, SeriesId, SeriesInput, Shift, arrange, create, delete, get, list,
    parts, restore, shift, update,
};
use crate::forms::{Pairs, lapsed, lapsed_notice, rev, told, value, values};
use crate::manifest::{ManageSeries, ReadSeries};
use crate::posts::{
    self, Filter, Listed, PostId, Sort, State, display_title, effective, store as post_store,
};
use crate::show;

const PATH: &str = "/app/blog/series";
const REGION: &str = "series";
/// The region of a series' posts: their order, and those that could join.
const POSTS: &str = "series-posts";
/// Posts that are offered to join a series.
const OFFERED: i64 = 10;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/series", overview)
        .get("/series/new", new)
        .post("/series", begin)
        .get("/series/{id}", edit)
        .post("/series/{id}", change)
        .post("/series/{id}/move", shift_post)
        .post("/series/{id}/order", put_in_order)
        .post("/series/{id}/delete", remove)
        .post("/series/{id}/restore", bring_back)
}

#[derive(Debug, Deserialize)]
struct View {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

async fn overview(ctx: Allowed<ReadSeries>, Query(view): Query<View>) -> Result<Page> {
    let request = PageRequest::new(None, 50, view.cursor.as_deref())?;
    let q = Some(view.q.trim()).filter(|q| !q.is_empty());
    let mut tx = ctx.begin().await?;
    let series = list(&mut tx, q, request).await?;
    drop(tx);
    let may = ctx.may("blog.series.manage");
    let head = html! {
        (table::head("Title")) (table::head("Address")) (table::head("Order")) (table::number_head("Posts"))
    };
    let rows = html! {
        @for series in &series.items {
            tr data-row {
                @if may { (table::name_cell(&html! {}, &series.title, &format!("{PATH}/{}", series.id), &series.description)) }
                @else { td { (series.title) } }
                td { "/series/" (series.slug) }
                td { (order_title(series.order_mode)) }
                td.number { (series.posts) }
            }
        }
    };
    let address = |cursor: &str| {
        let q = percent_encoding::utf8_percent_encode(&view.q, percent_encoding::NON_ALPHANUMERIC);
        format!("{PATH}?q={q}&cursor={cursor}")
    };
    let begin = || link_button("New series", format!("{PATH}/new")).primary();
    let body = html! {
        (lapsed_notice(&ctx))
        (FilterBar::new(PATH, REGION).search("Search series", &view.q))
        section id=(REGION) {
            @if !series.items.is_empty() {
                (Card::new(html! {
                    (table::table("Series", &head, &rows))
                    (Pager {
                        summary: String::new(),
                        previous: view.cursor.as_ref().map(|_| address("")),
                        next: series.next.as_deref().map(address),
                        region: REGION.into(),
                    })
                }).flush())
            } @else if q.is_some() {
                (no_match("No series has these words in its title.", PATH))
            } @else if may && !lapsed(&ctx) {
                (Empty::new(icons::LuListOrdered, "No series yet", "A series leads readers from one post to the next: a course in parts, a journey, a project.")
                    .action(begin()))
            } @else {
                (Empty::new(icons::LuListOrdered, "No series yet", "A series leads readers from one post to the next."))
            }
        }
    };
    Ok(Page::new("Series")
        .actions(html! {
            @if may { (begin().icon(icons::LuPlus).key('c').disabled(lapsed(&ctx))) }
        })
        .body(body))
}

fn order_title(order: OrderMode) -> &'static str {
    match order {
        OrderMode::Manual => "By hand",
        OrderMode::Date => "By date",
    }
}

/// A series with all that its page shows.
struct Opened {
    series: Series,
    parts: Vec<Part>,
    offered: Vec<Listed>,
    /// What posts to join were looked for.
    add: String,
}

impl Opened {
    async fn read(ctx: &Ctx, id: SeriesId, add: &str) -> kernel::Result<Self> {
        let mut tx = ctx.begin().await?;
        let series = get(&mut tx, id).await?;
        let parts = parts(&mut tx, &series).await?;
        let add = add.trim().to_owned();
        let filter = Filter {
            q: Some(add.clone()).filter(|add| !add.is_empty()),
            ..Filter::default()
        };
        // As many more as there are in the series already, since those are not offered.
        let limit = OFFERED + i64::try_from(parts.len()).unwrap_or(0);
        let page = PageRequest { limit, after: None };
        let mut offered =
            post_store::list(&mut tx, &filter, Sort::Updated, page, ctx.now()).await?;
        offered.retain(|post| parts.iter().all(|part| part.id != post.id));
        offered.truncate(usize::try_from(OFFERED).unwrap_or_default());
        Ok(Self {
            series,
            parts,
            offered,
            add,
        })
    }

    fn path(&self) -> String {
        format!("{PATH}/{}", self.series.id)
    }
}

fn form(ctx: &Ctx, opened: Option<&Opened>, input: &SeriesInput, errors: &[FieldError]) -> Page {
    let series = opened.map(|opened| &opened.series);
    let path = opened.map_or_else(|| PATH.to_owned(), Opened::path);
    let shut = lapsed(ctx);
    let orders = vec![
        Choice::new("manual", "By hand").note("You put the posts in order"),
        Choice::new("date", "By date").note("The oldest post comes first"),
    ];
    let body = html! {
        (lapsed_notice(ctx))
        (error_summary(errors))
        form method="post" action=(path) {
            input type="hidden" name="rev" value=[series.map(|series| series.rev)];
            (Card::new(html! { div.stack {
                (field::text("title", "Title").value(&input.title).errors(errors).required().max_length(191))
                (field::text("slug", "Address").prefix("/series/").value(input.slug.clone().unwrap_or_default()).errors(errors)
                    .help("The former address forwards to a new one. Empty: made from the title."))
                (field::textarea("description", "Description", 3).value(&input.description).errors(errors).help("Shown on the page of the series."))
                (field::select("order", "Order", orders).value(input.order.as_str()).errors(errors))
            } }).footer(html! { (submit("Save").primary().disabled(shut)) }))
        }
        @if let Some(opened) = opened {
            (arrangement(ctx, opened))
            form method="post" action={ (path) "/delete" } {
                (Card::new(html! { p { "The posts in this series stay. For 30 days it can be taken back." } })
                    .title("Delete")
                    .footer(html! { (submit("Delete the series").danger().disabled(shut)) }))
            }
        }
    };
    Page::new(series.map_or("New series", |series| series.title.as_str()))
        .crumb("Series", PATH)
        .style("blog-desk.css")
        .script("blog-series.js")
        .actions(html! {
            @if let Some(series) = series.filter(|series| series.posts > 0) {
                (link_button("View on the website", format!("/series/{}", series.slug)).icon(icons::LuExternalLink))
            }
        })
        .body(html! { div.stack { (body) } })
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .narrow()
}

/// The posts of a series: their order, and those that could join.
fn arrangement(ctx: &Ctx, opened: &Opened) -> Markup {
    let shut = lapsed(ctx);
    let by_hand = opened.series.order_mode == OrderMode::Manual;
    let path = opened.path();
    let last = opened.parts.len().saturating_sub(1);
    html! {
        section.stack id=(POSTS) {
            (Card::new(html! {
                @if opened.parts.is_empty() {
                    p { "No posts yet. Add the first one below." }
                } @else {
                    @if by_hand && !shut && last > 0 {
                        p.fine { "Drag a post to its place, or move it with the arrows." }
                    }
                    ol.blog-order data-order=[(by_hand && !shut).then(|| format!("{path}/order"))] data-rev=(opened.series.rev) data-region=(POSTS) {
                        @for (at, part) in opened.parts.iter().enumerate() {
                            li id={ "part-" (part.id) } data-post=(part.id) {
                                (part_line(ctx, part))
                                form method="post" action={ (path) "/move" } data-send=(POSTS) {
                                    input type="hidden" name="post" value=(part.id);
                                    @if by_hand {
                                        (step("up", "Move up", part, icons::LuArrowUp, shut || at == 0))
                                        (step("down", "Move down", part, icons::LuArrowDown, shut || at == last))
                                    }
                                    (step("remove", "Remove", part, icons::LuX, shut))
                                }
                            }
                        }
                    }
                }
            }).title("Posts"))
            (Card::new(html! {
                form.filter-bar method="get" action=(path) data-live=(POSTS) role="search" {
                    span.input {
                        (icon_sized(icons::LuSearch, 16))
                        input type="search" name="add" value=(opened.add) placeholder="Search posts" aria-label="Search posts to add" autocomplete="off";
                    }
                    noscript { button.button type="submit" { "Search" } }
                }
                @if opened.offered.is_empty() {
                    p.fine { "No other post has these words." }
                } @else {
                    ul.blog-order {
                        @for post in &opened.offered {
                            li id={ "offer-" (post.id) } {
                                div {
                                    span { (display_title(&post.title)) }
                                    (show::state_badge(post.state(ctx.now()), post.is_changed(ctx.now())))
                                }
                                form method="post" action={ (path) "/move" } data-send=(POSTS) {
                                    input type="hidden" name="post" value=(post.id);
                                    input type="hidden" name="to" value="add";
                                    button.button type="submit" disabled[shut] {
                                        (icon_sized(icons::LuPlus, 16)) "Add" span.sr { " " (display_title(&post.title)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }).title("Add posts"))
        }
    }
}

fn part_line(ctx: &Ctx, part: &Part) -> Markup {
    let state = State::Is(effective(
        part.status,
        part.live_at,
        part.ends_at,
        ctx.now(),
    ));
    html! {
        div {
            a.link href={ "/app/blog/posts/" (part.id) "/edit" } { (display_title(&part.title)) }
            (show::state_badge(state, false))
        }
    }
}

fn step(to: &str, label: &str, part: &Part, picture: ui::Icon, shut: bool) -> Markup {
    html! {
        button.ghost.square type="submit" name="to" value=(to) disabled[shut] {
            (icon_sized(picture, 16))
            span.sr { (label) " " (display_title(&part.title)) }
        }
    }
}

fn read(pairs: &Pairs) -> SeriesInput {
    SeriesInput {
        title: value(pairs, "title").to_owned(),
        slug: Some(value(pairs, "slug").trim().to_owned()),
        description: value(pairs, "description").to_owned(),
        order: OrderMode::parse(value(pairs, "order")).unwrap_or_default(),
    }
}

async fn new(ctx: Allowed<ManageSeries>) -> Page {
    form(&ctx, None, &SeriesInput::default(), &[])
}

async fn begin(ctx: Allowed<ManageSeries>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let input = read(&pairs);
    let mut tx = ctx.begin().await?;
    match create(&mut tx, &ctx, input.clone()).await {
        Ok(series) => {
            tx.commit().await?;
            let path = format!("{PATH}/{}", series.id);
            Ok(told(&path, &format!("{} was added", series.title), None)?)
        }
        Err(Error::Invalid(errors)) => Ok(form(&ctx, None, &input, &errors).into_response()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
struct Adding {
    #[serde(default)]
    add: String,
}

/// The page of a series, with what was typed when that broke rules.
async fn page(
    ctx: &Ctx,
    id: SeriesId,
    add: &str,
    typed: Option<&SeriesInput>,
    errors: &[FieldError],
) -> kernel::Result<Page> {
    let opened = Opened::read(ctx, id, add).await?;
    let stored = SeriesInput {
        title: opened.series.title.clone(),
        slug: Some(opened.series.slug.clone()),
        description: opened.series.description.clone(),
        order: opened.series.order_mode,
    };
    Ok(form(ctx, Some(&opened), typed.unwrap_or(&stored), errors))
}

async fn edit(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    Query(adding): Query<Adding>,
) -> Result<Page> {
    Ok(page(&ctx, id, &adding.add, None, &[]).await?)
}

/// What somebody else did in the meantime.
fn changed_meanwhile() -> Vec<FieldError> {
    vec![FieldError::new(
        "",
        "changed_meanwhile",
        "Somebody else changed this series in the meantime. Look at it and do it again.",
    )]
}

async fn change(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let input = read(&pairs);
    let mut tx = ctx.begin().await?;
    let errors = match update(&mut tx, &ctx, id, rev(&pairs), input.clone()).await {
        Ok(series) => {
            tx.commit().await?;
            return Ok(told(PATH, &format!("{} was saved", series.title), None)?);
        }
        Err(Error::Invalid(errors)) => errors,
        Err(Error::PreconditionFailed) => changed_meanwhile(),
        Err(error) => return Err(error.into()),
    };
    drop(tx);
    Ok(page(&ctx, id, "", Some(&input), &errors)
        .await?
        .into_response())
}

/// After a move: the region anew for a script, which keeps the focus where it is; else the page.
async fn moved(ctx: &Ctx, asked: &HeaderMap, id: SeriesId) -> Result<Response> {
    if asked.contains_key("x-region") {
        return Ok(page(ctx, id, "", None, &[]).await?.into_response());
    }
    Ok(told(
        &format!("{PATH}/{id}#{POSTS}"),
        "The order was saved",
        None,
    )?)
}

async fn shift_post(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    asked: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let to = match value(&pairs, "to") {
        "add" => Shift::Add,
        "remove" => Shift::Remove,
        "up" => Shift::Up,
        "down" => Shift::Down,
        _ => {
            return Err(
                FieldError::new("to", "required", "Choose what to do with the post.").into(),
            );
        }
    };
    let post: PostId = value(&pairs, "post")
        .parse()
        .map_err(|_| FieldError::new("post", "required", "Choose a post."))?;
    let mut tx = ctx.begin().await?;
    shift(&mut tx, &ctx, id, post, to).await?;
    tx.commit().await?;
    moved(&ctx, &asked, id).await
}

async fn put_in_order(
    ctx: Allowed<ManageSeries>,
    Path(id): Path<SeriesId>,
    asked: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let posts: Vec<posts::PostId> = values(&pairs, "post");
    let mut tx = ctx.begin().await?;
    match arrange(&mut tx, &ctx, id, rev(&pairs), &posts).await {
        Ok(_) => {
            tx.commit().await?;
            moved(&ctx, &asked, id).await
        }
        Err(Error::PreconditionFailed) => {
            drop(tx);
            let page = page(&ctx, id, "", None, &changed_meanwhile()).await?;
            Ok(page.into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn remove(ctx: Allowed<ManageSeries>, Path(id): Path<SeriesId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let series = delete(&mut tx, &ctx, id, None).await?;
    tx.commit().await?;
    let undo = format!("{PATH}/{id}/restore");
    Ok(told(
        PATH,
        &format!("{} was deleted", series.title),
        Some(&undo),
    )?)
}

async fn bring_back(ctx: Allowed<ManageSeries>, Path(id): Path<SeriesId>) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let series = restore(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    Ok(told(PATH, &format!("{} is back", series.title), None)?)
}
