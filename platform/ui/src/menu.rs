//! Menus and dialogs, both by the browser's own means: popovers and `<dialog>`.

use maud::{Markup, Render, html};

use crate::button::{Button, button};
use crate::icon::{Icon, icon, icon_sized};
use crate::icons;

#[derive(Debug, Clone)]
enum Entry {
    Link {
        label: String,
        href: String,
        icon: Icon,
    },
    Post {
        label: String,
        action: String,
        icon: Icon,
        danger: bool,
    },
    Dialog {
        label: String,
        id: String,
        icon: Icon,
        danger: bool,
    },
    Line,
}

/// A button that opens a short list of things to do.
#[derive(Debug, Clone)]
pub struct Menu {
    id: String,
    opener: Button,
    entries: Vec<Entry>,
}

impl Menu {
    /// The three dots at the end of a row. `label` names the thing: "Actions for Spring shoot".
    #[must_use]
    pub fn dots(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::with(id, button(label).ghost().icon_only(icons::LuEllipsis))
    }

    /// A menu behind a button of your own.
    #[must_use]
    pub fn with(id: impl Into<String>, opener: Button) -> Self {
        let id = id.into();
        Self {
            opener: opener.opens_menu(&id),
            id,
            entries: Vec::new(),
        }
    }

    /// Leads somewhere.
    #[must_use]
    pub fn link(mut self, label: impl Into<String>, href: impl Into<String>, icon: Icon) -> Self {
        self.entries.push(Entry::Link {
            label: label.into(),
            href: href.into(),
            icon,
        });
        self
    }

    /// Does something that can be taken back.
    #[must_use]
    pub fn post(mut self, label: impl Into<String>, action: impl Into<String>, icon: Icon) -> Self {
        self.entries.push(Entry::Post {
            label: label.into(),
            action: action.into(),
            icon,
            danger: false,
        });
        self
    }

    /// Removes something; the server offers to undo it.
    #[must_use]
    pub fn danger(
        mut self,
        label: impl Into<String>,
        action: impl Into<String>,
        icon: Icon,
    ) -> Self {
        self.entries.push(Entry::Post {
            label: label.into(),
            action: action.into(),
            icon,
            danger: true,
        });
        self
    }

    /// Opens a dialog.
    #[must_use]
    pub fn dialog(mut self, label: impl Into<String>, id: impl Into<String>, icon: Icon) -> Self {
        self.entries.push(Entry::Dialog {
            label: label.into(),
            id: id.into(),
            icon,
            danger: false,
        });
        self
    }

    /// Opens a dialog that asks before something final.
    #[must_use]
    pub fn danger_dialog(
        mut self,
        label: impl Into<String>,
        id: impl Into<String>,
        icon: Icon,
    ) -> Self {
        self.entries.push(Entry::Dialog {
            label: label.into(),
            id: id.into(),
            icon,
            danger: true,
        });
        self
    }

    /// A line between groups.
    #[must_use]
    pub fn line(mut self) -> Self {
        self.entries.push(Entry::Line);
        self
    }
}

impl Render for Menu {
    fn render(&self) -> Markup {
        html! {
            (self.opener)
            div.menu id=(self.id) popover {
                @for entry in &self.entries {
                    @match entry {
                        Entry::Link { label, href, icon: picture } => a href=(href) { (icon(picture)) (label) },
                        Entry::Post { label, action, icon: picture, danger } => form method="post" action=(action) {
                            button type="submit" .danger[*danger] { (icon(picture)) (label) }
                        },
                        Entry::Dialog { label, id, icon: picture, danger } => button type="button" commandfor=(id) command="show-modal" .danger[*danger] {
                            (icon(picture)) (label)
                        },
                        Entry::Line => hr;,
                    }
                }
            }
        }
    }
}

/// A window above the page. A form inside closes it by its own submission; Escape and the cross close it, too.
#[derive(Debug, Clone)]
pub struct Dialog {
    id: String,
    title: String,
    body: Markup,
    actions: Markup,
    form: Option<String>,
}

impl Dialog {
    /// A dialog with its content.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>, body: Markup) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            body,
            actions: Markup::default(),
            form: None,
        }
    }

    /// Makes it a form that posts to `action`; the actions are its buttons.
    #[must_use]
    pub fn form(mut self, action: impl Into<String>) -> Self {
        self.form = Some(action.into());
        self
    }

    /// Buttons at the foot beside "Cancel".
    #[must_use]
    pub fn actions(mut self, actions: impl Render) -> Self {
        self.actions = actions.render();
        self
    }
}

impl Render for Dialog {
    fn render(&self) -> Markup {
        let title_id = format!("{}-title", self.id);
        let content = html! {
            div.sheet-body { (self.body) }
            footer { button.button type="button" commandfor=(self.id) command="close" { "Cancel" } (self.actions) }
        };
        html! {
            dialog.sheet id=(self.id) aria-labelledby=(title_id) {
                header {
                    h2 id=(title_id) { (self.title) }
                    button.ghost.square type="button" commandfor=(self.id) command="close" aria-label="Close" { (icon_sized(icons::LuX, 18)) }
                }
                @match &self.form {
                    Some(action) => form method="post" action=(action) { (content) },
                    None => (content),
                }
            }
        }
    }
}

/// A button that opens the dialog with this id.
#[must_use]
pub fn dialog_opener(label: impl Into<String>, id: impl Into<String>) -> Button {
    button(label).opens_dialog(id)
}
