//! Single objects that are shared: with members whose roles would not let them, and with guests who have no account.

use std::time::Duration;

use http::Method;
use kernel::Role;
use module::GateKind;
use serde_json::{Value, json};
use server::router::Table;

use crate::authorization::{ask, fill};
use crate::nodes::membership;
use crate::support::{Client, Reply, TestApp, TestTenant};

const SHARES: &str = "/api/v1/workspace/shares";
const GUESTS: &str = "/api/v1/workspace/guests";
const DAY: Duration = Duration::from_hours(24);

/// A studio with two posts, and somebody whose role says nothing of the blog.
struct World {
    app: TestApp,
    studio: TestTenant,
    clerk: Client,
    clerk_id: String,
    post: String,
    other: String,
}

async fn write(client: &Client, title: &str) -> String {
    let post = json!({ "title": title, "content": format!("The text of {title}.") });
    let post: Value = client
        .api(Method::POST, "/api/v1/blog/posts", &[], Some(&post))
        .await
        .expect(201)
        .json();
    post["id"].as_str().unwrap().to_owned()
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let studio = app.tenant("northlight").await;
        let clerk = studio.member(&app, Role::Billing, "Cy Clerk").await;
        let clerk_id = membership(&app, "billing@northlight.test").await;
        let post = write(&studio.owner, "Shared story").await;
        let other = write(&studio.owner, "Private story").await;
        Self {
            app,
            studio,
            clerk,
            clerk_id,
            post,
            other,
        }
    }

    async fn share(&self, by: &Client, level: &str, expires_at: Option<&str>) -> Reply {
        let share = json!({
            "kind": "blog.post", "object": self.post, "member": self.clerk_id, "level": level, "expires_at": expires_at,
        });
        let reply = by.api(Method::POST, SHARES, &[], Some(&share)).await;
        self.app.forget();
        reply
    }

    async fn guest(&self, more: &Value) -> String {
        let mut guest = json!({ "kind": "blog.post", "object": self.post, "label": "Nadia" });
        for (name, value) in more.as_object().unwrap() {
            guest[name] = value.clone();
        }
        let made: Value = self
            .studio
            .owner
            .api(Method::POST, GUESTS, &[], Some(&guest))
            .await
            .expect(201)
            .json();
        let link = made["link"].as_str().expect("a link");
        link.strip_prefix(&self.studio.origin()).unwrap().to_owned()
    }

    fn stranger(&self) -> Client {
        self.app.visitor().on(&self.studio.origin())
    }

    fn edit(id: &str) -> String {
        format!("/app/blog/posts/{id}/edit")
    }

    fn review(&self) -> String {
        format!("/blog/review/{}", self.post)
    }
}

async fn patch(client: &Client, id: &str) -> Reply {
    let path = format!("/api/v1/blog/posts/{id}");
    let read = client.get(&path).await;
    let etag = read.header("etag").unwrap_or("\"1\"").to_owned();
    let change = json!({ "excerpt": "By the clerk." });
    client
        .api(Method::PATCH, &path, &[("if-match", &etag)], Some(&change))
        .await
}

