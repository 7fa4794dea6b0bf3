//! One span, one id and one measurement for each request.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use std::sync::LazyLock;
use tracing::Instrument as _;

/// The id of a request. Ours alone: one that a client sends could forge log lines.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Seconds from the first byte of a request to its answer (OpenTelemetry's semantic convention).
static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    opentelemetry::global::meter("atelier")
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_description("Duration of requests")
        .build()
});

/// Wraps a request in its span. The pages fill in tenant, module and person once they know them.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let id = kernel::new_uuid().to_string();
    let method = request.method().to_string();
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        request = %id,
        http.request.method = %method,
        url.path = request.uri().path(),
        http.response.status_code = tracing::field::Empty,
        tenant = tracing::field::Empty,
        module = tracing::field::Empty,
        person = tracing::field::Empty,
        key = tracing::field::Empty,
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    // Signed, because the bridge to OpenTelemetry turns unsigned numbers into text.
    span.record("http.response.status_code", i64::from(status));
    // No tenant among the attributes: there are too many of them for metrics.
    let attributes = [
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.response.status_code", i64::from(status)),
    ];
    DURATION.record(began.elapsed().as_secs_f64(), &attributes);
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
