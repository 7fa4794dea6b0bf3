//! The palette's search: tenants by address, name and owner.

use axum::{Extension, Json};
use module::extract::Query;
use module::{Operating, Routes, rank};
use serde::Deserialize;
use ui::SearchHit;

use crate::Console;
use crate::tenant_list::{self, Filter, Sought};

/// Most tenants that the palette shows.
const HITS: i64 = 8;

pub(crate) fn routes() -> Routes {
    Routes::new().get("/search.json", search)
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn search(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(search): Query<Search>,
) -> module::Result<Json<Vec<SearchHit>>> {
    let Some(sought) = Sought::read(&search.q) else {
        return Ok(Json(Vec::new()));
    };
    let filter = Filter {
        sought: Some(sought),
        limit: HITS,
        ..Filter::default()
    };
    let found = tenant_list::list(&mut *console.read().await?, &filter, ctx.now).await?;
    Ok(Json(
        found
            .rows
            .into_iter()
            .map(|row| SearchHit::new(row.name, format!("/tenants/{}", row.id), row.slug))
            .collect(),
    ))
}
