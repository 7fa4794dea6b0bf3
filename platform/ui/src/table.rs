//! Tables: sortable heads, filter bar, bulk bar, paging by cursor.
//!
//! A list page is one region (`<section id="posts">`) that holds the table, its filter bar outside of it, so that
//! typing in the filter replaces the rows and keeps the cursor in the field.

use maud::{Markup, Render, html};

use crate::icon::{icon, icon_sized};
use crate::icons;

/// Direction in which a column is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest or first in the alphabet on top.
    Ascending,
    /// Largest or newest on top.
    Descending,
}

/// What a head needs to know to offer sorting: `address` makes the URL for a column key and direction.
pub struct Sorting<'a> {
    /// Key of the sorted column.
    pub by: &'a str,
    /// How it is sorted.
    pub direction: Direction,
    /// Id of the region to replace.
    pub region: &'a str,
    /// Address of the same list sorted otherwise.
    pub address: &'a dyn Fn(&str, Direction) -> String,
}

impl Sorting<'_> {
    /// A head cell that sorts by `key`; a second press turns the direction around.
    #[must_use]
    pub fn head(&self, key: &str, label: &str) -> Markup {
        self.cell(key, label, "")
    }

    /// As [`Sorting::head`] over a column of figures.
    #[must_use]
    pub fn number_head(&self, key: &str, label: &str) -> Markup {
        self.cell(key, label, "number")
    }

    fn cell(&self, key: &str, label: &str, class: &str) -> Markup {
        let active = self.by == key;
        let (state, next, picture) = match (active, self.direction) {
            (true, Direction::Ascending) => {
                (Some("ascending"), Direction::Descending, icons::LuChevronUp)
            }
            (true, Direction::Descending) => (
                Some("descending"),
                Direction::Ascending,
                icons::LuChevronDown,
            ),
            (false, _) => (None, Direction::Ascending, icons::LuChevronsUpDown),
        };
        html! {
            th scope="col" class=[(!class.is_empty()).then_some(class)] aria-sort=[state] {
                a href=((self.address)(key, next)) data-swap=(self.region) { (label) (icon_sized(picture, 14)) }
            }
        }
    }
}

/// A head cell without sorting.
#[must_use]
pub fn head(label: &str) -> Markup {
    html! { th scope="col" { (label) } }
}

/// A head cell over a column of figures.
#[must_use]
pub fn number_head(label: &str) -> Markup {
    html! { th.number scope="col" { (label) } }
}

/// A head cell that only assistive technology reads: over check boxes and menus.
#[must_use]
pub fn hidden_head(label: &str) -> Markup {
    html! { th scope="col" { span.sr { (label) } } }
}

/// A table that scrolls sideways inside its frame. `caption` is read by assistive technology.
#[must_use]
pub fn table(caption: &str, head: &Markup, body: &Markup) -> Markup {
    table_with_foot(caption, head, body, &Markup::default())
}

/// As [`table`], with rows of sums below, which stand for all parts of a list and not for the part that is shown.
#[must_use]
pub fn table_with_foot(caption: &str, head: &Markup, body: &Markup, foot: &Markup) -> Markup {
    html! {
        // Focusable, so that a keyboard can scroll it.
        div.table-frame tabindex="0" role="region" aria-label=(caption) {
            table.table {
                thead { tr { (head) } }
                tbody { (body) }
                @if !foot.0.is_empty() { tfoot { (foot) } }
            }
        }
    }
}

/// The main cell of a row: picture, name that links, remark below.
#[must_use]
pub fn name_cell(picture: &Markup, name: &str, href: &str, note: &str) -> Markup {
    html! {
        td {
            div.who {
                (picture)
                div { a href=(href) { (name) } @if !note.is_empty() { small { (note) } } }
            }
        }
    }
}

/// The check box of a row, for actions on several rows at once.
#[must_use]
pub fn select_cell(id: &str, label: &str, form: &str) -> Markup {
    html! {
        td.select {
            label.check { input type="checkbox" name="id" value=(id) form=(form) data-select; span.sr { "Select " (label) } }
        }
    }
}

/// The check box that selects all rows on the page; works with JavaScript only and is hidden without.
#[must_use]
pub fn select_head() -> Markup {
    html! { th.select scope="col" { label.check { input type="checkbox" data-select-all; span.sr { "Select all rows on this page" } } } }
}

