//! The API's description, served by the API itself.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderValue, header};
use module::{Public, Routes};
use utoipa::openapi::OpenApi;

/// The route of the description (OpenAPI 3.1).
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/api/v1/openapi.json", description)
}

async fn description(_: Public, Extension(description): Extension<Arc<OpenApi>>) -> Response {
    let mut response = Json(&*description).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}
