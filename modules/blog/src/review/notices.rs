//! Who hears of what in a review.

use kernel::{MembershipId, Result};
use messaging::{Notification, notify};
use module::Ctx;
use tenant_resolver::TenantTx;

use super::{Note, store};
use crate::content::text::shortened;
use crate::posts::{Post, PostId, display_title};

/// Kind of the news about a decision: a post waits, was sent back, was approved.
pub(crate) const DECISIONS: &str = "blog.review";
/// Kind of the news about notes.
pub(crate) const NOTES: &str = "blog.review_note";

/// Longest title of a post in a notice, in characters.
const TITLE: usize = 120;
/// Longest part of a note in a notice, in characters.
const SAID: usize = 400;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It waits for somebody who may publish.
    Submitted,
    /// It needs more work.
    SentBack,
    /// It is live.
    Approved,
    /// It goes live at a chosen time.
    ApprovedForLater,
}

/// Tells those who decide that a post waits, and those who wrote it what was decided.
pub(crate) async fn decided(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: (PostId, &str),
    decision: Decision,
    said: &str,
) -> Result<()> {
    let (id, title) = (post.0, shortened(display_title(post.1), TITLE));
    let name = &ctx.person()?.name;
    let recipients = match decision {
        Decision::Submitted => {
            let people = ctx.app().people();
            people.holding(tx, "blog.posts.publish").await?
        }
        _ => store::writers(tx, id).await?,
    };
    let (heading, what) = match decision {
        Decision::Submitted => (
            format!("“{title}” waits for review"),
            format!("{name} submitted it."),
        ),
        Decision::SentBack => (
            format!("“{title}” was sent back"),
            format!("{name} sent it back; it is a draft again."),
        ),
        Decision::Approved => (
            format!("“{title}” was approved"),
            format!("{name} approved it, and it is live."),
        ),
        Decision::ApprovedForLater => (
            format!("“{title}” was approved"),
            format!("{name} approved it; it goes live at the chosen time."),
        ),
    };
    let body = match said.trim() {
        "" => what,
        said => format!("{what} {}", shortened(said, SAID)),
    };
    send(tx, ctx, id, &recipients, (DECISIONS, &heading, &body)).await
}

/// Tells everybody who has to do with a post of a new note.
pub(super) async fn noted(tx: &mut TenantTx, ctx: &Ctx, post: &Post, note: &Note) -> Result<()> {
    let heading = format!(
        "{} left a note on “{}”",
        shortened(&note.author_name, 40),
        shortened(display_title(&post.title), TITLE)
    );
    let recipients = store::participants(tx, post.id).await?;
    let body = shortened(&note.body, SAID);
    send(tx, ctx, post.id, &recipients, (NOTES, &heading, &body)).await
}

async fn send(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: PostId,
    recipients: &[MembershipId],
    (kind, title, body): (&'static str, &str, &str),
) -> Result<()> {
    let sender = ctx.person()?.membership;
    let link = format!("/app/blog/posts/{post}/edit");
    for recipient in recipients.iter().filter(|member| **member != sender) {
        let news = Notification {
            recipient: *recipient,
            kind,
            title,
            body,
            link: &link,
        };
        notify(tx, news, ctx.now()).await?;
    }
    Ok(())
}
