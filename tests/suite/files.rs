//! Files through the whole platform: uploads, what is made of them, how visitors get them, and their way to the trash.

use std::io::Cursor;
use std::time::Duration;

use axum::body::Body;
use http::{Method, header};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use kernel::Role;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp};

/// A picture of its own for each seed.
pub fn picture(width: u32, height: u32, seed: u8, format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let at = |value: u32| u8::try_from(value % 256).expect("a byte");
        Rgb([seed, at(x / 2), at(y / 2)])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut bytes, format)
        .expect("an encoded picture");
    bytes.into_inner()
}

pub fn jpeg(width: u32, height: u32, seed: u8) -> Vec<u8> {
    picture(width, height, seed, ImageFormat::Jpeg)
}

/// A JPEG that tells where it was taken.
fn talkative(width: u32, height: u32) -> Vec<u8> {
    let plain = jpeg(width, height, 1);
    let place = b"Exif\0\0GPSLatitude 59.9139 N, camera of Mara";
    let length = u16::try_from(place.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, place, &plain[2..]].concat()
}

/// The form of the library, as a browser sends it.
pub fn form(
    client: &Client,
    files: &[(&str, &[u8])],
    fields: &[(&str, &str)],
) -> http::Request<Body> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .bytes(),
        );
    }
    for (name, bytes) in files {
        body.extend(
            format!(
                "--part\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 content-type: text/html\r\n\r\n"
            )
            .bytes(),
        );
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--part--\r\n");
    client
        .request(Method::POST, "/app/files")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=part")
        .body(Body::from(body))
        .unwrap()
}

fn sizes(file: &Value) -> Vec<&str> {
    let sizes = file["sizes"].as_array().expect("sizes");
    sizes
        .iter()
        .map(|size| size["variant"].as_str().expect("a variant"))
        .collect()
}

async fn with(client: &Client, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Body::empty()).unwrap()).await
}

#[track_caller]
fn code(reply: &Reply) -> String {
    let problem: Value = reply.json();
    match problem["errors"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => problem["code"].as_str().expect("a code").to_owned(),
    }
}

