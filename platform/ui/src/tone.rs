//! Meaning carried by colour; always beside a word.

/// What a badge, banner or hint means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// No judgement: drafts, archived, cancelled.
    #[default]
    Neutral,
    /// Good: active, paid, published.
    Ok,
    /// Needs attention soon: due, nearly full.
    Warn,
    /// Wrong: failed, overdue, spam.
    Bad,
    /// Worth knowing: scheduled, trial.
    Info,
    /// Belongs to the tenant: chosen, featured.
    Brand,
}

impl Tone {
    /// The class in `kit.css`.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Brand => "brand",
        }
    }
}
