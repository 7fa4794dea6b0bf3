//! Buttons, and links that look like buttons.

use maud::{Markup, Render, html};

use crate::icon::{Icon, icon};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Default,
    Primary,
    Ghost,
    Danger,
}

#[derive(Debug, Clone)]
enum Action {
    Link(String),
    Submit,
    Plain,
}

/// A button under construction; use it in a template as it is.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a builder, none of them a state"
)]
pub struct Button {
    label: String,
    action: Action,
    look: Look,
    icon: Option<Icon>,
    icon_end: Option<Icon>,
    icon_only: bool,
    large: bool,
    full: bool,
    disabled: bool,
    name: Option<(String, String)>,
    form: Option<String>,
    form_action: Option<String>,
    dialog: Option<String>,
    popover: Option<String>,
    key: Option<char>,
    swap: Option<String>,
    id: Option<String>,
}

impl Button {
    fn new(label: impl Into<String>, action: Action) -> Self {
        Self {
            label: label.into(),
            action,
            look: Look::Default,
            icon: None,
            icon_end: None,
            icon_only: false,
            large: false,
            full: false,
            disabled: false,
            name: None,
            form: None,
            form_action: None,
            dialog: None,
            popover: None,
            key: None,
            swap: None,
            id: None,
        }
    }

    /// The one most likely thing to do on the page.
    #[must_use]
    pub fn primary(mut self) -> Self {
        self.look = Look::Primary;
        self
    }

    /// Without a border: quiet actions in bars and rows.
    #[must_use]
    pub fn ghost(mut self) -> Self {
        self.look = Look::Ghost;
        self
    }

    /// Destroys something.
    #[must_use]
    pub fn danger(mut self) -> Self {
        self.look = Look::Danger;
        self
    }

    /// Icon before the word.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Icon after the word.
    #[must_use]
    pub fn icon_end(mut self, icon: Icon) -> Self {
        self.icon_end = Some(icon);
        self
    }

    /// Shows the icon alone; the word becomes the accessible name. Only for pairs that everybody knows.
    #[must_use]
    pub fn icon_only(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self.icon_only = true;
        self
    }

    /// Taller: sign-up and marketing pages.
    #[must_use]
    pub fn large(mut self) -> Self {
        self.large = true;
        self
    }

    /// As wide as its container.
    #[must_use]
    pub fn full(mut self) -> Self {
        self.full = true;
        self
    }

    /// Cannot be used now; say why beside it.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Name and value that the form sends when this button submits it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.name = Some((name.into(), value.into()));
        self
    }

    /// The id of the form it belongs to, when it stands outside.
    #[must_use]
    pub fn form(mut self, id: impl Into<String>) -> Self {
        self.form = Some(id.into());
        self
    }

    /// Sends its form to another address.
    #[must_use]
    pub fn form_action(mut self, address: impl Into<String>) -> Self {
        self.form_action = Some(address.into());
        self
    }

    /// Opens the dialog with this id.
    #[must_use]
    pub fn opens_dialog(mut self, id: impl Into<String>) -> Self {
        self.dialog = Some(id.into());
        self
    }

    /// Opens the menu with this id.
    #[must_use]
    pub fn opens_menu(mut self, id: impl Into<String>) -> Self {
        self.popover = Some(id.into());
        self
    }

    /// Single key that presses it: `c` for create, `e` for edit.
    #[must_use]
    pub fn key(mut self, key: char) -> Self {
        self.key = Some(key);
        self
    }

    /// A link that replaces only the region with this id.
    #[must_use]
    pub fn swaps(mut self, region: impl Into<String>) -> Self {
        self.swap = Some(region.into());
        self
    }

    /// Id of the element.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    fn class(&self) -> String {
        let mut class = match self.look {
            Look::Default => "button",
            Look::Primary => "button primary",
            Look::Ghost => "ghost",
            Look::Danger => "button danger",
        }
        .to_owned();
        for (on, name) in [
            (self.icon_only, " square"),
            (self.large, " large"),
            (self.full, " full"),
        ] {
            if on {
                class.push_str(name);
            }
        }
        class
    }

    fn content(&self) -> Markup {
        html! {
            @if let Some(picture) = self.icon { (icon(picture)) }
            @if self.icon_only { span.sr { (self.label) } } @else { (self.label) }
            @if let Some(picture) = self.icon_end { (icon(picture)) }
        }
    }
}

impl Render for Button {
    fn render(&self) -> Markup {
        let class = self.class();
        let title = self.icon_only.then_some(self.label.as_str());
        let (name, value) = self
            .name
            .as_ref()
            .map(|(name, value)| (name, value))
            .unzip();
        match &self.action {
            // A link cannot be disabled; without an address it is not a link and takes no focus.
            Action::Link(_) if self.disabled => html! {
                a class=(class) role="link" aria-disabled="true" title=[title] { (self.content()) }
            },
            Action::Link(href) => html! {
                a class=(class) href=(href) id=[self.id.as_ref()] title=[title] data-key=[self.key] data-swap=[self.swap.as_ref()] {
                    (self.content())
                }
            },
            Action::Submit | Action::Plain => html! {
                button class=(class) type=(if matches!(self.action, Action::Submit) { "submit" } else { "button" })
                    id=[self.id.as_ref()] title=[title] name=[name] value=[value] form=[self.form.as_ref()]
                    formaction=[self.form_action.as_ref()] disabled[self.disabled] data-key=[self.key]
                    commandfor=[self.dialog.as_ref()] command=[self.dialog.as_ref().map(|_| "show-modal")] popovertarget=[self.popover.as_ref()] { (self.content()) }
            },
        }
    }
}

/// A button that does something on the page: opens a menu or a dialog, or is picked up by a script.
#[must_use]
pub fn button(label: impl Into<String>) -> Button {
    Button::new(label, Action::Plain)
}

/// A button that sends its form.
#[must_use]
pub fn submit(label: impl Into<String>) -> Button {
    Button::new(label, Action::Submit)
}

/// A link that looks like a button.
#[must_use]
pub fn link_button(label: impl Into<String>, href: impl Into<String>) -> Button {
    Button::new(label, Action::Link(href.into()))
}
