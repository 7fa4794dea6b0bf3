//! Which posts a front end gets: by a filter, and by the number of a page.

use std::time::Duration;

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::content::{CONTENT, ids};
use super::{POSTS, Program, code, text};
use crate::support::{Client, TestApp};

/// A live post, made from this body.
async fn publish(writer: &Client, body: &Value) -> String {
    let made = writer.api(Method::POST, POSTS, &[], Some(body)).await;
    let id = text(&made.expect(201).json(), "id");
    let path = format!("{POSTS}/{id}/publish");
    let live = writer.api(Method::POST, &path, &[], Some(&json!({}))).await;
    live.expect(200);
    id
}

fn encoded(filter: &str) -> String {
    url::form_urlencoded::byte_serialize(filter.as_bytes()).collect()
}

/// Titles of the posts that a query finds, after making sure that they are counted alike.
async fn titles(program: &Program, query: &str) -> Vec<String> {
    let path = format!("{CONTENT}?order=title%20asc&limit=100&{query}");
    let list: Value = program.get(&path).await.expect(200).json();
    let data = list["data"].as_array().expect("posts");
    assert_eq!(list["total"], data.len(), "{query}");
    data.iter().map(|post| text(post, "title")).collect()
}

#[tokio::test]
async fn a_filter_chooses_by_every_fact_of_a_post() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let owner = &northlight.owner;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let ana = northlight.member(&app, Role::Editor, "Ana Guest").await;
    let a = publish(
        owner,
        &json!({ "title": "A 100% \"sharp\" lens", "content": "x", "tags": ["News", "Lenses"], "featured": true }),
    )
    .await;
    app.advance(Duration::from_hours(48));
    let b = publish(
        &ana,
        &json!({ "title": "B: children's light", "content": "x", "tags": ["Lenses"] }),
    )
    .await;
    app.advance(Duration::from_hours(48));
    publish(
        owner,
        &json!({ "title": "Contrast", "content": "x", "featured": true }),
    )
    .await;
    let body = json!({ "title": "How to", "posts": [b] });
    owner
        .api(Method::POST, "/api/v1/blog/series", &[], Some(&body))
        .await
        .expect(201);
    // A tag that is renamed is found by both of its slugs.
    let tags: Value = owner.get("/api/v1/blog/tags").await.expect(200).json();
    let lenses = tags["data"]
        .as_array()
        .expect("tags")
        .iter()
        .find(|tag| tag["name"] == "Lenses")
        .expect("the tag");
    let path = format!("/api/v1/blog/tags/{}", text(lenses, "id"));
    let rev = owner.get(&path).await.expect(200);
    let headers = [("if-match", rev.header("etag").expect("a tag"))];
    let slug = json!({ "slug": "glass" });
    owner
        .api(Method::PATCH, &path, &headers, Some(&slug))
        .await
        .expect(200);

    let (first, second, third) = ("A 100% \"sharp\" lens", "B: children's light", "Contrast");
    for (filter, expected) in [
        ("featured:true", vec![first, third]),
        ("featured:-true", vec![second]),
        ("tag:glass", vec![first, second]),
        ("tags:lenses", vec![first, second]),
        ("tag:glass+featured:true", vec![first]),
        ("tag:glass+tag:-news", vec![second]),
        ("tag:[news,glass]", vec![first, second]),
        ("tag:-[news,glass]", vec![third]),
        ("tag:null", vec![third]),
        ("tag:-null", vec![first, second]),
        ("primary_tag:glass", vec![second]),
        ("primary_tag:news,slug:contrast", vec![first, third]),
        ("(tag:news,slug:contrast)+featured:true", vec![first, third]),
        ("author:ana-guest", vec![second]),
        ("primary_author:-ana-guest", vec![first, third]),
        ("series:how-to", vec![second]),
        ("series:-null", vec![second]),
        ("title:~'100% \"SHARP\"'", vec![first]),
        ("title:~'.*'", vec![]),
        ("title:~^b", vec![second]),
        ("title:~$lens", vec![first]),
        ("title:'B: children\\'s light'", vec![second]),
        ("title:'b: children\\'s light'", vec![]),
        ("slug:~child", vec![second]),
        ("published_at:>now-3d", vec![second, third]),
        ("published_at:<=now-3d", vec![first]),
        ("updated_at:>=now", vec![third]),
        (format!("id:{a}").as_str(), vec![first]),
        (format!("id:-[{a},{b}]").as_str(), vec![third]),
        ("title:') || true || (\"'", vec![]),
        ("", vec![first, second, third]),
    ] {
        let found = titles(&program, &format!("filter={}", encoded(filter))).await;
        assert_eq!(found, expected, "{filter}");
    }
    // An address shows a plus sign as a space; with other parameters, both must hold.
    let found = titles(&program, "filter=tag:glass+featured:true").await;
    assert_eq!(found, [first]);
    let found = titles(&program, "filter=featured:true&tag=news&q=lens").await;
    assert_eq!(found, [first]);

    for filter in ["secret:1", "featured:maybe", "(featured:true", "tag:"] {
        let path = format!("{CONTENT}?filter={}", encoded(filter));
        let refused = program.get(&path).await.expect(400);
        assert_eq!(code(&refused), "invalid_filter", "{filter}");
    }
}

