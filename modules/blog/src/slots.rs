//! What the blog contributes to the platform's pages.

use kernel::PageRequest;
use maud::html;
use module::{
    Ctx, HomeCard, Lost, OnboardingStep, SearchHit, ShareLevel, Shareable, SharedObject,
    SlotFuture, Slots,
};
use ui::{Row, icons, rows};

use uuid::Uuid;

use crate::content::snippet::{self, Piece};
use crate::content::wanted::Wanted;
use crate::posts::{self, Filter, Listed, PostId, Sort, display_title, store};
use crate::public;
use crate::redirects;
use crate::search::{self, Scope};
use crate::show;

/// Most records of each kind in the palette.
const HITS: i64 = 6;

/// Fills the blog's places.
pub(crate) fn fill(slots: &mut Slots) {
    slots
        .home_card(recent)
        .search(words)
        .front_page(front)
        .shareable(&POSTS)
        .lost(lost)
        .onboarding(first_steps);
}

/// Posts can be shared one by one: with members, for reading or editing, and with guests, for a look at the draft.
static POSTS: Shareable = Shareable {
    kind: posts::KIND,
    noun: "post",
    levels: &[
        ShareLevel {
            key: "view",
            title: "See it",
            permissions: &["blog.posts.read"],
        },
        ShareLevel {
            key: "edit",
            title: "Edit it",
            permissions: &["blog.posts.write", "blog.posts.read", "blog.posts.edit_any"],
        },
    ],
    guests: Some(&["blog.posts.read"]),
    find: shared_post,
};

/// Whoever may edit a post by their roles may share it.
fn shared_post(ctx: &Ctx, id: Uuid) -> SlotFuture<'_, Option<SharedObject>> {
    Box::pin(async move {
        if !ctx.may("blog.posts.read") || !ctx.access("blog").reads() {
            return Ok(None);
        }
        let mut tx = ctx.begin().await?;
        let found = store::find(&mut tx, PostId(id)).await?;
        let found = found.filter(|post| post.deleted_at.is_none());
        Ok(found
            .filter(|post| post.may_edit(ctx))
            .map(|post| SharedObject {
                name: posts::display_title(&post.title).to_owned(),
                href: format!("/app/blog/posts/{id}/edit"),
                guest_href: Some(format!("/blog/review/{id}")),
            }))
    })
}

async fn newest(ctx: &Ctx, limit: i64) -> kernel::Result<Vec<Listed>> {
    if !ctx.may_somewhere("blog.posts.read") || !ctx.access("blog").reads() {
        return Ok(Vec::new());
    }
    let filter = Filter {
        only: ctx.only_on("blog.posts.read", posts::KIND),
        ..Filter::default()
    };
    let page = PageRequest { limit, after: None };
    let mut tx = ctx.begin().await?;
    let mut posts = store::list(&mut tx, &filter, Sort::Updated, page, ctx.now()).await?;
    posts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(posts)
}

/// The posts that were changed last.
fn recent(ctx: &Ctx) -> SlotFuture<'_, Option<HomeCard>> {
    Box::pin(async move {
        let posts = newest(ctx, 5).await?;
        if posts.is_empty() {
            return Ok(None);
        }
        let list: Vec<Row> = posts
            .iter()
            .map(|post| {
                Row::new(display_title(&post.title))
                    .href(format!("/app/blog/posts/{}/edit", post.id))
                    .note(html! { "Changed " (show::ago(ctx, post.updated_at)) })
                    .end(show::state_badge(
                        post.state(ctx.now()),
                        post.is_changed(ctx.now()),
                    ))
            })
            .collect();
        Ok(Some(HomeCard {
            title: "Recent posts".into(),
            more: Some(("All posts", "/app/blog/posts".into())),
            body: rows(&list),
        }))
    })
}

/// Posts by the words in them, drafts included.
fn words<'a>(ctx: &'a Ctx, q: &'a str) -> SlotFuture<'a, Vec<SearchHit>> {
    Box::pin(async move {
        let Some(wanted) = Wanted::parse(q) else {
            return Ok(Vec::new());
        };
        if !ctx.may("blog.posts.read") || !ctx.access("blog").reads() {
            return Ok(Vec::new());
        }
        let page = PageRequest {
            limit: HITS,
            after: None,
        };
        let mut tx = ctx.begin().await?;
        let found = search::find(&mut tx, &wanted, Scope::Drafts, page, ctx.now()).await?;
        Ok(found
            .page
            .items
            .into_iter()
            .map(|hit| SearchHit {
                label: display_title(&hit.row.title).to_owned(),
                kind: "Post",
                href: format!("/app/blog/posts/{}/edit", hit.row.id),
                icon: icons::LuFileText,
                title: pieces(hit.title),
                snippet: pieces(snippet::brief(hit.snippet)),
            })
            .collect())
    })
}

fn pieces(pieces: Vec<Piece>) -> Vec<(String, bool)> {
    let pair = |piece: Piece| (piece.text, piece.marked);
    pieces.into_iter().map(pair).collect()
}

/// The blog stands at the front of the tenant's site as soon as there is something to read.
fn front(ctx: &Ctx) -> SlotFuture<'_, Option<String>> {
    Box::pin(async move {
        if !ctx.access("blog").reads() {
            return Ok(None);
        }
        let mut tx = ctx.begin().await?;
        let any = public::any(&mut tx, ctx.now()).await?;
        Ok(any.then(|| "/blog".to_owned()))
    })
}

/// Where an address has gone at which there is no page.
fn lost(ctx: &Ctx) -> SlotFuture<'_, Option<Lost>> {
    Box::pin(redirects::find::answer(ctx))
}

/// From an empty blog to the first post that visitors can read.
fn first_steps(ctx: &Ctx) -> SlotFuture<'_, Vec<OnboardingStep>> {
    Box::pin(async move {
        if !ctx.may("blog.posts.publish") || !ctx.access("blog").writes() {
            return Ok(Vec::new());
        }
        let mut tx = ctx.begin().await?;
        let done = public::any(&mut tx, ctx.now()).await?;
        Ok(vec![OnboardingStep {
            title: "Publish your first post",
            help: "It appears on your public page at once, and you can change it at any time.",
            href: "/app/blog/posts/new",
            done,
        }])
    })
}
