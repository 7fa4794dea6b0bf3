//! What must not get into the library, take more room than there is, or be seen by the wrong people.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, header};
use image::ImageFormat;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::files::{form, jpeg, picture};
use crate::support::{Client, Reply, TestApp};

#[track_caller]
fn code(reply: &Reply) -> String {
    let problem: Value = reply.json();
    match problem["errors"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => problem["code"].as_str().expect("a code").to_owned(),
    }
}

/// A PNG of a few hundred bytes that claims so many pixels.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture(8, 8, 1, ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = !0_u32;
    for byte in &bytes[12..29] {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
        }
    }
    bytes[29..33].copy_from_slice(&(!sum).to_be_bytes());
    bytes
}

#[tokio::test]
async fn what_is_no_picture_is_refused_with_a_reason() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let whole = jpeg(300, 200, 2);
    let png = picture(300, 200, 2, ImageFormat::Png);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "empty"),
        (
            "svg.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(),
            "unsupported_type",
        ),
        (
            "svg as png",
            b"<?xml version='1.0'?><svg/>".to_vec(),
            "unsupported_type",
        ),
        (
            "page.jpg",
            b"<!doctype html><script>alert(1)</script>".to_vec(),
            "unsupported_type",
        ),
        (
            "film.gif",
            b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff;".to_vec(),
            "unsupported_type",
        ),
        ("paper.pdf", b"%PDF-1.7\n%%EOF".to_vec(), "unsupported_type"),
        ("cut.jpg", whole[..whole.len() / 2].to_vec(), "corrupt"),
        (
            "last byte.jpg",
            whole[..whole.len() - 1].to_vec(),
            "corrupt",
        ),
        ("cut.png", png[..png.len() - 8].to_vec(), "corrupt"),
        ("magic alone.jpg", b"\xff\xd8\xff\xe0".to_vec(), "corrupt"),
        ("bomb.png", bomb(30_000, 30_000), "too_many_pixels"),
        ("long.png", bomb(30_001, 1), "too_many_pixels"),
        ("claims.png", bomb(7_000, 7_000), "corrupt"),
    ];
    let begun = Instant::now();
    for (name, bytes, expected) in cases {
        let reply = north.owner.upload(name, bytes).await.expect(422);
        assert_eq!(code(&reply), expected, "{name}: {}", reply.body);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "refusals take long"
    );
    let list: Value = north.owner.get("/api/v1/files").await.json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_kept() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let most = usize::try_from(app.platform.files.max_upload()).unwrap();
    let announced = north
        .owner
        .upload("a.jpg", vec![0; most + 1])
        .await
        .expect(422);
    assert_eq!(code(&announced), "too_large");
    assert!(announced.body.contains("25 MB"));
    // Without a word about its length, in pieces.
    let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![7_u8; 1 << 20]));
    let request = north
        .owner
        .request(Method::POST, "/api/v1/files")
        .header("sec-fetch-site", "same-origin")
        .header(header::ACCEPT, "application/json")
        .body(Body::from_stream(pieces))
        .unwrap();
    let endless = north.owner.send(request).await.expect(422);
    assert_eq!(code(&endless), "too_large");
    let sent = form(&north.owner, &[("a.jpg", &vec![0; most + 1])], &[]);
    let page = north.owner.send(sent).await.expect(422);
    assert!(page.body.contains("The file is larger than 25 MB."));
}

/// Sets the room of every plan.
async fn set_room(app: &TestApp, bytes: i64) {
    let pool = app.database.pool(testkit::Role::Superuser);
    let sql = format!("update plan_entitlements set value = {bytes} where key = 'files.bytes'");
    sqlx::query(AssertSqlSafe(sql))
        .execute(&pool)
        .await
        .unwrap();
    app.forget();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_the_plan_is_never_exceeded_and_comes_back() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let pictures: Vec<Vec<u8>> = (0..6).map(|seed| jpeg(200, 200, 20 + seed)).collect();
    let largest = pictures.iter().map(Vec::len).max().unwrap();
    set_room(&app, i64::try_from(largest * 2).unwrap()).await;
    let uploads = pictures.iter().map(|bytes| {
        let (owner, bytes) = (north.owner.clone(), bytes.clone());
        async move { owner.upload("a.jpg", bytes).await }
    });
    let replies = futures::future::join_all(uploads).await;
    let taken = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(taken, 2);
    let refused = replies.iter().find(|reply| reply.status != 201).unwrap();
    assert_eq!(refused.status, 402);
    assert_eq!(code(refused), "entitlement_exceeded");
    assert!(
        refused.body.contains("Delete files and empty the trash"),
        "{}",
        refused.body
    );

    let list: Value = north.owner.get("/api/v1/files").await.json();
    for file in list["data"].as_array().unwrap() {
        let path = format!("/app/files/{}/delete", file["id"].as_str().unwrap());
        north.owner.post(&path, &[]).await.expect(303);
    }
    // What is in the trash takes room until it is emptied.
    north
        .owner
        .upload("b.jpg", jpeg(200, 200, 30))
        .await
        .expect(402);
    let author = north.member(&app, kernel::Role::Author, "Nadia").await;
    author.post("/app/files/empty-trash", &[]).await.expect(403);
    north
        .owner
        .post("/app/files/empty-trash", &[])
        .await
        .expect(303);
    north
        .owner
        .upload("b.jpg", jpeg(200, 200, 30))
        .await
        .expect(201);
}

