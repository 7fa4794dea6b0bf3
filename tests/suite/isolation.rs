//! Two tenants side by side: nothing that one can send reaches, shows or changes what is the other's.
//!
//! Every route with an id in its path is called with ids of the other tenant, and has to answer as it does to an id that
//! nobody has. What the database alone guarantees is tested in `isolation_db.rs`.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use kernel::Role;
use module::RouteFacts;
use serde_json::{Value, json};
use server::router::Table;
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use uuid::Uuid;

use crate::access::{POSTS, Program};
use crate::files::jpeg;
use crate::support::rows::around_a_post;
use crate::support::{Client, Reply, TestApp, TestTenant};

/// The other tenant. Everything that is its own has this word in it.
pub(crate) const OTHER: &str = "zanzibar";
/// The beginning of it, to search for.
const BEGINNING: &str = "zanz";

/// Parameters that name no row of a tenant: secrets that are looked up by themselves, and numbers of parts.
const NO_IDS: &[&str] = &["token", "part", "group"];

/// A tenant with a row of every kind, and their names: kind of a parameter to what stands in a path.
pub(crate) struct Studio {
    pub tenant: TestTenant,
    pub names: BTreeMap<&'static str, String>,
}

impl Studio {
    pub async fn new(app: &TestApp, slug: &str) -> Self {
        let tenant = app.tenant(slug).await;
        let owner = &tenant.owner;
        tenant
            .member(app, Role::Editor, &format!("{slug} Editor"))
            .await;
        let waiting = format!("waiting@{slug}.test");
        let form = [("email", waiting.as_str()), ("role", "viewer")];
        owner.post("/app/people/invite", &form).await.expect(303);
        let number = slug.len();
        let tag = json!({ "name": format!("{slug} harbour"), "slug": format!("harbour-{number}") });
        owner
            .api(Method::POST, "/api/v1/blog/tags", &[], Some(&tag))
            .await
            .expect(201);
        let post = json!({
            "title": format!("{slug} by night"), "content": format!("Nobody else reads of {slug}."),
            "slug": format!("nights-of-{number}"), "tags": [format!("{slug} harbour")],
        });
        let post = owner
            .api(Method::POST, "/api/v1/blog/posts", &[], Some(&post))
            .await
            .expect(201);
        let id = post.json::<Value>()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let live = format!("/api/v1/blog/posts/{id}/publish");
        owner
            .api(Method::POST, &live, &[], Some(&json!({})))
            .await
            .expect(200);

        let series = json!({
            "title": format!("{slug} at sea"), "slug": format!("sea-{number}"), "posts": [id],
        });
        owner
            .api(Method::POST, "/api/v1/blog/series", &[], Some(&series))
            .await
            .expect(201);
        let program =
            Program::named(app, &tenant, &format!("{slug} front end"), &["posts:read"]).await;
        program.get(POSTS).await.expect(200);
        around_a_post(owner, &id, slug).await;
        let name = format!("{slug}.jpg");
        owner.upload(&name, jpeg(16, 16, 1)).await.expect(201);

        let (comment, ban) = crate::comments::samples(owner, &id, slug).await;
        let redirect = json!({ "source": format!("/{slug}-{number}"), "target": "/blog" });
        owner
            .api(Method::POST, "/api/v1/blog/redirects", &[], Some(&redirect))
            .await
            .expect(201);

        let pool = app.database.pool(testkit::Role::Superuser);
        let one = async |sql: &'static str| -> String {
            let found = sqlx::query_scalar(sql).bind(slug).fetch_one(&pool).await;
            found.unwrap_or_else(|error| panic!("{sql}: {error}"))
        };
        let member = one("select m.id::text from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1 order by m.created_at, m.id limit 1").await;
        let notified = sqlx::query(
            "insert into notifications (tenant_id, id, recipient_id, kind, title, body, link, created_at)
             select m.tenant_id, gen_random_uuid(), m.id, 'blog.test', $1 || ' calls', '', '/app/blog', m.created_at
               from memberships m where m.id = $2::uuid",
        );
        notified
            .bind(slug)
            .bind(&member)
            .execute(&pool)
            .await
            .unwrap();
        let of = |table: &str| {
            format!(
                "select x.id::text from {table} x join tenants t on t.id = x.tenant_id where t.slug = $1 limit 1"
            )
        };
        let any = async |table: &str| -> String {
            let sql = AssertSqlSafe(of(table));
            let found = sqlx::query_scalar(sql).bind(slug).fetch_one(&pool).await;
            found.unwrap_or_else(|error| panic!("{table}: {error}"))
        };
        let role = json!({ "name": format!("{slug} keeper"), "permissions": ["blog.posts.read"] });
        owner
            .api(Method::POST, "/api/v1/workspace/roles", &[], Some(&role))
            .await
            .expect(201);
        let editor = one("select m.id::text from memberships m join tenants t on t.id = m.tenant_id where t.slug = $1 and m.contact_email like 'editor@%' limit 1").await;
        let share = json!({ "kind": "blog.post", "object": id, "member": editor, "level": "view" });
        owner
            .api(Method::POST, "/api/v1/workspace/shares", &[], Some(&share))
            .await
            .expect(201);
        let guest = json!({ "kind": "blog.post", "object": id, "label": format!("{slug} reader") });
        owner
            .api(Method::POST, "/api/v1/workspace/guests", &[], Some(&guest))
            .await
            .expect(201);
        let names = BTreeMap::from([
            ("role", one("select r.id::text from roles r join tenants t on t.id = r.tenant_id where t.slug = $1 and not r.is_system limit 1").await),
            ("share", one("select g.share_id::text from permission_grants g join tenants t on t.id = g.tenant_id where t.slug = $1 and g.membership_id is not null limit 1").await),
            ("guest", any("guest_grants").await),
            ("invitation", any("invitations").await),
            ("audit", any("audit_log").await),
            ("notification", any("notifications").await),
            ("post", id),
            ("series", any("blog_series").await),
            ("redirect", any("blog_redirects").await),
            ("series slug", format!("sea-{number}")),
            ("application", program.application),
            ("api key", program.key),
            ("comment", comment),
            ("ban", ban),
            ("note", any("blog_post_notes").await),
            ("preview", any("blog_preview_links").await),
            ("tag", any("blog_tags").await),
            ("author", any("blog_authors").await),
            ("member", member),
            ("editor", editor),
            ("subscription", any("subscriptions").await),
            ("session", one("select s.id::text from sessions s join users u on u.id = s.user_id where u.email_normal = 'owner@' || $1 || '.test' limit 1").await),
            ("file", any("files_objects").await),
            ("post slug", format!("nights-of-{number}")),
            ("tag slug", format!("harbour-{number}")),
            ("author slug", format!("keeper-{number}")),
        ]);
        let author = format!("/api/v1/blog/authors/{}", names["author"]);
        let etag = owner
            .get(&author)
            .await
            .expect(200)
            .header("etag")
            .expect("an ETag")
            .to_owned();
        let address = json!({ "slug": names["author slug"] });
        owner
            .api(
                Method::PATCH,
                &author,
                &[("if-match", &etag)],
                Some(&address),
            )
            .await
            .expect(200);
        Self { tenant, names }
    }
}

