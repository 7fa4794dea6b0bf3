//! Pictures of posts: in the text and in its place above, for readers, previews and feeds, and what the library knows.

use http::Method;
use serde_json::{Value, json};

use crate::files::jpeg;
use crate::support::{Client, Reply, TestApp, TestTenant};

async fn uploaded(owner: &Client, name: &str, width: u32, seed: u8) -> Value {
    owner
        .upload(name, jpeg(width, width / 2, seed))
        .await
        .expect(201)
        .json()
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().expect("an id")
}

async fn post(owner: &Client, body: Value) -> Reply {
    owner
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&body))
        .await
}

/// Asks for a change of a post as it is now.
async fn ask(owner: &Client, method: Method, post: &Value, body: Option<&Value>) -> Reply {
    let path = format!("/api/v1/blog/posts/{}", id(post));
    let tag = owner
        .get(&path)
        .await
        .header("etag")
        .expect("an ETag")
        .to_owned();
    owner.api(method, &path, &[("if-match", &tag)], body).await
}

async fn change(owner: &Client, post: &Value, body: Value) -> Reply {
    ask(owner, Method::PATCH, post, Some(&body)).await
}

async fn trash(owner: &Client, post: &Value) {
    ask(owner, Method::DELETE, post, None).await.expect(204);
}

async fn step(owner: &Client, post: &Value, step: &str) {
    let path = format!("/api/v1/blog/posts/{}/{step}", id(post));
    owner
        .api(Method::POST, &path, &[], Some(&json!({})))
        .await
        .expect(200);
}

/// How many posts the library says show a file.
async fn uses(owner: &Client, file: &Value) -> i64 {
    let file: Value = owner
        .get(&format!("/api/v1/files/{}", id(file)))
        .await
        .expect(200)
        .json();
    file["uses"].as_i64().expect("a number")
}

async fn studio() -> (TestApp, TestTenant) {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    (app, north)
}

#[tokio::test]
async fn pictures_in_a_text_come_in_every_size_they_have() {
    let (app, north) = studio().await;
    let file = uploaded(&north.owner, "Boats.jpg", 1400, 1).await;
    let content = format!(
        "Before.\n\n![Two boats]({} \"At dawn\")\n",
        file["path"].as_str().unwrap()
    );
    let made: Value = post(
        &north.owner,
        json!({ "title": "Boats", "content": content }),
    )
    .await
    .expect(201)
    .json();
    let preview = north
        .owner
        .api(
            Method::POST,
            "/api/v1/blog/preview",
            &[],
            Some(&json!({ "content": content })),
        )
        .await
        .expect(200);
    assert_eq!(preview.json::<Value>()["html"], made["html"]);
    step(&north.owner, &made, "publish").await;

    let visitor = app.visitor().on(&north.origin());
    let page = visitor.get("/blog/boats").await.expect(200);
    assert_eq!(page.texts(".blog-prose figure figcaption"), ["At dawn"]);
    let of = |name| page.attribute(".blog-prose figure img", name).unwrap();
    assert_eq!(
        (of("alt"), of("width"), of("height")),
        ("Two boats".into(), "1280".into(), "640".into())
    );
    assert_eq!(
        (of("loading"), of("decoding")),
        ("lazy".into(), "async".into())
    );
    for candidate in of("srcset").split(", ") {
        let (path, width) = candidate.split_once(' ').unwrap();
        let shown = image::load_from_memory(&visitor.get(path).await.expect(200).bytes).unwrap();
        assert_eq!(format!("{}w", shown.width()), width);
    }
    // Readers elsewhere get whole addresses.
    let feed = visitor.get("/feed.xml").await.expect(200);
    assert!(
        feed.body
            .contains("srcset=&quot;http://north.atelier.test/media/"),
        "{}",
        feed.body
    );
}

#[tokio::test]
async fn the_library_knows_what_drafts_and_readers_see() {
    let (_app, north) = studio().await;
    let owner = &north.owner;
    let (old, new) = (
        uploaded(owner, "old.jpg", 100, 2).await,
        uploaded(owner, "new.jpg", 100, 3).await,
    );
    let text = |file: &Value| format!("![x]({})", file["path"].as_str().unwrap());
    let made: Value = post(owner, json!({ "title": "Harbour", "content": text(&old) }))
        .await
        .expect(201)
        .json();
    assert_eq!((uses(owner, &old).await, uses(owner, &new).await), (1, 0));
    step(owner, &made, "publish").await;
    change(owner, &made, json!({ "content": text(&new) }))
        .await
        .expect(200);
    // Visitors still see the old one.
    assert_eq!((uses(owner, &old).await, uses(owner, &new).await), (1, 1));
    let page = owner
        .get(&format!("/app/files/{}", id(&old)))
        .await
        .expect(200);
    assert_eq!(page.texts(".files-uses a"), ["Harbour"]);
    owner
        .post(&format!("/app/files/{}/delete", id(&old)), &[])
        .await
        .expect(409);
    step(owner, &made, "publish").await;
    assert_eq!((uses(owner, &old).await, uses(owner, &new).await), (0, 1));
    owner
        .post(&format!("/app/files/{}/delete", id(&old)), &[])
        .await
        .expect(303);
    // In the trash the post may come back; after that it shows nothing any more.
    trash(owner, &made).await;
    assert_eq!(uses(owner, &new).await, 1);
}

