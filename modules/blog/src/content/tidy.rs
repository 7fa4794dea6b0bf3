//! Makes rendered HTML well nested before the sanitiser parses it.
//!
//! A browser's tree builder repairs tag soup, and some repairs cost the square of the input: deep nesting is scanned
//! again for every paragraph, formatting left open is copied into each following block, text inside a table but
//! outside its cells is moved in front of it. A post may hold raw HTML, so a writer could stop the server with 2 MiB
//! of `<div>`. This pass is linear: it emits every tag anew, closes what is open where a block begins, keeps table
//! parts where they belong and bounds the depth. What comes out needs no repair. It also numbers headings and keeps
//! ids unique, because both need to see the whole document.
//!
//! It is not the sanitiser: that runs afterwards, on a real HTML5 tree, and alone decides what is safe.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::html::{Token, attributes, push_decoded, tokens};

/// The deepest nesting kept; deeper tags are dropped and their content stays.
pub const MAX_DEPTH: usize = 64;

/// Bytes of text after which an empty comment, which the sanitiser removes, splits the text node: html5ever's
/// serialiser looks through the rest of the node again for every `&` or Latin-1 sign.
const TEXT_RUN: usize = 4096;

/// The longest attribute kept, in bytes, for the same reason.
const MAX_ATTRIBUTE: usize = 8192;

/// Put in front of every id, so that no post can shadow an id of the page around it.
pub const ID_PREFIX: &str = "post-";

/// One line of a table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Heading {
    /// 2, 3 or 4.
    pub level: u8,
    /// The `id` of the heading's element.
    pub id: String,
    /// Its text.
    pub text: String,
}

/// What the pass yields.
#[derive(Debug, Default)]
pub struct Tidy {
    /// Well-nested HTML, not yet sanitised.
    pub html: String,
    /// Headings of levels 2 to 4 in document order.
    pub toc: Vec<Heading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Stands within a line of text.
    Inline,
    /// Begins a new block.
    Block,
    /// A heading: a block that holds inline content only.
    Heading,
    /// `table` and its rows and groups: hold nothing but each other and cells.
    Table,
    /// `td`, `th`, `caption`: hold any content.
    Cell,
    /// No content, no end tag.
    Void,
    /// No content and begins a new block.
    VoidBlock,
}

/// Every element a post may hold, and how it nests. `h1` is the page's own title, so a post's `h1` becomes `h2`.
fn element(name: &str) -> Option<(&'static str, Kind)> {
    use Kind::{Block, Cell, Heading, Inline, Table, Void, VoidBlock};
    const INLINE: [&str; 28] = [
        "a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd",
        "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup",
        "time", "u", "var",
    ];
    const BLOCK: [&str; 14] = [
        "blockquote",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "li",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
    ];
    let find = |list: &'static [&'static str], kind| {
        list.iter()
            .find(|known| **known == name)
            .map(|known| (*known, kind))
    };
    match name {
        "h1" => Some(("h2", Heading)),
        "strike" => Some(("s", Inline)),
        "br" | "img" | "input" | "wbr" => find(&["br", "img", "input", "wbr"], Void),
        "hr" => Some(("hr", VoidBlock)),
        "ul" => Some(("ul", Block)),
        _ => find(&INLINE, Inline)
            .or_else(|| find(&BLOCK, Block))
            .or_else(|| find(&["h2", "h3", "h4", "h5", "h6"], Heading))
            .or_else(|| find(&["table", "thead", "tbody", "tfoot", "tr"], Table))
            .or_else(|| find(&["td", "th", "caption"], Cell)),
    }
}

