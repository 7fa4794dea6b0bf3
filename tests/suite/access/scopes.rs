//! What each scope gives, and what it does not.

use axum::body::Body;
use http::{Method, header};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{POSTS, Program, code, text};
use crate::files::jpeg;
use crate::support::{Reply, TestApp, TestTenant};

/// A key of an application with this scope alone.
async fn only(app: &TestApp, tenant: &TestTenant, first: &Program, scope: &str) -> Program {
    let body = json!({ "name": scope, "scopes": [scope] });
    Program::with(app, tenant, first.application.clone(), body).await
}

/// A post of the owner's; live if it has a visibility.
async fn write(tenant: &TestTenant, title: &str, visibility: Option<&str>) -> String {
    let owner = &tenant.owner;
    let new = json!({ "title": title, "content": "A text.", "visibility": visibility.unwrap_or("public") });
    let made = owner.api(Method::POST, POSTS, &[], Some(&new)).await;
    let id = text(&made.expect(201).json(), "id");
    if visibility.is_some() {
        let path = format!("{POSTS}/{id}/publish");
        let live = owner.api(Method::POST, &path, &[], Some(&json!({}))).await;
        live.expect(200);
    }
    id
}

#[tokio::test]
async fn a_scope_for_something_else_reads_no_draft() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let first = Program::new(&app, &northlight, &["content:read"]).await;
    let draft = write(&northlight, "Nobody knows", None).await;
    let live = write(&northlight, "Everybody knows", Some("public")).await;
    let comments = format!("{POSTS}/{live}/comments");
    for (scope, reads) in [
        ("content:read", comments.as_str()),
        ("tags:write", "/api/v1/blog/tags"),
        ("series:write", "/api/v1/blog/series"),
        ("comments:write", &comments),
        ("comments:moderate", "/api/v1/blog/comments"),
        ("redirects:write", "/api/v1/blog/redirects"),
        ("settings:write", "/api/v1/blog/settings"),
        ("files:read", "/api/v1/files"),
        ("files:write", "/api/v1/files"),
    ] {
        let key = only(&app, &northlight, &first, scope).await;
        key.get(reads).await.expect(200);
        for path in [
            POSTS.to_owned(),
            format!("{POSTS}/{draft}"),
            format!("{POSTS}/{draft}/versions"),
            "/api/v1/blog/search?q=nobody&scope=drafts".to_owned(),
            "/api/v1/blog/authors".to_owned(),
        ] {
            let refused = key.get(&path).await.expect(403);
            assert_eq!(code(&refused), "missing_scope", "{scope} at {path}");
            assert_eq!(text(&refused.json(), "scope"), "posts:read", "{path}");
        }
    }
    // The one that says so reads all of it.
    let reader = only(&app, &northlight, &first, "posts:read").await;
    for path in [
        POSTS.to_owned(),
        format!("{POSTS}/{draft}"),
        comments,
        "/api/v1/blog/tags".to_owned(),
        "/api/v1/blog/series".to_owned(),
        "/api/v1/blog/settings".to_owned(),
    ] {
        reader.get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn a_key_to_what_visitors_read_hears_nothing_of_what_members_say() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let visitor = Program::new(&app, &northlight, &["content:read"]).await;
    let member = only(&app, &northlight, &visitor, "comments:write").await;
    for (visibility, visitors, members) in [
        ("public", 200, 200),
        ("unlisted", 200, 200),
        ("members", 404, 200),
        ("private", 404, 404),
    ] {
        let post = write(&northlight, visibility, Some(visibility)).await;
        let path = format!("{POSTS}/{post}/comments");
        assert_eq!(visitor.get(&path).await.status, visitors, "{visibility}");
        assert_eq!(member.get(&path).await.status, members, "{visibility}");
    }
}

/// Sends a picture as a program does.
async fn upload(program: &Program, name: &str, bytes: Vec<u8>) -> Reply {
    let request = program
        .client
        .request(Method::POST, &format!("/api/v1/files?name={name}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", program.secret))
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(Body::from(bytes))
        .expect("a request");
    program.client.send(request).await
}

#[tokio::test]
async fn a_key_brings_files_shows_them_and_takes_them_away() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let writer = Program::new(&app, &northlight, &["files:write"]).await;
    let reader = only(&app, &northlight, &writer, "files:read").await;
    let poster = only(&app, &northlight, &writer, "posts:write").await;
    for (key, scope) in [(&reader, "files:write"), (&poster, "files:write")] {
        let refused = upload(key, "a.jpg", jpeg(20, 20, 1)).await.expect(403);
        assert_eq!(code(&refused), "missing_scope");
        assert_eq!(text(&refused.json(), "scope"), scope);
    }
    let refused = poster.get("/api/v1/files").await.expect(403);
    assert_eq!(text(&refused.json(), "scope"), "files:read");

    let made = upload(&writer, "a.jpg&visibility=private", jpeg(20, 20, 1)).await;
    let file: Value = made.expect(201).json();
    let path = format!("/api/v1/files/{}", text(&file, "id"));
    let listed: Value = reader.get("/api/v1/files").await.expect(200).json();
    assert_eq!(listed["data"][0]["id"], file["id"]);
    // Somebody who has no key sees it by a signed address alone.
    let sign = json!({ "variant": "original", "seconds": 60 });
    let sign = reader
        .call(Method::POST, &format!("{path}/sign"), &sign)
        .await
        .expect(200);
    let url = text(&sign.json(), "url");
    let shown = url
        .strip_prefix(&northlight.origin())
        .expect("on this host");
    let visitor = app.visitor().on(&northlight.origin());
    visitor.get(shown).await.expect(200);

    let bearer = format!("Bearer {}", writer.secret);
    let rename = json!({ "alt_text": "Dusk" });
    let change = async |method: Method, etag: &str, body: Option<&Value>| {
        let headers = [("authorization", bearer.as_str()), ("if-match", etag)];
        writer.client.api(method, &path, &headers, body).await
    };
    let etag = |reply: &Reply| reply.header("etag").expect("an ETag").to_owned();
    let changed = change(
        Method::PATCH,
        &etag(&reader.get(&path).await),
        Some(&rename),
    )
    .await
    .expect(200);
    change(Method::DELETE, &etag(&changed), None)
        .await
        .expect(204);
    writer
        .call(Method::POST, &format!("{path}/restore"), &json!({}))
        .await
        .expect(200);

    // A plan's room is the same for everybody.
    let pool = app.database.pool(testkit::Role::Superuser);
    let sql = "update plan_entitlements set value = 1 where key = 'files.bytes'";
    sqlx::query(AssertSqlSafe(sql))
        .execute(&pool)
        .await
        .unwrap();
    app.forget();
    let refused = upload(&writer, "b.jpg", jpeg(20, 20, 2)).await.expect(402);
    assert_eq!(code(&refused), "entitlement_exceeded");
}
