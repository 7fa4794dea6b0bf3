//! Form fields: label above, help below, the error in place of the help.
//!
//! A field's element id is `f-<name>`, so that [`crate::error_summary`] can lead to it.

mod render;

use kernel::FieldError;
use maud::{Markup, html};

use crate::icon::Icon;

/// Id of the control for a field's name.
#[must_use]
pub fn element_id(name: &str) -> String {
    let plain = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    "f-".chars().chain(plain).collect()
}

/// One of several values to choose from.
#[derive(Debug, Clone)]
pub struct Choice {
    value: String,
    label: String,
    note: Option<String>,
    icon: Option<Icon>,
}

impl Choice {
    /// A value and what the person reads.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            note: None,
            icon: None,
        }
    }

    /// A sentence below the label (radio cards only).
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A picture above the label (radio cards only).
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }
}

#[derive(Debug, Clone)]
enum Kind {
    Input(&'static str),
    Textarea { rows: u16 },
    Select(Vec<Choice>),
    Checkbox,
    Switch,
    RadioCards(Vec<Choice>),
    Colour,
    File { accept: String },
}

/// A field under construction; use it in a template as it is.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "HTML attributes, each independent of the others"
)]
pub struct Field {
    kind: Kind,
    name: String,
    label: String,
    value: String,
    help: Option<String>,
    error: Option<String>,
    good: Option<String>,
    placeholder: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
    autocomplete: Option<&'static str>,
    input_mode: Option<&'static str>,
    pattern: Option<&'static str>,
    max_length: Option<u32>,
    range: (Option<String>, Option<String>),
    step: Option<String>,
    suggest_from: Option<String>,
    required: bool,
    optional: bool,
    checked: bool,
    multiple: bool,
    disabled: bool,
    read_only: bool,
    autofocus: bool,
    label_hidden: bool,
    large: bool,
    mono: bool,
    part: Option<String>,
    extra: Markup,
}

fn field(kind: Kind, name: impl Into<String>, label: impl Into<String>) -> Field {
    Field {
        kind,
        name: name.into(),
        label: label.into(),
        value: String::new(),
        help: None,
        error: None,
        good: None,
        placeholder: None,
        prefix: None,
        suffix: None,
        autocomplete: None,
        input_mode: None,
        pattern: None,
        max_length: None,
        range: (None, None),
        step: None,
        suggest_from: None,
        required: false,
        optional: false,
        checked: false,
        multiple: false,
        disabled: false,
        read_only: false,
        autofocus: false,
        label_hidden: false,
        large: false,
        mono: false,
        part: None,
        extra: Markup::default(),
    }
}

/// One line of text.
#[must_use]
pub fn text(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("text"), name, label)
}

/// An e-mail address.
#[must_use]
pub fn email(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("email"), name, label).autocomplete("email")
}

/// A password. Say which with [`Field::autocomplete`]: `current-password` or `new-password`.
#[must_use]
pub fn password(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("password"), name, label)
}

/// A web address.
#[must_use]
pub fn url(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("url"), name, label)
}

/// A telephone number.
#[must_use]
pub fn phone(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("tel"), name, label).autocomplete("tel")
}

/// A whole or decimal number.
#[must_use]
pub fn number(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("number"), name, label)
}

/// An amount of money as text with the currency before it; the server parses it, so that no float is involved.
#[must_use]
pub fn money(
    name: impl Into<String>,
    label: impl Into<String>,
    currency: impl Into<String>,
) -> Field {
    field(Kind::Input("text"), name, label)
        .prefix(currency)
        .input_mode("decimal")
}

/// A day.
#[must_use]
pub fn date(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("date"), name, label)
}

/// A time of day.
#[must_use]
pub fn time(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("time"), name, label)
}

/// A day and a time in the tenant's zone, as `2026-11-20T09:30`. Name the zone with [`Field::suffix`] or in the help.
#[must_use]
pub fn date_time(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("datetime-local"), name, label)
}

/// A code from an authenticator or a message.
#[must_use]
pub fn one_time_code(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("text"), name, label)
        .autocomplete("one-time-code")
        .input_mode("numeric")
        .mono()
}

/// Words to search for.
#[must_use]
pub fn search(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Input("search"), name, label)
}

/// The part of an address that a person chooses, with what follows it (`.atelier.app`).
#[must_use]
pub fn slug(name: impl Into<String>, label: impl Into<String>) -> Field {
    let mut field = field(Kind::Input("text"), name, label)
        .autocomplete("off")
        .pattern("[a-z0-9\\-]+");
    field.max_length = Some(63);
    field
}

/// Several lines of text.
#[must_use]
pub fn textarea(name: impl Into<String>, label: impl Into<String>, rows: u16) -> Field {
    field(Kind::Textarea { rows }, name, label)
}

