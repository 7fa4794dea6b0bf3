//! Two tenants' hosts side by side: sessions, caches and requests at the same time stay with their own.

use http::{Method, StatusCode};

use crate::isolation::{OTHER, silent};
use crate::support::{TestApp, TestTenant};

#[tokio::test]
async fn a_session_is_good_on_its_own_host_alone() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let other = app.tenant(OTHER).await;
    let session = northlight.owner.cookie("sid").expect("a session");
    for (origin, path) in [
        (other.origin(), "/app"),
        (other.origin(), "/api/v1/blog/posts"),
        ("http://atelier.test".to_owned(), "/account"),
    ] {
        let thief = app.visitor().on(&origin);
        thief.set_cookie("sid", &session);
        let reply = thief.plainly(Method::GET, path, &[]).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{origin}{path}");
    }
    // And the log-in of the base host is none of a tenant's.
    let base = northlight
        .owner
        .on("http://atelier.test")
        .cookie("sid")
        .expect("a log-in");
    let thief = app.visitor().on(&northlight.origin());
    thief.set_cookie("sid", &base);
    assert_eq!(
        thief.plainly(Method::GET, "/app", &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
    northlight.owner.get("/app").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cached_for_one_host_is_not_served_on_another() {
    let app = TestApp::new().await;
    let (one, two) = (app.tenant("northlight").await, app.tenant(OTHER).await);
    one.owner
        .post("/app/settings/brand", &[("brand", "#7a1f3d")])
        .await
        .expect(303);
    app.forget();
    let paths = [
        "/",
        "/blog",
        "/feed.xml",
        "/feed.json",
        "/sitemap.xml",
        "/robots.txt",
        "/_t/theme.css",
        "/app",
        "/app/people",
    ];
    for path in paths {
        for _ in 0..2 {
            let first = one.owner.visit(path).await;
            let second = two.owner.visit(path).await;
            silent(first.expect(200));
            let shown = second.expect(200).body.to_lowercase();
            assert!(!shown.contains("northlight"), "{path} shows {shown}");
        }
    }
    let theme = |of: &TestTenant| {
        let owner = of.owner.clone();
        async move { owner.get("/_t/theme.css").await.expect(200).body }
    };
    assert_ne!(theme(&one).await, theme(&two).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_do_not_mix() {
    let app = TestApp::new().await;
    let (one, two) = (app.tenant("northlight").await, app.tenant(OTHER).await);
    let asked = (0..200).map(|number| {
        let (own, foreign, owner) = if number % 2 == 0 {
            ("northlight", OTHER, one.owner.clone())
        } else {
            (OTHER, "northlight", two.owner.clone())
        };
        let path = ["/app/people", "/blog", "/app/settings", "/feed.xml"][number / 2 % 4];
        tokio::spawn(async move {
            let shown = owner.get(path).await.expect(200).body.to_lowercase();
            assert!(
                shown.contains(own) && !shown.contains(foreign),
                "{path}: {shown}"
            );
        })
    });
    for asked in futures::future::join_all(asked).await {
        asked.unwrap();
    }
}
