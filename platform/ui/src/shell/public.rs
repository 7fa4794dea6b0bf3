//! Frames without the sidebar: bare, split, marketing, and a tenant's public site.

use maud::{Markup, html};

use super::{heading, logo, skip_link, toasts};
use crate::art;
use crate::button::link_button;
use crate::feedback::banner;
use crate::frame::{Frame, Link};
use crate::icon::icon_sized;
use crate::icons;
use crate::page::Page;
use crate::parts::avatar;

pub(super) fn bare(frame: &Frame, page: &Page) -> Markup {
    html! {
        body.bare { (skip_link()) div.bare-column { (brand_line(frame)) (column(page)) } (toasts(frame.flash.as_ref())) }
    }
}

pub(super) fn split(frame: &Frame, page: &Page) -> Markup {
    html! {
        body.bare.split {
            (skip_link())
            div.bare-column { (brand_line(frame)) (column(page)) }
            // Decoration only: everything said here is said in the column, too.
            div.art-panel aria-hidden="true" {
                @match &page.art { Some(art) => (art), None => div.art { (art::landscape(12)) } }
            }
            (toasts(frame.flash.as_ref()))
        }
    }
}

pub(super) fn column(page: &Page) -> Markup {
    html! { main #main tabindex="-1" { (heading(page)) (page.body) } }
}

fn brand_line(frame: &Frame) -> Markup {
    html! { header.brand-line { a href=(frame.home) { (logo(frame)) span { (frame.name) } } } }
}

pub(super) fn marketing(frame: &Frame, page: &Page) -> Markup {
    html! {
        body.public.marketing {
            (skip_link())
            header.public-head {
                div.public-bar {
                    a.public-brand href=(frame.home) { (logo(frame)) span { (frame.name) } }
                    (navigation(frame))
                    div.public-end {
                        @if let Some(person) = &frame.person {
                            a.who href=(person.href) { (avatar(&person.name)) span { (person.name) } }
                        } @else {
                            (link_button("Log in", "/login").ghost())
                            (link_button("Start free", "/signup").primary())
                        }
                    }
                }
            }
            (marketing_main(page))
            (footer(frame))
            (toasts(frame.flash.as_ref()))
        }
    }
}

pub(super) fn marketing_main(page: &Page) -> Markup {
    html! { main #main tabindex="-1" { (heading(page)) (page.body) } }
}

pub(super) fn site(frame: &Frame, page: &Page) -> Markup {
    html! {
        body.public.site {
            (skip_link())
            header.public-head {
                div.public-bar {
                    a.public-brand href=(frame.home) { (logo(frame)) span { (frame.name) } }
                    (navigation(frame))
                }
            }
            @if let Some(notice) = &frame.notice { div.notice { (banner(notice.tone, &notice.text, notice.action.as_ref())) } }
            (site_main(page))
            (footer(frame))
            (toasts(frame.flash.as_ref()))
        }
    }
}

pub(super) fn site_main(page: &Page) -> Markup {
    html! { main #main tabindex="-1" { (heading(page)) (page.body) } }
}

fn navigation(frame: &Frame) -> Markup {
    let links = |links: &[Link]| {
        html! {
            ul {
                @for link in links {
                    li { a href=(link.href) aria-current=[(link.href == frame.path).then_some("page")] { (link.label) } }
                }
            }
        }
    };
    html! {
        @if !frame.links.is_empty() {
            nav.public-nav aria-label="Main" { (links(&frame.links)) }
            details.public-menu {
                summary aria-label="Menu" { (icon_sized(icons::LuMenu, 20)) }
                nav aria-label="Menu" { (links(&frame.links)) }
            }
        }
    }
}

fn footer(frame: &Frame) -> Markup {
    html! {
        footer.public-foot {
            @if !frame.footer_links.is_empty() {
                nav.public-columns aria-label="Footer" {
                    @for (heading, links) in &frame.footer_links {
                        div {
                            h2 { (heading) }
                            ul { @for link in links { li { a href=(link.href) { (link.label) } } } }
                        }
                    }
                }
            }
            div.public-end-line {
                span { (frame.name) }
                @if let Some(colophon) = &frame.colophon { span { (colophon) } }
            }
        }
    }
}
