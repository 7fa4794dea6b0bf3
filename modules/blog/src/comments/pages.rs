//! The queue of comments, at `/app/blog/comments`.

use axum::response::Response;
use http::{HeaderValue, header};
use kernel::{Page as Part, PageRequest};
use maud::{Markup, PreEscaped, html};
use module::extract::{Form, Path, Query};
use module::{Allowed, Ctx, Result, Routes};
use serde::Deserialize;
use ui::field::Choice;
use ui::table::{FilterBar, Pager, bulk_bar};
use ui::{
    Card, Empty, Page, Tab, Tone, avatar, badge, field, icons, link_button, no_match, segmented,
    submit,
};

use super::api::MOST;
use super::moderate::{Decided, decide_all, pin, undo};
use super::store::OfPost;
use super::{
    CommentId, Counts, Filter, Move, Order, Queued, Status, case_pages, counts, queue, rules, store,
};
use crate::forms::{Pairs, lapsed, lapsed_notice, told, value, values};
use crate::manifest::ModerateComments;
use crate::posts::{PostId, display_title};
use crate::show;

pub(super) const PATH: &str = "/app/blog/comments";
const REGION: &str = "comments";
const BULK: &str = "comments-bulk";
const PER_PAGE: i64 = 25;
/// Most comments in one export.
const EXPORT: usize = 20_000;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/comments", list)
        .get("/comments/export.csv", export)
        .post("/comments/{id}/approve", approve)
        .post("/comments/{id}/spam", spam)
        .post("/comments/{id}/hide", hide)
        .post("/comments/{id}/delete", delete)
        .post("/comments/{id}/pin", put_first)
        .post("/comments/{id}/unpin", put_back)
        .post("/comments/bulk/approve", bulk_approve)
        .post("/comments/bulk/spam", bulk_spam)
        .post("/comments/bulk/hide", bulk_hide)
        .post("/comments/bulk/delete", bulk_delete)
        .post("/comments/undo", take_back)
        .post("/comments/watch", watch)
        .post("/posts/{id}/comments", switch)
        .merge(case_pages::routes())
}

/// The queue as its address says.
#[derive(Clone, Debug, Default, Deserialize)]
struct View {
    #[serde(default)]
    status: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    post: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    sort: String,
    cursor: Option<String>,
}

impl View {
    fn status(&self) -> Status {
        Status::parse(&self.status).unwrap_or(Status::Pending)
    }

    fn order(&self) -> Order {
        Order::parse(&self.sort).unwrap_or_default()
    }

    fn filter(&self) -> Filter {
        let text = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        let by = text(&self.by);
        let member = by.as_ref().and_then(|by| by.parse().ok());
        Filter {
            status: Some(self.status()),
            post: self.post.parse().ok(),
            member,
            email: by.filter(|_| member.is_none()).map(|by| by.to_lowercase()),
            q: text(&self.q),
        }
    }

    fn is_filtered(&self) -> bool {
        !(self.q.is_empty() && self.post.is_empty() && self.by.is_empty())
    }

    fn address(&self, cursor: Option<&str>) -> String {
        let fields = [
            ("status", self.status.as_str()),
            ("q", &self.q),
            ("post", &self.post),
            ("by", &self.by),
            ("sort", &self.sort),
            ("cursor", cursor.unwrap_or_default()),
        ];
        let query: Vec<String> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        if query.is_empty() {
            PATH.to_owned()
        } else {
            format!("{PATH}?{}", query.join("&"))
        }
    }
}

pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn list(ctx: Allowed<ModerateComments>, Query(view): Query<View>) -> Result<Page> {
    let request = PageRequest::new(None, PER_PAGE, view.cursor.as_deref())?;
    let mut tx = ctx.begin().await?;
    let part = queue(&mut tx, &view.filter(), view.order(), request).await?;
    let counts = counts(&mut tx).await?;
    let post = match view.post.parse::<PostId>() {
        Ok(id) => store::of_post(&mut tx, id).await?.map(|post| (id, post)),
        Err(_) => None,
    };
    let watches = store::watches(&mut tx, ctx.person()?.membership).await?;
    drop(tx);
    let sorts = [("", "Newest first"), ("oldest", "Oldest first")];
    let body = html! {
        (lapsed_notice(&ctx))
        @if let Some((id, post)) = &post { (of_post(&ctx, *id, post)) }
        (segmented("Status", &tabs(&view, &counts), None))
        (FilterBar::new(PATH, REGION)
            .search("Search text, name or e-mail", &view.q)
            .filter("sort", "Order", &sorts, &view.sort)
            .keep("status", &view.status)
            .keep("post", &view.post)
            .keep("by", &view.by))
        section id=(REGION) {
            @if part.items.is_empty() { (nothing(&view, part.next.as_deref())) }
            @else { (Card::new(cases(&ctx, &view, &part)).flush()) }
        }
    };
    Ok(Page::new("Comments")
        .actions(html! {
            form method="post" action={ (PATH) "/watch" } {
                (submit(if watches { "Stop notifying me" } else { "Notify me" })
                    .icon(if watches { icons::LuBellOff } else { icons::LuBell })
                    .named("on", if watches { "false" } else { "true" }))
            }
            (link_button("Bans", format!("{PATH}/bans")).icon(icons::LuBan))
            @if ctx.may("blog.comments.erase") { (link_button("Remove a reader", format!("{PATH}/erase")).icon(icons::LuEraser)) }
            (link_button("Export as CSV", format!("{PATH}/export.csv")).icon(icons::LuDownload))
        })
        .style("blog-comments.css")
        .script("blog-queue.js")
        .body(body))
}

