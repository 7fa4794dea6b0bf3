//! A small HTML tokeniser for the two places that read HTML as a stream: tidying before sanitising, and plain text
//! after it. It is linear in its input and never fails; it is no parser and decides nothing about safety.

/// One piece of an HTML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// Characters between tags, with entities as written.
    Text(&'a str),
    /// `<name ..>`; the name in lower case.
    Start {
        /// Tag name in lower case.
        name: String,
        /// Everything between the name and the closing `>`.
        attributes: &'a str,
    },
    /// `</name>`; the name in lower case.
    End(String),
}

/// Elements whose content is not HTML text for a reader and goes away with them.
const DROPPED_WITH_CONTENT: [&str; 11] = [
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "template",
    "svg", "math",
];

/// Splits HTML into tokens. Comments, declarations and elements such as `script` are left out with their content.
#[must_use]
pub fn tokens(html: &str) -> Tokens<'_> {
    Tokens { rest: html }
}

/// See [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn take(&mut self, end: usize) -> &'a str {
        let (head, tail) = self.rest.split_at(end.min(self.rest.len()));
        self.rest = tail;
        head
    }

    /// Skips past the first `end`, or to the end of the input, as a browser does with an unclosed construct.
    fn skip_past(&mut self, end: &str) {
        let at = self
            .rest
            .find(end)
            .map_or(self.rest.len(), |at| at + end.len());
        self.take(at);
    }

    /// Skips to the closing tag of `name` in any letter case.
    fn skip_element(&mut self, name: &str) {
        let bytes = self.rest.as_bytes();
        let close = bytes.windows(name.len() + 2).position(|window| {
            window[0] == b'<'
                && window[1] == b'/'
                && window[2..].eq_ignore_ascii_case(name.as_bytes())
        });
        match close {
            Some(at) => {
                self.take(at);
                self.skip_past(">");
            }
            None => self.rest = "",
        }
    }

    fn tag_name(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')
            .unwrap_or(self.rest.len());
        self.take(end).to_ascii_lowercase()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let text_end = markup_start(self.rest).unwrap_or(self.rest.len());
            if text_end > 0 {
                return Some(Token::Text(self.take(text_end)));
            }
            if self.rest.starts_with("<!--") {
                self.take(4);
                self.skip_past("-->");
            } else if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
                self.skip_past(">");
            } else if self.rest.starts_with("</") {
                self.take(2);
                let name = self.tag_name();
                self.skip_past(">");
                return Some(Token::End(name));
            } else {
                self.take(1);
                let name = self.tag_name();
                let Some(end) = tag_end(self.rest) else {
                    self.rest = "";
                    return None;
                };
                let attributes = self.take(end);
                self.take(1);
                if DROPPED_WITH_CONTENT.contains(&name.as_str()) {
                    self.skip_element(&name);
                    continue;
                }
                return Some(Token::Start { name, attributes });
            }
        }
    }
}

/// Where the next tag, comment or declaration begins; a `<` before anything else is text.
fn markup_start(html: &str) -> Option<usize> {
    let bytes = html.as_bytes();
    html.match_indices('<')
        .map(|(at, _)| at)
        .find(|at| match bytes.get(at + 1) {
            Some(b'!' | b'?') => true,
            Some(b'/') => bytes.get(at + 2).is_some_and(u8::is_ascii_alphabetic),
            Some(byte) => byte.is_ascii_alphabetic(),
            None => false,
        })
}

/// Where the `>` of a start tag stands, outside quoted values.
fn tag_end(attributes: &str) -> Option<usize> {
    let mut rest = Attributes { rest: attributes };
    while rest.next().is_some() {}
    rest.rest
        .starts_with('>')
        .then(|| attributes.len() - rest.rest.len())
}

/// The attributes of a start tag: name in lower case, value as written (entities kept).
#[must_use]
pub fn attributes(raw: &str) -> Attributes<'_> {
    Attributes { rest: raw }
}

/// See [`attributes`].
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (String, &'a str);

    fn next(&mut self) -> Option<(String, &'a str)> {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if self.rest.is_empty() || self.rest.starts_with('>') {
            return None;
        }
        // A leading `=` belongs to the name, as in the HTML standard.
        let end = self
            .rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))
            .map_or(self.rest.len(), |(at, _)| at);
        let (name, tail) = self.rest.split_at(end);
        let name = name.to_ascii_lowercase();
        let after = tail.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(value) = after.strip_prefix('=') else {
            self.rest = tail;
            return Some((name, ""));
        };
        let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, tail) = if let Some(quote) = quote {
            let inner = &value[1..];
            // An unclosed quote swallows the rest, as in a browser.
            inner.split_once(quote).unwrap_or((inner, ""))
        } else {
            let end = value
                .find(|c: char| c.is_ascii_whitespace() || c == '>')
                .unwrap_or(value.len());
            value.split_at(end)
        };
        self.rest = tail;
        Some((name, value))
    }
}

/// Appends text with the entities decoded that the sanitiser's serialiser writes.
pub fn push_decoded(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&quot;", '"'),
            ("&#39;", '\''),
            ("&nbsp;", '\u{a0}'),
        ];
        if let Some((entity, c)) = known.iter().find(|(entity, _)| rest.starts_with(entity)) {
            out.push(*c);
            rest = &rest[entity.len()..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> Vec<String> {
        tokens(html)
            .map(|token| match token {
                Token::Text(text) => format!("t:{text}"),
                Token::Start {
                    name,
                    attributes: raw,
                } => {
                    let list: Vec<_> = attributes(raw)
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect();
                    format!("s:{name}[{}]", list.join("|"))
                }
                Token::End(name) => format!("e:{name}"),
            })
            .collect()
    }

    #[test]
    fn tokens_follow_the_html_standard_where_it_matters() {
        let cases: [(&str, &[&str]); 15] = [
            ("a<b>c</b>", &["t:a", "s:b[]", "t:c", "e:b"]),
            ("<A HREF='x>y' b>", &["s:a[href=x>y|b=]"]),
            ("<a href=x/y>z", &["s:a[href=x/y]", "t:z"]),
            ("<br/>", &["s:br[]"]),
            ("<br / >x", &["s:br[]", "t:x"]),
            ("1 < 2 > 1", &["t:1 < 2 > 1"]),
            ("a<!-- <b> -->c", &["t:a", "t:c"]),
            ("a<!doctype html>b<?x ?>c", &["t:a", "t:b", "t:c"]),
            ("<script>if (a<b) </SCRIPT >d", &["t:d"]),
            ("<svg><a href=x>in</a></svg>out", &["t:out"]),
            ("<script>never closed", &[]),
            ("a<b c=\"never closed>x", &["t:a"]),
            (
                "<a\u{e9}\u{e8}=1 \u{e9}\u{e8}=2>",
                &["s:a\u{e9}\u{e8}=1[\u{e9}\u{e8}=2]"],
            ),
            ("<a =b c= d>e", &["s:a[=b=|c=d]", "t:e"]),
            ("<a b='c'd>e", &["s:a[b=c|d=]", "t:e"]),
        ];
        for (html, expected) in cases {
            assert_eq!(shown(html), expected, "{html}");
        }
    }

    #[test]
    fn entities_of_the_serialiser_are_decoded() {
        let mut out = String::new();
        push_decoded(&mut out, "a &amp; b &lt;c&gt; &amp;amp; &unknown; &");
        assert_eq!(out, "a & b <c> &amp; &unknown; &");
    }
}
