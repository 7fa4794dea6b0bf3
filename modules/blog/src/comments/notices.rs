//! Who hears of a comment: its writer by mail, authors and watchers in their inbox. No notice carries a reader's name,
//! address or words, so that erasing them leaves none behind.

use kernel::{Email, MembershipId, Result};
use messaging::{Brand, Letter, Notification, notify};
use module::Ctx;
use tenant_resolver::TenantTx;

use super::store::{self, Commentable};
use super::{CommentId, Status};
use crate::posts::PostId;

/// Longest title of a post in a notice, in characters.
const TITLE: usize = 120;

pub(super) fn short(title: &str) -> String {
    let title = crate::posts::display_title(title);
    if title.chars().count() <= TITLE {
        return title.to_owned();
    }
    let cut: String = title.chars().take(TITLE - 1).collect();
    format!("{}…", cut.trim_end())
}

/// The look of the tenant's mail.
pub(super) fn brand(ctx: &Ctx) -> Brand {
    let tenant = ctx.tenant();
    Brand {
        name: tenant.name.clone(),
        color: tenant.brand.clone(),
        logo_url: None,
        host: ctx.app().links().tenant_host(&tenant.slug),
    }
}

/// Asks a guest to confirm that the address is theirs. The mail goes to whoever was named, so it carries nothing that
/// its sender typed.
pub(super) async fn ask_to_confirm(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: &Commentable,
    guest: (&str, &Email),
    secret: &str,
) -> Result<()> {
    let (_, email) = guest;
    Letter::new("blog.comment_confirmation", "Confirm your comment")
        .to(email, "")
        .brand(brand(ctx))
        .paragraph(format!(
            "Somebody commented on “{}” with this address. If that was you, look at the comment and confirm it.",
            short(&post.title)
        ))
        .button(
            "See and confirm the comment",
            ctx.link(&format!("/blog/comments/confirm/{secret}")),
        )
        .fine_print("The link works for two days. If it was not you, do nothing: the comment is not shown to anybody.")
        .send(tx.conn(), Some(ctx.tenant().id), ctx.now())
        .await?;
    Ok(())
}

/// Tells the authors of a post and the watchers of a comment that they may have to do with. Those who `know` of it are
/// left out: its writer, and whoever has heard that it answers them.
pub(super) async fn tell(
    tx: &mut TenantTx,
    ctx: &Ctx,
    post: (PostId, &str),
    comment: CommentId,
    status: Status,
    know: &[Option<MembershipId>],
) -> Result<()> {
    let title = match status {
        Status::Pending => format!("A comment on “{}” waits for approval", short(post.1)),
        _ => format!("New comment on “{}”", short(post.1)),
    };
    let link = format!("/app/blog/comments/{comment}/open");
    for recipient in store::listeners(tx, post.0).await? {
        if know.contains(&Some(recipient)) {
            continue;
        }
        let news = Notification {
            recipient,
            kind: super::NOTICE,
            title: &title,
            body: "",
            link: &link,
        };
        notify(tx, news, ctx.now()).await?;
    }
    Ok(())
}
