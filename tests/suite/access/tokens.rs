//! Tokens made from keys.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{POSTS, Program, code, shows, text};
use crate::support::TestApp;

const TOKEN: &str = "/api/v1/token";

#[tokio::test]
async fn a_token_stands_for_its_key_for_a_quarter_of_an_hour() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read", "posts:write"]).await;
    let answer = program
        .call(Method::POST, TOKEN, &json!({}))
        .await
        .expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer: Value = answer.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 900);
    assert_eq!(answer["scope"], "posts:read posts:write");
    let token = text(&answer, "access_token");
    shows(&program.client, &token, POSTS).await.expect(200);
    app.advance(Duration::from_secs(15 * 60 - 1));
    shows(&program.client, &token, POSTS).await.expect(200);
    app.advance(Duration::from_secs(1));
    let refused = shows(&program.client, &token, POSTS).await.expect(401);
    assert_eq!(code(&refused), "invalid_key");
}

#[tokio::test]
async fn a_token_has_no_more_scopes_than_were_asked_for() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read", "posts:write"]).await;
    let narrow = json!({ "scopes": ["posts:read"] });
    let answer: Value = program
        .call(Method::POST, TOKEN, &narrow)
        .await
        .expect(200)
        .json();
    let token = Program {
        secret: text(&answer, "access_token"),
        ..program.clone()
    };
    token.get(POSTS).await.expect(200);
    let refused = token
        .call(Method::POST, POSTS, &json!({ "title": "x" }))
        .await
        .expect(403);
    assert_eq!(text(&refused.json(), "scope"), "posts:write");
    // A token makes no token: it would never end.
    assert_eq!(
        code(
            &token
                .call(Method::POST, TOKEN, &json!({}))
                .await
                .expect(401)
        ),
        "invalid_key"
    );
    for wrong in [
        json!({ "scopes": [] }),
        json!({ "scopes": ["tags:write"] }),
        json!({ "scope": "x" }),
    ] {
        program.call(Method::POST, TOKEN, &wrong).await.expect(422);
    }
    // A person has no key to exchange.
    let person = northlight
        .owner
        .api(Method::POST, TOKEN, &[], Some(&json!({})))
        .await;
    assert_eq!(code(&person.expect(401)), "unauthenticated");
}

#[tokio::test]
async fn a_token_ends_with_its_key_and_is_good_on_no_other_host() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let southlight = app.tenant("southlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let answer: Value = program
        .call(Method::POST, TOKEN, &json!({}))
        .await
        .expect(200)
        .json();
    let token = text(&answer, "access_token");
    shows(&program.client, &token, POSTS).await.expect(200);
    let elsewhere = app.visitor().on(&southlight.origin());
    shows(&elsewhere, &token, POSTS).await.expect(401);
    northlight
        .owner
        .api(Method::POST, &program.path("revoke"), &[], Some(&json!({})))
        .await
        .expect(200);
    app.forget();
    shows(&program.client, &token, POSTS).await.expect(401);
}
