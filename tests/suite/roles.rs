//! Roles of a tenant's own: what they allow, who may make and give them, how they end, and what two people at once can
//! do to each other.

use std::time::Duration;

use http::Method;
use kernel::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::nodes::{Second, membership, soon};
use crate::support::{Client, MEMBER_PASSWORD, Reply, TestApp, TestTenant};

const ROLES: &str = "/api/v1/workspace/roles";
const INVITATIONS: &str = "/api/v1/workspace/invitations";

async fn create(client: &Client, name: &str, permissions: &[&str]) -> Reply {
    let role = json!({ "name": name, "permissions": permissions });
    client.api(Method::POST, ROLES, &[], Some(&role)).await
}

/// A role that somebody made: its id, key and tag.
struct Made {
    path: String,
    key: String,
    etag: String,
}

async fn made(client: &Client, name: &str, permissions: &[&str]) -> Made {
    let reply = create(client, name, permissions).await.expect(201);
    let role: Value = reply.json();
    Made {
        path: format!("{ROLES}/{}", role["id"].as_str().unwrap()),
        key: role["key"].as_str().unwrap().to_owned(),
        etag: reply.header("etag").unwrap().to_owned(),
    }
}

async fn change(client: &Client, role: &Made, patch: &Value) -> Reply {
    let headers = [("if-match", role.etag.as_str())];
    client
        .api(Method::PATCH, &role.path, &headers, Some(patch))
        .await
}

/// Invites somebody with a role of any kind, and lets them join.
async fn join(app: &TestApp, studio: &TestTenant, email: &str, role: &str) -> Client {
    let form = [("email", email), ("role", role)];
    studio
        .owner
        .post("/app/people/invite", &form)
        .await
        .expect(303);
    accept(app, studio, email).await
}

async fn accept(app: &TestApp, studio: &TestTenant, email: &str) -> Client {
    let link = app.letter(email).await.link();
    let path = link.strip_prefix("http://atelier.test").unwrap();
    let browser = app.visitor();
    let person = [("name", "Jo Vale"), ("password", MEMBER_PASSWORD)];
    let joined = browser.post(&format!("{path}/register"), &person).await;
    browser.follow(joined).await.expect(200);
    browser.on(&studio.origin())
}

async fn give(client: &Client, member: &str, roles: &Value) -> Reply {
    let path = format!("/api/v1/workspace/members/{member}");
    client
        .api(Method::PATCH, &path, &[], Some(&json!({ "roles": roles })))
        .await
}

fn codes(reply: &Reply) -> Vec<String> {
    let problem: Value = reply.json();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|error| error["code"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn a_role_allows_what_it_names_and_nothing_else() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let form = [
        ("name", "Producer"),
        ("description", "Writes, and looks after tags."),
        ("permission", "blog.posts.read"),
        ("permission", "blog.posts.write"),
        ("permission", "blog.tags.read"),
        ("permission", "blog.tags.manage"),
    ];
    let saved = studio
        .owner
        .post("/app/people/roles", &form)
        .await
        .expect(303);
    let path = saved.location().unwrap();
    let key = path.rsplit('/').next().unwrap();
    let producer = join(&app, &studio, "jo@northlight.test", key).await;
    let letter = app.letter("jo@northlight.test").await;
    assert!(
        letter.text.contains("Your role: Producer"),
        "{}",
        letter.text
    );

    producer.get("/app/blog/posts").await.expect(200);
    producer.get("/app/blog/tags").await.expect(200);
    producer
        .plainly(Method::GET, "/app/people", &[])
        .await
        .expect(403);
    let post = json!({ "title": "Mine" });
    let post: Value = producer
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&post))
        .await
        .expect(201)
        .json();
    let publish = format!(
        "/api/v1/blog/posts/{}/publish",
        post["id"].as_str().unwrap()
    );
    producer
        .api(Method::POST, &publish, &[], Some(&json!({})))
        .await
        .expect(403);
    let me = producer.get("/app/me").await.expect(200);
    assert!(me.body.contains("Producer"), "{}", me.body);

    let page = studio.owner.get(&path).await.expect(200);
    assert!(page.body.contains("Jo Vale"), "who has it: {}", page.body);
    let list = studio.owner.get("/app/people/roles").await.expect(200);
    assert!(list.body.contains("Producer") && list.body.contains("Built in"));
    let copy = studio
        .owner
        .get(&format!("/app/people/roles/new?from={key}"))
        .await
        .expect(200);
    assert!(copy.body.contains("Copy of Producer"), "{}", copy.body);
    let people = studio
        .owner
        .get(&format!("/app/people?role={key}"))
        .await
        .expect(200);
    assert!(people.body.contains("Jo Vale") && !people.body.contains("Mara Lindqvist</a>"));
}

