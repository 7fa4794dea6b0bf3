//! Who may enter where: every route there is, tried by everybody there is.
//!
//! What is expected follows from the gate in the route's own type. Routes that are open to everybody stand in a list,
//! so that a new one is a decision; a route whose path cannot be filled in fails until this file knows how.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use kernel::{Access, OperatorRole, Role};
use module::{GateKind, RouteFacts};
use server::modules::MODULES;
use server::router::Table;

use crate::support::{Client, Reply, TestApp};

/// Routes that anybody may call. This list may only shrink, or grow on purpose.
const OPEN: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/robots.txt"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/recover"),
    ("POST", "/recover"),
    ("GET", "/reset/{token}"),
    ("POST", "/reset/{token}"),
    ("GET", "/signup"),
    ("POST", "/signup"),
    ("GET", "/signup/availability"),
    ("GET", "/signup/check-mail"),
    ("GET", "/signup/confirm/{token}"),
    ("POST", "/signup/confirm/{token}"),
    ("GET", "/invite/{token}"),
    ("POST", "/invite/{token}/register"),
    ("GET", "/pricing"),
    ("GET", "/_mail"),
    ("GET", "/_mail/{id}"),
    ("GET", "/_mail/{id}/html"),
    ("GET", "/_gallery"),
    ("GET", "/"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/reference"),
    ("GET", "/api/v1/reference/{group}"),
    ("GET", "/auth/start"),
    ("GET", "/auth/finish"),
    ("POST", "/auth/logout"),
    ("GET", "/notifications/unsubscribe/{token}"),
    ("POST", "/notifications/unsubscribe/{token}"),
    ("GET", "/guest/{token}"),
    ("POST", "/guest/{token}"),
    ("POST", "/guest/leave"),
    ("GET", "/_t/theme.css"),
    ("GET", "/_t/logo/{hash}"),
    ("GET", "/blog"),
    ("GET", "/blog/{slug}"),
    ("POST", "/blog/{slug}/comments"),
    ("GET", "/blog/{slug}/comments/feed.xml"),
    ("GET", "/blog/comments/confirm/{token}"),
    ("POST", "/blog/comments/confirm/{token}"),
    ("GET", "/blog/comments/quiet/{token}"),
    ("POST", "/blog/comments/quiet/{token}"),
    ("POST", "/blog/comments/{id}/edit"),
    ("POST", "/blog/comments/{id}/delete"),
    ("POST", "/blog/comments/{id}/report"),
    ("GET", "/p/{token}"),
    ("GET", "/blog/tag/{slug}"),
    ("GET", "/blog/tag/{slug}/feed.xml"),
    ("GET", "/blog/author/{slug}"),
    ("GET", "/media/{id}/{variant}/{name}"),
    ("GET", "/feed.xml"),
    ("GET", "/atom.xml"),
    ("GET", "/feed.json"),
    ("GET", "/sitemap.xml"),
    ("GET", "/sitemap-pages-{part}"),
    ("GET", "/sitemap-posts-{part}"),
    ("GET", "/sitemap-tags-{part}"),
    ("GET", "/sitemap-authors-{part}"),
    ("GET", "/robots.txt"),
    ("GET", "/search"),
    ("GET", "/series/{slug}"),
    ("GET", "/series/{slug}/feed.xml"),
    ("GET", "/sitemap-series-{part}"),
    // The console's way in, and out.
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
];

/// Routes whose answer to an owner is a refusal of another kind, and why. This list may only shrink.
const REFUSED_TO_OWNERS: &[(&str, &str)] = &[];

/// Routes that end the session or membership of whoever calls them: in the middle of the table they would end the table.
/// Strangers try them all the same.
const ENDS: &[&str] = &[
    "/auth/logout",
    "/logout",
    "/app/me/leave",
    "/invite/{token}/switch",
];

/// Everybody there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Anonymous,
    /// Another tenant's owner, who shows that session here.
    Foreign,
    /// A member whose role lacks the permission.
    Unpermitted,
    /// The owner of a tenant whose subscription can only be read.
    ReadOnly,
    /// The owner of a tenant whose subscription is over.
    Blocked,
    Owner,
}

/// What may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Exactly(u16),
    /// The gate let the request pass: whatever the handler makes of it, it is no refusal and no fault.
    Entered,
    /// Nothing is asked of this pair.
    Untried,
}

