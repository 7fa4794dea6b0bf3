//! Redirects: what they make of addresses without a page, and what they must never do.

use std::time::Duration;

use http::{Method, StatusCode};
use kernel::Role;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, TestTenant};

struct Site {
    app: TestApp,
    tenant: TestTenant,
    visitor: Client,
}

impl Site {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let tenant = app.tenant("northlight").await;
        let visitor = app.visitor().on(&tenant.origin());
        Self {
            app,
            tenant,
            visitor,
        }
    }

    async fn add(&self, body: Value) -> Reply {
        let path = "/api/v1/blog/redirects";
        let owner = &self.tenant.owner;
        owner.api(Method::POST, path, &[], Some(&body)).await
    }

    async fn added(&self, body: Value) -> Value {
        self.add(body).await.expect(201).json()
    }

    /// Where a visitor is sent, without the origin.
    async fn led(&self, path: &str) -> Option<(u16, String)> {
        let reply = self.visitor.get(path).await;
        let location = reply.header("location")?.to_owned();
        let location = location
            .strip_prefix(&self.tenant.origin())
            .map_or(location.clone(), str::to_owned);
        Some((reply.status.as_u16(), location))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what `led` answers")]
fn to(status: u16, location: &str) -> Option<(u16, String)> {
    Some((status, location.to_owned()))
}

#[tokio::test]
async fn visitors_are_led_on_where_there_is_no_page() {
    let site = Site::new().await;
    for body in [
        json!({ "source": "/About//us/", "target": "/blog" }),
        json!({ "source": "/gr%C3%BC%C3%9Fe", "target": "https://studio.example/x?a=1", "status": 302, "query": "keep" }),
        json!({ "kind": "pattern", "source": "^/(\\d{4})/(\\d\\d)/(.*)$", "target": "/blog/$3", "status": 308, "position": 2 }),
        json!({ "kind": "pattern", "source": "^/2013/(.*)$", "target": "/blog/tag/old-$1", "position": 1 }),
        json!({ "source": "/2013/kept", "target": "/blog/kept", "status": 307 }),
        json!({ "source": "/gone", "status": 410 }),
        json!({ "source": "/off", "target": "/blog", "enabled": false }),
    ] {
        site.added(body).await;
    }
    for (path, expected) in [
        ("/About/us", to(301, "/blog")),
        ("/About/us/?from=mail", to(301, "/blog")),
        ("/about/us", None),
        (
            "/gru%CC%88%C3%9Fe/?b=2",
            to(302, "https://studio.example/x?a=1&b=2"),
        ),
        // Paths come before patterns, and patterns in their order.
        ("/2013/kept", to(307, "/blog/kept")),
        ("/2013/05/old-post", to(301, "/blog/tag/old-05/old-post")),
        ("/2014/05/old%20post", to(308, "/blog/old%20post")),
        ("/2014/05", None),
        ("/off", None),
    ] {
        assert_eq!(site.led(path).await, expected, "{path}");
    }
    let gone = site.visitor.get("/gone").await.expect(410);
    assert!(gone.body.contains("No longer available"), "{}", gone.body);
    // Only what is looked at is led on, and only what is for visitors.
    site.visitor.post("/About/us", &[]).await.expect(404);
    site.tenant.owner.get("/app/About/us").await.expect(404);
    site.visitor.get("/api/v1/About").await.expect(404);
}

#[tokio::test]
async fn pages_come_first() {
    let site = Site::new().await;
    site.added(json!({ "source": "/blog/late", "target": "/blog" }))
        .await;
    site.added(
        json!({ "kind": "pattern", "source": "^/.*$", "target": "https://studio.example/all" }),
    )
    .await;
    assert_eq!(site.led("/blog/late").await, to(301, "/blog"));
    let body = json!({ "title": "Late", "content": "Here.", "slug": "late" });
    let owner = &site.tenant.owner;
    let post = owner
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&body))
        .await
        .expect(201)
        .json::<Value>();
    let publish = format!(
        "/api/v1/blog/posts/{}/publish",
        post["id"].as_str().unwrap()
    );
    owner
        .api(Method::POST, &publish, &[], Some(&json!({})))
        .await
        .expect(200);
    for page in ["/blog/late", "/blog", "/feed.xml", "/robots.txt"] {
        site.visitor.get(page).await.expect(200);
    }
    assert_eq!(
        site.led("/anything").await,
        to(301, "https://studio.example/all")
    );
}

