//! The tenant's pages about its subscriptions, at `/app/billing`.

mod cancel;
mod choose;
mod details;
mod overview;
mod words;

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue};
use kernel::Error;
use module::Routes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Where everything begins.
const PATH: &str = "/app/billing";
/// The comparison of plans.
const PLANS: &str = "/app/billing/plans";
/// The permission to change anything.
const MANAGE: &str = "billing.subscription.manage";

/// A form as the browser sent it.
type Pairs = Vec<(String, String)>;

pub(crate) fn routes() -> Routes {
    overview::routes()
        .merge(choose::routes())
        .merge(cancel::routes())
        .merge(details::routes())
}

/// The value of a field; empty when it was not sent.
fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs
        .iter()
        .find(|(field, _)| field == name)
        .map_or("", |(_, value)| value)
}

/// The revision that a form was made from.
fn rev(pairs: &Pairs) -> Option<i64> {
    value(pairs, "rev").parse().ok()
}

/// After a form was done: to `path` (303), where a toast says what happened.
fn done(path: &str, text: &str) -> Result<Response, Error> {
    let mut response = Redirect::to(path).into_response();
    let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let text = HeaderValue::try_from(text).map_err(Error::internal)?;
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-flash"), text);
    Ok(response)
}
