//! Who may comment, and what is looked at first: the part of the blog's settings that is about comments.

use kernel::{FieldError, Fields};
use maud::{Markup, Render, html};
use serde::{Deserialize, Serialize};
use ui::field::Choice;
use ui::{Card, field, submit};
use utoipa::ToSchema;

use crate::forms::{Pairs, value};
use crate::posts::one_line;

/// Who may comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nobody.
    #[default]
    Off,
    /// Members of the workspace.
    UsersOnly,
    /// Everybody; a guest confirms their address by mail first.
    VerifiedGuests,
    /// Everybody.
    Anyone,
}

impl Mode {
    const ALL: [Self; 4] = [
        Self::Off,
        Self::UsersOnly,
        Self::VerifiedGuests,
        Self::Anyone,
    ];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::UsersOnly => "users_only",
            Self::VerifiedGuests => "verified_guests",
            Self::Anyone => "anyone",
        }
    }

    /// The choice of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Off => "Nobody",
            Self::UsersOnly => "Members of the workspace",
            Self::VerifiedGuests => "Everybody; guests confirm their e-mail address",
            Self::Anyone => "Everybody",
        }
    }
}

/// What waits for a moderator. Spam is set aside in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moderation {
    /// Every comment.
    All,
    /// The first comment of each person, and those with too many links.
    #[default]
    FirstTime,
    /// Comments with too many links.
    FlaggedOnly,
    /// Nothing.
    None,
}

impl Moderation {
    const ALL: [Self; 4] = [Self::All, Self::FirstTime, Self::FlaggedOnly, Self::None];

    /// Name as stored and as the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::FirstTime => "first_time",
            Self::FlaggedOnly => "flagged_only",
            Self::None => "none",
        }
    }

    /// The choice of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == name)
    }

    fn title(self) -> &'static str {
        match self {
            Self::All => "Every comment",
            Self::FirstTime => "The first comment of each person, and many links",
            Self::FlaggedOnly => "Comments with many links",
            Self::None => "Nothing",
        }
    }
}

/// The settings. Names carry `comments_` because they are a part of the blog's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommentSettings {
    /// Who may comment.
    pub comments_mode: Mode,
    /// What waits for a moderator.
    pub comments_moderation: Moderation,
    /// Days after publication on which a post takes comments; null: always.
    pub comments_close_after_days: Option<i32>,
    /// How deep threads are shown, 1 to 5; deeper replies stand beside what they answer.
    pub comments_max_depth: i32,
    /// More links than this and a comment waits, 0 to 100.
    pub comments_link_limit: i32,
    /// Words that make a comment spam.
    pub comments_blocklist: Vec<String>,
    /// Whether authors and watchers hear of new comments.
    pub comments_notify: bool,
}

impl Default for CommentSettings {
    fn default() -> Self {
        Self {
            comments_mode: Mode::Off,
            comments_moderation: Moderation::FirstTime,
            comments_close_after_days: None,
            comments_max_depth: 3,
            comments_link_limit: 2,
            comments_blocklist: Vec::new(),
            comments_notify: true,
        }
    }
}

impl CommentSettings {
    /// Cleans the settings and notes every broken rule.
    pub(crate) fn check(&mut self, fields: &mut Fields) {
        let mut words: Vec<String> = Vec::new();
        for word in &self.comments_blocklist {
            let word = one_line(word).to_lowercase();
            if !word.is_empty() && !words.contains(&word) {
                words.push(word);
            }
        }
        self.comments_blocklist = words;
        fields
            .check(
                self.comments_close_after_days
                    .is_none_or(|days| (1..=3650).contains(&days)),
                "comments_close_after_days",
                "out_of_range",
                "Choose 1 to 3650 days, or leave it empty.",
            )
            .check(
                (1..=5).contains(&self.comments_max_depth),
                "comments_max_depth",
                "out_of_range",
                "Choose 1 to 5.",
            )
            .check(
                (0..=100).contains(&self.comments_link_limit),
                "comments_link_limit",
                "out_of_range",
                "Choose 0 to 100.",
            )
            .check(
                self.comments_blocklist.len() <= 1000
                    && self
                        .comments_blocklist
                        .iter()
                        .all(|word| word.chars().count() <= 100),
                "comments_blocklist",
                "too_long",
                "Use at most 1000 words of at most 100 characters.",
            );
    }