/// Every way by which somebody might get or hand on more than they have.
#[tokio::test]
async fn nobody_gets_or_gives_more_than_they_have() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let owner = &studio.owner;
    // A deputy may do much but see the money; a keeper of roles little besides.
    let deputy = made(
        owner,
        "Deputy",
        &[
            "workspace.roles.manage",
            "workspace.members.read",
            "workspace.members.manage",
            "workspace.members.invite",
            "blog.posts.read",
            "blog.posts.publish",
        ],
    )
    .await;
    let admin = join(&app, &studio, "ada@northlight.test", &deputy.key).await;
    let strong = made(owner, "Treasurer", &["billing.subscription.read"]).await;
    let keeper = made(
        owner,
        "Keeper",
        &[
            "workspace.roles.manage",
            "workspace.members.read",
            "workspace.members.manage",
            "workspace.members.invite",
            "blog.posts.read",
        ],
    )
    .await;
    let small = made(owner, "Reader", &["blog.posts.read"]).await;
    let jo = join(&app, &studio, "jo@northlight.test", &keeper.key).await;
    let viewer = studio.member(&app, Role::Viewer, "Vi Viewer").await;
    let (jo_id, vi_id) = (
        membership(&app, "jo@northlight.test").await,
        membership(&app, "viewer@northlight.test").await,
    );

    let refused: Vec<(&str, Reply, u16, &str)> =
        vec![
        (
            "a deputy makes a role for money",
            create(&admin, "Mine", &["blog.posts.read", "billing.subscription.read"]).await,
            422,
            "escalation",
        ),
        (
            "a keeper makes a role for publishing",
            create(&jo, "Mine", &["blog.posts.publish"]).await,
            422,
            "escalation",
        ),
        (
            "a keeper adds to the role that they hold",
            change(
                &jo,
                &keeper,
                &json!({ "permissions": ["workspace.roles.manage", "workspace.settings.update"] }),
            )
            .await,
            422,
            "escalation",
        ),
        (
            "a keeper adds to another role, to give it to themselves",
            change(&jo, &small, &json!({ "permissions": ["blog.posts.publish"] })).await,
            422,
            "escalation",
        ),
        (
            "a keeper renames a role that may do more",
            change(&jo, &strong, &json!({ "name": "Harmless" })).await,
            403,
            "",
        ),
        (
            "a keeper gives themselves a stronger role",
            give(&jo, &jo_id, &json!([{ "key": strong.key }, { "key": keeper.key }])).await,
            422,
            "escalation",
        ),
        (
            "a keeper gives somebody a built-in role that may do more",
            give(&jo, &vi_id, &json!([{ "key": "editor" }])).await,
            422,
            "escalation",
        ),
        (
            "a deputy gives the role of money",
            give(&admin, &vi_id, &json!([{ "key": strong.key }])).await,
            422,
            "escalation",
        ),
        (
            "ownership is no role to be given",
            give(&admin, &vi_id, &json!([{ "key": "owner" }])).await,
            422,
            "required",
        ),
        (
            "a keeper invites with a stronger role",
            jo.api(
                Method::POST,
                INVITATIONS,
                &[],
                Some(&json!({ "email": "new@northlight.test", "roles": [strong.key] })),
            )
            .await,
            422,
            "escalation",
        ),
        (
            "an owner puts ownership into a role",
            create(owner, "Co-owner", &["workspace.owners.change"]).await,
            422,
            "owners_alone",
        ),
        (
            "a viewer makes a role",
            create(&viewer, "Mine", &["blog.posts.read"]).await,
            403,
            "",
        ),
        (
            "a deputy makes somebody an owner",
            admin
                .api(
                    Method::PATCH,
                    &format!("/api/v1/workspace/members/{vi_id}"),
                    &[],
                    Some(&json!({ "owner": true })),
                )
                .await,
            403,
            "",
        ),
        (
            "a permission that there is not",
            create(owner, "Odd", &["blog.moon.land"]).await,
            422,
            "unknown",
        ),
    ];
    for (what, reply, status, code) in refused {
        assert_eq!(reply.status.as_u16(), status, "{what}: {}", reply.body);
        if !code.is_empty() {
            assert!(
                codes(&reply).contains(&code.to_owned()),
                "{what}: {}",
                reply.body
            );
        }
    }
    // A stronger role in the place of one that goes is a gift, too.
    give(owner, &vi_id, &json!([{ "key": small.key }]))
        .await
        .expect(200);
    let headers = [("if-match", small.etag.as_str())];
    let path = format!("{}?replacement={}", small.path, strong.key);
    let reply = jo.api(Method::DELETE, &path, &headers, None::<&()>).await;
    assert_eq!(codes(&reply.expect(422)), ["escalation"]);
    // The forms refuse alike, and whatever was tried has changed nothing.
    let form = [("role", strong.key.as_str())];
    let page = jo.post(&format!("/app/people/{vi_id}/roles"), &form).await;
    page.expect(422);
    let form = [("name", "Mine"), ("permission", "blog.posts.publish")];
    jo.post("/app/people/roles", &form).await.expect(422);
    let pool = app.database.pool(testkit::Role::Superuser);
    let own: Vec<String> =
        sqlx::query_scalar("select name from roles where not is_system order by name")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(own, ["Deputy", "Keeper", "Reader", "Treasurer"]);
    let held: i64 = sqlx::query_scalar(
        "select count(*) from membership_roles mr join roles r on r.id = mr.role_id where r.name = 'Treasurer'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(held, 0);
    // What they may do they may hand on.
    create(&jo, "Second reader", &["blog.posts.read"])
        .await
        .expect(201);
}

