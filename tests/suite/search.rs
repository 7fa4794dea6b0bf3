//! Finding posts by their words: what visitors and staff find, and that nobody finds what is another tenant's.

use axum::body::Body;
use blog::content::snippet::Piece;
use blog::content::wanted::Wanted;
use blog::posts::{Edit, Move, Schedule, Step, Visibility};
use blog::public::Audience;
use blog::search::{self, Found, Scope};
use http::{Method, Request, header};
use kernel::PageRequest;
use serde_json::Value;
use sqlx::Executor as _;
use testkit::Role;

use crate::blog_world::{Studio, World};
use crate::support::TestApp;

/// What anybody finds.
const LIVE: Scope = Scope::Live(Audience::EVERYBODY);

/// What is found, by titles.
async fn titles(studio: &Studio<'_>, typed: &str, scope: Scope) -> Vec<String> {
    let found = find(studio, typed, scope, 20, None).await;
    let titles = found.page.items.into_iter().map(|hit| hit.row.title);
    titles.collect()
}

async fn find(
    studio: &Studio<'_>,
    typed: &str,
    scope: Scope,
    limit: i64,
    after: Option<kernel::Cursor>,
) -> Found {
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::GET, "/")
        .await;
    let mut tx = ctx.begin().await.unwrap();
    let wanted = Wanted::parse(typed).unwrap();
    let request = PageRequest { limit, after };
    search::find(&mut tx, &wanted, scope, request, ctx.now())
        .await
        .unwrap()
}

async fn published(studio: &Studio<'_>, title: &str, content: &str) -> blog::posts::PostId {
    let post = studio.draft(title, content, "Light").await;
    studio.step(post, Step::Plain(Move::Publish)).await;
    post
}

fn shown(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| {
        if piece.marked {
            format!("[{}]", piece.text)
        } else {
            piece.text.clone()
        }
    };
    pieces.iter().map(piece).collect()
}

#[tokio::test]
async fn posts_are_found_by_words_phrases_and_beginnings() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    published(
        &studio,
        "How we light a portrait",
        "One window, one reflector.",
    )
    .await;
    published(
        &studio,
        "A north window",
        "The wall is gone. Photographers were running.",
    )
    .await;
    published(
        &studio,
        "Grüße aus Nîmes",
        "Ein Café, viele Häuser und ein Maß.",
    )
    .await;
    published(&studio, "東京写真展", "週末に開催します。").await;
    for (typed, expected) in [
        ("portrait", &["How we light a portrait"][..]),
        // The title counts for more than the text.
        ("window", &["A north window", "How we light a portrait"]),
        ("\"north window\"", &["A north window"]),
        ("\"window north\"", &[]),
        ("window -reflector", &["A north window"]),
        ("window -\"north window\"", &["How we light a portrait"]),
        // Other forms of a word, and words that are not finished yet.
        ("run", &["A north window"]),
        ("photogra", &["A north window"]),
        ("refl", &["How we light a portrait"]),
        // Without case, accents and ligatures.
        ("CAFE", &["Grüße aus Nîmes"]),
        ("grusse nimes", &["Grüße aus Nîmes"]),
        ("mass", &["Grüße aus Nîmes"]),
        // Scripts without blanks between words.
        ("写真", &["東京写真展"]),
        ("東京写真", &["東京写真展"]),
        ("真写", &[]),
        ("末", &["東京写真展"]),
        ("unheard", &[]),
    ] {
        assert_eq!(titles(&studio, typed, LIVE).await, expected, "{typed}");
    }
}

