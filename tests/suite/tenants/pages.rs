//! The pages, asked as the server's middleware asks them.

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, StatusCode, header};
use kernel::{Role, TenantId, UserId};
use ui::Rendered;

use super::bench::{Bench, account};

fn get(path: &str) -> Request<Body> {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

fn post(path: &str, form: &str) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

/// The words of a page.
fn text(response: &Response) -> String {
    let page = &response.extensions().get::<Rendered>().expect("a page").0;
    format!(
        "{}\n{}\n{}",
        page.title,
        page.lead.as_deref().unwrap_or(""),
        page.body.0
    )
}

fn location(response: &Response) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}

async fn status(bench: &Bench, tenant: TenantId, user: Option<UserId>, path: &str) -> u16 {
    bench
        .ask_tenant(tenant, user, get(path))
        .await
        .status()
        .as_u16()
}

#[tokio::test]
async fn signing_up_from_the_form_to_the_workspace() {
    let bench = Bench::new().await;
    let page = bench.ask_base(None, get("/signup?slug=north")).await;
    assert!(text(&page).contains("This address is free."));
    let bad = bench
        .ask_base(
            None,
            post("/signup", "name=&slug=admin&email=x&password=short"),
        )
        .await;
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let words = text(&bad);
    for part in [
        "reserved",
        "Give the workspace a name",
        "value=\"admin\"",
        "at least 8",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(
        !words.contains("short\""),
        "a password is never written back"
    );

    let form = "interest=music&name=North&slug=northlight&email=mara%40example.com&password=quiet+harbour+lights&person=Mara&time_zone=Europe%2FBerlin";
    let sent = bench.ask_base(None, post("/signup", form)).await;
    assert_eq!(sent.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&sent), "/signup/check-mail");
    let token = bench.link("mara@example.com", "/signup/confirm/").await;
    let path = format!("/signup/confirm/{token}");
    // A program that scans mails opens the link twice; the person still gets in.
    for _ in 0..2 {
        assert_eq!(
            bench.ask_base(None, get(&path)).await.status(),
            StatusCode::OK
        );
    }
    let opened = bench.ask_base(None, post(&path, "")).await;
    assert_eq!(location(&opened), "/enter?workspace=northlight&next=%2Fapp");
    let cookie = opened.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-sid=") && !cookie.contains("Domain"));
    for request in [get(&path), post(&path, "")] {
        let used = bench.ask_base(None, request).await;
        assert_eq!(used.status(), StatusCode::GONE);
        assert!(text(&used).contains("/login"));
    }
}

#[tokio::test]
async fn the_way_in_over_pages() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let mara = || Some(account(tenant.owner, "mara@example.com"));
    let asked = bench
        .ask_base(
            mara(),
            get("/enter?workspace=northlight&next=%2Fapp%2Fpeople"),
        )
        .await;
    assert_eq!(
        location(&asked),
        "https://northlight.atelier.test/auth/start?next=%2Fapp%2Fpeople"
    );
    let start = bench
        .ask_tenant(tenant.id, None, get("/auth/start?next=%2Fapp%2Fpeople"))
        .await;
    let nonce = start.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(nonce.starts_with("__Host-hop=") && nonce.contains("HttpOnly"));
    let enter = location(&start)
        .strip_prefix("https://atelier.test")
        .unwrap()
        .to_owned();
    let sent = bench.ask_base(mara(), get(&enter)).await;
    let finish = location(&sent)
        .strip_prefix("https://northlight.atelier.test")
        .unwrap()
        .to_owned();
    let mut request = get(&finish);
    let cookie = nonce.split(';').next().unwrap().parse().unwrap();
    request.headers_mut().insert(header::COOKIE, cookie);
    let inside = bench.ask_tenant(tenant.id, None, request).await;
    assert_eq!(location(&inside), "/app/people");
    assert!(
        inside.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("__Host-sid=")
    );

    let again = bench.ask_tenant(tenant.id, None, get(&finish)).await;
    assert_eq!(again.status(), StatusCode::GONE);
    // Somebody else's workspace and none at all look the same.
    let leo = bench.person("leo@example.com", "Leo").await;
    let mut answers = Vec::new();
    for slug in ["northlight", "no-such-studio"] {
        let path = format!("/enter?workspace={slug}");
        let answer = bench
            .ask_base(Some(account(leo, "leo@example.com")), get(&path))
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        answers.push(text(&answer));
    }
    assert_eq!(answers[0], answers[1]);
    let list = bench.ask_base(mara(), get("/workspaces")).await;
    assert!(text(&list).contains("northlight.atelier.test"));
}

