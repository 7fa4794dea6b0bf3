//! The table of outcomes: which request gets what.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::{Extension, Router, middleware};
use database::Binding;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tenant_resolver::{
    BaseHost, ClientAddr, Listing, Place, Proxies, ResolverState, TenantResolver, TenantStatus,
    resolve,
};
use tower::ServiceExt;

use crate::directory::Directory;

struct App {
    router: Router,
    directory: Arc<Directory>,
}

/// Says whose request it was, and from where.
async fn whose(
    Extension(place): Extension<Place>,
    Extension(ClientAddr(client)): Extension<ClientAddr>,
    headers: HeaderMap,
) -> String {
    let whose = match place {
        Place::Base => "base".to_owned(),
        Place::Ops => "ops".to_owned(),
        Place::Tenant(site) => {
            assert_eq!(site.db.tenant(), site.tenant.id);
            format!("tenant {}", site.tenant.slug)
        }
    };
    let believed = headers
        .keys()
        .any(|name| name.as_str().contains("forwarded"));
    assert!(!believed, "forwarding headers stay outside");
    format!("{whose} {client}")
}

fn app() -> App {
    let directory = Arc::new(Directory::default());
    for (slug, status) in [
        ("north", TenantStatus::Active),
        ("leaving", TenantStatus::Closing),
        ("stopped", TenantStatus::Suspended),
        ("fresh", TenantStatus::Pending),
        ("gone", TenantStatus::Deleted),
    ] {
        directory.put(slug, status);
    }
    let moved = Listing::Moved {
        host: "north.atelier.example".into(),
    };
    directory.replace("old", moved.clone());
    let north = directory.slugs.lock().unwrap()["north"].clone();
    let mut domains = directory.domains.lock().unwrap();
    domains.insert("studio.test".into(), north.clone());
    domains.insert("xn--hhe-sna.test".into(), north);
    domains.insert(
        "www.studio.test".into(),
        Listing::Moved {
            host: "studio.test".into(),
        },
    );
    drop(domains);
    let pool = PgPoolOptions::new().connect_lazy_with(PgConnectOptions::new_without_pgpass());
    let state = ResolverState {
        resolver: TenantResolver::new(pool, Binding::Plain, directory.clone()),
        base: Arc::new(BaseHost::parse("https://atelier.example:8443").unwrap()),
        proxies: Arc::new(Proxies::parse(["10.0.0.0/8"]).unwrap()),
    };
    let router = Router::new()
        .fallback(whose)
        .layer(middleware::from_fn_with_state(state, resolve));
    App { router, directory }
}

