//! The pure part of the blog: text in, text out. No database, no HTTP, no clock.
//!
//! A post's source is Markdown with raw HTML allowed. [`render`] makes what is stored beside it. The order is fixed:
//! clean the characters ([`input`]), Markdown to HTML ([`markdown`]), make it well nested ([`tidy`]), complete pictures
//! of the library ([`images`]), and only then sanitise ([`sanitize`]), because Markdown can turn harmless-looking source into markup. Each step is linear in its
//! input. Stored HTML carries [`RENDERER_VERSION`]; when a step changes what it makes, raise it and render again.

pub mod comment;
pub mod diff;
pub mod feed;
pub mod filter;
mod filter_field;
mod filter_parse;
mod html;
mod images;
pub mod input;
mod markdown;
pub mod redirect;
pub mod sanitize;
pub mod schedule;
pub mod seo;
pub mod sitemap;
pub mod slug;
pub mod snippet;
pub mod text;
pub mod tidy;
pub mod wanted;
pub mod words;
mod xml;

use files::Pictures;

pub use self::input::SourceError;
pub use self::tidy::Heading;

/// Raised whenever the same source would give other HTML. Posts rendered by an older version are rendered again.
pub const RENDERER_VERSION: i32 = 2;

/// Everything derived from a post's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The source as it is to be stored: `\n` line ends, no byte-order mark, XML characters only.
    pub source: String,
    /// Sanitised HTML, safe to send as it is.
    pub html: String,
    /// What a reader sees, one line for each block.
    pub plaintext: String,
    /// The first 55 words below headings, at most 300 characters.
    pub excerpt: String,
    /// Words, with each Chinese, Japanese or Korean character as one.
    pub word_count: i32,
    /// Minutes to read it, at least one.
    pub reading_minutes: i32,
    /// Headings of levels 2 to 4.
    pub toc: Vec<Heading>,
}

/// Renders a post's Markdown source that names no pictures of the library.
///
/// # Errors
/// As [`render_with`].
pub fn render(source: &str) -> Result<Rendered, SourceError> {
    render_with(source, &Pictures::new())
}

/// Renders a post's Markdown source. Those of its pictures that are among `pictures` come in every size they have.
///
/// # Errors
/// [`SourceError`] when the source or its HTML is too long, or when it holds U+0000.
pub fn render_with(source: &str, pictures: &Pictures) -> Result<Rendered, SourceError> {
    let source = input::normalise(source)?;
    let tidied = tidy::tidy(&markdown::to_html(&source));
    let framed = images::complete(&tidied.html, pictures);
    if framed.len() > input::MAX_HTML {
        return Err(SourceError::Expands);
    }
    // Numeric entities can smuggle characters past the first cleaning, so the result is cleaned again.
    let html = input::strip_non_xml(&sanitize::post(&framed)).into_owned();
    let plaintext = text::plaintext(&html);
    let length = text::Length::of(&plaintext);
    Ok(Rendered {
        excerpt: text::excerpt(&text::prose(&html)),
        word_count: i32::try_from(length.total()).unwrap_or(i32::MAX),
        reading_minutes: i32::try_from(length.minutes()).unwrap_or(i32::MAX),
        toc: tidied.toc,
        source,
        html,
        plaintext,
    })
}

#[cfg(test)]
mod tests;
