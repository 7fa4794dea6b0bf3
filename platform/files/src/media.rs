//! Files as visitors get them: `/media/{id}/{variant}/{name}` on the tenant's host.
//!
//! What an address leads to never changes, so that public files may be kept for ever by whoever fetched them; a file that
//! is deleted is gone for those who ask anew. The name at the end is for people alone. Private files need a signature.

use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Error, Result as Outcome};
use module::extract::{Path, Query};
use module::{Public, Result, Routes};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::objects::store::{self, Served};
use crate::sign::Signature;
use crate::storage::{derivative_key, key};
use crate::{FileId, Files, Visibility};

/// What may stand in a name without being encoded (RFC 8187, `attr-char`).
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'!')
    .remove(b'~');

/// The variant that is the file as it was uploaded.
const ORIGINAL: &str = "original";

pub(crate) fn routes() -> Routes {
    Routes::new().get("/media/{id}/{variant}/{name}", serve)
}

async fn serve(
    ctx: Public,
    Extension(files): Extension<Files>,
    Path((id, variant, _)): Path<(FileId, String, String)>,
    Query(signature): Query<Signature>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let file = store::served(&mut tx, id, &variant)
        .await?
        .ok_or(Error::NotFound("file"))?;
    drop(tx);
    let tenant = ctx.tenant().id;
    if file.visibility == Visibility::Private
        && !files
            .signer()
            .holds(tenant, id, &variant, ctx.now(), &signature)
    {
        // Whoever may not see it is not told that it is there.
        return Err(Error::NotFound("file").into());
    }
    let is_original = variant == ORIGINAL;
    let tag = format!("\"{}-{variant}\"", &file.sha256[..32]);
    let mut answer = about(&file, &tag, is_original)?;
    if has(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    let total = u64::try_from(file.bytes).map_err(Error::internal)?;
    let part = if is_original {
        answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        range(&headers, &tag, total)
    } else {
        Part::Whole
    };
    let (status, wanted) = match part {
        Part::Whole => (StatusCode::OK, None),
        Part::Some(start, end) => {
            let range = format!("bytes {start}-{}/{total}", end - 1);
            answer.insert(header::CONTENT_RANGE, text(range)?);
            (StatusCode::PARTIAL_CONTENT, Some(start..end))
        }
        Part::Outside => {
            let range = text(format!("bytes */{total}"))?;
            let headers = [(header::CONTENT_RANGE, range)];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
    };
    let original = key(tenant, file.visibility, &file.sha256);
    let place = if is_original {
        original
    } else {
        derivative_key(&original, &variant)
    };
    let Some(reading) = files.storage().read(&place, wanted).await? else {
        tracing::error!(key = %place, "a file that is ready has no bytes in the store");
        return Err(Error::Unavailable("The file store").into());
    };
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(reading.length));
    Ok((status, answer, Body::from_stream(reading.stream)).into_response())
}

/// Headers about the file, for every answer that stands for it.
fn about(file: &Served, tag: &str, is_original: bool) -> Outcome<HeaderMap> {
    let public = file.visibility == Visibility::Public;
    let cache = if public {
        "public, max-age=31536000, immutable"
    } else {
        "private, max-age=300"
    };
    // Front ends of the tenant's own may stand on any host; what is private stays with us.
    let sharing = if public { "cross-origin" } else { "same-site" };
    // Originals are to be kept, not looked at; pages show the smaller copies.
    let manner = if is_original { "attachment" } else { "inline" };
    let name = utf8_percent_encode(&file.name, ATTRIBUTE);
    Ok(HeaderMap::from_iter([
        (header::CONTENT_TYPE, text(file.mime.clone())?),
        (header::ETAG, text(tag.to_owned())?),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (
            header::CONTENT_DISPOSITION,
            text(format!("{manner}; filename*=UTF-8''{name}"))?,
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static(sharing),
        ),
        // Opened by itself it runs nothing, whatever it is.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ),
    ]))
}

/// Whether the client has what the tag stands for.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// What part of a file was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// From the first byte to the last, the end excluded.
    Some(u64, u64),
    Outside,
}

/// Reads `Range` (RFC 9110 14.2). Several parts at once, other units, and what cannot be read are answered with the
/// whole; so is a part of something else than the client has begun with (`If-Range`).
fn range(headers: &HeaderMap, tag: &str, total: u64) -> Part {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if value(header::IF_RANGE).is_some_and(|known| known != tag) {
        return Part::Whole;
    }
    let Some((first, last)) = value(header::RANGE)
        .and_then(|range| range.strip_prefix("bytes="))
        .filter(|range| !range.contains(','))
        .and_then(|range| range.split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (number(first), number(last)) {
        (Some(first), _) if first >= total => Part::Outside,
        (Some(first), Some(last)) if first <= last => {
            Part::Some(first, total.min(last.saturating_add(1)))
        }
        (Some(first), None) if last.trim().is_empty() => Part::Some(first, total),
        (None, Some(0)) if first.trim().is_empty() => Part::Outside,
        (None, Some(count)) if first.trim().is_empty() => {
            Part::Some(total.saturating_sub(count), total)
        }
        _ => Part::Whole,
    }
}

fn text(value: String) -> Outcome<HeaderValue> {
    HeaderValue::try_from(value).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_standard() {
        let part = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(value))]);
            range(&headers, "\"t\"", 100)
        };
        for (value, expected) in [
            ("bytes=0-9", Part::Some(0, 10)),
            ("bytes=90-", Part::Some(90, 100)),
            ("bytes=-10", Part::Some(90, 100)),
            ("bytes=-500", Part::Some(0, 100)),
            ("bytes=50-500", Part::Some(50, 100)),
            ("bytes=0-18446744073709551615", Part::Some(0, 100)),
            ("bytes=100-", Part::Outside),
            ("bytes=100-200", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=9-0", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=0-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(part(value), expected, "{value}");
        }
    }

    #[test]
    fn a_part_of_something_else_is_not_sent() {
        let mut headers =
            HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-9"))]);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"old\""));
        assert_eq!(range(&headers, "\"new\"", 100), Part::Whole);
        assert_eq!(range(&headers, "\"old\"", 100), Part::Some(0, 10));
    }

    #[test]
    fn names_survive_headers() {
        let file = Served {
            sha256: "0".repeat(64),
            visibility: Visibility::Public,
            name: "Abend \"am\" Fjord \u{2013} \u{1f305}\r\n.jpg".into(),
            mime: "image/jpeg".into(),
            bytes: 1,
        };
        let headers = about(&file, "\"t\"", true).unwrap();
        let shown = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(shown.starts_with("attachment; filename*=UTF-8''Abend%20%22am%22%20Fjord"));
        assert!(!shown.contains(['\r', '\n', '"']), "{shown}");
    }
}
