//! What visitors see of a blog: only what is live, at its present address, in every form.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use blog::authors::{self, AuthorInput};
use blog::posts::{Edit, Move, Schedule, Seo, Step};
use blog::settings::{FeedContent, Settings};
use blog::tags::{self, TagInput};
use http::{Method, Request, header};
use kernel::Access;
use tenant_resolver::Tenant;

use crate::blog_world::World;
use crate::support::TestApp;

/// Every address that shows posts of the blog.
const EVERYWHERE: [&str; 10] = [
    "/blog",
    "/blog/tag/light",
    "/blog/tag/light/feed.xml",
    "/blog/author/mara-lindqvist",
    "/feed.xml",
    "/atom.xml",
    "/feed.json",
    "/sitemap.xml",
    "/sitemap-posts-1.xml",
    "/sitemap-tags-1.xml",
];

#[tokio::test]
async fn an_empty_blog_is_empty_everywhere() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let list = studio.get("/blog").await.expect(200);
    assert!(list.text.contains("Nothing published yet"));
    assert!(
        studio
            .get("/feed.xml")
            .await
            .expect(200)
            .elements("item")
            .is_empty()
    );
    assert!(
        studio
            .get("/atom.xml")
            .await
            .expect(200)
            .elements("entry")
            .is_empty()
    );
    studio.get("/blog/nothing").await.expect(404);
    studio.get("/blog/tag/light").await.expect(404);
    studio.get("/blog/author/mara-lindqvist").await.expect(404);
    studio.get("/blog?after=nonsense").await.expect(404);
    studio.get("/sitemap-posts-1.xml").await.expect(404);
    let index = studio.get("/sitemap.xml").await.expect(200);
    assert_eq!(
        index.elements("loc"),
        ["https://northlight.atelier.test/sitemap-pages-1.xml"]
    );
}

#[tokio::test]
async fn a_published_post_is_in_every_form() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    studio.publish("First light").await;
    let post = studio.get("/blog/first-light").await.expect(200);
    assert!(post.text.contains("Some <em>text</em>") && post.text.contains("2 March 2026"));
    assert!(post.text.contains("\"headline\":\"First light\""));
    assert!(
        post.text
            .contains("https://northlight.atelier.test/blog/first-light")
    );
    for path in EVERYWHERE {
        let reply = studio.get(path).await.expect(200);
        if !path.starts_with("/sitemap") {
            assert!(reply.text.contains("First light"), "{path}");
        }
    }
    let feed = studio.get("/feed.xml").await;
    assert_eq!(
        feed.header(header::CONTENT_TYPE),
        "application/rss+xml; charset=utf-8"
    );
    assert_eq!(feed.elements("title"), ["Northlight", "First light"]);
    assert_eq!(
        feed.elements("link")[1],
        "https://northlight.atelier.test/blog/first-light"
    );
    let atom = studio.get("/atom.xml").await;
    assert_eq!(
        atom.header(header::CONTENT_TYPE),
        "application/atom+xml; charset=utf-8"
    );
    assert_eq!(atom.elements("published"), ["2026-03-02T09:00:00Z"]);
    let json = studio.get("/feed.json").await;
    assert_eq!(json.header(header::CONTENT_TYPE), "application/feed+json");
    let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!(
        json["items"][0]["url"],
        "https://northlight.atelier.test/blog/first-light"
    );
    assert_eq!(json["items"][0]["authors"][0]["name"], "Mara Lindqvist");
    let map = studio.get("/sitemap-posts-1.xml").await;
    assert_eq!(
        map.header(header::CONTENT_TYPE),
        "application/xml; charset=utf-8"
    );
    assert_eq!(
        map.elements("loc"),
        ["https://northlight.atelier.test/blog/first-light"]
    );
    studio.get("/sitemap-posts-2.xml").await.expect(404);
    let robots = studio.get("/robots.txt").await.expect(200);
    assert!(
        robots
            .text
            .contains("Sitemap: https://northlight.atelier.test/sitemap.xml")
    );
}

#[tokio::test]
async fn drafts_leak_nowhere() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let live = studio.publish("Open secret").await;
    studio
        .draft("Unseen draft", "unseen text", "Unseen tag")
        .await;
    let edit = Edit {
        title: Some("Unseen title".into()),
        content: Some("unseen change".into()),
        ..Edit::default()
    };
    studio.edit(live, edit).await;
    for path in EVERYWHERE
        .iter()
        .chain(&["/blog/open-secret", "/robots.txt"])
    {
        let reply = studio.get(path).await.expect(200);
        assert!(
            !reply.text.to_lowercase().contains("unseen"),
            "{path}: {}",
            reply.text
        );
    }
    studio.get("/blog/unseen-draft").await.expect(404);
    studio.get("/blog/tag/unseen-tag").await.expect(404);
    studio
        .get("/blog/tag/unseen-tag/feed.xml")
        .await
        .expect(404);

    // What was live and is taken away is gone at once, and its tag and author with it.
    studio.step(live, Step::Plain(Move::Unpublish)).await;
    for path in [
        "/blog/open-secret",
        "/blog/tag/light",
        "/blog/author/mara-lindqvist",
    ] {
        studio.get(path).await.expect(404);
    }
    assert!(!studio.get("/feed.json").await.text.contains("Open secret"));
}