    /// As somebody typed them.
    pub(crate) fn read(pairs: &Pairs) -> Self {
        // What is no number is out of range; what was not sent is as it is at first.
        let number = |name: &str, otherwise: i32| match value(pairs, name).trim() {
            "" => otherwise,
            typed => typed.parse().unwrap_or(-1),
        };
        let default = Self::default();
        let days = value(pairs, "comments_close_after_days").trim();
        Self {
            comments_mode: Mode::parse(value(pairs, "comments_mode")).unwrap_or_default(),
            comments_moderation: Moderation::parse(value(pairs, "comments_moderation"))
                .unwrap_or_default(),
            comments_close_after_days: (!days.is_empty()).then(|| days.parse().unwrap_or(-1)),
            comments_max_depth: number("comments_max_depth", default.comments_max_depth),
            comments_link_limit: number("comments_link_limit", default.comments_link_limit),
            comments_blocklist: value(pairs, "comments_blocklist")
                .lines()
                .map(str::to_owned)
                .collect(),
            comments_notify: value(pairs, "comments_notify") == "true",
        }
    }
}

/// The card on the page of the blog's settings; it ends with the button that saves all of them.
pub(crate) fn settings_card(
    settings: &CommentSettings,
    errors: &[FieldError],
    shut: bool,
) -> Markup {
    let modes = Mode::ALL.map(|mode| Choice::new(mode.as_str(), mode.title()));
    let moderations = Moderation::ALL.map(|choice| Choice::new(choice.as_str(), choice.title()));
    let days = settings
        .comments_close_after_days
        .map(|days| days.to_string())
        .unwrap_or_default();
    Card::new(html! { div.stack {
        (field::select("comments_mode", "Who may comment", modes.into()).value(settings.comments_mode.as_str()).disabled(shut))
        (field::select("comments_moderation", "What waits for a moderator", moderations.into())
            .value(settings.comments_moderation.as_str()).disabled(shut)
            .help("Spam is set aside in any case."))
        (field::number("comments_close_after_days", "Days until a post takes no more comments").value(days)
            .min("1").max("3650").optional().errors(errors).disabled(shut).help("Empty: it always does."))
        (field::number("comments_max_depth", "Depth of threads").value(settings.comments_max_depth.to_string())
            .min("1").max("5").errors(errors).disabled(shut))
        (field::number("comments_link_limit", "Links that a comment may have").value(settings.comments_link_limit.to_string())
            .min("0").max("100").errors(errors).disabled(shut).help("With more it waits for a moderator."))
        (field::textarea("comments_blocklist", "Words that make a comment spam", 3).value(settings.comments_blocklist.join("\n"))
            .errors(errors).disabled(shut).help("One on each line."))
        (field::checkbox("comments_notify", "Tell authors and moderators of new comments", settings.comments_notify).disabled(shut))
    } })
    .title("Comments")
    .footer(html! { (submit("Save").primary().disabled(shut)) })
    .render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_in_lower_case_and_once() {
        let mut settings = CommentSettings {
            comments_blocklist: vec![" Casino ".into(), "casino".into(), String::new()],
            ..CommentSettings::default()
        };
        let mut fields = Fields::default();
        settings.check(&mut fields);
        fields.finish().unwrap();
        assert_eq!(settings.comments_blocklist, ["casino"]);
    }

    #[test]
    fn every_broken_rule_is_told() {
        let mut settings = CommentSettings {
            comments_close_after_days: Some(0),
            comments_max_depth: 6,
            comments_link_limit: -1,
            comments_blocklist: vec!["x".repeat(101)],
            ..CommentSettings::default()
        };
        let mut fields = Fields::default();
        settings.check(&mut fields);
        assert_eq!(fields.finish().unwrap_err().field_errors().len(), 4);
    }
}