#[tokio::test]
async fn an_upload_is_kept_in_every_size_and_tells_nothing_of_its_maker() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let reply = north
        .owner
        .upload("Evening light.JPG", talkative(1000, 600))
        .await
        .expect(201);
    let file: Value = reply.json();
    assert_eq!(file["name"], "Evening light.JPG");
    assert_eq!(file["mime"], "image/jpeg");
    assert_eq!(
        (&file["width"], &file["height"]),
        (&json!(1000), &json!(600))
    );
    assert_eq!(sizes(&file), ["thumb", "320", "640", "960", "1000"]);
    let path = file["path"].as_str().unwrap();
    assert!(path.ends_with("/1000/evening-light.jpg"), "{path}");

    let visitor = app.visitor().on(&north.origin());
    for size in file["sizes"].as_array().unwrap() {
        let shown = visitor
            .get(size["path"].as_str().unwrap())
            .await
            .expect(200);
        let decoded = image::load_from_memory(&shown.bytes).unwrap();
        assert_eq!(json!(decoded.width()), size["width"]);
        assert_eq!(json!(decoded.height()), size["height"]);
        assert_eq!(json!(shown.bytes.len()), size["bytes"]);
    }
    let shown = visitor.get(path).await;
    let said = |name| shown.header(name).unwrap_or_default();
    assert_eq!(said("content-type"), "image/jpeg");
    assert_eq!(said("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(said("x-content-type-options"), "nosniff");
    assert_eq!(said("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(
        said("content-security-policy"),
        "default-src 'none'; sandbox"
    );
    assert!(said("content-disposition").starts_with("inline;"));
    let tag = said("etag").to_owned();
    let known = with(&visitor, path, &[("if-none-match", &tag)]).await;
    assert_eq!(known.status, 304);
    assert!(known.bytes.is_empty());

    let original = path.replace("/1000/", "/original/");
    let whole = visitor.get(&original).await.expect(200);
    assert_eq!(json!(whole.bytes.len()), file["bytes"]);
    assert!(!whole.body.contains("GPS") && !whole.body.contains("Mara"));
    assert!(
        whole
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment; filename*=UTF-8''Evening%20light.JPG")
    );
    let part = with(&visitor, &original, &[("range", "bytes=10-19")])
        .await
        .expect(206);
    assert_eq!(part.bytes, whole.bytes.slice(10..20));
    let total = whole.bytes.len();
    assert_eq!(
        part.header("content-range"),
        Some(format!("bytes 10-19/{total}").as_str())
    );
    let beyond = with(&visitor, &original, &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status, 416);
    visitor
        .get(&path.replace("/1000/", "/1001/"))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_file_belongs_to_one_tenant() {
    let app = TestApp::new().await;
    let (north, south) = (app.tenant("north").await, app.tenant("south").await);
    let bytes = jpeg(64, 48, 3);
    let one: Value = north
        .owner
        .upload("a.jpg", bytes.clone())
        .await
        .expect(201)
        .json();
    // The same bytes elsewhere are another file: nobody learns what others have.
    let two: Value = south.owner.upload("a.jpg", bytes).await.expect(201).json();
    assert_ne!(one["id"], two["id"]);
    let path = one["path"].as_str().unwrap();
    app.visitor()
        .on(&north.origin())
        .get(path)
        .await
        .expect(200);
    let missed = app
        .visitor()
        .on(&south.origin())
        .get(path)
        .await
        .expect(404);
    let nowhere = path.replace(
        one["id"].as_str().unwrap(),
        "019a0000-0000-7000-8000-000000000000",
    );
    let nobodys = app
        .visitor()
        .on(&south.origin())
        .get(&nowhere)
        .await
        .expect(404);
    assert_eq!(
        missed.header("content-type"),
        nobodys.header("content-type")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_kept_once_whoever_sends_them_at_whatever_time() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let bytes = jpeg(400, 300, 4);
    let uploads = (0..6).map(|number| {
        let name = format!("{number}.jpg");
        let (owner, bytes) = (north.owner.clone(), bytes.clone());
        async move { owner.upload(&name, bytes).await }
    });
    let replies = futures::future::join_all(uploads).await;
    let ids: std::collections::BTreeSet<String> = replies
        .iter()
        .map(|reply| {
            assert!(matches!(reply.status.as_u16(), 200 | 201), "{}", reply.body);
            reply.json::<Value>()["id"].to_string()
        })
        .collect();
    assert_eq!(ids.len(), 1);
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(created, 1);
    let pool = app.database.pool(testkit::Role::Superuser);
    let (files, counted): (i64, bool) = sqlx::query_as(
        "select count(*), sum(f.bytes) = max(t.bytes) from files_objects f join files_totals t using (tenant_id)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((files, counted), (1, true));

    // A repeated request with a key gets the first answer, whatever has become of the file.
    let send = async |bytes: Vec<u8>| {
        let request = north
            .owner
            .request(Method::POST, "/api/v1/files?name=k.jpg")
            .header("sec-fetch-site", "same-origin")
            .header("idempotency-key", "one")
            .header(header::ACCEPT, "application/json")
            .body(Body::from(bytes))
            .unwrap();
        north.owner.send(request).await
    };
    let first = send(jpeg(40, 30, 5)).await.expect(201);
    let again = send(jpeg(40, 30, 5)).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    let other = send(jpeg(40, 30, 6)).await.expect(422);
    assert_eq!(code(&other), "idempotency_key_reused");
}

#[tokio::test]
async fn deleted_files_come_back_for_thirty_days_and_are_then_gone_with_their_bytes() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let file: Value = north
        .owner
        .upload("a.jpg", jpeg(700, 500, 7))
        .await
        .expect(201)
        .json();
    let (id, path) = (file["id"].as_str().unwrap(), file["path"].as_str().unwrap());
    let visitor = app.visitor().on(&north.origin());
    let delete = format!("/app/files/{id}/delete");
    let restore = format!("/app/files/{id}/restore");

    north.owner.post(&delete, &[]).await.expect(303);
    visitor.get(path).await.expect(404);
    let page = north.owner.get("/app/files?only=trash").await.expect(200);
    assert!(page.body.contains("a.jpg"));
    north.owner.post(&restore, &[]).await.expect(303);
    visitor.get(path).await.expect(200);

    // Who uploads the same bytes gets the file back, too.
    north.owner.post(&delete, &[]).await.expect(303);
    let again: Value = north
        .owner
        .upload("b.jpg", jpeg(700, 500, 7))
        .await
        .expect(200)
        .json();
    assert_eq!(again["id"], file["id"]);
    visitor.get(path).await.expect(200);

    north.owner.post(&delete, &[]).await.expect(303);
    app.advance(Duration::from_hours(29 * 24));
    app.run_jobs().await;
    assert_eq!(stored(&app), 5);
    app.advance(Duration::from_hours(26));
    app.run_jobs().await;
    north.owner.visit("/app").await;
    assert_eq!(stored(&app), 0);
    let pool = app.database.pool(testkit::Role::Superuser);
    let left: (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from files_objects), (select count(*) from files_derivatives), (select bytes from files_totals)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(left, (0, 0, 0));
}

/// How many objects are in the store.
fn stored(app: &TestApp) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return 0;
        };
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| if path.is_dir() { count(&path) } else { 1 })
            .sum()
    }
    count(app.bytes.path())
}

