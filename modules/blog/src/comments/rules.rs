//! How a comment is judged by what it says and how it came. Pure: what the database knows is given.

use sha2::{Digest, Sha256};

use super::{CommentSettings, Moderation, Status};

/// Why a comment was held or set aside, as moderators read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A field that people do not see was filled in.
    Honeypot,
    /// The form was sent faster than people type.
    TooFast,
    /// The form was not one of ours.
    BadForm,
    /// It has a word of the blocklist.
    Blocklist,
    /// It has too many links.
    Links,
    /// The person has no approved comment yet.
    FirstComment,
    /// Every comment waits.
    AllHeld,
    /// Readers reported it.
    Reported,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::Honeypot,
        Self::TooFast,
        Self::BadForm,
        Self::Blocklist,
        Self::Links,
        Self::FirstComment,
        Self::AllHeld,
        Self::Reported,
    ];

    /// Name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Honeypot => "honeypot",
            Self::TooFast => "too_fast",
            Self::BadForm => "bad_form",
            Self::Blocklist => "blocklist",
            Self::Links => "links",
            Self::FirstComment => "first_comment",
            Self::AllHeld => "all_held",
            Self::Reported => "reported",
        }
    }

    /// How much it speaks for spam, of 100.
    fn weight(self) -> i16 {
        match self {
            Self::Honeypot => 100,
            Self::TooFast | Self::BadForm | Self::Blocklist => 80,
            Self::Reported => 40,
            Self::Links => 30,
            Self::FirstComment => 10,
            Self::AllHeld => 0,
        }
    }
}

/// A stored reason in words.
pub(super) fn in_words(reason: &str) -> &'static str {
    match Reason::ALL
        .into_iter()
        .find(|known| known.as_str() == reason)
    {
        Some(Reason::Honeypot) => "Filled in a hidden field",
        Some(Reason::TooFast) => "Sent too fast",
        Some(Reason::BadForm) => "Sent without our form",
        Some(Reason::Blocklist) => "Word of the blocklist",
        Some(Reason::Links) => "Many links",
        Some(Reason::FirstComment) => "First comment",
        Some(Reason::AllHeld) => "Every comment waits",
        Some(Reason::Reported) => "Reported by readers",
        None => "Held",
    }
}

/// What is known of a comment when it is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts<'a> {
    /// What is wrong with the form it came by.
    pub form: Option<Reason>,
    /// Everything that the writer typed.
    pub typed: &'a [&'a str],
    /// Links in it.
    pub links: usize,
    /// Whether a comment of the writer was approved before.
    pub known: bool,
    /// Whether the writer moderates comments themselves.
    pub staff: bool,
}

/// What the rules make of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub status: Status,
    pub reasons: Vec<String>,
    pub score: i16,
}

impl Verdict {
    fn new(status: Status, reasons: &[Reason]) -> Self {
        let score: i16 = reasons.iter().map(|reason| reason.weight()).sum();
        Self {
            status,
            reasons: reasons
                .iter()
                .map(|reason| reason.as_str().to_owned())
                .collect(),
            score: score.min(100),
        }
    }
}

/// The rules that end with a status, in their order: form, blocklist, links, first comment.
pub(super) fn judge(settings: &CommentSettings, facts: &Facts<'_>) -> Verdict {
    if facts.staff {
        return Verdict::new(Status::Approved, &[]);
    }
    if let Some(reason) = facts.form {
        return Verdict::new(Status::Spam, &[reason]);
    }
    if facts
        .typed
        .iter()
        .any(|text| has_word(text, &settings.comments_blocklist))
    {
        return Verdict::new(Status::Spam, &[Reason::Blocklist]);
    }
    let moderation = settings.comments_moderation;
    let limit = usize::try_from(settings.comments_link_limit).unwrap_or_default();
    let mut held = Vec::new();
    if moderation == Moderation::All {
        held.push(Reason::AllHeld);
    }
    if moderation != Moderation::None && facts.links > limit {
        held.push(Reason::Links);
    }
    if moderation == Moderation::FirstTime && !facts.known {
        held.push(Reason::FirstComment);
    }
    let status = if held.is_empty() {
        Status::Approved
    } else {
        Status::Pending
    };
    Verdict::new(status, &held)
}

