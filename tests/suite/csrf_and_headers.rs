//! What surrounds every request: posts from other sites, security headers, cookies, hosts, request ids.

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request, StatusCode, header};
use std::net::SocketAddr;

use crate::support::{Client, Reply, TestApp};

/// A form sent to the log-in, with what a browser says of where it comes from.
async fn log_in_from(client: &Client, says: &[(&str, &str)], accept: &str) -> Reply {
    let mut request = client
        .request(Method::POST, "/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in says {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from("email=&password=")).unwrap();
    request
        .headers_mut()
        .insert(header::ACCEPT, accept.parse().unwrap());
    client.send(request).await
}

#[tokio::test]
async fn posts_from_other_sites_are_refused_whatever_the_browser_tells() {
    let app = TestApp::new().await;
    let visitor = app.visitor();
    let refused: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        // A sibling tenant is the same site and another origin.
        &[("sec-fetch-site", "same-site")],
        &[("origin", "http://evil.example")],
        &[("origin", "http://northlight.atelier.test")],
        &[("origin", "null")],
        // The newer header counts where both are sent.
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://atelier.test"),
        ],
    ];
    for says in refused {
        let page = log_in_from(&visitor, says, "text/html").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{says:?}");
        assert!(
            page.body.contains("It came from another site"),
            "{}",
            page.body
        );
        let problem = log_in_from(&visitor, says, "application/json").await;
        assert_eq!(problem.status, StatusCode::FORBIDDEN, "{says:?}");
        assert_eq!(
            problem.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(
            problem.json::<serde_json::Value>()["code"],
            "cross_site_request"
        );
    }
    let taken: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://atelier.test")],
        // No browser at all: nothing of anybody's comes along by itself.
        &[],
    ];
    for says in taken {
        let page = log_in_from(&visitor, says, "text/html").await;
        assert_eq!(
            page.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{says:?}: {}",
            page.body
        );
    }
}

#[tokio::test]
async fn a_signed_in_person_cannot_be_made_to_act_by_another_tenants_page() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    for (path, method) in [
        ("/app/settings", Method::POST),
        ("/app/blog/posts", Method::POST),
        ("/api/v1/blog/posts", Method::POST),
        ("/api/v1/blog/settings", Method::PATCH),
    ] {
        let forged = northlight
            .owner
            .request(method, path)
            .header("origin", "http://southlight.atelier.test")
            .header("sec-fetch-site", "same-site")
            .header(header::CONTENT_TYPE, "text/plain")
            .body(Body::from("{\"title\":\"Forged\"}"))
            .unwrap();
        let reply = northlight.owner.send(forged).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
    }
    let posts = northlight.owner.get("/api/v1/blog/posts").await.expect(200);
    assert!(!posts.body.contains("Forged"));
}

#[tokio::test]
async fn every_answer_carries_security_headers_and_an_id_of_its_own() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let visitor = app.visitor();
    let stranger = visitor.on("http://nobody.atelier.test");
    let bad_host = visitor.on("http://a_b.example");
    let mut ids = std::collections::BTreeSet::new();
    let answers = [
        visitor.get("/").await.expect(200),
        visitor.get("/nowhere").await.expect(404),
        visitor.get("/livez").await.expect(200),
        visitor.get("/readyz").await.expect(200),
        stranger.get("/").await.expect(404),
        bad_host.get("/").await,
        northlight.owner.get("/app").await.expect(200),
        northlight.owner.get("/api/v1/blog/posts").await.expect(200),
        visitor
            .on(&northlight.origin())
            .get("/api/v1/blog/posts")
            .await
            .expect(401),
        log_in_from(&visitor, &[("sec-fetch-site", "cross-site")], "text/html").await,
    ];
    for answer in answers {
        let id = answer
            .header("x-request-id")
            .unwrap_or_else(|| panic!("{} has no id", answer.url));
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
        assert!(ids.insert(id.to_owned()), "{id} stands on two answers");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        for part in [
            "default-src '",
            "base-uri 'none'",
            "form-action '",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{} has {policy}", answer.url);
        }
        // Where nothing is said of scripts, the rule for everything else holds.
        let parts = || policy.split(';').map(str::trim);
        let scripts = parts()
            .find(|part| part.starts_with("script-src "))
            .or(parts().find(|part| part.starts_with("default-src ")))
            .unwrap();
        assert!(
            !scripts.contains("unsafe") && !scripts.contains('*'),
            "{scripts}"
        );
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{}",
            answer.url
        );
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            Some("same-origin")
        );
        assert!(answer.header("referrer-policy").is_some());
        // Over plain http a promise of https would lock the development host out.
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    let given = visitor
        .request(Method::GET, "/livez")
        .header("x-request-id", "mine\u{20}forged")
        .body(Body::empty())
        .unwrap();
    let answer = visitor.send(given).await;
    assert_ne!(
        answer.header("x-request-id"),
        Some("mine forged"),
        "a client chose the id of a log line"
    );
}