#[tokio::test]
async fn a_filter_tells_nothing_of_drafts_or_of_other_workspaces() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let other = app.tenant("other").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let live = json!({ "title": "Live", "content": "x", "tags": ["Light"] });
    publish(&northlight.owner, &live).await;
    let theirs = publish(&other.owner, &live).await;
    let draft = json!({ "title": "Secret plans", "content": "x", "tags": ["Light"] });
    northlight
        .owner
        .api(Method::POST, POSTS, &[], Some(&draft))
        .await
        .expect(201);
    for (filter, expected) in [
        ("tag:light", vec!["Live"]),
        ("title:~secret,slug:secret-plans", vec![]),
        (format!("id:{theirs}").as_str(), vec![]),
        (format!("id:-{theirs}").as_str(), vec!["Live"]),
    ] {
        let found = titles(&program, &format!("filter={}", encoded(filter))).await;
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn text_of_a_filter_is_text_whatever_is_in_it() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let title: String = ('!'..='~').chain("äß漢😀\u{200d}".chars()).collect();
    let body = json!({ "title": title, "content": "x" });
    publish(&northlight.owner, &body).await;
    let found = async |test: &str, part: &str| -> usize {
        let quoted = part.replace('\\', "\\\\").replace('\'', "\\'");
        let filter = encoded(&format!("title:{test}'{quoted}'"));
        titles(&program, &format!("filter={filter}")).await.len()
    };
    let parts = title.chars().map(String::from);
    for part in parts.chain([title[5..40].to_owned(), title.clone()]) {
        assert_eq!(found("~", &part).await, 1, "{part}");
        assert_eq!(found("", &part).await, usize::from(part == title), "{part}");
    }
    for part in ["\u{1}", "\u{7f}", "\n", "\t", "é"] {
        assert_eq!(found("~", part).await, 0, "{part:?}");
    }
    let path = format!("{CONTENT}?filter=title:'%00'");
    let refused = program.get(&path).await.expect(400);
    assert_eq!(code(&refused), "invalid_filter");
}

#[tokio::test]
async fn posts_come_in_pages_with_numbers() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    for number in 1..=5 {
        publish(
            &northlight.owner,
            &json!({ "title": format!("Post {number}"), "content": "x" }),
        )
        .await;
        app.advance(Duration::from_mins(1));
    }
    let page = async |query: &str| -> Value {
        let reply = program.get(&format!("{CONTENT}?limit=2&{query}")).await;
        reply.expect(200).json()
    };
    let mut seen = Vec::new();
    for (number, length) in [(1, 2), (2, 2), (3, 1), (4, 0)] {
        let part = page(&format!("page={number}")).await;
        assert_eq!(part["data"].as_array().expect("posts").len(), length);
        assert_eq!(
            [&part["page"], &part["pages"], &part["total"]],
            [&json!(number), &json!(3), &json!(5)],
            "{number}"
        );
        seen.extend(ids(&part));
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);
    // A page leads on by its cursor too, which has no number.
    let first = page("page=1").await;
    let cursor = text(&first, "next_cursor");
    let next = page(&format!("cursor={cursor}")).await;
    assert_eq!(ids(&next), seen[2..4]);
    assert_eq!(next["page"], Value::Null);
    assert_eq!(next["pages"], 3);
    assert_eq!(page("").await["page"], 1);
    for query in [
        "page=0",
        "page=-1",
        "page=5001",
        &format!("page=1&cursor={cursor}"),
    ] {
        let path = format!("{CONTENT}?limit=2&{query}");
        let refused = program.get(&path).await.expect(400);
        assert_eq!(code(&refused), "invalid_page", "{query}");
    }
}
