//! A message that survives one redirect: from `X-Flash` on the way out to a toast on the next page.

use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ui::Flash;

const COOKIE: &str = "flash";

/// Turns the headers of a handler into a cookie of half a minute.
pub fn keep(headers: &mut HeaderMap, secure: bool) {
    let Some(text) = headers.remove("x-flash") else {
        return;
    };
    let undo = headers.remove("x-flash-undo");
    let undo = undo
        .as_ref()
        .and_then(|undo| undo.to_str().ok())
        .unwrap_or_default();
    // Both parts are encoded, so that the bar between them is the only one.
    let value = format!(
        "{}|{}",
        text.to_str().unwrap_or_default(),
        utf8_percent_encode(undo, NON_ALPHANUMERIC)
    );
    let secure = if secure { "; Secure" } else { "" };
    if let Ok(cookie) = HeaderValue::try_from(format!(
        "{COOKIE}={value}; Path=/; Max-Age=30; HttpOnly; SameSite=Lax{secure}"
    )) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// The message that came with a request.
pub fn read(headers: &HeaderMap) -> Option<Flash> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let value = cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("flash="))?;
    let (text, undo) = value.split_once('|').unwrap_or((value, ""));
    let decode = |part: &str| {
        percent_decode_str(part)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    };
    let text = decode(text).filter(|text| !text.is_empty())?;
    // Only ever an address on the same host.
    let undo = decode(undo).filter(|undo| undo.starts_with('/') && !undo.starts_with("//"));
    Some(Flash { text, undo })
}

/// Makes the browser forget the message: it was shown.
pub fn clear(headers: &mut HeaderMap) {
    headers.append(
        header::SET_COOKIE,
        HeaderValue::from_static("flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_redirect() {
        let mut headers = HeaderMap::new();
        headers.insert("x-flash", "Saved%3B%20all%20good".parse().unwrap());
        headers.insert("x-flash-undo", "/app/undo?a=1".parse().unwrap());
        keep(&mut headers, false);
        let cookie = headers[header::SET_COOKIE].to_str().unwrap();
        let mut request = HeaderMap::new();
        request.insert(
            header::COOKIE,
            cookie.split(';').next().unwrap().parse().unwrap(),
        );
        let flash = read(&request).unwrap();
        assert_eq!(flash.text, "Saved; all good");
        assert_eq!(flash.undo.as_deref(), Some("/app/undo?a=1"));
    }

    #[test]
    fn an_address_elsewhere_is_dropped() {
        let mut request = HeaderMap::new();
        request.insert(
            header::COOKIE,
            "flash=Hello|%2F%2Fevil.example".parse().unwrap(),
        );
        assert_eq!(read(&request).unwrap().undo, None);
    }
}
