//! Pages for errors: what happened, and the way on.

use http::StatusCode;
use kernel::{Access, Error};
use maud::{Markup, html};
use module::Failure;
use ui::{Layout, Page, link_button};

/// Who reads a page about what went wrong: each has another way on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody who is not signed in, or on the base host.
    Visitor,
    /// A member, in their workspace.
    Member,
    /// An operator, or somebody on their host.
    Operator,
}

/// The page of a failure. `request` is its id, shown where people may want to quote it.
pub fn page(failure: &Failure, request: &str, reader: Reader) -> Page {
    let (title, text, way_on) = explain(failure.error(), reader);
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

fn explain(error: &Error, reader: Reader) -> (&'static str, String, Markup) {
    match error {
        Error::Forbidden(_) if reader == Reader::Operator => (
            "Your role does not allow this",
            "Ask an admin of the console for a role that includes it.".into(),
            home(reader),
        ),
        Error::NotFound(_) => (
            "Page not found",
            "There is nothing at this address. It may have moved, or the link may be incomplete.".into(),
            home(reader),
        ),
        Error::Forbidden(_) => (
            "Your role does not allow this",
            "Ask an owner or admin of this workspace for a role that includes it.".into(),
            home(reader),
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
            home(reader),
        ),
        Error::Internal { .. } => (
            "Something went wrong on our side",
            "Nothing was saved. Try again; if it happens again, send us the number below.".into(),
            home(reader),
        ),
        Error::Unavailable(_) => (
            "One moment, please",
            "A part of the service does not answer right now. Nothing was saved; try again in a few seconds.".into(),
            home(reader),
        ),
        Error::Gone(message) => ("No longer available", message.to_string(), home(reader)),
        Error::TooMany { .. } => ("Too many tries", error.to_string(), home(reader)),
        other => ("That did not work", other.to_string(), home(reader)),
    }
}

fn home(reader: Reader) -> Markup {
    match reader {
        Reader::Visitor => html! { (link_button("Go to the front page", "/").primary()) },
        Reader::Member => html! { (link_button("Go to your workspace", "/app").primary()) },
        Reader::Operator => html! { (link_button("Go to the overview", "/").primary()) },
    }
}

fn billing() -> Markup {
    html! { (link_button("Open billing", "/app/billing").primary()) }
}
