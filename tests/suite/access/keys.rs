//! Who is let in by a key, and who is not.

use std::time::Duration;

use axum::body::Body;
use http::{Method, header};
use kernel::Role;
use serde_json::{Value, json};

use super::{APPLICATIONS, POSTS, Program, code, shows, text};
use crate::support::{Reply, TestApp};

/// What a refusal says, without the id of the request.
fn said(reply: &Reply) -> (u16, String, Option<String>) {
    let challenge = reply.header("www-authenticate").map(str::to_owned);
    (reply.status.as_u16(), reply.body.clone(), challenge)
}

#[tokio::test]
async fn a_key_does_what_its_scopes_cover_and_nothing_else() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let reader = Program::new(&app, &northlight, &["posts:read"]).await;
    reader.get(POSTS).await.expect(200);
    let new = json!({ "title": "From afar", "content": "Written by a program." });
    let refused = reader.call(Method::POST, POSTS, &new).await.expect(403);
    assert_eq!(code(&refused), "missing_scope");
    assert_eq!(text(&refused.json(), "scope"), "posts:write");
    assert!(refused.body.contains("posts:write"), "{}", refused.body);

    let body = json!({ "name": "Writer", "scopes": ["posts:write"] });
    let writer = Program::with(&app, &northlight, reader.application.clone(), body).await;
    let post: Value = writer
        .call(Method::POST, POSTS, &new)
        .await
        .expect(201)
        .json();
    // It is the work of whoever made the key.
    assert_eq!(post["authors"][0]["name"], "Mara Lindqvist");
    let publish = format!("{POSTS}/{}/publish", text(&post, "id"));
    let refused = writer
        .call(Method::POST, &publish, &json!({}))
        .await
        .expect(403);
    assert_eq!(text(&refused.json(), "scope"), "posts:publish");

    // No scope covers what people alone may do: a key makes no keys, and has no inbox.
    let refused = writer.get(APPLICATIONS).await.expect(403);
    assert_eq!(code(&refused), "missing_scope");
    assert!(refused.json::<Value>()["scope"].is_null());
    // Pages do not know keys at all.
    let page = shows(&writer.client, &writer.secret, "/app/blog/posts").await;
    assert_eq!(page.status, 303);

    let pool = app.database.pool(testkit::Role::Superuser);
    let (kind, actor, name): (String, uuid::Uuid, String) = sqlx::query_as(
        "select actor_kind, actor_id, actor_name from audit_log where action = 'blog.post.created'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(kind, "api_key");
    assert_eq!(actor.to_string(), writer.key);
    assert_eq!(name, "Writer (Front end)");
}

#[tokio::test]
async fn every_bad_key_gets_the_same_answer() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let foreign = app.tenant("southlight").await;
    let other = Program::new(&app, &foreign, &["posts:read"]).await;
    let good = Program::new(&app, &northlight, &["posts:read"]).await;
    let more = async |name: &str, extra: Value| {
        let mut body = json!({ "name": name, "scopes": ["posts:read"] });
        let fields = body.as_object_mut().unwrap();
        fields.extend(extra.as_object().cloned().unwrap_or_default());
        Program::with(&app, &northlight, good.application.clone(), body).await
    };
    let (revoked, expiring) = (
        more("Revoked", json!({})).await,
        more("Expiring", json!({ "expires_at": "2026-03-02T10:00:00Z" })).await,
    );
    expiring.get(POSTS).await.expect(200);
    northlight
        .owner
        .api(
            Method::POST,
            &revoked.path("revoke"),
            &[],
            Some(&json!({ "reason": "leaked" })),
        )
        .await
        .expect(200);
    app.advance(Duration::from_hours(1));
    app.forget();

    good.get(POSTS).await.expect(200);
    let client = &good.client;
    let mut tampered = good.secret.clone();
    tampered.replace_range(30..31, if &tampered[30..31] == "x" { "y" } else { "x" });
    // Whole by its checksum, and unknown or of another secret.
    let unknown = access::KeyText::generate(access::Env::Live);
    let guessed = forged(&good.secret);
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";
    let bearers = [
        tampered.as_str(),
        unknown.as_str(),
        &guessed,
        &revoked.secret,
        &expiring.secret,
        &other.secret,
        &good.secret[..40],
        token,
        "at_live_",
        "x",
    ];
    let mut answers = Vec::new();
    for bearer in bearers {
        answers.push(said(&shows(client, bearer, POSTS).await.expect(401)));
    }
    for shown in ["", "Bearer", "Basic !!", "Digest x=y"] {
        let headers = [("authorization", shown)];
        let reply = client.api(Method::GET, POSTS, &headers, None::<&()>).await;
        answers.push(said(&reply.expect(401)));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert!(answers[0].1.contains("\"invalid_key\""), "{}", answers[0].1);
    // Nothing shown at all is another matter.
    let none = client
        .api(Method::GET, POSTS, &[], None::<&()>)
        .await
        .expect(401);
    assert_eq!(code(&none), "unauthenticated");
}

