//! Feeds are judged by reading them back, and by rules that hold for any input.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::*;
use crate::content::input::is_xml_char;

const EVIL: &str = "</title>]]><script>alert(1)</script>&amp; &nope; \u{8}\u{b}\u{ffff} \"'<!--";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn picture(url: &str) -> Enclosure {
    Enclosure {
        url: url.to_owned(),
        media_type: "image/jpeg".into(),
        bytes: 12_345,
    }
}

fn item(n: u32) -> Item {
    Item {
        id: format!("urn:uuid:00000000-0000-7000-8000-00000000000{n}"),
        url: format!("https://studio.example/post-{n}/"),
        title: format!("Post {n}"),
        html: "<p><a href=\"/x?a=1&amp;b=2\">x</a> <a href=\"#post-y\">y</a> <img src=\"pic.jpg\" srcset=\"pic.jpg 1x, /big.jpg 2x\"></p>".into(),
        excerpt: "1 < 2 & more".into(),
        published: time("2027-03-28T01:30:00.25Z"),
        updated: time("2027-04-01T10:00:00Z"),
        authors: vec![Author { name: "Ana".into(), url: Some("https://studio.example/author/ana/".into()) }],
        tags: vec!["News & views".into()],
        image: Some(picture("https://studio.example/pic.jpg")),
    }
}

fn feed(items: Vec<Item>) -> Feed {
    Feed {
        title: "Studio".into(),
        description: "Notes".into(),
        home: "https://studio.example/".into(),
        self_url: "https://studio.example/feed.xml".into(),
        id: "urn:uuid:00000000-0000-7000-8000-000000000000".into(),
        language: "en".into(),
        updated: time("2027-01-01T00:00:00Z"),
        content: FeedContent::Full,
        items,
    }
}

