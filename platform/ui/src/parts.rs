//! Small parts: badge, avatar, card, figure, list row, tabs.

use maud::{Markup, Render, html};

use crate::chart;
use crate::icon::{icon, icon_sized};
use crate::icons;
use crate::tone::Tone;

/// A state as a word with a dot.
#[must_use]
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}

/// The initials of a person on a colour that follows from the name. Decorative: the name stands beside it.
#[must_use]
pub fn avatar(name: &str) -> Markup {
    html! { span.avatar aria-hidden="true" data-hue=(hue(name)) { (initials(name)) } }
}

/// The initial of an organisation as a tile in the brand colour.
#[must_use]
pub fn brand_avatar(name: &str) -> Markup {
    let letter: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
    html! { span.logo aria-hidden="true" { (letter) } }
}

fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

/// One of eight hues, the same for the same name everywhere.
fn hue(name: &str) -> u32 {
    name.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % 8
}

/// Keys to press, one after the other.
#[must_use]
pub fn kbd(keys: &[&str]) -> Markup {
    html! { span.keys { @for key in keys { kbd { (key) } } } }
}

/// A link inside text.
#[must_use]
pub fn link(label: &str, href: &str) -> Markup {
    html! { a.link href=(href) { (label) } }
}

/// How much of something is used; turns to a warning from 90 %.
#[must_use]
pub fn meter(label: &str, used: u64, limit: u64) -> Markup {
    let percent = used
        .saturating_mul(100)
        .checked_div(limit)
        .map_or(100, |share| share.min(100));
    html! {
        span.meter.hot[percent >= 90] role="meter" aria-label=(label) aria-valuemin="0" aria-valuemax="100" aria-valuenow=(percent) {
            i style={ "inline-size:" (percent) "%" } {}
        }
    }
}

/// A surface with an optional header.
#[derive(Debug, Clone, Default)]
pub struct Card {
    id: Option<String>,
    title: Option<String>,
    note: Option<String>,
    actions: Markup,
    body: Markup,
    footer: Markup,
    flush: bool,
    span: Option<u8>,
}

impl Card {
    /// A card around `body`.
    #[must_use]
    pub fn new(body: Markup) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    /// Heading of the card.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// A few words after the heading.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// What stands at the end of the header: a link, a button.
    #[must_use]
    pub fn actions(mut self, actions: Markup) -> Self {
        self.actions = actions;
        self
    }

    /// A line at the foot.
    #[must_use]
    pub fn footer(mut self, footer: Markup) -> Self {
        self.footer = footer;
        self
    }

    /// Without padding: tables and rows.
    #[must_use]
    pub fn flush(mut self) -> Self {
        self.flush = true;
        self
    }

    /// Id of the element, to refresh it as a region.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// How many of the twelve columns of a `div.grid` it takes: 3, 4, 5, 6, 7, 8 or 12.
    #[must_use]
    pub fn span(mut self, columns: u8) -> Self {
        self.span = Some(columns);
        self
    }
}

impl Render for Card {
    fn render(&self) -> Markup {
        let class = match self.span {
            Some(columns) => format!("card c{columns}"),
            None => "card".to_owned(),
        };
        html! {
            section class=(class) id=[self.id.as_ref()] {
                @if let Some(title) = &self.title {
                    header {
                        h2 { (title) }
                        @if let Some(note) = &self.note { span.note { (note) } }
                        @if !self.actions.0.is_empty() { div.end { (self.actions) } }
                    }
                }
                @if self.flush { (self.body) } @else { div.pad { (self.body) } }
                @if !self.footer.0.is_empty() { footer { (self.footer) } }
            }
        }
    }
}

/// Where a figure is going, and whether that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Rising, which is good.
    Up,
    /// Falling, which is bad.
    Down,
    /// Neither.
    Flat,
}

/// One figure with its name, a comparison and a small line.
#[derive(Debug, Clone)]
pub struct Stat {
    label: String,
    value: String,
    trend: Option<(Trend, String)>,
    note: Option<String>,
    points: Vec<i64>,
    href: Option<String>,
    span: u8,
}

impl Stat {
    /// A figure and its name.
    #[must_use]
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
            trend: None,
            note: None,
            points: Vec::new(),
            href: None,
            span: 3,
        }
    }

    /// Change against the period before, as text ("12.4%").
    #[must_use]
    pub fn trend(mut self, trend: Trend, change: impl Into<String>) -> Self {
        self.trend = Some((trend, change.into()));
        self
    }

    /// What it is compared with, or another remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Values for the small line, oldest first.
    #[must_use]
    pub fn points(mut self, points: &[i64]) -> Self {
        self.points = points.to_vec();
        self
    }

    /// Where the details are.
    #[must_use]
    pub fn href(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// How many of the twelve columns of a `div.grid` it takes; 3 unless told.
    #[must_use]
    pub fn span(mut self, columns: u8) -> Self {
        self.span = columns;
        self
    }
}

