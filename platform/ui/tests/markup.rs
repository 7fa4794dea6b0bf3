//! The gallery shows every component; what holds for its markup holds for every page built from them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scraper::{ElementRef, Html, Selector};
use ui::{
    Assets, Flash, Frame, KIT, Layout, Link, NavGroup, NavItem, Notice, Page, Person, Tone,
    Workspace, icons, shell,
};

fn frame(layout: Layout) -> Frame {
    let mut frame = Frame::new(
        Arc::new(Assets::new(&[KIT], None)),
        layout,
        "Northlight Studio",
    );
    frame.path = "/app/blog/posts/7".into();
    frame.home = "/app".into();
    frame.core = vec![
        NavItem::new("Home", "/app", icons::LuHouse).tab().go('h'),
        NavItem::new("Inbox", "/app/inbox", icons::LuInbox).count(3),
    ];
    let items = vec![
        NavItem::new("Posts", "/app/blog/posts", icons::LuNewspaper)
            .tab()
            .go('p'),
    ];
    frame.modules = vec![NavGroup {
        title: "Website".into(),
        icon: icons::LuGlobe,
        items,
    }];
    frame.footer = vec![NavItem::new("Settings", "/app/settings", icons::LuSettings)];
    let workspace = |name: &str, current| Workspace {
        name: name.into(),
        href: "/".into(),
        current,
    };
    frame.workspaces = vec![
        workspace("Northlight Studio", true),
        workspace("Clef & Co.", false),
    ];
    frame.person = Some(Person {
        name: "Mara Lindqvist".into(),
        role: "Owner".into(),
        href: "/app/me".into(),
        sign_out: "/logout".into(),
    });
    frame.inbox = Some(("/app/inbox".into(), 3));
    frame.flash = Some(Flash {
        text: "Post deleted".into(),
        undo: Some("/app/blog/posts/7/restore".into()),
    });
    frame.notice = Some(Notice {
        tone: Tone::Warn,
        text: "Payment failed.".into(),
        action: Some(("Billing".into(), "/app/billing".into())),
    });
    frame.links = vec![Link::new("Blog", "/blog")];
    frame.footer_links = vec![("Product".into(), vec![Link::new("Pricing", "/pricing")])];
    frame
}

fn select(text: &str) -> Selector {
    Selector::parse(text).expect("a selector")
}

fn count(document: &Html, selector: &str) -> usize {
    document.select(&select(selector)).count()
}

fn documents() -> Vec<(String, Html)> {
    [
        Layout::App,
        Layout::Bare,
        Layout::Split,
        Layout::Marketing,
        Layout::Site,
    ]
    .into_iter()
    .map(|layout| {
        let markup = shell::document(&frame(layout), &ui::gallery::page());
        (format!("{layout:?}"), Html::parse_document(&markup.0))
    })
    .collect()
}

#[test]
fn the_parser_finds_nothing_to_repair() {
    let wrong = Html::parse_document("<!doctype html><p><ul></p></ul>");
    assert!(!wrong.errors.is_empty(), "the parser reports nothing");
    for (name, document) in documents() {
        // The parser counts SVG's own elements and attributes correctly, so every complaint is ours.
        assert!(document.errors.is_empty(), "{name}: {:?}", document.errors);
    }
}

#[test]
fn ids_are_unique_and_references_resolve() {
    for (name, document) in documents() {
        let mut seen = BTreeMap::new();
        for element in document.select(&select("[id]")) {
            *seen
                .entry(element.attr("id").expect("selected by it").to_owned())
                .or_insert(0) += 1;
        }
        let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{name}: duplicate ids {twice:?}");

        let ids: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
        for attribute in [
            "for",
            "aria-labelledby",
            "aria-describedby",
            "aria-controls",
            "popovertarget",
            "form",
            "commandfor",
            "data-live",
            "data-swap",
            "data-copy",
            "data-fill",
        ] {
            for element in document.select(&select(&format!("[{attribute}]"))) {
                for id in element
                    .attr(attribute)
                    .expect("selected by it")
                    .split_whitespace()
                {
                    assert!(ids.contains(id), "{name}: {attribute}={id} leads nowhere");
                }
            }
        }
        for element in document.select(&select("a[href^='#f-']")) {
            let id = element
                .attr("href")
                .expect("selected by it")
                .trim_start_matches('#');
            assert!(
                ids.contains(id),
                "{name}: the summary links to #{id}, which is not there"
            );
        }
    }
}

