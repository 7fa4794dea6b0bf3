//! What the blog contributes to the platform's pages.

use kernel::PageRequest;
use module::{
    Ctx, Lost, OnboardingStep, SearchHit, ShareLevel, Shareable, SharedObject, SlotFuture, Slots,
};
use ui::icons;
use uuid::Uuid;

use crate::content::snippet::{self, Piece};
use crate::content::wanted::Wanted;
use crate::posts::{self, PostId, display_title, store};
use crate::search::{self, Scope};
use crate::{home, public, redirects};

/// Most records of each kind in the palette.
const HITS: i64 = 6;

/// Fills the blog's places.
pub(crate) fn fill(slots: &mut Slots) {
    slots
        .home_figures(home::figures)
        .home_card(home::recent_posts)
        .home_card(home::comments_to_approve)
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