#[tokio::test]
async fn built_in_roles_stay_as_they_are_and_names_are_taken_once() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let owner = &studio.owner;
    let roles: Value = owner.get(ROLES).await.expect(200).json();
    let roles = roles["data"].as_array().unwrap();
    assert_eq!(roles.len(), 7);
    for role in roles {
        let built_in = Made {
            path: format!("{ROLES}/{}", role["id"].as_str().unwrap()),
            key: String::new(),
            etag: "\"1\"".into(),
        };
        let patch = json!({ "permissions": ["blog.posts.read"] });
        let reply = change(owner, &built_in, &patch).await.expect(409);
        assert_eq!(reply.json::<Value>()["code"], "built_in");
        let headers = [("if-match", "\"1\"")];
        owner
            .api(Method::DELETE, &built_in.path, &headers, None::<&()>)
            .await
            .expect(409);
    }
    let taken = create(owner, "OWNER", &["blog.posts.read"])
        .await
        .expect(422);
    assert_eq!(codes(&taken), ["taken"]);
    let both = tokio::join!(
        create(owner, "Producer", &["blog.posts.read"]),
        create(owner, "producer", &["blog.posts.read"])
    );
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
    // Whoever changes what somebody else has changed is told.
    let role = made(owner, "Archivist", &["blog.posts.read"]).await;
    change(owner, &role, &json!({ "name": "Keeper" }))
        .await
        .expect(200);
    change(owner, &role, &json!({ "name": "Other" }))
        .await
        .expect(412);
}

#[tokio::test]
async fn a_role_in_use_goes_only_when_another_takes_its_place() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let owner = &studio.owner;
    let role = made(owner, "Producer", &["blog.posts.read", "blog.posts.write"]).await;
    let jo = join(&app, &studio, "jo@northlight.test", &role.key).await;
    let waiting = json!({ "email": "later@northlight.test", "roles": [role.key] });
    owner
        .api(Method::POST, INVITATIONS, &[], Some(&waiting))
        .await
        .expect(201);
    let headers = [("if-match", role.etag.as_str())];
    let reply = owner
        .api(Method::DELETE, &role.path, &headers, None::<&()>)
        .await
        .expect(409);
    assert_eq!(reply.json::<Value>()["code"], "role_in_use");
    let path = format!("{}?replacement=viewer", role.path);
    owner
        .api(Method::DELETE, &path, &headers, None::<&()>)
        .await
        .expect(204);
    app.forget();
    jo.get("/app/blog/posts").await.expect(200);
    jo.plainly(Method::GET, "/app/blog/posts/new", &[])
        .await
        .expect(403);
    let late = accept(&app, &studio, "later@northlight.test").await;
    let me = late.get("/app/me").await.expect(200);
    assert!(me.body.contains("Viewer"), "{}", me.body);
    owner.get(&role.path).await.expect(404);
}