/// What the parameter of a path names.
fn kind(path: &str, parameter: &str) -> &'static str {
    let kinds = [
        ("/api/v1/workspace/applications/", "id", "application"),
        ("/app/settings/applications/", "id", "application"),
        ("/", "key", "api key"),
        ("/app/people/invitations/", "id", "invitation"),
        ("/app/people/roles/", "id", "role"),
        ("/app/people/", "id", "member"),
        ("/app/people/", "share", "share"),
        ("/app/share/", "id", "post"),
        ("/app/share/", "share", "share"),
        ("/app/share/", "guest", "guest"),
        ("/app/settings/guests/", "id", "guest"),
        ("/api/v1/workspace/members/", "id", "member"),
        ("/api/v1/workspace/roles/", "id", "role"),
        ("/api/v1/workspace/invitations/", "id", "invitation"),
        ("/api/v1/workspace/shares/", "id", "share"),
        ("/api/v1/workspace/guests/", "id", "guest"),
        ("/app/billing/subscriptions/", "id", "subscription"),
        ("/api/v1/billing/subscriptions/", "id", "subscription"),
        ("/app/audit/", "id", "audit"),
        ("/app/inbox/", "id", "notification"),
        ("/api/v1/inbox/notifications/", "id", "notification"),
        ("/app/blog/posts/", "id", "post"),
        ("/app/blog/posts/", "note", "note"),
        ("/app/blog/posts/", "preview", "preview"),
        ("/api/v1/blog/posts/", "note", "note"),
        ("/api/v1/blog/posts/", "preview", "preview"),
        ("/app/blog/tags/", "id", "tag"),
        ("/app/blog/series/", "id", "series"),
        ("/app/blog/redirects/", "id", "redirect"),
        ("/api/v1/blog/redirects/", "id", "redirect"),
        ("/api/v1/blog/series/", "id", "series"),
        ("/series/", "slug", "series slug"),
        ("/app/blog/comments/bans/", "id", "ban"),
        ("/app/blog/comments/", "id", "comment"),
        ("/api/v1/blog/comments/", "id", "comment"),
        ("/api/v1/blog/comment-bans/", "id", "ban"),
        ("/blog/comments/", "id", "comment"),
        ("/app/blog/authors/", "id", "author"),
        ("/api/v1/blog/content/posts/slug/", "slug", "post slug"),
        ("/api/v1/blog/content/tags/slug/", "slug", "tag slug"),
        ("/api/v1/blog/content/authors/slug/", "slug", "author slug"),
        ("/api/v1/blog/content/posts/", "id", "post"),
        ("/api/v1/blog/posts/", "id", "post"),
        ("/api/v1/blog/tags/", "id", "tag"),
        ("/api/v1/blog/authors/", "id", "author"),
        ("/blog/review/", "id", "post"),
        ("/blog/tag/", "slug", "tag slug"),
        ("/blog/author/", "slug", "author slug"),
        ("/blog/", "slug", "post slug"),
        ("/_t/logo/", "hash", "logo"),
        ("/account/sessions/", "id", "session"),
        ("/app/files/", "id", "file"),
        ("/api/v1/files/", "id", "file"),
        ("/media/", "id", "file"),
    ];
    let found = kinds
        .iter()
        .find(|(start, of, _)| path.starts_with(start) && *of == parameter);
    let (_, _, kind) = found.unwrap_or_else(|| panic!("{path}: whose is {parameter}?"));
    kind
}