/// The form of the bulk actions: shown when rows are selected. `actions` are submit buttons with their own addresses.
#[must_use]
pub fn bulk_bar(form: &str, actions: &Markup) -> Markup {
    html! {
        form.bulk-bar id=(form) method="post" data-bulk {
            p { strong data-bulk-count { "Selected rows" } }
            div { (actions) }
        }
    }
}

#[derive(Debug, Clone)]
struct Filter {
    name: String,
    label: String,
    choices: Vec<(String, String)>,
    current: String,
}

/// The line above a table: search words and filters. Each change asks the server at once and replaces the region.
#[derive(Debug, Clone)]
pub struct FilterBar {
    action: String,
    region: String,
    search: Option<(String, String)>,
    filters: Vec<Filter>,
    hidden: Vec<(String, String)>,
    end: Markup,
}

impl FilterBar {
    /// A bar whose answers come from `action` and replace `region`.
    #[must_use]
    pub fn new(action: impl Into<String>, region: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            region: region.into(),
            search: None,
            filters: Vec::new(),
            hidden: Vec::new(),
            end: Markup::default(),
        }
    }

    /// A search field named `q`. The placeholder says what is searched: "Title or author".
    #[must_use]
    pub fn search(mut self, placeholder: impl Into<String>, value: impl Into<String>) -> Self {
        self.search = Some((placeholder.into(), value.into()));
        self
    }

    /// A list of values; the first is usually `("", "Any status")`.
    #[must_use]
    pub fn filter(
        mut self,
        name: impl Into<String>,
        label: impl Into<String>,
        choices: &[(&str, &str)],
        current: impl Into<String>,
    ) -> Self {
        let choices = choices
            .iter()
            .map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))
            .collect();
        self.filters.push(Filter {
            name: name.into(),
            label: label.into(),
            choices,
            current: current.into(),
        });
        self
    }

    /// A value to keep, such as the sorting.
    #[must_use]
    pub fn keep(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.hidden.push((name.into(), value.into()));
        self
    }

    /// What stands at the end of the line.
    #[must_use]
    pub fn end(mut self, end: Markup) -> Self {
        self.end = end;
        self
    }
}

impl Render for FilterBar {
    fn render(&self) -> Markup {
        html! {
            form.filter-bar method="get" action=(self.action) data-live=(self.region) role="search" {
                @if let Some((placeholder, value)) = &self.search {
                    span.input {
                        (icon(icons::LuSearch))
                        input type="search" name="q" value=(value) placeholder=(placeholder) aria-label=(placeholder) autocomplete="off";
                    }
                }
                @for filter in &self.filters {
                    span.pick {
                        select name=(filter.name) aria-label=(filter.label) {
                            @for (value, label) in &filter.choices { option value=(value) selected[*value == filter.current] { (label) } }
                        }
                        (icon_sized(icons::LuChevronDown, 14))
                    }
                }
                @for (name, value) in &self.hidden { input type="hidden" name=(name) value=(value); }
                // Without JavaScript a filter needs a button.
                noscript { button.button type="submit" { "Apply" } }
                @if !self.end.0.is_empty() { div.end { (self.end) } }
            }
        }
    }
}

/// The foot of a table: how much is shown, and the way to the neighbours.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// "1-25 of 137" or "25 posts".
    pub summary: String,
    /// Address of the page before.
    pub previous: Option<String>,
    /// Address of the page after.
    pub next: Option<String>,
    /// Id of the region to replace.
    pub region: String,
}

impl Render for Pager {
    fn render(&self) -> Markup {
        let step = |address: Option<&String>, label: Markup| {
            html! {
                @match address {
                    Some(href) => a.button href=(href) data-swap=(self.region) { (label) },
                    None => a.button role="link" aria-disabled="true" { (label) },
                }
            }
        };
        let turns = self.previous.is_some() || self.next.is_some();
        html! {
            // A single part of which nothing is said needs no foot.
            @if turns || !self.summary.is_empty() { nav.pager aria-label="Pages" {
                p { (self.summary) }
                @if turns {
                    div.end {
                        (step(self.previous.as_ref(), html! { (icon_sized(icons::LuChevronLeft, 14)) "Previous" }))
                        (step(self.next.as_ref(), html! { "Next" (icon_sized(icons::LuChevronRight, 14)) }))
                    }
                }
            } }
        }
    }
}
