//! What changed between two versions of a post's source, word by word, for a page that shows it.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// Words and gaps of both sides together up to which words are compared; beyond it whole lines are.
const MAX_WORDS: usize = 60_000;
/// Lines of both sides together up to which lines are compared; beyond it the text counts as replaced.
const MAX_LINES: usize = 60_000;

/// What happened to a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// In both versions.
    Equal,
    /// Only in the newer version.
    Insert,
    /// Only in the older version.
    Delete,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// What happened to it.
    pub change: Change,
    /// The text, without line ends.
    pub text: String,
}

/// A line of both versions merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its pieces in order; none for an empty line.
    pub spans: Vec<Span>,
    /// What happened to the line's end: an empty line can be new, too.
    pub end: Change,
}

impl Line {
    /// Whether nothing changed in it.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.end == Change::Equal && self.spans.iter().all(|span| span.change == Change::Equal)
    }
}

/// How closely two texts were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Word by word.
    Words,
    /// Line by line, because the texts are long.
    Lines,
    /// Not at all: the texts are too long, and the older counts as replaced by the newer.
    Whole,
}

/// Two versions merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The merged text.
    pub lines: Vec<Line>,
    /// Words only in the newer version.
    pub inserted_words: usize,
    /// Words only in the older version.
    pub deleted_words: usize,
    /// How closely they were compared.
    pub precision: Precision,
}

/// A stretch of lines to show, with what is left out before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// Unchanged lines left out since the hunk before.
    pub skipped: usize,
    /// Changed lines with their surroundings; empty for the rest of the text after the last change.
    pub lines: &'a [Line],
}

impl Diff {
    /// Whether both versions are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(Line::is_equal)
    }

    /// The changed lines with `context` unchanged lines around them; long unchanged stretches are left out.
    #[must_use]
    pub fn hunks(&self, context: usize) -> Vec<Hunk<'_>> {
        let mut hunks: Vec<(usize, usize)> = Vec::new();
        for (at, _) in self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.is_equal())
        {
            let (start, end) = (
                at.saturating_sub(context),
                (at + context + 1).min(self.lines.len()),
            );
            match hunks.last_mut() {
                Some(last) if start <= last.1 => last.1 = end,
                _ => hunks.push((start, end)),
            }
        }
        let mut shown = 0;
        let mut list: Vec<_> = hunks
            .into_iter()
            .map(|(start, end)| {
                let hunk = Hunk {
                    skipped: start - shown,
                    lines: &self.lines[start..end],
                };
                shown = end;
                hunk
            })
            .collect();
        if shown < self.lines.len() {
            list.push(Hunk {
                skipped: self.lines.len() - shown,
                lines: &[],
            });
        }
        list
    }
}

/// Compares two sources.
#[must_use]
pub fn diff(old: &str, new: &str) -> Diff {
    let words = |text: &str| 2 * text.split_whitespace().count() + 1;
    let lines = |text: &str| text.lines().count();
    let mut merged = Merged::default();
    let precision = if words(old) + words(new) <= MAX_WORDS {
        merged.extend(&TextDiff::from_words(old, new));
        Precision::Words
    } else if lines(old) + lines(new) <= MAX_LINES {
        merged.extend(&TextDiff::from_lines(old, new));
        Precision::Lines
    } else {
        if old == new {
            merged.push(Change::Equal, new);
        } else {
            merged.push(Change::Delete, old);
            merged.push(Change::Insert, new);
        }
        Precision::Whole
    };
    merged.finish(precision)
}

#[derive(Default)]
struct Merged {
    lines: Vec<Line>,
    spans: Vec<Span>,
    inserted: usize,
    deleted: usize,
}

impl Merged {
    fn extend(&mut self, diff: &TextDiff<'_, '_, str>) {
        for change in diff.iter_all_changes() {
            let kind = match change.tag() {
                ChangeTag::Equal => Change::Equal,
                ChangeTag::Insert => Change::Insert,
                ChangeTag::Delete => Change::Delete,
            };
            self.push(kind, change.value());
        }
    }