#[tokio::test]
async fn a_role_for_a_while_ends_at_its_instant() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let viewer = studio.member(&app, Role::Viewer, "Vi Viewer").await;
    let id = membership(&app, "viewer@northlight.test").await;
    // It is Monday 10:00 in Berlin; the last day is today.
    let form = [
        ("role", "viewer"),
        ("role", "editor"),
        ("until-editor", "2026-03-02"),
    ];
    let path = format!("/app/people/{id}/roles");
    studio.owner.post(&path, &form).await.expect(303);
    app.forget();
    viewer.get("/app/blog/posts/new").await.expect(200);
    let page = studio
        .owner
        .get(&format!("/app/people/{id}"))
        .await
        .expect(200);
    assert!(
        page.body.contains("Editor until 3 Mar 2026, 00:00"),
        "{}",
        page.body
    );
    // Midnight in Berlin is 23:00; nothing is forgotten meanwhile, so the cache must know the end itself.
    app.advance(Duration::from_secs(14 * 3_600 - 1));
    viewer.get("/app/blog/posts/new").await.expect(200);
    app.advance(Duration::from_secs(1));
    viewer
        .plainly(Method::GET, "/app/blog/posts/new", &[])
        .await
        .expect(403);
    viewer.get("/app/blog/posts").await.expect(200);
    let past = [("role", "editor"), ("until-editor", "2026-03-01")];
    studio.owner.post(&path, &past).await.expect(422);
    // What has ended can be given again, for good.
    let again = [("role", "viewer"), ("role", "editor")];
    studio.owner.post(&path, &again).await.expect(303);
    app.forget();
    viewer.get("/app/blog/posts/new").await.expect(200);
}

/// Waits until so many transactions wait for a lock.
async fn waiting(pool: &PgPool, wanted: i64) {
    let deadline = tokio::time::Instant::now() + Duration::from_millis(1_500);
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if waiting >= wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{waiting} wait");
        tokio::task::yield_now().await;
    }
}

/// Whoever is demoted while their request waits hands nothing on: the permissions that count are those under the lock.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_a_role_meanwhile_gives_nothing() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let admin = studio.member(&app, Role::Admin, "Ada Admin").await;
    studio.member(&app, Role::Viewer, "Vi Viewer").await;
    let (ada, vi) = (
        membership(&app, "admin@northlight.test").await,
        membership(&app, "viewer@northlight.test").await,
    );
    admin.get("/app/people").await.expect(200);
    let pool = app.database.pool(testkit::Role::Superuser);
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("select id from tenants for update")
        .execute(&mut *lock)
        .await
        .unwrap();
    let owner = studio.owner.clone();
    let demoted =
        tokio::spawn(async move { give(&owner, &ada, &json!([{ "key": "viewer" }])).await });
    waiting(&pool, 1).await;
    let gave = tokio::spawn(async move { give(&admin, &vi, &json!([{ "key": "editor" }])).await });
    waiting(&pool, 2).await;
    lock.commit().await.unwrap();
    demoted.await.unwrap().expect(200);
    assert_eq!(codes(&gave.await.unwrap().expect(422)), ["escalation"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_holds_on_the_other_node_at_once() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let role = made(
        &studio.owner,
        "Producer",
        &["blog.posts.read", "blog.posts.write"],
    )
    .await;
    let jo = join(&app, &studio, "jo@northlight.test", &role.key).await;
    let second = Second::new(&app).await;
    let there = second.browser(&jo);
    there.get("/app/blog/posts/new").await.expect(200);
    let patch = json!({ "permissions": ["blog.posts.read"] });
    change(&studio.owner, &role, &patch).await.expect(200);
    soon(&there, "/app/blog/posts/new", |reply| reply.status == 403).await;
    there.get("/app/blog/posts").await.expect(200);
}

#[tokio::test]
async fn the_last_owner_stays_whatever_the_api_is_asked() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let id = membership(&app, "owner@northlight.test").await;
    let path = format!("/api/v1/workspace/members/{id}");
    let owner = &studio.owner;
    let reply = owner
        .api(Method::PATCH, &path, &[], Some(&json!({ "owner": false })))
        .await
        .expect(409);
    assert_eq!(reply.json::<Value>()["code"], "last_owner");
    for end in ["suspended", "left"] {
        let ended = json!({ "status": end });
        owner
            .api(Method::PATCH, &path, &[], Some(&ended))
            .await
            .expect(409);
    }
    // Other roles may change; ownership is not among them.
    give(owner, &id, &json!([{ "key": "viewer" }]))
        .await
        .expect(200);
    app.forget();
    owner.get("/app/billing").await.expect(200);
    let people: Value = owner
        .get("/api/v1/workspace/members?role=owner")
        .await
        .expect(200)
        .json();
    assert_eq!(people["data"][0]["id"], id);
}
