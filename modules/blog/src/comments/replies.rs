//! News to those whose comments were answered: mail to readers who asked for it, with a way out that needs no log-in,
//! and a notification to members.
//!
//! Only an address that its owner has confirmed is written to. The link out carries a keyed hash of the comment that it
//! is about: it works in every mail, as long as there is the blog, and nothing of it is stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Email, Error, MembershipId, Result};
use maud::html;
use messaging::{Letter, Notification, notify};
use module::extract::Path;
use module::{Ctx, Public, Routes};
use tenant_resolver::TenantTx;
use ui::{Layout, Page, submit};
use uuid::Uuid;

use super::reply_store::Answered;
use super::{CommentId, guard, guard_store, notices, reply_store};

/// The routes for readers, below the tenant's root.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/blog/comments/quiet/{token}", ask)
        .post("/blog/comments/quiet/{token}", quieten)
}

/// Tells whoever a comment answers, and says which member that was. Done once for each answer, when it is public; whatever
/// calls it again does nothing. The news carry nothing that a reader typed, so that erasing it leaves nothing behind.
pub(super) async fn tell(
    tx: &mut TenantTx,
    ctx: &Ctx,
    reply: CommentId,
) -> Result<Option<MembershipId>> {
    let Some(told) = reply_store::take_answered(tx, reply, ctx.now()).await? else {
        return Ok(None);
    };
    let link = format!("/blog/{}#comment-{reply}", told.slug);
    if let Some(member) = told.member {
        let title = format!(
            "Somebody answered your comment on “{}”",
            notices::short(&told.title)
        );
        let news = Notification {
            recipient: member,
            kind: super::ANSWER,
            title: &title,
            body: "",
            link: &link,
        };
        notify(tx, news, ctx.now()).await?;
    } else {
        mail(tx, ctx, &told, &link).await?;
    }
    Ok(told.member)
}

async fn mail(tx: &mut TenantTx, ctx: &Ctx, told: &Answered, link: &str) -> Result<()> {
    let (Some(key), Some(email)) = (guard_store::key(tx).await?, &told.email) else {
        return Ok(());
    };
    let email = Email::parse(email)
        .map_err(|_| Error::internal("the stored address of a reader cannot be read"))?;
    let out = format!("/blog/comments/quiet/{}", token(&key, told.comment));
    Letter::new("blog.comment_reply", "Your comment was answered")
        .to(&email, "")
        .brand(notices::brand(ctx))
        .paragraph(format!(
            "Somebody answered your comment on “{}”.",
            notices::short(&told.title)
        ))
        .button("Read the answer", ctx.link(link))
        .fine_print("You asked for this mail when you commented.")
        .unsubscribe(ctx.link(&out))
        .send(tx.conn(), Some(ctx.tenant().id), ctx.now())
        .await?;
    Ok(())
}

/// What the link out says: which comment, and that we said so.
fn token(key: &[u8], comment: CommentId) -> String {
    let id = comment.0.as_bytes();
    let seal = guard::mac(key, &[b"quiet", id]);
    URL_SAFE_NO_PAD.encode([id.as_slice(), &seal].concat())
}

/// The comment of a link that we made.
async fn read(tx: &mut TenantTx, typed: &str) -> Result<CommentId> {
    let unknown = || Error::NotFound("page");
    let bytes = URL_SAFE_NO_PAD.decode(typed).map_err(|_| unknown())?;
    let id = bytes.get(..16).ok_or_else(unknown)?;
    let comment = CommentId(Uuid::from_slice(id).map_err(|_| unknown())?);
    let key = guard_store::key(tx).await?.ok_or_else(unknown)?;
    // Compared by their hashes, so that the time it takes tells nothing of where they differ.
    if guard::hash(typed) != guard::hash(&token(&key, comment)) {
        return Err(unknown());
    }
    Ok(comment)
}

/// Changes nothing: programs that look into mail follow links.
async fn ask(ctx: Public, Path(typed): Path<String>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    read(&mut tx, &typed).await?;
    Ok(Page::new("No more mail about answers?")
        .lead(format!(
            "{} writes to you when somebody answers a comment of yours.",
            ctx.tenant().name
        ))
        .layout(Layout::Bare)
        .head(html! { meta name="robots" content="noindex"; })
        .body(html! {
            form.stack method="post" action={ "/blog/comments/quiet/" (typed) } {
                p { "Your comments stay as they are." }
                (submit("Stop this mail").primary().large().full())
            }
        }))
}

/// Takes effect at once, for browsers and mail programs alike (RFC 8058), as often as it is asked.
async fn quieten(ctx: Public, Path(typed): Path<String>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let comment = read(&mut tx, &typed).await?;
    reply_store::quieten(&mut tx, comment).await?;
    tx.commit().await?;
    Ok(Page::new("No more mail about answers")
        .lead(format!(
            "{} sends you no more mail about answers to your comments.",
            ctx.tenant().name
        ))
        .layout(Layout::Bare)
        .head(html! { meta name="robots" content="noindex"; })
        .body(html! {
            p { "Changed your mind? Ask for it again with your next comment." }
        }))
}