#[test]
fn every_control_has_a_name() {
    for (name, document) in documents() {
        for element in document.select(&select("input:not([type=hidden]), select, textarea")) {
            let labelled = element.attr("aria-label").is_some()
                || ancestors(element).any(|parent| parent.value().name() == "label")
                || element
                    .attr("id")
                    .is_some_and(|id| count(&document, &format!("label[for='{id}']")) > 0);
            assert!(labelled, "{name}: {} has no label", element.html());
        }
        for element in document.select(&select("button, a[href], summary")) {
            let text: String = element.text().collect();
            assert!(
                !text.trim().is_empty() || element.attr("aria-label").is_some(),
                "{name}: {} has no name",
                element.html()
            );
        }
    }
}

#[test]
fn each_layout_has_one_title_one_heading_and_its_landmarks() {
    for (name, document) in documents() {
        for (selector, times) in [
            ("h1", 1),
            ("main#main", 1),
            ("a.skip[href='#main']", 1),
            ("html[lang]", 1),
            ("#toasts[aria-live]", 1),
        ] {
            assert_eq!(count(&document, selector), times, "{name}: {selector}");
        }
        let title: String = document
            .select(&select("title"))
            .next()
            .expect("a title")
            .text()
            .collect();
        assert_eq!(title, "Components · Northlight Studio", "{name}");
    }
}

#[test]
fn nothing_needs_an_inline_script() {
    for (name, document) in documents() {
        for element in document.select(&select("*")) {
            for (attribute, value) in element.value().attrs() {
                assert!(!attribute.starts_with("on"), "{name}: {attribute}={value}");
                assert!(
                    !value.trim_start().starts_with("javascript:"),
                    "{name}: {attribute}={value}"
                );
            }
        }
        for script in document.select(&select("script")) {
            assert!(
                script
                    .attr("src")
                    .is_some_and(|src| src.starts_with("/_a/")),
                "{name}: {}",
                script.html()
            );
        }
        assert_eq!(count(&document, "style"), 0, "{name}: inline style sheet");
    }
}

#[test]
fn the_current_place_is_marked_once_in_the_sidebar() {
    let document =
        Html::parse_document(&shell::document(&frame(Layout::App), &Page::new("A post")).0);
    let current: Vec<_> = document
        .select(&select(".side-nav [aria-current]"))
        .filter_map(|link| link.attr("href"))
        .collect();
    assert_eq!(current, ["/app/blog/posts"]);
}

#[test]
fn a_region_is_the_main_element_of_the_same_document() {
    for layout in [
        Layout::App,
        Layout::Bare,
        Layout::Split,
        Layout::Marketing,
        Layout::Site,
    ] {
        let (frame, page) = (frame(layout), ui::gallery::page());
        let region = shell::region(&frame, &page).0;
        assert!(region.starts_with("<main"), "{layout:?}");
        assert!(
            shell::document(&frame, &page).0.contains(&region),
            "{layout:?}: the region differs from the page"
        );
    }
}

#[test]
fn text_of_tenants_is_escaped_everywhere() {
    let evil = "\"><script>alert(1)</script>";
    let mut frame = frame(Layout::App);
    frame.name = evil.into();
    frame.host = evil.into();
    frame.flash = Some(Flash {
        text: evil.into(),
        undo: Some(evil.into()),
    });
    frame.notice = Some(Notice {
        tone: Tone::Bad,
        text: evil.into(),
        action: Some((evil.into(), evil.into())),
    });
    frame.core[0].label = evil.into();
    let page = Page::new(evil).lead(evil).crumb(evil, evil);
    for layout in [
        Layout::App,
        Layout::Bare,
        Layout::Split,
        Layout::Marketing,
        Layout::Site,
    ] {
        let markup = shell::document(&frame, &page.clone().layout(layout)).0;
        assert!(!markup.contains("<script>alert"), "{layout:?}");
    }
}

fn ancestors(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    element.ancestors().filter_map(ElementRef::wrap)
}
