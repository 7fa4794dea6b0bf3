//! The cookie of a guest. Like that of a session it belongs to one host: no `Domain`, and over https the `__Host-`
//! prefix.

use accounts::Secret;
use http::{HeaderMap, HeaderValue, header};

fn name(secure: bool) -> &'static str {
    if secure { "__Host-guest" } else { "guest" }
}

/// The secret that a request carries; `secure` is whether everything is served over https.
#[must_use]
pub fn read(headers: &HeaderMap, secure: bool) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name(secure))
        .find_map(|(_, value)| Secret::parse(value))
}

/// The `Set-Cookie` header that hands it out, or takes it back when there is nothing to hand out.
pub(crate) fn set(
    secret: Option<&Secret>,
    seconds: u64,
    secure: bool,
) -> kernel::Result<HeaderValue> {
    let (name, value) = (name(secure), secret.map_or("", Secret::as_str));
    let transport = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{transport}");
    HeaderValue::try_from(text).map_err(kernel::Error::internal)
}