impl Render for Stat {
    fn render(&self) -> Markup {
        html! {
            section class={ "card stat c" (self.span) } {
                p.stat-label {
                    @match &self.href { Some(href) => a href=(href) { (self.label) }, None => (self.label), }
                }
                div.stat-line {
                    p.stat-value { (self.value) }
                    @if self.points.len() > 1 { (chart::spark(&self.points)) }
                }
                @if self.trend.is_some() || self.note.is_some() {
                    p.stat-note {
                        @if let Some((trend, change)) = &self.trend {
                            @let (class, picture, word) = match trend {
                                Trend::Up => ("up", icons::LuArrowUpRight, "up "),
                                Trend::Down => ("down", icons::LuArrowDownRight, "down "),
                                Trend::Flat => ("flat", icons::LuArrowRight, ""),
                            };
                            span class={ "trend " (class) } { (icon_sized(picture, 14)) span.sr { (word) } (change) }
                            " "
                        }
                        @if let Some(note) = &self.note { span { (note) } }
                    }
                }
            }
        }
    }
}

/// One line of a list: something in front, a name that links, a remark, something at the end.
#[derive(Debug, Clone, Default)]
pub struct Row {
    lead: Markup,
    title: String,
    href: Option<String>,
    note: Markup,
    end: Markup,
    id: Option<String>,
}

impl Row {
    /// A row with its main words.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Makes the whole row lead somewhere.
    #[must_use]
    pub fn href(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// Before the words: an avatar, an icon, a time.
    #[must_use]
    pub fn lead(mut self, lead: Markup) -> Self {
        self.lead = lead;
        self
    }

    /// A remark below the words.
    #[must_use]
    pub fn note(mut self, note: impl Render) -> Self {
        self.note = note.render();
        self
    }

    /// At the end: a badge, a menu.
    #[must_use]
    pub fn end(mut self, end: Markup) -> Self {
        self.end = end;
        self
    }

    /// Id of the element.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl Render for Row {
    fn render(&self) -> Markup {
        html! {
            li id=[self.id.as_ref()] data-row[self.href.is_some()] {
                (self.lead)
                div.row-main {
                    @match &self.href { Some(href) => a href=(href) { (self.title) }, None => span { (self.title) }, }
                    @if !self.note.0.is_empty() { small { (self.note) } }
                }
                @if !self.end.0.is_empty() { div.row-end { (self.end) } }
            }
        }
    }
}

/// A list of rows.
#[must_use]
pub fn rows(rows: &[Row]) -> Markup {
    html! { ul.rows { @for row in rows { (row) } } }
}

/// One of several views of the same thing; `current` is the one on the screen.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What the person reads.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is the one on the screen.
    pub current: bool,
    /// Number of things there.
    pub count: Option<u64>,
}

impl Tab {
    /// A tab without a count.
    #[must_use]
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
            current,
            count: None,
        }
    }

    /// Number of things there.
    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }
}

fn tab_links(tabs: &[Tab], swap: Option<&str>) -> Markup {
    html! {
        @for tab in tabs {
            a href=(tab.href) aria-current=[tab.current.then_some("page")] data-swap=[swap] {
                (tab.label)
                @if let Some(count) = tab.count { " " span.count { (count) } }
            }
        }
    }
}

/// Parts of one thing, each with its own address: the sections of a client's page.
#[must_use]
pub fn tabs(label: &str, tabs: &[Tab]) -> Markup {
    html! { nav.tabs aria-label=(label) { (tab_links(tabs, None)) } }
}

/// A choice of a few views or filters as links; with a region only that region is replaced.
#[must_use]
pub fn segmented(label: &str, tabs: &[Tab], region: Option<&str>) -> Markup {
    html! { nav.segmented aria-label=(label) { (tab_links(tabs, region)) } }
}

/// A link with an arrow, for "see all" at the end of a card.
#[must_use]
pub fn more_link(label: &str, href: &str) -> Markup {
    html! { a.link.more href=(href) { (label) (icon(icons::LuArrowRight)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_take_the_first_and_the_last_word() {
        assert_eq!(initials("Mara Lindqvist"), "ML");
        assert_eq!(initials("ana maria de souza"), "AS");
        assert_eq!(initials("Cher"), "C");
        assert_eq!(initials("  "), "");
    }

    #[test]
    fn a_meter_never_leaves_its_frame() {
        assert!(meter("Storage", 30, 20).0.contains("aria-valuenow=\"100\""));
        assert!(meter("Storage", 1, 0).0.contains("aria-valuenow=\"100\""));
        assert!(
            meter("Storage", u64::MAX, u64::MAX)
                .0
                .contains("aria-valuenow")
        );
    }
}
