//! So many requests a minute, over all nodes.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{APPLICATIONS, POSTS, Program, code};
use crate::support::{Reply, TestApp};

fn number(reply: &Reply, name: &str) -> i64 {
    let value = reply.header(name).unwrap_or_else(|| panic!("no {name}"));
    value.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_let_six_hundred_requests_of_a_key_through_in_a_minute() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let second = app.second_node();
    let there = Program {
        client: program.client.through(second.router.clone()),
        ..program.clone()
    };
    let first = program.get(POSTS).await.expect(200);
    assert_eq!(number(&first, "ratelimit-limit"), 600);
    assert_eq!(number(&first, "ratelimit-remaining"), 599);
    assert_eq!(number(&first, "ratelimit-reset"), 60);
    assert_eq!(first.header("ratelimit-policy"), Some("600;w=60"));
    // The other node knows of it.
    assert_eq!(
        number(&there.get(POSTS).await.expect(200), "ratelimit-remaining"),
        598
    );

    let mut through = 2;
    for at in 0..700 {
        let node = if at % 2 == 0 { &program } else { &there };
        let reply = node.get("/api/v1/blog/nowhere").await;
        through += i64::from(reply.status == 404);
        if at % 100 == 99 {
            app.advance(Duration::from_secs(1));
        }
    }
    assert!((570..=600).contains(&through), "{through}");
    for node in [&program, &there] {
        let refused = node.get(POSTS).await.expect(429);
        assert_eq!(code(&refused), "too_many_requests");
        assert_eq!(number(&refused, "ratelimit-remaining"), 0);
        let wait = number(&refused, "retry-after");
        assert_eq!(wait, number(&refused, "ratelimit-reset"));
        assert!((1..60).contains(&wait), "{wait}");
    }
    app.advance(Duration::from_secs(55));
    let next = there.get(POSTS).await.expect(200);
    assert_eq!(number(&next, "ratelimit-remaining"), 599);
    // People have no such limit.
    let person = northlight.owner.get(POSTS).await.expect(200);
    assert_eq!(person.header("ratelimit-limit"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_a_tenant_share_a_limit_and_tenants_do_not() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let southlight = app.tenant("southlight").await;
    let first = Program::new(&app, &northlight, &["posts:read"]).await;
    let mut keys = vec![first.clone()];
    for at in 0..5 {
        let body = json!({ "name": format!("Key {at}"), "scopes": ["posts:read"] });
        keys.push(Program::with(&app, &northlight, first.application.clone(), body).await);
    }
    let mut through = 0;
    for key in &keys {
        for _ in 0..600 {
            let reply = key.get("/api/v1/blog/nowhere").await;
            through += i64::from(reply.status == 404);
        }
    }
    assert!((2_850..=3_000).contains(&through), "{through}");
    let refused = keys[5].get(POSTS).await.expect(429);
    assert_eq!(number(&refused, "ratelimit-limit"), 3_000);
    let other = Program::new(&app, &southlight, &["posts:read"]).await;
    other.get(POSTS).await.expect(200);
}

#[tokio::test]
async fn a_key_may_have_a_limit_of_its_own() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let other = Program::new(&app, &northlight, &["posts:read"]).await;
    let keys = format!("{APPLICATIONS}/{}/keys", other.application);
    let body = |limit: i64| json!({ "name": "Slow", "scopes": ["posts:read"], "rate_limit_per_min": limit });
    for bad in [0, 601] {
        let owner = &northlight.owner;
        let refused = owner.api(Method::POST, &keys, &[], Some(&body(bad))).await;
        let problem: Value = refused.expect(422).json();
        assert_eq!(problem["errors"][0]["field"], "rate_limit_per_min");
    }
    let slow = Program::with(&app, &northlight, other.application.clone(), body(5)).await;
    for left in (0..5).rev() {
        let reply = slow.get(POSTS).await.expect(200);
        assert_eq!(number(&reply, "ratelimit-limit"), 5);
        assert_eq!(number(&reply, "ratelimit-remaining"), left);
    }
    slow.get(POSTS).await.expect(429);
    // A token counts as its key does, and others do not count with it.
    let bearer = format!("Bearer {}", slow.secret);
    let headers = [("authorization", bearer.as_str())];
    let token = slow
        .client
        .api(Method::POST, "/api/v1/token", &headers, Some(&json!({})))
        .await;
    token.expect(429);
    let reply = other.get(POSTS).await.expect(200);
    assert_eq!(number(&reply, "ratelimit-limit"), 600);
    app.advance(Duration::from_mins(1));
    slow.get(POSTS).await.expect(200);

    // What replaces it keeps it, and lists say it.
    let owner = &northlight.owner;
    let rotated = owner
        .api(Method::POST, &slow.path("rotate"), &[], Some(&json!({})))
        .await;
    assert_eq!(rotated.expect(201).json::<Value>()["rate_limit_per_min"], 5);
    let page = format!("/app/settings/applications/{}", slow.application);
    let page = owner.get(&page).await.expect(200);
    assert!(page.body.contains("5 requests a minute"), "{}", page.body);
    let form = [
        ("name", "Typed"),
        ("scopes", "posts:read"),
        ("rate_limit_per_min", "7"),
    ];
    let path = format!("/app/settings/applications/{}/keys", slow.application);
    owner.post(&path, &form).await.expect(200);
    let listed: Value = owner.get(&keys).await.expect(200).json();
    assert_eq!(listed["data"][0]["rate_limit_per_min"], 7);
    let form = [
        ("name", "Typed"),
        ("scopes", "posts:read"),
        ("rate_limit_per_min", "many"),
    ];
    let refused = owner.post(&path, &form).await.expect(422);
    assert!(refused.body.contains("Choose 1 to 600 requests a minute."));
}
