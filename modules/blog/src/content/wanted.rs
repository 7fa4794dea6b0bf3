//! What somebody looks for: words, "phrases in quotes", and -words that must not be there.
//!
//! It becomes the text that PostgreSQL's `to_tsquery` reads. Each word in it is made of letters and digits alone, so
//! nothing that people type can be read as an operator.

use super::words::{Kind, Word, words};

/// Longest text that is looked for, in characters; what follows is not read.
pub const LONGEST: u32 = 200;
/// Most words of it; those that follow are not read.
const MOST_WORDS: usize = 16;
/// Letters from which on the last word stands for all that begin with it. Fewer would find a large part of everything.
const PREFIX: usize = 3;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// All of it, for `to_tsquery`.
    pub query: String,
    /// Any of its words that should be there, for `to_tsquery`.
    pub any: String,
    /// The words that should be there, as they are compared.
    pub words: Vec<String>,
}

/// Words that follow each other.
struct Term {
    words: Vec<Word>,
    /// Whether it must not be there.
    not: bool,
    /// Whether it stood in quotes.
    quoted: bool,
}

impl Wanted {
    /// Reads what somebody typed. `None`: there is no word that should be there.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed: String = typed.chars().take(LONGEST as usize).collect();
        let mut terms = terms(&typed);
        let mut left = MOST_WORDS;
        for term in &mut terms {
            term.words.truncate(left);
            left -= term.words.len();
        }
        terms.retain(|term| !term.words.is_empty());
        // The last word may not be finished yet; one in quotes is, and so is one that is shut out.
        let last = terms.len().checked_sub(1);
        let mut all = Vec::new();
        let mut any = Vec::new();
        let mut plain = Vec::new();
        for (at, term) in terms.iter().enumerate() {
            let open = Some(at) == last && !term.quoted && !term.not;
            let parts = operands(term, open);
            if !term.not {
                plain.extend(term.words.iter().map(|word| word.folded.clone()));
                any.extend(parts.clone());
            }
            let joined = parts.join(" <-> ");
            all.push(match (term.not, parts.len()) {
                (true, _) => format!("!({joined})"),
                (false, 1) => joined,
                (false, _) => format!("({joined})"),
            });
        }
        (!any.is_empty()).then(|| Self {
            query: all.join(" & "),
            any: any.join(" | "),
            words: plain,
        })
    }
}

/// The words of a term as operands, of which the last may stand for all that begin with it.
fn operands(term: &Term, open: bool) -> Vec<String> {
    // In a run of pairs the last character is there for the index alone, unless it is all there is.
    let alone = term.words.len() == 1;
    let words: Vec<&Word> = term
        .words
        .iter()
        .filter(|word| alone || word.kind != Kind::Last || !follows_pair(term, word))
        .collect();
    let end = words.len().saturating_sub(1);
    words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let mut operand = format!("'{}'", word.folded);
            let single = word.kind == Kind::Last;
            let begins = open && at == end && word.folded.chars().count() >= PREFIX;
            if single {
                operand.push_str(":*");
            } else if begins {
                // The word itself counts once more, so that it comes before those that only begin with it.
                operand = format!("({operand} | {operand}:*)");
            }
            operand
        })
        .collect()
}

/// Whether the pair before a single character ends with it.
fn follows_pair(term: &Term, last: &Word) -> bool {
    term.words
        .iter()
        .any(|word| word.kind == Kind::Pair && word.range.end == last.range.end)
}

/// What was typed, cut into terms at blanks and quotes.
fn terms(typed: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut push = |text: &str, not: bool, quoted: bool| {
        terms.push(Term {
            words: words(text),
            not,
            quoted,
        });
    };
    let mut rest = typed.trim_start();
    while let Some(first) = rest.chars().next() {
        let not = first == '-' && rest[1..].starts_with(|c: char| !c.is_whitespace());
        let body = if not { &rest[1..] } else { rest };
        let after = if let Some(inside) = body.strip_prefix(is_quote) {
            let (phrase, after) = inside.split_once(is_quote).unwrap_or((inside, ""));
            push(phrase, not, true);
            after
        } else {
            let end = body
                .find(|c: char| c.is_whitespace() || is_quote(c))
                .unwrap_or(body.len());
            push(&body[..end], not, false);
            &body[end..]
        };
        rest = after.trim_start();
    }
    terms
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(typed: &str) -> String {
        Wanted::parse(typed).map_or_else(String::new, |wanted| wanted.query)
    }

    #[test]
    fn words_phrases_and_what_must_not_be_there() {
        for (typed, expected) in [
            ("light", "('light' | 'light':*)"),
            ("LIGHT studio", "'light' & ('studio' | 'studio':*)"),
            ("a no", "'a' & 'no'"),
            ("\"north window\"", "('north' <-> 'window')"),
            (
                "\u{201e}north window\u{201c} l",
                "('north' <-> 'window') & 'l'",
            ),
            ("\"unfinished phrase", "('unfinished' <-> 'phrase')"),
            ("light -flash", "'light' & !('flash')"),
            ("light -\"hard flash\"", "'light' & !('hard' <-> 'flash')"),
            ("e-mail", "('e' <-> ('mail' | 'mail':*))"),
            ("light - flash", "'light' & ('flash' | 'flash':*)"),
            ("東京写真", "('東京' <-> '京写' <-> '写真')"),
            ("写", "'写':*"),
        ] {
            assert_eq!(query(typed), expected, "{typed}");
        }
    }

    #[test]
    fn nothing_to_look_for() {
        for typed in ["", "  ", "-flash", "\"\"", "?!", "-\"a b\" -c"] {
            assert_eq!(Wanted::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn what_is_shut_out_is_not_marked() {
        let wanted = Wanted::parse("light -flash \"two words\"").unwrap();
        assert_eq!(wanted.any, "'light' | 'two' | 'words'");
        assert_eq!(wanted.words, ["light", "two", "words"]);
    }

    #[test]
    fn long_questions_are_cut() {
        let many = "word ".repeat(100);
        assert_eq!(Wanted::parse(&many).unwrap().words.len(), MOST_WORDS);
        assert!(query(&"x".repeat(5_000)).len() < 200);
    }

    proptest! {
        #[test]
        fn nothing_typed_is_an_operator(typed in "\\PC{0,80}") {
            if let Some(wanted) = Wanted::parse(&typed) {
                let mut inside = false;
                for c in wanted.query.chars() {
                    match c {
                        '\'' => inside = !inside,
                        '&' | '|' | '!' | '(' | ')' | ':' | '*' | '<' | '>' | '-' | ' ' => prop_assert!(!inside || c == ' '),
                        c => prop_assert!(inside, "{c} stands outside of words"),
                    }
                }
                prop_assert!(!inside);
            }
        }
    }
}
