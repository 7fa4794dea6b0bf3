//! Whether the process lives, and whether it should get requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use sqlx::PgPool;

/// What readiness depends on.
#[derive(Clone)]
pub struct Health {
    pool: PgPool,
    draining: Arc<AtomicBool>,
}

#[derive(Serialize)]
struct Report {
    ready: bool,
    database: bool,
    draining: bool,
}

impl Health {
    /// Health of a server on `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            draining: Arc::default(),
        }
    }

    /// Says "not ready" from now on: the process is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

/// The process answers.
pub async fn livez() -> &'static str {
    "ok"
}

/// The process can do its work: the database answers within a second and no shutdown is under way.
pub async fn readyz(State(health): State<Health>) -> Response {
    let ask = sqlx::query("select 1").execute(&health.pool);
    let database = matches!(
        tokio::time::timeout(Duration::from_secs(1), ask).await,
        Ok(Ok(_))
    );
    let draining = health.draining.load(Ordering::Relaxed);
    let ready = database && !draining;
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(Report {
            ready,
            database,
            draining,
        }),
    )
        .into_response()
}
