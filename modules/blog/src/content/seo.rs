//! What a post's page tells machines in its `<head>`: canonical link, Open Graph, Twitter card and JSON-LD.

use kernel::Timestamp;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

/// The type that JSON-LD gives a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArticleKind {
    /// A post of a blog.
    #[default]
    BlogPosting,
    /// An article in general.
    Article,
    /// A report of news.
    NewsArticle,
}

impl ArticleKind {
    fn name(self) -> &'static str {
        match self {
            Self::BlogPosting => "BlogPosting",
            Self::Article => "Article",
            Self::NewsArticle => "NewsArticle",
        }
    }
}

/// A picture for link previews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image<'a> {
    /// The absolute address.
    pub url: &'a str,
    /// What it shows.
    pub alt: &'a str,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
}

/// A name with the absolute address of its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The name.
    pub name: &'a str,
    /// Its page, if it has one.
    pub url: Option<&'a str>,
}

/// The place of a post in a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Title of the series.
    pub series: &'a str,
    /// Its page, as an absolute address.
    pub url: &'a str,
    /// Which part the post is, from 1.
    pub position: i64,
}

/// All that [`head`] says about a post. Every address is absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post<'a> {
    /// The title for previews.
    pub title: &'a str,
    /// One or two sentences.
    pub description: &'a str,
    /// The one address that search engines should know.
    pub canonical: &'a str,
    /// The name of the site.
    pub site_name: &'a str,
    /// The address of the site's start page.
    pub home: &'a str,
    /// BCP 47, such as `de` or `pt-BR`.
    pub language: &'a str,
    /// First publication.
    pub published: Timestamp,
    /// Last change of the published text.
    pub modified: Timestamp,
    /// Authors in order.
    pub authors: &'a [Named<'a>],
    /// Public tags in order; the first is the section.
    pub tags: &'a [Named<'a>],
    /// Series that it is part of.
    pub series: &'a [Part<'a>],
    /// The picture for previews.
    pub image: Option<Image<'a>>,
    /// Words, as the renderer counted them.
    pub word_count: i32,
    /// Public comments.
    pub comments: i64,
    /// The type of the article.
    pub kind: ArticleKind,
    /// Whether search engines are asked to leave it out.
    pub noindex: bool,
}

/// The elements for a post's `<head>`.
#[must_use]
pub fn head(post: &Post<'_>) -> Markup {
    let mut properties = vec![
        ("og:type", "article".to_owned()),
        ("og:site_name", post.site_name.to_owned()),
        ("og:title", post.title.to_owned()),
        ("og:description", post.description.to_owned()),
        ("og:url", post.canonical.to_owned()),
        ("article:published_time", post.published.to_string()),
        ("article:modified_time", post.modified.to_string()),
    ];
    if let Some((language, region)) = post.language.split_once('-')
        && region.len() == 2
    {
        properties.push((
            "og:locale",
            format!("{language}_{}", region.to_ascii_uppercase()),
        ));
    }
    if let Some(image) = &post.image {
        properties.push(("og:image", image.url.to_owned()));
        properties.push(("og:image:width", image.width.to_string()));
        properties.push(("og:image:height", image.height.to_string()));
        if !image.alt.is_empty() {
            properties.push(("og:image:alt", image.alt.to_owned()));
        }
    }
    // Open Graph wants profile pages here, so an author without one is left to JSON-LD.
    properties.extend(
        post.authors
            .iter()
            .filter_map(|author| Some(("article:author", author.url?.to_owned()))),
    );
    properties.extend(
        post.tags
            .first()
            .map(|tag| ("article:section", tag.name.to_owned())),
    );
    properties.extend(
        post.tags
            .iter()
            .map(|tag| ("article:tag", tag.name.to_owned())),
    );
    let card = if post.image.is_some() {
        "summary_large_image"
    } else {
        "summary"
    };
    html! {
        link rel="canonical" href=(post.canonical);
        meta name="description" content=(post.description);
        @if post.noindex { meta name="robots" content="noindex"; }
        @for (property, content) in &properties { meta property=(property) content=(content); }
        meta name="twitter:card" content=(card);
        meta name="twitter:title" content=(post.title);
        meta name="twitter:description" content=(post.description);
        @if let Some(image) = &post.image {
            meta name="twitter:image" content=(image.url);
            @if !image.alt.is_empty() { meta name="twitter:image:alt" content=(image.alt); }
        }
        (json_ld(&article(post)))
        (json_ld(&breadcrumbs(post)))
    }
}

