//! Applications and keys as those see them who manage them.

use std::time::Duration;

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::{APPLICATIONS, POSTS, Program, code, text};
use crate::support::{Client, Reply, TestApp};

async fn post(client: &Client, path: &str, body: &Value) -> Reply {
    client.api(Method::POST, path, &[], Some(body)).await
}

#[tokio::test]
async fn the_secret_is_shown_once_and_kept_nowhere() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let path = format!("{APPLICATIONS}/{}/keys", program.application);
    let body = json!({ "name": "Twice", "scopes": ["posts:read"] });
    let once = [("idempotency-key", "a-key")];
    let owner = &northlight.owner;
    let first = owner
        .api(Method::POST, &path, &once, Some(&body))
        .await
        .expect(201);
    assert_eq!(first.header("cache-control"), Some("no-store"));
    let secret = text(&first.json(), "secret");
    let again = owner
        .api(Method::POST, &path, &once, Some(&body))
        .await
        .expect(201);
    assert!(again.json::<Value>()["secret"].is_null());
    assert_eq!(again.json::<Value>()["id"], first.json::<Value>()["id"]);
    let listed = owner.get(&path).await.expect(200);
    let masked = text(&listed.json::<Value>()["data"][0], "masked");
    assert_eq!(masked, format!("{}_…{}", &secret[..20], &secret[66..]));

    // Not in any column of any table: what is kept is a hash.
    let pool = app.database.pool(testkit::Role::Superuser);
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    for table in tables {
        let sql = format!("select count(*) from {table} x where strpos(x::text, $1) > 0");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(&secret[21..64])
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(found, 0, "{table} keeps a secret");
    }
}

#[tokio::test]
async fn owners_hear_of_every_new_key() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read", "posts:write"]).await;
    let letter = app.letter("owner@northlight.test").await;
    assert_eq!(letter.subject, "A new API key for Front end");
    for part in [
        "Server",
        "posts:read, posts:write",
        &program.secret[..20],
        "Mara Lindqvist",
    ] {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
    assert!(!letter.text.contains(&program.secret));
    assert!(letter.link().ends_with(&format!(
        "/app/settings/applications/{}",
        program.application
    )));
}

#[tokio::test]
async fn after_a_rotation_both_keys_work_until_the_overlap_ends() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let former = Program::new(&app, &northlight, &["posts:read"]).await;
    let owner = &northlight.owner;
    let rotated: Value = post(owner, &former.path("rotate"), &json!({}))
        .await
        .expect(201)
        .json();
    app.forget();
    assert_eq!(rotated["rotated_from"], former.key.as_str());
    assert_eq!(rotated["scopes"], json!(["posts:read"]));
    let new = Program {
        key: text(&rotated, "id"),
        secret: text(&rotated, "secret"),
        ..former.clone()
    };
    former.get(POSTS).await.expect(200);
    new.get(POSTS).await.expect(200);
    let listed: Value = owner
        .get(&format!("{APPLICATIONS}/{}/keys", former.application))
        .await
        .expect(200)
        .json();
    let states: Vec<&str> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["active", "retiring"]);
    // What was replaced is not replaced again.
    let again = post(owner, &former.path("rotate"), &json!({}))
        .await
        .expect(409);
    assert_eq!(code(&again), "key_not_active");

    app.advance(Duration::from_hours(24));
    former.get(POSTS).await.expect(401);
    new.get(POSTS).await.expect(200);
    // Without an overlap the former ends at once.
    post(owner, &new.path("rotate"), &json!({ "overlap_hours": 0 }))
        .await
        .expect(201);
    app.forget();
    new.get(POSTS).await.expect(401);
    post(owner, &new.path("rotate"), &json!({ "overlap_hours": 721 }))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_revoked_key_and_a_disabled_application_end_at_once() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let owner = &northlight.owner;
    let path = format!("{APPLICATIONS}/{}", program.application);
    let etag = owner
        .get(&path)
        .await
        .expect(200)
        .header("etag")
        .unwrap()
        .to_owned();
    let switch = async |etag: &str, status: &str| {
        let body = json!({ "status": status });
        let reply = owner
            .api(Method::PATCH, &path, &[("if-match", etag)], Some(&body))
            .await
            .expect(200);
        app.forget();
        reply.header("etag").unwrap().to_owned()
    };
    program.get(POSTS).await.expect(200);
    let etag = switch(&etag, "disabled").await;
    program.get(POSTS).await.expect(401);
    let keys = format!("{path}/keys");
    let body = json!({ "name": "More", "scopes": ["posts:read"] });
    assert_eq!(
        code(&post(owner, &keys, &body).await.expect(409)),
        "application_disabled"
    );
    switch(&etag, "active").await;
    program.get(POSTS).await.expect(200);

    let revoked: Value = post(
        owner,
        &program.path("revoke"),
        &json!({ "reason": "unused" }),
    )
    .await
    .expect(200)
    .json();
    app.forget();
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(revoked["revoke_reason"], "unused");
    program.get(POSTS).await.expect(401);
    // Once is enough, and the first reason stays.
    let again: Value = post(
        owner,
        &program.path("revoke"),
        &json!({ "reason": "leaked" }),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(again["revoke_reason"], "unused");
    let audit = owner.get("/app/audit").await.expect(200);
    for sentence in [
        "made the API key",
        "revoked the API key",
        "disabled the application",
    ] {
        assert!(audit.body.contains(sentence), "{sentence}");
    }
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_do_more_than_they() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let manager = northlight.member(&app, Role::Manager, "Robin Vale").await;
    // A manager sees applications and makes no keys.
    manager.get(APPLICATIONS).await.expect(200);
    let keys = format!("{APPLICATIONS}/{}/keys", program.application);
    let body = json!({ "name": "Mine", "scopes": ["posts:read"] });
    post(&manager, &keys, &body).await.expect(403);
    let unknown = json!({ "name": "Odd", "scopes": ["posts:read", "moon:land"] });
    let refused = post(&northlight.owner, &keys, &unknown).await.expect(422);
    assert_eq!(refused.json::<Value>()["errors"][0]["code"], "unknown");
}

#[tokio::test]
async fn an_application_has_a_name_of_its_own_and_origins_that_can_be_read() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let owner = &northlight.owner;
    let body = json!({
        "product": "blog", "name": " My  site ",
        "allowed_origins": ["https://Shop.example/", "https://shop.example", "https://*.shop.example"],
    });
    let made: Value = post(owner, APPLICATIONS, &body).await.expect(201).json();
    assert_eq!(made["name"], "My site");
    assert_eq!(made["slug"], "my-site");
    assert_eq!(made["cache_seconds"], 60);
    assert_eq!(
        made["allowed_origins"],
        json!(["https://shop.example", "https://*.shop.example"])
    );
    let refused = post(
        owner,
        APPLICATIONS,
        &json!({ "product": "blog", "name": "my site" }),
    )
    .await
    .expect(422);
    assert_eq!(refused.json::<Value>()["errors"][0]["code"], "taken");
    let bad =
        json!({ "product": "moon", "name": "x", "allowed_origins": ["*"], "cache_seconds": 90000 });
    let refused: Value = post(owner, APPLICATIONS, &bad).await.expect(422).json();
    let fields: Vec<&str> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["allowed_origins", "cache_seconds", "product"]);
    // Another tenant may have one of the same name.
    let southlight = app.tenant("southlight").await;
    post(&southlight.owner, APPLICATIONS, &body)
        .await
        .expect(201);
    let list: Value = southlight.owner.get(APPLICATIONS).await.expect(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}
