//! Markdown to HTML: GitHub's flavour with footnotes. Raw HTML passes through; tidying and sanitising follow.

use comrak::{Options, markdown_to_html};

/// Block quotes and list items that one line may open. Every following line walks through all that are open.
const MAX_OPENERS: usize = 64;
/// Columns of indentation kept; two columns are one more level of a list.
const MAX_INDENT: usize = 200;
/// Empty lines kept in a row; each walks through all open lists.
const MAX_BLANK_LINES: usize = 50;

/// Renders a normalised source. The result is not sanitised.
#[must_use]
pub fn to_html(source: &str) -> String {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.strikethrough = true;
    extension.table = true;
    extension.autolink = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.alerts = true;
    options.render.r#unsafe = true;
    options.render.tasklist_classes = true;
    markdown_to_html(&bounded(source), &options)
}

/// Renders a normalised comment: raw HTML is shown as it was typed, a line end is one. The result is not sanitised.
#[must_use]
pub fn comment_to_html(source: &str) -> String {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.render.escape = true;
    options.render.hardbreaks = true;
    markdown_to_html(&bounded(source), &options)
}

/// The source with nesting that no writer means cut back, so that the parser's work stays proportional to its input.
fn bounded(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut blank_lines = 0;
    for line in source.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        if content.trim_end().is_empty() {
            blank_lines += 1;
            if blank_lines <= MAX_BLANK_LINES {
                out.push('\n');
            }
            continue;
        }
        blank_lines = 0;
        let indent = &line[..line.len() - content.len()];
        let columns = indent
            .bytes()
            .map(|byte| if byte == b'\t' { 4 } else { 1 })
            .sum::<usize>();
        if columns <= MAX_INDENT {
            out.push_str(indent);
        } else {
            out.extend(std::iter::repeat_n(' ', MAX_INDENT));
        }
        match opener_after(content, MAX_OPENERS) {
            Some(at) => {
                out.push_str(&content[..at]);
                out.push('\\');
                out.push_str(&content[at..]);
            }
            None => out.push_str(content),
        }
    }
    out
}

/// Where the marker after `limit` container markers stands at the start of a line, if there are that many.
fn opener_after(line: &str, limit: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let blank = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    let (mut at, mut seen) = (0, 0);
    loop {
        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let digits = bytes[at..]
            .iter()
            .take(10)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let length = match bytes.get(at)? {
            b'>' => 1,
            b'-' | b'+' | b'*' if blank(at + 1) => 1,
            b'0'..=b'9'
                if matches!(bytes.get(at + digits), Some(b'.' | b')'))
                    && blank(at + digits + 1) =>
            {
                digits + 1
            }
            _ => return None,
        };
        if seen == limit {
            // A backslash turns the last character of the marker into text.
            return Some(at + length - 1);
        }
        seen += 1;
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sources_are_left_alone() {
        let source =
            "# A\n\n- one\n  - two\n\n> quote\n>> deeper\n\n```\n    code\n```\n1. x\n---\n* * *\n";
        assert_eq!(bounded(source), source);
    }

    #[test]
    fn absurd_nesting_is_cut_back() {
        let quotes = format!("{}x", ">".repeat(5000));
        assert_eq!(
            to_html(&quotes).matches("<blockquote>").count(),
            MAX_OPENERS
        );
        let lists = format!("{}x", "- ".repeat(5000));
        assert_eq!(to_html(&lists).matches("<ul>").count(), MAX_OPENERS);
        let numbers = format!("{}x", "1. ".repeat(5000));
        assert_eq!(to_html(&numbers).matches("<ol>").count(), MAX_OPENERS);
        let indented = bounded(&format!("{}x", " ".repeat(5000)));
        assert_eq!(indented.len(), MAX_INDENT + 1);
        assert_eq!(bounded(&"\n".repeat(5000)).len(), MAX_BLANK_LINES);
    }
}