/// What a route answers somebody, by its gate. `of_module` is whether a module's subscription guards it.
fn expected(route: &RouteFacts, of_module: bool, who: Who) -> Expected {
    use Expected::{Entered, Exactly, Untried};
    let reads = route.method == "GET";
    match (route.gate, who) {
        (_, who) if ENDS.contains(&route.path.as_str()) && who != Who::Anonymous => Untried,
        (GateKind::Public | GateKind::Invited(_), Who::Blocked) if of_module => Exactly(503),
        // To whoever is not invited there is no such page.
        (GateKind::Invited(_), Who::Anonymous | Who::Foreign | Who::Unpermitted) => Exactly(404),
        // Visitors keep their part while the subscription can be read.
        (GateKind::Public | GateKind::Visitor | GateKind::OpsVisitor, _)
        | (GateKind::Member, Who::Unpermitted) => Entered,
        // A person is no program, whatever their role.
        (GateKind::Member | GateKind::Permission(_) | GateKind::SignedIn, Who::Anonymous)
        | (GateKind::Member | GateKind::Permission(_), Who::Foreign)
        | (GateKind::Key, _) => Exactly(401),
        (GateKind::Permission(_), Who::Unpermitted) => Exactly(403),
        // Asked below, by operators of every rank.
        (GateKind::Operator(_), _) => Untried,
        (_, Who::Blocked) if of_module => Exactly(402),
        (_, Who::ReadOnly) if of_module && !reads => Exactly(402),
        (_, Who::ReadOnly | Who::Blocked | Who::Owner)
        | (GateKind::SignedIn, Who::Foreign | Who::Unpermitted) => Entered,
    }
}

fn meets(expected: Expected, status: StatusCode) -> bool {
    match expected {
        Expected::Exactly(code) => status.as_u16() == code,
        Expected::Entered => {
            !matches!(status.as_u16(), 401..=403)
                && !status.is_server_error()
                && status != StatusCode::METHOD_NOT_ALLOWED
        }
        Expected::Untried => true,
    }
}

/// A path that the route matches, with ids that nobody has.
pub fn fill(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split_inclusive('}') {
        let Some((fixed, name)) = part.split_once('{') else {
            filled.push_str(part);
            continue;
        };
        filled.push_str(fixed);
        match name.trim_end_matches('}') {
            "id" | "note" | "preview" | "key" | "override" | "subscription" | "share" | "guest" => {
                filled.push_str(&kernel::new_uuid().to_string());
            }
            "kind" => filled.push_str("blog.post"),
            "no" => filled.push('1'),
            "slug" => filled.push_str("no-such-slug"),
            "token" => filled.push_str(&"A".repeat(43)),
            "group" => filled.push_str("posts"),
            "hash" => filled.push_str(&"0".repeat(64)),
            "part" => filled.push_str("1.xml"),
            "variant" => filled.push_str("320"),
            "name" => filled.push_str("a.jpg"),
            unknown => panic!("{path}: nobody knows what to put for {unknown}"),
        }
    }
    filled
}

pub async fn ask(client: &Client, route: &RouteFacts) -> Reply {
    let path = fill(&route.path);
    let method: Method = route.method.parse().expect("a method");
    if route.api {
        let body = (!matches!(method, Method::GET | Method::DELETE)).then(|| serde_json::json!({}));
        let headers = [("if-match", "\"1\"")];
        client.api(method, &path, &headers, body.as_ref()).await
    } else {
        assert!(
            matches!(method, Method::GET | Method::POST),
            "{path}: pages are read and posted to"
        );
        client.plainly(method, &path, &[]).await
    }
}

/// The routes that a module's subscription guards.
fn of_modules() -> BTreeSet<(String, String)> {
    let mut guarded = BTreeSet::new();
    for module in MODULES {
        let key = module.manifest().key;
        for routes in [
            module.pages().nest(&format!("/app/{key}")),
            module.api().nest(&format!("/api/v1/{key}")),
            module.public(),
        ] {
            let facts = routes.facts().iter();
            guarded.extend(facts.map(|route| (route.method.clone(), route.path.clone())));
        }
    }
    guarded
}

