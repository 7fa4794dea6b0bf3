//! Lucide icons, drawn inline in the colour of the text.

use icondata_core::IconData;
use maud::{Markup, PreEscaped, html};

/// A Lucide icon: one of the constants in [`crate::icons`].
pub type Icon = &'static IconData;

/// An icon of 16 px. Decorative: the word beside it, or the control's label, carries the meaning.
#[must_use]
pub fn icon(icon: Icon) -> Markup {
    icon_sized(icon, 16)
}

/// An icon of `px` pixels; the design uses 14, 16, 18 and 20.
#[must_use]
pub fn icon_sized(icon: Icon, px: u8) -> Markup {
    html! {
        svg.i aria-hidden="true" width=(px) height=(px) viewBox="0 0 24 24" fill="none" stroke="currentColor"
            stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" { (PreEscaped(icon.data)) }
    }
}
