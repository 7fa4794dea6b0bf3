//! Every component in every state, on one page.

use maud::html;

use crate::Page;

/// The gallery; the server mounts it at `/_gallery` in development.
#[must_use]
pub fn page() -> Page {
    Page::new("Components").body(html! {})
}