/// Moves the dates of a tenant's subscriptions, as time would.
async fn lapse(app: &TestApp, slug: &str, access: Access) {
    let days: i32 = match access {
        Access::ReadOnly => 1,
        Access::Blocked => 8,
        other => panic!("{other} is no lapse"),
    };
    let pool = app.database.pool(testkit::Role::Superuser);
    let now: kernel::Timestamp = app.clock.now();
    let moved = sqlx::query(
        "update subscriptions s set trial_start = $2 - interval '30 days', trial_end = $2 - make_interval(days => $3)
           from tenants t where t.id = s.tenant_id and t.slug = $1",
    );
    let moved = moved
        .bind(slug)
        .bind(now)
        .bind(days)
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(moved.rows_affected(), 1);
    app.forget();
}

#[test]
fn routes_that_are_open_to_all_are_listed() {
    let open: BTreeSet<(String, String)> = Table::new(true)
        .facts()
        .into_iter()
        .filter(|route| {
            matches!(
                route.gate,
                GateKind::Public | GateKind::Visitor | GateKind::OpsVisitor
            )
        })
        .map(|route| (route.method, route.path))
        .collect();
    let listed: BTreeSet<(String, String)> = OPEN
        .iter()
        .map(|(method, path)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let new: Vec<_> = open.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&open).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "open and not listed: {new:#?}\nlisted and not open: {gone:#?}"
    );
}

/// Operations about what is a member's own ask for no permission: this is where they stand.
const OWN: &[&str] = &["/api/v1/inbox/"];

