//! The command palette and the list of keyboard shortcuts.

use maud::{Markup, html};

use crate::frame::{Frame, NavItem};
use crate::icon::{Icon, icon, icon_sized};
use crate::icons;
use crate::parts::kbd;

pub(super) fn palette(frame: &Frame) -> Markup {
    let pages = |items: &[NavItem], group: &str| html! { @for item in items { (entry(&item.href, item.icon, &item.label, group)) } };
    html! {
        dialog.palette #palette aria-label="Search and commands" data-search=[frame.search.as_ref()] {
            div.palette-input {
                (icon(icons::LuSearch))
                input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
                    aria-label="Search pages, actions and records" placeholder="Type a page, an action or a name" autocomplete="off"
                    spellcheck="false";
                kbd { "Esc" }
            }
            ul #palette-list role="listbox" aria-label="Results" {
                @for action in &frame.actions { (entry(&action.href, action.icon, &action.label, "Action")) }
                (pages(&frame.core, "Go to"))
                @for group in &frame.modules { (pages(&group.items, &group.title)) }
                (pages(&frame.footer, "Go to"))
            }
            p.palette-none hidden { "Nothing found. Try another word." }
        }
    }
}

fn entry(href: &str, picture: Icon, label: &str, group: &str) -> Markup {
    html! { li role="option" aria-selected="false" data-href=(href) { (icon(picture)) span { (label) } small { (group) } } }
}

pub(super) fn shortcuts(frame: &Frame) -> Markup {
    let general: [(&[&str], &str); 6] = [
        (&["Ctrl", "K"], "Search and commands"),
        (&["/"], "Search on this page"),
        (&["c"], "Create"),
        (&["e"], "Edit"),
        (&["Ctrl", "S"], "Save the form"),
        (&["?"], "This list"),
    ];
    let lists: [(&[&str], &str); 3] = [
        (&["j"], "Next row"),
        (&["k"], "Previous row"),
        (&["x"], "Select the row"),
    ];
    let places: Vec<(String, &str)> = frame
        .core
        .iter()
        .chain(frame.modules.iter().flat_map(|group| &group.items))
        .chain(&frame.footer)
        .filter_map(|item| Some((item.go?.to_string(), item.label.as_str())))
        .collect();
    let row = |keys: Markup, label: &str| html! { div { dt { (label) } dd { (keys) } } };
    html! {
        dialog.sheet #shortcuts aria-labelledby="shortcuts-title" {
            header {
                h2 #shortcuts-title { "Keyboard shortcuts" }
                form method="dialog" { button.ghost.square type="submit" aria-label="Close" { (icon_sized(icons::LuX, 18)) } }
            }
            div.sheet-body {
                section { h3 { "Everywhere" } dl.keys-list { @for (keys, label) in general { (row(kbd(keys), label)) } } }
                section { h3 { "In lists" } dl.keys-list { @for (keys, label) in lists { (row(kbd(keys), label)) } } }
                @if !places.is_empty() {
                    section { h3 { "Go to" } dl.keys-list { @for (letter, label) in &places { (row(kbd(&["g", letter.as_str()]), label)) } } }
                }
            }
        }
    }
}