/// Whether a text has one of the words, which are in lower case. A word is one between other signs than letters and
/// digits: "ass" is not in "class".
fn has_word(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    let within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    words.iter().any(|word| {
        text.match_indices(word.as_str()).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !(within(before) && within(word.chars().next())
                || within(after) && within(word.chars().next_back()))
        })
    })
}

/// Fingerprint of a text without regard to case, blanks and line ends: the same words twice have the same.
pub(super) fn fingerprint(source: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for word in source.to_lowercase().split_whitespace() {
        hash.update(word.as_bytes());
        hash.update(b" ");
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(moderation: Moderation) -> CommentSettings {
        CommentSettings {
            comments_moderation: moderation,
            comments_blocklist: vec!["casino".into(), "buy now".into()],
            ..CommentSettings::default()
        }
    }

    #[test]
    fn the_first_rule_that_ends_with_spam_ends() {
        let settings = settings(Moderation::All);
        let facts = Facts {
            form: Some(Reason::TooFast),
            typed: &["casino"],
            links: 9,
            ..Facts::default()
        };
        assert_eq!(judge(&settings, &facts).reasons, ["too_fast"]);
        let facts = Facts {
            form: None,
            ..facts
        };
        let verdict = judge(&settings, &facts);
        assert_eq!(verdict.status, Status::Spam);
        assert_eq!(
            (verdict.reasons, verdict.score),
            (vec!["blocklist".to_owned()], 80)
        );
    }

    #[test]
    fn each_kind_of_moderation_holds_what_it_says() {
        let judged = |moderation, links, known| {
            let facts = Facts {
                links,
                known,
                ..Facts::default()
            };
            let verdict = judge(&settings(moderation), &facts);
            (verdict.status, verdict.reasons.join(" "))
        };
        use Status::{Approved, Pending};
        for (moderation, links, known, status, reasons) in [
            (Moderation::All, 0, true, Pending, "all_held"),
            (Moderation::All, 3, true, Pending, "all_held links"),
            (Moderation::FirstTime, 0, false, Pending, "first_comment"),
            (
                Moderation::FirstTime,
                3,
                false,
                Pending,
                "links first_comment",
            ),
            (Moderation::FirstTime, 3, true, Pending, "links"),
            (Moderation::FirstTime, 2, true, Approved, ""),
            (Moderation::FlaggedOnly, 2, false, Approved, ""),
            (Moderation::FlaggedOnly, 3, false, Pending, "links"),
            (Moderation::None, 50, false, Approved, ""),
        ] {
            assert_eq!(
                judged(moderation, links, known),
                (status, reasons.to_owned()),
                "{moderation:?} {links} {known}"
            );
        }
    }

    #[test]
    fn whoever_moderates_is_not_judged() {
        let facts = Facts {
            typed: &["casino"],
            links: 50,
            staff: true,
            ..Facts::default()
        };
        assert_eq!(
            judge(&settings(Moderation::All), &facts).status,
            Status::Approved
        );
    }

    #[test]
    fn blocked_words_are_whole_words() {
        let words = [
            "ass".to_owned(),
            "buy now".to_owned(),
            "casino.example".to_owned(),
        ];
        for (text, found) in [
            ("first class", false),
            ("you ASS", true),
            ("ass, he said", true),
            ("Buy  now", false),
            ("buy now!", true),
            ("see https://casino.example/x", true),
            ("", false),
        ] {
            assert_eq!(has_word(text, &words), found, "{text}");
        }
    }

    #[test]
    fn a_fingerprint_ignores_case_and_blanks() {
        assert_eq!(fingerprint("So  nice\n"), fingerprint("so nice"));
        assert_ne!(fingerprint("so nice"), fingerprint("sonice"));
    }
}
