//! The part of a post's page that is about comments: threads, the form, and what became of what was sent.

use kernel::{Cursor, FieldError, Result, Timestamp};
use maud::{Markup, PreEscaped, html};
use module::Ctx;
use serde::Deserialize;
use tenant_resolver::TenantTx;
use ui::{Tone, avatar, badge, banner, error_summary, field, link_button, submit};

use super::guard;
use super::public_store;
use super::threads::{Node, Shown, Threads, build};
use super::write::Visitor;
use super::{CommentId, Mode, guard_store, is_open};
use crate::posts::PostId;
use crate::settings::Settings;
use crate::show;

/// Name of the field that only programs fill in.
pub(super) const HONEYPOT: &str = "website";

/// What the address of a post's page may ask of its comments. Whatever else it carries is none of ours.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    reply: Option<String>,
    edit: Option<String>,
    report: Option<String>,
    /// What became of the comment that was just sent.
    comment: Option<String>,
    /// Where the page of threads before ended.
    threads: Option<String>,
}

/// What somebody typed, to be shown again with what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub content: String,
    pub name: String,
    pub email: String,
    pub notify_replies: bool,
    pub errors: Vec<FieldError>,
}

/// How the part is to be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(super) reply: Option<CommentId>,
    pub(super) edit: Option<CommentId>,
    pub(super) report: Option<CommentId>,
    pub(super) told: Option<String>,
    pub(super) after: Option<Cursor>,
    pub(super) visitor: Option<Visitor>,
    pub(super) typed: Typed,
}

impl View {
    /// As the address says, in this browser.
    pub(crate) fn new(asked: &Asked, visitor: Option<Visitor>) -> Self {
        let id = |text: &Option<String>| text.as_ref()?.parse().ok();
        Self {
            reply: id(&asked.reply),
            edit: id(&asked.edit),
            report: id(&asked.report),
            told: asked.comment.clone(),
            after: asked
                .threads
                .as_ref()
                .and_then(|text| Cursor::decode(text).ok()),
            visitor,
            typed: Typed::default(),
        }
    }

    /// Whether the page is for this browser alone.
    pub(crate) fn is_personal(&self) -> bool {
        self.visitor.is_some()
            || self.reply.is_some()
            || self.edit.is_some()
            || self.report.is_some()
            || self.told.is_some()
    }
}

/// The post, as far as its comments need to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub id: PostId,
    pub slug: &'a str,
    pub published_at: Timestamp,
    pub comments_enabled: Option<bool>,
    pub count: i64,
}

/// Everything that the part shows.
#[derive(Debug)]
pub(crate) struct Section {
    slug: String,
    count: i64,
    open: bool,
    mode: Mode,
    token: String,
    threads: Threads,
    view: View,
}

impl Section {
    /// Whether the post takes comments now.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }
}

/// Reads what the part shows; nothing where comments are off and none were made.
pub(crate) async fn load(
    tx: &mut TenantTx,
    ctx: &Ctx,
    settings: &Settings,
    post: Subject<'_>,
    view: View,
) -> Result<Option<Section>> {
    let comments = &settings.comments;
    let now = ctx.now();
    if comments.comments_mode == Mode::Off && post.count == 0 {
        return Ok(None);
    }
    let open = is_open(comments, post.comments_enabled, post.published_at, now);
    if !open && post.count == 0 {
        return Ok(None);
    }
    let key = if open {
        guard_store::key(tx).await?
    } else {
        None
    };
    let threads = if post.count > 0 {
        let member = ctx.visitor().map(|person| person.membership);
        let visitor = view.visitor.as_ref().map(|visitor| visitor.0.as_slice());
        build(
            public_store::threads(tx, post.id, view.after, member, visitor).await?,
            now,
        )
    } else {
        Threads::default()
    };
    Ok(Some(Section {
        slug: post.slug.to_owned(),
        count: post.count,
        open: open && key.is_some(),
        mode: comments.comments_mode,
        token: key.map_or_else(String::new, |key| guard::form_token(&key, post.id, now)),
        threads,
        view,
    }))
}

