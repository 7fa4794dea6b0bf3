//! The words of a text as searching sees them: without case, accents and signs, with the place where each stands.
//!
//! Folding happens here and not in the database, whose idea of letters depends on how it was set up: with the locale `C`
//! it knows the case of ASCII alone. Scripts that are written without blanks are cut into overlapping pairs of
//! characters, so that any two of them that follow each other are found.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::is_cjk;

/// Longest word that is indexed or looked for, in characters; the rest of a longer one is left out.
const LONGEST: usize = 64;
/// Most of a text that is indexed, in bytes of its folded words: well below what a `tsvector` holds (1 MiB).
const MOST: usize = 256 * 1024;

/// A word and where it stands in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as it is compared.
    pub folded: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// How it was cut from the text.
    pub kind: Kind,
}

/// How a word was cut from a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By what is around it.
    Whole,
    /// Two characters of a script without blanks.
    Pair,
    /// The last character of such a run, which begins no pair.
    Last,
}

/// Every word of a text, in order.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut run: Vec<(usize, char)> = Vec::new();
    for (at, c) in text.char_indices() {
        let letter = c.is_alphanumeric() || (is_combining_mark(c) && !run.is_empty());
        let other_script = run
            .last()
            .is_some_and(|(_, last)| !is_combining_mark(c) && is_cjk(*last) != is_cjk(c));
        if !letter || other_script {
            close(&mut run, at, &mut found);
        }
        if letter {
            run.push((at, c));
        }
    }
    close(&mut run, text.len(), &mut found);
    found
}

/// Ends a run of letters of one kind of script before `end`.
fn close(run: &mut Vec<(usize, char)>, end: usize, found: &mut Vec<Word>) {
    let mut add = |letters: &[(usize, char)], end: usize, kind: Kind| {
        let folded = fold(letters.iter().map(|(_, c)| *c));
        if let (Some((start, _)), false) = (letters.first(), folded.is_empty()) {
            found.push(Word {
                folded,
                range: *start..end,
                kind,
            });
        }
    };
    match run.first() {
        Some((_, first)) if is_cjk(*first) => {
            for pair in 0..run.len() {
                let letters = &run[pair..run.len().min(pair + 2)];
                let kind = if letters.len() == 2 {
                    Kind::Pair
                } else {
                    Kind::Last
                };
                let end = run.get(pair + 2).map_or(end, |(at, _)| *at);
                add(letters, end, kind);
            }
        }
        Some(_) => add(run, end, Kind::Whole),
        None => {}
    }
    run.clear();
}

/// A word as it is compared: in lower case, Latin letters without accents and ligatures, compatible forms as their plain
/// ones. What a stem needs in other scripts stays.
fn fold(word: impl Iterator<Item = char>) -> String {
    let mut latin = false;
    let plain = word
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| {
            if is_combining_mark(*c) {
                return !latin;
            }
            latin = c.is_ascii_alphabetic();
            c.is_alphanumeric()
        })
        .nfc();
    let mut folded = String::new();
    for c in plain.take(LONGEST) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            c => folded.push(c),
        }
    }
    folded
}

/// The words of a text with blanks between them: what the database makes its index of.
#[must_use]
pub fn indexed(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MOST));
    for word in words(text) {
        if out.len() + word.folded.len() >= MOST {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.folded);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_folded() {
        for (text, folded) in [
            ("How we LIGHT a portrait", "how we light a portrait"),
            ("Über Größe, Straße", "uber grosse strasse"),
            ("l\u{2019}été à Nîmes", "l ete a nimes"),
            ("e\u{301}cole", "ecole"),
            ("Łódź Ærø ﬁne", "lodz aero fine"),
            ("İstanbul ısı", "istanbul isi"),
            ("10mm f/2.8", "10mm f 2 8"),
            ("чай ЁЛКА", "чай ёлка"),
            ("Ｆｕｌｌ", "full"),
            ("<b>'; drop -- \\", "b drop"),
            ("", ""),
        ] {
            assert_eq!(indexed(text), folded, "{text}");
        }
    }

    #[test]
    fn scripts_without_blanks_are_cut_into_pairs() {
        assert_eq!(indexed("東京写真"), "東京 京写 写真 真");
        assert_eq!(indexed("東京で photo展"), "東京 京で で photo 展");
        assert_eq!(indexed("사진을"), "사진 진을 을");
        let kinds: Vec<Kind> = words("写真 a").iter().map(|word| word.kind).collect();
        assert_eq!(kinds, [Kind::Pair, Kind::Last, Kind::Whole]);
    }

    #[test]
    fn each_word_knows_its_place() {
        let text = "Über 東京x";
        let places: Vec<&str> = words(text)
            .into_iter()
            .map(|word| &text[word.range])
            .collect();
        assert_eq!(places, ["Über", "東京", "京", "x"]);
    }

    #[test]
    fn long_texts_are_cut() {
        let long = "word ".repeat(200_000);
        assert!(indexed(&long).len() <= MOST);
        assert_eq!(indexed(&"x".repeat(500)).len(), LONGEST);
    }

    proptest! {
        #[test]
        fn folded_words_hold_nothing_that_a_query_could_read_as_its_own(text in "\\PC*") {
            for word in words(&text) {
                prop_assert!(!word.folded.is_empty());
                prop_assert!(word.folded.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c)));
                prop_assert!(text.get(word.range).is_some());
            }
        }
    }
}
