//! Every component in every state, for developers.

use module::{Routes, Visitor};
use ui::Page;

/// The route of the gallery; mounted in development alone.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/_gallery", gallery)
}

async fn gallery(_: Visitor) -> Page {
    ui::gallery::page()
}
