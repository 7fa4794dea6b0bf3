//! The list of posts, at `/app/blog/posts`.

use axum::response::Redirect;
use kernel::{Page as Part, PageRequest};
use maud::{Markup, html};
use module::extract::Query;
use module::{AllowedSome, Ctx, Result, Routes};
use serde::Deserialize;
use ui::table::{self, Direction, FilterBar, Pager, Sorting};
use ui::{Card, Empty, Menu, Page, Tab, icons, link_button, no_match, segmented, submit};

use super::store::{self, Counts};
use super::{Filter, Listed, Sort, State, StateFilter, Status, Visibility, display_title};
use crate::authors::{self, AuthorId};
use crate::forms::{lapsed, lapsed_notice};
use crate::manifest::ReadPosts;
use crate::{show, tags};

const PATH: &str = "/app/blog/posts";
const REGION: &str = "posts";
const PER_PAGE: i64 = 25;

pub(crate) fn routes() -> Routes {
    Routes::new().get("/", home).get("/posts", list)
}

async fn home(_: AllowedSome<ReadPosts>) -> Redirect {
    Redirect::to(PATH)
}

/// The list as its address says.
#[derive(Clone, Debug, Default, Deserialize)]
struct View {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    sort: String,
    cursor: Option<String>,
}

impl View {
    fn sort(&self) -> Sort {
        Sort::parse(&self.sort).unwrap_or(Sort::Updated)
    }

    fn filter(&self) -> Filter {
        let text = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        Filter {
            state: StateFilter::parse(&self.status),
            tag: text(&self.tag),
            author: self.author.parse::<AuthorId>().ok(),
            q: text(&self.q),
            only: None,
        }
    }

    fn is_filtered(&self) -> bool {
        !(self.q.is_empty() && self.tag.is_empty() && self.author.is_empty())
    }

    /// The address of this view, from its beginning.
    fn address(&self, cursor: Option<&str>) -> String {
        let fields = [
            ("q", self.q.as_str()),
            ("status", &self.status),
            ("tag", &self.tag),
            ("author", &self.author),
            ("sort", &self.sort),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let query: Vec<String> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| {
                let value = percent_encoding::utf8_percent_encode(
                    value,
                    percent_encoding::NON_ALPHANUMERIC,
                );
                format!("{name}={value}")
            })
            .collect();
        if query.is_empty() {
            PATH.to_owned()
        } else {
            format!("{PATH}?{}", query.join("&"))
        }
    }
}