fn article(post: &Post<'_>) -> Value {
    let authors: Vec<Value> = post
        .authors
        .iter()
        .map(|author| {
            let mut value = json!({ "@type": "Person", "name": author.name });
            if let Some(url) = author.url {
                value["url"] = url.into();
            }
            value
        })
        .collect();
    let mut value = json!({
        "@context": "https://schema.org",
        "@type": post.kind.name(),
        "headline": post.title,
        "description": post.description,
        "url": post.canonical,
        "mainEntityOfPage": { "@type": "WebPage", "@id": post.canonical },
        "datePublished": post.published.to_string(),
        "dateModified": post.modified.to_string(),
        "inLanguage": post.language,
        "wordCount": post.word_count,
        "author": authors,
        "publisher": { "@type": "Organization", "name": post.site_name, "url": post.home },
    });
    if let Some(image) = &post.image {
        value["image"] = json!([image.url]);
    }
    if let Some(first) = post.series.first() {
        value["position"] = first.position.into();
        value["isPartOf"] = post
            .series
            .iter()
            .map(|part| json!({ "@type": "CreativeWorkSeries", "name": part.series, "url": part.url }))
            .collect();
    }
    if post.comments > 0 {
        value["commentCount"] = post.comments.into();
    }
    if !post.tags.is_empty() {
        value["articleSection"] = post.tags[0].name.into();
        value["keywords"] = post.tags.iter().map(|tag| tag.name).collect();
    }
    value
}

