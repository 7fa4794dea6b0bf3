//! Series: their order, who reads them where, and two people who arrange at once.

use blog::posts::{Edit, Move, PostId, Step, Visibility};
use blog::series::{self, OrderMode, SeriesId, SeriesInput, Shift};
use http::{Method, header};
use kernel::Error;
use serde_json::{Value, json};

use crate::blog_world::{Studio, World};
use crate::support::TestApp;

async fn begin(studio: &Studio<'_>, title: &str, posts: &[PostId]) -> SeriesId {
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::POST, "/")
        .await;
    let mut tx = ctx.begin().await.unwrap();
    let input = SeriesInput {
        title: title.into(),
        description: "All parts of it.".into(),
        ..SeriesInput::default()
    };
    let series = series::create(&mut tx, &ctx, input).await.unwrap();
    series::arrange(&mut tx, &ctx, series.id, None, posts)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    series.id
}

async fn shift(studio: &Studio<'_>, series: SeriesId, post: PostId, to: Shift) {
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::POST, "/")
        .await;
    let mut tx = ctx.begin().await.unwrap();
    series::shift(&mut tx, &ctx, series, post, to)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Titles of a series' posts, drafts included.
async fn order(studio: &Studio<'_>, id: SeriesId) -> Vec<String> {
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::GET, "/")
        .await;
    let mut tx = ctx.begin().await.unwrap();
    let series = series::get(&mut tx, id).await.unwrap();
    let parts = series::parts(&mut tx, &series).await.unwrap();
    parts.into_iter().map(|part| part.title).collect()
}

/// Titles in the order in which a page links to them.
fn linked<'a>(page: &str, titles: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<(usize, &str)> = titles
        .iter()
        .filter_map(|title| Some((page.find(&format!(">{title}</a>"))?, *title)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, title)| title).collect()
}

#[tokio::test]
async fn readers_are_led_through_a_series_in_its_order() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let one = studio.publish("One").await;
    let two = studio.publish("Two").await;
    let three = studio.publish("Three").await;
    let hidden = studio.draft("Hidden", "Not yet.", "Light").await;
    let id = begin(&studio, "A year of light", &[three, hidden, one, two]).await;

    let page = studio.get("/series/a-year-of-light").await.expect(200);
    assert_eq!(
        linked(&page.text, &["One", "Two", "Three"]),
        ["Three", "One", "Two"]
    );
    assert!(!page.text.contains("Hidden") && page.text.contains("3 parts"));
    assert!(page.text.contains("\"numberOfItems\":3"), "{}", page.text);
    assert!(page.text.contains("All parts of it."));
    assert!(!page.header(header::LAST_MODIFIED).is_empty());

    // In the middle: which part it is, and the ways to its neighbours.
    let post = studio.get("/blog/one").await.expect(200);
    assert!(post.text.contains("Part 2 of 3 in "), "{}", post.text);
    assert!(post.text.contains("\"isPartOf\":[{"));
    let (_, ways) = post.text.split_once("blog-nav blog-series").unwrap();
    let (ways, _) = ways.split_once("</nav>").unwrap();
    assert!(ways.contains("href=\"/blog/three\"") && ways.contains("href=\"/blog/two\""));
    let first = studio.get("/blog/three").await.expect(200);
    assert!(first.text.contains("Part 1 of 3 in ") && !first.text.contains("Previous part"));
    // A post of no series says nothing of any.
    studio.publish("Alone").await;
    assert!(!studio.get("/blog/alone").await.text.contains("blog-part"));

    // By date, whatever the order by hand; back again it is as it was.
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::POST, "/")
        .await;
    for (mode, expected) in [
        (OrderMode::Date, ["One", "Two", "Three"]),
        (OrderMode::Manual, ["Three", "One", "Two"]),
    ] {
        let mut tx = ctx.begin().await.unwrap();
        let input = SeriesInput {
            title: "A year of light".into(),
            order: mode,
            ..SeriesInput::default()
        };
        series::update(&mut tx, &ctx, id, None, input)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let page = studio.get("/series/a-year-of-light").await.expect(200);
        assert_eq!(linked(&page.text, &["One", "Two", "Three"]), expected);
    }

    // Feed, sitemap and former address.
    let feed = studio
        .get("/series/a-year-of-light/feed.xml")
        .await
        .expect(200);
    assert_eq!(
        feed.elements("title"),
        ["A year of light · Northlight", "Three", "Two", "One"]
    );
    let map = studio.get("/sitemap-series-1.xml").await.expect(200);
    assert_eq!(
        map.elements("loc"),
        ["https://northlight.atelier.test/series/a-year-of-light"]
    );
    let index = studio.get("/sitemap.xml").await.expect(200);
    assert!(index.text.contains("sitemap-series-1.xml"));
    let mut tx = ctx.begin().await.unwrap();
    let input = SeriesInput {
        title: "A year of light".into(),
        slug: Some("licht".into()),
        ..SeriesInput::default()
    };
    series::update(&mut tx, &ctx, id, None, input)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for (from, to) in [
        ("/series/a-year-of-light", "/series/licht"),
        ("/series/a-year-of-light/feed.xml", "/series/licht/feed.xml"),
    ] {
        let moved = studio.get(from).await.expect(301);
        assert_eq!(
            moved.header(header::LOCATION),
            format!("https://northlight.atelier.test{to}")
        );
        studio.get(to).await.expect(200);
    }
}