#[test]
fn api_operations_ask_for_a_permission_or_a_key() {
    for route in Table::new(true).facts().iter().filter(|route| route.api) {
        let own = OWN.iter().any(|start| route.path.starts_with(start));
        assert_eq!(own, route.gate == GateKind::Member, "{route:?}");
        assert!(
            own || matches!(route.gate, GateKind::Permission(_) | GateKind::Key),
            "{route:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_its_gate_names_and_nobody_else() {
    let app = TestApp::new().await;
    let routes = Table::new(true);
    let (base, tenant) = (routes.base.facts().to_vec(), routes.tenant.facts().to_vec());
    let guarded = of_modules();

    let northlight = app.tenant("northlight").await;
    let foreign = app.tenant("southlight").await;
    let (readable, blocked) = (app.tenant("readable").await, app.tenant("shutdown").await);
    lapse(&app, "readable", Access::ReadOnly).await;
    lapse(&app, "shutdown", Access::Blocked).await;
    let mut members = Vec::new();
    for role in [Role::Viewer, Role::Billing, Role::Admin] {
        members.push((role, northlight.member(&app, role, "Robin Vale").await));
    }
    let permissions = server::modules::permissions();
    // The weakest member who lacks what a route asks for; anybody where it asks for nothing.
    let unpermitted = |route: &RouteFacts| {
        let lacking = members.iter().find(|(role, _)| match route.gate {
            GateKind::Permission(key) | GateKind::Invited(key) => permissions
                .iter()
                .find(|permission| permission.key == key)
                .is_some_and(|permission| !permission.held_by(*role)),
            _ => true,
        });
        let (_, client) = lacking.unwrap_or_else(|| panic!("every role enters {route:?}"));
        client.clone()
    };
    let stolen = app.visitor().on(&northlight.origin());
    stolen.set_cookie("sid", &foreign.owner.cookie("sid").expect("a session"));

    let mut wrong = Vec::new();
    let mut tried = 0;
    let mut hold = |route: &RouteFacts, who: Who, reply: &Reply, of_module: bool| {
        let expected = expected(route, of_module, who);
        tried += 1;
        let excused = who == Who::Owner
            && REFUSED_TO_OWNERS
                .iter()
                .any(|(path, _)| *path == route.path);
        if !excused && !meets(expected, reply.status) {
            wrong.push(format!(
                "{} {} ({:?}): {who:?} got {} instead of {expected:?}: {}",
                route.method,
                route.path,
                route.gate,
                reply.status,
                reply.body.chars().take(200).collect::<String>()
            ));
        }
    };
    // The base host comes last: its routes end sessions.
    for (host, routes) in [("tenant", &tenant), ("base", &base)] {
        for route in routes {
            let of_module = guarded.contains(&(route.method.clone(), route.path.clone()));
            let everybody = [
                (Who::Anonymous, app.visitor().on(&northlight.origin())),
                (Who::Foreign, stolen.clone()),
                (Who::Unpermitted, unpermitted(route)),
                (Who::ReadOnly, readable.owner.clone()),
                (Who::Blocked, blocked.owner.clone()),
                (Who::Owner, northlight.owner.clone()),
            ];
            for (who, client) in everybody {
                // On the base host nobody is another tenant's; whoever is signed in is.
                let skipped = host == "base" && !matches!(who, Who::Anonymous | Who::Owner);
                if skipped || expected(route, of_module, who) == Expected::Untried {
                    continue;
                }
                let client = if host == "base" {
                    client.on("http://atelier.test")
                } else {
                    client
                };
                let reply = ask(&client, route).await;
                hold(route, who, &reply, of_module);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 4 * tenant.len(), "{tried}");
}

/// The console: every route, by operators of every rank, by strangers, and by people who are somebody elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_console_asks_for_its_rank() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let console = "http://ops.atelier.test";
    let mut operators = Vec::new();
    for role in OperatorRole::ALL {
        operators.push((role, app.operator(role).await));
    }
    // An owner's session, shown at the console under either name.
    let stolen = app.visitor().on(console);
    let session = northlight
        .owner
        .on("http://atelier.test")
        .cookie("sid")
        .expect("a session");
    stolen.set_cookie("osid", &session);
    stolen.set_cookie("sid", &session);
    let mut wrong = Vec::new();
    let mut tried = 0;
    let table = Table::new(true);
    for route in table.ops.facts() {
        let GateKind::Operator(needed) = route.gate else {
            assert_eq!(route.gate, GateKind::OpsVisitor, "{route:?}");
            continue;
        };
        let mut hold = |who: String, expected: Expected, reply: &Reply| {
            tried += 1;
            if !meets(expected, reply.status) {
                wrong.push(format!(
                    "{} {} ({needed}): {who} got {} instead of {expected:?}: {}",
                    route.method,
                    route.path,
                    reply.status,
                    reply.body.chars().take(200).collect::<String>()
                ));
            }
        };
        for (role, client) in &operators {
            let expected = if role.covers(needed) {
                Expected::Entered
            } else {
                Expected::Exactly(403)
            };
            hold(role.to_string(), expected, &ask(client, route).await);
        }
        let stranger = app.visitor().on(console);
        hold(
            "nobody".into(),
            Expected::Exactly(401),
            &ask(&stranger, route).await,
        );
        hold(
            "an owner".into(),
            Expected::Exactly(401),
            &ask(&stolen, route).await,
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 6 * 30, "{tried}");
}

/// No host answers for the pages of another, whoever asks.
#[tokio::test]
async fn each_host_has_its_own_pages_and_no_others() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let operator = app.operator(OperatorRole::Admin).await;
    let table = Table::new(true);
    let paths = |routes: &module::Routes| -> BTreeSet<(String, String)> {
        let facts = routes.facts().iter();
        facts
            .map(|route| (route.method.clone(), route.path.clone()))
            .collect()
    };
    let hosts = [
        ("http://atelier.test".to_owned(), paths(&table.base)),
        (northlight.origin(), paths(&table.tenant)),
        ("http://ops.atelier.test".to_owned(), paths(&table.ops)),
    ];
    let mut tried = 0;
    for (here, own) in &hosts {
        for (there, others) in hosts.iter().filter(|(there, _)| there != here) {
            for (method, path) in others.difference(own) {
                // A pattern of this host may match the path of another: then it is this host's page.
                let matched = own.iter().any(|(_, pattern)| covers(pattern, path));
                if matched || own.iter().any(|(_, known)| known == path) {
                    continue;
                }
                let method: Method = method.parse().unwrap();
                for client in [&northlight.owner, &operator] {
                    let reply = client
                        .on(here)
                        .plainly(method.clone(), &fill(path), &[])
                        .await;
                    assert_eq!(reply.status, 404, "{here}{path} of {there}: {}", reply.body);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

/// Whether a pattern of a route matches the path of another.
fn covers(pattern: &str, path: &str) -> bool {
    let (mut ours, mut theirs) = (pattern.split('/'), path.split('/'));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.contains('{') => {}
            (Some(part), Some(other)) if part == other => {}
            _ => return false,
        }
    }
}

/// A person who is not signed in is led to where they can, and back.
#[tokio::test]
async fn pages_send_strangers_to_the_log_in() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let routes = Table::new(true);
    for (origin, to, routes) in [
        (
            northlight.origin(),
            "/auth/start?next=",
            routes.tenant.facts().to_vec(),
        ),
        (
            "http://atelier.test".to_owned(),
            "/login?next=",
            routes.base.facts().to_vec(),
        ),
        (
            "http://ops.atelier.test".to_owned(),
            "/login?next=",
            routes.ops.facts().to_vec(),
        ),
    ] {
        let stranger = app.visitor().on(&origin);
        let mut seen = 0;
        for route in routes
            .iter()
            .filter(|route| !route.api && route.method == "GET")
        {
            if matches!(
                route.gate,
                GateKind::Public | GateKind::Visitor | GateKind::OpsVisitor | GateKind::Invited(_)
            ) {
                continue;
            }
            let reply = stranger.get(&fill(&route.path)).await.expect(303);
            let location = reply.location().expect("a location");
            assert!(
                location.starts_with(to),
                "{} leads to {location}",
                route.path
            );
            seen += 1;
        }
        assert!(seen > 0, "{origin} has no page for members");
    }
}

/// What a lapsed workspace says: which product, and how far it is closed.
#[tokio::test]
async fn a_lapsed_subscription_says_so_and_keeps_what_may_be_kept() {
    let app = TestApp::new().await;
    let readable = app.tenant("readable").await;
    lapse(&app, "readable", Access::ReadOnly).await;
    readable.owner.get("/app/blog/posts").await.expect(200);
    readable.owner.get("/api/v1/blog/posts").await.expect(200);
    readable.owner.get("/app/billing").await.expect(200);
    app.visitor()
        .on(&readable.origin())
        .get("/blog")
        .await
        .expect(200);
    let new = serde_json::json!({ "title": "Late" });
    let refused = readable
        .owner
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&new))
        .await
        .expect(402);
    let problem: serde_json::Value = refused.json();
    assert_eq!(problem["product"], "blog");
    assert_eq!(problem["access"], "read_only");
    let page = readable
        .owner
        .post("/app/blog/posts", &[("title", "Late")])
        .await
        .expect(402);
    assert!(
        page.body.contains("The subscription has ended"),
        "{}",
        page.body
    );

    lapse(&app, "readable", Access::Blocked).await;
    let refused = readable
        .owner
        .api(Method::GET, "/api/v1/blog/posts", &[], None::<&()>)
        .await
        .expect(402);
    assert_eq!(refused.json::<serde_json::Value>()["access"], "blocked");
    readable.owner.get("/app/billing").await.expect(200);
    readable.owner.get("/app").await.expect(200);
    let public = app
        .visitor()
        .on(&readable.origin())
        .get("/blog")
        .await
        .expect(503);
    assert!(
        public.body.contains("Temporarily unavailable"),
        "{}",
        public.body
    );
}

mod planted {
    use super::*;

    fn route(method: &str, gate: GateKind) -> RouteFacts {
        RouteFacts {
            method: method.to_owned(),
            path: "/app/x/{id}".to_owned(),
            gate,
            api: false,
        }
    }

    #[test]
    fn a_route_that_lets_the_wrong_people_in_is_found() {
        let guarded = route("POST", GateKind::Permission("blog.posts.write"));
        for (who, right) in [
            (Who::Anonymous, 401),
            (Who::Foreign, 401),
            (Who::Unpermitted, 403),
            (Who::ReadOnly, 402),
            (Who::Blocked, 402),
        ] {
            let expected = expected(&guarded, true, who);
            assert!(
                meets(expected, StatusCode::from_u16(right).unwrap()),
                "{who:?}"
            );
            assert!(!meets(expected, StatusCode::SEE_OTHER), "{who:?}");
            assert!(!meets(expected, StatusCode::NOT_FOUND), "{who:?}");
        }
        let owner = expected(&guarded, true, Who::Owner);
        assert!(meets(owner, StatusCode::NOT_FOUND));
        for wrong in [401, 402, 403, 405, 500] {
            assert!(
                !meets(owner, StatusCode::from_u16(wrong).unwrap()),
                "{wrong}"
            );
        }
        let read = route("GET", GateKind::Member);
        assert!(meets(expected(&read, true, Who::ReadOnly), StatusCode::OK));
    }

    #[test]
    #[should_panic(expected = "nobody knows what to put for planet")]
    fn a_path_that_cannot_be_filled_fails() {
        fill("/app/{planet}");
    }
}
