//! What the link out of mail leads to. Looking changes nothing: mail scanners look, too.

use kernel::Error;
use maud::html;
use module::extract::Path;
use module::{Ctx, Public, Result, Routes, Secret};
use tenant_resolver::TenantTx;
use ui::{Layout, Page, link_button, submit};

use super::{Found, store};
use crate::preferences;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/notifications/unsubscribe/{token}", ask)
        .post("/notifications/unsubscribe/{token}", unsubscribe)
}

async fn find(tx: &mut TenantTx, token: &str) -> Result<Found> {
    let secret = Secret::parse(token).ok_or(Error::NotFound("page"))?;
    let found = store::find(tx, &secret.hash()).await?;
    Ok(found.ok_or(Error::NotFound("page"))?)
}

async fn ask(ctx: Public, Path(token): Path<String>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let found = find(&mut tx, &token).await?;
    let titles: Vec<&str> = found
        .kinds
        .iter()
        .filter_map(|key| preferences::declared(ctx.app(), key))
        .map(|kind| kind.title)
        .collect();
    Ok(Page::new("No more mail like this?")
        .lead(format!("Mail from {} about:", ctx.tenant().name))
        .layout(Layout::Bare)
        .body(html! {
            form.stack method="post" action={ "/notifications/unsubscribe/" (token) } {
                (list(&titles))
                p { "Your inbox in the workspace stays as it is." }
                (submit("Stop this mail").primary().large().full())
            }
        }))
}

/// Takes effect at once, for browsers and mail programs alike, as often as it is asked.
async fn unsubscribe(ctx: Public, Path(token): Path<String>) -> Result<Page> {
    let mut tx = ctx.begin().await?;
    let found = find(&mut tx, &token).await?;
    let titles =
        preferences::silence_all(&mut tx, ctx.app(), found.member, &found.kinds, ctx.now()).await?;
    tx.commit().await?;
    Ok(done(&ctx, &titles))
}

fn done(ctx: &Ctx, titles: &[&str]) -> Page {
    Page::new("No more mail like this")
        .lead(format!("{} sends you no more mail about:", ctx.tenant().name))
        .layout(Layout::Bare)
        .body(html! {
            div.stack {
                (list(titles))
                p { "In the workspace you can choose anew at any time." }
                (link_button("Choose what you are told about", "/app/me/notifications").large().full())
            }
        })
}

fn list(titles: &[&str]) -> maud::Markup {
    html! { ul { @for title in titles { li { (title) } } } }
}