#[tokio::test]
async fn a_purged_post_shows_nothing_any_more() {
    let (app, north) = studio().await;
    app.prolong_trials().await;
    let file = uploaded(&north.owner, "a.jpg", 100, 4).await;
    let body = json!({ "title": "Short", "content": format!("![x]({})", file["path"].as_str().unwrap()), "feature": { "file": id(&file) } });
    let made: Value = post(&north.owner, body).await.expect(201).json();
    trash(&north.owner, &made).await;
    app.advance(std::time::Duration::from_hours(31 * 24));
    app.run_jobs().await;
    let pool = app.database.pool(testkit::Role::Superuser);
    let left: (i64, i64) = sqlx::query_as(
        "select (select count(*) from files_usages), (select count(*) from blog_post_features)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(left, (0, 0));
}

#[tokio::test]
async fn a_feature_stands_above_the_text_in_lists_previews_and_feeds() {
    let (app, north) = studio().await;
    let owner = &north.owner;
    let file = uploaded(owner, "boats.jpg", 1500, 5).await;
    let body = json!({ "title": "Boats", "content": "Text.", "feature": { "file": id(&file), "alt_text": " Two\nboats " } });
    let made: Value = post(owner, body).await.expect(201).json();
    assert_eq!(
        made["feature"],
        json!({ "file": id(&file), "alt_text": "Two boats" })
    );
    step(owner, &made, "publish").await;
    let visitor = app.visitor().on(&north.origin());
    let page = visitor.get("/blog/boats").await.expect(200);
    assert_eq!(
        page.attribute(".blog-feature img", "alt").unwrap(),
        "Two boats"
    );
    let meta = |name: &str| {
        page.attribute(&format!("meta[property='{name}']"), "content")
            .unwrap()
    };
    let image = format!(
        "http://north.atelier.test/media/{}/1280/boats.jpg",
        id(&file)
    );
    assert_eq!(meta("og:image"), image);
    assert_eq!(
        (meta("og:image:width"), meta("og:image:height")),
        ("1280".into(), "640".into())
    );
    assert_eq!(meta("og:image:alt"), "Two boats");
    assert!(page.body.contains("summary_large_image"));
    let list = visitor.get("/blog").await.expect(200);
    assert_eq!(
        list.attribute(".blog-thumb img", "alt").unwrap(),
        "Two boats"
    );
    let sizes = file["sizes"].as_array().unwrap();
    let bytes = &sizes.iter().find(|size| size["variant"] == "1280").unwrap()["bytes"];
    let rss = visitor.get("/feed.xml").await.expect(200);
    assert!(
        rss.body.contains(&format!(
            "<enclosure url=\"{image}\" length=\"{bytes}\" type=\"image/jpeg\"/>"
        )),
        "{}",
        rss.body
    );
    let atom = visitor.get("/atom.xml").await.expect(200);
    assert!(
        atom.body
            .contains(&format!("rel=\"enclosure\" href=\"{image}\""))
    );
    let json: Value = visitor.get("/feed.json").await.expect(200).json();
    assert_eq!(json["items"][0]["image"], image);

    // The editor's form keeps it, and takes it away when the field is emptied.
    let edit = format!("/app/blog/posts/{}/edit", id(&made));
    let form = owner.get(&edit).await.expect(200);
    assert_eq!(
        form.attribute("[name=feature]", "value").unwrap(),
        id(&file)
    );
    change(owner, &made, json!({ "title": "Boats again" }))
        .await
        .expect(200);
    assert_eq!(uses(owner, &file).await, 1);
    change(owner, &made, json!({ "feature": { "file": null } }))
        .await
        .expect(200);
    assert_eq!(uses(owner, &file).await, 0);
    let bare = visitor.get("/blog/boats").await.expect(200);
    assert!(!bare.body.contains("blog-feature") && !bare.body.contains("og:image"));
}

#[tokio::test]
async fn pictures_of_others_private_or_deleted_ones_are_not_shown() {
    let (app, north) = studio().await;
    let south = app.tenant("south").await;
    let owner = &north.owner;
    let theirs = uploaded(&south.owner, "theirs.jpg", 400, 6).await;
    let feature = |file: &str| json!({ "title": "T", "feature": { "file": file } });
    for file in [id(&theirs), "019a0000-0000-7000-8000-000000000000"] {
        let refused = post(owner, feature(file)).await.expect(422);
        assert_eq!(refused.json::<Value>()["errors"][0]["code"], "unknown");
    }
    let content = format!("![x]({})", theirs["path"].as_str().unwrap());
    let made: Value = post(owner, json!({ "title": "Theirs", "content": content }))
        .await
        .expect(201)
        .json();
    assert!(!made["html"].as_str().unwrap().contains("srcset"));
    assert_eq!(uses(&south.owner, &theirs).await, 0);

    // One that is deleted in spite of all leaves its place empty.
    let file = uploaded(owner, "gone.jpg", 400, 7).await;
    let made: Value = post(
        owner,
        json!({ "title": "Gone", "feature": { "file": id(&file) } }),
    )
    .await
    .expect(201)
    .json();
    step(owner, &made, "publish").await;
    let delete = format!("/app/files/{}/delete", id(&file));
    owner.post(&delete, &[("force", "true")]).await.expect(303);
    let page = app
        .visitor()
        .on(&north.origin())
        .get("/blog/gone")
        .await
        .expect(200);
    assert!(!page.body.contains("blog-feature"));
    owner.post("/app/files/empty-trash", &[]).await.expect(303);
    let read: Value = owner
        .get(&format!("/api/v1/blog/posts/{}", id(&made)))
        .await
        .expect(200)
        .json();
    assert_eq!(read["feature"], Value::Null);
}
