//! A platform with something on every page: the demo's studios, and mails with links that nobody has followed yet.

use std::collections::BTreeMap;

use database::Change;
use http::Method;
use module::{GateKind, RouteFacts};
use serde_json::{Value, json};
use server::platform::Platform;
use sqlx::{AssertSqlSafe, PgPool};
use testkit::{Database, Role};
use uuid::Uuid;

use super::{Client, MEMBER_PASSWORD};

/// A studio of the demo.
pub const STUDIO: &str = "halden";

/// Addresses of real things for every pattern of a route.
pub struct Samples {
    /// Nobody's browser.
    pub visitor: Client,
    /// The owner's browser, signed in on both hosts.
    pub owner: Client,
    /// The operator's browser, signed in at the console.
    pub operator: Client,
    /// How the owner signs in.
    pub email: &'static str,
    pub password: &'static str,
    values: BTreeMap<String, String>,
}

impl Samples {
    /// Fills the platform and remembers what is where.
    pub async fn seed(platform: &Platform, database: &Database) -> Self {
        let log_ins = server::demo::load(platform).await.expect("the demo");
        platform.forget(Change::Everything);
        let owner_of = |slug: &str| log_ins.iter().find(|log_in| log_in.slug == slug);
        let log_in = owner_of(STUDIO).expect("a studio of the demo");
        let links = platform.app.links();
        let visitor = Client::new(platform.router.clone(), trimmed(&links.base("")));
        let owner = Client::new(platform.router.clone(), trimmed(&links.base("")));
        let form = [("email", log_in.email), ("password", log_in.password)];
        let reply = owner.post("/login", &form).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        let inside = owner.on(&trimmed(&links.tenant(STUDIO, "")));
        let home = inside.visit("/app").await;
        assert_eq!(home.status, 200, "{} answers {}", home.url, home.body);
        let operator = Client::new(platform.router.clone(), trimmed(&links.ops("")));
        let form = [
            ("email", server::demo::OPERATOR.email),
            ("password", server::demo::OPERATOR.password),
        ];
        let reply = operator.post("/login", &form).await;
        assert_eq!(reply.status, 303, "{}", reply.body);
        let mut samples = Self {
            visitor,
            owner,
            operator,
            email: log_in.email,
            password: log_in.password,
            values: BTreeMap::new(),
        };
        samples.ask_for_mails(&inside).await;
        make_a_program(&inside).await;
        samples.look_up(&database.pool(Role::Superuser)).await;
        samples.talk_about_a_post(&inside).await;
        samples
            .answer_a_reader(&inside, &database.pool(Role::Superuser))
            .await;
        samples
    }

    /// Sends the mails whose links lead to pages of their own.
    async fn ask_for_mails(&mut self, inside: &Client) {
        let recover = [("email", self.email)];
        let invite = [("email", "nadia@halden.example"), ("role", "author")];
        let sign_up = [
            ("interest", "music"),
            ("name", "Lisboa Strings"),
            ("slug", "lisboa-strings"),
            ("person", "Ines Duarte"),
            ("email", "ines@lisboa.example"),
            ("password", MEMBER_PASSWORD),
            ("time_zone", "Europe/Lisbon"),
        ];
        for (client, path, form) in [
            (&self.visitor, "/recover", &recover[..]),
            (&self.visitor, "/signup", &sign_up[..]),
            (inside, "/app/people/invite", &invite[..]),
        ] {
            let reply = client.post(path, form).await;
            assert_eq!(reply.status, 303, "{path} answers {}", reply.body);
        }
    }

