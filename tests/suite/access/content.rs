//! A front end of one's own: public content by a key, as W1 of the blog's story tells it.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{POSTS, Program, code, text};
use crate::support::{Reply, TestApp, TestTenant};

pub const CONTENT: &str = "/api/v1/blog/content/posts";

/// A post with a tag, live or not.
async fn write(tenant: &TestTenant, title: &str, tag: &str, live: bool) -> String {
    let owner = &tenant.owner;
    let body = json!({ "title": title, "content": format!("## About\n\n*{title}* is all there is."), "tags": [tag] });
    let post: Value = owner
        .api(Method::POST, POSTS, &[], Some(&body))
        .await
        .expect(201)
        .json();
    let id = text(&post, "id");
    if live {
        let path = format!("{POSTS}/{id}/publish");
        owner
            .api(Method::POST, &path, &[], Some(&json!({})))
            .await
            .expect(200);
    }
    id
}

pub fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().expect("a list");
    data.iter().map(|post| text(post, "id")).collect()
}

async fn conditional(program: &Program, path: &str, name: &str, value: &str) -> Reply {
    let bearer = format!("Bearer {}", program.secret);
    let headers = [("authorization", bearer.as_str()), (name, value)];
    program
        .client
        .api(Method::GET, path, &headers, None::<&()>)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_reads_what_is_live_and_nothing_else() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let empty: Value = program.get(CONTENT).await.expect(200).json();
    assert_eq!(
        empty,
        json!({ "data": [], "total": 0, "page": 1, "pages": 0, "next_cursor": null })
    );
    // Drafts are not for this scope.
    let refused = program.get(POSTS).await.expect(403);
    assert_eq!(text(&refused.json(), "scope"), "posts:read");

    for number in 0..12 {
        write(&northlight, &format!("Post {number}"), "Light", true).await;
        app.advance(Duration::from_mins(1));
    }
    let draft = write(&northlight, "Secret plans", "Plans", false).await;
    let scheduled = write(&northlight, "Tomorrow", "Light", false).await;
    let path = format!("{POSTS}/{scheduled}/schedule");
    let when = json!({ "local": "2026-03-03T09:00", "time_zone": "Europe/Berlin" });
    northlight
        .owner
        .api(Method::POST, &path, &[], Some(&when))
        .await
        .expect(200);

    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    let mut next = String::new();
    loop {
        let part: Value = program
            .get(&format!("{CONTENT}?limit=5&cursor={next}"))
            .await
            .expect(200)
            .json();
        assert_eq!(part["total"], 12);
        for post in part["data"].as_array().unwrap() {
            seen.insert(text(post, "id"));
            order.push(text(post, "published_at"));
        }
        match part["next_cursor"].as_str() {
            Some(cursor) => cursor.clone_into(&mut next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 12);
    assert!(order.is_sorted_by(|one, other| one > other), "{order:?}");
    assert!(!seen.contains(&draft) && !seen.contains(&scheduled));
    program.get(&format!("{CONTENT}/{draft}")).await.expect(404);
    program
        .get(&format!("{CONTENT}/slug/secret-plans"))
        .await
        .expect(404);
    for (visibility, listed, read) in [
        ("unlisted", false, 200),
        ("members", false, 404),
        ("private", false, 404),
    ] {
        let title = format!("For {visibility}");
        let body = json!({ "title": title, "content": "Hidden.", "visibility": visibility });
        let post: Value = northlight
            .owner
            .api(Method::POST, POSTS, &[], Some(&body))
            .await
            .expect(201)
            .json();
        let path = format!("{POSTS}/{}", text(&post, "id"));
        let publish = format!("{path}/publish");
        northlight
            .owner
            .api(Method::POST, &publish, &[], Some(&json!({})))
            .await
            .expect(200);
        let list = program
            .get(&format!("{CONTENT}?limit=100"))
            .await
            .expect(200);
        assert_eq!(list.body.contains(&title), listed, "{visibility}");
        assert_eq!(list.json::<Value>()["total"], 12);
        program
            .get(&format!("{CONTENT}/{}", text(&post, "id")))
            .await
            .expect(read);
    }
    // What drafts are about is not told either.
    let tags: Value = program
        .get("/api/v1/blog/content/tags")
        .await
        .expect(200)
        .json();
    let names: Vec<&str> = tags["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Light"]);
    assert_eq!(tags["data"][0]["posts"], 12);
    program
        .get("/api/v1/blog/content/tags/slug/plans")
        .await
        .expect(404);
    let authors: Value = program
        .get("/api/v1/blog/content/authors")
        .await
        .expect(200)
        .json();
    assert_eq!(authors["data"][0]["name"], "Mara Lindqvist");

    // Its time comes, whether or not a job has run.
    app.advance(Duration::from_hours(24));
    let later: Value = program.get(CONTENT).await.expect(200).json();
    assert_eq!(later["total"], 13);
    assert_eq!(ids(&later)[0], scheduled);
}

#[tokio::test]
async fn a_program_chooses_what_it_gets_of_each_post() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let id = write(&northlight, "First light", "Light", true).await;
    let plain: Value = program.get(CONTENT).await.expect(200).json();
    let post = plain["data"][0].as_object().unwrap();
    assert!(!post.contains_key("html") && !post.contains_key("tags"));
    assert_eq!(
        post["url"],
        "http://northlight.atelier.test/blog/first-light"
    );
    let rich: Value = program
        .get(&format!(
            "{CONTENT}?include=tags,authors&formats=html,plaintext,markdown,toc"
        ))
        .await
        .expect(200)
        .json();
    let post = &rich["data"][0];
    assert_eq!(post["primary_tag"]["slug"], "light");
    assert_eq!(post["primary_author"]["name"], "Mara Lindqvist");
    assert!(
        post["html"]
            .as_str()
            .unwrap()
            .contains("<em>First light</em>")
    );
    assert!(post["markdown"].as_str().unwrap().contains("*First light*"));
    assert_eq!(post["toc"][0]["text"], "About");
    let few: Value = program
        .get(&format!("{CONTENT}?fields=id,title"))
        .await
        .expect(200)
        .json();
    assert_eq!(few["data"][0], json!({ "id": id, "title": "First light" }));
    let one: Value = program
        .get(&format!("{CONTENT}/{id}"))
        .await
        .expect(200)
        .json();
    assert!(one["html"].is_string() && one["tags"].is_array());

    for (query, expected) in [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        ("cursor=x", "invalid_cursor"),
        ("fields=secret", "invalid_fields"),
        ("include=drafts", "invalid_include"),
        ("formats=pdf", "invalid_formats"),
        ("limit=all", "invalid_query"),
        ("page=two", "invalid_query"),
        ("colour=red", "invalid_query"),
    ] {
        let reply = program.get(&format!("{CONTENT}?{query}")).await.expect(400);
        assert_eq!(code(&reply), expected, "{query}");
    }
    for (query, count) in [
        ("tag=light", 1),
        ("tag=dark", 0),
        ("featured=true", 0),
        ("featured=false", 1),
        ("author=nobody", 0),
    ] {
        let list: Value = program
            .get(&format!("{CONTENT}?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(ids(&list).len(), count, "{query}");
        assert_eq!(list["total"], count, "{query}");
    }
}

#[tokio::test]
async fn a_front_end_may_keep_what_it_got_and_hears_of_changes() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let id = write(&northlight, "First light", "Light", true).await;
    for path in [
        CONTENT.to_owned(),
        format!("{CONTENT}/{id}"),
        "/api/v1/blog/content/tags".to_owned(),
    ] {
        let reply = program.get(&path).await.expect(200);
        assert_eq!(
            reply.header("cache-control"),
            Some("public, max-age=60, stale-while-revalidate=300")
        );
        let etag = reply.header("etag").expect("an ETag").to_owned();
        for held in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let same = conditional(&program, &path, "if-none-match", &held)
                .await
                .expect(304);
            assert_eq!(same.body, "");
            assert_eq!(same.header("etag"), Some(etag.as_str()));
            assert!(same.header("cache-control").is_some());
        }
        conditional(&program, &path, "if-none-match", "\"other\"")
            .await
            .expect(200);
    }
    let before = program.get(CONTENT).await.expect(200);
    let held = before.header("etag").unwrap().to_owned();
    assert_eq!(
        before.header("last-modified"),
        Some("Mon, 02 Mar 2026 09:00:00 GMT")
    );
    app.advance(Duration::from_secs(5));
    let path = format!("{POSTS}/{id}");
    let etag = northlight
        .owner
        .get(&path)
        .await
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    let change = json!({ "featured": true });
    northlight
        .owner
        .api(Method::PATCH, &path, &[("if-match", &etag)], Some(&change))
        .await
        .expect(200);
    let after = conditional(&program, CONTENT, "if-none-match", &held)
        .await
        .expect(200);
    assert_eq!(after.json::<Value>()["data"][0]["featured"], true);

    // The application decides for how long; a member who looks keeps it to themselves.
    let path = format!("{}/{}", super::APPLICATIONS, program.application);
    let etag = northlight
        .owner
        .get(&path)
        .await
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    for (seconds, rule) in [
        (600, "public, max-age=600, stale-while-revalidate=3000"),
        (0, "private, no-cache"),
    ] {
        let etag = if seconds == 600 {
            etag.clone()
        } else {
            "\"2\"".to_owned()
        };
        let body = json!({ "cache_seconds": seconds });
        northlight
            .owner
            .api(Method::PATCH, &path, &[("if-match", &etag)], Some(&body))
            .await
            .expect(200);
        app.forget();
        assert_eq!(
            program.get(CONTENT).await.header("cache-control"),
            Some(rule)
        );
    }
    let own = northlight.owner.get(CONTENT).await.expect(200);
    assert_eq!(own.header("cache-control"), Some("private, no-cache"));
}