#[tokio::test]
async fn a_series_shows_each_reader_what_they_find() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let post = studio.draft("Only part", "Text.", "Light").await;
    let id = begin(&studio, "Slow", &[post]).await;
    // What drafts are about is not for visitors.
    studio.get("/series/slow").await.expect(404);
    studio.get("/series/slow/feed.xml").await.expect(404);
    studio.get("/sitemap-series-1.xml").await.expect(404);
    studio.step(post, Step::Plain(Move::Publish)).await;
    studio.get("/series/slow").await.expect(200);
    let edit = Edit {
        visibility: Some(Visibility::Members),
        ..Edit::default()
    };
    studio.edit(post, edit).await;
    studio.get("/series/slow").await.expect(404);
    studio.step(post, Step::Plain(Move::Trash)).await;
    assert!(order(&studio, id).await.is_empty());
    // It keeps its place in the trash.
    studio.step(post, Step::Plain(Move::Restore)).await;
    assert_eq!(order(&studio, id).await, ["Only part"]);
}

#[tokio::test]
async fn posts_are_moved_past_what_lies_in_the_trash() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let mut posts = Vec::new();
    for title in ["One", "Two", "Three"] {
        posts.push(studio.draft(title, "Text.", "Light").await);
    }
    let id = begin(&studio, "Order", &posts).await;
    studio.step(posts[1], Step::Plain(Move::Trash)).await;
    shift(&studio, id, posts[2], Shift::Up).await;
    assert_eq!(order(&studio, id).await, ["Three", "One"]);
    shift(&studio, id, posts[2], Shift::Up).await;
    assert_eq!(order(&studio, id).await, ["Three", "One"]);
    shift(&studio, id, posts[2], Shift::Down).await;
    assert_eq!(order(&studio, id).await, ["One", "Three"]);
    studio.step(posts[1], Step::Plain(Move::Restore)).await;
    assert_eq!(order(&studio, id).await.len(), 3);
    shift(&studio, id, posts[0], Shift::Remove).await;
    shift(&studio, id, posts[0], Shift::Add).await;
    shift(&studio, id, posts[0], Shift::Add).await;
    assert_eq!(order(&studio, id).await.last().unwrap(), "One");
}

#[tokio::test]
async fn people_who_arrange_at_once_do_not_mix_their_orders() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let mut posts = Vec::new();
    for n in 0..8 {
        posts.push(studio.draft(&format!("Post {n}"), "Text.", "Light").await);
    }
    let id = begin(&studio, "Busy", &[]).await;
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::POST, "/")
        .await;
    let adds = posts.iter().map(|post| {
        let ctx = ctx.clone();
        async move {
            let mut tx = ctx.begin().await.unwrap();
            series::shift(&mut tx, &ctx, id, *post, Shift::Add)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    });
    futures::future::join_all(adds).await;
    assert_eq!(order(&studio, id).await.len(), 8);
    let mut all = world.database.connect(testkit::Role::Superuser).await;
    let places: Vec<i32> =
        sqlx::query_scalar("select position from blog_series_posts order by position")
            .fetch_all(&mut all)
            .await
            .unwrap();
    assert_eq!(places, (1..=8).collect::<Vec<_>>());

    // Whole orders that are based on the same revision: one wins, the other is told.
    let mut tx = ctx.begin().await.unwrap();
    let rev = series::get(&mut tx, id).await.unwrap().rev;
    drop(tx);
    let mut reversed = posts.clone();
    reversed.reverse();
    let mut outcomes = Vec::new();
    for order in [&posts[..4], &reversed[..4]] {
        let mut tx = ctx.begin().await.unwrap();
        let outcome = series::arrange(&mut tx, &ctx, id, Some(rev), order).await;
        outcomes.push(outcome.map(|_| ()));
        tx.commit().await.unwrap();
    }
    assert!(outcomes[0].is_ok());
    assert!(matches!(outcomes[1], Err(Error::PreconditionFailed)));
}