fn tabs(view: &View, counts: &Counts) -> Vec<Tab> {
    Status::ALL
        .into_iter()
        .map(|status| {
            let there = View {
                status: status.as_str().to_owned(),
                cursor: None,
                ..view.clone()
            };
            Tab::new(status.title(), there.address(None), view.status() == status)
                .count(u64::try_from(counts.of(status)).unwrap_or(0))
        })
        .collect()
}

/// The post that the queue is about, with whether it takes comments.
fn of_post(ctx: &Ctx, id: PostId, post: &OfPost) -> Markup {
    let choices = vec![
        Choice::new("", "As the blog says"),
        Choice::new("true", "Open"),
        Choice::new("false", "Closed"),
    ];
    let current = match post.comments_enabled {
        None => "",
        Some(true) => "true",
        Some(false) => "false",
    };
    html! {
        form.blog-of-post method="post" action={ "/app/blog/posts/" (id) "/comments" } {
            p { "On " a.link href={ "/blog/" (post.slug) } { (display_title(&post.title)) } " · " a.link href=(PATH) { "All posts" } }
            (field::select("enabled", "Comments on this post", choices).value(current).disabled(lapsed(ctx)))
            (submit("Save").disabled(lapsed(ctx)))
        }
    }
}

fn nothing(view: &View, next: Option<&str>) -> Markup {
    let here = View {
        status: view.status.clone(),
        ..View::default()
    };
    html! {
        @if let Some(next) = next {
            (Empty::new(icons::LuSearchX, "Nothing among the newest", "There are older comments to look through.")
                .action(link_button("Search older comments", view.address(Some(next)))))
        } @else if view.is_filtered() {
            (no_match("No comment matches these words and filters.", &here.address(None)))
        } @else if view.status() == Status::Pending {
            (Empty::new(icons::LuCircleCheck, "No comment waits", "Comments that have to be looked at appear here."))
        } @else {
            (Empty::new(icons::LuMessagesSquare, "No comments here", "No comment is in this state at the moment."))
        }
    }
}

fn cases(ctx: &Ctx, view: &View, part: &Part<Queued>) -> Markup {
    let shut = lapsed(ctx);
    let count = part.items.len();
    let back = view.address(view.cursor.as_deref());
    html! {
        @if !shut {
            (bulk_bar(BULK, &html! {
                input type="hidden" name="back" value=(back);
                @for step in Move::ALL.into_iter().filter(|step| view.status().allows(*step)) {
                    @let button = submit(label(step)).form_action(format!("{PATH}/bulk/{}", step.as_str()));
                    span data-act=(step.as_str()) { @if step == Move::Delete { (button.danger()) } @else { (button) } }
                }
            }))
        }
        ul.blog-queue { @for comment in &part.items { (case(ctx, comment, &back, shut)) } }
        (Pager {
            summary: format!("{count} {}", if count == 1 { "comment" } else { "comments" }),
            previous: view.cursor.as_ref().map(|_| view.address(None)),
            next: part.next.as_deref().map(|cursor| view.address(Some(cursor))),
            region: REGION.into(),
        })
    }
}

pub(super) fn label(step: Move) -> &'static str {
    match step {
        Move::Approve => "Approve",
        Move::Spam => "Spam",
        Move::Hide => "Hide",
        Move::Delete => "Delete",
    }
}

/// Name of whoever wrote a comment.
pub(super) fn name(comment: &Queued) -> &str {
    comment
        .author_name
        .as_deref()
        .or(comment.guest_name.as_deref())
        .unwrap_or("Somebody")
}

/// Whether a comment is pinned, and why it is where it is, each as a word with a dot.
pub(super) fn marks(comment: &Queued) -> Markup {
    html! {
        @if comment.pinned { (badge(Tone::Brand, "Pinned")) }
        @for reason in &comment.reasons { (badge(Tone::Warn, rules::in_words(reason))) }
        @if comment.reports > 0 {
            (badge(Tone::Bad, &format!("{} report{}", comment.reports, if comment.reports == 1 { "" } else { "s" })))
        }
    }
}

