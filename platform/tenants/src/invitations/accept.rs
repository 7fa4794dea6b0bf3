//! Answering an invitation, on the base host.

use accounts::sessions::{self, NewSession, RevokeReason};
use accounts::{cookies, passwords, users};
use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Email, Error, FieldError, Fields};
use maud::html;
use module::extract::{Form, Path};
use module::{Account, Routes, SignedIn, Visitor};
use serde::Deserialize;
use ui::{Layout, Page, field, link_button, submit};

use super::{Guest, InvitationStatus, Offer};
use crate::respond::encode;
use crate::signup::pages::into_workspace;
use crate::{Tenants, roles};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/invite/{token}", show)
        .post("/invite/{token}", accept)
        .post("/invite/{token}/register", register)
        .post("/invite/{token}/switch", switch)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewPerson {
    name: String,
    password: String,
}

async fn show(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Path(token): Path<String>,
) -> module::Result<Response> {
    let Some(offer) = tenants.offer(&token, visitor.now).await? else {
        return Ok(dead_page().into_response());
    };
    page(
        &visitor,
        &tenants,
        &token,
        &offer,
        &NewPerson::default(),
        &[],
    )
    .await
}

/// What the reader can do depends on who they are: go in, accept, switch, log in or register.
async fn page(
    visitor: &Visitor,
    tenants: &Tenants,
    token: &str,
    offer: &Offer,
    person: &NewPerson,
    errors: &[FieldError],
) -> module::Result<Response> {
    let email = Email::parse(&offer.email)?;
    let same = visitor
        .account
        .as_ref()
        .is_some_and(|account| is_theirs(account, &email));
    match offer.status {
        InvitationStatus::Pending => {}
        InvitationStatus::Accepted if same => {
            return Ok(Redirect::to(&into_workspace(&offer.slug)).into_response());
        }
        _ => return Ok(dead_page().into_response()),
    }
    let path = format!("/invite/{token}");
    let host = visitor.app.links().tenant_host(&offer.slug);
    let facts = ui::definition_list(&[
        (
            "Workspace",
            html! { (offer.workspace) br; small { (host) } },
        ),
        ("From", html! { (offer.inviter) }),
        (
            "Your role",
            html! { (roles::in_words(roles::names(&offer.roles))) },
        ),
    ]);
    let way = match &visitor.account {
        Some(account) if same => html! {
            form.stack method="post" action=(path) {
                p.fine { "You are signed in as " (account.email) "." }
                (submit("Accept the invitation").primary().large().full())
            }
        },
        Some(account) => html! {
            form.stack method="post" action={ (path) "/switch" } {
                p { "This invitation is for " strong { (email.masked()) } ". You are signed in as " (account.email) "." }
                (submit("Sign in as somebody else").primary().large().full())
            }
        },
        None if is_known(tenants, &email).await? => html! {
            div.stack {
                p { "You have an account with this address. Log in to accept." }
                (link_button("Log in", format!("/login?next={}", encode(&path))).primary().large().full())
            }
        },
        None => html! {
            form.stack method="post" action={ (path) "/register" } {
                (ui::error_summary(errors))
                p { "Choose a name and a password; your address is confirmed already." }
                // Not sent: a password manager keeps it with the password.
                input type="hidden" name="username" autocomplete="username" value=(offer.email);
                (field::text("name", "Your name").value(&person.name).max_length(120).autocomplete("name").required().large().errors(errors))
                (field::password("password", "Password").autocomplete("new-password").help("At least 8 characters.").required().large().errors(errors))
                (submit("Join the workspace").primary().large().full())
            }
        },
    };
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(Page::new(format!("Join {}", offer.workspace))
        .lead(format!(
            "{} invites you to work in {}.",
            offer.inviter, offer.workspace
        ))
        .layout(Layout::Bare)
        .status(status)
        .body(html! { div.stack { (facts) (way) } })
        .into_response())
}

fn is_theirs(account: &Account, email: &Email) -> bool {
    Email::parse(&account.email).is_ok_and(|own| own == *email)
}

async fn is_known(tenants: &Tenants, email: &Email) -> kernel::Result<bool> {
    let mut tx = tenants.db().begin().await?;
    Ok(users::find_by_email(tx.conn(), email).await?.is_some())
}

