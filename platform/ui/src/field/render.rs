//! From a field to its markup.

use maud::{Markup, Render, html};

use super::{Choice, Field, Kind, element_id};
use crate::icon::{icon, icon_sized};
use crate::icons;

impl Field {
    fn id(&self) -> String {
        match &self.part {
            Some(part) => element_id(&format!("{part}-{}", self.name)),
            None => element_id(&self.name),
        }
    }

    /// Where help or error is written, for `aria-describedby`.
    fn described_by(&self) -> Option<String> {
        let described = self.error.is_some() || self.help.is_some() || self.good.is_some();
        described.then(|| format!("{}-hint", self.id()))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.is_some().then_some("true")
    }

    fn hint(&self) -> Markup {
        let id = format!("{}-hint", self.id());
        html! {
            @if let Some(error) = &self.error {
                p.hint.bad id=(id) aria-live="polite" { (icon_sized(icons::LuCircleAlert, 14)) span { (error) } }
            } @else if let Some(good) = &self.good {
                p.hint.ok id=(id) aria-live="polite" { (icon_sized(icons::LuCircleCheck, 14)) span { (good) } }
            } @else if let Some(help) = &self.help {
                p.hint id=(id) aria-live="polite" { (help) }
            }
            (self.extra)
        }
    }

    fn label_text(&self) -> Markup {
        html! { (self.label) @if self.optional { " " span.optional { "optional" } } }
    }

    /// The control inside a frame that holds prefix, suffix and icon.
    fn framed(&self, control: &Markup) -> Markup {
        html! {
            span.input .large[self.large] .bad[self.error.is_some()] .ok[self.good.is_some() && self.error.is_none()] {
                @if matches!(self.kind, Kind::Input("search")) { (icon(icons::LuSearch)) }
                @if let Some(prefix) = &self.prefix { span.affix { (prefix) } }
                (control)
                @if let Some(suffix) = &self.suffix { span.affix { (suffix) } }
                @if matches!(self.kind, Kind::Select(_)) { (icon_sized(icons::LuChevronDown, 14)) }
            }
        }
    }

    fn input(&self, kind: &str) -> Markup {
        // A password is never written back into a page.
        let value = (kind != "password").then_some(self.value.as_str());
        html! {
            input .mono[self.mono] type=(kind) id=(self.id()) name=(self.name) value=[value] placeholder=[self.placeholder.as_ref()]
                autocomplete=[self.autocomplete] inputmode=[self.input_mode] pattern=[self.pattern] maxlength=[self.max_length]
                min=[self.range.0.as_ref()] max=[self.range.1.as_ref()] step=[self.step.as_ref()]
                data-suggest-from=[self.suggest_from.as_ref()] required[self.required] disabled[self.disabled]
                readonly[self.read_only] autofocus[self.autofocus] aria-invalid=[self.invalid()]
                aria-describedby=[self.described_by()];
        }
    }

    fn textarea(&self, rows: u16) -> Markup {
        html! {
            textarea.textarea .mono[self.mono] .bad[self.error.is_some()] id=(self.id()) name=(self.name) rows=(rows)
                placeholder=[self.placeholder.as_ref()] maxlength=[self.max_length] required[self.required] disabled[self.disabled]
                readonly[self.read_only] autofocus[self.autofocus] aria-invalid=[self.invalid()]
                aria-describedby=[self.described_by()] {
                // The parser drops one line break at the start: the value may need its own.
                @if self.value.starts_with('\n') { "\n" }
                (self.value)
            }
        }
    }

    fn select(&self, choices: &[Choice]) -> Markup {
        html! {
            select id=(self.id()) name=(self.name) required[self.required] disabled[self.disabled]
                autocomplete=[self.autocomplete] aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == self.value] { (choice.label) }
                }
            }
        }
    }

    fn toggle(&self) -> Markup {
        let switch = matches!(self.kind, Kind::Switch);
        html! {
            div.field {
                label.check .switch[switch] {
                    input type="checkbox" role=[switch.then_some("switch")] id=(self.id()) name=(self.name) value=(self.value)
                        checked[self.checked] required[self.required] disabled[self.disabled] aria-invalid=[self.invalid()]
                        aria-describedby=[self.described_by()];
                    span { (self.label_text()) }
                }
                (self.hint())
            }
        }
    }

    fn radio_cards(&self, choices: &[Choice]) -> Markup {
        html! {
            // The error of a group belongs to the group: a single radio button cannot be wrong.
            fieldset.field id=(self.id()) tabindex=[self.error.as_ref().map(|_| "-1")] aria-describedby=[self.described_by()] {
                legend.label .sr[self.label_hidden] { (self.label_text()) }
                div.choices {
                    @for choice in choices {
                        label {
                            input type="radio" name=(self.name) value=(choice.value) checked[choice.value == self.value]
                                required[self.required] disabled[self.disabled];
                            @if let Some(picture) = choice.icon { (icon_sized(picture, 18)) }
                            span { (choice.label) }
                            @if let Some(note) = &choice.note { small { (note) } }
                        }
                    }
                }
                (self.hint())
            }
        }
    }

    fn file(&self, accept: &str) -> Markup {
        html! {
            input.file type="file" id=(self.id()) name=(self.name) accept=(accept) multiple[self.multiple] required[self.required]
                disabled[self.disabled] aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        }
    }

    fn colour(&self) -> Markup {
        html! {
            input.colour type="color" id=(self.id()) name=(self.name) value=(self.value) disabled[self.disabled]
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        }
    }
}

impl Render for Field {
    fn render(&self) -> Markup {
        let control = match &self.kind {
            Kind::Checkbox | Kind::Switch => return self.toggle(),
            Kind::RadioCards(choices) => return self.radio_cards(choices),
            Kind::Input(kind) => self.framed(&self.input(kind)),
            Kind::Textarea { rows } => self.textarea(*rows),
            Kind::Select(choices) => self.framed(&self.select(choices)),
            Kind::Colour => self.colour(),
            Kind::File { accept } => self.file(accept),
        };
        html! {
            div.field {
                label.label .sr[self.label_hidden] for=(self.id()) { (self.label_text()) }
                (control)
                (self.hint())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::FieldError;
    use maud::Render;

    use crate::field::{password, text};

    #[test]
    fn an_error_replaces_the_help_and_is_announced() {
        let errors = [FieldError {
            field: "title".into(),
            code: "required",
            message: "Give the post a title.".into(),
        }];
        let markup = text("title", "Title")
            .help("Shown on the website.")
            .errors(&errors)
            .render()
            .0;
        assert!(markup.contains("aria-invalid=\"true\""));
        assert!(markup.contains("aria-describedby=\"f-title-hint\""));
        assert!(markup.contains("Give the post a title."));
        assert!(!markup.contains("Shown on the website."));
    }

    #[test]
    fn the_error_of_another_field_does_not_show() {
        let errors = [FieldError {
            field: "slug".into(),
            code: "taken",
            message: "Taken.".into(),
        }];
        assert!(
            !text("title", "Title")
                .errors(&errors)
                .render()
                .0
                .contains("Taken.")
        );
    }

    #[test]
    fn a_password_is_not_written_back() {
        assert!(
            !password("password", "Password")
                .value("hunter2")
                .render()
                .0
                .contains("hunter2")
        );
    }

    #[test]
    fn values_are_escaped() {
        let markup = text("q", "Q").value("\"><script>").render().0;
        assert!(!markup.contains("<script>"));
    }
}