#[tokio::test]
async fn a_scheduled_post_appears_at_its_time_without_a_worker() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let post = studio.draft("At ten", "text", "Light").await;
    let schedule = Schedule {
        local: "2026-03-02T10:30".into(),
        time_zone: "Europe/Berlin".into(),
    };
    studio.step(post, Step::Schedule(schedule)).await;
    world
        .clock
        .advance(Duration::from_micros(30 * 60 * 1_000_000 - 1));
    studio.get("/blog/at-ten").await.expect(404);
    assert!(!studio.get("/feed.xml").await.text.contains("At ten"));
    let before = studio.get("/feed.xml").await;

    world.clock.advance(Duration::from_micros(1));
    studio.get("/blog/at-ten").await.expect(200);
    for path in EVERYWHERE {
        studio.get(path).await.expect(200);
    }
    let after = studio.get("/feed.xml").await;
    assert_eq!(
        after.elements("pubDate"),
        ["Mon, 02 Mar 2026 09:30:00 +0000"]
    );
    assert_eq!(
        after.header(header::LAST_MODIFIED),
        "Mon, 02 Mar 2026 09:30:00 GMT"
    );
    assert_ne!(before.header(header::ETAG), after.header(header::ETAG));
}

#[tokio::test]
async fn former_addresses_forward_in_one_hop() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let post = studio.publish("One").await;
    for slug in ["two-names", "three-names", "four-names"] {
        let edit = Edit {
            slug: Some(slug.into()),
            ..Edit::default()
        };
        studio.edit(post, edit).await;
    }
    for former in ["one", "two-names", "three-names"] {
        let reply = studio
            .get(&format!("/blog/{former}?from=mail"))
            .await
            .expect(301);
        assert_eq!(
            reply.header(header::LOCATION),
            "https://northlight.atelier.test/blog/four-names?from=mail"
        );
        assert!(reply.header(header::CACHE_CONTROL).contains("max-age=60"));
    }
    studio.get("/blog/four-names").await.expect(200);

    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::POST, "/")
        .await;
    let mut tx = ctx.begin().await.unwrap();
    let tag = tags::all(&mut tx).await.unwrap().remove(0);
    let input = TagInput {
        name: "Light".into(),
        slug: Some("licht".into()),
        description: "Grüße.".into(),
    };
    tags::update(&mut tx, &ctx, tag.id, None, input)
        .await
        .unwrap();
    let author = authors::all(&mut tx).await.unwrap().remove(0);
    let input = AuthorInput {
        display_name: "Mara".into(),
        slug: Some("größe".into()),
        ..AuthorInput::default()
    };
    authors::update(&mut tx, &ctx, author.id, None, input)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let moved = [
        ("/blog/tag/light", "/blog/tag/licht"),
        ("/blog/tag/light/feed.xml", "/blog/tag/licht/feed.xml"),
        (
            "/blog/author/mara-lindqvist",
            "/blog/author/gr%C3%B6%C3%9Fe",
        ),
    ];
    for (from, to) in moved {
        let reply = studio.get(from).await.expect(301);
        assert_eq!(
            reply.header(header::LOCATION),
            format!("https://northlight.atelier.test{to}")
        );
        studio.get(to).await.expect(200);
    }
}

#[tokio::test]
async fn pages_of_a_list_hold_each_post_once() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let per_page = Settings {
        posts_per_page: 3,
        ..Settings::default()
    };
    studio.settings(per_page).await;
    for n in 1..=7 {
        studio.publish(&format!("Number {n}")).await;
    }
    for list in ["/blog", "/blog/tag/light", "/blog/author/mara-lindqvist"] {
        let (mut seen, mut addresses, mut next) = (Vec::new(), vec![], Some(list.to_owned()));
        while let Some(path) = next {
            let reply = studio.get(&path).await.expect(200);
            seen.extend(
                (1..=7)
                    .rev()
                    .filter(|n| reply.text.contains(&format!(">Number {n}<"))),
            );
            next = way(&reply.text, "next");
            addresses.push((path, way(&reply.text, "prev")));
        }
        assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1], "{list}");
        assert_eq!(addresses.len(), 3);
        assert_eq!(addresses[0].1, None);
        for pair in addresses.windows(2) {
            assert_eq!(
                pair[1].1.as_ref(),
                Some(&pair[0].0),
                "the way back is the way here"
            );
        }
    }
    // Posts know their neighbours.
    let middle = studio.get("/blog/number-4").await.text;
    assert!(
        middle.contains("href=\"/blog/number-3\" rel=\"prev\"")
            && middle.contains("href=\"/blog/number-5\" rel=\"next\"")
    );
}

