//! RSS 2.0, Atom 1.0 and JSON Feed 1.1.
//!
//! Readers show a post far from its site, so every `href`, `src` and `srcset` in its HTML becomes absolute. That
//! is done on the stored HTML with the sanitiser's own URL rewriting (see [`sanitize::absolute`]) and not on the
//! Markdown tree: imported posts have no Markdown, raw HTML is no tree, and the second sanitising is a second net.

use std::borrow::Cow;

use ammonia::Url;
use kernel::{Timestamp, Zone};
use serde::Serialize;

use super::input::strip_non_xml;
use super::sanitize;
use super::xml::Document;

/// Media types, for the `Content-Type` header and for `<link rel=alternate>`.
pub const RSS_TYPE: &str = "application/rss+xml";
/// See [`RSS_TYPE`].
pub const ATOM_TYPE: &str = "application/atom+xml";
/// See [`RSS_TYPE`].
pub const JSON_TYPE: &str = "application/feed+json";

const GENERATOR: &str = "Atelier";

/// How much of a post a feed carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeedContent {
    /// All of it.
    #[default]
    Full,
    /// The excerpt, as plain text.
    Excerpt,
}

/// A feed. Every address is absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The blog's title.
    pub title: String,
    /// The blog's tagline.
    pub description: String,
    /// The page that the feed follows.
    pub home: String,
    /// Where this very feed is: differs between the three formats.
    pub self_url: String,
    /// An id that survives a change of address: `urn:uuid:..`, `tag:..` or the address itself.
    pub id: String,
    /// BCP 47.
    pub language: String,
    /// When the blog itself last changed; the feed's own time is this or its newest item's.
    pub updated: Timestamp,
    /// Whether items carry the whole post.
    pub content: FeedContent,
    /// Newest first.
    pub items: Vec<Item>,
}

/// A post in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// An id that survives a new slug: `urn:uuid:..`, `tag:..` or the first address.
    pub id: String,
    /// The post's canonical address; relative links in the HTML are taken from here.
    pub url: String,
    /// The title.
    pub title: String,
    /// Sanitised HTML as stored.
    pub html: String,
    /// Plain text.
    pub excerpt: String,
    /// First publication.
    pub published: Timestamp,
    /// Last change of the published text.
    pub updated: Timestamp,
    /// Authors in order.
    pub authors: Vec<Author>,
    /// Names of public tags.
    pub tags: Vec<String>,
    /// The picture that stands for the post.
    pub image: Option<Enclosure>,
}

/// A file that comes with a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Its absolute address.
    pub url: String,
    /// Its media type.
    pub media_type: String,
    /// How many bytes.
    pub bytes: i64,
}

/// Who wrote a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The author's page.
    pub url: Option<String>,
}

impl Feed {
    /// The latest change of the blog or any item.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        self.items
            .iter()
            .map(|item| item.updated)
            .fold(self.updated, Timestamp::max)
    }

    fn body(&self, item: &Item) -> Option<String> {
        (self.content == FeedContent::Full).then(|| match Url::parse(&item.url) {
            Ok(base) => sanitize::absolute(&item.html, &base),
            Err(_) => sanitize::post(&item.html),
        })
    }
}

/// RSS 2.0, with `content:encoded` for the whole post and `dc:creator` for names without e-mail addresses.
#[must_use]
pub fn rss(feed: &Feed) -> String {
    let mut document = Document::new();
    let namespaces = [
        ("version", "2.0"),
        ("xmlns:atom", "http://www.w3.org/2005/Atom"),
        ("xmlns:content", "http://purl.org/rss/1.0/modules/content/"),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ];
    document.element("rss", &namespaces, |document| {
        document.element("channel", &[], |document| {
            document.text("title", &[], &feed.title);
            document.text("link", &[], &feed.home);
            document.text(
                "description",
                &[],
                non_empty(&feed.description, &feed.title),
            );
            document.text("language", &[], &feed.language);
            document.text("lastBuildDate", &[], &rfc_822(feed.updated()));
            document.text("generator", &[], GENERATOR);
            document.empty(
                "atom:link",
                &[
                    ("href", &feed.self_url),
                    ("rel", "self"),
                    ("type", RSS_TYPE),
                ],
            );
            for item in &feed.items {
                document.element("item", &[], |document| {
                    document.text("title", &[], &item.title);
                    document.text("link", &[], &item.url);
                    document.text(
                        "guid",
                        &[(
                            "isPermaLink",
                            if item.id == item.url { "true" } else { "false" },
                        )],
                        &item.id,
                    );
                    document.text("pubDate", &[], &rfc_822(item.published));
                    for author in &item.authors {
                        document.text("dc:creator", &[], &author.name);
                    }
                    for tag in &item.tags {
                        document.text("category", &[], tag);
                    }
                    document.text("description", &[], &escaped_text(&item.excerpt));
                    if let Some(image) = &item.image {
                        let length = image.bytes.to_string();
                        document.empty(
                            "enclosure",
                            &[
                                ("url", image.url.as_str()),
                                ("length", &length),
                                ("type", &image.media_type),
                            ],
                        );
                    }
                    if let Some(html) = feed.body(item) {
                        document.text("content:encoded", &[], &html);
                    }
                });
            }
        });
    });
    document.finish()
}

