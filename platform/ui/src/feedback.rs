//! States of a page: notices, nothing there yet, nothing found, loading, failed.

use maud::{Markup, Render, html};

use crate::icon::{Icon, icon, icon_sized};
use crate::icons;
use crate::tone::Tone;

/// A standing notice in the flow of the page, with one optional way out (label and address).
#[must_use]
pub fn banner(tone: Tone, text: &str, action: Option<&(String, String)>) -> Markup {
    let picture = match tone {
        Tone::Ok => icons::LuCircleCheck,
        Tone::Warn => icons::LuTriangleAlert,
        Tone::Bad => icons::LuCircleAlert,
        Tone::Neutral | Tone::Info | Tone::Brand => icons::LuInfo,
    };
    html! {
        div class={ "banner " (tone.class()) } role=(if tone == Tone::Bad { "alert" } else { "status" }) {
            (icon(picture))
            p { (text) }
            @if let Some((label, href)) = action { a.link href=(href) { (label) } }
        }
    }
}

/// What a list shows before it has anything: what this is, and the one thing to do.
#[derive(Debug, Clone)]
pub struct Empty {
    icon: Icon,
    title: String,
    text: String,
    action: Markup,
}

impl Empty {
    /// An empty state: "No posts yet" and one line of what they are for.
    #[must_use]
    pub fn new(icon: Icon, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            icon,
            title: title.into(),
            text: text.into(),
            action: Markup::default(),
        }
    }

    /// The one thing to do.
    #[must_use]
    pub fn action(mut self, action: impl Render) -> Self {
        self.action = action.render();
        self
    }
}

impl Render for Empty {
    fn render(&self) -> Markup {
        html! {
            div.empty {
                span.empty-icon { (icon_sized(self.icon, 20)) }
                h2 { (self.title) }
                p { (self.text) }
                (self.action)
            }
        }
    }
}

/// What a filtered list shows when nothing matches: never the words of an empty list.
#[must_use]
pub fn no_match(text: &str, clear_href: &str) -> Markup {
    html! {
        (Empty::new(icons::LuSearchX, "Nothing matches", text).action(html! { a.button href=(clear_href) { "Clear filters" } }))
    }
}

/// A grey block in the place of a picture or a late card.
#[must_use]
pub fn skeleton(lines: u8) -> Markup {
    html! { div.skeleton aria-hidden="true" { @for _ in 0..lines { span {} } } }
}

/// A card that is still coming.
#[must_use]
pub fn card_skeleton(title: &str) -> Markup {
    html! { section.card aria-busy="true" { header { h2 { (title) } } div.pad { (skeleton(3)) } } }
}

/// A card that could not be loaded; the rest of the page is unharmed.
#[must_use]
pub fn error_card(title: &str, retry_href: &str) -> Markup {
    html! {
        section.card {
            header { h2 { (title) } }
            div.pad.error-card {
                p { "This part could not be loaded." }
                a.link href=(retry_href) { "Try again" }
            }
        }
    }
}