#[tokio::test]
async fn what_cannot_be_arranged_is_refused_by_name() {
    let world = World::new().await;
    let (north, south) = (
        world.studio("northlight").await,
        world.studio("southlight").await,
    );
    let own = north.draft("Own", "Text.", "Light").await;
    let foreign = south.draft("Foreign", "Text.", "Light").await;
    let id = begin(&north, "Order", &[own]).await;
    let ctx = north
        .ctx(Some(north.owner.clone()), Method::POST, "/")
        .await;
    for (posts, code) in [
        (vec![own, own], "twice"),
        (vec![own, PostId::new()], "unknown"),
        (vec![own, foreign], "unknown"),
        ((0..201).map(|_| PostId::new()).collect(), "too_many"),
    ] {
        let mut tx = ctx.begin().await.unwrap();
        let error = series::arrange(&mut tx, &ctx, id, None, &posts)
            .await
            .unwrap_err();
        assert_eq!(error.field_errors()[0].code, code);
    }
    south.get("/series/order").await.expect(404);
}

#[tokio::test]
async fn a_deleted_series_comes_back_until_it_is_purged() {
    let world = World::new().await;
    let studio = world.studio("northlight").await;
    let post = studio.publish("One").await;
    let id = begin(&studio, "Short", &[post]).await;
    let ctx = studio
        .ctx(Some(studio.owner.clone()), Method::POST, "/")
        .await;
    let mut tx = ctx.begin().await.unwrap();
    series::delete(&mut tx, &ctx, id, None).await.unwrap();
    tx.commit().await.unwrap();
    studio.get("/series/short").await.expect(404);
    assert!(!studio.get("/blog/one").await.text.contains("blog-part"));
    let mut tx = ctx.begin().await.unwrap();
    series::restore(&mut tx, &ctx, id).await.unwrap();
    tx.commit().await.unwrap();
    studio.get("/series/short").await.expect(200);
}

#[tokio::test]
async fn the_pages_and_the_api_arrange_a_series() {
    let app = TestApp::new().await;
    let tenant = app.tenant("northlight").await;
    let owner = &tenant.owner;
    let mut posts = Vec::new();
    for title in ["Dawn", "Noon", "Dusk"] {
        let body = json!({ "title": title, "content": "Light." });
        let post = owner
            .api(Method::POST, "/api/v1/blog/posts", &[], Some(&body))
            .await
            .expect(201);
        posts.push(post.json::<Value>()["id"].as_str().unwrap().to_owned());
    }
    let refused = owner.post("/app/blog/series", &[("title", " ")]).await;
    assert!(refused.expect(422).body.contains("Give the series a title"));
    let form = [("title", "A day"), ("order", "manual"), ("slug", "")];
    let begun = owner.post("/app/blog/series", &form).await.expect(303);
    let path = begun.location().unwrap();
    for post in &posts {
        let form = [("post", post.as_str()), ("to", "add")];
        owner.post(&format!("{path}/move"), &form).await.expect(303);
    }
    let form = [("post", posts[2].as_str()), ("to", "up")];
    owner.post(&format!("{path}/move"), &form).await.expect(303);
    let page = owner.get(&path).await.expect(200);
    let places: Vec<usize> = ["Dawn", "Dusk", "Noon"]
        .iter()
        .map(|title| page.body.find(&format!(">{title}</a>")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");

    let id = path.rsplit('/').next().unwrap();
    let api = format!("/api/v1/blog/series/{id}");
    let read = owner.get(&api).await.expect(200);
    let etag = read.header("etag").unwrap().to_owned();
    assert_eq!(read.json::<Value>()["parts"][1]["title"], "Dusk");
    let order = json!({ "posts": [posts[1], posts[0]] });
    let put = |etag: &str| {
        let (owner, path, order) = (owner.clone(), format!("{api}/posts"), order.clone());
        let etag = etag.to_owned();
        async move {
            owner
                .api(Method::PUT, &path, &[("if-match", &etag)], Some(&order))
                .await
        }
    };
    let arranged = put(&etag).await.expect(200).json::<Value>();
    assert_eq!(arranged["parts"].as_array().unwrap().len(), 2);
    put(&etag).await.expect(412);
    let gone = owner.post(&format!("{path}/delete"), &[]).await.expect(303);
    assert_eq!(gone.header("location").unwrap(), "/app/blog/series");
    owner.get(&path).await.expect(404);
    owner
        .post(&format!("{path}/restore"), &[])
        .await
        .expect(303);
    owner.get(&path).await.expect(200);
    let author = tenant
        .member(&app, kernel::Role::Author, "Robin Vale")
        .await;
    author.get("/app/blog/series").await.expect(200);
    author.get(&path).await.expect(403);
    author
        .post("/app/blog/series", &[("title", "Mine")])
        .await
        .expect(403);
}