/// All element names that [`tidy`] can emit: the sanitiser's list of tags.
pub const TAGS: [&str; 61] = [
    "a",
    "abbr",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Which parents a table part may have.
fn accepts(parent: &str, part: &str) -> bool {
    match part {
        "caption" | "thead" | "tbody" | "tfoot" => parent == "table",
        "tr" => matches!(parent, "table" | "thead" | "tbody" | "tfoot"),
        "td" | "th" => matches!(parent, "tr" | "table" | "thead" | "tbody" | "tfoot"),
        _ => false,
    }
}

/// Tidies HTML; see the module's words.
#[must_use]
pub fn tidy(html: &str) -> Tidy {
    let mut builder = Builder::default();
    builder.out.html.reserve(html.len() + html.len() / 8);
    for token in tokens(html) {
        match token {
            Token::Text(text) => builder.text(text),
            Token::Start { name, attributes } => builder.start(&name, attributes),
            Token::End(name) => builder.end(&name),
        }
    }
    builder.close_to(0);
    builder.out
}

#[derive(Debug)]
struct OpenHeading {
    level: u8,
    attributes: String,
    body: String,
    text: String,
}

#[derive(Debug, Default)]
struct Builder {
    out: Tidy,
    stack: Vec<(&'static str, Kind)>,
    /// At most one heading is open, as a heading holds no blocks. Its HTML waits here until its id is known.
    heading: Option<OpenHeading>,
    ids: Ids,
    /// Bytes of text since the last start tag or comment.
    run: usize,
}

impl Builder {
    fn sink(&mut self) -> &mut String {
        match &mut self.heading {
            Some(heading) => &mut heading.body,
            None => &mut self.out.html,
        }
    }

    fn text(&mut self, text: &str) {
        if !text.bytes().all(|byte| byte.is_ascii_whitespace()) {
            self.leave_table();
        }
        if let Some(heading) = &mut self.heading {
            push_decoded(&mut heading.text, text);
        }
        let mut run = self.run;
        let sink = self.sink();
        for c in text.chars() {
            // Here a text node may be split without cutting an entity in two, and only these characters need it.
            if matches!(c, '&' | '<' | '>' | '\u{80}'..='\u{bf}') && run >= TEXT_RUN {
                sink.push_str("<!---->");
                run = 0;
            }
            run += c.len_utf8();
            match c {
                '<' => sink.push_str("&lt;"),
                c => sink.push(c),
            }
        }
        self.run = run;
    }

    fn start(&mut self, name: &str, raw: &str) {
        let Some((name, kind)) = element(name) else {
            return;
        };
        if name == "input"
            && !attributes(raw).any(|(name, value)| name == "type" && value == "checkbox")
        {
            return;
        }
        let is_part = name != "table" && matches!(kind, Kind::Table | Kind::Cell);
        if is_part {
            if !self.enter_part(name) {
                return;
            }
        } else {
            self.leave_table();
            match kind {
                Kind::Inline if name == "a" => self.close_link(),
                Kind::Inline | Kind::Void => {}
                _ => self.close_text(name),
            }
        }
        if self.stack.len() >= MAX_DEPTH {
            return;
        }
        let list = self.attributes(name, raw, kind == Kind::Heading);
        match kind {
            Kind::Heading => {
                self.heading = Some(OpenHeading {
                    level: name.as_bytes()[1] - b'0',
                    attributes: list,
                    body: String::new(),
                    text: String::new(),
                });
                self.stack.push((name, kind));
            }
            Kind::Void | Kind::VoidBlock => self.open_tag(name, &list),
            _ => {
                self.open_tag(name, &list);
                self.stack.push((name, kind));
            }
        }
    }

    fn open_tag(&mut self, name: &str, attributes: &str) {
        self.run = 0;
        let sink = self.sink();
        sink.push('<');
        sink.push_str(name);
        sink.push_str(attributes);
        sink.push('>');
    }

    fn end(&mut self, name: &str) {
        let Some((name, kind)) = element(name) else {
            return;
        };
        let structural = matches!(kind, Kind::Table | Kind::Cell);
        let mut found = None;
        for (at, (open, open_kind)) in self.stack.iter().enumerate().rev() {
            if *open == name {
                found = Some(at);
                break;
            }
            let wall = match kind {
                // Formatting ends within its own block.
                Kind::Inline => *open_kind != Kind::Inline,
                // A block ends within its own cell.
                _ if !structural => matches!(open_kind, Kind::Table | Kind::Cell),
                // A row ends within its own table.
                _ => *open == "table",
            };
            if wall {
                break;
            }
        }
        if let Some(at) = found {
            self.close_to(at);
        }
    }

    /// Closes everything from the given depth up.
    fn close_to(&mut self, depth: usize) {
        while self.stack.len() > depth {
            let Some((name, kind)) = self.stack.pop() else {
                return;
            };
            if kind == Kind::Heading {
                self.close_heading(name);
            } else {
                let sink = self.sink();
                sink.push_str("</");
                sink.push_str(name);
                sink.push('>');
            }
        }
    }

    fn close_heading(&mut self, name: &'static str) {
        let Some(heading) = self.heading.take() else {
            return;
        };
        let text = heading
            .text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let id = self.ids.unique(&anchor(&text));
        let html = &mut self.out.html;
        html.push('<');
        html.push_str(name);
        html.push_str(" id=\"");
        html.push_str(&id);
        html.push('"');
        html.push_str(&heading.attributes);
        html.push('>');
        html.push_str(&heading.body);
        html.push_str("</");
        html.push_str(name);
        html.push('>');
        if (2..=4).contains(&heading.level) && !text.is_empty() {
            self.out.toc.push(Heading {
                level: heading.level,
                id,
                text,
            });
        }
    }

    /// Before a block: formatting, a paragraph or a heading that is still open ends.
    fn close_text(&mut self, next: &str) {
        while let Some((name, kind)) = self.stack.last() {
            let ends = matches!(kind, Kind::Inline | Kind::Heading)
                || *name == "p"
                || (*name == "li" && next == "li");
            if !ends {
                return;
            }
            self.close_to(self.stack.len() - 1);
        }
    }

    /// Before a link: links do not nest.
    fn close_link(&mut self) {
        let open = self
            .stack
            .iter()
            .enumerate()
            .rev()
            .take_while(|(_, (_, kind))| *kind == Kind::Inline)
            .find(|(_, (name, _))| *name == "a");
        if let Some((at, _)) = open {
            self.close_to(at);
        }
    }

    /// Content that is no part of a table ends the table it would stand in directly.
    fn leave_table(&mut self) {
        if self
            .stack
            .last()
            .is_some_and(|(_, kind)| *kind == Kind::Table)
            && let Some(table) = self.stack.iter().rposition(|(name, _)| *name == "table")
        {
            self.close_to(table);
        }
    }

    /// Closes what stands between a table part and its nearest possible parent; false when there is none.
    fn enter_part(&mut self, part: &'static str) -> bool {
        let Some(table) = self.stack.iter().rposition(|(name, _)| *name == "table") else {
            return false;
        };
        let Some(parent) = (table..self.stack.len())
            .rev()
            .find(|at| accepts(self.stack[*at].0, part))
        else {
            return false;
        };
        // Room for the part, and for a group and a row that were left out, as a browser adds them.
        if parent + 4 > MAX_DEPTH {
            return false;
        }
        self.close_to(parent + 1);
        let is_cell = matches!(part, "td" | "th");
        if (is_cell || part == "tr") && self.stack[parent].0 == "table" {
            self.open_tag("tbody", "");
            self.stack.push(("tbody", Kind::Table));
        }
        if is_cell && self.stack.last().is_some_and(|(name, _)| *name != "tr") {
            self.open_tag("tr", "");
            self.stack.push(("tr", Kind::Table));
        }
        true
    }

    /// The attributes written anew, ids and links within the page prefixed. Ids of headings are made from their text.
    fn attributes(&mut self, element: &str, raw: &str, drop_id: bool) -> String {
        let mut list = String::new();
        for (name, value) in attributes(raw) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if value.len() > MAX_ATTRIBUTE || !name.bytes().all(plain) {
                continue;
            }
            if name == "id" && (drop_id || !is_id(value)) {
                continue;
            }
            list.push(' ');
            list.push_str(&name);
            list.push_str("=\"");
            match value.strip_prefix('#') {
                _ if name == "id" => list.push_str(&self.ids.unique(value)),
                Some(target) if name == "href" && element == "a" && !target.is_empty() => {
                    list.push('#');
                    list.push_str(ID_PREFIX);
                    push_attribute(&mut list, target);
                }
                _ => push_attribute(&mut list, value),
            }
            list.push('"');
        }
        list
    }
}

fn push_attribute(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            _ => out.push(c),
        }
    }
}

fn is_id(value: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '%'))
}

/// The id of a heading from its text, as on GitHub: lower case, spaces to hyphens, punctuation left out.
fn anchor(text: &str) -> String {
    let mut id = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '_' || c == '-' {
            id.push(c);
        } else if c.is_whitespace() {
            id.push('-');
        }
        if id.len() >= 80 {
            break;
        }
    }
    if id.is_empty() { "section".into() } else { id }
}

/// The ids given out so far.
#[derive(Debug, Default)]
struct Ids {
    /// An id in use, and the last number appended to it.
    used: HashMap<String, u32>,
}

impl Ids {
    fn unique(&mut self, wanted: &str) -> String {
        let base = format!("{ID_PREFIX}{wanted}");
        let Some(mut number) = self.used.get(&base).copied() else {
            self.used.insert(base.clone(), 0);
            return base;
        };
        loop {
            number += 1;
            let candidate = format!("{base}-{number}");
            if !self.used.contains_key(&candidate) {
                self.used.insert(base, number);
                self.used.insert(candidate.clone(), 0);
                return candidate;
            }
        }
    }
}

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;