/// The path with what `name` says for each kind; `None` when it names no row.
pub(crate) fn fill(path: &str, name: &dyn Fn(&'static str) -> String) -> Option<String> {
    let mut filled = String::new();
    let mut names = 0;
    for part in path.split_inclusive('}') {
        let Some((fixed, parameter)) = part.split_once('{') else {
            filled.push_str(part);
            continue;
        };
        filled.push_str(fixed);
        match parameter.trim_end_matches('}') {
            // A version is found through its post, a size through its file.
            "no" => filled.push('1'),
            // The same in every tenant.
            "kind" => filled.push_str("blog.post"),
            "variant" | "name" => filled.push_str("original"),
            skipped if NO_IDS.contains(&skipped) => return None,
            parameter => {
                filled.push_str(&name(kind(path, parameter)));
                names += 1;
            }
        }
    }
    (names > 0).then_some(filled)
}

/// A name of this kind that nothing has.
fn nobodys(kind: &str) -> String {
    match kind {
        "logo" => "0".repeat(64),
        kind if kind.ends_with("slug") => "no-such-slug".to_owned(),
        _ => Uuid::new_v4().to_string(),
    }
}

/// Calls a route and makes sure that the answer says nothing of the other tenant.
async fn call(client: &Client, route: &RouteFacts, path: &str) -> Reply {
    let method: Method = route.method.parse().expect("a method");
    let path = match route.path.rsplit('/').next() {
        Some("diff") => &format!("{path}?from=1"),
        _ => path,
    };
    let reply = if route.api {
        let body = match (method.as_str(), route.path.rsplit('/').next()) {
            ("GET" | "DELETE", _) => None,
            (_, Some("schedule")) => Some(json!({ "at": "2027-01-01T00:00:00Z" })),
            (_, Some("cancel")) => Some(json!({ "at": "period_end", "reason": "other" })),
            (_, Some("merge")) => Some(json!({ "into": Uuid::new_v4() })),
            _ => Some(json!({})),
        };
        client
            .api(method, path, &[("if-match", "\"1\"")], body.as_ref())
            .await
    } else {
        client.plainly(method, path, &[("rev", "1")]).await
    };
    silent(reply)
}

#[track_caller]
pub(crate) fn silent(reply: Reply) -> Reply {
    let shown = reply.body.to_lowercase();
    assert!(
        !shown.contains(OTHER),
        "{} shows the other tenant: {shown}",
        reply.url
    );
    for value in reply.headers.values() {
        let value = String::from_utf8_lossy(value.as_bytes()).to_lowercase();
        assert!(!value.contains(OTHER), "{}: {value}", reply.url);
    }
    reply
}

/// An answer without what differs from one request to the next.
fn plain(reply: &Reply, path: &str) -> (StatusCode, String) {
    let request = reply.header("x-request-id").expect("an id");
    (
        reply.status,
        reply.body.replace(request, "").replace(path, ""),
    )
}

/// Every row of a tenant, table by table: how many, and what is in them.
async fn rows(pool: &PgPool, slug: &str) -> BTreeMap<String, (i64, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.table_name::text from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
          where c.table_schema = 'public' and c.column_name = 'tenant_id' and t.table_type = 'BASE TABLE'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    let mut found = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "select count(*), md5(coalesce(string_agg(x::text, ' ' order by x::text), ''))
               from {table} x where tenant_id = (select id from tenants where slug = $1)"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(slug)
            .fetch_one(pool)
            .await
            .unwrap();
        found.insert(table, (row.get(0), row.get(1)));
    }
    found
}