#[tokio::test]
async fn an_interrupted_upload_can_be_repeated_and_is_swept_otherwise() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let tenants = app.bytes.path().join("files/t");
    // No folder can be made below a file: the store fails in the middle of the work.
    std::fs::write(&tenants, "in the way").unwrap();
    let failed = north
        .owner
        .upload("a.jpg", jpeg(400, 300, 8))
        .await
        .expect(503);
    assert_eq!(code(&failed), "unavailable");
    let list: Value = north.owner.get("/api/v1/files").await.expect(200).json();
    assert_eq!(list["data"], json!([]));
    std::fs::remove_file(&tenants).unwrap();
    let file: Value = north
        .owner
        .upload("a.jpg", jpeg(400, 300, 8))
        .await
        .expect(201)
        .json();
    let visitor = app.visitor().on(&north.origin());
    visitor
        .get(file["path"].as_str().unwrap())
        .await
        .expect(200);

    let kept = stored(&app);
    std::fs::rename(&tenants, app.bytes.path().join("aside")).unwrap();
    std::fs::write(&tenants, "in the way").unwrap();
    north
        .owner
        .upload("b.jpg", jpeg(400, 300, 9))
        .await
        .expect(503);
    std::fs::remove_file(&tenants).unwrap();
    std::fs::rename(app.bytes.path().join("aside"), &tenants).unwrap();
    app.advance(Duration::from_mins(150));
    app.run_jobs().await;
    let pool = app.database.pool(testkit::Role::Superuser);
    let (files, counted): (i64, bool) = sqlx::query_as(
        "select count(*), sum(f.bytes) = max(t.bytes) from files_objects f join files_totals t using (tenant_id)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((files, counted), (1, true));
    assert_eq!(stored(&app), kept);
}

#[tokio::test]
async fn a_file_that_is_shown_is_deleted_on_purpose_alone() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let file: Value = north
        .owner
        .upload("a.jpg", jpeg(64, 64, 10))
        .await
        .expect(201)
        .json();
    let id = file["id"].as_str().unwrap();
    let pool = app.database.pool(testkit::Role::Superuser);
    sqlx::query(
        "insert into files_usages (tenant_id, file_id, entity_kind, entity_id, title, path)
         select tenant_id, id, 'blog.post', gen_random_uuid(), 'The harbour at night', '/app/blog' from files_objects",
    )
    .execute(&pool)
    .await
    .unwrap();
    let path = format!("/api/v1/files/{id}");
    let tag = north
        .owner
        .get(&path)
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let tagged = [("if-match", tag.as_str())];
    let refused = north
        .owner
        .api(Method::DELETE, &path, &tagged, None::<&Value>)
        .await
        .expect(409);
    assert_eq!(code(&refused), "in_use");
    assert!(refused.body.contains("The harbour at night"));
    let asked = north
        .owner
        .post(&format!("/app/files/{id}/delete"), &[])
        .await
        .expect(409);
    assert!(asked.body.contains("The harbour at night") && asked.body.contains("Delete anyway"));
    north
        .owner
        .post(&format!("/app/files/{id}/delete"), &[("force", "true")])
        .await
        .expect(303);
    let trash: Value = north
        .owner
        .get("/api/v1/files?trash=true")
        .await
        .expect(200)
        .json();
    assert_eq!(trash["data"][0]["id"], file["id"]);
}