    fn push(&mut self, change: Change, text: &str) {
        match change {
            Change::Equal => {}
            Change::Insert => self.inserted += text.split_whitespace().count(),
            Change::Delete => self.deleted += text.split_whitespace().count(),
        }
        for (at, part) in text.split('\n').enumerate() {
            if at > 0 {
                self.lines.push(Line {
                    spans: std::mem::take(&mut self.spans),
                    end: change,
                });
            }
            if part.is_empty() {
                continue;
            }
            match self.spans.last_mut() {
                Some(span) if span.change == change => span.text.push_str(part),
                _ => self.spans.push(Span {
                    change,
                    text: part.to_owned(),
                }),
            }
        }
    }

    fn finish(mut self, precision: Precision) -> Diff {
        if !self.spans.is_empty() {
            self.lines.push(Line {
                spans: self.spans,
                end: Change::Equal,
            });
        }
        Diff {
            lines: self.lines,
            inserted_words: self.inserted,
            deleted_words: self.deleted,
            precision,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One side of a merged text.
    fn side(diff: &Diff, gone: Change) -> String {
        let mut out = String::new();
        for (at, line) in diff.lines.iter().enumerate() {
            for span in line.spans.iter().filter(|span| span.change != gone) {
                out.push_str(&span.text);
            }
            if line.end != gone && at + 1 < diff.lines.len() {
                out.push('\n');
            }
        }
        out
    }

    fn shown(diff: &Diff) -> String {
        let mut out = String::new();
        for line in &diff.lines {
            for span in &line.spans {
                match span.change {
                    Change::Equal => out.push_str(&span.text),
                    Change::Insert => out.extend(["[+", &span.text, "]"]),
                    Change::Delete => out.extend(["[-", &span.text, "]"]),
                }
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn words_are_compared() {
        let changed = diff("The quick fox\njumps.", "The slow fox\njumps high.");
        assert_eq!(
            shown(&changed),
            "The [-quick][+slow] fox\n[-jumps.][+jumps high.]\n"
        );
        assert_eq!(
            (
                changed.inserted_words,
                changed.deleted_words,
                changed.precision
            ),
            (3, 2, Precision::Words)
        );
        assert!(!changed.is_empty());
    }

    #[test]
    fn equal_and_empty_texts() {
        assert!(diff("a\nb", "a\nb").is_empty());
        assert!(diff("", "").lines.is_empty());
        let all = diff("", "a b\n");
        assert_eq!((all.inserted_words, all.deleted_words), (2, 0));
        let line = diff("a\n\nb", "a\n\n\nb");
        assert!(!line.is_empty(), "an empty line is a change");
    }

    #[test]
    fn long_texts_are_compared_more_coarsely() {
        let words = "a b\n".repeat(20_000);
        let lines = diff(&words, &format!("{words}c\n"));
        assert_eq!(
            (lines.precision, lines.inserted_words),
            (Precision::Lines, 1)
        );
        let many = "a\n".repeat(40_000);
        let whole = diff(&many, &format!("{many}b\n"));
        assert_eq!(
            (whole.precision, whole.deleted_words, whole.inserted_words),
            (Precision::Whole, 40_000, 40_001)
        );
        assert!(diff(&many, &many).is_empty());
    }

    #[test]
    fn hunks_leave_out_what_did_not_change() {
        let old: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        let mut new = old.clone();
        new[10] = "changed".into();
        new[14] = "changed".into();
        new[80] = "changed".into();
        let merged = diff(&old.join("\n"), &new.join("\n"));
        let hunks: Vec<_> = merged
            .hunks(2)
            .iter()
            .map(|hunk| (hunk.skipped, hunk.lines.len()))
            .collect();
        assert_eq!(hunks, [(8, 9), (61, 5), (17, 0)]);
        assert_eq!(
            hunks
                .iter()
                .map(|(skipped, lines)| skipped + lines)
                .sum::<usize>(),
            merged.lines.len()
        );
        assert_eq!(
            diff("a", "a").hunks(3),
            [Hunk {
                skipped: 1,
                lines: &[]
            }]
        );
    }

    proptest! {
        #[test]
        fn both_versions_can_be_read_back(old in "[ab \n]{0,40}", new in "[ab \n]{0,40}") {
            let merged = diff(&old, &new);
            let trimmed = |text: &str| text.trim_end_matches('\n').to_owned();
            prop_assert_eq!(trimmed(&side(&merged, Change::Insert)), trimmed(&old));
            prop_assert_eq!(trimmed(&side(&merged, Change::Delete)), trimmed(&new));
            prop_assert_eq!(merged.is_empty(), old == new);
        }
    }
}