/// Where the link of that relation leads.
fn way(html: &str, rel: &str) -> Option<String> {
    let tail = format!("\" rel=\"{rel}\"");
    let end = html.find(&tail)?;
    let start = html[..end].rfind("href=\"")? + 6;
    Some(html[start..end].to_owned())
}

#[tokio::test]
async fn a_client_with_the_present_copy_gets_no_body() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    studio.publish("First light").await;
    let conditional = async |path: &str, name, value: String| {
        let request = Request::get(path)
            .header(name, value)
            .body(Body::empty())
            .unwrap();
        studio.ask(request, None).await
    };
    for path in [
        "/feed.xml",
        "/atom.xml",
        "/feed.json",
        "/blog/tag/light/feed.xml",
    ] {
        let first = studio.get(path).await.expect(200);
        let (tag, date) = (
            first.header(header::ETAG).to_owned(),
            first.header(header::LAST_MODIFIED).to_owned(),
        );
        assert!(tag.starts_with('"') && !date.is_empty(), "{path}");
        assert_eq!(
            first.header(header::CACHE_CONTROL),
            "public, max-age=60, stale-while-revalidate=300"
        );
        let same = conditional(path, header::IF_NONE_MATCH, tag.clone())
            .await
            .expect(304);
        assert_eq!(
            (same.text.as_str(), same.header(header::ETAG)),
            ("", tag.as_str())
        );
        conditional(path, header::IF_MODIFIED_SINCE, date.clone())
            .await
            .expect(304);
        conditional(path, header::IF_NONE_MATCH, "\"other\"".into())
            .await
            .expect(200);

        let head = Request::head(path).body(Body::empty()).unwrap();
        let head = studio.ask(head, None).await.expect(200);
        assert_eq!(
            (head.text.as_str(), head.header(header::ETAG)),
            ("", tag.as_str())
        );
        assert_eq!(
            head.header(header::CONTENT_LENGTH),
            first.text.len().to_string()
        );
    }
    let held = studio.get("/feed.xml").await;
    let (tag, date) = (
        held.header(header::ETAG).to_owned(),
        held.header(header::LAST_MODIFIED).to_owned(),
    );
    let other = studio.publish("Second light").await;
    conditional("/feed.xml", header::IF_NONE_MATCH, tag)
        .await
        .expect(200);
    conditional("/feed.xml", header::IF_MODIFIED_SINCE, date)
        .await
        .expect(200);
    let both = studio.get("/feed.xml").await;
    studio.step(other, Step::Plain(Move::Trash)).await;
    let date = both.header(header::LAST_MODIFIED).to_owned();
    let less = conditional("/feed.xml", header::IF_MODIFIED_SINCE, date)
        .await
        .expect(200);
    assert!(
        !less.text.contains("Second light"),
        "what is taken away counts as a change"
    );
}

#[tokio::test]
async fn members_pages_are_private_and_let_them_edit() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let post = studio.publish("First light").await;
    let visitor = studio.get("/blog/first-light").await;
    assert_eq!(
        visitor.header(header::CACHE_CONTROL),
        "public, max-age=60, stale-while-revalidate=300"
    );
    assert!(!visitor.text.contains("/app/"));
    let request = Request::get("/blog/first-light")
        .body(Body::empty())
        .unwrap();
    let owner = studio
        .ask(request, Some(studio.owner.clone()))
        .await
        .expect(200);
    assert_eq!(owner.header(header::CACHE_CONTROL), "private, no-cache");
    assert!(owner.text.contains(&format!("/app/blog/posts/{post}/edit")));
}

#[tokio::test]
async fn each_studio_has_its_own_blog() {
    let world = World::new().await;
    let (north, south) = (
        world.studio("northlight").await,
        world.studio("southlight").await,
    );
    north.publish("Only north").await;
    for path in [
        "/blog/only-north",
        "/blog/tag/light",
        "/blog/author/mara-lindqvist",
        "/sitemap-posts-1.xml",
    ] {
        north.get(path).await.expect(200);
        south.get(path).await.expect(404);
    }
    south.publish("Only south").await;
    for path in EVERYWHERE {
        let reply = south.get(path).await.expect(200);
        assert!(
            !reply.text.to_lowercase().contains("only north") && !reply.text.contains("only-north"),
            "{path}"
        );
        assert!(!reply.text.contains("northlight.atelier"), "{path}");
    }
}

