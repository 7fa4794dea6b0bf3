//! The tenant's look: style sheet of its colours, and its logo.

mod store;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::Error;
use module::extract::Path;
use module::{Public, Routes};

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(crate) use store::{LogoRow, delete_logo, upsert_logo};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/_t/theme.css", css)
        .get("/_t/logo/{hash}", logo)
}

/// The query carries a hash of the colours, so the answer never changes under one address.
async fn css(ctx: Public) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, FOREVER),
    ];
    (headers, ui::color::theme_css(&ctx.tenant().brand)).into_response()
}

async fn logo(
    ctx: Public,
    Path(hash): Path<String>,
    headers: HeaderMap,
) -> module::Result<Response> {
    let tag = HeaderValue::try_from(format!("\"{hash}\"")).map_err(|_| Error::NotFound("logo"))?;
    let mut tx = ctx.begin().await?;
    let logo = store::find_logo(&mut tx, &hash)
        .await?
        .ok_or(Error::NotFound("logo"))?;
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::try_from(logo.content_type).map_err(Error::internal)?,
        ),
        (header::CACHE_CONTROL, FOREVER),
        (header::ETAG, tag),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    Ok((headers, logo.bytes).into_response())
}