#[tokio::test]
async fn the_library_is_searched_sorted_and_paged() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    for (name, side, seed) in [
        ("Alpha.jpg", 40, 11),
        ("beta.png", 200, 12),
        ("Gamma.jpg", 90, 13),
    ] {
        let format = if name.ends_with("png") {
            ImageFormat::Png
        } else {
            ImageFormat::Jpeg
        };
        north
            .owner
            .upload(name, picture(side, side, seed, format))
            .await
            .expect(201);
    }
    let names = async |query: &str| -> Vec<String> {
        let list: Value = north
            .owner
            .get(&format!("/api/v1/files{query}"))
            .await
            .expect(200)
            .json();
        let files = list["data"].as_array().unwrap();
        files
            .iter()
            .map(|file| file["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("").await, ["Gamma.jpg", "beta.png", "Alpha.jpg"]);
    assert_eq!(
        names("?sort=name").await,
        ["Alpha.jpg", "beta.png", "Gamma.jpg"]
    );
    assert_eq!(names("?q=MM").await, ["Gamma.jpg"]);
    assert_eq!(names("?used=true").await, Vec::<String>::new());
    for sort in ["newest", "name", "largest"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/files?limit=1&sort={sort}&cursor={cursor}");
            let part: Value = north.owner.get(&path).await.expect(200).json();
            seen.push(part["data"][0]["name"].as_str().unwrap().to_owned());
            match part["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen, names(&format!("?sort={sort}")).await, "{sort}");
    }
    north
        .owner
        .get("/api/v1/files?sort=colour")
        .await
        .expect(400);

    let page = north.owner.get("/app/files").await.expect(200);
    assert_eq!(
        page.texts(".files-grid .files-name"),
        ["Gamma.jpg", "beta.png", "Alpha.jpg"]
    );
    let list = north
        .owner
        .get("/app/files?view=list&sort=name&q=a")
        .await
        .expect(200);
    assert_eq!(
        list.texts("table .files-name"),
        ["Alpha.jpg", "beta.png", "Gamma.jpg"]
    );
    assert!(
        page.body.contains("of 5 GB taken") || page.body.contains("of 100 GB taken"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_plain_form_takes_many_and_details_can_be_written() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let (one, two) = (jpeg(40, 40, 14), picture(40, 40, 15, ImageFormat::WebP));
    // The declared type is a lie, and the ending of the second, too.
    let sent = form(&north.owner, &[("one.jpg", &one), ("two.exe", &two)], &[]);
    north.owner.send(sent).await.expect(303);
    let list: Value = north.owner.get("/api/v1/files").await.expect(200).json();
    assert_eq!(list["data"][0]["name"], "two.webp");
    assert_eq!(list["data"][0]["mime"], "image/webp");
    let id = list["data"][1]["id"].as_str().unwrap();

    let empty = north
        .owner
        .send(form(&north.owner, &[("", b"")], &[]))
        .await
        .expect(422);
    assert!(empty.body.contains("Choose a file."));
    let bad = form(
        &north.owner,
        &[("a.jpg", &jpeg(8, 8, 16)), ("b.svg", b"<svg/>")],
        &[],
    );
    let bad = north.owner.send(bad).await.expect(422);
    assert!(
        bad.body.contains("b.svg: SVG pictures can carry scripts"),
        "{}",
        bad.body
    );

    let page = format!("/app/files/{id}");
    let rev = north
        .owner
        .get(&page)
        .await
        .attribute("input[name=rev]", "value")
        .unwrap();
    let said = [
        ("rev", rev.as_str()),
        ("name", "Harbour"),
        ("alt_text", "Boats  in\nthe evening"),
        ("caption", "Lofoten"),
    ];
    north.owner.post(&page, &said).await.expect(303);
    let file: Value = north.owner.get(&format!("/api/v1/files/{id}")).await.json();
    assert_eq!(file["name"], "Harbour.jpg");
    assert_eq!(file["alt_text"], "Boats in the evening");
    north.owner.post(&page, &said).await.expect(412);
    let long = "x".repeat(501);
    let wrong = [("name", ""), ("alt_text", long.as_str()), ("caption", "")];
    let refused = north.owner.post(&page, &wrong).await.expect(422);
    assert!(
        refused.body.contains("Give the file a name.")
            && refused.body.contains("Use at most 500 characters.")
    );
}

#[tokio::test]
async fn everybody_changes_their_own_and_few_change_all() {
    let app = TestApp::new().await;
    let north = app.tenant("north").await;
    let author = north.member(&app, Role::Author, "Nadia").await;
    let viewer = north.member(&app, Role::Viewer, "Ada").await;
    let theirs: Value = north
        .owner
        .upload("o.jpg", jpeg(30, 30, 17))
        .await
        .expect(201)
        .json();
    let own: Value = author
        .upload("a.jpg", jpeg(30, 30, 18))
        .await
        .expect(201)
        .json();
    viewer.upload("v.jpg", jpeg(30, 30, 19)).await.expect(403);
    viewer.get("/app/files").await.expect(200);
    let change = async |client: &Client, file: &Value| {
        let path = format!("/api/v1/files/{}", file["id"].as_str().unwrap());
        let body = json!({ "alt_text": "Seen" });
        client
            .api(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(&body))
            .await
            .status
            .as_u16()
    };
    assert_eq!(change(&author, &theirs).await, 403);
    assert_eq!(change(&author, &own).await, 200);
    assert_eq!(change(&north.owner, &own).await, 412);
    assert_eq!(change(&north.owner, &theirs).await, 200);
    let log = north.owner.get("/app/audit").await.expect(200);
    assert!(log.body.contains("a.jpg"), "{}", log.body);
}