async fn list(ctx: AllowedSome<ReadPosts>, Query(view): Query<View>) -> Result<Page> {
    let request = PageRequest::new(None, PER_PAGE, view.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let only = ctx.only_on("blog.posts.read", super::KIND);
    let filter = Filter {
        only: only.clone(),
        ..view.filter()
    };
    let posts = store::list(&mut tx, &filter, view.sort(), request, ctx.now()).await?;
    let posts = Part::cut(posts, request, |post| post.cursor(view.sort()));
    let counts = store::counts(&mut tx, only.as_deref(), ctx.now()).await?;
    // Whoever sees some posts alone learns nothing of the others, not even how they are called together.
    let (tags, authors) = if only.is_some() {
        (Vec::new(), Vec::new())
    } else {
        (tags::all(&mut tx).await?, authors::all(&mut tx).await?)
    };
    drop(tx);

    let mut tag_choices = vec![("", "Any tag")];
    tag_choices.extend(
        tags.iter()
            .map(|tag| (tag.slug.as_str(), tag.name.as_str())),
    );
    let author_ids: Vec<String> = authors.iter().map(|author| author.id.to_string()).collect();
    let mut author_choices = vec![("", "Any author")];
    author_choices.extend(
        author_ids
            .iter()
            .zip(&authors)
            .map(|(id, author)| (id.as_str(), author.display_name.as_str())),
    );
    let body = html! {
        (lapsed_notice(&ctx))
        (segmented("Status", &status_tabs(&view, &counts), None))
        (FilterBar::new(PATH, REGION)
            .search("Search posts", &view.q)
            .filter("tag", "Tag", &tag_choices, &view.tag)
            .filter("author", "Author", &author_choices, &view.author)
            .keep("status", &view.status)
            .keep("sort", &view.sort))
        section id=(REGION) {
            @if posts.items.is_empty() { (nothing(&ctx, &view)) }
            @else { (Card::new(rows(&ctx, &view, &posts)).flush()) }
        }
    };
    Ok(Page::new("Posts")
        .actions(html! {
            @if ctx.may("blog.posts.write") {
                (link_button("New post", format!("{PATH}/new")).primary().icon(icons::LuPlus).key('c').disabled(lapsed(&ctx)))
            }
        })
        .body(body)
        .wide())
}

fn status_tabs(view: &View, counts: &Counts) -> Vec<Tab> {
    let tab = |label: &str, status: &str, count: i64| {
        let there = View {
            status: status.to_owned(),
            cursor: None,
            ..view.clone()
        };
        Tab::new(label, there.address(None), view.status == status)
            .count(u64::try_from(count).unwrap_or(0))
    };
    vec![
        tab("All", "", counts.all),
        tab("Drafts", "draft", counts.draft),
        tab("In review", "in_review", counts.in_review),
        tab("Scheduled", "scheduled", counts.scheduled),
        tab("Published", "published", counts.published),
        tab("Changed", "changed", counts.changed),
        tab("Archived", "archived", counts.archived),
        tab("Trash", "trash", counts.trash),
    ]
}

fn nothing(ctx: &Ctx, view: &View) -> Markup {
    html! {
        @if view.is_filtered() {
            (no_match("No post matches these words and filters.", &View { status: view.status.clone(), ..View::default() }.address(None)))
        } @else if view.status == "trash" {
            (Empty::new(icons::LuTrash2, "The trash is empty", "Posts that you delete stay here for 30 days."))
        } @else if !view.status.is_empty() {
            (no_match("No post is in this state at the moment.", PATH))
        } @else if ctx.may("blog.posts.write") && !lapsed(ctx) {
            (Empty::new(icons::LuNewspaper, "No posts yet", "Posts appear on your website, in feeds and in search results.")
                .action(link_button("Write your first post", format!("{PATH}/new")).primary()))
        } @else {
            (Empty::new(icons::LuNewspaper, "No posts yet", "Posts appear here as soon as somebody writes one."))
        }
    }
}

const BULK: &str = "posts-bulk";

fn rows(ctx: &Ctx, view: &View, posts: &Part<Listed>) -> Markup {
    let address = |key: &str, _: Direction| {
        View {
            sort: key.to_owned(),
            cursor: None,
            ..view.clone()
        }
        .address(None)
    };
    let sorting = Sorting {
        by: view.sort().as_str(),
        direction: if view.sort() == Sort::Title {
            Direction::Ascending
        } else {
            Direction::Descending
        },
        region: REGION,
        address: &address,
    };
    let writable = !lapsed(ctx) && (ctx.may("blog.posts.publish") || ctx.may("blog.posts.delete"));
    let head = html! {
        @if writable { (table::select_head()) }
        (sorting.head("title", "Title"))
        (table::head("Status"))
        (table::head("Authors"))
        (table::head("Tags"))
        (sorting.head("published", "Published"))
        (sorting.head("updated", "Changed"))
        (table::hidden_head("Actions"))
    };
    let body = html! {
        @for post in &posts.items { (row(ctx, post, writable)) }
    };
    let count = posts.items.len();
    html! {
        @if writable { (table::bulk_bar(BULK, &bulk_actions(ctx, view))) }
        (table::table("Posts", &head, &body))
        (Pager {
            summary: format!("{count} {}", if count == 1 { "post" } else { "posts" }),
            previous: view.cursor.as_ref().map(|_| view.address(None)),
            next: posts.next.as_deref().map(|cursor| view.address(Some(cursor))),
            region: REGION.into(),
        })
    }
}

fn bulk_actions(ctx: &Ctx, view: &View) -> Markup {
    let button =
        |label: &str, action: &str| submit(label).form_action(format!("{PATH}/bulk/{action}"));
    html! {
        @if view.status == "trash" {
            @if ctx.may("blog.posts.delete") { (button("Restore", "restore")) }
        } @else {
            @if ctx.may("blog.posts.publish") { (button("Publish", "publish")) (button("Unpublish", "unpublish")) }
            @if ctx.may("blog.posts.delete") { (button("Move to trash", "trash").danger()) }
        }
    }
}

fn row(ctx: &Ctx, post: &Listed, writable: bool) -> Markup {
    let title = display_title(&post.title);
    let edit = format!("{PATH}/{}/edit", post.id);
    let state = post.state(ctx.now());
    let names: Vec<&str> = post
        .authors
        .iter()
        .map(|author| author.name.as_str())
        .collect();
    let tags: Vec<&str> = post.tags.iter().map(|tag| tag.name.as_str()).collect();
    html! {
        tr data-row {
            @if writable { (table::select_cell(&post.id.to_string(), title, BULK)) }
            (table::name_cell(&html! {}, title, &edit, &note(post)))
            td { (show::state_badge(state, post.is_changed(ctx.now()))) }
            td { (names.join(", ")) }
            td { (tags.join(", ")) }
            td {
                @if let Some(at) = post.published_at { (show::time(at, &show::day(ctx, at))) } @else { span.sr { "Not published" } }
            }
            td { (show::time(post.updated_at, &show::ago(ctx, post.updated_at))) }
            td { (menu(ctx, post, state, &edit)) }
        }
    }
}

/// What else is worth knowing at a glance.
fn note(post: &Listed) -> String {
    let mut notes = Vec::new();
    if post.visibility != Visibility::Public {
        notes.push(post.visibility.title());
    }
    if post.featured {
        notes.push("Featured");
    }
    notes.join(" · ")
}

fn menu(ctx: &Ctx, post: &Listed, state: State, edit: &str) -> Markup {
    let title = display_title(&post.title);
    let mut menu = Menu::dots(format!("menu-{}", post.id), format!("Actions for {title}"))
        .link("Open", edit, icons::LuPencil)
        .link(
            "Versions",
            format!("{PATH}/{}/versions", post.id),
            icons::LuHistory,
        );
    if ctx.may("blog.comments.moderate") && post.published_at.is_some() {
        menu = menu.link(
            "Comments",
            format!("/app/blog/comments?post={}", post.id),
            icons::LuMessagesSquare,
        );
    }
    if state == State::Is(Status::Published) {
        menu = menu.link(
            "View on the website",
            format!("/blog/{}", post.slug),
            icons::LuExternalLink,
        );
    }
    html! { (menu) }
}
