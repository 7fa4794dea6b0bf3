//! The pages on the base host. All of them work without scripts.

mod account;
mod destination;
mod log_in;
mod recover;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::Error;
use module::Routes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The routes. Every request carries an [`crate::Accounts`] as extension.
#[must_use]
pub fn base_routes() -> Routes {
    Routes::new()
        .get("/login", log_in::form)
        .post("/login", log_in::submit)
        .post("/logout", log_in::log_out)
        .get("/recover", recover::form)
        .post("/recover", recover::submit)
        .get("/reset/{token}", recover::reset_form)
        .post("/reset/{token}", recover::reset)
        .get("/account", account::page)
        .post("/account/profile", account::save_profile)
        .post("/account/password", account::change_password)
        .post("/account/sessions/end-others", account::end_others)
        .post("/account/sessions/{id}/end", account::end_session)
}

/// Sends the browser on with a GET.
fn see_other(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(error) => module::Failure::from(Error::internal(error)).into_response(),
    }
}

/// As [`see_other`], with a message that the next page shows.
fn see_other_with(to: &str, message: &str) -> Response {
    let mut response = see_other(to);
    let text = utf8_percent_encode(message, NON_ALPHANUMERIC).to_string();
    if let Ok(text) = HeaderValue::try_from(text) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-flash"), text);
    }
    response
}