struct Neighbours {
    app: TestApp,
    own: Studio,
    other: Studio,
    pool: PgPool,
}

impl Neighbours {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let own = Studio::new(&app, "northlight").await;
        let other = Studio::new(&app, OTHER).await;
        other.tenant.owner.upload_logo().await;
        app.run_jobs().await;
        let pool = app.database.pool(testkit::Role::Superuser);
        Self {
            app,
            own,
            other,
            pool,
        }
    }

    /// The owner's browser on the host that a route is served by.
    fn browser(&self, base: bool) -> Client {
        let owner = &self.own.tenant.owner;
        if base {
            owner.on("http://atelier.test")
        } else {
            owner.clone()
        }
    }

    async fn logo(&self) -> String {
        sqlx::query_scalar("select hash from tenant_logos")
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

/// Every route with its host: whether that is the base.
fn routes() -> Vec<(bool, RouteFacts)> {
    let table = Table::new(false);
    let base = table.base.facts().iter().map(|route| (true, route.clone()));
    let tenant = table
        .tenant
        .facts()
        .iter()
        .map(|route| (false, route.clone()));
    base.chain(tenant).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_tenant_are_as_unknown_as_ids_of_nobody() {
    let both = Neighbours::new().await;
    let mut theirs = both.other.names.clone();
    theirs.insert("logo", both.logo().await);
    let before = rows(&both.pool, OTHER).await;
    assert!(
        before.values().filter(|(count, _)| *count > 0).count() > 12,
        "{before:?}"
    );

    let mut tried = 0;
    for (base, route) in routes() {
        let browser = both.browser(base);
        let Some(path) = fill(&route.path, &|kind| theirs[kind].clone()) else {
            continue;
        };
        let Some(nowhere) = fill(&route.path, &nobodys) else {
            continue;
        };
        let (met, missed) = (
            call(&browser, &route, &path).await,
            call(&browser, &route, &nowhere).await,
        );
        assert_eq!(
            plain(&met, &path),
            plain(&missed, &nowhere),
            "{} {path} tells that it is somebody's",
            route.method
        );
        if route.method == "GET" || met.status != StatusCode::UNPROCESSABLE_ENTITY {
            assert_eq!(
                met.status,
                StatusCode::NOT_FOUND,
                "{} {path}: {}",
                route.method,
                met.body
            );
        }
        if route.method == "GET" && !route.api {
            // What a form before it had to say is shown once.
            browser.get("/nowhere").await;
            let (met, missed) = (browser.get(&path).await, browser.get(&nowhere).await);
            assert_eq!(
                plain(&silent(met), &path),
                plain(&missed, &nowhere),
                "the page at {path}"
            );
        }
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
    assert_eq!(
        rows(&both.pool, OTHER).await,
        before,
        "the other tenant's rows changed"
    );
}

/// Ids in bodies and queries, with the tenant's own things in the path.
#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_tenant_are_unknown_in_bodies_and_queries_too() {
    let both = Neighbours::new().await;
    let before = rows(&both.pool, OTHER).await;
    let owner = both.browser(false);
    let (own, theirs) = (&both.own.names, &both.other.names);
    let change = |name: &'static str, of: &'static str| {
        let path = format!("/api/v1/blog/posts/{}", own["post"]);
        move |kinds: &dyn Fn(&'static str) -> String| {
            (Method::PATCH, path.clone(), json!({ name: [kinds(of)] }))
        }
    };
    let merge = format!("/api/v1/blog/tags/{}/merge", own["tag"]);
    type Make<'a> = Box<dyn Fn(&dyn Fn(&'static str) -> String) -> (Method, String, Value) + 'a>;
    let calls: Vec<Make<'_>> = vec![
        Box::new(change("authors", "author")),
        Box::new(move |kinds| (Method::POST, merge.clone(), json!({ "into": kinds("tag") }))),
        Box::new(|kinds| {
            (
                Method::POST,
                "/api/v1/blog/authors".to_owned(),
                json!({ "membership_id": kinds("member") }),
            )
        }),
        Box::new(|kinds| {
            (
                Method::POST,
                "/api/v1/blog/posts".to_owned(),
                json!({ "title": "Borrowed", "authors": [kinds("author")] }),
            )
        }),
    ];
    for make in &calls {
        let mut answers = Vec::new();
        for name in [
            &(|kind: &'static str| theirs[kind].clone()) as &dyn Fn(&'static str) -> String,
            &nobodys,
        ] {
            let (method, path, body) = make(name);
            let etag = owner
                .get(&path)
                .await
                .header("etag")
                .unwrap_or("\"1\"")
                .to_owned();
            let reply = silent(
                owner
                    .api(method, &path, &[("if-match", &etag)], Some(&body))
                    .await,
            );
            assert!(
                reply.status.is_client_error(),
                "{path} took {body}: {}",
                reply.body
            );
            assert_ne!(reply.status, StatusCode::PRECONDITION_FAILED, "{path}");
            answers.push((reply.status, reply.body));
        }
        assert_eq!(answers[0], answers[1]);
    }
    let posts = format!("/api/v1/blog/posts?author={}", theirs["author"]);
    assert_eq!(
        silent(owner.get(&posts).await).expect(200).json::<Value>()["data"],
        json!([])
    );
    for action in ["publish", "unpublish", "trash", "restore"] {
        let path = format!("/app/blog/posts/bulk/{action}");
        let form = [("id", theirs["post"].as_str())];
        let reply = silent(owner.post(&path, &form).await);
        assert!(!reply.status.is_server_error(), "{path}: {}", reply.body);
    }
    for path in [
        format!("/app/people?after={}", theirs["member"]),
        format!("/app/blog/posts?author={}", theirs["author"]),
        format!("/app/audit?after={}", theirs["audit"]),
        format!("/app/audit?actor={}", theirs["member"]),
    ] {
        let reply = silent(owner.get(&path).await);
        assert!(!reply.status.is_server_error(), "{path}");
    }
    assert_eq!(
        rows(&both.pool, OTHER).await,
        before,
        "the other tenant's rows changed"
    );
}

