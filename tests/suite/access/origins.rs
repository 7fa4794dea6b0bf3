//! What scripts on other origins may read.

use axum::body::Body;
use http::{Method, header};
use serde_json::json;

use super::{APPLICATIONS, POSTS, Program};
use crate::support::{Client, Reply, TestApp, TestTenant};

const SHOP: &str = "https://shop.example";
const EVIL: &str = "https://evil.example";

/// A program whose application allows origins.
async fn program(app: &TestApp, tenant: &TestTenant, name: &str, origins: &[&str]) -> Program {
    let body = json!({ "product": "blog", "name": name, "allowed_origins": origins });
    let made = tenant
        .owner
        .api(Method::POST, APPLICATIONS, &[], Some(&body))
        .await
        .expect(201);
    let application = super::text(&made.json(), "id");
    let body = json!({ "name": "Browser", "scopes": ["posts:read"] });
    Program::with(app, tenant, application, body).await
}

async fn ask(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Body::empty()).unwrap()).await
}

fn allows(reply: &Reply) -> Option<&str> {
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    reply.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_browser_may_ask_first_and_learns_only_of_origins_that_are_allowed() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = program(&app, &northlight, "Shop", &[SHOP, "https://*.shop.example"]).await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization"),
        ];
        ask(&program.client, Method::OPTIONS, POSTS, &headers)
            .await
            .expect(204)
    };
    for origin in [SHOP, "https://a.shop.example"] {
        let reply = preflight(origin).await;
        assert_eq!(allows(&reply), Some(origin));
        assert_eq!(reply.header("access-control-max-age"), Some("86400"));
        let headers = reply.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("Authorization") && headers.contains("Idempotency-Key"));
        assert!(reply.header("vary").unwrap().contains("origin"));
    }
    for origin in [
        EVIL,
        "null",
        "https://a.b.shop.example",
        "http://shop.example",
    ] {
        let reply = preflight(origin).await;
        assert_eq!(allows(&reply), None, "{origin}");
        assert_eq!(reply.header("access-control-allow-methods"), None);
    }
    // Without the question it is a request like any other.
    ask(&program.client, Method::OPTIONS, POSTS, &[])
        .await
        .expect(405);
}

#[tokio::test]
async fn answers_and_refusals_alike_tell_who_may_read_them() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let shop = program(&app, &northlight, "Shop", &[SHOP]).await;
    let other = program(&app, &northlight, "Other", &["https://other.example"]).await;
    let key = format!("Bearer {}", shop.secret);
    let missing = format!("{POSTS}/{}", uuid::Uuid::new_v4());
    for (path, authorization, status) in [
        (POSTS, key.as_str(), 200),
        (missing.as_str(), key.as_str(), 404),
        (APPLICATIONS, key.as_str(), 403),
        (POSTS, "Bearer nonsense", 401),
    ] {
        let headers = [("origin", SHOP), ("authorization", authorization)];
        let reply = ask(&shop.client, Method::GET, path, &headers)
            .await
            .expect(status);
        assert_eq!(allows(&reply), Some(SHOP), "{status}");
        let exposed = reply.header("access-control-expose-headers").unwrap();
        assert!(
            exposed.contains("ETag") && exposed.contains("Retry-After"),
            "{exposed}"
        );
        let headers = [("origin", EVIL), ("authorization", authorization)];
        let reply = ask(&shop.client, Method::GET, path, &headers)
            .await
            .expect(status);
        assert_eq!(allows(&reply), None, "{status}");
        assert!(
            reply
                .headers
                .get_all(header::VARY)
                .iter()
                .any(|value| value == "origin")
        );
    }
    // Known by its key, an application has its own origins and not those of the next one.
    let key = format!("Bearer {}", other.secret);
    let headers = [("origin", SHOP), ("authorization", key.as_str())];
    let reply = ask(&other.client, Method::GET, POSTS, &headers)
        .await
        .expect(200);
    assert_eq!(allows(&reply), None);
}

#[tokio::test]
async fn nothing_of_a_session_is_read_from_another_origin() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    program(&app, &northlight, "Shop", &[SHOP]).await;
    // Credentials are never allowed, so a browser keeps this answer from the script.
    let reply = ask(&northlight.owner, Method::GET, POSTS, &[("origin", SHOP)]).await;
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    // Pages say nothing about origins at all.
    let page = ask(&northlight.owner, Method::GET, "/app", &[("origin", SHOP)])
        .await
        .expect(200);
    assert_eq!(allows(&page), None);
}

#[tokio::test]
async fn a_disabled_application_allows_no_origin() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = program(&app, &northlight, "Shop", &[SHOP]).await;
    let path = format!("{APPLICATIONS}/{}", program.application);
    let etag = northlight
        .owner
        .get(&path)
        .await
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    let body = json!({ "status": "disabled" });
    northlight
        .owner
        .api(Method::PATCH, &path, &[("if-match", &etag)], Some(&body))
        .await
        .expect(200);
    app.forget();
    let headers = [("origin", SHOP), ("access-control-request-method", "GET")];
    let reply = ask(&program.client, Method::OPTIONS, POSTS, &headers)
        .await
        .expect(204);
    assert_eq!(allows(&reply), None);
}