#[tokio::test]
async fn visitors_find_what_they_can_read_and_staff_find_drafts() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let live = published(&studio, "Open letter", "Readable words.").await;
    let draft = studio
        .draft("Hidden letter", "Secret words.", "Light")
        .await;
    let later = studio
        .draft("Later letter", "Patient words.", "Light")
        .await;
    let schedule = Schedule {
        local: "2026-03-02T10:30".into(),
        time_zone: "Europe/Berlin".into(),
    };
    studio.step(later, Step::Schedule(schedule)).await;
    let edit = Edit {
        content: Some("Unpublished amendment.".into()),
        ..Edit::default()
    };
    studio.edit(live, edit).await;

    assert_eq!(titles(&studio, "letter", LIVE).await, ["Open letter"]);
    assert!(titles(&studio, "amendment", LIVE).await.is_empty());
    assert_eq!(titles(&studio, "readable", LIVE).await, ["Open letter"]);
    assert_eq!(titles(&studio, "letter", Scope::Drafts).await.len(), 3);
    assert_eq!(
        titles(&studio, "amendment", Scope::Drafts).await,
        ["Open letter"]
    );
    assert!(titles(&studio, "readable", Scope::Drafts).await.is_empty());

    // At its time, without a worker.
    world.clock.advance(std::time::Duration::from_mins(30));
    assert_eq!(titles(&studio, "patient", LIVE).await, ["Later letter"]);
    // What goes live is found as it is now.
    studio.step(live, Step::Plain(Move::Publish)).await;
    assert_eq!(titles(&studio, "amendment", LIVE).await, ["Open letter"]);
    assert!(titles(&studio, "readable", LIVE).await.is_empty());
    // What is taken away is gone at once.
    studio.step(live, Step::Plain(Move::Unpublish)).await;
    assert!(titles(&studio, "amendment", LIVE).await.is_empty());
    studio.step(draft, Step::Plain(Move::Trash)).await;
    assert!(titles(&studio, "secret", Scope::Drafts).await.is_empty());

    // Lists are for whom the visibility names, and so is the search.
    let quiet = published(&studio, "Quiet letter", "Whispered words.").await;
    for (visibility, visitors, members) in [
        (Visibility::Unlisted, 0, 0),
        (Visibility::Members, 0, 1),
        (Visibility::Private, 0, 0),
        (Visibility::Public, 1, 1),
    ] {
        let edit = Edit {
            visibility: Some(visibility),
            ..Edit::default()
        };
        studio.edit(quiet, edit).await;
        let page = studio.get("/search?q=whispered").await.expect(200);
        assert_eq!(
            page.text.matches("<article>").count(),
            visitors,
            "{visibility:?}"
        );
        let request = Request::get("/search?q=whispered")
            .body(Body::empty())
            .unwrap();
        let page = studio
            .ask(request, Some(studio.owner.clone()))
            .await
            .expect(200);
        assert_eq!(
            page.text.matches("<article>").count(),
            members,
            "{visibility:?}"
        );
        assert_eq!(page.header(header::CACHE_CONTROL), "private, no-cache");
    }

    // A document stands for a version that is a draft or live, and for no other.
    let mut all = world.database.connect(Role::Superuser).await;
    let strays: i64 = sqlx::query_scalar(
        "select count(*) from blog_search_documents d join blog_posts p on p.tenant_id = d.tenant_id and p.id = d.post_id
         where d.no <> p.draft_no and d.no is distinct from p.live_no",
    )
    .fetch_one(&mut all)
    .await
    .unwrap();
    assert_eq!(strays, 0);
    let purged = "update blog_posts set live_no = null, live_at = null, ends_at = null, ends_local = null, ends_zone = null, status = 'draft', schedule_local = null, schedule_zone = null;
                  delete from blog_post_versions";
    all.execute(purged).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from blog_search_documents")
        .fetch_one(&mut all)
        .await
        .unwrap();
    assert_eq!(left, 0, "documents go with their versions");
}

#[tokio::test]
async fn what_was_found_is_marked_and_stays_text() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let filler = "Something else entirely. ".repeat(40);
    let content =
        format!("{filler}\n\nHe was `<script>alert(1)</script>` running past houses.\n\n{filler}");
    published(&studio, "Runs & <b>runners</b>", &content).await;
    let hit = find(&studio, "run house", LIVE, 1, None)
        .await
        .page
        .items
        .remove(0);
    assert_eq!(shown(&hit.title), "[Runs] & <b>runners</b>");
    let snippet = shown(&hit.snippet);
    assert!(
        snippet.contains("<script>alert(1)</script> [running] past [houses]."),
        "{snippet}"
    );
    let page = studio.get("/search?q=run%20house").await.expect(200);
    assert!(
        page.text
            .contains("<mark>Runs</mark> &amp; &lt;b&gt;runners&lt;/b&gt;"),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains("&lt;script&gt;alert(1)&lt;/script&gt; <mark>running</mark>"),
        "{}",
        page.text
    );
    // Neither does what was typed become markup.
    let page = studio
        .get("/search?q=%22%3E%3Cscript%3Ealert(2)%3C%2Fscript%3E")
        .await
        .expect(200);
    // The frame escapes the title; here it comes as it is.
    let (_, body) = page.text.split_once("<meta").unwrap();
    assert!(!body.contains("<script>alert(2)"), "{body}");
}