/// A key of the same name with another secret, whole by its checksum.
fn forged(key: &str) -> String {
    loop {
        let other = access::KeyText::generate(access::Env::Live);
        let body = format!("{}{}", &key[..20], &other.as_str()[20..64]);
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut rest = crc32fast::hash(body.as_bytes());
        let mut sum = String::new();
        for _ in 0..6 {
            sum.insert(0, char::from(digits[(rest % 62) as usize]));
            rest /= 62;
        }
        let text = body + &sum;
        if access::KeyText::parse(&text).is_some() {
            return text;
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_whole_is_refused_without_the_database() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let good = Program::new(&app, &northlight, &["posts:read"]).await;
    good.get(POSTS).await.expect(200);
    let mut tampered = good.secret.clone();
    tampered.replace_range(30..31, if &tampered[30..31] == "x" { "y" } else { "x" });
    // Nobody can ask the database any more.
    let pool = app.database.pool(testkit::Role::Superuser);
    sqlx::query("alter table api_keys rename to api_keys_away")
        .execute(&pool)
        .await
        .unwrap();
    app.platform.access.forget(database::Change::Everything);
    shows(&good.client, &tampered, POSTS).await.expect(401);
    assert!(
        shows(&good.client, &good.secret, POSTS)
            .await
            .status
            .is_server_error()
    );
}

#[tokio::test]
async fn a_key_comes_as_basic_too_and_never_in_an_address() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let basic = base64(&format!("{}:", program.secret));
    for shown in [
        format!("Basic {basic}"),
        format!("bearer {}", program.secret),
    ] {
        let headers = [("authorization", shown.as_str())];
        program
            .client
            .api(Method::GET, POSTS, &headers, None::<&()>)
            .await
            .expect(200);
    }
    for path in [
        format!("{POSTS}?key={}", program.secret),
        format!("{POSTS}?api_key=1"),
        format!("{POSTS}?limit=5&x={}", &program.secret[..25]),
    ] {
        for reply in [program.get(&path).await, program.client.get(&path).await] {
            assert_eq!(code(&reply.expect(400)), "key_in_address", "{path}");
        }
    }
}

fn base64(text: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut written = String::new();
    for part in text.as_bytes().chunks(3) {
        let bits = part
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - part.len()));
        for at in 0..4 {
            let digit = alphabet[(bits >> (18 - 6 * at) & 63) as usize];
            written.push(if at <= part.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    written
}

#[tokio::test]
async fn a_key_stays_in_its_networks() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let first = Program::new(&app, &northlight, &["posts:read"]).await;
    let body = json!({
        "name": "At home", "scopes": ["posts:read"], "allowed_cidrs": ["203.0.113.0/24", "2001:db8::7"],
    });
    let program = Program::with(&app, &northlight, first.application, body).await;
    program.from("203.0.113.9", POSTS).await.expect(200);
    program.from("[2001:db8::7]", POSTS).await.expect(200);
    // The same address as a socket for both kinds shows it.
    program
        .from("[::ffff:203.0.113.9]", POSTS)
        .await
        .expect(200);
    let refused = program.from("198.51.100.1", POSTS).await.expect(403);
    assert_eq!(code(&refused), "network_not_allowed");
}

#[tokio::test]
async fn a_key_counts_and_not_the_cookies_beside_it() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let owner = &northlight.owner;
    // The owner may write; the key that a script of theirs shows may not.
    let bearer = format!("Bearer {}", program.secret);
    let headers = [("authorization", bearer.as_str())];
    let new = json!({ "title": "Both" });
    let refused = owner
        .api(Method::POST, POSTS, &headers, Some(&new))
        .await
        .expect(403);
    assert_eq!(code(&refused), "missing_scope");
    // A bad key is not made good by a session.
    shows(owner, "at_live_x", POSTS).await.expect(401);
    owner
        .api(Method::POST, POSTS, &[], Some(&new))
        .await
        .expect(201);
}

