//! The tenant's part of the way in, the way out, and one's own page.

use accounts::sessions::{self, RevokeReason};
use accounts::{Secret, cookies};
use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Error, PermissionSet};
use maud::html;
use module::extract::Query;
use module::{Member, Public, Routes};
use serde::Deserialize;
use ui::{Card, Dialog, Layout, Page, Tone, badge, dialog_opener, link_button, submit};

use super::state_of;
use crate::respond::{encode, local_path, moment};
use crate::{Tenants, members};

/// How long the nonce of the way in is kept.
const NONCE_SECONDS: u32 = 600;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/auth/start", start)
        .get("/auth/finish", finish)
        .post("/auth/logout", log_out)
        .get("/app/me", me)
        .post("/app/me/leave", leave)
}

#[derive(Debug, Deserialize)]
struct Start {
    next: Option<String>,
}

/// Plants a nonce in this browser and sends it to the base host with the nonce's hash.
async fn start(ctx: Public, Query(wish): Query<Start>) -> Response {
    let next = local_path(wish.next.as_deref(), "/app");
    if ctx.visitor().is_some() {
        return Redirect::to(next).into_response();
    }
    let links = ctx.app().links();
    let nonce = Secret::generate();
    let enter = format!(
        "/enter?workspace={}&state={}&next={}",
        ctx.tenant().slug,
        state_of(nonce.as_str()),
        encode(next)
    );
    let mut response = Redirect::to(&links.base(&enter)).into_response();
    set_nonce(&mut response, nonce.as_str(), NONCE_SECONDS, links.secure());
    response
}

#[derive(Debug, Deserialize)]
struct Finish {
    #[serde(default)]
    code: String,
}

/// Exchanges the code for a session on this host.
async fn finish(
    ctx: Public,
    Extension(tenants): Extension<Tenants>,
    headers: HeaderMap,
    Query(Finish { code }): Query<Finish>,
) -> module::Result<Response> {
    let secure = ctx.app().links().secure();
    let nonce = read_nonce(&headers, secure);
    let redeemed = tenants
        .redeem_code(
            ctx.tenant(),
            &code,
            nonce.as_deref(),
            ctx.request(),
            ctx.now(),
        )
        .await;
    match redeemed {
        Ok((session, next)) => {
            let mut response = Redirect::to(local_path(Some(&next), "/app")).into_response();
            let cookie: HeaderValue = cookies::set(&session, secure);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            set_nonce(&mut response, "", 0, secure);
            Ok(response)
        }
        Err(Error::Gone(_)) => Ok(Page::new("That took too long")
            .lead("The way into the workspace works once, for a minute, and in one browser.")
            .layout(Layout::Bare)
            .status(StatusCode::GONE)
            .body(html! { (link_button("Try again", "/auth/start?next=%2Fapp").primary().large().full()) })
            .into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Ends the session on this host alone.
async fn log_out(
    ctx: Public,
    Extension(tenants): Extension<Tenants>,
    headers: HeaderMap,
) -> module::Result<Response> {
    let secure = ctx.app().links().secure();
    if let Some(token) = cookies::read(&headers, secure) {
        let mut tx = tenants.db().begin().await?;
        if let Some(session) = sessions::find(tx.conn(), &token, ctx.now()).await? {
            sessions::revoke(tx.conn(), &session, RevokeReason::LogOut, ctx.now()).await?;
        }
        tx.commit().await?;
    }
    let mut response = Redirect::to(&ctx.app().links().base("/workspaces")).into_response();
    let cookie: HeaderValue = cookies::clear(secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What a person is and may do here.
async fn me(ctx: Member, Extension(tenants): Extension<Tenants>) -> module::Result<Page> {
    let person = ctx.person()?;
    let mut tx = ctx.begin().await?;
    let member = members::get(&mut tx, person.membership, ctx.now()).await?;
    drop(tx);
    let zone = &ctx.tenant().zone;
    let workspace = &ctx.tenant().name;
    let leave = Dialog::new(
        "leave",
        format!("Leave {workspace}?"),
        html! { p { "You lose access at once. What you made stays, under your name. To come back you need a new invitation." } },
    )
    .form("/app/me/leave")
    .actions(submit("Leave the workspace").danger());
    Ok(Page::new(person.name.clone())
        .document_title("You")
        .lead(format!("What you are in {workspace}."))
        .narrow()
        .actions(html! {
            (link_button("Notifications", "/app/me/notifications"))
            (link_button("Your account", ctx.app().links().base("/account")))
        })
        .body(html! {
            div.stack {
                (Card::new(ui::definition_list(&[
                    ("E-mail here", html! { (person.email) }),
                    ("Roles", html! { div.cluster { @for role in &person.roles { (badge(Tone::Neutral, role)) } } }),
                    ("Member since", html! { (moment(member.joined_at, zone)) }),
                ])).title("You here"))
                (Card::new(html! { ul.rows { @for (area, titles) in may(&tenants, &person.permissions) {
                    li { div.row-main { strong { (area) } small { (titles.join(", ")) } } }
                } } }).title("What you may do").flush())
                (Card::new(html! {
                    div.cluster {
                        p { "Name, password and open sessions belong to your account, and are the same in every workspace." }
                        (dialog_opener("Leave the workspace", "leave").danger())
                    }
                }).title("Leaving"))
                (leave)
            }
        }))
}

async fn leave(ctx: Member, Extension(tenants): Extension<Tenants>) -> module::Result<Response> {
    let person = ctx.person()?;
    let mut tx = ctx.begin().await?;
    tenants.leave(&mut tx, &ctx).await?;
    tx.commit().await?;
    tenants
        .end_sessions(ctx.tenant().id, person.user, ctx.now())
        .await?;
    let links = ctx.app().links();
    let mut response = Redirect::to(&links.base("/workspaces")).into_response();
    let cookie: HeaderValue = cookies::clear(links.secure());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What is allowed, in words, by the part of the product.
pub(crate) fn may(tenants: &Tenants, held: &PermissionSet) -> Vec<(String, Vec<&'static str>)> {
    let mut areas: Vec<(String, Vec<&'static str>)> = Vec::new();
    for permission in tenants.permissions() {
        if !held.allows(permission.key) {
            continue;
        }
        let area = permission.key.split('.').next().unwrap_or_default();
        let area = crate::respond::capitalised(area);
        match areas.iter_mut().find(|(name, _)| *name == area) {
            Some((_, titles)) => titles.push(permission.title),
            None => areas.push((area, vec![permission.title])),
        }
    }
    areas
}

fn nonce_name(secure: bool) -> &'static str {
    if secure { "__Host-hop" } else { "hop" }
}

fn set_nonce(response: &mut Response, value: &str, seconds: u32, secure: bool) {
    let name = nonce_name(secure);
    let transport = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{transport}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn read_nonce(headers: &HeaderMap, secure: bool) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == nonce_name(secure) && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}
