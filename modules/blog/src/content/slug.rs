//! The last part of a post's address, made from its title.
//!
//! Slugs are data: once stored they never change because a library learnt a better transliteration. Only new titles
//! meet the current rules.

use deunicode::deunicode_char;
use kernel::FieldError;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The longest slug in bytes, counted before percent-encoding.
pub const MAX_BYTES: usize = 191;

/// First path segments of the public site and of the hosts around it. A post may not hide them.
const RESERVED: [&str; 34] = [
    "_a", "_t", "admin", "api", "app", "archive", "assets", "atom", "author", "authors", "blog",
    "comments", "feed", "ghost", "health", "hooks", "llms", "login", "logout", "media", "members",
    "new", "page", "pages", "portal", "preview", "robots", "rss", "search", "series", "signup",
    "sitemap", "tag", "tags",
];

/// Which letters a slug keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SlugMode {
    /// ASCII only: `Über uns` gives `uber-uns`. Chinese readings are used for Japanese, and Arabic loses its vowels.
    #[default]
    Transliterate,
    /// Letters and digits of every script, in lower case.
    Unicode,
}

/// Why a slug that someone typed is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlugError {
    /// Fewer than two characters.
    TooShort,
    /// More than [`MAX_BYTES`] bytes.
    TooLong,
    /// Something else than lower-case letters and digits joined by single hyphens.
    Characters,
    /// A word the site needs for itself.
    Reserved,
}

impl SlugError {
    /// A stable code for field errors.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Characters => "invalid_characters",
            Self::Reserved => "reserved",
        }
    }

    /// What to tell the writer.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::TooShort => "Use at least two characters.",
            Self::TooLong => "Use at most 191 characters.",
            Self::Characters => "Use lower-case letters, digits and single hyphens between words.",
            Self::Reserved => "The site needs this address for itself. Add another word.",
        }
    }

    /// The error of the field that holds it.
    #[must_use]
    pub fn on(self, field: &'static str) -> FieldError {
        FieldError::new(field, self.code(), self.message())
    }
}

/// Makes a valid slug from any title.
///
/// Words are joined by hyphens and cut at [`MAX_BYTES`] bytes, between words where possible. A title without letters
/// gives `post`, one of a single character `post-x`, and a reserved word gets `-post` behind it.
#[must_use]
pub fn slugify(title: &str, mode: SlugMode) -> String {
    let slug = cut(&hyphenated(title, mode), MAX_BYTES).to_owned();
    match slug.chars().count() {
        0 => "post".into(),
        1 => format!("post-{slug}"),
        _ if is_reserved(&slug) => format!("{slug}-post"),
        _ => slug,
    }
}

/// The `n`th try for a slug that is taken: `base-2`, `base-3`, within [`MAX_BYTES`]. `n` starts at 2.
#[must_use]
pub fn next_candidate(base: &str, n: u32) -> String {
    let suffix = format!("-{n}");
    let room = MAX_BYTES.saturating_sub(suffix.len());
    format!("{}{suffix}", cut(base, room))
}

/// Brings a slug that came from outside to the one form that slugs have: letters and their accents composed (NFC), as
/// keyboards and file systems write them in several ways.
#[must_use]
pub fn normalise(slug: &str) -> String {
    slug.nfc().collect()
}

/// Judges a slug that someone typed or an API client sent.
///
/// # Errors
/// [`SlugError`] says which rule it breaks.
pub fn validate(slug: &str) -> Result<(), SlugError> {
    if slug.len() > MAX_BYTES {
        return Err(SlugError::TooLong);
    }
    if slug.chars().nth(1).is_none() {
        return Err(SlugError::TooShort);
    }
    if is_reserved(slug) {
        return Err(SlugError::Reserved);
    }
    if hyphenated(slug, SlugMode::Unicode) != slug {
        return Err(SlugError::Characters);
    }
    Ok(())
}

fn is_reserved(slug: &str) -> bool {
    RESERVED.contains(&slug)
}

fn hyphenated(title: &str, mode: SlugMode) -> String {
    let mut slug = String::with_capacity(title.len());
    let mut gap = false;
    for c in title.nfc() {
        let mark = is_mark(c);
        let opens = gap || slug.is_empty();
        if c.is_alphanumeric() && !(mark && opens) {
            let part = match mode {
                SlugMode::Transliterate => reading(c),
                SlugMode::Unicode => c.to_lowercase().collect(),
            };
            // A reading that ends in a space separates the syllables of a script without spaces.
            let text = part.trim_end();
            if text.is_empty() {
                gap = true;
                continue;
            }
            if gap && !slug.is_empty() {
                slug.push('-');
            }
            slug.push_str(&text.replace(' ', "-"));
            gap = text.len() != part.len();
        } else if mark {
            // Vowel signs and accents belong to the letter before; joiners and selectors only steer how it is drawn.
            let drawing = matches!(c, '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}');
            if mode == SlugMode::Unicode && !opens && !drawing {
                slug.push(c);
            }
        } else {
            // Apostrophes stand within a word; symbols and emoji separate words and are never spelt out.
            gap |= !matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '\u{ad}' | '\u{200b}');
        }
    }
    slug
}

/// Whether a character attaches to the one before, as accents and vowel signs do. It may not follow a hyphen.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && ['a', c].iter().collect::<String>().graphemes(true).count() == 1
}

/// ASCII letters and digits for a character; spaces separate syllables.
fn reading(c: char) -> String {
    let mut out = String::new();
    for byte in deunicode_char(c).unwrap_or_default().bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte.to_ascii_lowercase()));
        } else if byte == b' ' && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