#[tokio::test]
async fn nothing_is_taken_while_the_subscription_can_only_be_read() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let file: Value = north
        .owner
        .upload("a.jpg", jpeg(50, 50, 31))
        .await
        .expect(201)
        .json();
    app.advance(Duration::from_hours(22 * 24));
    let refused = north.owner.upload("b.jpg", jpeg(50, 50, 32)).await;
    let refused = if refused.status == 401 {
        return;
    } else {
        refused.expect(402)
    };
    assert_eq!(code(&refused), "subscription_required");
    let visitor = app.visitor().on(&north.origin());
    visitor
        .get(file["path"].as_str().unwrap())
        .await
        .expect(200);
}

async fn private(owner: &Client) -> Value {
    let request = owner
        .request(
            Method::POST,
            "/api/v1/files?name=secret.jpg&visibility=private",
        )
        .header("sec-fetch-site", "same-origin")
        .header(header::ACCEPT, "application/json")
        .body(Body::from(jpeg(400, 300, 33)))
        .unwrap();
    owner.send(request).await.expect(201).json()
}

#[tokio::test]
async fn private_files_are_seen_by_signed_addresses_alone_and_for_a_while() {
    let app = TestApp::new().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let file = private(&north.owner).await;
    let id = file["id"].as_str().unwrap();
    assert_eq!(file["path"], Value::Null);
    let visitor = app.visitor().on(&north.origin());
    let plain = format!("/media/{id}/320/secret.jpg");
    visitor.get(&plain).await.expect(404);
    north.owner.get(&plain).await.expect(404);

    let sign = async |variant: &str, seconds: u64| {
        let body = json!({ "variant": variant, "seconds": seconds });
        let path = format!("/api/v1/files/{id}/sign");
        north.owner.api(Method::POST, &path, &[], Some(&body)).await
    };
    let signed: Value = sign("320", 600).await.expect(200).json();
    let url = signed["url"].as_str().unwrap();
    let path = url
        .strip_prefix(&north.origin())
        .expect("an address of this host");
    let shown = visitor.get(path).await.expect(200);
    assert_eq!(shown.header("cache-control"), Some("private, max-age=300"));
    assert_eq!(
        shown.header("cross-origin-resource-policy"),
        Some("same-site")
    );
    // For nothing else: another size, another tenant, one letter more.
    visitor
        .get(&path.replace("/320/", "/400/"))
        .await
        .expect(404);
    app.visitor()
        .on(&south.origin())
        .get(path)
        .await
        .expect(404);
    visitor.get(&format!("{path}A")).await.expect(404);
    visitor
        .get(&path.replace("expires=", "expires=9"))
        .await
        .expect(404);
    app.advance(Duration::from_secs(601));
    visitor.get(path).await.expect(404);

    assert_eq!(
        code(&sign("320", 604_801).await.expect(422)),
        "out_of_range"
    );
    assert_eq!(code(&sign("321", 600).await.expect(422)), "unknown");
    // The same bytes for everybody are another file, and deleting one leaves the other.
    let open: Value = north
        .owner
        .upload("open.jpg", jpeg(400, 300, 33))
        .await
        .expect(201)
        .json();
    assert_ne!(open["id"], file["id"]);
    north
        .owner
        .post(&format!("/app/files/{id}/delete"), &[])
        .await
        .expect(303);
    north
        .owner
        .post("/app/files/empty-trash", &[])
        .await
        .expect(303);
    visitor
        .get(open["path"].as_str().unwrap())
        .await
        .expect(200);
}
