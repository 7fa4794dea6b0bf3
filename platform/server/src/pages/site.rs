//! A tenant's front door.

use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use module::{Public, Routes, Slots};
use ui::{Empty, Page, icons};

/// The route of the front door.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/", front)
}

/// Leads to the first module that has something to show. The redirect is temporary: once the tenant
/// builds pages of its own, they stand here.
async fn front(ctx: Public, Extension(slots): Extension<Slots>) -> module::Result<Response> {
    for candidate in &slots.front {
        if let Some(path) = candidate(&ctx).await? {
            return Ok(Redirect::temporary(&path).into_response());
        }
    }
    let text = "This studio has not published anything yet. Please come back later.";
    Ok(Page::new(ctx.tenant().name.clone())
        .own_heading()
        .body(html! { h1.sr { (ctx.tenant().name) } (Empty::new(icons::LuSprout, "Coming up", text)) })
        .into_response())
}
