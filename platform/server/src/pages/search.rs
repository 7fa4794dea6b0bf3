//! The palette's search for records.

use axum::{Extension, Json};
use module::extract::Query;
use module::{Member, Routes, Slots};
use serde::Deserialize;
use ui::SearchHit;

/// Longest text that is searched for.
const LONGEST: usize = 100;

/// The route of the search.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/app/search.json", search)
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn search(
    ctx: Member,
    Query(search): Query<Search>,
    Extension(slots): Extension<Slots>,
) -> module::Result<Json<Vec<SearchHit>>> {
    let text: String = search.q.trim().chars().take(LONGEST).collect();
    if text.is_empty() {
        return Ok(Json(Vec::new()));
    }
    let sources = slots
        .search
        .iter()
        .map(|source| tokio::time::timeout(super::home::PATIENCE, source(&ctx, &text)));
    let found = futures::future::join_all(sources).await;
    let hits = found.into_iter().filter_map(|hits| match hits {
        Ok(Ok(hits)) => Some(hits),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a source of the search failed");
            None
        }
        Err(_) => None,
    });
    Ok(Json(
        hits.flatten()
            .map(|hit| SearchHit::new(hit.label, hit.href, hit.kind).marked(hit.title, hit.snippet))
            .collect(),
    ))
}