    /// Says something about a post, and makes a link to its draft.
    async fn talk_about_a_post(&mut self, inside: &Client) {
        let post = format!("/api/v1/blog/posts/{}", self.values["/app/blog/posts/{id}"]);
        let note = json!({
            "body": "Could the second picture be larger?",
            "passage": "A window to the north",
        });
        let path = format!("{post}/notes");
        let reply = inside.api(Method::POST, &path, &[], Some(&note)).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        let path = format!("{post}/previews");
        let reply = inside.api(Method::POST, &path, &[], Some(&json!({}))).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        let link: Value = reply.json();
        let token = link["url"].as_str().and_then(|url| url.rsplit('/').next());
        let token = token.expect("the address of a link").to_owned();
        self.values.insert("/p/{token}".to_owned(), token);
    }

    /// Answers a reader who asked to hear of that: the mail has the way out.
    async fn answer_a_reader(&mut self, inside: &Client, pool: &PgPool) {
        let asked = sqlx::query_as::<_, (Uuid, Uuid)>(
            "update blog_comments c set notify_replies = true, guest_verified_at = c.created_at
             from (select a.tenant_id, a.id from blog_comments a join tenants t on t.id = a.tenant_id
                   where t.slug = $1 and a.status = 'approved' and a.guest_email is not null limit 1) asked
             where c.tenant_id = asked.tenant_id and c.id = asked.id returning c.id, c.post_id",
        );
        let (comment, post) = asked.bind(STUDIO).fetch_one(pool).await.expect("a reader");
        let path = format!("/api/v1/blog/posts/{post}/comments");
        let answer = json!({ "content": "We will write about that next.", "parent": comment });
        let reply = inside.api(Method::POST, &path, &[], Some(&answer)).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        let text: String = sqlx::query_scalar(
            "select body_text from mail_messages where template = 'blog.comment_reply'",
        )
        .fetch_one(pool)
        .await
        .expect("a mail");
        let token = text.split_once("/blog/comments/quiet/");
        // The answer was for the sake of the mail.
        sqlx::query("delete from blog_comments where reply_told_at is not null")
            .execute(pool)
            .await
            .expect("it goes");
        let token = token.and_then(|(_, rest)| rest.split_whitespace().next());
        self.values.insert(
            "/blog/comments/quiet/{token}".to_owned(),
            token.expect("a way out").to_owned(),
        );
    }

