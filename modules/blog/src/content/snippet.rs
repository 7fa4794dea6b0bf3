//! The part of a text that shows why it was found, with the words that were looked for marked.
//!
//! What comes out is text in pieces, marked or not, and never HTML: whoever shows it escapes each piece.

use std::collections::BTreeSet;
use std::ops::Range;

use super::words::{Word, words};

/// How much of a text is shown, in bytes.
const WINDOW: usize = 240;
/// How much of a text is looked through, in bytes.
pub const MOST: usize = 40_000;
/// How much is shown before the first mark where there is one line, in bytes.
const LEAD: usize = 24;
/// Letters that a word shares with all forms of it.
const STEM: usize = 2;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// Whether it was looked for.
    pub marked: bool,
}

/// The words of a text that may be forms of those that are looked for: the database decides which are.
#[must_use]
pub fn candidates(text: &str, wanted: &[String]) -> BTreeSet<String> {
    let beginnings: BTreeSet<String> = wanted.iter().map(|word| beginning(word)).collect();
    words(cut(text, MOST))
        .into_iter()
        .map(|word| word.folded)
        .filter(|word| beginnings.contains(&beginning(word)))
        .collect()
}

fn beginning(word: &str) -> String {
    word.chars().take(STEM).collect()
}

/// All of a text, with what was found marked.
#[must_use]
pub fn whole(text: &str, found: &BTreeSet<String>) -> Vec<Piece> {
    pieces(text, 0..text.len(), &marks(text, found))
}

/// The part of a text that says most of what was found. `None`: nothing of it stands there.
#[must_use]
pub fn best(text: &str, found: &BTreeSet<String>) -> Option<Vec<Piece>> {
    let text = cut(text, MOST);
    let all = words(text);
    let hits: Vec<&Word> = all
        .iter()
        .filter(|word| found.contains(&word.folded))
        .collect();
    // The place with the most different words, of these the one with the most words, of these the first.
    let (start, _) = hits
        .iter()
        .enumerate()
        .map(|(at, first)| {
            let inside = hits[at..]
                .iter()
                .take_while(|word| word.range.end <= first.range.start + WINDOW);
            let count = inside.clone().count();
            let different: BTreeSet<&str> = inside.map(|word| word.folded.as_str()).collect();
            (first.range.start, (different.len(), count))
        })
        .rev()
        .max_by_key(|(_, score)| *score)?;
    // A few words before it, whole ones.
    let before = start.saturating_sub(WINDOW / 4);
    let begin = if before == 0 {
        0
    } else {
        all.iter()
            .map(|word| word.range.start)
            .find(|at| *at >= before)
            .unwrap_or(start)
    };
    let end = all
        .iter()
        .map(|word| word.range.end)
        .take_while(|end| *end <= begin + WINDOW)
        .last()
        .unwrap_or(begin)
        .max(hits.iter().find(|hit| hit.range.start == start)?.range.end);
    // With the full stop that ends it, or whatever else is no word.
    let end = text[end..]
        .find(|c: char| c.is_alphanumeric() || c.is_whitespace())
        .map_or(text.len(), |more| end + more);
    let mut shown = pieces(text, begin..end, &marks(text, found));
    if begin > 0 {
        shown.insert(0, plain("\u{2026} "));
    }
    if end < text.trim_end().len() {
        shown.push(plain(" \u{2026}"));
    }
    Some(shown)
}

/// The same for a place with room for one line: it begins a few words before the first mark, so that the mark is seen
/// however little room there is. Without a mark nothing is left.
#[must_use]
pub fn brief(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let Some(first) = pieces.iter().position(|piece| piece.marked) else {
        return Vec::new();
    };
    let before: String = pieces.drain(..first).map(|piece| piece.text).collect();
    let before = match before.len().checked_sub(LEAD) {
        None | Some(0) => before,
        Some(cut) => {
            let near = &before[before.ceil_char_boundary(cut)..];
            let words = near.split_once(char::is_whitespace);
            format!("\u{2026} {}", words.map_or("", |(_, words)| words))
        }
    };
    if !before.is_empty() {
        pieces.insert(0, plain(&before));
    }
    pieces
}

