//! Cleaning of text at the door: what people paste holds line ends of three kinds, byte-order marks and characters
//! that no XML document may carry.

use std::borrow::Cow;

use kernel::FieldError;

/// The largest source of one post, in bytes.
pub const MAX_SOURCE: usize = 2 * 1024 * 1024;

/// The largest HTML of one post, in bytes: a few characters of source, such as a footnote mark, can make hundreds.
pub const MAX_HTML: usize = 8 * 1024 * 1024;

/// Why a source is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceError {
    /// Longer than [`MAX_SOURCE`] bytes.
    TooLong,
    /// Renders to more than [`MAX_HTML`] bytes.
    Expands,
    /// Holds U+0000, which PostgreSQL cannot store in text.
    Nul,
}

impl SourceError {
    /// A stable code for field errors.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Expands => "too_complex",
            Self::Nul => "invalid_character",
        }
    }

    /// What to tell the writer.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::TooLong => "The text is longer than 2 MB. Split it into several posts.",
            Self::Expands => {
                "The text makes a page that is too large. Use fewer footnotes and links, or split it."
            }
            Self::Nul => "The text holds a NUL character. Paste it again as plain text.",
        }
    }

    /// The error of the field that holds it.
    #[must_use]
    pub fn on(self, field: &'static str) -> FieldError {
        FieldError::new(field, self.code(), self.message())
    }
}

/// Brings a source to its stored form: no byte-order mark, `\n` as the only line end, nothing outside XML 1.0.
///
/// # Errors
/// [`SourceError`] when the text is too long or holds U+0000.
pub fn normalise(source: &str) -> Result<String, SourceError> {
    if source.len() > MAX_SOURCE {
        return Err(SourceError::TooLong);
    }
    if source.contains('\0') {
        return Err(SourceError::Nul);
    }
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let mut clean = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                clean.push('\n');
            }
            c if is_xml_char(c) => clean.push(c),
            _ => {}
        }
    }
    Ok(clean)
}

/// Whether a character may stand in an XML 1.0 document (the `Char` production).
#[must_use]
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The text without characters that XML 1.0 forbids.
#[must_use]
pub fn strip_non_xml(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_xml_char(*c)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_marks_are_normalised() {
        let cases = [
            ("a\r\nb", "a\nb"),
            ("a\rb", "a\nb"),
            ("a\r\r\nb", "a\n\nb"),
            ("\u{feff}a", "a"),
            ("a\u{feff}b", "a\u{feff}b"),
            ("a\u{8}b\u{b}c\u{ffff}d\u{1b}", "abcd"),
            ("a\tb\n", "a\tb\n"),
            ("\u{1f600}", "\u{1f600}"),
            ("", ""),
        ];
        for (source, expected) in cases {
            assert_eq!(normalise(source).as_deref(), Ok(expected), "{source:?}");
        }
    }

    #[test]
    fn what_cannot_be_stored_is_refused() {
        assert_eq!(normalise("a\0b"), Err(SourceError::Nul));
        assert_eq!(
            normalise(&"x".repeat(MAX_SOURCE + 1)),
            Err(SourceError::TooLong)
        );
        assert!(normalise(&"x".repeat(MAX_SOURCE)).is_ok());
    }

    #[test]
    fn forbidden_characters_are_stripped_and_clean_text_is_borrowed() {
        assert!(matches!(strip_non_xml("plain"), Cow::Borrowed("plain")));
        assert_eq!(strip_non_xml("a\u{0}\u{8}\u{fffe}b"), "ab");
    }
}