/// Atom 1.0.
#[must_use]
pub fn atom(feed: &Feed) -> String {
    let mut document = Document::new();
    let root = [
        ("xmlns", "http://www.w3.org/2005/Atom"),
        ("xml:lang", feed.language.as_str()),
    ];
    document.element("feed", &root, |document| {
        document.text("id", &[], &feed.id);
        document.text("title", &[], &feed.title);
        if !feed.description.is_empty() {
            document.text("subtitle", &[], &feed.description);
        }
        document.text("updated", &[], &rfc_3339(feed.updated()));
        document.empty(
            "link",
            &[
                ("rel", "self"),
                ("type", ATOM_TYPE),
                ("href", &feed.self_url),
            ],
        );
        document.empty(
            "link",
            &[
                ("rel", "alternate"),
                ("type", "text/html"),
                ("href", &feed.home),
            ],
        );
        document.text("generator", &[], GENERATOR);
        // Required by RFC 4287 as soon as one entry names no author.
        document.element("author", &[], |document| {
            document.text("name", &[], non_empty(&feed.title, GENERATOR));
        });
        for item in &feed.items {
            document.element("entry", &[], |document| {
                document.text("id", &[], &item.id);
                document.text("title", &[("type", "text")], &item.title);
                document.empty(
                    "link",
                    &[
                        ("rel", "alternate"),
                        ("type", "text/html"),
                        ("href", &item.url),
                    ],
                );
                document.text("published", &[], &rfc_3339(item.published));
                document.text("updated", &[], &rfc_3339(item.updated));
                for author in &item.authors {
                    document.element("author", &[], |document| {
                        document.text("name", &[], &author.name);
                        if let Some(url) = &author.url {
                            document.text("uri", &[], url);
                        }
                    });
                }
                for tag in &item.tags {
                    document.empty("category", &[("term", tag)]);
                }
                if let Some(image) = &item.image {
                    let length = image.bytes.to_string();
                    document.empty(
                        "link",
                        &[
                            ("rel", "enclosure"),
                            ("href", image.url.as_str()),
                            ("length", &length),
                            ("type", &image.media_type),
                        ],
                    );
                }
                document.text("summary", &[("type", "text")], &item.excerpt);
                if let Some(html) = feed.body(item) {
                    document.text("content", &[("type", "html")], &html);
                }
            });
        }
    });
    document.finish()
}

/// JSON Feed 1.1.
#[must_use]
pub fn json(feed: &Feed) -> String {
    let items = feed
        .items
        .iter()
        .map(|item| {
            let html = feed.body(item);
            JsonItem {
                id: &item.id,
                url: &item.url,
                title: strip_non_xml(&item.title),
                // An item must carry one of the two.
                content_text: html.is_none().then(|| strip_non_xml(&item.excerpt)),
                content_html: html.map(|html| strip_non_xml(&html).into_owned()),
                summary: strip_non_xml(&item.excerpt),
                image: item.image.as_ref().map(|image| image.url.as_str()),
                date_published: rfc_3339(item.published),
                date_modified: rfc_3339(item.updated),
                authors: item
                    .authors
                    .iter()
                    .map(|author| JsonAuthor {
                        name: &author.name,
                        url: author.url.as_deref(),
                    })
                    .collect(),
                tags: &item.tags,
            }
        })
        .collect();
    let feed = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: strip_non_xml(&feed.title),
        home_page_url: &feed.home,
        feed_url: &feed.self_url,
        description: strip_non_xml(&feed.description),
        language: &feed.language,
        items,
    };
    serde_json::json!(feed).to_string()
}

#[derive(Serialize)]
struct JsonFeed<'a> {
    version: &'a str,
    title: Cow<'a, str>,
    home_page_url: &'a str,
    feed_url: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    language: &'a str,
    items: Vec<JsonItem<'a>>,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    id: &'a str,
    url: &'a str,
    title: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<JsonAuthor<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
}

#[derive(Serialize)]
struct JsonAuthor<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

/// Readers take an RSS description for HTML, so plain text must not look like markup there.
fn escaped_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn non_empty<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() {
        otherwise
    } else {
        text
    }
}

/// `Sun, 28 Mar 2027 01:30:00 +0000`, as RSS demands.
fn rfc_822(time: Timestamp) -> String {
    time.in_zone(&Zone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S +0000")
        .to_string()
}

/// `2027-03-28T01:30:00Z`: whole seconds, so that readers with strict patterns accept it.
fn rfc_3339(time: Timestamp) -> String {
    time.instant().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
