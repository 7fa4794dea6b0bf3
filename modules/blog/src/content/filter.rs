//! The filter of a list of posts, such as `featured:true+tag:[news,press]`: the part of NQL that front ends of blogs use.
//!
//! A filter becomes one JSON path, which the database asks of the facts of each post. So the statement stays the same
//! whatever is asked, and what somebody wrote is a value in it, never a part of it.
//!
//! ```text
//! any    = all *( "," all )                 one of them holds
//! all    = term *( ( "+" / space ) term )   each of them holds; an address shows a plus sign as a space
//! term   = "(" any ")" / field ":" test
//! test   = [ "-" ] ( value / "[" value *( "," value ) "]" / "~" [ "^" / "$" ] text )
//!        / ( ">" / ">=" / "<" / "<=" ) value
//! value  = "null" / word / "'" text "'"     in the latter, a backslash comes before ' and before itself
//! ```

use std::fmt::Write as _;

use kernel::{Error, Result, Timestamp};

use super::filter_field::Field;
use super::filter_parse::Parser;

/// Longest filter, in bytes: some two dozen ids fit.
const LONGEST: usize = 2_000;

/// What must hold for a post, as the database asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// A JSON path over the facts of a post, which is true or false.
    pub path: String,
    /// Facts that it asks for and that are looked up only then: `tags`, `authors`, `series`.
    pub facts: Vec<String>,
}

impl Filter {
    /// Reads a filter. Times such as `now-7d` count back from `now`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] with `invalid_filter` and what is wrong where.
    pub fn read(text: &str, now: Timestamp) -> Result<Self> {
        if text.len() > LONGEST {
            let longest = format!("A filter has {LONGEST} bytes at most.");
            return Err(invalid(longest));
        }
        // Neither texts nor JSON paths of the database can have it.
        if text.contains('\0') {
            return Err(invalid("A filter has no U+0000.".to_owned()));
        }
        let tree = Parser::new(text, now).read()?;
        let mut filter = Self {
            path: String::new(),
            facts: Vec::new(),
        };
        filter.add(&tree);
        Ok(filter)
    }

    fn add(&mut self, tree: &Tree) {
        match tree {
            Tree::Any(parts) => self.join(" || ", parts),
            Tree::All(parts) => self.join(" && ", parts),
            Tree::Test(test) => self.test(test),
        }
    }

    fn join(&mut self, word: &str, parts: &[Tree]) {
        if let [only] = parts {
            return self.add(only);
        }
        self.path.push('(');
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                self.path.push_str(word);
            }
            self.add(part);
        }
        self.path.push(')');
    }

    fn test(&mut self, test: &Test) {
        if let Some(fact) = test.field.looked_up()
            && !self.facts.iter().any(|known| known == fact)
        {
            self.facts.push(fact.to_owned());
        }
        let at = test.field.path();
        let path = &mut self.path;
        path.push_str(if test.not { "!(" } else { "(" });
        for (place, value) in test.values.iter().enumerate() {
            if place > 0 {
                path.push_str(" || ");
            }
            // A value is written as JSON, whose strings a JSON path reads alike.
            _ = match (test.relation, value) {
                (_, Value::Null) => write!(path, "!exists({at})"),
                (Relation::Is, _) => write!(path, "{at} == {value}"),
                (Relation::More, _) => write!(path, "{at} > {value}"),
                (Relation::AtLeast, _) => write!(path, "{at} >= {value}"),
                (Relation::Less, _) => write!(path, "{at} < {value}"),
                (Relation::AtMost, _) => write!(path, "{at} <= {value}"),
                (Relation::Like, _) => write!(path, "{at} like_regex {value} flag \"i\""),
            };
        }
        path.push(')');
    }
}

pub(super) fn invalid(detail: String) -> Error {
    Error::bad_request("invalid_filter", detail)
}

/// What a filter asks.
#[derive(Debug)]
pub(super) enum Tree {
    /// One of them.
    Any(Vec<Tree>),
    /// Each of them.
    All(Vec<Tree>),
    Test(Test),
}

/// What is asked of one field: that it stands to one of the values as the relation says, or, by `not`, to none.
#[derive(Debug)]
pub(super) struct Test {
    pub field: Field,
    pub not: bool,
    pub relation: Relation,
    pub values: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Is,
    More,
    AtLeast,
    Less,
    AtMost,
    /// The value is a regular expression.
    Like,
}

/// Something that a field is held against.
#[derive(Debug)]
pub(super) enum Value {
    /// There is none.
    Null,
    Bool(bool),
    Text(String),
    Instant(Timestamp),
}

impl std::fmt::Display for Value {
    /// As JSON; an instant is a number of microseconds, which compares like what it stands for.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Text(text) => serde_json::Value::from(text.as_str()).fmt(f),
            Self::Instant(at) => at.as_microseconds().fmt(f),
        }
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
