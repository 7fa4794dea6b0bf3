//! The base host's part of the way into a tenant, and the list of one's workspaces.

use accounts::{cookies, sessions};
use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use kernel::{Error, Zone};
use maud::html;
use module::extract::Query;
use module::{Routes, SignedIn};
use serde::Deserialize;
use ui::{Card, Empty, Layout, Page, Row, brand_avatar, icons, link_button, rows};

use super::Traveller;
use crate::respond::{day, encode, local_path};
use crate::signup::pages::into_workspace;
use crate::{Tenants, roles};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/enter", enter)
        .get("/workspaces", workspaces)
}

#[derive(Debug, Deserialize)]
struct Enter {
    workspace: String,
    state: Option<String>,
    next: Option<String>,
}

/// Sends a person into a tenant. Without the state of a nonce, first to the tenant's host to get one.
async fn enter(
    visitor: SignedIn,
    Extension(tenants): Extension<Tenants>,
    headers: HeaderMap,
    Query(wish): Query<Enter>,
) -> module::Result<Response> {
    let links = visitor.app.links();
    let next = local_path(wish.next.as_deref(), "/app");
    // The address stands in a host name below: only what is one may.
    let slug = kernel::Slug::parse(&wish.workspace).map_err(|_| Error::NotFound("workspace"));
    let Ok(slug) = slug else {
        return Ok(no_entry(&visitor).into_response());
    };
    let state = wish
        .state
        .filter(|state| state.len() == 64 && state.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let Some(state) = state else {
        let mine = tenants.workspaces(visitor.account.user).await?;
        if !mine.iter().any(|workspace| workspace.slug == slug.as_str()) {
            return Ok(no_entry(&visitor).into_response());
        }
        let start = format!("/auth/start?next={}", encode(next));
        return Ok(Redirect::to(&links.tenant(slug.as_str(), &start)).into_response());
    };
    let login = match cookies::read(&headers, links.secure()) {
        Some(token) => {
            let mut tx = tenants.db().begin().await?;
            let session = sessions::find(tx.conn(), &token, visitor.now).await?;
            session.map(|session| session.login)
        }
        None => None,
    };
    let traveller = Traveller {
        user: visitor.account.user,
        login,
    };
    let code = tenants
        .issue_code(traveller, slug.as_str(), &state, next, visitor.now)
        .await;
    match code {
        Ok(code) => {
            let finish = format!("/auth/finish?code={}", code.as_str());
            Ok(Redirect::to(&links.tenant(slug.as_str(), &finish)).into_response())
        }
        Err(Error::NotFound(_)) => Ok(no_entry(&visitor).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// The same whether there is no such workspace or it is somebody else's.
fn no_entry(visitor: &SignedIn) -> Page {
    Page::new("No way in here")
        .lead("Your account does not belong to a workspace at that address.")
        .layout(Layout::Bare)
        .status(StatusCode::NOT_FOUND)
        .body(html! {
            div.stack {
                p { "You are signed in as " strong { (visitor.account.email) } ". If you have another account, sign in with that one; \
                     otherwise ask somebody in the workspace for an invitation." }
                (link_button("Your workspaces", "/workspaces").primary().large().full())
                form method="post" action="/logout" { (ui::submit("Sign in as somebody else").large().full()) }
            }
        })
}

async fn workspaces(
    visitor: SignedIn,
    Extension(tenants): Extension<Tenants>,
) -> module::Result<Page> {
    let mine = tenants.workspaces(visitor.account.user).await?;
    let links = visitor.app.links();
    let create = || {
        link_button("Create a workspace", "/signup")
            .primary()
            .icon(icons::LuPlus)
    };
    let body = if mine.is_empty() {
        html! {
            (Empty::new(icons::LuBuilding2, "No workspaces yet",
                "A workspace is a studio, a school or a site of yours. Somebody can also invite you to theirs.").action(create()))
        }
    } else {
        let list: Vec<Row> = mine
            .iter()
            .map(|workspace| {
                let seen = workspace
                    .last_seen_at
                    .map_or_else(|| "Not visited yet".to_owned(), |at| format!("Last visited {}", day(at, &Zone::UTC)));
                Row::new(&workspace.name)
                    .lead(brand_avatar(&workspace.name))
                    .href(into_workspace(&workspace.slug))
                    .note(html! { (links.tenant_host(&workspace.slug)) " · " (roles::in_words(roles::names(&workspace.roles))) })
                    .end(html! { small { (seen) } })
            })
            .collect();
        html! { (Card::new(rows(&list)).flush()) }
    };
    Ok(Page::new("Your workspaces")
        .lead(format!("Signed in as {}.", visitor.account.email))
        .narrow()
        .actions(if mine.is_empty() {
            maud::Markup::default()
        } else {
            html! { (create()) }
        })
        .body(body))
}
