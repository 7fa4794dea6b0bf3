//! What the pages say, without a database.

use kernel::{Cursor, Timestamp};
use sqlx::types::Json;
use uuid::Uuid;

use super::pages::{self, Viewer};
use super::site::example;
use super::store::{Byline, Linked, List, Listed, Place, Post, Subject};
use crate::content::Heading;
use crate::posts::Seo;
use crate::settings::Settings;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn linked(slug: &str, name: &str) -> Linked {
    Linked {
        slug: slug.into(),
        name: name.into(),
    }
}

fn listed(n: u128) -> Listed {
    Listed {
        id: Uuid::from_u128(n),
        slug: format!("post-{n}"),
        title: format!("Post <{n}>"),
        excerpt: "What it is about.".into(),
        html: String::new(),
        reading_minutes: 4,
        published_at: at("2026-03-01T23:30:00Z"),
        modified_at: at("2026-03-01T23:30:00Z"),
        tags: vec![linked("light", "Light")],
        authors: vec![linked("mara", "Mara Lindqvist"), linked("joel", "Joel")],
        comments: 0,
        feature: None,
    }
}

fn settings(per_page: i32) -> Settings {
    Settings {
        title: "Journal".into(),
        tagline: "Notes on light.".into(),
        posts_per_page: per_page,
        ..Settings::default()
    }
}

fn list(posts: Vec<Listed>, per_page: i32) -> List {
    List {
        settings: Some(Json(settings(per_page))),
        changed_at: None,
        subject: None,
        posts: Json(posts),
        newer: None,
    }
}

fn subject() -> Subject {
    Subject {
        id: Uuid::from_u128(1),
        slug: "light".into(),
        name: "Light".into(),
        about: "Windows & lamps.".into(),
        website: "https://mara.example/".into(),
    }
}

fn post() -> Post {
    Post {
        settings: Some(Json(settings(15))),
        changed_at: None,
        id: Uuid::from_u128(7),
        slug: "first-light".into(),
        visibility: crate::posts::Visibility::Public,
        title: "First <light>".into(),
        excerpt: None,
        summary: "A window.".into(),
        seo: Json(Seo::default()),
        html: "<p>A <em>window</em>.</p>".into(),
        word_count: 2,
        reading_minutes: 1,
        toc: Json(Vec::new()),
        published_at: at("2026-03-01T23:30:00Z"),
        modified_at: at("2026-03-02T08:00:00Z"),
        tags: Json(vec![linked("light", "Light")]),
        authors: Json(vec![Byline {
            slug: "mara".into(),
            name: "Mara Lindqvist".into(),
            about: "Photographs people.".into(),
        }]),
        series: Json(Vec::new()),
        newer: Some(Json(linked("next", "The next one"))),
        older: None,
        comments: 0,
        comments_enabled: None,
        feature: None,
    }
}

#[test]
fn a_list_shows_what_and_when_in_the_tenants_zone() {
    let page = pages::list(
        &example(),
        Viewer::default(),
        list(vec![listed(1)], 15),
        None,
    );
    let body = page.body.0;
    assert_eq!(
        (page.title.as_str(), page.lead.as_deref()),
        ("Journal", Some("Notes on light."))
    );
    assert!(
        body.contains("<a href=\"/blog/post-1\">Post &lt;1&gt;</a>"),
        "{body}"
    );
    assert!(
        body.contains("<time datetime=\"2026-03-01T23:30:00Z\">2 March 2026</time>"),
        "{body}"
    );
    assert!(body.contains("4 min read") && body.contains("Mara Lindqvist, Joel"));
    assert!(body.contains("href=\"/blog/tag/light\""));
    assert!(!body.contains("Newer posts") && !body.contains("Older posts"));
    let head = page.head.0;
    for part in [
        "rel=\"canonical\" href=\"https://northlight.example/blog\"",
        "type=\"application/rss+xml\" title=\"Journal\" href=\"https://northlight.example/feed.xml\"",
        "type=\"application/atom+xml\"",
        "type=\"application/feed+json\"",
    ] {
        assert!(head.contains(part), "{part} in {head}");
    }
    assert!(!head.contains("noindex"));
}

#[test]
fn pages_of_a_list_know_their_neighbours() {
    let posts = || vec![listed(3), listed(2), listed(1)];
    let after = Cursor {
        at: at("2026-03-05T00:00:00Z"),
        id: Uuid::from_u128(9),
    };
    let first = pages::list(&example(), Viewer::default(), list(posts(), 2), None)
        .body
        .0;
    let last_shown = Cursor {
        at: at("2026-03-01T23:30:00Z"),
        id: Uuid::from_u128(2),
    };
    assert!(
        first.contains(&format!(
            "href=\"/blog?after={}\" rel=\"next\"",
            last_shown.encode()
        )),
        "{first}"
    );
    assert!(!first.contains("/blog/post-1\"") && !first.contains("Newer"));

    // The newer page of the second is the first, whose address has no cursor.
    let second = pages::list(
        &example(),
        Viewer::default(),
        list(vec![listed(1)], 2),
        Some(after),
    );
    assert!(second.body.0.contains("href=\"/blog\" rel=\"prev\""));
    assert!(!second.body.0.contains("Older posts"));
    assert!(second.head.0.contains("noindex, follow"));
    assert!(
        second
            .head
            .0
            .contains(&format!("/blog?after={}\"", after.encode()))
    );

    let third = List {
        newer: Some(Json(
            serde_json::from_value::<Place>(
                serde_json::json!({ "at": "2026-03-06T00:00:00+00:00", "id": after.id }),
            )
            .unwrap(),
        )),
        ..list(vec![listed(1)], 2)
    };
    let third = pages::list(&example(), Viewer::default(), third, Some(after))
        .body
        .0;
    let newer = Cursor {
        at: at("2026-03-06T00:00:00Z"),
        id: after.id,
    };
    assert!(third.contains(&format!(
        "href=\"/blog?after={}\" rel=\"prev\"",
        newer.encode()
    )));
}