#[tokio::test]
async fn the_page_says_what_it_found_and_leads_on() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let empty = studio.get("/search").await.expect(200);
    assert!(empty.text.contains("name=\"q\"") && empty.text.contains("noindex"));
    assert!(empty.header(header::CACHE_CONTROL).contains("max-age=60"));
    for (typed, says) in [
        ("-not", "Nothing to look for"),
        ("%20%3F%20", "Nothing to look for"),
        ("nowhere", "Nothing found"),
    ] {
        let page = studio.get(&format!("/search?q={typed}")).await.expect(200);
        assert!(page.text.contains(says), "{typed}: {}", page.text);
    }
    for n in 1..=13 {
        studio.publish(&format!("Lantern {n}")).await;
    }
    let first = studio.get("/search?q=lantern").await.expect(200);
    assert!(first.text.contains("13 posts"), "{}", first.text);
    assert_eq!(first.text.matches("<article>").count(), 10);
    let next = first
        .text
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.contains("after="))
        .unwrap()
        .replace("&amp;", "&");
    let second = studio.get(&next).await.expect(200);
    assert_eq!(second.text.matches("<article>").count(), 3);
    for n in 1..=13 {
        let link = format!("href=\"/blog/lantern-{n}\"");
        let there = first.text.contains(&link) ^ second.text.contains(&link);
        assert!(there, "{n} stands on one of the two pages");
    }
    studio.get("/search?q=a&after=nonsense").await.expect(404);
    let long = "word%20".repeat(2_000);
    studio.get(&format!("/search?q={long}")).await.expect(200);
}

#[tokio::test]
async fn staff_search_lists_palette_and_api() {
    let app = TestApp::new().await;
    let tenant = app.tenant("northlight").await;
    for (title, content) in [
        ("Evening at the quay", "Lanterns everywhere."),
        ("Morning", "No lights at all."),
    ] {
        let body = serde_json::json!({ "title": title, "content": content });
        tenant
            .owner
            .api(Method::POST, "/api/v1/blog/posts", &[], Some(&body))
            .await
            .expect(201);
    }
    let list = tenant
        .owner
        .get("/app/blog/posts?q=lantern")
        .await
        .expect(200);
    assert!(list.body.contains("Evening at the quay") && !list.body.contains(">Morning<"));
    let none = tenant.owner.get("/app/blog/posts?q=%3F").await.expect(200);
    assert!(none.body.contains("No post matches"));
    let palette = tenant
        .owner
        .get("/app/search.json?q=lante")
        .await
        .expect(200);
    let palette: Value = palette.json();
    assert_eq!(palette[0]["label"], "Evening at the quay");
    assert_eq!(
        palette[0]["title"],
        serde_json::json!([["Evening at the quay", false]])
    );
    // What was found is in the text: a line of it says so.
    assert_eq!(
        palette[0]["snippet"],
        serde_json::json!([["Lanterns", true], [" everywhere.", false]])
    );
    let palette = tenant
        .owner
        .get("/app/search.json?q=quay")
        .await
        .expect(200)
        .json::<Value>();
    assert_eq!(
        palette[0]["title"],
        serde_json::json!([["Evening at the ", false], ["quay", true]])
    );
    assert!(palette[0].get("snippet").is_none(), "the title says why");
    let by_api = |query: &str| {
        let (owner, path) = (tenant.owner.clone(), format!("/api/v1/blog/search?{query}"));
        async move { owner.get(&path).await }
    };
    let nothing = by_api("q=lantern").await.expect(200).json::<Value>();
    assert_eq!(nothing["total"], 0, "nothing of it is live");
    let found = by_api("q=lantern&scope=drafts")
        .await
        .expect(200)
        .json::<Value>();
    assert_eq!(found["data"][0]["title"], "Evening at the quay");
    assert_eq!(found["data"][0]["status"], "draft");
    assert_eq!(
        found["data"][0]["snippet"][0],
        serde_json::json!({ "text": "Lanterns", "marked": true })
    );
    by_api("q=a&scope=all").await.expect(400);
    by_api("q=a&limit=0").await.expect(400);
    let listed = tenant
        .owner
        .get("/api/v1/blog/posts?q=lantern")
        .await
        .expect(200);
    assert_eq!(listed.json::<Value>()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_language_that_changes_keeps_what_was_written_findable() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    published(&studio, "Running", "English words.").await;
    let mut german = (**world
        .directory
        .0
        .lock()
        .unwrap()
        .get(&studio.tenant)
        .unwrap())
    .clone();
    german.locale = "de".into();
    world
        .directory
        .0
        .lock()
        .unwrap()
        .insert(studio.tenant, std::sync::Arc::new(german));
    world.app.resolver().forget(studio.tenant);
    published(&studio, "Häuser", "Deutsche Wörter.").await;
    assert_eq!(titles(&studio, "run", LIVE).await, ["Running"]);
    assert_eq!(titles(&studio, "haus", LIVE).await, ["Häuser"]);
}