fn case(ctx: &Ctx, comment: &Queued, back: &str, shut: bool) -> Markup {
    let name = name(comment);
    let here = format!("{PATH}/{}", comment.id);
    html! {
        li data-row {
            @if !shut {
                label.check { input type="checkbox" name="id" value=(comment.id) form=(BULK) data-select; span.sr { "Select the comment of " (name) } }
            }
            (avatar(name))
            div.blog-case {
                p.blog-case-head {
                    a href=(here) { (name) }
                    @if comment.author_id.is_some() { (badge(Tone::Neutral, "Member")) }
                    @if let Some(email) = &comment.guest_email { small { (email) } }
                    small { (show::time(comment.created_at, &show::ago(ctx, comment.created_at))) }
                    (marks(comment))
                }
                div.blog-said { (PreEscaped(&comment.html)) }
                p.fine {
                    "On " a.link href={ (PATH) "?post=" (comment.post_id) } { (display_title(&comment.post_title)) }
                    @if comment.parent_id.is_some() { " · an answer" }
                }
            }
            @if !shut { (acts(comment, back)) }
        }
    }
}

/// The buttons of one comment.
pub(super) fn acts(comment: &Queued, back: &str) -> Markup {
    let name = name(comment);
    html! {
        form.blog-case-acts method="post" action={ (PATH) "/" (comment.id) "/approve" } {
            input type="hidden" name="back" value=(back);
            @for step in Move::ALL.into_iter().filter(|step| comment.status.allows(*step)) {
                button.ghost type="submit" formaction={ (PATH) "/" (comment.id) "/" (step.as_str()) } data-act=(step.as_str()) {
                    (label(step)) span.sr { " the comment of " (name) }
                }
            }
            @if comment.pinned || (comment.status == Status::Approved && comment.parent_id.is_none()) {
                @let (act, label) = if comment.pinned { ("unpin", "Unpin") } else { ("pin", "Pin") };
                button.ghost type="submit" formaction={ (PATH) "/" (comment.id) "/" (act) } data-act="pin" {
                    (label) span.sr { " the comment of " (name) }
                }
            }
        }
    }
}

/// Where to go after an act: a page of the queue or of a comment.
fn back(pairs: &Pairs) -> &str {
    let to = value(pairs, "back");
    if to.starts_with(PATH) && !to.contains(['\r', '\n', '\\']) {
        to
    } else {
        PATH
    }
}

fn done(step: Move) -> &'static str {
    match step {
        Move::Approve => "approved",
        Move::Spam => "taken for spam",
        Move::Hide => "hidden",
        Move::Delete => "deleted",
    }
}

/// The address that takes decisions back: each comment with the revision that its decision made.
fn undo_path(decided: &[Decided]) -> String {
    let of: Vec<String> = decided
        .iter()
        .map(|decided| format!("{}.{}", decided.id, decided.rev))
        .collect();
    format!("{PATH}/undo?of={}", of.join(","))
}

async fn act(ctx: &Ctx, ids: &[CommentId], step: Move, pairs: &Pairs) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    if let [id] = ids
        && store::hold(&mut tx, *id).await?.is_none()
    {
        return Err(kernel::Error::NotFound("comment").into());
    }
    let ids = &ids[..ids.len().min(MOST)];
    let decided = decide_all(&mut tx, ctx, ids, step).await?;
    tx.commit().await?;
    let (count, skipped) = (decided.len(), ids.len() - decided.len());
    let mut text = match count {
        0 => "Nothing changed".to_owned(),
        1 => format!("1 comment {}", done(step)),
        _ => format!("{count} comments {}", done(step)),
    };
    if skipped > 0 {
        text = format!("{text}; {skipped} decided by somebody else before");
    }
    let undo = (count > 0).then(|| undo_path(&decided));
    Ok(told(back(pairs), &text, undo.as_deref())?)
}

macro_rules! acts {
    ($($one:ident, $many:ident: $step:ident;)+) => {
        $(
            async fn $one(ctx: Allowed<ModerateComments>, Path(id): Path<CommentId>, Form(pairs): Form<Pairs>) -> Result<Response> {
                act(&ctx, &[id], Move::$step, &pairs).await
            }

            async fn $many(ctx: Allowed<ModerateComments>, Form(pairs): Form<Pairs>) -> Result<Response> {
                act(&ctx, &values(&pairs, "id"), Move::$step, &pairs).await
            }
        )+
    };
}

acts! {
    approve, bulk_approve: Approve;
    spam, bulk_spam: Spam;
    hide, bulk_hide: Hide;
    delete, bulk_delete: Delete;
}

async fn put_first(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    put_pin(&ctx, id, true, &pairs).await
}

async fn put_back(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<CommentId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    put_pin(&ctx, id, false, &pairs).await
}