fn plain(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        marked: false,
    }
}

/// Where the words stand that were found; neighbours that overlap are one.
fn marks(text: &str, found: &BTreeSet<String>) -> Vec<Range<usize>> {
    let mut marks: Vec<Range<usize>> = Vec::new();
    for word in words(text) {
        if !found.contains(&word.folded) {
            continue;
        }
        match marks.last_mut() {
            Some(last) if word.range.start < last.end => last.end = last.end.max(word.range.end),
            _ => marks.push(word.range),
        }
    }
    marks
}

/// A range of a text in pieces; line ends become blanks.
fn pieces(text: &str, range: Range<usize>, marks: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |from: usize, to: usize, marked: bool| {
        if from < to {
            pieces.push(Piece {
                text: text[from..to].replace('\n', " "),
                marked,
            });
        }
    };
    let mut at = range.start;
    for mark in marks
        .iter()
        .filter(|mark| mark.start >= range.start && mark.end <= range.end)
    {
        push(at, mark.start, false);
        push(mark.start, mark.end, true);
        at = mark.end;
    }
    push(at, range.end, false);
    pieces
}

/// The beginning of a text, at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn shown(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| {
                if piece.marked {
                    format!("[{}]", piece.text)
                } else {
                    piece.text.clone()
                }
            })
            .collect()
    }

    #[test]
    fn words_are_marked_as_they_are_written() {
        let all = whole("Über <b>Größe</b> & größe", &found(&["uber", "grosse"]));
        assert_eq!(shown(&all), "[Über] <b>[Größe]</b> & [größe]");
        assert_eq!(
            shown(&whole("東京写真展", &found(&["京写", "写真"]))),
            "東[京写真]展"
        );
    }

    #[test]
    fn the_place_with_most_of_it_is_shown() {
        let filler = "and so on ".repeat(60);
        let text = format!("One light.\n{filler}A north window and its light.\n{filler}");
        let best = shown(&best(&text, &found(&["light", "window"])).unwrap());
        assert!(
            best.starts_with("\u{2026} ") && best.ends_with(" \u{2026}"),
            "{best}"
        );
        assert!(best.contains("A north [window] and its [light]."), "{best}");
        assert!(best.len() < 320, "{}", best.len());
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        let all = best("A north window.", &found(&["window"])).unwrap();
        assert_eq!(shown(&all), "A north [window].");
        assert_eq!(best("A north window.", &found(&["south"])), None);
    }

    #[test]
    fn candidates_share_their_beginning() {
        let wanted = ["running".to_owned()];
        let all = candidates("Run, runner! A RÜN and a walk.", &wanted);
        assert_eq!(all, found(&["run", "runner"]));
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "\\PC{0,400}", word in "[a-z]{1,3}") {
            let all: String = whole(&text, &found(&[&word])).into_iter().map(|piece| piece.text).collect();
            prop_assert_eq!(all, text.replace('\n', " "));
            let _ = best(&text, &found(&[&word]));
        }
    }

    fn brief_of(text: &str, word: &str) -> String {
        let found = BTreeSet::from([word.to_owned()]);
        brief(whole(text, &found))
            .into_iter()
            .map(|piece| {
                if piece.marked {
                    format!("[{}]", piece.text)
                } else {
                    piece.text
                }
            })
            .collect()
    }

    #[test]
    fn one_line_begins_close_to_its_first_mark() {
        for (text, expected) in [
            ("lanterns hang", "[lanterns] hang"),
            ("the lanterns hang", "the [lanterns] hang"),
            (
                "All along the quay and on every boat lanterns hang",
                "\u{2026} quay and on every boat [lanterns] hang",
            ),
            (
                "\u{1f3ee}\u{1f3ee}\u{1f3ee}\u{1f3ee}\u{1f3ee}\u{1f3ee}\u{1f3ee} lanterns",
                "\u{2026} [lanterns]",
            ),
            ("nothing of it", ""),
        ] {
            assert_eq!(brief_of(text, "lanterns"), expected);
        }
    }
}