#[tokio::test]
async fn nothing_of_a_person_is_kept_by_caches() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    for path in [
        "/app",
        "/app/people",
        "/app/blog/posts",
        "/api/v1/blog/posts",
        "/app/search.json?q=a",
    ] {
        let reply = northlight.owner.get(path).await.expect(200);
        let control = reply.header("cache-control").unwrap_or_default();
        assert!(
            control.contains("private") || control.contains("no-store"),
            "{path} says {control:?}"
        );
    }
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_their_host_and_https_is_promised() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    let node = app.node_at("https://atelier.test");
    let browser = Client::new(node.router.clone(), "https://atelier.test".to_owned());
    let form = [
        ("email", "owner@northlight.test"),
        ("password", crate::support::MEMBER_PASSWORD),
    ];
    let reply = browser.post("/login", &form).await.expect(303);
    assert_eq!(
        reply.header("strict-transport-security"),
        Some("max-age=63072000; includeSubDomains; preload")
    );
    let cookies: Vec<&str> = reply
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    let session = cookies
        .iter()
        .find(|cookie| cookie.starts_with("__Host-sid="))
        .unwrap_or_else(|| panic!("{cookies:?}"));
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.to_lowercase().contains("domain"), "{session}");

    // A sibling tenant can plant a cookie without the prefix; it counts for nothing.
    let value = session
        .trim_start_matches("__Host-sid=")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let tossed = Client::new(node.router, "https://atelier.test".to_owned());
    tossed.set_cookie("sid", &value);
    assert_eq!(tossed.get("/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_host_header_alone_says_where_a_request_goes() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    app.tenant("southlight").await;
    let send = async |headers: &[(&str, &str)], uri: &str| {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request
            .header(header::ACCEPT, "text/html")
            .body(Body::empty())
            .unwrap();
        // A peer that no setting names as a proxy.
        let peer: SocketAddr = "203.0.113.9:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        northlight.owner.send(request).await
    };
    let own = ("host", "northlight.atelier.test");
    for forged in [
        ("x-forwarded-host", "southlight.atelier.test"),
        ("forwarded", "host=southlight.atelier.test;for=127.0.0.1"),
        ("x-original-host", "southlight.atelier.test"),
        ("x-forwarded-proto", "https"),
        ("x-tenant-id", "0192f0c1-2345-7000-8000-000000000000"),
    ] {
        let reply = send(&[own, forged], "/blog").await.expect(200);
        assert!(reply.body.contains("Northlight"), "{forged:?}");
        assert!(!reply.body.contains("Southlight"), "{forged:?}");
    }
    let twice = send(&[own, ("host", "southlight.atelier.test")], "/blog").await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    let none = send(&[], "/blog").await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
    // The absolute form and the header disagree.
    let odd = send(&[own], "http://southlight.atelier.test/blog").await;
    assert!(!odd.body.contains("Northlight") || !odd.body.contains("Southlight"));
    assert_eq!(odd.status, StatusCode::BAD_REQUEST, "{}", odd.body);
}