async fn put_pin(ctx: &Ctx, id: CommentId, pinned: bool, pairs: &Pairs) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let former = match pin(&mut tx, ctx, id, None, pinned).await {
        Err(kernel::Error::Conflict { message, .. }) => {
            return Ok(told(back(pairs), &message, None)?);
        }
        pinned => pinned?,
    };
    tx.commit().await?;
    let text = if pinned {
        "The comment stands above all others"
    } else {
        "The comment is back where it belongs"
    };
    // Taking it back gives the place to the comment that had it.
    let undo = match former {
        Some(former) => format!("{PATH}/{former}/pin"),
        None if pinned => format!("{PATH}/{id}/unpin"),
        None => format!("{PATH}/{id}/pin"),
    };
    Ok(told(back(pairs), text, Some(&undo))?)
}

/// Decisions to take back, as they travel in an address.
#[derive(Debug, Default, Deserialize)]
struct Of {
    #[serde(default)]
    of: String,
}

async fn take_back(ctx: Allowed<ModerateComments>, Query(query): Query<Of>) -> Result<Response> {
    let decisions: Vec<(CommentId, i64)> = query
        .of
        .split(',')
        .filter_map(|one| {
            let (id, rev) = one.split_once('.')?;
            Some((id.parse().ok()?, rev.parse().ok()?))
        })
        .take(MOST)
        .collect();
    let mut tx = ctx.begin().await?;
    let undone = undo(&mut tx, &ctx, &decisions).await?;
    tx.commit().await?;
    let text = match undone.len() {
        0 => "Nothing was taken back: it has changed since".to_owned(),
        1 => "1 comment is back as it was".to_owned(),
        count => format!("{count} comments are back as they were"),
    };
    Ok(told(PATH, &text, None)?)
}

async fn watch(ctx: Allowed<ModerateComments>, Form(pairs): Form<Pairs>) -> Result<Response> {
    let on = value(&pairs, "on") == "true";
    let mut tx = ctx.begin().await?;
    store::watch(&mut tx, ctx.person()?.membership, on, ctx.now()).await?;
    tx.commit().await?;
    let text = if on {
        "You will hear of new comments"
    } else {
        "You will hear of comments on your own posts only"
    };
    Ok(told(PATH, text, None)?)
}

async fn switch(
    ctx: Allowed<ModerateComments>,
    Path(id): Path<PostId>,
    Form(pairs): Form<Pairs>,
) -> Result<Response> {
    let enabled = match value(&pairs, "enabled") {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let mut tx = ctx.begin().await?;
    super::enable(&mut tx, &ctx, id, None, enabled).await?;
    tx.commit().await?;
    Ok(told(&format!("{PATH}?post={id}"), "Saved", None)?)
}

/// A cell of CSV. What a spreadsheet would take for a formula is made text.
fn cell(text: &str) -> String {
    let text = match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

async fn export(ctx: Allowed<ModerateComments>) -> Result<Response> {
    let mut file = "written,status,post,name,e-mail,comment,reasons\n".to_owned();
    let mut tx = ctx.begin().await?;
    let mut request = PageRequest::new(Some(100), 100, None)?;
    for _ in 0..EXPORT / 100 {
        let part = queue(&mut tx, &Filter::default(), Order::Newest, request).await?;
        for comment in &part.items {
            let cells = [
                comment.created_at.to_string(),
                comment.status.as_str().to_owned(),
                comment.post_title.clone(),
                name(comment).to_owned(),
                comment.guest_email.clone().unwrap_or_default(),
                comment.content.clone(),
                comment.reasons.join(" "),
            ];
            file.push_str(&cells.map(|text| cell(&text)).join(","));
            file.push('\n');
        }
        match &part.next {
            Some(next) => request = PageRequest::new(Some(100), 100, Some(next))?,
            None => break,
        }
    }
    drop(tx);
    note_export(&ctx).await?;
    let mut response = Response::new(file.into());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"comments.csv\""),
    );
    Ok(response)
}

/// An export carries addresses out of the house: the audit log says who made it.
async fn note_export(ctx: &Ctx) -> Result<()> {
    let mut tx = ctx.begin().await?;
    ctx.audit("blog.comment.exported").write(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_text_and_no_formulas() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\nthere", "\"say \"\"hi\"\"\nthere\""),
            ("=1+1", "'=1+1"),
            ("@sum(a,b)", "\"'@sum(a,b)\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }

    #[test]
    fn the_way_back_stays_among_comments() {
        let to = |path: &str| back(&vec![("back".to_owned(), path.to_owned())]).to_owned();
        assert_eq!(
            to("/app/blog/comments?status=spam"),
            "/app/blog/comments?status=spam"
        );
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/app/blog/comments\r\nx: y",
        ] {
            assert_eq!(to(bad), PATH, "{bad}");
        }
    }
}
