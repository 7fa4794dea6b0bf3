//! What stands around fields: summary of errors, sections, the bar that saves.

use maud::{Markup, html};

use crate::button::submit;
use crate::feedback::banner;
use crate::field::element_id;
use crate::icon::icon;
use crate::icons;
use crate::tone::Tone;

/// What went wrong, at the top of a form, each line leading to its field. Nothing without errors.
/// An error whose field is empty concerns the form as a whole.
#[must_use]
pub fn error_summary(errors: &[kernel::FieldError]) -> Markup {
    html! {
        @match errors {
            [] => {},
            [one] if one.field.is_empty() => (banner(Tone::Bad, &one.message, None)),
            _ => div.banner.bad role="alert" {
                (icon(icons::LuCircleAlert))
                div {
                    p { @if errors.len() == 1 { "One thing needs your attention." } @else { (errors.len()) " things need your attention." } }
                    ul {
                        @for error in errors {
                            li { @if error.field.is_empty() { (error.message) } @else { a.link href={ "#" (element_id(&error.field)) } { (error.message) } } }
                        }
                    }
                }
            },
        }
    }
}

/// A group of fields with a heading and a sentence beside them.
#[must_use]
pub fn form_section(title: &str, text: &str, fields: &Markup) -> Markup {
    html! {
        section.form-section {
            div.form-section-head { h2 { (title) } @if !text.is_empty() { p { (text) } } }
            div.form-section-fields { (fields) }
        }
    }
}

/// The bar that saves a form. In a form with `data-dirty` it appears with the first change; without JavaScript it is
/// always there.
#[must_use]
pub fn save_bar(label: &str) -> Markup {
    html! {
        div.save-bar {
            p { "You have unsaved changes" }
            div { button.ghost type="reset" { "Discard" } (submit(label).primary()) }
        }
    }
}
