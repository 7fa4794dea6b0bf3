//! The words of a post: plain text from its clean HTML, an excerpt, and how long it takes to read.

use unicode_segmentation::UnicodeSegmentation;

use super::html::{Token, attributes, push_decoded, tokens};

/// Words of an excerpt at most.
const EXCERPT_WORDS: usize = 55;
/// Characters of an excerpt at most, the ellipsis included.
const EXCERPT_CHARS: usize = 300;
/// Words an adult reads in a minute.
const WORDS_PER_MINUTE: usize = 265;
/// Han, kana and hangul characters an adult reads in a minute.
const CJK_PER_MINUTE: usize = 500;

/// How much there is to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Length {
    /// Words separated by spaces.
    pub words: usize,
    /// Han, kana and hangul characters, each of which counts as a word of its own.
    pub cjk: usize,
}

impl Length {
    /// Counts a plain text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut length = Self::default();
        for chunk in text.split_whitespace() {
            let mut word = false;
            for c in chunk.chars() {
                if is_cjk(c) {
                    length.cjk += 1;
                } else {
                    word |= c.is_alphanumeric();
                }
            }
            length.words += usize::from(word);
        }
        length
    }

    /// Words and characters together, as word processors count.
    #[must_use]
    pub fn total(self) -> usize {
        self.words + self.cjk
    }

    /// Minutes to read it, at least one.
    #[must_use]
    pub fn minutes(self) -> usize {
        let parts = self.words * CJK_PER_MINUTE + self.cjk * WORDS_PER_MINUTE;
        parts.div_ceil(WORDS_PER_MINUTE * CJK_PER_MINUTE).max(1)
    }
}

pub(super) fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3134f}')
}

/// The text a reader sees, one line for each block. Takes the sanitiser's output; footnote marks are left out.
#[must_use]
pub fn plaintext(html: &str) -> String {
    lines(html, |_, attributes| is_footnote_mark(attributes))
}

/// As [`plaintext`], without headings: these would run into the sentences after them. A text of headings alone keeps
/// them.
#[must_use]
pub fn prose(html: &str) -> String {
    let prose = lines(html, |name, attributes| {
        is_heading(name) || is_footnote_mark(attributes) || is_alert_title(attributes)
    });
    if prose.is_empty() {
        plaintext(html)
    } else {
        prose
    }
}

/// The lines of text, without the elements that `skipped` names by their name and attributes.
fn lines(html: &str, skipped: impl Fn(&str, &str) -> bool) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut line = String::new();
    // The element whose text is left out, while inside of it.
    let mut muted: Option<String> = None;
    for token in tokens(html) {
        match token {
            Token::Text(text) if muted.is_none() => push_decoded(&mut line, text),
            Token::Text(_) => {}
            Token::Start {
                name,
                attributes: raw,
            } => {
                if muted.is_none() && is_boundary(&name) {
                    end_line(&mut out, &mut line);
                }
                if muted.is_none() && skipped(&name, raw) {
                    muted = Some(name);
                }
            }
            Token::End(name) => {
                if muted.as_ref() == Some(&name) {
                    muted = None;
                } else if is_boundary(&name) {
                    end_line(&mut out, &mut line);
                }
            }
        }
    }
    end_line(&mut out, &mut line);
    out
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_footnote_mark(raw: &str) -> bool {
    has_class(raw, &["footnote-ref", "footnote-backref"])
}

fn is_alert_title(raw: &str) -> bool {
    has_class(raw, &["markdown-alert-title"])
}

fn has_class(raw: &str, classes: &[&str]) -> bool {
    attributes(raw).any(|(name, value)| name == "class" && classes.contains(&value))
}

/// Elements that end a line of text.
fn is_boundary(name: &str) -> bool {
    matches!(
        name,
        "blockquote"
            | "br"
            | "caption"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "li"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "td"
            | "th"
            | "tr"
            | "ul"
    )
}

fn end_line(out: &mut String, line: &mut String) {
    let mut words = line.split_whitespace();
    if let Some(first) = words.next() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(first);
        for word in words {
            out.push(' ');
            out.push_str(word);
        }
    }
    line.clear();
}

