//! Asking for a new password, and choosing it.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Email, Error, FieldError};
use maud::html;
use module::extract::{Form, Path, Query};
use module::{Failure, Result, Visitor};
use serde::Deserialize;
use ui::{Layout, Page, field, icons, link_button, submit as submit_button};

use super::{see_other, see_other_with};
use crate::account::Device;
use crate::recovery::Reset;
use crate::{Accounts, cookies, passwords};

#[derive(Deserialize)]
pub(super) struct Asked {
    sent: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct AddressInput {
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub(super) struct PasswordInput {
    #[serde(default)]
    password: String,
}

pub(super) async fn form(_visitor: Visitor, Query(asked): Query<Asked>) -> Page {
    if asked.sent.is_some() {
        sent_page()
    } else {
        address_page("", &[])
    }
}

pub(super) async fn submit(
    visitor: Visitor,
    Extension(accounts): Extension<Accounts>,
    Form(input): Form<AddressInput>,
) -> Result<Response> {
    let email = match Email::parse(&input.email) {
        Ok(email) => email,
        Err(error) => {
            let page = address_page(&input.email, &[error]);
            return Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response());
        }
    };
    let links = visitor.app.links();
    match accounts
        .recover(links, &email, device(&visitor), visitor.now)
        .await
    {
        Ok(()) => Ok(see_other("/recover?sent=1")),
        Err(Error::TooMany { retry_after }) => {
            let message = format!(
                "Too many mails were asked for from your network. Try again in {}.",
                super::log_in::minutes(retry_after)
            );
            let page = address_page(&input.email, &[FieldError::new("", "too_many", message)]);
            Ok(super::log_in::too_many(
                page.status(StatusCode::TOO_MANY_REQUESTS),
                retry_after,
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// Shows the form only: mail scanners open links, too, and must not use them up.
pub(super) async fn reset_form(
    visitor: Visitor,
    Extension(accounts): Extension<Accounts>,
    Path(token): Path<String>,
) -> Result<Response> {
    match accounts.reset_for(&token, visitor.now).await {
        Ok(user) => Ok(private(password_page(&token, &user.email, &[]))),
        Err(error) => gone_or(error),
    }
}

pub(super) async fn reset(
    visitor: Visitor,
    Extension(accounts): Extension<Accounts>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(input): Form<PasswordInput>,
) -> Result<Response> {
    let links = visitor.app.links();
    let reset = Reset {
        secret: &token,
        password: &input.password,
        device: device(&visitor),
    };
    match accounts.reset(links, reset, visitor.now).await {
        Ok(()) => {
            let message = "Your password is changed. Log in with the new one.";
            let mut response = see_other_with("/login", message);
            if cookies::read(&headers, links.secure()).is_some() {
                let cookie = cookies::clear(links.secure());
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(Error::Invalid(errors)) => {
            let user = accounts.reset_for(&token, visitor.now).await?;
            let page = password_page(&token, &user.email, &errors);
            Ok(private(page.status(StatusCode::UNPROCESSABLE_ENTITY)))
        }
        Err(error) => gone_or(error),
    }
}

fn device(visitor: &Visitor) -> Device<'_> {
    Device {
        ip: visitor.request.ip,
        user_agent: &visitor.request.user_agent,
    }
}

/// A page whose address is a secret: other sites are not told where somebody came from. Our own are, because without
/// that browsers post the form without its origin.
fn private(page: Page) -> Response {
    let mut response = page.into_response();
    response.headers_mut().insert(
        HeaderName::from_static("referrer-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

fn gone_or(error: Error) -> Result<Response> {
    match error {
        Error::Gone(message) => Ok(Page::new("This link no longer works")
            .lead(message)
            .layout(Layout::Split)
            .status(StatusCode::GONE)
            .body(html! {
                div.stack {
                    (link_button("Ask for a new link", "/recover").primary().large().full())
                    p.fine { a.link href="/login" { "Back to log-in" } }
                }
            })
            .into_response()),
        error => Err(Failure::from(error)),
    }
}

fn address_page(email: &str, errors: &[FieldError]) -> Page {
    Page::new("Choose a new password")
        .lead("Enter the address you log in with. We mail you a link.")
        .layout(Layout::Split)
        .body(html! {
            form.stack method="post" action="/recover" {
                @if errors.iter().any(|error| error.field.is_empty()) { (ui::error_summary(errors)) }
                (field::email("email", "E-mail").autocomplete("username").value(email).errors(errors).required().autofocus().large())
                (submit_button("Mail me a link").primary().large().full().icon_end(icons::LuArrowRight))
                p.fine { a.link href="/login" { "Back to log-in" } }
            }
        })
}

/// Says the same whoever asked.
fn sent_page() -> Page {
    Page::new("Check your mail")
        .lead("If there is an account with that address, a link to choose a new password is on its way. It works once, for 30 minutes.")
        .layout(Layout::Split)
        .body(html! {
            div.stack {
                (link_button("Back to log-in", "/login").large().full())
                p.fine { "Nothing there after a few minutes? Look into the spam folder, or " a.link href="/recover" { "try another address" } "." }
            }
        })
}

fn password_page(token: &str, email: &str, errors: &[FieldError]) -> Page {
    Page::new("Choose a new password")
        .lead(format!("For {email}. You will be signed out everywhere."))
        .layout(Layout::Split)
        .body(html! {
            form.stack method="post" action={ "/reset/" (token) } {
                // Tells password managers whose password it is.
                input type="hidden" autocomplete="username" value=(email);
                (field::password("password", "New password").autocomplete("new-password")
                    .help(format!("At least {} characters. A few unrelated words make a good one.", passwords::SHORTEST))
                    .errors(errors).required().autofocus().large())
                (submit_button("Change password").primary().large().full())
            }
        })
}