impl App {
    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, host: &str, path: &str) -> Response {
        let request = Request::get(path).header(header::HOST, host.as_bytes());
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn each_host_gets_what_the_table_says() {
    let app = app();
    let long = format!("{}.example", "a".repeat(250));
    let rows = [
        ("atelier.example", "/", 200, "base"),
        ("ATELIER.example:8443", "/x", 200, "base"),
        ("atelier.example.", "/", 200, "base"),
        ("ops.atelier.example", "/", 200, "ops"),
        ("north.atelier.example", "/", 200, "tenant north"),
        ("North.Atelier.Example.:1", "/app", 200, "tenant north"),
        ("studio.test", "/", 200, "tenant north"),
        ("STUDIO.test.", "/", 200, "tenant north"),
        ("höhe.test", "/", 200, "tenant north"),
        ("xn--hhe-sna.test:443", "/", 200, "tenant north"),
        ("leaving.atelier.example", "/", 200, "tenant leaving"),
        ("stopped.atelier.example", "/", 503, ""),
        ("stopped.atelier.example", "/app", 503, ""),
        ("stopped.atelier.example", "/app/billings", 503, ""),
        ("stopped.atelier.example", "/authors", 503, ""),
        (
            "stopped.atelier.example",
            "/app/billing",
            200,
            "tenant stopped",
        ),
        (
            "stopped.atelier.example",
            "/app/billing/invoices?x=1",
            200,
            "tenant stopped",
        ),
        (
            "stopped.atelier.example",
            "/auth/sign-in",
            200,
            "tenant stopped",
        ),
        (
            "stopped.atelier.example",
            "/_a/kit.css",
            200,
            "tenant stopped",
        ),
        (
            "stopped.atelier.example",
            "/_t/theme.css",
            200,
            "tenant stopped",
        ),
        ("fresh.atelier.example", "/", 404, ""),
        ("gone.atelier.example", "/", 404, ""),
        ("gone.atelier.example", "/app/billing", 404, ""),
        ("nobody.atelier.example", "/", 404, ""),
        ("a.b.atelier.example", "/", 404, ""),
        ("north.ops.atelier.example", "/", 404, ""),
        ("studio.test.atelier.example", "/", 404, ""),
        ("north.atelier.example.evil.com", "/", 404, ""),
        ("evilatelier.example", "/", 404, ""),
        ("n\u{43e}rth.atelier.example", "/", 404, ""),
        ("north%2eatelier.example", "/", 404, ""),
        ("127.0.0.1:8443", "/", 404, ""),
        ("[::1]:8443", "/", 404, ""),
        ("localhost", "/", 404, ""),
        (
            "old.atelier.example",
            "/a/b?c=d&e",
            308,
            "https://north.atelier.example:8443/a/b?c=d&e",
        ),
        (
            "old.atelier.example",
            "//evil.com",
            308,
            "https://north.atelier.example:8443//evil.com",
        ),
        ("www.studio.test", "/", 308, "https://studio.test:8443/"),
        ("", "/", 400, ""),
        ("a..example", "/", 400, ""),
        (".example", "/", 400, ""),
        ("user@atelier.example", "/", 400, ""),
        ("atelier.example:x", "/", 400, ""),
        ("a b.example", "/", 400, ""),
        (long.as_str(), "/", 400, ""),
    ];
    for (host, path, status, expected) in rows {
        let response = app.get(host, path).await;
        assert_eq!(response.status().as_u16(), status, "{host} {path}");
        match status {
            200 => assert_eq!(
                text(response).await,
                format!("{expected} 0.0.0.0"),
                "{host} {path}"
            ),
            308 => assert_eq!(
                response.headers()[header::LOCATION],
                expected,
                "{host} {path}"
            ),
            503 => assert_eq!(
                response.headers()[header::RETRY_AFTER],
                "3600",
                "{host} {path}"
            ),
            _ => assert!(
                !text(response).await.to_lowercase().contains("north"),
                "{host} {path}"
            ),
        }
    }
}

#[tokio::test]
async fn all_unknown_hosts_get_the_same_bytes() {
    let app = app();
    for (path, accept) in [
        ("/", "text/html"),
        ("/", "application/json"),
        ("/api/v1/blog/posts", "*/*"),
        ("/api", "text/html"),
    ] {
        let mut seen = Vec::new();
        for host in [
            "fresh.atelier.example",
            "gone.atelier.example",
            "nobody.atelier.example",
            "a.b.atelier.example",
            "elsewhere.test",
            "127.0.0.1",
            "a_b.test",
        ] {
            let request = Request::get(path)
                .header(header::HOST, host)
                .header(header::ACCEPT, accept);
            let response = app.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            let headers = format!("{:?}", response.headers());
            seen.push((headers, text(response).await));
        }
        let (headers, body) = &seen[0];
        let json = accept.contains("json") || path.starts_with("/api");
        assert_eq!(
            headers.contains("application/problem+json"),
            json,
            "{path} {accept}"
        );
        // A page has its one place for what it says, which screen readers jump to.
        assert_eq!(body.contains("<main><h1>"), !json, "{path} {accept}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(body).is_ok(),
            json,
            "{path} {accept}"
        );
        assert!(headers.contains("noindex"));
        assert!(
            seen.iter().all(|one| one == &seen[0]),
            "{path} {accept}: {seen:#?}"
        );
    }
}

#[tokio::test]
async fn a_moved_tenant_is_never_sent_a_form_twice() {
    let app = app();
    for (method, expected) in [
        (Method::GET, 308),
        (Method::HEAD, 308),
        (Method::POST, 421),
        (Method::PUT, 421),
        (Method::DELETE, 421),
        (Method::OPTIONS, 421),
    ] {
        let request = Request::builder()
            .method(&method)
            .uri("/x")
            .header(header::HOST, "old.atelier.example");
        let response = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status().as_u16(), expected, "{method}");
        assert_eq!(
            response.headers().contains_key(header::LOCATION),
            expected == 308
        );
    }
}

