//! So many requests a minute, over all nodes.

use std::time::Duration;

use super::{POSTS, Program, code};
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
        let body = serde_json::json!({ "name": format!("Key {at}"), "scopes": ["posts:read"] });
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