#[tokio::test]
async fn a_former_slug_leads_to_the_present_one() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let id = write(&northlight, "First light", "Light", true).await;
    let path = format!("{POSTS}/{id}");
    let etag = northlight
        .owner
        .get(&path)
        .await
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    let change = json!({ "slug": "dawn" });
    northlight
        .owner
        .api(Method::PATCH, &path, &[("if-match", &etag)], Some(&change))
        .await
        .expect(200);
    let moved = program
        .get(&format!("{CONTENT}/slug/first-light?fields=id"))
        .await
        .expect(301);
    let to = moved.location().expect("a location");
    assert_eq!(to, format!("{CONTENT}/slug/dawn?fields=id"));
    assert_eq!(moved.header("x-canonical-slug"), Some("dawn"));
    let post: Value = program.get(&to).await.expect(200).json();
    assert_eq!(post, json!({ "id": id }));
    for (kind, slug) in [("tags", "light"), ("authors", "mara-lindqvist")] {
        let found: Value = program
            .get(&format!("/api/v1/blog/content/{kind}/slug/{slug}"))
            .await
            .expect(200)
            .json();
        assert_eq!(found["posts"], 1, "{kind}");
    }
}

#[tokio::test]
async fn posts_come_in_the_order_and_with_the_words_that_were_asked_for() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let mut made = Vec::new();
    for title in ["banana", "Cherry", "apple", "Date"] {
        made.push(write(&northlight, title, "Fruit", true).await);
        app.advance(Duration::from_mins(1));
    }
    write(&northlight, "Banana plans", "Fruit", false).await;
    // The first is the one that changed last.
    let path = format!("{POSTS}/{}", made[0]);
    let etag = northlight.owner.get(&path).await.expect(200);
    let headers = [("if-match", etag.header("etag").unwrap())];
    let change = json!({ "content": "A banana with custard." });
    let changed = northlight
        .owner
        .api(Method::PATCH, &path, &headers, Some(&change))
        .await;
    changed.expect(200);
    let publish = format!("{path}/publish");
    northlight
        .owner
        .api(Method::POST, &publish, &[], Some(&json!({})))
        .await
        .expect(200);

    for (order, titles) in [
        ("", ["Date", "apple", "Cherry", "banana"]),
        ("published_at desc", ["Date", "apple", "Cherry", "banana"]),
        ("published_at asc", ["banana", "Cherry", "apple", "Date"]),
        ("updated_at desc", ["banana", "Date", "apple", "Cherry"]),
        ("updated_at asc", ["Cherry", "apple", "Date", "banana"]),
        ("title asc", ["apple", "banana", "Cherry", "Date"]),
        ("title desc", ["Date", "Cherry", "banana", "apple"]),
    ] {
        let mut query = String::from("limit=3");
        if !order.is_empty() {
            query = format!("{query}&order={}", order.replace(' ', "%20"));
        }
        let first: Value = program
            .get(&format!("{CONTENT}?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(first["total"], 4);
        let cursor = text(&first, "next_cursor");
        let rest = program
            .get(&format!("{CONTENT}?{query}&cursor={cursor}"))
            .await;
        let rest: Value = rest.expect(200).json();
        let data = [&first, &rest].map(|part| part["data"].as_array().expect("posts"));
        let found: Vec<String> = data
            .into_iter()
            .flatten()
            .map(|post| text(post, "title"))
            .collect();
        assert_eq!(found, titles, "{order}");
    }
    program
        .get(&format!("{CONTENT}?order=secret"))
        .await
        .expect(400);

    let found = async |q: &str| -> Vec<String> {
        let list: Value = program
            .get(&format!("{CONTENT}?q={q}"))
            .await
            .expect(200)
            .json();
        let titles: Vec<String> = list["data"]
            .as_array()
            .expect("posts")
            .iter()
            .map(|post| text(post, "title"))
            .collect();
        assert_eq!(list["total"], titles.len());
        titles
    };
    assert_eq!(found("custard").await, ["banana"]);
    // A draft is not found, and what is no word finds nothing.
    assert_eq!(found("plans").await, [""; 0]);
    assert_eq!(found("%21%21").await, [""; 0]);
    assert_eq!(found("").await.len(), 4);
}

#[tokio::test]
async fn a_front_end_learns_what_the_blog_is_called() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["content:read"]).await;
    let path = "/api/v1/blog/content/settings";
    let read = program.get(path).await.expect(200);
    let settings: Value = read.json();
    assert_eq!(settings["title"], "Northlight");
    assert_eq!(settings["url"], format!("{}/blog", northlight.origin()));
    assert_eq!(settings["comments_mode"], "off");
    // What moderators set against spam is nobody's business.
    assert!(settings["comments_blocklist"].is_null());
    let etag = read.header("etag").unwrap();
    conditional(&program, path, "if-none-match", etag)
        .await
        .expect(304);
}
