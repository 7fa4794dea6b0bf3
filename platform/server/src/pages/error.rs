//! Pages for errors: what happened, and the way on.

use http::StatusCode;
use kernel::{Access, Error};
use maud::{Markup, html};
use module::Failure;
use ui::{Layout, Page, link_button};

/// The page of a failure. `request` is its id, shown where people may want to quote it.
pub fn page(failure: &Failure, request: &str, signed_in: bool) -> Page {
    let (title, text, way_on) = explain(failure.error(), signed_in);
    let status = failure.status();
    Page::new(title)
        .layout(Layout::Bare)
        .status(status)
        .head(html! { meta name="robots" content="noindex"; })
        .lead(text)
        .body(html! {
            div.actions { (way_on) }
            @if status.is_server_error() || status == StatusCode::FORBIDDEN {
                p.fine { "Request " code { (request) } }
            }
        })
}

fn explain(error: &Error, signed_in: bool) -> (&'static str, String, Markup) {
    match error {
        Error::NotFound(_) => (
            "Page not found",
            "There is nothing at this address. It may have moved, or the link may be incomplete.".into(),
            home(signed_in),
        ),
        Error::Forbidden(_) => (
            "Your role does not allow this",
            "Ask an owner or admin of this workspace for a role that includes it.".into(),
            home(signed_in),
        ),
        Error::SubscriptionRequired { access: Access::ReadOnly, .. } => (
            "The subscription has ended",
            "Everything is still here to read and export. Subscribe again to make changes.".into(),
            billing(),
        ),
        Error::SubscriptionRequired { .. } => (
            "This product is not part of your workspace",
            "Subscribe to it to open these pages. Nothing that you stored in it is lost.".into(),
            billing(),
        ),
        Error::OutOfService => {
            ("Temporarily unavailable", "This site is taking a break. Please come back later.".into(), html! {})
        }
        Error::LimitReached { .. } => (
            "Your plan is full",
            format!("{error} A larger plan has room for more."),
            billing(),
        ),
        Error::CrossSite => (
            "The request was refused",
            "It came from another site. Open the page again and repeat what you did.".into(),
            home(signed_in),
        ),
        Error::Internal { .. } => (
            "Something went wrong on our side",
            "Nothing was saved. Try again; if it happens again, send us the number below.".into(),
            home(signed_in),
        ),
        Error::Unavailable(_) => (
            "One moment, please",
            "A part of the service does not answer right now. Nothing was saved; try again in a few seconds.".into(),
            home(signed_in),
        ),
        Error::Gone(message) => ("No longer available", message.to_string(), home(signed_in)),
        Error::TooMany { .. } => ("Too many tries", error.to_string(), home(signed_in)),
        other => ("That did not work", other.to_string(), home(signed_in)),
    }
}

fn home(signed_in: bool) -> Markup {
    if signed_in {
        html! { (link_button("Go to your workspace", "/app").primary()) }
    } else {
        html! { (link_button("Go to the front page", "/").primary()) }
    }
}

fn billing() -> Markup {
    html! { (link_button("Open billing", "/app/billing").primary()) }
}
