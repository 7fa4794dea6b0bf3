//! What pages have in common: reading forms, answering them, and saying why something cannot be changed.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue};
use kernel::Error;
use maud::{Markup, html};
use module::Ctx;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ui::{Tone, banner};

/// A form as the browser sent it: names may repeat.
pub(crate) type Pairs = Vec<(String, String)>;

/// The value of a field; empty when it was not sent.
pub(crate) fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs
        .iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value)
}

/// Every value of a field that may repeat; those that cannot be read are left out.
pub(crate) fn values<T: std::str::FromStr>(pairs: &Pairs, name: &str) -> Vec<T> {
    pairs
        .iter()
        .filter(|(field, _)| field == name)
        .filter_map(|(_, value)| value.parse().ok())
        .collect()
}

/// The revision that a form was made from.
pub(crate) fn rev(pairs: &Pairs) -> Option<i64> {
    value(pairs, "rev").parse().ok()
}

/// Goes to another page.
pub(crate) fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Goes to another page and says there what happened, with a way back if there is one.
pub(crate) fn told(path: &str, text: &str, undo: Option<&str>) -> Result<Response, Error> {
    let mut response = go(path);
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let headers = [("x-flash", Some(text.as_str())), ("x-flash-undo", undo)];
    for (name, value) in headers {
        if let Some(value) = value {
            let value = HeaderValue::try_from(value).map_err(Error::internal)?;
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

/// Why nothing can be changed by anybody now: the subscription.
pub(crate) fn lapsed(ctx: &Ctx) -> bool {
    !ctx.access("blog").writes()
}

/// The notice that stands above every page while the subscription has lapsed.
pub(crate) fn lapsed_notice(ctx: &Ctx) -> Markup {
    html! {
        @if lapsed(ctx) {
            (banner(
                Tone::Warn,
                "The subscription to the blog has ended: everything can be read, and the website stays up, but nothing can be changed.",
                Some(&("See billing".to_owned(), "/app/billing".to_owned())),
            ))
        }
    }
}