#[tokio::test]
async fn chains_are_cut_short_and_circles_refused() {
    let site = Site::new().await;
    let first = site.added(json!({ "source": "/a", "target": "/b" })).await;
    // What led to the new source leads on at once.
    site.added(json!({ "source": "/b", "target": "/c" })).await;
    assert_eq!(site.led("/a").await, to(301, "/c"));
    // And what is led to is followed.
    let third = site.added(json!({ "source": "/z", "target": "/a" })).await;
    assert_eq!(third["target"], "/c");
    for (source, target) in [("/c", "/a"), ("/c", "/b"), ("/c", "/c/"), ("/c", "/z")] {
        let refused = site
            .add(json!({ "source": source, "target": target }))
            .await;
        let refused = refused.expect(422).json::<Value>();
        assert_eq!(refused["errors"][0]["code"], "loop", "{source} {target}");
    }
    let taken = site.add(json!({ "source": "/a/", "target": "/d" })).await;
    assert_eq!(
        taken.expect(422).json::<Value>()["errors"][0]["code"],
        "taken"
    );
    // A change is held to the same.
    let path = format!("/api/v1/blog/redirects/{}", first["id"].as_str().unwrap());
    let owner = &site.tenant.owner;
    let read = owner.get(&path).await.expect(200);
    let etag = read.header("etag").unwrap().to_owned();
    let stale = [("if-match", "\"1\"")];
    let change = json!({ "target": "/z" });
    owner
        .api(Method::PATCH, &path, &stale, Some(&change))
        .await
        .expect(412);
    let fresh = [("if-match", etag.as_str())];
    let refused = owner
        .api(
            Method::PATCH,
            &path,
            &fresh,
            Some(&json!({ "source": "/c" })),
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    // A pattern that matches where it leads sends nobody round.
    site.added(json!({ "kind": "pattern", "source": "^/(x/.*)$", "target": "/$1" }))
        .await;
    assert_eq!(site.led("/x/y").await, None);
}

#[tokio::test]
async fn two_who_close_a_circle_at_once_do_not() {
    let site = Site::new().await;
    let mut answers = Vec::new();
    let pairs = [("/p", "/q"), ("/q", "/p")];
    let asked =
        pairs.map(|(source, target)| site.add(json!({ "source": source, "target": target })));
    for answer in futures::future::join_all(asked).await {
        answers.push(answer.status.as_u16());
    }
    answers.sort_unstable();
    assert_eq!(answers, [201, 422]);
}

#[tokio::test]
async fn no_redirect_leads_where_its_maker_did_not_say() {
    let site = Site::new().await;
    for (body, code) in [
        (
            json!({ "source": "/a", "target": "//evil.example" }),
            "invalid",
        ),
        (
            json!({ "source": "/a", "target": "/\\evil.example" }),
            "invalid",
        ),
        (
            json!({ "source": "/a", "target": "javascript:alert(1)" }),
            "invalid",
        ),
        (json!({ "source": "/app/x", "target": "/blog" }), "reserved"),
        (json!({ "source": "/", "target": "/blog" }), "reserved"),
        (
            json!({ "source": "/a", "target": "/b", "status": 200 }),
            "invalid",
        ),
        (
            json!({ "kind": "pattern", "source": "^/(.*)$", "target": "https://$1/" }),
            "host",
        ),
        (
            json!({ "kind": "pattern", "source": "^/a{999}{999}", "target": "/b" }),
            "too_big",
        ),
        (
            json!({ "kind": "pattern", "source": "x", "target": "/b" }),
            "unanchored",
        ),
        (
            json!({ "kind": "pattern", "source": "^/x", "target": "/$1" }),
            "group",
        ),
    ] {
        let refused = site.add(body.clone()).await.expect(422).json::<Value>();
        assert_eq!(refused["errors"][0]["code"], code, "{body}");
    }
    site.added(json!({ "kind": "pattern", "source": "^/to(.*)$", "target": "/$1" }))
        .await;
    for path in [
        "/to//evil.example",
        "/to/%2F%2Fevil.example",
        "/to%2F%2Fevil.example",
        "/to@evil.example",
    ] {
        let reply = site.visitor.get(path).await;
        if let Some(location) = reply.header("location") {
            assert!(
                location.starts_with(&format!("{}/", site.tenant.origin())),
                "{path}: {location}"
            );
            assert!(
                !location["http://".len()..].contains("//"),
                "{path}: {location}"
            );
        }
    }
}

#[tokio::test]
async fn uses_are_counted_in_batches() {
    let site = Site::new().await;
    let made = site
        .added(json!({ "source": "/old", "target": "/blog" }))
        .await;
    let path = format!("/api/v1/blog/redirects/{}", made["id"].as_str().unwrap());
    let hits = async || {
        let read = site.tenant.owner.get(&path).await.expect(200);
        let body = read.json::<Value>();
        (
            body["hits"].as_i64().unwrap(),
            body["last_hit_at"].is_null(),
        )
    };
    assert_eq!(hits().await, (0, true));
    site.led("/old").await.unwrap();
    assert_eq!(hits().await, (1, false));
    for _ in 0..5 {
        site.led("/old").await.unwrap();
    }
    assert_eq!(hits().await.0, 1, "within ten seconds nothing is written");
    site.app.advance(Duration::from_secs(11));
    site.led("/old").await.unwrap();
    assert_eq!(hits().await.0, 7);
}

#[tokio::test]
async fn a_file_is_judged_before_it_is_taken() {
    let site = Site::new().await;
    let owner = &site.tenant.owner;
    site.added(json!({ "source": "/same", "target": "/blog" }))
        .await;
    let bad =
        "from,to,status\n/one,/blog,301\n/app/x,/blog,\n/two,//evil.example,\n/three,/blog,999\n";
    let import = "/app/blog/redirects/import";
    let (bad, apply) = (bad.as_bytes(), ("apply", None, &b"yes"[..]));
    let preview = owner
        .post_parts(import, &[("csv", None, bad), apply])
        .await
        .expect(200);
    assert!(
        preview.body.contains("3 lines cannot be taken"),
        "{}",
        preview.body
    );
    assert!(
        preview
            .body
            .contains("This address always has a page of its own")
    );
    assert_eq!(site.led("/one").await, None);

    let good = "\u{feff}from,to,status,query,kind\n/one,/two,,,\n/two,\"/blog\",302,keep,\n/same,/blog,301,,\n/gone,,,,\n\
                \"^/n/(.*)$\",/blog/$1,301,drop,pattern\n";
    // A file comes before what stands in the field, and what it says stands there afterwards.
    let preview = owner
        .post_parts(
            import,
            &[
                ("csv", None, bad),
                ("file", Some("old.csv"), good.as_bytes()),
            ],
        )
        .await
        .expect(200);
    assert!(
        preview.body.contains("Every line can be taken") && preview.body.contains("/two,"),
        "{}",
        preview.body
    );
    assert_eq!(site.led("/one").await, None, "nothing has changed yet");
    let none = ("file", Some(""), &b""[..]);
    owner
        .post_parts(import, &[none, ("csv", None, good.as_bytes()), apply])
        .await
        .expect(303);
    assert_eq!(site.led("/one").await, to(301, "/blog"));
    assert_eq!(site.led("/two?x=1").await, to(302, "/blog?x=1"));
    assert_eq!(site.led("/n/x").await, to(301, "/blog/x"));
    site.visitor.get("/gone").await.expect(410);

    // Out again and in again changes nothing.
    let file = owner
        .get("/app/blog/redirects/export.csv")
        .await
        .expect(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let again = json!({ "csv": file.body, "dry_run": true });
    let lines = owner
        .api(
            Method::POST,
            "/api/v1/blog/redirects/import",
            &[],
            Some(&again),
        )
        .await
        .expect(200)
        .json::<Value>();
    let effects: Vec<&str> = lines["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["effect"].as_str().unwrap())
        .collect();
    assert_eq!(effects, ["same"; 5]);
    assert_eq!(lines["applied"], false);
    for (file, says) in [
        (b"from,to\n/caf\xe9,/blog\n".to_vec(), "not text in UTF-8"),
        (vec![b'a'; 1024 * 1024 + 1], "larger than 1 MB"),
        (vec![b'a'; 4 * 1024 * 1024], "larger than 1 MB"),
    ] {
        let refused = owner
            .post_parts(import, &[("file", Some("old.csv"), &file)])
            .await
            .expect(422);
        assert!(refused.body.contains(says), "{says}: {}", refused.body);
    }
    for (csv, code) in [
        ("", "heading"),
        ("a,b\n1,2\n", "heading"),
        ("from,to\n", "required"),
    ] {
        let body = json!({ "csv": csv });
        let refused = owner
            .api(
                Method::POST,
                "/api/v1/blog/redirects/import",
                &[],
                Some(&body),
            )
            .await
            .expect(422)
            .json::<Value>();
        assert_eq!(refused["errors"][0]["code"], code, "{csv}");
    }
}

/// What [`Site::added`] is told of redirects is all in the file, and a file without it leaves it as it is.
#[tokio::test]
async fn a_file_says_everything_of_its_redirects() {
    let site = Site::new().await;
    let owner = &site.tenant.owner;
    for body in [
        json!({ "source": "/off", "target": "/blog", "enabled": false }),
        json!({ "kind": "pattern", "source": "^/z/(.*)$", "target": "/blog/$1", "position": 7, "query": "keep" }),
        json!({ "kind": "pattern", "source": "^/a/(.*)$", "target": "/blog/$1", "position": 7, "status": 302 }),
        json!({ "source": "/gone", "status": 410 }),
    ] {
        site.added(body).await;
    }
    let export = "/app/blog/redirects/export.csv";
    let file = owner.get(export).await.expect(200).body;

    // Into an empty workspace and out again: the same file.
    let other = site.app.tenant("southlight").await;
    let import = "/api/v1/blog/redirects/import";
    let body = json!({ "csv": file });
    let taken = other
        .owner
        .api(Method::POST, import, &[], Some(&body))
        .await
        .expect(200)
        .json::<Value>();
    assert_eq!(taken["applied"], true, "{taken}");
    assert_eq!(other.owner.get(export).await.expect(200).body, file);

    // A file that says less changes nothing of what it does not say.
    let less = json!({ "csv": "from,to,status,kind\n/off,/blog,301,exact\n^/a/(.*)$,/blog/$1,302,pattern\n" });
    let lines = owner
        .api(Method::POST, import, &[], Some(&less))
        .await
        .expect(200)
        .json::<Value>();
    for line in lines["lines"].as_array().unwrap() {
        assert_eq!(line["effect"], "same", "{lines}");
    }
    assert_eq!(owner.get(export).await.expect(200).body, file);
    for (columns, says) in [
        ("from,enabled\n/x,perhaps\n", "Use yes or no."),
        (
            "from,position\n/x,first\n",
            "Use a number between 0 and 100000.",
        ),
    ] {
        let body = json!({ "csv": columns });
        let lines = owner
            .api(Method::POST, import, &[], Some(&body))
            .await
            .expect(200)
            .json::<Value>();
        assert_eq!(lines["lines"][0]["errors"][0], says);
    }
}

#[tokio::test]
async fn a_deleted_redirect_leads_nobody_and_can_be_taken_back() {
    let site = Site::new().await;
    let owner = &site.tenant.owner;
    let made = site
        .added(json!({ "source": "/old", "target": "/blog", "position": 3 }))
        .await;
    let page = format!("/app/blog/redirects/{}", made["id"].as_str().unwrap());
    let api = format!("/api/v1/blog/redirects/{}", made["id"].as_str().unwrap());
    let restore = format!("{page}/restore");
    let nothing: Option<&Value> = None;

    let deleted = owner.post(&format!("{page}/delete"), &[]).await.expect(303);
    let list = owner.follow(deleted).await;
    assert!(list.body.contains(&restore), "the way back is offered");
    assert_eq!(site.led("/old").await, None);
    owner.get(&page).await.expect(404);
    owner.get(&api).await.expect(404);
    let list: Value = owner.get("/api/v1/blog/redirects").await.expect(200).json();
    assert_eq!(list["data"], json!([]));

    owner.post(&restore, &[]).await.expect(303);
    assert_eq!(site.led("/old").await, to(301, "/blog"));
    let back: Value = owner.get(&api).await.expect(200).json();
    assert_eq!(back["position"], 3);
    assert_eq!(back["created_at"], made["created_at"]);

    // Meanwhile somebody leads on from the same place.
    let rev = format!("\"{}\"", back["rev"]);
    owner
        .api(Method::DELETE, &api, &[("if-match", &rev)], nothing)
        .await
        .expect(204);
    let other = site
        .added(json!({ "source": "/old", "target": "/blog/tag/old" }))
        .await;
    let refused = owner
        .api(Method::POST, &format!("{api}/restore"), &[], nothing)
        .await
        .expect(409)
        .json::<Value>();
    assert_eq!(refused["code"], "redirect_in_the_way");
    let refused = owner.post(&restore, &[]).await.expect(303);
    let list = owner.follow(refused).await;
    assert!(list.body.contains("It stays deleted."), "{}", list.body);
    assert_eq!(site.led("/old").await, to(301, "/blog/tag/old"));

    // Meanwhile its target leads back to it: the circle is refused; what leads on further is followed.
    let other = format!("/app/blog/redirects/{}", other["id"].as_str().unwrap());
    owner
        .post(&format!("{other}/delete"), &[])
        .await
        .expect(303);
    let circle = site
        .added(json!({ "source": "/blog", "target": "/old" }))
        .await;
    owner
        .api(Method::POST, &format!("{api}/restore"), &[], nothing)
        .await
        .expect(409);
    let circle = format!("/app/blog/redirects/{}", circle["id"].as_str().unwrap());
    owner
        .post(&format!("{circle}/delete"), &[])
        .await
        .expect(303);
    site.added(json!({ "source": "/blog", "target": "/start" }))
        .await;
    let back = owner
        .api(Method::POST, &format!("{api}/restore"), &[], nothing)
        .await
        .expect(200)
        .json::<Value>();
    assert_eq!(back["target"], "/start");

    // Each deletion runs out by itself, 30 days later; what was taken back since stays.
    site.app.advance(Duration::from_hours(30 * 24 + 1));
    site.app.prolong_trials().await;
    site.app.run_jobs().await;
    assert_eq!(site.led("/old").await, to(301, "/start"));
    let pool = site.app.database.pool(testkit::Role::Superuser);
    let left: Vec<String> = sqlx::query_scalar("select source from blog_redirects order by source")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(left, ["/blog", "/old"]);
}

#[tokio::test]
async fn each_tenant_has_redirects_of_its_own() {
    let site = Site::new().await;
    let other = site.app.tenant("southlight").await;
    site.added(json!({ "source": "/old", "target": "/blog" }))
        .await;
    let stranger = site.app.visitor().on(&other.origin());
    stranger.get("/old").await.expect(404);
    let list = other.owner.get("/api/v1/blog/redirects").await.expect(200);
    assert_eq!(list.json::<Value>()["data"], json!([]));
    let author = site
        .tenant
        .member(&site.app, Role::Author, "Robin Vale")
        .await;
    author.get("/app/blog/redirects").await.expect(403);
    let list = site
        .tenant
        .owner
        .get("/app/blog/redirects?path=/old/")
        .await
        .expect(200);
    assert!(list.body.contains("Leads by "), "{}", list.body);
    let none = site
        .tenant
        .owner
        .get("/app/blog/redirects?path=/new")
        .await
        .expect(200);
    assert!(none.body.contains("No redirect applies"));
}