#[test]
fn an_empty_blog_says_so() {
    let visitor = pages::list(&example(), Viewer::default(), list(vec![], 15), None)
        .body
        .0;
    assert!(visitor.contains("Nothing published yet") && !visitor.contains("/app/"));
    let writer = Viewer {
        writes: true,
        edits: false,
    };
    let writer = pages::list(&example(), writer, list(vec![], 15), None)
        .body
        .0;
    assert!(writer.contains("href=\"/app/blog/posts/new\""));
}

#[test]
fn tags_and_authors_introduce_themselves() {
    let about = || List {
        subject: Some(Json(subject())),
        ..list(vec![listed(1)], 15)
    };
    let tag = pages::tag(&example(), about(), None);
    assert!(tag.body.0.contains("<h1>Light</h1>") && tag.body.0.contains("Windows &amp; lamps."));
    assert!(tag.head.0.contains(
        "title=\"Light · Journal\" href=\"https://northlight.example/blog/tag/light/feed.xml\""
    ));
    let author = pages::author(&example(), about(), None);
    assert!(author.body.0.contains(">mara.example</a>"));
    assert!(
        author
            .head
            .0
            .contains("href=\"https://northlight.example/blog/author/light\"")
    );
}

#[test]
fn a_post_has_what_readers_and_machines_need() {
    let page = pages::post(&example(), Viewer::default(), &post(), None);
    let body = page.body.0;
    assert!(
        body.contains("<h1>First &lt;light&gt;</h1>") && body.contains("<p>A <em>window</em>.</p>")
    );
    assert!(body.contains("href=\"/blog/author/mara\"") && body.contains("Photographs people."));
    assert!(body.contains("href=\"/blog/next\" rel=\"next\"") && !body.contains("rel=\"prev\""));
    // Changed on the day of its publication, in the tenant's zone; a short post, and nobody who may edit.
    assert!(!body.contains("Updated") && !body.contains("On this page") && !body.contains(">Edit"));
    let head = page.head.0;
    assert!(
        head.contains("rel=\"canonical\" href=\"https://northlight.example/blog/first-light\"")
    );
    assert!(head.contains("\"@type\":\"BlogPosting\"") && head.contains("og:title"));
    assert!(head.contains("name=\"description\" content=\"A window.\""));
    assert!(!head.contains("noindex"));
}

#[test]
fn a_post_follows_its_own_settings() {
    let mut post = post();
    post.modified_at = at("2026-03-04T08:00:00Z");
    post.toc = Json(
        (1..=3)
            .map(|n| Heading {
                level: 2,
                id: format!("post-h{n}"),
                text: format!("Part {n}"),
            })
            .collect(),
    );
    post.seo = Json(Seo {
        title: "For searchers".into(),
        description: "Said otherwise.".into(),
        canonical_url: "https://elsewhere.example/first".into(),
        noindex: true,
    });
    let editor = Viewer {
        writes: true,
        edits: true,
    };
    let page = pages::post(&example(), editor, &post, None);
    assert_eq!(page.document_title.as_deref(), Some("For searchers"));
    assert!(page.body.0.contains("Updated") && page.body.0.contains("href=\"#post-h2\""));
    assert!(
        page.body
            .0
            .contains(&format!("/app/blog/posts/{}/edit", Uuid::from_u128(7)))
    );
    let head = page.head.0;
    assert!(
        head.contains("content=\"noindex\"")
            && head.contains("href=\"https://elsewhere.example/first\"")
    );
    assert!(head.contains("content=\"Said otherwise.\""));
}

#[test]
fn a_blog_that_is_not_for_search_engines_says_so_everywhere() {
    let closed = || {
        Some(Json(Settings {
            indexable: false,
            ..settings(15)
        }))
    };
    let list = List {
        settings: closed(),
        ..list(vec![listed(1)], 15)
    };
    let post = Post {
        settings: closed(),
        ..post()
    };
    let heads = [
        pages::list(&example(), Viewer::default(), list, None)
            .head
            .0,
        pages::post(&example(), Viewer::default(), &post, None)
            .head
            .0,
    ];
    assert!(
        heads
            .iter()
            .all(|head| head.contains("content=\"noindex\""))
    );
}
