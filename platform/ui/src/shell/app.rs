//! The frame of the staff application and of the operator console.

use maud::{Markup, html};

use super::{heading, letter_tile, logo, palette, skip_link, toasts};
use crate::feedback::banner;
use crate::frame::{Frame, NavItem};
use crate::icon::{icon, icon_sized};
use crate::icons;
use crate::page::{Page, Width};
use crate::parts::{avatar, kbd};

/// How many links the phone's tab bar takes beside "More".
const TABS: usize = 4;

pub(super) fn body(frame: &Frame, page: &Page) -> Markup {
    let current = frame.current();
    html! {
        body.app.operator[frame.operator] data-keys=[(!frame.single_keys).then_some("off")] {
            (skip_link())
            aside.side #side popover aria-label="Navigation" { (sidebar(frame, current)) }
            div.column {
                (top_bar(frame, page))
                @if let Some(notice) = &frame.notice { div.notice { (banner(notice.tone, &notice.text, notice.action.as_ref())) } }
                (main(page))
            }
            (tab_bar(frame, current))
            (toasts(frame.flash.as_ref()))
            (palette::palette(frame))
            (palette::shortcuts(frame))
        }
    }
}

pub(super) fn main(page: &Page) -> Markup {
    html! {
        main #main tabindex="-1" .wide[page.width == Width::Wide] .narrow[page.width == Width::Narrow] {
            (heading(page))
            (page.body)
        }
    }
}

fn top_bar(frame: &Frame, page: &Page) -> Markup {
    html! {
        header.top {
            button.ghost.square.burger type="button" popovertarget="side" popovertargetaction="show" aria-label="Open navigation" {
                (icon_sized(icons::LuMenu, 18))
            }
            nav.crumbs aria-label="Breadcrumb" {
                ol {
                    @for crumb in &page.crumbs { li { a href=(crumb.href) { (crumb.label) } } }
                    li aria-current="page" { (page.title) }
                }
            }
            div.top-end {
                button.ghost.square.phone-only type="button" data-palette aria-label="Search" { (icon_sized(icons::LuSearch, 18)) }
                @if let Some((href, unread)) = &frame.inbox {
                    a.ghost.square href=(href) {
                        (icon_sized(icons::LuBell, 18))
                        @if *unread > 0 { span.dot {} }
                        span.sr { "Notifications" @if *unread > 0 { ", " (unread) " unread" } }
                    }
                }
            }
        }
    }
}

fn sidebar(frame: &Frame, current: Option<&str>) -> Markup {
    // The group of the current place is open, outside of all groups the first.
    let is_current = |item: &NavItem| current == Some(item.href.as_str());
    let open = frame
        .modules
        .iter()
        .position(|group| group.items.iter().any(is_current))
        .unwrap_or(0);
    html! {
        (switcher(frame))
        button.find type="button" data-palette {
            (icon(icons::LuSearch)) span { "Search or jump to" } (kbd(&["Ctrl", "K"]))
        }
        nav.side-nav aria-label="Main" {
            (links(&frame.core, current))
            @for (at, group) in frame.modules.iter().enumerate() {
                details.group open[open == at] {
                    summary { (icon(group.icon)) span { (group.title) } (icon_sized(icons::LuChevronRight, 14)) }
                    (links(&group.items, current))
                }
            }
            @if !frame.offers.is_empty() {
                details.group {
                    summary { (icon(icons::LuPlus)) span { "Add a product" } (icon_sized(icons::LuChevronRight, 14)) }
                    (links(&frame.offers, current))
                }
            }
        }
        div.side-foot {
            @if !frame.footer.is_empty() { nav aria-label="Workspace" { (links(&frame.footer, current)) } }
            @if let Some(person) = &frame.person {
                div.me {
                    button.who type="button" popovertarget="person-menu" {
                        (avatar(&person.name))
                        span.name { strong { (person.name) } small { (person.role) } }
                    }
                    (appearance_switch())
                }
                div.menu #person-menu popover {
                    a href=(person.href) { (icon(icons::LuUser)) "Profile and security" }
                    button type="button" commandfor="shortcuts" command="show-modal" { (icon(icons::LuKeyboard)) "Keyboard shortcuts" }
                    hr;
                    form method="post" action=(person.sign_out) {
                        button type="submit" { (icon(icons::LuLogOut)) "Sign out" }
                    }
                }
            }
        }
    }
}

fn switcher(frame: &Frame) -> Markup {
    let name = html! { span.name { strong { (frame.name) } small { (frame.host) } } };
    if frame.workspaces.len() < 2 && frame.new_workspace.is_none() {
        return html! { a.switcher href=(frame.home) { (logo(frame)) (name) } };
    }
    html! {
        button.switcher type="button" popovertarget="workspace-menu" {
            (logo(frame)) (name) (icon_sized(icons::LuChevronsUpDown, 14))
        }
        div.menu #workspace-menu popover {
            p.menu-title { "Workspaces" }
            @for workspace in &frame.workspaces {
                a href=(workspace.href) aria-current=[workspace.current.then_some("true")] {
                    (letter_tile(&workspace.name)) span { (workspace.name) }
                    @if workspace.current { (icon(icons::LuCheck)) }
                }
            }
            @if let Some(href) = &frame.new_workspace { hr; a href=(href) { (icon(icons::LuPlus)) "Create a workspace" } }
        }
    }
}

fn links(items: &[NavItem], current: Option<&str>) -> Markup {
    html! {
        ul {
            @for item in items {
                li {
                    a href=(item.href) aria-current=[(current == Some(item.href.as_str())).then_some("page")]
                        data-go=[item.go] {
                        (icon(item.icon)) span { (item.label) }
                        @if let Some(count) = item.count { span.count { (count) } }
                    }
                }
            }
        }
    }
}

fn tab_bar(frame: &Frame, current: Option<&str>) -> Markup {
    let module_items = frame.modules.iter().flat_map(|group| &group.items);
    let tabs = frame
        .core
        .iter()
        .chain(module_items)
        .filter(|item| item.tab)
        .take(TABS);
    html! {
        nav.tab-bar aria-label="Quick" {
            @for item in tabs {
                a href=(item.href) aria-current=[(current == Some(item.href.as_str())).then_some("page")] {
                    (icon_sized(item.icon, 20)) span { (item.label) }
                }
            }
            button type="button" popovertarget="side" { (icon_sized(icons::LuMenu, 20)) span { "More" } }
        }
    }
}

fn appearance_switch() -> Markup {
    let choices = [
        ("light", "Light", icons::LuSun),
        ("dark", "Dark", icons::LuMoon),
        ("system", "As the device", icons::LuMonitor),
    ];
    html! {
        fieldset.segmented.appearance data-appearance {
            legend.sr { "Appearance" }
            @for (value, label, picture) in choices {
                label title=(label) {
                    input type="radio" name="appearance" value=(value) checked[value == "system"];
                    (icon_sized(picture, 14)) span.sr { (label) }
                }
            }
        }
    }
}