    /// Notes an address of each kind of thing.
    async fn look_up(&mut self, pool: &PgPool) {
        let tenant: Uuid = one(pool, "select id from tenants where slug = 'halden'").await;
        for (pattern, marker) in [
            ("/reset/{token}", "/reset/"),
            ("/signup/confirm/{token}", "/signup/confirm/"),
            ("/invite/{token}", "/invite/"),
            ("/blog/comments/confirm/{token}", "/blog/comments/confirm/"),
        ] {
            let texts = sqlx::query_scalar::<_, String>(
                "select body_text from mail_messages order by created_at desc",
            );
            let texts = texts.fetch_all(pool).await.expect("mails");
            let token = texts.iter().find_map(|text| {
                let (_, rest) = text.split_once(marker)?;
                rest.split_whitespace().next().map(str::to_owned)
            });
            let token = token.unwrap_or_else(|| panic!("no mail has a link with {marker}"));
            self.values.insert(pattern.to_owned(), token);
        }
        // Only the hash of such a link's secret is kept, so the sample brings its own.
        let secret = module::Secret::generate();
        let link = sqlx::query(
            "insert into notification_unsubscribes (tenant_id, token_hash, membership_id, kinds, created_at)
             select tenant_id, $2, id, '{workspace.role}', now() from memberships where tenant_id = $1 limit 1",
        );
        link.bind(tenant)
            .bind(secret.hash().as_slice())
            .execute(pool)
            .await
            .expect("a link out of mail");
        self.values.insert(
            "/notifications/unsubscribe/{token}".to_owned(),
            secret.as_str().to_owned(),
        );
        for (pattern, question) in [
            (
                "/tenants/{id}",
                "select id from tenants where slug = 'halden'",
            ),
            (
                "/tenants/{id}/subscriptions/{subscription}",
                "select s.id from subscriptions s join tenants t on t.id = s.tenant_id where t.slug = 'halden'",
            ),
            (
                "/products/plans/{id}",
                "select l.id from plans l join products p on p.id = l.product_id where p.module_key = 'blog' and l.slug = 'studio'",
            ),
            (
                "/products/{id}",
                "select id from products where module_key = 'blog'",
            ),
        ] {
            let id = one(pool, question).await;
            self.values.insert(pattern.to_owned(), id.to_string());
        }
        self.values
            .insert("/app/share/{kind}".to_owned(), "blog.post".to_owned());
        let secret = module::Secret::generate();
        let link = sqlx::query(
            "insert into guest_grants (tenant_id, id, label, context_type, context_id, context_name, path, token_hash,
                                       granted_by, created_at, expires_at)
             select m.tenant_id, gen_random_uuid(), 'Nadia', 'blog.post', p.id, p.title, '/blog/review/' || p.id, $2,
                    m.id, now(), '2100-01-01'
             from memberships m join blog_posts p on p.tenant_id = m.tenant_id where m.tenant_id = $1 limit 1",
        );
        link.bind(tenant)
            .bind(secret.hash().as_slice())
            .execute(pool)
            .await
            .expect("a guest's link");
        self.values
            .insert("/guest/{token}".to_owned(), secret.as_str().to_owned());
        let post = "select id from blog_posts where tenant_id = $1 and published_at is not null order by created_at limit 1";
        for (pattern, question) in [
            (
                "/_mail/{id}",
                "select id from mail_messages where $1 is not null order by created_at limit 1",
            ),
            (
                "/app/people/{id}",
                "select id from memberships where tenant_id = $1 limit 1",
            ),
            (
                "/app/files/{id}",
                "select id from files_objects where tenant_id = $1 limit 1",
            ),
            (
                "/app/audit/{id}",
                "select id from audit_log where tenant_id = $1 limit 1",
            ),
            (
                "/app/people/roles/{id}",
                "select id from roles where tenant_id = $1 and key = 'editor'",
            ),
            ("/app/share/{kind}/{id}", post),
            ("/blog/review/{id}", post),
            (
                "/app/settings/applications/{id}",
                "select id from applications where tenant_id = $1 limit 1",
            ),
            (
                "/app/billing/subscriptions/{id}",
                "select id from subscriptions where tenant_id = $1 limit 1",
            ),
            ("/app/blog/posts/{id}", post),
            (
                "/app/blog/redirects/{id}",
                "select id from blog_redirects where tenant_id = $1 limit 1",
            ),
            (
                "/app/blog/series/{id}",
                "select id from blog_series where tenant_id = $1 limit 1",
            ),
            (
                "/app/blog/comments/{id}",
                "select id from blog_comments where tenant_id = $1 order by created_at limit 1",
            ),
            (
                "/app/blog/tags/{id}",
                "select id from blog_tags where tenant_id = $1 limit 1",
            ),
            (
                "/app/blog/authors/{id}",
                "select id from blog_authors where tenant_id = $1 limit 1",
            ),
        ] {
            let id = sqlx::query_scalar::<_, Uuid>(AssertSqlSafe(question)).bind(tenant);
            let id = id
                .fetch_one(pool)
                .await
                .unwrap_or_else(|error| panic!("{pattern}: {error}"));
            self.values.insert(pattern.to_owned(), id.to_string());
        }
        for (pattern, question) in [
            (
                "/blog/{slug}",
                "select slug from blog_posts where tenant_id = $1 and published_at is not null order by created_at limit 1",
            ),
            (
                "/series/{slug}",
                "select slug from blog_series where tenant_id = $1 limit 1",
            ),
            (
                "/blog/tag/{slug}",
                "select slug from blog_tags where tenant_id = $1 limit 1",
            ),
            (
                "/blog/author/{slug}",
                "select slug from blog_authors where tenant_id = $1 limit 1",
            ),
        ] {
            let slug = sqlx::query_scalar::<_, String>(AssertSqlSafe(question)).bind(tenant);
            let slug = slug
                .fetch_one(pool)
                .await
                .unwrap_or_else(|error| panic!("{pattern}: {error}"));
            self.values.insert(pattern.to_owned(), slug);
        }
        self.values
            .insert("/api/v1/reference/{group}".to_owned(), "posts".to_owned());
        self.values.insert(
            "/app/blog/posts/{id}/versions/{no}".to_owned(),
            "1".to_owned(),
        );
    }

    /// The address of a page, without its host.
    pub fn path(&self, route: &RouteFacts) -> String {
        let mut path = String::new();
        let mut done = 0;
        while let Some(open) = route.path[done..].find('{') {
            let end = done + route.path[done..].find('}').expect("a closed parameter") + 1;
            let key = &route.path[..end];
            let value = self
                .values
                .get(key)
                .unwrap_or_else(|| panic!("no sample for {key}"));
            path.push_str(&route.path[done..done + open]);
            path.push_str(value);
            done = end;
        }
        path.push_str(&route.path[done..]);
        path
    }

    /// The browser of somebody whom the gate lets in, on the host of the route.
    pub fn client(&self, platform: &Platform, gate: GateKind) -> Client {
        let links = platform.app.links();
        let (person, origin) = match gate {
            GateKind::Visitor => (&self.visitor, links.base("")),
            GateKind::SignedIn => (&self.owner, links.base("")),
            GateKind::Public | GateKind::Key => (&self.visitor, links.tenant(STUDIO, "")),
            GateKind::Member | GateKind::Permission(_) | GateKind::Invited(_) => {
                (&self.owner, links.tenant(STUDIO, ""))
            }
            GateKind::OpsVisitor => (&self.visitor, links.ops("")),
            GateKind::Operator(_) => (&self.operator, links.ops("")),
        };
        person.on(&trimmed(&origin))
    }
}