#[tokio::test]
async fn requests_with_a_key_may_come_from_other_sites_and_those_with_a_cookie_may_not() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:write"]).await;
    let send = async |authorization: Option<&str>| {
        let mut request = northlight
            .owner
            .request(Method::POST, POSTS)
            .header("sec-fetch-site", "cross-site")
            .header(header::ORIGIN, "https://evil.example")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = authorization {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request.body(Body::from(r#"{"title":"Sent"}"#)).unwrap();
        northlight.owner.send(request).await
    };
    send(Some(&program.secret)).await.expect(201);
    assert_eq!(code(&send(None).await.expect(403)), "cross_site_request");
}

#[tokio::test]
async fn a_key_works_as_long_as_its_product_does() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:write"]).await;
    let new = json!({ "title": "Late" });
    program.call(Method::POST, POSTS, &new).await.expect(201);
    let pool = app.database.pool(testkit::Role::Superuser);
    let end = async |days: i32| {
        sqlx::query("update subscriptions set trial_start = $1 - interval '30 days', trial_end = $1 - make_interval(days => $2)")
            .bind(app.clock.now())
            .bind(days)
            .execute(&pool)
            .await
            .unwrap();
        app.forget();
    };
    end(1).await;
    program.get(POSTS).await.expect(200);
    let refused = program.call(Method::POST, POSTS, &new).await.expect(402);
    assert_eq!(code(&refused), "subscription_required");
    // A program learns how long it can still read, and where its people subscribe again.
    let problem: Value = refused.json();
    assert_eq!(problem["resubscribe_url"], "/app/billing/plans");
    let until = app
        .clock
        .now()
        .plus(std::time::Duration::from_hours(6 * 24));
    assert_eq!(problem["read_only_until"], until.to_string());
    end(20).await;
    let blocked: Value = program.get(POSTS).await.expect(402).json();
    assert_eq!(blocked["access"], "blocked");
    assert!(blocked.get("read_only_until").is_none(), "{blocked}");
    end(-5).await;
    program.get(POSTS).await.expect(200);
}

#[tokio::test]
async fn use_is_noted_at_once_and_then_once_a_minute() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let program = Program::new(&app, &northlight, &["posts:read"]).await;
    let listed = async || -> Value {
        let path = format!("{APPLICATIONS}/{}/keys", program.application);
        let keys: Value = northlight.owner.get(&path).await.expect(200).json();
        keys["data"][0].clone()
    };
    assert!(listed().await["last_used_at"].is_null());
    program.from("203.0.113.9", POSTS).await.expect(200);
    assert_eq!(listed().await["last_used_at"], "2026-03-02T09:00:00Z");
    assert_eq!(listed().await["last_used_ip"], "203.0.113.9");
    app.advance(Duration::from_secs(59));
    program.get(POSTS).await.expect(200);
    assert_eq!(listed().await["last_used_at"], "2026-03-02T09:00:00Z");
    app.advance(Duration::from_secs(1));
    program.get(POSTS).await.expect(200);
    assert_eq!(listed().await["last_used_at"], "2026-03-02T09:01:00Z");
    program.get(POSTS).await.expect(200);

    let pool = app.database.pool(testkit::Role::Superuser);
    let counted = async || -> i64 {
        sqlx::query_scalar(
            "select sum(requests)::bigint from api_key_usage where day = '2026-03-02'",
        )
        .fetch_one(&pool)
        .await
        .unwrap()
    };
    assert_eq!(counted().await, 3);
    app.platform
        .access
        .write_usage(app.clock.now())
        .await
        .unwrap();
    assert_eq!(counted().await, 4);
}

#[tokio::test]
async fn a_member_who_leaves_leaves_their_keys_to_be_looked_at() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let admin = northlight.member(&app, Role::Admin, "Robin Vale").await;
    let mine = crate::support::TestTenant {
        slug: northlight.slug.clone(),
        owner: admin,
    };
    let program = Program::new(&app, &mine, &["posts:read"]).await;
    let id = crate::nodes::membership(&app, "admin@northlight.test").await;
    northlight
        .owner
        .post(&format!("/app/people/{id}/remove"), &[])
        .await
        .expect(303);
    app.forget();
    app.run_jobs().await;
    // Programs do not stop because a person did.
    program.get(POSTS).await.expect(200);
    let keys = format!("{APPLICATIONS}/{}/keys", program.application);
    let keys: Value = northlight.owner.get(&keys).await.expect(200).json();
    assert_eq!(keys["data"][0]["creator_is_here"], false);
    let inbox = northlight.owner.get("/app/inbox").await.expect(200);
    assert!(
        inbox
            .body
            .contains("Robin Vale left, and 1 key they made still works"),
        "{}",
        inbox.body
    );
}
