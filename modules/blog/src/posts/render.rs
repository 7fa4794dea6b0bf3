//! Rendering again what an older renderer made, when [`crate::content::RENDERER_VERSION`] has been raised.

use kernel::Result;
use tenant_resolver::TenantTx;

use super::render_store;
use crate::content::{self, sanitize};
use crate::images;

/// Renders up to `most` versions again, and says whether there may be more.
///
/// A source that the present renderer refuses keeps the page it had, sanitised again.
pub async fn render_again(tx: &mut TenantTx, most: i64) -> Result<bool> {
    let stale = render_store::take(tx, most).await?;
    for version in &stale {
        let pictures = images::named_in(tx, &version.content).await?;
        match content::render_with(&version.content, &pictures) {
            Ok(made) => render_store::write(tx, version, &made).await?,
            Err(_) => render_store::keep(tx, version, &sanitize::post(&version.html)).await?,
        }
    }
    Ok(i64::try_from(stale.len()).unwrap_or(most) >= most)
}