async fn accept(
    visitor: SignedIn,
    Extension(tenants): Extension<Tenants>,
    Path(token): Path<String>,
) -> module::Result<Response> {
    let email = Email::parse(&visitor.account.email)?;
    let guest = Guest {
        user: visitor.account.user,
        name: &visitor.account.name,
        email: &email,
    };
    let mut tx = tenants.db().begin().await?;
    let offer = match tenants
        .accept_invitation(tx.conn(), &token, &guest, &visitor.request, visitor.now)
        .await
    {
        Ok(offer) => offer,
        Err(Error::Gone(_)) => return Ok(dead_page().into_response()),
        Err(error) => return Err(error.into()),
    };
    tx.commit().await?;
    Ok(Redirect::to(&into_workspace(&offer.slug)).into_response())
}

/// Opens an account for the reader: having the mail's link shows that the address is theirs.
async fn register(
    visitor: Visitor,
    Extension(tenants): Extension<Tenants>,
    Path(token): Path<String>,
    Form(person): Form<NewPerson>,
) -> module::Result<Response> {
    let Some(offer) = tenants.offer(&token, visitor.now).await? else {
        return Ok(dead_page().into_response());
    };
    let email = Email::parse(&offer.email)?;
    let name = person.name.trim();
    let mut fields = Fields::default();
    fields.require("name", name, "Enter your name.").check(
        name.chars().count() <= 120,
        "name",
        "too_long",
        "Use at most 120 characters.",
    );
    fields.take(passwords::check(
        "password",
        &person.password,
        &[&offer.email, name],
    ));
    if let Err(Error::Invalid(errors)) = fields.finish() {
        return page(&visitor, &tenants, &token, &offer, &person, &errors).await;
    }
    let hash = passwords::hash(&person.password).await?;
    let mut tx = tenants.db().begin().await?;
    let created = users::create(
        tx.conn(),
        users::NewUser {
            email: &email,
            name,
            password_hash: Some(&hash),
            locale: "en-US",
            time_zone: "UTC",
            verified: true,
        },
        visitor.now,
    )
    .await?;
    let Some(user) = created else {
        // Somebody opened an account with this address meanwhile: they log in.
        return Ok(Redirect::to(&format!("/invite/{token}")).into_response());
    };
    let guest = Guest {
        user,
        name,
        email: &email,
    };
    let accepted = tenants
        .accept_invitation(tx.conn(), &token, &guest, &visitor.request, visitor.now)
        .await;
    let offer = match accepted {
        Ok(offer) => offer,
        Err(Error::Gone(_)) => return Ok(dead_page().into_response()),
        Err(error) => return Err(error.into()),
    };
    let links = visitor.app.links();
    let session = NewSession {
        user,
        tenant: None,
        login: None,
        host: links.host(),
        ip: visitor.request.ip,
        user_agent: &visitor.request.user_agent,
        now: visitor.now,
    };
    let session = sessions::create(tx.conn(), session).await?;
    tx.commit().await?;
    let mut response = Redirect::to(&into_workspace(&offer.slug)).into_response();
    let cookie: HeaderValue = cookies::set(&session, links.secure());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Signs this browser out and comes back, so that somebody else can sign in.
async fn switch(
    visitor: SignedIn,
    Extension(tenants): Extension<Tenants>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> module::Result<Response> {
    let secure = visitor.app.links().secure();
    if let Some(session) = cookies::read(&headers, secure) {
        let mut tx = tenants.db().begin().await?;
        if let Some(session) = sessions::find(tx.conn(), &session, visitor.now).await? {
            let reason = RevokeReason::LogOut;
            sessions::revoke_login(tx.conn(), session.user, session.login, reason, visitor.now)
                .await?;
        }
        tx.commit().await?;
    }
    let back = format!("/invite/{}", encode(&token));
    let mut response = Redirect::to(&back).into_response();
    let cookie: HeaderValue = cookies::clear(secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

fn dead_page() -> Page {
    Page::new("This invitation is no longer good")
        .lead("It was used, taken back or replaced, or it is older than 7 days.")
        .layout(Layout::Bare)
        .status(StatusCode::GONE)
        .body(html! {
            div.stack {
                p { "Look for a newer mail, or ask for a new invitation. If you have accepted already, log in." }
                (link_button("Log in", "/login").primary().large().full())
            }
        })
}
