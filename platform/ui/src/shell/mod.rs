//! From a [`Page`] and a [`Frame`] to a document. Nothing else in the workspace writes `<html>`.
//!
//! The server's middleware takes [`crate::Rendered`] out of the response and answers with [`document`], or with
//! [`region`] when the request carried `X-Region`.

mod app;
mod palette;
mod public;

use maud::{DOCTYPE, Markup, html};

use crate::frame::{Appearance, Flash, Frame};
use crate::icon::icon_sized;
use crate::icons::LuUndo2;
use crate::page::{Layout, Page};

/// The whole document.
#[must_use]
pub fn document(frame: &Frame, page: &Page) -> Markup {
    let layout = page.layout.unwrap_or(frame.layout);
    html! {
        (DOCTYPE)
        html lang=(frame.lang) data-theme=[appearance(frame, layout)] {
            (head(frame, page, layout))
            @match layout {
                Layout::App => (app::body(frame, page)),
                Layout::Bare => (public::bare(frame, page)),
                Layout::Split => (public::split(frame, page)),
                Layout::Marketing => (public::marketing(frame, page)),
                Layout::Site => (public::site(frame, page)),
            }
        }
    }
}

/// Only `<main>`, for a request that asked for a region of the page: the client kernel looks the region up in it.
/// Every region that a page refreshes therefore lies in its body.
#[must_use]
pub fn region(frame: &Frame, page: &Page) -> Markup {
    match page.layout.unwrap_or(frame.layout) {
        Layout::App => app::main(page),
        Layout::Bare | Layout::Split => public::column(page),
        Layout::Marketing => public::marketing_main(page),
        Layout::Site => public::site_main(page),
    }
}

/// Value of the `Speculation-Rules` header, which lets browsers fetch the next page while the pointer rests on its
/// link. A header, not an inline script, so that the content security policy stays `script-src 'self'`.
#[must_use]
pub fn speculation_rules(frame: &Frame) -> String {
    format!("\"{}\"", frame.assets.url("speculation.json"))
}

fn appearance(frame: &Frame, layout: Layout) -> Option<&'static str> {
    // Staff choose for themselves, on each device.
    let fixed = if layout == Layout::Site {
        frame.appearance
    } else {
        Appearance::Device
    };
    fixed.attribute()
}

fn head(frame: &Frame, page: &Page, layout: Layout) -> Markup {
    let public = matches!(layout, Layout::Marketing | Layout::Site);
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
            meta name="color-scheme" content="light dark";
            title { (document_title(frame, page)) }
            link rel="stylesheet" href=(frame.assets.url("kit.css"));
            @if public { link rel="stylesheet" href=(frame.assets.url("site.css")); }
            @for name in &page.styles { link rel="stylesheet" href=(frame.assets.url(name)); }
            @if let Some(theme) = &frame.theme_css { link rel="stylesheet" href=(theme); }
            // Before the first paint, so that a chosen appearance does not flash.
            @if layout != Layout::Site { script src=(frame.assets.url("theme.js")) {} }
            script src=(frame.assets.url("kit.js")) type="module" {}
            @if layout == Layout::App { script src=(frame.assets.url("app.js")) type="module" {} }
            @for name in &page.scripts { script src=(frame.assets.url(name)) type="module" {} }
            // An empty icon spares the request for /favicon.ico.
            @match &frame.logo { Some(logo) => link rel="icon" href=(logo);, None => link rel="icon" href="data:,"; }
            (page.head)
        }
    }
}

fn document_title(frame: &Frame, page: &Page) -> String {
    let title = page.document_title.as_deref().unwrap_or(&page.title);
    let suffix = frame.title_suffix.as_deref().unwrap_or(&frame.name);
    if title == suffix || suffix.is_empty() {
        title.to_owned()
    } else {
        format!("{title} · {suffix}")
    }
}

fn heading(page: &Page) -> Markup {
    html! {
        @if page.heading {
            div.page-head {
                div {
                    h1 { (page.title) }
                    @if let Some(lead) = &page.lead { p.lead { (lead) } }
                }
                @if !page.actions.0.is_empty() { div.actions { (page.actions) } }
            }
        }
    }
}

fn skip_link() -> Markup {
    html! { a.skip href="#main" { "Skip to content" } }
}

/// The letter tile or the picture of a tenant.
fn logo(frame: &Frame) -> Markup {
    html! {
        @match &frame.logo {
            Some(address) => img.logo src=(address) alt="" width="28" height="28";,
            None => (letter_tile(&frame.name)),
        }
    }
}

fn letter_tile(name: &str) -> Markup {
    let letter: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    html! { span.logo aria-hidden="true" { (letter) } }
}

/// Messages about what just happened. The kit adds those of later requests.
fn toasts(flash: Option<&Flash>) -> Markup {
    html! {
        div.toasts #toasts role="status" aria-live="polite" {
            @if let Some(flash) = flash {
                div.toast {
                    span { (flash.text) }
                    @if let Some(undo) = &flash.undo {
                        form method="post" action=(undo) { button type="submit" { (icon_sized(LuUndo2, 14)) "Undo" } }
                    }
                }
            }
        }
    }
}
