//! Logging in and out.

use std::time::Duration;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Email, FieldError, Fields};
use maud::html;
use module::extract::{Form, Query};
use module::{Result, Visitor};
use serde::Deserialize;
use ui::{Layout, Page, field, icons, submit as submit_button};

use super::destination::Destination;
use super::{see_other, see_other_with};
use crate::{Accounts, Attempt, SessionKind, SignIn, cookies};

/// The one answer to all that is wrong with address and password.
const REFUSED: &str = "Address and password do not match, or the address is not confirmed yet. Check both, \
                       or choose a new password.";
const LOCKED: &str = "There were too many tries for this address. To protect the account, choose a new password \
                      by mail, then log in with it.";

#[derive(Deserialize)]
pub(super) struct Input {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(flatten)]
    destination: Destination,
}

pub(super) async fn form(visitor: Visitor, Query(to): Query<Destination>) -> Response {
    if visitor.account.is_some() {
        return see_other(&to.address(visitor.app.links()));
    }
    page(&visitor, "", &to, &[]).into_response()
}

pub(super) async fn submit(
    visitor: Visitor,
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
    Form(input): Form<Input>,
) -> Result<Response> {
    let to = &input.destination;
    let mut fields = Fields::default();
    let email = fields.take(Email::parse(&input.email));
    fields.check(
        !input.password.is_empty(),
        "password",
        "required",
        "Enter your password.",
    );
    let email = match (fields.finish(), email) {
        (Ok(()), Some(email)) => email,
        (outcome, _) => {
            let error = outcome.err().unwrap_or(kernel::Error::Unauthenticated);
            let page = page(&visitor, &input.email, to, error.field_errors());
            return Ok(page
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response());
        }
    };

    let links = visitor.app.links();
    let attempt = Attempt {
        email: &email,
        password: &input.password,
        host: links.host(),
        ip: visitor.request.ip,
        user_agent: &visitor.request.user_agent,
    };
    let refuse = |status: StatusCode, message: String| {
        let errors = [FieldError::new("", "refused", message)];
        page(&visitor, &input.email, to, &errors).status(status)
    };
    Ok(match accounts.sign_in(attempt, visitor.now).await? {
        SignIn::Done(token) => {
            // Whoever was signed in here before is not any more.
            accounts
                .log_out(SessionKind::Person, &headers, links.secure(), visitor.now)
                .await?;
            let mut response = see_other(&to.address(links));
            let cookie = cookies::set(&token, links.secure());
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        SignIn::Refused => refuse(StatusCode::UNPROCESSABLE_ENTITY, REFUSED.into()).into_response(),
        SignIn::Wait(time) => {
            let message = format!(
                "Too many tries. Try again in {}, or choose a new password.",
                minutes(time)
            );
            too_many(refuse(StatusCode::TOO_MANY_REQUESTS, message), time)
        }
        SignIn::Locked => too_many(
            refuse(StatusCode::TOO_MANY_REQUESTS, LOCKED.into()),
            Duration::from_hours(1),
        ),
    })
}

pub(super) async fn log_out(
    visitor: Visitor,
    Extension(accounts): Extension<Accounts>,
    headers: HeaderMap,
) -> Result<Response> {
    let secure = visitor.app.links().secure();
    accounts
        .log_out(SessionKind::Person, &headers, secure, visitor.now)
        .await?;
    let mut response = see_other_with("/login", "You are logged out.");
    response
        .headers_mut()
        .append(header::SET_COOKIE, cookies::clear(secure));
    Ok(response)
}

fn page(visitor: &Visitor, email: &str, to: &Destination, errors: &[FieldError]) -> Page {
    let links = visitor.app.links();
    let lead = match to.workspace() {
        Some(slug) => format!("Log in to open {}.", links.tenant_host(slug.as_str())),
        None => "Log in to your studio, school or website.".to_owned(),
    };
    // The cursor goes where something is missing.
    let address = field::email("email", "E-mail")
        .autocomplete("username")
        .value(email)
        .errors(errors)
        .required()
        .large();
    let password = field::password("password", "Password")
        .autocomplete("current-password")
        .errors(errors)
        .required()
        .large();
    let (address, password) = if email.is_empty() {
        (address.autofocus(), password)
    } else {
        (address, password.autofocus())
    };
    Page::new("Welcome back").document_title("Log in").lead(lead).layout(Layout::Split).body(html! {
        form.stack method="post" action="/login" {
            @if errors.iter().any(|error| error.field.is_empty()) { (ui::error_summary(errors)) }
            (to.fields())
            (address)
            (password.extra(html! { p.fine { a.link href="/recover" { "Forgot your password?" } } }))
            (submit_button("Log in").primary().large().full().icon_end(icons::LuArrowRight))
            p.fine { "New to Atelier? " a.link href="/signup" { "Create a workspace" } }
        }
    })
}

pub(super) fn too_many(page: Page, time: Duration) -> Response {
    let mut response = page.into_response();
    let seconds = HeaderValue::from(time.as_secs().max(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

/// A waiting time as people say it, never too short.
pub(super) fn minutes(time: Duration) -> String {
    match time.as_secs().div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        assert_eq!(minutes(Duration::from_secs(5)), "a minute");
        assert_eq!(minutes(Duration::from_secs(61)), "2 minutes");
        assert_eq!(minutes(Duration::from_mins(15)), "15 minutes");
    }
}
