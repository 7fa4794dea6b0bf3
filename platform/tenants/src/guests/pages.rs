//! Pages about guests: the list for members at `/app/settings/guests`, and the door for guests at `/guest/{token}`.

use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Error, FieldError};
use maud::html;
use module::extract::{Form, Path};
use module::{Allowed, Ctx, Public, Routes, Secret};
use serde::Deserialize;
use ui::{Card, Empty, Layout, Page, Row, error_summary, field, icons, rows, submit};

use super::{Behind, GuestGrantId, all, cookies, dead, store};
use crate::Tenants;
use crate::guards::ManageGuests;
use crate::respond::done;
use crate::settings::pages::sections;
use crate::sharing::pages::guest_row;

const PATH: &str = "/app/settings/guests";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get(PATH, list)
        .post("/app/settings/guests/{id}/revoke", revoke)
        .get("/guest/{token}", show)
        .post("/guest/{token}", enter)
        .post("/guest/leave", leave)
}

async fn list(ctx: Allowed<ManageGuests>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let links = all(&mut tx).await?;
    let list: Vec<Row> = links
        .iter()
        .filter(|grant| grant.holds(ctx.now()))
        .map(|grant| {
            let revoke = format!("{PATH}/{}/revoke", grant.id);
            guest_row(&ctx, grant, &revoke, Some(&grant.object_name))
        })
        .collect();
    Ok(Page::new("Settings")
        .document_title("Guests")
        .lead("Links by which people without an account see one thing. Make one where the thing itself is shared.")
        .body(html! {
            (sections(&ctx, "guests"))
            @if list.is_empty() {
                (Card::new(html! { (Empty::new(icons::LuLink, "No links", "Share something with a guest, and the link appears here until it ends.")) }))
            } @else {
                (Card::new(rows(&list)).flush())
            }
        }))
}

async fn revoke(
    ctx: Allowed<ManageGuests>,
    Extension(tenants): Extension<Tenants>,
    Path(id): Path<GuestGrantId>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let ended = tenants.dismiss_guest(&mut tx, &ctx, id).await?;
    tx.commit().await?;
    let text = format!("The link for {} works no longer.", ended.label);
    Ok(done(PATH, &text))
}

/// Looking uses nothing up: mail scanners look.
async fn show(ctx: Public, Path(token): Path<String>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let behind = match Secret::parse(&token) {
        Some(secret) => store::behind(&mut tx, &secret.hash(), ctx.now()).await?,
        None => None,
    };
    Ok(match behind {
        Some(behind) => door(&ctx, &token, &behind, &[]),
        None => dead_page(),
    })
}

fn door(ctx: &Ctx, token: &str, behind: &Behind, errors: &[FieldError]) -> Page {
    // Whoever has the link and not the code learns nothing of what stands behind it.
    let title = if behind.access_code_hash.is_some() {
        "Something is shared with you"
    } else {
        &behind.object_name
    };
    Page::new(title)
        .lead(format!(
            "{} of {} shares this with you.",
            behind.giver_name,
            ctx.tenant().name
        ))
        .layout(Layout::Bare)
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
        .body(html! {
            form.stack method="post" action={ "/guest/" (token) } {
                (error_summary(errors))
                @if behind.access_code_hash.is_some() {
                    (field::text("code", "Access code").autocomplete("off").required().large().errors(errors)
                        .help("You got it from whoever sent you the link."))
                }
                (submit("Open it").primary().large().full())
            }
        })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    code: String,
}

async fn enter(
    ctx: Public,
    Extension(tenants): Extension<Tenants>,
    Path(token): Path<String>,
    Form(entry): Form<Entry>,
) -> module::Result<Response> {
    let Some(secret) = Secret::parse(&token) else {
        return Ok(dead_page().into_response());
    };
    let mut tx = ctx.begin().await?;
    match tenants
        .admit_guest(&mut tx, &ctx, &secret, &entry.code)
        .await
    {
        Ok((session, behind, end)) => {
            tx.commit().await?;
            let secure = ctx.app().links().secure();
            let seconds = end.since(ctx.now()).as_secs();
            let cookie: HeaderValue = cookies::set(Some(&session), seconds, secure)?;
            let mut response = Redirect::to(&behind.path).into_response();
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(Error::Gone(_)) => Ok(dead_page().into_response()),
        Err(Error::Invalid(errors)) => {
            let mut tx = ctx.begin().await?;
            let behind = store::behind(&mut tx, &secret.hash(), ctx.now()).await?;
            let behind = behind.ok_or_else(dead)?;
            Ok(door(&ctx, &token, &behind, &errors).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Forgets the guest on this browser; the link still works.
async fn leave(ctx: Public, headers: HeaderMap) -> module::Result<Response> {
    let secure = ctx.app().links().secure();
    if let Some(session) = cookies::read(&headers, secure) {
        let mut tx = ctx.begin().await?;
        store::end_session(&mut tx, &session.hash()).await?;
        tx.commit().await?;
    }
    let mut response = Redirect::to("/").into_response();
    let cookie: HeaderValue = cookies::set(None, 0, secure)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

fn dead_page() -> Page {
    Page::new("This link is no longer good")
        .lead("It was taken back or used up, or its time is over.")
        .layout(Layout::Bare)
        .status(StatusCode::GONE)
        .body(html! { p { "Ask whoever sent it for a new one." } })
}