#[tokio::test]
async fn a_shared_post_is_all_that_its_reader_sees_of_the_blog() {
    let world = World::new().await;
    let clerk = &world.clerk;
    clerk
        .plainly(Method::GET, "/app/blog/posts", &[])
        .await
        .expect(403);
    world
        .share(&world.studio.owner, "view", None)
        .await
        .expect(201);

    let list = clerk.get("/app/blog/posts").await.expect(200);
    assert!(list.body.contains("Shared story"), "{}", list.body);
    assert!(!list.body.contains("Private story"), "{}", list.body);
    let list: Value = clerk.get("/api/v1/blog/posts").await.expect(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let page = clerk.get(&World::edit(&world.post)).await.expect(200);
    assert!(
        page.body.contains("The text of Shared story"),
        "{}",
        page.body
    );
    let home = clerk.get("/app").await.expect(200);
    assert!(
        home.body.contains("href=\"/app/blog/posts\""),
        "{}",
        home.body
    );
    for closed in [
        World::edit(&world.other),
        format!("/api/v1/blog/posts/{}", world.other),
        "/app/blog/tags".to_owned(),
        "/app/blog/posts/new".to_owned(),
        format!("/app/blog/posts/{}/versions", world.post),
    ] {
        clerk.plainly(Method::GET, &closed, &[]).await.expect(403);
    }
    // To see is not to change, nor to hand on.
    patch(clerk, &world.post).await.expect(403);
    clerk
        .get(&format!("/app/share/blog.post/{}", world.post))
        .await
        .expect(404);

    world
        .share(&world.studio.owner, "edit", None)
        .await
        .expect(201);
    patch(clerk, &world.post).await.expect(200);
    patch(clerk, &world.other).await.expect(403);
    let publish = format!("/api/v1/blog/posts/{}/publish", world.post);
    clerk
        .api(Method::POST, &publish, &[], Some(&json!({})))
        .await
        .expect(403);

    // They were told, and whoever manages people sees it and takes it back.
    let inbox: Value = clerk
        .get("/api/v1/inbox/notifications?area=workspace")
        .await
        .expect(200)
        .json();
    assert_eq!(
        inbox["data"][0]["title"],
        "Mara Lindqvist shares the post Shared story with you"
    );
    let member = format!("/app/people/{}", world.clerk_id);
    let page = world.studio.owner.get(&member).await.expect(200);
    let revoke = page
        .attribute("form[action*='/shares/']", "action")
        .expect("a way to take it back");
    world.studio.owner.post(&revoke, &[]).await.expect(303);
    world.app.forget();
    clerk
        .plainly(Method::GET, &World::edit(&world.post), &[])
        .await
        .expect(403);
    clerk
        .plainly(Method::GET, "/app/blog/posts", &[])
        .await
        .expect(403);
    world.studio.owner.post(&revoke, &[]).await.expect(404);
}

#[tokio::test]
async fn a_share_is_inert_from_its_last_instant_without_anybody_sweeping() {
    let world = World::new().await;
    let owner = &world.studio.owner;
    world
        .share(owner, "edit", Some("2026-03-03T09:00:00Z"))
        .await
        .expect(201);
    patch(&world.clerk, &world.post).await.expect(200);
    world
        .app
        .advance(DAY.checked_sub(Duration::from_secs(1)).unwrap());
    patch(&world.clerk, &world.post).await.expect(200);
    // Nothing is forgotten in between: the cached grant knows its end.
    world.app.advance(Duration::from_secs(1));
    patch(&world.clerk, &world.post).await.expect(403);
    world
        .clerk
        .plainly(Method::GET, &World::edit(&world.post), &[])
        .await
        .expect(403);
    let shares: Value = owner
        .get(&format!("{SHARES}?kind=blog.post&object={}", world.post))
        .await
        .expect(200)
        .json();
    assert_eq!(shares["data"], json!([]));
    let past = world
        .share(owner, "view", Some("2026-03-03T09:00:00Z"))
        .await;
    past.expect(422);
}

#[tokio::test]
async fn whoever_comes_back_comes_back_with_nothing_shared() {
    let world = World::new().await;
    let owner = &world.studio.owner;
    world.share(owner, "view", None).await.expect(201);
    let member = format!("/app/people/{}", world.clerk_id);
    owner
        .post(&format!("{member}/remove"), &[])
        .await
        .expect(303);
    let form = [("email", "billing@northlight.test"), ("role", "billing")];
    owner.post("/app/people/invite", &form).await.expect(303);
    let link = world.app.letter("billing@northlight.test").await.link();
    let path = link.strip_prefix("http://atelier.test").unwrap();
    let base = world.clerk.on("http://atelier.test");
    let joined = base.follow(base.post(path, &[]).await).await;
    assert_eq!(joined.status, 200, "{}", joined.url);
    world.app.forget();
    world
        .clerk
        .plainly(Method::GET, "/app/blog/posts", &[])
        .await
        .expect(403);
}

#[tokio::test]
async fn nobody_shares_what_they_lack() {
    let world = World::new().await;
    let author = world
        .studio
        .member(&world.app, Role::Author, "Al Author")
        .await;
    let viewer = world
        .studio
        .member(&world.app, Role::Viewer, "Vi Viewer")
        .await;
    // Who may not edit a post may not share it: to them there is nothing to share.
    for client in [&viewer, &author, &world.clerk] {
        let refused = world.share(client, "view", None).await;
        assert!(
            matches!(refused.status.as_u16(), 403 | 404),
            "{}",
            refused.body
        );
    }
    // An author shares their own draft, and no more of it than they have: once it is live, it is out of their hands.
    let own = World {
        post: write(&author, "Own story").await,
        ..world
    };
    own.share(&author, "edit", None).await.expect(201);
    patch(&own.clerk, &own.post).await.expect(200);
    let publish = format!("/api/v1/blog/posts/{}/publish", own.post);
    own.studio
        .owner
        .api(Method::POST, &publish, &[], Some(&json!({})))
        .await
        .expect(200);
    patch(&author, &own.post).await.expect(403);
    patch(&own.clerk, &own.post).await.expect(403);
    own.clerk.get(&World::edit(&own.post)).await.expect(200);
    // What cannot be given is told.
    let odd = own.share(&own.studio.owner, "own", None).await.expect(422);
    assert_eq!(odd.json::<Value>()["errors"][0]["field"], "level");
    let strangers = json!({
        "kind": "blog.post", "object": own.post, "member": kernel::new_uuid(), "level": "view",
    });
    own.studio
        .owner
        .api(Method::POST, SHARES, &[], Some(&strangers))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_guest_sees_one_draft_until_the_link_ends() {
    let world = World::new().await;
    let link = world.guest(&json!({})).await;
    let guest = world.stranger();
    guest.get(&world.review()).await.expect(404);
    let door = guest.get(&link).await.expect(200);
    assert!(door.body.contains("Shared story"), "{}", door.body);
    assert!(!door.body.contains("The text of"), "looking opens nothing");
    let entered = guest.follow(guest.post(&link, &[]).await).await.expect(200);
    assert!(entered.url.ends_with(&world.review()), "{}", entered.url);
    assert!(
        entered.body.contains("The text of Shared story"),
        "{}",
        entered.body
    );
    assert_eq!(entered.header("x-robots-tag"), Some("noindex"));
    assert_eq!(entered.header("cache-control"), Some("private, no-store"));
    let cookie = guest.cookie("guest").expect("a cookie");

    // The cookie is this host's, and another tenant's host knows nothing of it.
    let elsewhere = world.app.tenant("southlight").await;
    let stolen = world.app.visitor().on(&elsewhere.origin());
    stolen.set_cookie("guest", &cookie);
    stolen.get(&world.review()).await.expect(404);
    stolen.post(&link, &[]).await.expect(410);
    guest
        .get(&format!("/blog/review/{}", world.other))
        .await
        .expect(404);

    // Taken back, it ends at once, on a node that has heard of nothing.
    let second = world.app.second_node();
    let there = guest.through(second.router.clone());
    there.get(&world.review()).await.expect(200);
    let links: Value = world.studio.owner.get(GUESTS).await.expect(200).json();
    assert_eq!(links["data"][0]["uses"], 1);
    let path = format!("{GUESTS}/{}", links["data"][0]["id"].as_str().unwrap());
    world
        .studio
        .owner
        .api(Method::DELETE, &path, &[], None::<&()>)
        .await
        .expect(204);
    there.get(&world.review()).await.expect(404);
    guest.post(&link, &[]).await.expect(410);

    // Time ends one as well, and the clock alone.
    let link = world
        .guest(&json!({ "expires_at": "2026-03-03T09:00:00Z" }))
        .await;
    let guest = world.stranger();
    guest.post(&link, &[]).await.expect(303);
    guest.get(&world.review()).await.expect(200);
    world.app.advance(DAY);
    guest.get(&world.review()).await.expect(404);
    guest.get(&link).await.expect(410);
    let page = world
        .studio
        .owner
        .get("/app/settings/guests")
        .await
        .expect(200);
    assert!(page.body.contains("No links"), "{}", page.body);
}

#[tokio::test]
async fn a_guest_enters_no_other_route() {
    let world = World::new().await;
    let link = world.guest(&json!({})).await;
    let guest = world.stranger();
    guest.post(&link, &[]).await.expect(303);
    let mut tried = 0;
    for route in Table::new(false).tenant.facts() {
        let reply = ask(&guest, route).await;
        let status = reply.status.as_u16();
        let fine = match route.gate {
            // What everybody may see; the door for guests among it.
            GateKind::Public => status < 500 && status != 401 && status != 403,
            GateKind::Invited(_) => status == 404,
            _ => status == 401,
        };
        assert!(
            fine,
            "{} {} ({:?}) answers a guest {status}",
            route.method, route.path, route.gate
        );
        tried += 1;
        if fill(&route.path) == "/guest/leave" {
            guest.post(&link, &[]).await.expect(303);
        }
    }
    assert!(tried > 80, "{tried}");
    guest.get(&world.review()).await.expect(200);
    guest.post("/guest/leave", &[]).await.expect(303);
    guest.get(&world.review()).await.expect(404);
}

#[tokio::test]
async fn a_code_is_asked_for_and_cannot_be_guessed() {
    let world = World::new().await;
    let link = world
        .guest(&json!({ "code": "harbour-7", "email": "nadia@example.com" }))
        .await;
    let letter = world.app.letter("nadia@example.com").await;
    assert!(letter.text.contains(&link), "{}", letter.text);
    assert!(!letter.text.contains("harbour-7"), "{}", letter.text);
    let guest = world.stranger();
    let page = guest.get(&link).await.expect(200);
    assert!(page.body.contains("Access code"), "{}", page.body);
    assert!(!page.body.contains("Shared story"), "{}", page.body);
    guest.post(&link, &[]).await.expect(422);
    guest
        .post(&link, &[("code", "harbour-8")])
        .await
        .expect(422);
    guest
        .post(&link, &[("code", "harbour-7")])
        .await
        .expect(303);
    guest.get(&world.review()).await.expect(200);
    let thief = world.stranger();
    let mut last = 0;
    for guess in 0..10 {
        let code = format!("guess-{guess}");
        let form = [("code", code.as_str())];
        last = thief.post(&link, &form).await.status.as_u16();
    }
    assert_eq!(last, 429);
    let form = [("code", "harbour-7")];
    thief.post(&link, &form).await.expect(429);
    let pool = world.app.database.pool(testkit::Role::Superuser);
    let stored: String = sqlx::query_scalar("select access_code_hash from guest_grants")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(stored.starts_with("$argon2id$"), "{stored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_one_lets_in_one_of_many() {
    let world = World::new().await;
    let link = world.guest(&json!({ "max_uses": 1 })).await;
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let (client, link) = (world.stranger(), link.clone());
            tokio::spawn(async move { client.post(&link, &[]).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for tried in tries {
        statuses.push(tried.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410, 410, 410, 410, 410, 410]);
}

#[tokio::test]
async fn the_page_of_sharing_does_what_the_api_does() {
    let world = World::new().await;
    let owner = &world.studio.owner;
    let path = format!("/app/share/blog.post/{}", world.post);
    let editor = owner.get(&World::edit(&world.post)).await.expect(200);
    assert!(editor.body.contains(&path), "{}", editor.body);
    owner.get(&path).await.expect(200);
    let form = [
        ("member", world.clerk_id.as_str()),
        ("level", "edit"),
        ("until", "2026-03-02"),
    ];
    owner
        .post(&format!("{path}/members"), &form)
        .await
        .expect(303);
    let page = owner.get(&path).await.expect(200);
    assert!(
        page.body.contains("Edit it, until 2 Mar 2026"),
        "{}",
        page.body
    );
    let wrong = [("member", ""), ("level", "edit")];
    owner
        .post(&format!("{path}/members"), &wrong)
        .await
        .expect(422);
    let form = [("form", "guest"), ("label", "Nadia"), ("max_uses", "3")];
    let made = owner
        .post(&format!("{path}/guests"), &form)
        .await
        .expect(200);
    assert!(made.body.contains("/guest/"), "{}", made.body);
    let again = owner.get(&path).await.expect(200);
    assert!(!again.body.contains("http://northlight.atelier.test/guest/"));
    assert!(again.body.contains("used 0 of 3 times"), "{}", again.body);
    let revoke = again
        .attribute("form[action*='/guests/'][action$='/revoke']", "action")
        .unwrap();
    owner.post(&revoke, &[]).await.expect(303);
    let wrong = [
        ("form", "guest"),
        ("label", ""),
        ("code", "abc"),
        ("guest_until", "2027-01-01"),
    ];
    let page = owner
        .post(&format!("{path}/guests"), &wrong)
        .await
        .expect(422);
    for text in ["Say whom", "Use 6 to 64", "within the next 90 days"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let audit = owner.get("/app/audit").await.expect(200);
    assert!(audit.body.contains("made a guest"), "{}", audit.body);
}