/// A text of at most `limit` characters, in one line, closed with an ellipsis when something is left out.
#[must_use]
pub fn shortened(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let mut kept = String::new();
    let mut room = limit.saturating_sub(1);
    for grapheme in line.graphemes(true) {
        let size = grapheme.chars().count();
        if size > room {
            break;
        }
        room -= size;
        kept.push_str(grapheme);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// The first words of a text in one line, cut at a word and closed with an ellipsis when something is left out.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut words = text.split_whitespace().peekable();
    for number in 0..EXCERPT_WORDS {
        let Some(word) = words.peek().copied() else {
            return out;
        };
        let separator = usize::from(number > 0);
        let length = word.chars().take(EXCERPT_CHARS + 1).count();
        let is_last = words.clone().nth(1).is_none();
        // Room for the ellipsis is needed unless this word ends the text.
        let limit = if is_last {
            EXCERPT_CHARS
        } else {
            EXCERPT_CHARS - 1
        };
        if chars + separator + length > limit {
            if chars == 0 {
                // Languages without spaces: one "word" is the whole text, so cut between characters as people see them.
                let mut room = EXCERPT_CHARS - 1;
                for grapheme in word.graphemes(true) {
                    let size = grapheme.chars().count();
                    if size > room {
                        break;
                    }
                    room -= size;
                    out.push_str(grapheme);
                }
            }
            break;
        }
        if separator == 1 {
            out.push(' ');
        }
        out.push_str(word);
        chars += separator + length;
        words.next();
    }
    if words.peek().is_some() {
        let end = out.trim_end_matches([',', ';', ':', ' ']).len();
        out.truncate(end);
        out.push('\u{2026}');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_has_a_line_for_each_block_and_no_markup() {
        let cases = [
            ("<p>a <b>b</b>c</p><p>d</p>", "a bc\nd"),
            ("<ul><li>x</li><li>y &amp; z</li></ul>", "x\ny & z"),
            ("a<br>b", "a\nb"),
            (
                "<p>note<sup class=\"footnote-ref\"><a href=\"#x\">1</a></sup>.</p>",
                "note.",
            ),
            ("<table><tr><td>1</td><td>2</td></tr></table>", "1\n2"),
            ("<p>&lt;script&gt;</p>", "<script>"),
            ("", ""),
        ];
        for (html, expected) in cases {
            assert_eq!(plaintext(html), expected, "{html}");
        }
    }

    #[test]
    fn prose_leaves_headings_out_unless_there_is_nothing_else() {
        let cases = [
            (
                "<h2>Light</h2><p>It came late.</p><h3>Then</h3><p>It went.</p>",
                "It came late.\nIt went.",
            ),
            ("<h2>Light</h2><h3>And shade</h3>", "Light\nAnd shade"),
            (
                "<p>Before</p><h2>A <em>word</em></h2><ul><li>after</li></ul>",
                "Before\nafter",
            ),
            (
                "<div class=\"markdown-alert markdown-alert-note\"><p class=\"markdown-alert-title\">Note</p><p>Mind it.</p></div>",
                "Mind it.",
            ),
            ("text <h2>Light</h2> more", "text\nmore"),
        ];
        for (html, expected) in cases {
            assert_eq!(prose(html), expected, "{html}");
        }
    }

    #[test]
    fn a_short_form_is_one_line_that_ends_in_an_ellipsis() {
        assert_eq!(shortened(" two\nwords ", 9), "two words");
        assert_eq!(shortened("two words", 8), "two wor\u{2026}");
        assert_eq!(shortened("two words", 5), "two\u{2026}");
        assert_eq!(shortened("e\u{301}e\u{301}e\u{301}", 4), "e\u{301}\u{2026}");
    }

    #[test]
    fn reading_time_rounds_up_and_is_at_least_a_minute() {
        let cases = [
            (0, 0, 1),
            (1, 0, 1),
            (265, 0, 1),
            (266, 0, 2),
            (0, 500, 1),
            (0, 501, 2),
            (265, 500, 2),
            (2650, 0, 10),
        ];
        for (words, cjk, minutes) in cases {
            assert_eq!(
                Length { words, cjk }.minutes(),
                minutes,
                "{words} words, {cjk} characters"
            );
        }
    }

    #[test]
    fn words_and_characters_are_counted() {
        assert_eq!(Length::of("one two - three"), Length { words: 3, cjk: 0 });
        assert_eq!(
            Length::of("\u{65e5}\u{672c}\u{8a9e}"),
            Length { words: 0, cjk: 3 }
        );
        assert_eq!(
            Length::of("Rust\u{3067}\u{66f8}\u{304f} x"),
            Length { words: 2, cjk: 3 }
        );
        assert_eq!(Length::of("\u{ac00} caf\u{e9}").total(), 2);
    }

    #[test]
    fn excerpts_stop_at_words() {
        assert_eq!(excerpt("short\ntext"), "short text");
        let many = "word ".repeat(80);
        assert_eq!(excerpt(&many).split(' ').count(), 55);
        assert!(excerpt(&many).ends_with("word\u{2026}"));
        let long = "abcdefghij ".repeat(40);
        assert_eq!(
            excerpt(&long),
            format!("{}\u{2026}", ["abcdefghij"; 27].join(" "))
        );
        assert_eq!(excerpt(&"\u{65e5}".repeat(400)).chars().count(), 300);
        assert_eq!(excerpt(&"x".repeat(300)), "x".repeat(300));
        assert_eq!(excerpt(""), "");
    }

    proptest! {
        #[test]
        fn an_excerpt_is_short_and_begins_the_text(text in "[a-z\u{65e5}\u{301} ,\n]{0,600}") {
            let cut = excerpt(&text);
            prop_assert!(cut.chars().count() <= 300);
            prop_assert!(cut.split(' ').count() <= 55);
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let kept = cut.trim_end_matches('\u{2026}');
            prop_assert!(flat.starts_with(kept));
        }
    }
}