/// Number and noun: "1 comment", "12 comments".
pub(crate) fn counted(count: i64) -> String {
    format!("{count} comment{}", if count == 1 { "" } else { "s" })
}

impl Section {
    /// Draws the part.
    pub(crate) fn render(&self, ctx: &Ctx) -> Markup {
        html! {
            section.comments #comments aria-labelledby="comments-title" data-comments {
                h2 #comments-title { @if self.count > 0 { (counted(self.count)) } @else { "Comments" } }
                (self.news())
                @if !self.threads.threads.is_empty() { (self.list(ctx, &self.threads.threads)) }
                @if let Some(next) = self.threads.next {
                    p.blog-more { a.button href={ "/blog/" (self.slug) "?threads=" (next.encode()) "#comments" } rel="next nofollow" { "More comments" } }
                }
                @if self.view.edit.is_none() { (self.writing(ctx)) }
            }
        }
    }

    /// What became of what was just sent.
    fn news(&self) -> Markup {
        let (tone, text) = match self.view.told.as_deref() {
            Some("approved") => (Tone::Ok, "Your comment is public. Thank you for writing."),
            Some("pending") => (
                Tone::Info,
                "Thank you. Your comment appears as soon as somebody has looked at it.",
            ),
            Some("confirm") => (
                Tone::Info,
                "We have sent you a mail. Follow its link to confirm your comment.",
            ),
            Some("reported") => (Tone::Info, "Thank you. Somebody will look at this comment."),
            Some("deleted") => (Tone::Info, "Your comment is gone."),
            Some("changed") => (Tone::Ok, "Your comment was changed."),
            _ => return Markup::default(),
        };
        banner(tone, text, None)
    }

    fn list(&self, ctx: &Ctx, nodes: &[Node]) -> Markup {
        html! { ol { @for node in nodes { (self.node(ctx, node)) } } }
    }

    fn node(&self, ctx: &Ctx, node: &Node) -> Markup {
        let name = node.name.as_deref().unwrap_or("Somebody");
        let anchor = format!("comment-{}", node.id);
        html! {
            li id=(anchor) {
                @match &node.shown {
                    Shown::Removed => p.blog-removed { "[removed]" },
                    Shown::Withheld => p.blog-removed { "[not shown at present]" },
                    Shown::Text(text) => article.comment {
                        (avatar(name))
                        header {
                            strong { (name) }
                            @if node.by_author { (badge(Tone::Brand, "Author")) }
                            @if node.pinned { (badge(Tone::Neutral, "Pinned")) }
                            small { a href={ "#" (anchor) } { (show::time(node.created_at, &show::minute(ctx, node.created_at))) } }
                            @if node.edited_at.is_some() { small { "edited" } }
                            @if let Some(other) = &node.reply_to { small { "in reply to " (other) } }
                        }
                        @if let (true, Some(source)) = (self.view.edit == Some(node.id), &node.editable) { (self.editing(node, source)) }
                        @else { div.blog-said { (PreEscaped(text)) } (self.acts(node, name)) }
                    },
                }
                @if !node.replies.is_empty() { (self.list(ctx, &node.replies)) }
            }
        }
    }

    fn acts(&self, node: &Node, name: &str) -> Markup {
        let here =
            |what: &str, anchor: &str| format!("/blog/{}?{what}={}#{anchor}", self.slug, node.id);
        let of = html! { span.sr { " to the comment of " (name) } };
        html! {
            div.blog-acts {
                @if self.open {
                    a href=(here("reply", "comment-form")) rel="nofollow" data-reply=(node.id) data-name=(name) { "Reply" (of) }
                }
                @if node.mine {
                    @if node.editable.is_some() { a href=(here("edit", &format!("comment-{}", node.id))) rel="nofollow" { "Edit" } }
                    form method="post" action={ "/blog/comments/" (node.id) "/delete" } { button type="submit" { "Delete" } }
                } @else if self.view.report != Some(node.id) {
                    a href=(here("report", &format!("comment-{}", node.id))) rel="nofollow" { "Report" span.sr { " the comment of " (name) } }
                }
            }
            @if self.view.report == Some(node.id) { (report_form(node.id)) }
        }
    }

    fn editing(&self, node: &Node, source: &str) -> Markup {
        let text = if self.view.typed.content.is_empty() {
            source
        } else {
            &self.view.typed.content
        };
        html! {
            form method="post" action={ "/blog/comments/" (node.id) "/edit" } {
                (error_summary(&self.view.typed.errors))
                input type="hidden" name="rev" value=(node.rev);
                (field::textarea("content", "Your comment", 4).value(text).errors(&self.view.typed.errors).required().max_length(10_000))
                div.cluster { (submit("Save").primary()) (link_button("Cancel", format!("/blog/{}#comment-{}", self.slug, node.id))) }
            }
        }
    }

    /// The form, or why there is none.
    fn writing(&self, ctx: &Ctx) -> Markup {
        if !self.open {
            return html! { p.blog-closed { "Comments are closed." } };
        }
        let person = ctx.visitor();
        if person.is_none() && self.mode == Mode::UsersOnly {
            let back = format!("%2Fblog%2F{}", self.slug);
            return html! {
                p.blog-closed { a.link href={ "/auth/start?next=" (back) } rel="nofollow" { "Sign in" } " to comment." }
            };
        }
        if person.is_some() && !ctx.may("blog.comments.write") {
            return html! { p.blog-closed { "Your role does not include commenting." } };
        }
        let typed = &self.view.typed;
        html! {
            form #comment-form .blog-answer method="post" action={ "/blog/" (self.slug) "/comments" } data-comment-form {
                h3 data-comment-title { @if self.view.reply.is_some() { "Reply" } @else { "Write a comment" } }
                p data-reply-note hidden[self.view.reply.is_none()] {
                    @match self.view.reply.and_then(|id| name_of(&self.threads.threads, id)) {
                        Some(name) => { "You answer " span data-reply-name { (name) } ". " },
                        None => { "You answer " span data-reply-name { "a comment" } ". " },
                    }
                    a.link href={ "/blog/" (self.slug) "#comment-form" } data-reply-cancel { "Write a new comment instead" }
                }
                (error_summary(&typed.errors))
                p.blog-outcome role="status" data-comment-status hidden {}
                input type="hidden" name="parent" value=[self.view.reply] data-comment-parent;
                input type="hidden" name="token" value=(self.token);
                // Nobody sees this; programs that fill in everything do.
                div.blog-trap aria-hidden="true" {
                    label { "Leave this empty" input type="text" name=(HONEYPOT) tabindex="-1" autocomplete="off"; }
                }
                (field::textarea("content", "Comment", 4).value(&typed.content).errors(&typed.errors).required().max_length(10_000)
                    .help("**bold**, *italic*, `code`, links, lists and quotations."))
                @if let Some(person) = person {
                    p.fine { "You write as " strong { (person.name) } "." }
                } @else {
                    div.columns {
                        (field::text("name", "Name").value(&typed.name).errors(&typed.errors).required().max_length(60).autocomplete("name"))
                        (field::email("email", "E-mail").value(&typed.email).errors(&typed.errors).required().max_length(254).help("Never shown."))
                    }
                    // Only an address that its owner has confirmed is written to.
                    @if self.mode == Mode::VerifiedGuests {
                        (field::checkbox("notify_replies", "Mail me when somebody answers", typed.notify_replies))
                    }
                }
                div.cluster { (submit("Send comment").primary()) }
            }
        }
    }
}

fn report_form(id: CommentId) -> Markup {
    html! {
        form method="post" action={ "/blog/comments/" (id) "/report" } {
            (field::text("reason", "What is wrong with it?").optional().max_length(500))
            div.cluster { (submit("Report")) }
        }
    }
}

fn name_of(nodes: &[Node], id: CommentId) -> Option<String> {
    nodes.iter().find_map(|node| {
        if node.id == id {
            node.name.clone()
        } else {
            name_of(&node.replies, id)
        }
    })
}
