//! Asking for a reason: every act of an operator goes through a dialog that says what will happen.

use maud::{Markup, html};
use serde::Deserialize;
use ui::{Dialog, field, submit};

/// A form that asks for nothing but a reason.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reason {
    pub(crate) reason: String,
}

/// The field for the reason, in a dialog or form of this id.
pub(crate) fn reason(within: &str, help: &str) -> Markup {
    html! {
        (field::textarea("reason", "Reason", 2).within(within).help(help).max_length(500).required())
    }
}

/// What an act looks like before it is done.
pub(crate) struct Ask<'a> {
    /// Unique on the page.
    pub(crate) id: &'a str,
    /// A question: "Suspend Northlight?".
    pub(crate) title: String,
    /// What will happen.
    pub(crate) text: String,
    /// Where the form goes.
    pub(crate) action: String,
    /// The verb on the button.
    pub(crate) verb: &'a str,
    /// Whether it takes something away.
    pub(crate) danger: bool,
    /// Whether the tenant reads the reason.
    pub(crate) told: bool,
}

impl Ask<'_> {
    /// The dialog with these fields before the reason.
    pub(crate) fn dialog(&self, fields: &Markup) -> Markup {
        let help = if self.told {
            "The workspace reads it in its audit log."
        } else {
            "It stands in the console's audit log."
        };
        let body = html! {
            div.stack {
                p { (self.text) }
                (fields)
                (reason(self.id, help))
            }
        };
        let button = if self.danger {
            submit(self.verb).danger()
        } else {
            submit(self.verb).primary()
        };
        let dialog = Dialog::new(self.id, self.title.clone(), body)
            .form(self.action.clone())
            .actions(button);
        html! { (dialog) }
    }
}