/// One of several values, in a list.
#[must_use]
pub fn select(name: impl Into<String>, label: impl Into<String>, choices: Vec<Choice>) -> Field {
    field(Kind::Select(choices), name, label)
}

/// Yes or no.
#[must_use]
pub fn checkbox(name: impl Into<String>, label: impl Into<String>, checked: bool) -> Field {
    let mut field = field(Kind::Checkbox, name, label).value("true");
    field.checked = checked;
    field
}

/// On or off; for settings.
#[must_use]
pub fn switch(name: impl Into<String>, label: impl Into<String>, on: bool) -> Field {
    let mut field = field(Kind::Switch, name, label).value("true");
    field.checked = on;
    field
}

/// One of a few values, each as a card.
#[must_use]
pub fn radio_cards(
    name: impl Into<String>,
    label: impl Into<String>,
    choices: Vec<Choice>,
) -> Field {
    field(Kind::RadioCards(choices), name, label)
}

/// A colour as `#rrggbb`.
#[must_use]
pub fn colour(name: impl Into<String>, label: impl Into<String>) -> Field {
    field(Kind::Colour, name, label)
}

/// A file to send; the form needs `enctype="multipart/form-data"`. `accept` as in HTML: `image/*`.
#[must_use]
pub fn file(name: impl Into<String>, label: impl Into<String>, accept: impl Into<String>) -> Field {
    field(
        Kind::File {
            accept: accept.into(),
        },
        name,
        label,
    )
}

/// A value the person does not see.
#[must_use]
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

impl Field {
    /// What it holds now. For choices: the chosen value.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// A sentence below.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Shows the first error that names this field.
    #[must_use]
    pub fn errors(mut self, errors: &[FieldError]) -> Self {
        if let Some(error) = errors.iter().find(|error| error.field == self.name) {
            self.error = Some(error.message.to_string());
        }
        self
    }

    /// Shows an error.
    #[must_use]
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// Says that the value is fine ("This address is free").
    #[must_use]
    pub fn good(mut self, text: impl Into<String>) -> Self {
        self.good = Some(text.into());
        self
    }

    /// An example of a value; never the only label.
    #[must_use]
    pub fn placeholder(mut self, placeholder: impl Into<String>) -> Self {
        self.placeholder = Some(placeholder.into());
        self
    }

    /// Fixed text before the value, inside the frame.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Fixed text after the value, inside the frame.
    #[must_use]
    pub fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// What browsers may fill in (HTML autofill token).
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = Some(token);
        self
    }

    /// Which keyboard a phone shows.
    #[must_use]
    pub fn input_mode(mut self, mode: &'static str) -> Self {
        self.input_mode = Some(mode);
        self
    }

    /// What the browser accepts, as a regular expression of HTML; the server judges again.
    #[must_use]
    pub fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Longest value, in UTF-16 code units as HTML counts.
    #[must_use]
    pub fn max_length(mut self, length: u32) -> Self {
        self.max_length = Some(length);
        self
    }

    /// Smallest value of a number, day or time.
    #[must_use]
    pub fn min(mut self, min: impl Into<String>) -> Self {
        self.range.0 = Some(min.into());
        self
    }

    /// Largest value of a number, day or time.
    #[must_use]
    pub fn max(mut self, max: impl Into<String>) -> Self {
        self.range.1 = Some(max.into());
        self
    }

    /// Distance between allowed numbers or times.
    #[must_use]
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.step = Some(step.into());
        self
    }

    /// Suggests a slug from another field's value until the person edits this one.
    #[must_use]
    pub fn suggest_from(mut self, name: &str) -> Self {
        self.suggest_from = Some(element_id(name));
        self
    }

    /// Must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Says "optional" beside the label; for forms where most fields are required.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Takes several files.
    #[must_use]
    pub fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    /// Cannot be changed and is not sent.
    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Cannot be changed but is sent.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Has the cursor when the page opens.
    #[must_use]
    pub fn autofocus(mut self) -> Self {
        self.autofocus = true;
        self
    }

    /// Keeps the label for assistive technology only.
    #[must_use]
    pub fn hide_label(mut self) -> Self {
        self.label_hidden = true;
        self
    }

    /// Taller: sign-up and log-in.
    #[must_use]
    pub fn large(mut self) -> Self {
        self.large = true;
        self
    }

    /// Letters of equal width: codes, keys, Markdown.
    #[must_use]
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// Names the part of the page that the field is in, such as a dialog, where several have a field of this name: its
    /// element id becomes `f-<part>-<name>`.
    #[must_use]
    pub fn within(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// Something below the help: suggestions, a link.
    #[must_use]
    pub fn extra(mut self, extra: Markup) -> Self {
        self.extra = extra;
        self
    }
}
