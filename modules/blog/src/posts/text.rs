//! What a post says: the part that versions keep, its rules, and what is derived from it.

use files::Pictures;
use kernel::{Fields, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;
use utoipa::ToSchema;

use crate::content::{self, Rendered, input::strip_non_xml};

/// Longest title, in characters as people count them.
pub const MAX_TITLE: usize = 255;
/// Longest excerpt written by hand.
pub const MAX_EXCERPT: usize = 300;

/// What search engines and previews show instead of title and excerpt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Seo {
    /// Title for search results, at most 300 characters; empty: the post's.
    pub title: String,
    /// Description for search results, at most 500 characters; empty: the excerpt.
    pub description: String,
    /// Where the text was published first, as an absolute address; empty: here.
    pub canonical_url: String,
    /// Whether search engines are asked to leave the post out.
    pub noindex: bool,
}

/// What a post says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Title. A draft may do without; nothing goes live without.
    pub title: String,
    /// Markdown source.
    pub content: String,
    /// Excerpt written by hand; `None`: the beginning of the text.
    pub excerpt: Option<String>,
    /// For search engines.
    pub seo: Seo,
}

/// A text that keeps the rules, with what is derived from it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The text as it is stored.
    pub text: Text,
    /// What readers see of the content.
    pub rendered: Rendered,
    /// Fingerprint of the text: equal texts have equal ones.
    pub sha256: [u8; 32],
}

impl Text {
    /// Cleans the text, holds it against the rules and renders it, with those of its pictures that are given.
    ///
    /// # Errors
    /// Every broken rule at once, for the fields `title`, `content`, `excerpt`, `seo.title`,
    /// `seo.description` and `seo.canonical_url`.
    pub fn prepare(self, pictures: &Pictures) -> Result<Prepared> {
        let mut fields = Fields::default();
        let line = |text: &str| one_line(text);
        let title = line(&self.title);
        let excerpt = self
            .excerpt
            .as_deref()
            .map(line)
            .filter(|text| !text.is_empty());
        let seo = Seo {
            title: line(&self.seo.title),
            description: line(&self.seo.description),
            canonical_url: line(&self.seo.canonical_url),
            noindex: self.seo.noindex,
        };
        fields
            .check(
                length(&title) <= MAX_TITLE,
                "title",
                "too_long",
                "Use at most 255 characters.",
            )
            .check(
                excerpt
                    .as_deref()
                    .is_none_or(|text| length(text) <= MAX_EXCERPT),
                "excerpt",
                "too_long",
                "Use at most 300 characters.",
            )
            .check(
                length(&seo.title) <= 300,
                "seo.title",
                "too_long",
                "Use at most 300 characters.",
            )
            .check(
                length(&seo.description) <= 500,
                "seo.description",
                "too_long",
                "Use at most 500 characters.",
            )
            .check(
                seo.canonical_url.is_empty() || is_web_address(&seo.canonical_url),
                "seo.canonical_url",
                "invalid",
                "Enter a whole address that begins with https://",
            );
        let rendered = fields.take(
            content::render_with(&self.content, pictures).map_err(|error| error.on("content")),
        );
        fields.finish()?;
        // `finish` has failed already when there is nothing rendered.
        let rendered = rendered.ok_or_else(|| kernel::Error::internal("rendered nothing"))?;
        let text = Self {
            title,
            content: rendered.source.clone(),
            excerpt,
            seo,
        };
        let sha256 = text.fingerprint()?;
        Ok(Prepared {
            text,
            rendered,
            sha256,
        })
    }

    fn fingerprint(&self) -> Result<[u8; 32]> {
        Ok(Sha256::digest(serde_json::to_vec(self)?).into())
    }
}

/// Text of one line: without characters that feeds cannot carry, with blanks for line ends.
pub(crate) fn one_line(text: &str) -> String {
    let clean = strip_non_xml(text);
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text of several lines: without characters that feeds cannot carry, with `\n` as the only line end.
pub(crate) fn clean_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    strip_non_xml(&text).trim().to_owned()
}

/// Characters as people count them.
pub(crate) fn length(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Whether it is an absolute address on the web.
pub(crate) fn is_web_address(text: &str) -> bool {
    text.len() <= 2000
        && ammonia::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(title: &str, content: &str) -> Text {
        Text {
            title: title.into(),
            content: content.into(),
            ..Text::default()
        }
    }

    #[test]
    fn texts_are_cleaned_before_they_are_compared() {
        let one = text(" A  title\u{8}\n", "line\r\nline")
            .prepare(&Pictures::new())
            .unwrap();
        let two = text("A title", "line\nline")
            .prepare(&Pictures::new())
            .unwrap();
        assert_eq!(one.text, two.text);
        assert_eq!(one.sha256, two.sha256);
        assert_ne!(
            one.sha256,
            text("A title", "line")
                .prepare(&Pictures::new())
                .unwrap()
                .sha256
        );
    }

    #[test]
    fn an_empty_excerpt_is_none() {
        let mut blank = text("A", "b");
        blank.excerpt = Some("  ".into());
        assert_eq!(blank.prepare(&Pictures::new()).unwrap().text.excerpt, None);
    }

    #[test]
    fn all_broken_rules_are_told() {
        let bad = Text {
            title: "x".repeat(256),
            content: "a\0b".into(),
            excerpt: Some("x".repeat(301)),
            seo: Seo {
                title: "x".repeat(301),
                description: "x".repeat(501),
                canonical_url: "javascript:alert(1)".into(),
                noindex: false,
            },
        };
        let error = bad.prepare(&Pictures::new()).unwrap_err();
        let fields: Vec<_> = error
            .field_errors()
            .iter()
            .map(|error| error.field.as_ref())
            .collect();
        assert_eq!(
            fields,
            [
                "title",
                "excerpt",
                "seo.title",
                "seo.description",
                "seo.canonical_url",
                "content"
            ]
        );
    }

    #[test]
    fn empty_texts_are_fine_for_drafts() {
        let empty = text("", "").prepare(&Pictures::new()).unwrap();
        assert_eq!(empty.rendered.html, "");
        assert_eq!(empty.rendered.reading_minutes, 1);
    }
}