#[tokio::test]
async fn every_page_opens_for_the_owner_and_only_for_whom_it_is_meant() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let viewer = bench
        .member(&tenant, "ana@example.com", &[Role::Viewer])
        .await;
    let place = bench.membership(tenant.id, viewer).await;
    let member = format!("/app/people/{place}");
    for (path, by_viewer) in [
        ("/app/people", 200),
        (member.as_str(), 200),
        (
            "/app/people?q=zzz&role=admin&status=left&sort=seen&dir=desc",
            200,
        ),
        ("/app/people/invite", 403),
        ("/app/people/invitations", 403),
        ("/app/settings", 403),
        ("/app/settings/brand", 403),
        ("/app/settings/brand?brand=%23ff0000", 403),
        ("/app/audit", 403),
        (
            "/app/audit?q=joined&area=workspace&from=2026-03-01&until=2026-03-01",
            403,
        ),
        ("/app/audit/export.csv", 403),
        ("/app/me", 200),
        ("/_t/theme.css", 200),
    ] {
        assert_eq!(
            status(&bench, tenant.id, Some(tenant.owner), path).await,
            200,
            "{path}"
        );
        assert_eq!(
            status(&bench, tenant.id, Some(viewer), path).await,
            by_viewer,
            "{path}"
        );
        let by_nobody = if path.starts_with("/_t") { 200 } else { 401 };
        assert_eq!(
            status(&bench, tenant.id, None, path).await,
            by_nobody,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_member_of_another_tenant_is_not_found() {
    let bench = Bench::new().await;
    let north = bench.open("northlight", "mara@example.com").await;
    let south = bench.open("southlight", "ana@example.com").await;
    for id in [south.membership, kernel::MembershipId::new()] {
        let path = format!("/app/people/{id}");
        assert_eq!(
            status(&bench, north.id, Some(north.owner), &path).await,
            404
        );
        for action in ["roles", "owner", "suspend", "resume", "remove", "restore"] {
            let request = post(&format!("{path}/{action}"), "role=viewer&owner=true");
            let answer = bench.ask_tenant(north.id, Some(north.owner), request).await;
            assert_eq!(answer.status(), 404, "{action}");
        }
    }
    assert!(
        bench
            .tenants
            .principal(south.id, south.owner)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn roles_are_changed_and_refused_over_the_form() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let ana = bench
        .member(&tenant, "ana@example.com", &[Role::Viewer])
        .await;
    let place = bench.membership(tenant.id, ana).await;
    let path = format!("/app/people/{place}/roles");
    let saved = bench
        .ask_tenant(
            tenant.id,
            Some(tenant.owner),
            post(&path, "role=editor&role=billing"),
        )
        .await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    assert!(saved.headers().contains_key("x-flash"));
    let principal = bench
        .tenants
        .principal(tenant.id, ana)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(principal.roles, [Role::Editor, Role::Billing]);
    let refused = bench
        .ask_tenant(tenant.id, Some(tenant.owner), post(&path, ""))
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(&refused).contains("Choose at least one role"));
    let remove = format!("/app/people/{place}/remove");
    let removed = bench
        .ask_tenant(tenant.id, Some(tenant.owner), post(&remove, ""))
        .await;
    assert_eq!(
        removed.headers()["x-flash-undo"],
        format!("/app/people/{place}/restore").as_str()
    );
}

#[tokio::test]
async fn an_invitation_over_pages_by_somebody_new_and_by_the_wrong_person() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let sent = bench
        .ask_tenant(
            tenant.id,
            Some(tenant.owner),
            post("/app/people/invite", "email=ana%40example.com&role=editor"),
        )
        .await;
    assert_eq!(location(&sent), "/app/people/invitations");
    let list = bench
        .ask_tenant(
            tenant.id,
            Some(tenant.owner),
            get("/app/people/invitations"),
        )
        .await;
    assert!(text(&list).contains("ana@example.com"));
    let path = format!(
        "/invite/{}",
        bench.link("ana@example.com", "/invite/").await
    );

    let leo = bench.person("leo@example.com", "Leo").await;
    let wrong = bench
        .ask_base(Some(account(leo, "leo@example.com")), get(&path))
        .await;
    let words = text(&wrong);
    assert!(words.contains("a***@example.com") && !words.contains("ana@example.com"));

    let page = bench.ask_base(None, get(&path)).await;
    assert!(text(&page).contains("Mara Lindqvist"));
    let short = bench
        .ask_base(
            None,
            post(&format!("{path}/register"), "name=&password=abc"),
        )
        .await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let joined = bench
        .ask_base(
            None,
            post(
                &format!("{path}/register"),
                "name=Ana&password=quiet+harbour+lights",
            ),
        )
        .await;
    assert_eq!(location(&joined), "/enter?workspace=northlight&next=%2Fapp");
    assert!(joined.headers().contains_key(header::SET_COOKIE));
    assert_eq!(
        bench.ask_base(None, get(&path)).await.status(),
        StatusCode::GONE
    );
}

#[tokio::test]
async fn the_audit_log_reads_as_sentences_and_its_export_matches() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    bench
        .member(&tenant, "ana@example.com", &[Role::Viewer])
        .await;
    let page = bench
        .ask_tenant(tenant.id, Some(tenant.owner), get("/app/audit"))
        .await;
    let words = text(&page);
    for sentence in [
        "Mara Lindqvist opened the workspace",
        "Mara Lindqvist invited ana@example.com",
        "ana joined",
    ] {
        assert!(words.contains(sentence), "{sentence} in {words}");
    }
    // 09:00 UTC as a clock in Stockholm shows it.
    assert!(words.contains("1 Mar 2026, 10:00"));
    let id: uuid::Uuid =
        sqlx::query_scalar("select id from audit_log where action = 'workspace.invitation.sent'")
            .fetch_one(bench.db.pool())
            .await
            .unwrap();
    let entry = bench
        .ask_tenant(
            tenant.id,
            Some(tenant.owner),
            get(&format!("/app/audit/{id}")),
        )
        .await;
    assert!(text(&entry).contains("Viewer"));
    let none = bench
        .ask_tenant(
            tenant.id,
            Some(tenant.owner),
            get("/app/audit?from=2026-03-02"),
        )
        .await;
    assert!(text(&none).contains("Clear filters"));
    let file = bench
        .ask_tenant(
            tenant.id,
            Some(tenant.owner),
            get("/app/audit/export.csv?q=joined"),
        )
        .await;
    assert_eq!(
        file.headers()[header::CONTENT_TYPE],
        "text/csv; charset=utf-8"
    );
    let body = axum::body::to_bytes(file.into_body(), 1 << 20)
        .await
        .unwrap();
    let lines: Vec<&str> = std::str::from_utf8(&body).unwrap().lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains("ana joined"));
}

