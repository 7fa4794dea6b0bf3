//! From the text of a filter to what it asks.

use kernel::{Error, Result, Timestamp};

use super::filter::{Relation, Test, Tree, Value, invalid};
use super::filter_field::{Field, Kind};

/// Most tests of one filter.
const MOST_TESTS: usize = 20;
/// Most brackets within each other.
const DEEPEST: usize = 5;
/// Signs that end a word; others need no quotes.
const SIGNS: &[char] = &['(', ')', '[', ']', ',', '+', ':', '\'', '"', '<', '>', '~'];

/// Reads a filter from left to right.
pub(super) struct Parser<'a> {
    text: &'a str,
    /// How many bytes are read.
    at: usize,
    depth: usize,
    tests: usize,
    now: Timestamp,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, now: Timestamp) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            tests: 0,
            now,
        }
    }

    pub(super) fn read(mut self) -> Result<Tree> {
        let tree = self.any()?;
        if self.rest().is_empty() {
            Ok(tree)
        } else {
            Err(self.unexpected("the end, a comma or a plus sign"))
        }
    }

    fn any(&mut self) -> Result<Tree> {
        let mut parts = vec![self.all()?];
        while self.takes(",") {
            parts.push(self.all()?);
        }
        Ok(Tree::Any(parts))
    }

    fn all(&mut self) -> Result<Tree> {
        let mut parts = vec![self.term()?];
        loop {
            let before = self.at;
            self.skip();
            let apart = self.takes("+") || self.at > before;
            if !apart || self.rest().is_empty() || self.rest().starts_with([',', ')']) {
                return Ok(Tree::All(parts));
            }
            parts.push(self.term()?);
        }
    }

    fn term(&mut self) -> Result<Tree> {
        self.skip();
        if !self.takes("(") {
            return self.test().map(Tree::Test);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(invalid(format!(
                "Brackets are within each other {DEEPEST} times at most."
            )));
        }
        let tree = self.any()?;
        if !self.takes(")") {
            return Err(self.unexpected("a closing bracket"));
        }
        self.depth -= 1;
        Ok(tree)
    }

    fn test(&mut self) -> Result<Test> {
        self.tests += 1;
        if self.tests > MOST_TESTS {
            return Err(invalid(format!(
                "A filter asks {MOST_TESTS} things at most."
            )));
        }
        let name = self.word();
        if name.is_empty() {
            return Err(self.unexpected("the name of a field"));
        }
        let field = Field::of(name)?;
        if !self.takes(":") {
            return Err(self.unexpected("a colon"));
        }
        let not = self.takes("-");
        for (sign, relation) in [
            (">=", Relation::AtLeast),
            (">", Relation::More),
            ("<=", Relation::AtMost),
            ("<", Relation::Less),
        ] {
            if !not && self.takes(sign) {
                return self.compared(field, relation);
            }
        }
        if self.takes("~") {
            return self.alike(field, not);
        }
        let mut values = Vec::new();
        if self.takes("[") {
            loop {
                values.push(self.value(field)?);
                if !self.takes(",") {
                    break;
                }
            }
            if !self.takes("]") {
                return Err(self.unexpected("a comma or a closing bracket"));
            }
        } else {
            values.push(self.value(field)?);
        }
        Ok(Test {
            field,
            not,
            relation: Relation::Is,
            values,
        })
    }

    /// After a sign such as `>`.
    fn compared(&mut self, field: Field, relation: Relation) -> Result<Test> {
        if field.kind() != Kind::Instant {
            let name = field.name();
            return Err(invalid(format!(
                "{name} is neither more nor less than anything."
            )));
        }
        let value = self.value(field)?;
        if matches!(value, Value::Null) {
            return Err(invalid("Nothing is more or less than null.".to_owned()));
        }
        Ok(Test {
            field,
            not: false,
            relation,
            values: vec![value],
        })
    }

    /// After `~`: a part of a text, its beginning or its end, in any letter case.
    fn alike(&mut self, field: Field, not: bool) -> Result<Test> {
        if !matches!(field.kind(), Kind::Text | Kind::Slugs) {
            let name = field.name();
            return Err(invalid(format!("{name} has no parts to look for.")));
        }
        let (begins, ends) = (self.takes("^"), self.takes("$"));
        let text = self.literal()?;
        let begin = if begins { "^" } else { "" };
        let end = if ends { "$" } else { "" };
        Ok(Test {
            field,
            not,
            relation: Relation::Like,
            values: vec![Value::Text(format!("{begin}{}{end}", plainly(&text)))],
        })
    }

    fn value(&mut self, field: Field) -> Result<Value> {
        self.skip();
        let quoted = self.rest().starts_with('\'');
        let text = self.literal()?;
        if text == "null" && !quoted {
            return Ok(Value::Null);
        }
        // A word ends at a colon and at a plus sign, of which instants without quotes have some.
        let text = if field.kind() == Kind::Instant && !quoted {
            let start = self.at - text.len();
            let more = self.rest();
            let end = more
                .find(|sign: char| !(sign.is_ascii_digit() || sign == ':' || "TZ.".contains(sign)))
                .unwrap_or(more.len());
            self.at += end;
            self.text[start..self.at].to_owned()
        } else {
            text
        };
        field.value(&text, self.now)
    }

    /// A word, or text in quotes.
    fn literal(&mut self) -> Result<String> {
        if !self.takes("'") {
            let word = self.word();
            return if word.is_empty() {
                Err(self.unexpected("a value"))
            } else {
                Ok(word.to_owned())
            };
        }
        let mut text = String::new();
        let mut signs = self.text[self.at..].char_indices();
        while let Some((place, sign)) = signs.next() {
            match sign {
                '\'' => {
                    self.at += place + 1;
                    return Ok(text);
                }
                '\\' => match signs.next() {
                    Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                sign => text.push(sign),
            }
        }
        Err(invalid(format!(
            "The quote at letter {} has no end.",
            self.letter(self.at)
        )))
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|sign: char| sign.is_whitespace() || SIGNS.contains(&sign))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn takes(&mut self, sign: &str) -> bool {
        let takes = self.rest().starts_with(sign);
        if takes {
            self.at += sign.len();
        }
        takes
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Which letter, counted from one, is after so many bytes.
    fn letter(&self, at: usize) -> usize {
        self.text[..at].chars().count() + 1
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found = self
            .rest()
            .chars()
            .next()
            .map_or("the end".to_owned(), |sign| format!("\"{sign}\""));
        invalid(format!(
            "At letter {} there is {found} where {wanted} belongs.",
            self.letter(self.at)
        ))
    }
}

/// A regular expression that finds exactly this text.
fn plainly(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        if !sign.is_alphanumeric() && !sign.is_whitespace() && sign != '_' && sign.is_ascii() {
            plain.push('\\');
        }
        plain.push(sign);
    }
    plain
}