/// Every element's path with its text, and every attribute as `path@name`. Fails on anything not well formed.
fn read(xml: &str) -> Vec<(String, String)> {
    assert!(xml.chars().all(is_xml_char), "a character that XML forbids");
    let mut reader = Reader::from_str(xml);
    let (mut path, mut texts, mut found) = (Vec::<String>::new(), Vec::<String>::new(), Vec::new());
    loop {
        match reader.read_event().expect("well formed") {
            event @ (Event::Start(_) | Event::Empty(_)) => {
                let (Event::Start(start) | Event::Empty(start)) = &event else {
                    unreachable!()
                };
                path.push(start.name().as_ref().to_owned());
                for attribute in start.attributes() {
                    let attribute = attribute.expect("well formed");
                    let value = quick_xml::escape::unescape(&attribute.value)
                        .expect("known entities")
                        .into_owned();
                    found.push((
                        format!("{}@{}", path.join("/"), attribute.key.as_ref()),
                        value,
                    ));
                }
                if matches!(event, Event::Start(_)) {
                    texts.push(String::new());
                } else {
                    path.pop();
                }
            }
            Event::Text(text) => texts
                .last_mut()
                .map_or((), |all| all.push_str(&text.into_inner())),
            Event::GeneralRef(entity) => {
                let reference = format!("&{};", entity.into_inner());
                let text = quick_xml::escape::unescape(&reference)
                    .expect("known entities")
                    .into_owned();
                texts.last_mut().expect("within the root").push_str(&text);
            }
            Event::End(_) => {
                found.push((path.join("/"), texts.pop().expect("balanced")));
                path.pop();
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(path.is_empty(), "every element is closed");
    found
}

fn all<'a>(found: &'a [(String, String)], path: &str) -> Vec<&'a str> {
    found
        .iter()
        .filter(|(at, _)| at == path)
        .map(|(_, text)| text.as_str())
        .collect()
}

#[test]
fn rss_reads_back() {
    let found = read(&rss(&feed(vec![item(1), item(2)])));
    assert_eq!(all(&found, "rss@version"), ["2.0"]);
    assert_eq!(
        all(&found, "rss/channel/lastBuildDate"),
        ["Thu, 01 Apr 2027 10:00:00 +0000"]
    );
    assert_eq!(
        all(&found, "rss/channel/atom:link@href"),
        ["https://studio.example/feed.xml"]
    );
    assert_eq!(all(&found, "rss/channel/item/title"), ["Post 1", "Post 2"]);
    assert_eq!(
        all(&found, "rss/channel/item/pubDate")[0],
        "Sun, 28 Mar 2027 01:30:00 +0000"
    );
    assert_eq!(
        all(&found, "rss/channel/item/guid@isPermaLink"),
        ["false", "false"]
    );
    assert_eq!(
        all(&found, "rss/channel/item/description")[0],
        "1 &lt; 2 &amp; more"
    );
    assert_eq!(all(&found, "rss/channel/item/category")[0], "News & views");
    assert_eq!(all(&found, "rss/channel/item/dc:creator")[0], "Ana");
    let html = all(&found, "rss/channel/item/content:encoded")[0];
    for part in [
        "href=\"https://studio.example/x?a=1&amp;b=2\"",
        "href=\"https://studio.example/post-1/#post-y\"",
        "src=\"https://studio.example/post-1/pic.jpg\"",
        "srcset=\"https://studio.example/post-1/pic.jpg 1x, https://studio.example/big.jpg 2x\"",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn atom_reads_back() {
    let found = read(&atom(&feed(vec![item(1)])));
    assert_eq!(
        all(&found, "feed/id"),
        ["urn:uuid:00000000-0000-7000-8000-000000000000"]
    );
    assert_eq!(all(&found, "feed/updated"), ["2027-04-01T10:00:00Z"]);
    assert_eq!(all(&found, "feed/link@rel"), ["self", "alternate"]);
    assert_eq!(all(&found, "feed/author/name"), ["Studio"]);
    assert_eq!(
        all(&found, "feed/entry/id"),
        ["urn:uuid:00000000-0000-7000-8000-000000000001"]
    );
    assert_eq!(
        all(&found, "feed/entry/published"),
        ["2027-03-28T01:30:00Z"]
    );
    assert_eq!(
        all(&found, "feed/entry/author/uri"),
        ["https://studio.example/author/ana/"]
    );
    assert_eq!(all(&found, "feed/entry/category@term"), ["News & views"]);
    assert_eq!(all(&found, "feed/entry/summary"), ["1 < 2 & more"]);
    assert!(all(&found, "feed/entry/content")[0].contains("https://studio.example/big.jpg 2x"));
}

#[test]
fn json_feed_reads_back() {
    let value: Value = serde_json::from_str(&json(&feed(vec![item(1)]))).expect("JSON");
    assert_eq!(value["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(value["feed_url"], "https://studio.example/feed.xml");
    let item = &value["items"][0];
    assert_eq!(item["date_published"], "2027-03-28T01:30:00Z");
    assert_eq!(item["authors"][0]["name"], "Ana");
    assert_eq!(item.get("content_text"), None);
    assert!(
        item["content_html"]
            .as_str()
            .expect("html")
            .contains("https://studio.example/post-1/pic.jpg")
    );
}

#[test]
fn excerpts_stand_in_for_the_text_where_asked() {
    let short = Feed {
        content: FeedContent::Excerpt,
        ..feed(vec![item(1)])
    };
    assert!(all(&read(&rss(&short)), "rss/channel/item/content:encoded").is_empty());
    assert!(all(&read(&atom(&short)), "feed/entry/content").is_empty());
    let value: Value = serde_json::from_str(&json(&short)).expect("JSON");
    assert_eq!(value["items"][0]["content_text"], "1 < 2 & more");
    assert_eq!(value["items"][0].get("content_html"), None);
}

#[test]
fn an_empty_feed_is_valid_and_dated() {
    let empty = Feed {
        description: String::new(),
        ..feed(Vec::new())
    };
    assert_eq!(
        all(&read(&atom(&empty)), "feed/updated"),
        ["2027-01-01T00:00:00Z"]
    );
    assert_eq!(
        all(&read(&rss(&empty)), "rss/channel/description"),
        ["Studio"]
    );
    let value: Value = serde_json::from_str(&json(&empty)).expect("JSON");
    assert_eq!(value["items"], serde_json::json!([]));
    assert_eq!(value.get("description"), None);
}

#[test]
fn stored_html_is_sanitised_again() {
    let old = Item {
        html: "<p onclick=x>a<script>alert(1)</script></p>".into(),
        ..item(1)
    };
    let bad_base = Item {
        url: "not a url".into(),
        ..old.clone()
    };
    let found = read(&rss(&feed(vec![old, bad_base])));
    assert_eq!(
        all(&found, "rss/channel/item/content:encoded"),
        ["<p>a</p>", "<p>a</p>"]
    );
}

fn evil_feed(text: &str) -> Feed {
    let items = vec![Item {
        id: text.into(),
        url: text.into(),
        title: text.into(),
        html: text.into(),
        excerpt: text.into(),
        authors: vec![Author {
            name: text.into(),
            url: Some(text.into()),
        }],
        tags: vec![text.into()],
        image: Some(picture(text)),
        ..item(1)
    }];
    Feed {
        title: text.into(),
        description: text.into(),
        home: text.into(),
        self_url: text.into(),
        id: text.into(),
        language: text.into(),
        ..feed(items)
    }
}

#[test]
fn hostile_text_stays_text() {
    let clean = strip_non_xml(EVIL).into_owned();
    let feed = evil_feed(EVIL);
    let found = read(&rss(&feed));
    assert_eq!(all(&found, "rss/channel/title"), [clean.as_str()]);
    assert_eq!(all(&found, "rss/channel/item/category"), [clean.as_str()]);
    assert_eq!(
        all(&read(&atom(&feed)), "feed/entry/title"),
        [clean.as_str()]
    );
    let value: Value = serde_json::from_str(&json(&feed)).expect("JSON");
    assert_eq!(value["items"][0]["title"], clean);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_gives_well_formed_feeds(text in "(?s).{0,60}") {
        let feed = evil_feed(&text);
        read(&rss(&feed));
        read(&atom(&feed));
        prop_assert!(serde_json::from_str::<Value>(&json(&feed)).is_ok());
    }
}
