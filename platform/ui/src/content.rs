//! Parts that tell something: steps, history, differences, code, plans.

use maud::{Markup, Render, html};

use crate::icon::{Icon, icon, icon_sized};
use crate::icons;

/// A thing to do on the way to a working studio.
#[derive(Debug, Clone)]
pub struct CheckItem {
    /// What to do.
    pub label: String,
    /// Why, or how long it takes.
    pub note: String,
    /// Where it is done.
    pub href: String,
    /// Whether it is done.
    pub done: bool,
}

/// Things to do, with those already done struck through.
#[must_use]
pub fn checklist(items: &[CheckItem]) -> Markup {
    html! {
        ul.rows.checklist {
            @for item in items {
                li .done[item.done] data-row {
                    (icon_sized(if item.done { icons::LuCircleCheck } else { icons::LuCircle }, 18))
                    div.row-main {
                        a href=(item.href) { (item.label) @if item.done { span.sr { " (done)" } } }
                        @if !item.note.is_empty() { small { (item.note) } }
                    }
                    (icon_sized(icons::LuChevronRight, 14))
                }
            }
        }
    }
}

/// Steps of a process in order; `current` counts from zero.
#[must_use]
pub fn stepper(label: &str, steps: &[&str], current: usize) -> Markup {
    html! {
        ol.stepper aria-label=(label) {
            @for (at, step) in steps.iter().enumerate() {
                li .done[at < current] aria-current=[(at == current).then_some("step")] {
                    span.step-mark { @if at < current { (icon_sized(icons::LuCheck, 14)) } @else { (at + 1) } }
                    span { (step) @if at < current { span.sr { " (done)" } } }
                }
            }
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// Picture for the kind of event.
    pub icon: Icon,
    /// Who did what.
    pub text: Markup,
    /// When, in the tenant's zone and format.
    pub when: String,
    /// More, below: a quotation, a difference.
    pub detail: Markup,
}

/// What happened, newest first.
#[must_use]
pub fn timeline(entries: &[TimelineEntry]) -> Markup {
    html! {
        ol.timeline {
            @for entry in entries {
                li {
                    span.timeline-icon { (icon_sized(entry.icon, 14)) }
                    div {
                        p { (entry.text) " " small { (entry.when) } }
                        (entry.detail)
                    }
                }
            }
        }
    }
}

/// A piece of a text that was compared with an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// In both.
    Same(String),
    /// Only in the new one.
    Inserted(String),
    /// Only in the old one.
    Deleted(String),
}

/// Two texts in one, with what was inserted and deleted. `label` tells it from others on the page.
#[must_use]
pub fn diff(label: &str, changes: &[Change]) -> Markup {
    html! {
        // Focusable, so that a keyboard can scroll it.
        div.diff tabindex="0" role="region" aria-label=(label) {
            @for change in changes {
                @match change {
                    Change::Same(text) => (text),
                    Change::Inserted(text) => ins { (text) },
                    Change::Deleted(text) => del { (text) },
                }
            }
        }
    }
}

/// Program text or a log.
#[must_use]
pub fn code_block(text: &str) -> Markup {
    html! { pre.code tabindex="0" { code { (text) } } }
}

/// A value to take elsewhere: a secret shown once, an address. `id` is unique on the page.
#[must_use]
pub fn copy_field(id: &str, label: &str, value: &str) -> Markup {
    html! {
        div.field {
            label.label for=(id) { (label) }
            span.input.copy {
                input.mono type="text" id=(id) value=(value) readonly;
                button.ghost type="button" data-copy=(id) { (icon_sized(icons::LuCopy, 14)) "Copy" span.sr { " " (label) } }
            }
        }
    }
}

/// Names and values in two columns.
#[must_use]
pub fn definition_list(entries: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in entries { div { dt { (name) } dd { (value) } } } } }
}

/// An offer on a price page.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the plan.
    pub name: String,
    /// For whom it is.
    pub text: String,
    /// Price with currency sign: "$19", "Free".
    pub price: String,
    /// What the price is for: "per month".
    pub period: String,
    /// What one gets.
    pub features: Vec<String>,
    /// The button.
    pub action: Markup,
    /// A word above the name: "Most chosen", "Your plan".
    pub mark: Option<String>,
}

impl Render for Plan {
    fn render(&self) -> Markup {
        html! {
            section.plan .marked[self.mark.is_some()] {
                header {
                    h3 { (self.name) }
                    @if let Some(mark) = &self.mark { span.plan-mark { (mark) } }
                }
                p.plan-text { (self.text) }
                p.plan-price { strong { (self.price) } " " span { (self.period) } }
                (self.action)
                ul { @for feature in &self.features { li { (icon(icons::LuCheck)) span { (feature) } } } }
            }
        }
    }
}

/// One offer.
#[must_use]
pub fn plan_card(plan: &Plan) -> Markup {
    plan.render()
}

/// Offers side by side.
#[must_use]
pub fn plans(plans: &[Plan]) -> Markup {
    html! { div.plans { @for plan in plans { (plan) } } }
}