/// The longest head of a slug within `limit` bytes, ending at a word unless the first word is longer.
fn cut(slug: &str, limit: usize) -> &str {
    if slug.len() <= limit {
        return slug;
    }
    let end = slug
        .grapheme_indices(true)
        .map(|(at, grapheme)| at + grapheme.len())
        .take_while(|end| *end <= limit)
        .last()
        .unwrap_or(0);
    let head = &slug[..end];
    if slug[end..].starts_with('-') {
        return head;
    }
    head.rfind('-').map_or(head, |at| &head[..at])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_become_slugs() {
        use SlugMode::{Transliterate, Unicode};
        let cases = [
            ("Hello, World!", Transliterate, "hello-world"),
            ("  A  --  b  ", Transliterate, "a-b"),
            (
                "Don\u{2019}t panic: it's 100% fine",
                Transliterate,
                "dont-panic-its-100-fine",
            ),
            (
                "\u{dc}ber uns \u{2013} Stra\u{df}e & Caf\u{e9}",
                Transliterate,
                "uber-uns-strasse-cafe",
            ),
            ("Cafe\u{301}", Transliterate, "cafe"),
            ("\u{1f600} Smile \u{1f600}", Transliterate, "smile"),
            (
                "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{43c}\u{438}\u{440}",
                Transliterate,
                "privet-mir",
            ),
            ("\u{65e5}\u{672c}\u{8a9e}", Transliterate, "ri-ben-yu"),
            (
                "\u{65e5}\u{672c}\u{8a9e} Blog",
                Unicode,
                "\u{65e5}\u{672c}\u{8a9e}-blog",
            ),
            ("\u{dc}ber Stra\u{df}e", Unicode, "\u{fc}ber-stra\u{df}e"),
            (
                "\u{d4e}! \u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
                Unicode,
                "\u{d4e}-\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
            ),
            ("a \u{11357}b", Unicode, "a-b"),
            ("C++ / C#", Transliterate, "c-c"),
            ("x", Transliterate, "post-x"),
            ("\u{65e5}", Unicode, "post-\u{65e5}"),
            ("", Transliterate, "post"),
            ("!!! \u{1f600}", Transliterate, "post"),
            ("Feed", Transliterate, "feed-post"),
            ("Tag", Unicode, "tag-post"),
            ("p", Transliterate, "post-p"),
            ("../../etc/passwd", Transliterate, "etc-passwd"),
            ("a\u{0}b\nc", Transliterate, "a-b-c"),
        ];
        for (title, mode, expected) in cases {
            assert_eq!(slugify(title, mode), expected, "{title:?}");
        }
    }

    #[test]
    fn long_titles_are_cut_between_words() {
        let slug = slugify(&"word ".repeat(100), SlugMode::Transliterate);
        assert_eq!(slug.len(), 189);
        assert!(slug.ends_with("-word"));
        assert_eq!(
            slugify(&"x".repeat(500), SlugMode::Transliterate).len(),
            MAX_BYTES
        );
        assert_eq!(
            slugify(&"\u{65e5}".repeat(100), SlugMode::Unicode).len(),
            189
        );
        let fits = format!("{} tail", "x".repeat(186));
        assert_eq!(slugify(&fits, SlugMode::Transliterate).len(), MAX_BYTES);
    }

    #[test]
    fn a_letter_and_its_accent_are_one_however_they_came() {
        assert_eq!(
            slugify("U\u{308}ber Stra\u{df}e", SlugMode::Unicode),
            "\u{fc}ber-stra\u{df}e"
        );
        assert_eq!(normalise("u\u{308}ber"), "\u{fc}ber");
        assert_eq!(validate(&normalise("u\u{308}ber")), Ok(()));
    }

    #[test]
    fn candidates_stay_within_the_limit() {
        assert_eq!(next_candidate("hello", 2), "hello-2");
        assert_eq!(next_candidate("hello", 10), "hello-10");
        let long = slugify(&"x".repeat(500), SlugMode::Transliterate);
        assert_eq!(next_candidate(&long, 12), format!("{}-12", "x".repeat(188)));
        assert_eq!(validate(&next_candidate(&long, u32::MAX)), Ok(()));
    }

    #[test]
    fn typed_slugs_are_judged() {
        let long = "x".repeat(192);
        let cases = [
            ("hello-world", Ok(())),
            ("\u{fc}ber", Ok(())),
            ("u\u{308}ber", Err(SlugError::Characters)),
            ("42", Ok(())),
            ("", Err(SlugError::TooShort)),
            ("a", Err(SlugError::TooShort)),
            (long.as_str(), Err(SlugError::TooLong)),
            ("Hello", Err(SlugError::Characters)),
            ("a b", Err(SlugError::Characters)),
            ("a--b", Err(SlugError::Characters)),
            ("-ab", Err(SlugError::Characters)),
            ("ab-", Err(SlugError::Characters)),
            ("a/b", Err(SlugError::Characters)),
            ("a.xml", Err(SlugError::Characters)),
            ("hello__trashed-1", Err(SlugError::Characters)),
            ("feed", Err(SlugError::Reserved)),
        ];
        for (slug, expected) in cases {
            assert_eq!(validate(slug), expected, "{slug}");
        }
        assert!(RESERVED.is_sorted());
    }

    proptest! {
        #[test]
        fn every_title_gives_a_valid_slug(title in "\\PC{0,300}", unicode: bool, n in 2_u32..1000) {
            let mode = if unicode { SlugMode::Unicode } else { SlugMode::Transliterate };
            let slug = slugify(&title, mode);
            prop_assert_eq!(validate(&slug), Ok(()), "{}", &slug);
            prop_assert_eq!(&slugify(&slug, SlugMode::Unicode), &slug);
            let next = next_candidate(&slug, n);
            prop_assert_eq!(validate(&next), Ok(()), "{}", next);
            prop_assert_ne!(next, next_candidate(&slug, n + 1));
        }
    }
}