/// Home, the primary tag when it has a page, the post.
fn breadcrumbs(post: &Post<'_>) -> Value {
    let mut steps = vec![(post.site_name, post.home)];
    steps.extend(post.tags.first().and_then(|tag| Some((tag.name, tag.url?))));
    steps.push((post.title, post.canonical));
    let items: Vec<Value> = steps
        .iter()
        .zip(1..)
        .map(|((name, url), position)| json!({ "@type": "ListItem", "position": position, "name": name, "item": url }))
        .collect();
    json!({ "@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items })
}

/// A data block. Not run as a script, so a content security policy lets it stand.
#[must_use]
pub fn json_ld(value: &Value) -> Markup {
    html! { script type="application/ld+json" { (PreEscaped(script_json(value))) } }
}

/// JSON that may stand in a script element: no `<` (so neither `</script` nor `<!--`), no `>` or `&`, and no U+2028 or
/// U+2029, which end lines in old JavaScript.
#[must_use]
pub fn script_json(value: &Value) -> String {
    let json = value.to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVIL: &str = "\"><script>alert(1)</script><!-- & \u{2028}\u{2029} '";

    fn post() -> Post<'static> {
        Post {
            title: "A title",
            description: "What it says.",
            canonical: "https://studio.example/a-title/",
            site_name: "Studio",
            home: "https://studio.example/",
            language: "pt-br",
            published: "2027-01-02T03:04:05Z".parse().expect("a time"),
            modified: "2027-02-03T04:05:06Z".parse().expect("a time"),
            authors: &[
                Named {
                    name: "Ana",
                    url: Some("https://studio.example/author/ana/"),
                },
                Named {
                    name: "Ben",
                    url: None,
                },
            ],
            tags: &[Named {
                name: "News",
                url: Some("https://studio.example/tag/news/"),
            }],
            series: &[Part {
                series: "A year of light",
                url: "https://studio.example/series/light",
                position: 2,
            }],
            image: Some(Image {
                url: "https://studio.example/a.jpg",
                alt: "A cat",
                width: 1280,
                height: 800,
            }),
            word_count: 321,
            comments: 0,
            kind: ArticleKind::BlogPosting,
            noindex: false,
        }
    }

    /// The JSON documents in a head.
    fn documents(head: &str) -> Vec<Value> {
        head.split("<script type=\"application/ld+json\">")
            .skip(1)
            .map(|rest| {
                serde_json::from_str(rest.split("</script>").next().unwrap_or_default())
                    .expect("JSON")
            })
            .collect()
    }

    #[test]
    fn a_post_is_described() {
        let head = head(&post()).into_string();
        for part in [
            "<link rel=\"canonical\" href=\"https://studio.example/a-title/\">",
            "<meta property=\"og:locale\" content=\"pt_BR\">",
            "<meta property=\"article:published_time\" content=\"2027-01-02T03:04:05Z\">",
            "<meta property=\"article:author\" content=\"https://studio.example/author/ana/\">",
            "<meta property=\"og:image:alt\" content=\"A cat\">",
            "<meta property=\"og:image:width\" content=\"1280\">",
            "<meta property=\"og:image:height\" content=\"800\">",
            "<meta name=\"twitter:card\" content=\"summary_large_image\">",
        ] {
            assert!(head.contains(part), "{part}\n{head}");
        }
        assert!(!head.contains("noindex"));
        let documents = documents(&head);
        assert_eq!(documents[0]["@type"], "BlogPosting");
        assert_eq!(documents[0]["datePublished"], "2027-01-02T03:04:05Z");
        assert_eq!(
            documents[0]["author"][1],
            json!({ "@type": "Person", "name": "Ben" })
        );
        assert_eq!(documents[0]["position"], 2);
        assert_eq!(documents[0]["isPartOf"][0]["name"], "A year of light");
        assert_eq!(
            documents[1]["itemListElement"][2]["item"],
            "https://studio.example/a-title/"
        );
    }

    #[test]
    fn optional_parts_are_left_out() {
        let bare = Post {
            image: None,
            tags: &[],
            authors: &[],
            series: &[],
            language: "de",
            noindex: true,
            ..post()
        };
        let head = head(&bare).into_string();
        assert!(head.contains("content=\"noindex\"") && head.contains("content=\"summary\""));
        assert!(
            !head.contains("og:image")
                && !head.contains("og:locale")
                && !head.contains("article:tag")
        );
        let documents = documents(&head);
        assert_eq!(documents[0].get("image"), None);
        assert_eq!(
            documents[1]["itemListElement"].as_array().map(Vec::len),
            Some(2)
        );
    }

    #[test]
    fn nothing_breaks_out_of_its_place() {
        let evil = Post {
            title: EVIL,
            description: EVIL,
            canonical: EVIL,
            site_name: EVIL,
            tags: &[Named {
                name: EVIL,
                url: Some(EVIL),
            }],
            authors: &[Named {
                name: EVIL,
                url: Some(EVIL),
            }],
            image: Some(Image {
                url: EVIL,
                alt: EVIL,
                width: 1,
                height: 1,
            }),
            ..post()
        };
        let head = head(&evil).into_string();
        assert_eq!(head.matches("<script").count(), 2);
        assert_eq!(head.matches("</script").count(), 2);
        assert!(!head.contains("<!--") && !head.contains("content=\"\""));
        for line in head.split("<script type=\"application/ld+json\">").skip(1) {
            assert!(
                !line
                    .split("</script>")
                    .next()
                    .unwrap_or_default()
                    .contains(['\u{2028}', '\u{2029}'])
            );
        }
        assert_eq!(documents(&head)[0]["headline"], EVIL);
    }

    proptest! {
        #[test]
        fn any_text_survives_the_script_element(text in "\\PC*") {
            let json = script_json(&json!(text));
            prop_assert!(!json.contains(['<', '>', '&']));
            prop_assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(text));
        }
    }
}
