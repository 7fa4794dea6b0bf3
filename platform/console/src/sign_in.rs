//! Logging in at the console, and out.

use std::time::Duration;

use accounts::{Attempt, SessionKind, SignIn, cookies};
use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Email, FieldError, Fields};
use maud::html;
use module::extract::{Form, Query};
use module::{Operating, OpsVisitor, Result, Routes, rank};
use serde::Deserialize;
use ui::{Card, Layout, Page, definition_list, field, icons, link_button, submit};

use crate::Console;
use crate::respond::done;

/// The one answer to all that is wrong: whether somebody is an operator is nobody else's business.
const REFUSED: &str = "Address and password do not match those of an operator.";
const LOCKED: &str = "There were too many tries for this address. To protect the account, choose a new password \
                      by mail, then log in with it.";

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/login", form)
        .post("/login", log_in)
        .post("/logout", log_out)
        .get("/me", profile)
}

/// Where somebody was going. Nothing of it is trusted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

impl Next {
    /// A path on this host, and the overview otherwise: `//host` and `/\host` lead elsewhere in browsers.
    fn path(&self) -> &str {
        let next = self.next.as_str();
        let second = next.as_bytes().get(1);
        let inside = next.starts_with('/')
            && !matches!(second, Some(b'/' | b'\\'))
            && next
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if inside { next } else { "/" }
    }
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(flatten)]
    next: Next,
}

async fn form(visitor: OpsVisitor, Query(next): Query<Next>) -> Response {
    if visitor.operator.is_some() {
        return Redirect::to(next.path()).into_response();
    }
    page(&visitor, "", &next, &[]).into_response()
}

async fn log_in(
    visitor: OpsVisitor,
    Extension(console): Extension<Console>,
    headers: HeaderMap,
    Form(input): Form<Input>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let email = fields.take(Email::parse(&input.email));
    fields.check(
        !input.password.is_empty(),
        "password",
        "required",
        "Enter your password.",
    );
    let refuse = |status: StatusCode, errors: &[FieldError]| {
        page(&visitor, &input.email, &input.next, errors)
            .status(status)
            .into_response()
    };
    let email = match (fields.finish(), email) {
        (Ok(()), Some(email)) => email,
        (outcome, _) => {
            let error = outcome.err().unwrap_or(kernel::Error::Unauthenticated);
            return Ok(refuse(
                StatusCode::UNPROCESSABLE_ENTITY,
                error.field_errors(),
            ));
        }
    };
    let links = visitor.app.links();
    let host = format!("ops.{}", links.host());
    let attempt = Attempt {
        email: &email,
        password: &input.password,
        host: &host,
        ip: visitor.request.ip,
        user_agent: &visitor.request.user_agent,
    };
    let as_whole = |message: String| [FieldError::new("", "refused", message)];
    let accounts = console.accounts();
    Ok(
        match accounts.operator_sign_in(attempt, visitor.now).await? {
            SignIn::Done(token) => {
                // Whoever was signed in here before is not any more.
                accounts
                    .log_out(SessionKind::Operator, &headers, links.secure(), visitor.now)
                    .await?;
                let mut response = Redirect::to(input.next.path()).into_response();
                let cookie = cookies::set_of(SessionKind::Operator, &token, links.secure());
                response.headers_mut().append(header::SET_COOKIE, cookie);
                response
            }
            SignIn::Refused => refuse(
                StatusCode::UNPROCESSABLE_ENTITY,
                &as_whole(REFUSED.to_owned()),
            ),
            SignIn::Wait(time) => {
                let minutes = time.as_secs().div_ceil(60).max(1);
                let message = format!("Too many tries. Try again in {minutes} minutes.");
                later(
                    refuse(StatusCode::TOO_MANY_REQUESTS, &as_whole(message)),
                    time,
                )
            }
            SignIn::Locked => later(
                refuse(StatusCode::TOO_MANY_REQUESTS, &as_whole(LOCKED.to_owned())),
                Duration::from_hours(1),
            ),
        },
    )
}

fn later(mut response: Response, time: Duration) -> Response {
    let seconds = HeaderValue::from(time.as_secs().max(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

async fn log_out(
    visitor: OpsVisitor,
    Extension(console): Extension<Console>,
    headers: HeaderMap,
) -> Result<Response> {
    let secure = visitor.app.links().secure();
    console
        .accounts()
        .log_out(SessionKind::Operator, &headers, secure, visitor.now)
        .await?;
    let mut response = done("/login", "You are logged out.");
    response.headers_mut().append(
        header::SET_COOKIE,
        cookies::clear_of(SessionKind::Operator, secure),
    );
    Ok(response)
}

fn page(visitor: &OpsVisitor, email: &str, next: &Next, errors: &[FieldError]) -> Page {
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
    let recover = visitor.app.links().base("/recover");
    Page::new("Operator log-in")
        .document_title("Log in")
        .lead("For those who run the platform. Sessions end after half an hour without a request.")
        .layout(Layout::Bare)
        .body(html! {
            form.stack method="post" action="/login" {
                @if errors.iter().any(|error| error.field.is_empty()) { (ui::error_summary(errors)) }
                (field::hidden("next", next.path()))
                (address)
                (password.extra(html! { p.fine { a.link href=(recover) { "Forgot your password?" } } }))
                (submit("Log in").primary().large().full().icon_end(icons::LuArrowRight))
            }
        })
}

async fn profile(ctx: Operating<rank::Reader>) -> Page {
    let operator = &ctx.operator;
    let account = ctx.app.links().base("/account");
    Page::new("Your profile")
        .lead("Name, password and sessions are those of your account.")
        .narrow()
        .actions(html! { (link_button("Open the account", account)) })
        .body(html! {
            (Card::new(definition_list(&[
                ("Name", html! { (operator.name) }),
                ("E-mail", html! { (operator.email) }),
                ("Role", html! { (operator.role.title()) }),
                ("Allows", html! { (operator.role.summary()) }),
                ("Session", html! { "Ends after 30 minutes without a request, and 12 hours after the log-in." }),
            ])))
        })
}

#[cfg(test)]
mod tests {
    use super::Next;

    #[test]
    fn nobody_is_sent_to_another_host() {
        let to = |next: &str| Next { next: next.into() }.path().to_owned();
        assert_eq!(to("/tenants?q=a%20b"), "/tenants?q=a%20b");
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "",
            "/a b",
            "tenants",
        ] {
            assert_eq!(to(bad), "/", "{bad:?}");
        }
    }
}