#[tokio::test]
async fn settings_are_saved_over_forms_and_the_logo_is_served() {
    let bench = Bench::new().await;
    let tenant = bench.open("northlight", "mara@example.com").await;
    let owner = Some(tenant.owner);
    let saved = bench
        .ask_tenant(
            tenant.id,
            owner,
            post(
                "/app/settings",
                "name=North&time_zone=Asia%2FDhaka&currency=BDT&locale=en-GB",
            ),
        )
        .await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    let bad = bench
        .ask_tenant(
            tenant.id,
            owner,
            post("/app/settings/brand", "brand=red&hex="),
        )
        .await;
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let moved = bench
        .ask_tenant(
            tenant.id,
            owner,
            post("/app/settings/address", "slug=north"),
        )
        .await;
    assert_eq!(
        location(&moved),
        "https://north.atelier.test/auth/start?next=%2Fapp%2Fsettings"
    );

    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(40, 40, image::Rgba([1, 2, 3, 255]))
        .write_to(&mut picture, image::ImageFormat::Png)
        .unwrap();
    let upload = |bytes: &[u8]| {
        let mut body =
            b"--x\r\ncontent-disposition: form-data; name=\"logo\"; filename=\"a.png\"\r\n\r\n"
                .to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--x--\r\n");
        Request::builder()
            .method(Method::POST)
            .uri("/app/settings/brand/logo")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .unwrap()
    };
    for wrong in [b"<svg/>".to_vec(), vec![0; 3 << 20], vec![0; 5 << 20]] {
        let refused = bench.ask_tenant(tenant.id, owner, upload(&wrong)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text(&refused).contains("f-logo-hint"));
    }
    let stored = bench
        .ask_tenant(tenant.id, owner, upload(picture.get_ref()))
        .await;
    assert_eq!(stored.status(), StatusCode::SEE_OTHER);
    let hash = bench.site(tenant.id).await.tenant.logo.clone().unwrap();
    let logo = bench
        .ask_tenant(tenant.id, None, get(&format!("/_t/logo/{hash}")))
        .await;
    assert_eq!(logo.headers()[header::CONTENT_TYPE], "image/png");
    assert!(
        logo.headers()[header::CACHE_CONTROL]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let other = bench
        .ask_tenant(
            tenant.id,
            None,
            get(&format!("/_t/logo/{}", "0".repeat(64))),
        )
        .await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND);
}
