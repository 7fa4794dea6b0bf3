//! What HTML of a post may contain. The last step that makes HTML: nothing may change its output but text and
//! attributes of known shape.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, Url, UrlRelative};

use super::tidy::{ID_PREFIX, TAGS};

/// Schemes a link or picture may use. `data:` is missing on purpose: it carries scripts in SVG and bloats rows.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// Classes the renderer itself writes.
const CLASSES: [&str; 13] = [
    "footnotes",
    "footnote-ref",
    "footnote-backref",
    "contains-task-list",
    "task-list-item",
    "task-list-item-checkbox",
    "markdown-alert",
    "markdown-alert-note",
    "markdown-alert-tip",
    "markdown-alert-important",
    "markdown-alert-warning",
    "markdown-alert-caution",
    "markdown-alert-title",
];

/// What a comment may contain.
const COMMENT_TAGS: [&str; 10] = [
    "p",
    "br",
    "a",
    "blockquote",
    "code",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
];

static POST: LazyLock<Builder<'static>> = LazyLock::new(|| profile(None));

static COMMENT: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(COMMENT_TAGS.into_iter().collect())
        .clean_content_tags(["script", "style"].into_iter().collect())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"]))]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        // Whoever writes it, it is no recommendation of the blog's.
        .link_rel(Some("ugc nofollow noopener noreferrer"))
        .strip_comments(true);
    builder
});

/// Cleans the rendered HTML of a comment: text, lists, quotations and links, without pictures, headings or ids.
#[must_use]
pub fn comment(html: &str) -> String {
    COMMENT.clean(html).to_string()
}

/// Cleans rendered HTML for a post's page. Relative links stay relative.
#[must_use]
pub fn post(html: &str) -> String {
    POST.clean(html).to_string()
}

/// Cleans stored HTML for readers outside the site: every relative `href`, `src` and `srcset` becomes absolute
/// against `base` (the post's own address). Reading it through the sanitiser again also means that a feed never
/// carries what an older, weaker renderer once stored.
#[must_use]
pub fn absolute(html: &str, base: &Url) -> String {
    profile(Some(base)).clean(html).to_string()
}

/// Rewrites the addresses of a `srcset`, leaving out candidates that `change` refuses or whose scheme is not allowed.
fn srcset(value: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut candidates = Vec::new();
    for candidate in value.split(',') {
        let mut words = candidate.split_whitespace();
        let Some(url) = words.next() else { continue };
        let allowed = match Url::parse(url) {
            Ok(url) => matches!(url.scheme(), "http" | "https"),
            Err(error) => error == ammonia::url::ParseError::RelativeUrlWithoutBase,
        };
        let Some(url) = change(url).filter(|_| allowed) else {
            continue;
        };
        let descriptor = words.next().unwrap_or_default();
        candidates.push(format!("{url} {descriptor}").trim_end().to_owned());
    }
    candidates.join(", ")
}

fn filter<'a>(
    base: Option<&Url>,
    element: &str,
    attribute: &str,
    value: &'a str,
) -> Option<Cow<'a, str>> {
    match attribute {
        "class" => {
            let kept: Vec<&str> = value
                .split_ascii_whitespace()
                .filter(|class| is_class(element, class))
                .collect();
            (!kept.is_empty()).then(|| Cow::Owned(kept.join(" ")))
        }
        // ammonia rewrites only `href` and `src`.
        "srcset" => Some(Cow::Owned(srcset(value, |url| match base {
            Some(base) => base.join(url).ok().map(String::from),
            None => Some(url.to_owned()),
        }))),
        "width" | "height" | "start" | "colspan" | "rowspan" => (value.len() <= 5
            && value.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(Cow::Borrowed(value)),
        // Never followed by browsers, so only worth keeping as a full address.
        "cite" => (value.starts_with("https://") || value.starts_with("http://"))
            .then_some(Cow::Borrowed(value)),
        // A picture is fetched, never dialled.
        "src" if value.starts_with("mailto:") || value.starts_with("tel:") => None,
        _ => Some(Cow::Borrowed(value)),
    }
}

fn is_class(element: &str, class: &str) -> bool {
    let language = class.strip_prefix("language-").is_some_and(|language| {
        let allowed = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'#' | b'_' | b'.')
        };
        !language.is_empty() && language.len() <= 40 && language.bytes().all(allowed)
    });
    CLASSES.contains(&class) || (element == "code" && language)
}

/// The profile of posts; with a base, one that also makes addresses absolute.
fn profile(base: Option<&Url>) -> Builder<'static> {
    let relative = base.map_or(UrlRelative::PassThrough, |base| {
        UrlRelative::RewriteWithBase(base.clone())
    });
    let base = base.cloned();
    let set = |names: &[&'static str]| names.iter().copied().collect::<HashSet<_>>();
    let tag_attributes = HashMap::from([
        ("a", set(&["href", "hreflang", "class", "aria-label"])),
        ("bdo", set(&["dir"])),
        ("blockquote", set(&["cite"])),
        ("code", set(&["class"])),
        ("del", set(&["cite", "datetime"])),
        ("div", set(&["class"])),
        ("details", set(&["open"])),
        (
            "img",
            set(&["src", "srcset", "sizes", "alt", "width", "height"]),
        ),
        ("input", set(&["checked", "class"])),
        ("ins", set(&["cite", "datetime"])),
        ("li", set(&["class"])),
        ("ol", set(&["start", "reversed"])),
        ("p", set(&["class"])),
        ("q", set(&["cite"])),
        ("section", set(&["class"])),
        ("sup", set(&["class"])),
        ("td", set(&["align", "colspan", "rowspan"])),
        ("th", set(&["align", "colspan", "rowspan", "scope"])),
        ("time", set(&["datetime"])),
        ("ul", set(&["class"])),
    ]);
    let mut builder = Builder::empty();
    builder
        .tags(set(&TAGS))
        .clean_content_tags(set(&["script", "style"]))
        .tag_attributes(tag_attributes)
        .generic_attributes(set(&["id", "lang", "dir", "title"]))
        .set_tag_attribute_values(HashMap::from([
            (
                "img",
                HashMap::from([("loading", "lazy"), ("decoding", "async")]),
            ),
            (
                "input",
                HashMap::from([("type", "checkbox"), ("disabled", "")]),
            ),
        ]))
        .url_schemes(set(&SCHEMES))
        .url_relative(relative)
        .attribute_filter(move |element, attribute, value| {
            filter(base.as_ref(), element, attribute, value)
        })
        .link_rel(Some("noopener noreferrer"))
        .id_prefix(Some(ID_PREFIX))
        .strip_comments(true);
    builder
}