#[tokio::test]
async fn a_blocked_subscription_closes_the_blog() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    studio.publish("First light").await;
    let set = |access: Option<Access>| {
        let mut tenants = world.directory.0.lock().unwrap();
        let mut tenant = Tenant::clone(&tenants[&studio.tenant]);
        let until = world.clock.now().plus(Duration::from_hours(1));
        match access {
            Some(access) => tenant.standings[0].override_access = Some((access, until)),
            None => tenant.standings.clear(),
        }
        tenants.insert(studio.tenant, Arc::new(tenant));
        world.app.resolver().forget(studio.tenant);
    };
    set(Some(Access::ReadOnly));
    studio.get("/blog/first-light").await.expect(200);
    for (access, status) in [(Some(Access::Blocked), 503), (None, 404)] {
        set(access);
        for path in EVERYWHERE
            .iter()
            .chain(&["/blog/first-light", "/robots.txt"])
        {
            let reply = studio.get(path).await.expect(status);
            assert!(!reply.text.contains("First light"), "{path}");
            assert_eq!(reply.header(header::CACHE_CONTROL), "no-store");
        }
    }
}

#[tokio::test]
async fn settings_and_search_wishes_are_followed() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let post = studio.publish("First light").await;
    studio.publish("Second light").await;
    let edit = Edit {
        seo: Some(Seo {
            noindex: true,
            ..Seo::default()
        }),
        ..Edit::default()
    };
    studio.edit(post, edit).await;
    studio.step(post, Step::Plain(Move::Publish)).await;
    assert!(
        studio
            .get("/blog/first-light")
            .await
            .text
            .contains("noindex")
    );
    let map = studio.get("/sitemap-posts-1.xml").await.elements("loc");
    assert_eq!(map, ["https://northlight.atelier.test/blog/second-light"]);

    let closed = Settings {
        title: "Journal".into(),
        tagline: "Notes <on> light".into(),
        feed_items: 1,
        feed_content: FeedContent::Excerpt,
        indexable: false,
        ..Settings::default()
    };
    studio.settings(closed).await;
    let feed = studio.get("/feed.xml").await;
    assert_eq!(feed.elements("title"), ["Journal", "Second light"]);
    assert!(feed.elements("content:encoded").is_empty());
    assert_eq!(
        studio.get("/robots.txt").await.text,
        "User-agent: *\nDisallow: /\n"
    );
    studio.get("/sitemap.xml").await.expect(404);
    assert!(studio.get("/blog").await.text.contains("noindex"));
    assert!(
        studio
            .get("/blog/second-light")
            .await
            .text
            .contains("noindex")
    );
}

#[tokio::test]
async fn a_page_is_tagged_with_the_frame_around_it() {
    let app = TestApp::new().await;
    let tenant = app.tenant("northlight").await;
    let text = serde_json::json!({ "title": "First light", "content": "Some text." });
    let begun = tenant
        .owner
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&text))
        .await
        .expect(201)
        .json::<serde_json::Value>();
    let publish = format!(
        "/api/v1/blog/posts/{}/publish",
        begun["id"].as_str().unwrap()
    );
    let nothing = None::<&serde_json::Value>;
    let published = tenant.owner.api(Method::POST, &publish, &[], nothing).await;
    published.expect(200);

    let visitor = app.visitor().on(&tenant.origin());
    assert_eq!(
        visitor.visit("/").await.url,
        format!("{}/blog", tenant.origin())
    );
    for path in ["/blog", "/blog/first-light", "/blog/author/mara-lindqvist"] {
        let first = visitor.get(path).await.expect(200);
        assert!(first.body.starts_with("<!DOCTYPE html>") && first.body.contains("First light"));
        let tag = first.header("etag").expect("a tag").to_owned();
        let ask = |tag: &str| {
            let request = visitor.request(Method::GET, path);
            request
                .header(header::IF_NONE_MATCH, tag)
                .body(Body::empty())
                .unwrap()
        };
        let held = visitor.send(ask(&tag)).await.expect(304);
        assert_eq!(
            (held.body.as_str(), held.header("etag")),
            ("", Some(tag.as_str()))
        );
        visitor.send(ask("\"other\"")).await.expect(200);
        // A member's frame is another, and theirs alone.
        let member = tenant.owner.get(path).await.expect(200);
        assert_ne!(member.header("etag"), Some(tag.as_str()));
        assert_eq!(member.header("cache-control"), Some("private, no-cache"));
    }
    let missing = visitor.get("/blog/nothing").await.expect(404);
    assert_eq!(
        (missing.header("etag"), missing.header("cache-control")),
        (None, Some("no-store"))
    );
}