#[tokio::test]
async fn a_request_that_names_two_hosts_is_refused() {
    let app = app();
    let build = |target: &str, hosts: &[&str]| {
        let mut request = Request::get(target);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        request.body(Body::empty()).unwrap()
    };
    let north = "north.atelier.example";
    let rows = [
        (build("/", &[north, north]), 400),
        (build("/", &[north, "ops.atelier.example"]), 400),
        (build("http://ops.atelier.example/", &[north]), 400),
        (build("http://user@north.atelier.example/", &[north]), 400),
        (build("/", &[]), 400),
        (build("http://north.atelier.example/", &[north]), 200),
        (build("http://north.atelier.example/", &[]), 200),
    ];
    for (request, expected) in rows {
        let shown = format!("{request:?}");
        let response = app.send(request).await;
        assert_eq!(response.status().as_u16(), expected, "{shown}");
        if expected == 400 {
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "text/html; charset=utf-8"
            );
        }
    }
    let request = Request::get("/api/v1/x")
        .header(header::HOST, "a..b")
        .body(Body::empty())
        .unwrap();
    let problem: serde_json::Value =
        serde_json::from_str(&text(app.send(request).await).await).unwrap();
    assert_eq!(
        (problem["code"].as_str(), problem["status"].as_u64()),
        (Some("bad_host"), Some(400))
    );
}

#[tokio::test]
async fn forwarding_headers_count_only_from_a_proxy() {
    let app = app();
    let send = |peer: Option<&str>| {
        let mut request = Request::get("/")
            .header(header::HOST, "ops.atelier.example")
            .header("x-forwarded-host", "north.atelier.example")
            .header("x-forwarded-for", "1.1.1.1, 203.0.113.9")
            .header("x-forwarded-proto", "https")
            .body(Body::empty())
            .unwrap();
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        request
    };
    for (peer, expected) in [
        (None, "ops 0.0.0.0"),
        (Some("198.51.100.7:1"), "ops 198.51.100.7"),
        (Some("10.1.1.1:1"), "tenant north 203.0.113.9"),
        (Some("[::ffff:10.1.1.1]:1"), "tenant north 203.0.113.9"),
    ] {
        assert_eq!(text(app.send(send(peer)).await).await, expected, "{peer:?}");
    }
}

#[tokio::test]
async fn nothing_but_the_host_selects_a_tenant() {
    let app = app();
    let north = app.directory.slugs.lock().unwrap()["north"].clone();
    let Listing::Tenant(north) = north else {
        panic!()
    };
    let request = Request::post(format!("/?tenant_id={}&tenant=north", north.id))
        .header(header::HOST, "leaving.atelier.example")
        .header("x-tenant-id", north.id.to_string())
        .header(header::COOKIE, format!("tenant={}", north.id))
        .body(Body::from(format!("tenant_id={}", north.id)))
        .unwrap();
    assert_eq!(
        text(app.send(request).await).await,
        "tenant leaving 0.0.0.0"
    );
}

#[tokio::test]
async fn impossible_hosts_and_the_platforms_own_cost_no_look_up() {
    let app = app();
    for host in [
        "atelier.example",
        "ops.atelier.example",
        "127.0.0.1",
        "a.b.atelier.example",
        "a_b.test",
        "xy.atelier.example",
        "localhost",
    ] {
        app.get(host, "/").await;
    }
    assert_eq!(app.directory.lookups.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_directory_that_does_not_answer_is_told_apart_from_an_unknown_host_and_not_remembered() {
    let app = app();
    *app.directory.broken.lock().unwrap() = true;
    let response = app.get("north.atelier.example", "/").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    *app.directory.broken.lock().unwrap() = false;
    assert_eq!(
        app.get("north.atelier.example", "/").await.status(),
        StatusCode::OK
    );
}