/// An application with a key that was used, one that is being replaced, and one that is revoked.
async fn make_a_program(inside: &Client) {
    let made = async |path: String, body: serde_json::Value| -> serde_json::Value {
        let reply = inside.api(Method::POST, &path, &[], Some(&body)).await;
        assert!(reply.status.is_success(), "{path} answers {}", reply.body);
        reply.json()
    };
    let applications = "/api/v1/workspace/applications".to_owned();
    let body = serde_json::json!({
        "product": "blog", "name": "My site", "allowed_origins": ["https://halden.example"],
    });
    let application = made(applications.clone(), body).await;
    let keys = format!(
        "{applications}/{}/keys",
        application["id"].as_str().expect("an id")
    );
    let key = async |name: &str, scopes: &[&str]| {
        let body = serde_json::json!({ "name": name, "scopes": scopes });
        made(keys.clone(), body).await
    };
    let act = async |key: &serde_json::Value, action: &str| {
        let id = key["id"].as_str().expect("an id");
        made(format!("{keys}/{id}/{action}"), serde_json::json!({})).await
    };
    act(&key("Old server", &["posts:read"]).await, "revoke").await;
    act(
        &key("Import script", &["posts:write", "tags:write"]).await,
        "rotate",
    )
    .await;
    let server = key("Web server", &["content:read"]).await;
    let bearer = format!("Bearer {}", server["secret"].as_str().expect("a secret"));
    let headers = [("authorization", bearer.as_str())];
    let path = "/api/v1/blog/content/posts";
    for _ in 0..3 {
        let reply = inside.api(Method::GET, path, &headers, None::<&()>).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}

fn trimmed(origin: &str) -> String {
    origin.trim_end_matches('/').to_owned()
}

async fn one(pool: &PgPool, question: &'static str) -> Uuid {
    sqlx::query_scalar(question)
        .fetch_one(pool)
        .await
        .expect("an id")
}