/// A body that names a tenant selects none, and none of the fields that only the server sets can be sent.
#[tokio::test]
async fn nothing_in_a_body_chooses_the_tenant() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    for field in [
        "tenant_id",
        "id",
        "status",
        "created_by",
        "rev",
        "published_at",
    ] {
        let body = json!({ "title": "Mine", field: Uuid::new_v4() });
        northlight
            .owner
            .api(Method::POST, "/api/v1/blog/posts", &[], Some(&body))
            .await
            .expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_feed_export_or_search_shows_another_tenant() {
    let both = Neighbours::new().await;
    let own = &both.own.names;
    let (owner, visitor) = (
        both.browser(false),
        both.app.visitor().on(&both.own.tenant.origin()),
    );
    let mut seen = 0;
    for (base, route) in routes() {
        if route.method != "GET" {
            continue;
        }
        let path = if route.path.contains('{') {
            let known =
                |kind: &'static str| own.get(kind).cloned().unwrap_or_else(|| nobodys(kind));
            fill(&route.path, &known).unwrap_or_else(|| {
                route
                    .path
                    .replace("{part}", "1.xml")
                    .replace("{group}", "posts")
                    .replace("{token}", "x")
            })
        } else {
            route.path.clone()
        };
        for client in [&owner, &visitor] {
            let client = if base {
                client.on("http://atelier.test")
            } else {
                client.clone()
            };
            let reply = silent(client.get(&path).await);
            assert!(!reply.status.is_server_error(), "{path}: {}", reply.body);
            seen += usize::from(reply.status == StatusCode::OK);
        }
    }
    assert!(seen > 40, "{seen}");
    // What is their own is there: the rest would say nothing of an empty page.
    for path in [
        "/blog",
        "/feed.xml",
        "/atom.xml",
        "/feed.json",
        "/app/blog/posts",
        "/api/v1/blog/posts",
    ] {
        let reply = owner.get(path).await.expect(200);
        assert!(
            reply.body.contains("northlight by night"),
            "{path}: {}",
            reply.body
        );
    }
    for query in [BEGINNING, "by night", "harbour"] {
        let query = query.replace(' ', "%20");
        for path in [
            "/app/search.json",
            "/search",
            "/api/v1/blog/search",
            "/app/blog/posts",
            "/app/people",
            "/app/blog/tags",
            "/api/v1/blog/posts",
            "/api/v1/blog/tags",
        ] {
            silent(owner.get(&format!("{path}?q={query}")).await).expect(200);
        }
    }
    let audit = silent(owner.get("/app/audit/export.csv").await).expect(200);
    assert!(audit.body.lines().count() > 2, "{}", audit.body);
    // The other way round the word is there, so the watch above could have seen it.
    let theirs = &both.other.tenant.owner;
    for path in [
        "/app",
        "/blog",
        "/feed.xml",
        "/app/people",
        "/app/audit/export.csv",
        "/app/inbox",
        "/api/v1/blog/tags",
    ] {
        let reply = theirs.get(path).await.expect(200);
        assert!(
            reply.body.to_lowercase().contains(OTHER),
            "{path}: {}",
            reply.body
        );
    }
}

#[test]
fn every_parameter_is_known_and_a_new_one_is_found() {
    for (_, route) in routes() {
        fill(&route.path, &nobodys);
    }
    assert!(fill("/app/blog/posts", &nobodys).is_none());
    assert_eq!(
        fill("/blog/tag/{slug}/feed.xml", &nobodys).as_deref(),
        Some("/blog/tag/no-such-slug/feed.xml")
    );
    let unknown = std::panic::catch_unwind(|| fill("/app/moon/{id}", &nobodys));
    assert!(unknown.is_err());
}
