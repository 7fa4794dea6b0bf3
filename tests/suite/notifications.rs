//! Which way news takes: the inbox, a mail at once, a digest, or none.

use std::time::Duration;

use http::{Method, header};
use kernel::{MembershipId, Role, TenantId};
use messaging::{Notification, notify};
use module::Secret;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::{Client, Reply, TestApp, TestTenant};

/// A kind that the platform declares; it is mailed at once unless its reader chooses otherwise.
const KIND: &str = "workspace.role";
const PREFERENCES: &str = "/api/v1/inbox/preferences";
const MINUTE: Duration = Duration::from_mins(1);

/// A studio with an editor who gets news.
struct World {
    app: TestApp,
    studio: TestTenant,
    editor: Client,
    tenant: TenantId,
    member: MembershipId,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let studio = app.tenant("northlight").await;
        let editor = studio.member(&app, Role::Editor, "Jo Vale").await;
        let pool = app.database.pool(testkit::Role::Superuser);
        let row =
            sqlx::query("select tenant_id, id from memberships where display_name = 'Jo Vale'")
                .fetch_one(&pool)
                .await
                .unwrap();
        let (tenant, member) = (row.get(0), row.get(1));
        app.run_jobs().await;
        Self {
            app,
            studio,
            editor,
            tenant,
            member,
        }
    }

    async fn news(&self, title: &str) {
        let site = self.app.platform.app.resolver().by_id(self.tenant).await;
        let mut tx = site.unwrap().unwrap().db.begin().await.unwrap();
        let news = Notification {
            recipient: self.member,
            kind: KIND,
            title,
            body: "Somebody changed your role.",
            link: "/app/me",
        };
        notify(&mut tx, news, self.app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn choose(&self, in_app: bool, mail: &str) {
        let wish = json!({ "kinds": [{ "kind": KIND, "in_app": in_app, "mail": mail }] });
        self.patch(&wish).await.expect(200);
    }

    async fn patch(&self, body: &Value) -> Reply {
        self.editor
            .api(Method::PATCH, PREFERENCES, &[], Some(body))
            .await
    }

    /// Does what is due and tells the subjects of the mails about news, the oldest first.
    async fn mails(&self) -> Vec<String> {
        self.app.run_jobs().await;
        let mut mails = self.subjects().await;
        mails.reverse();
        mails
    }

    async fn subjects(&self) -> Vec<String> {
        let pool = self.app.database.pool(testkit::Role::Superuser);
        sqlx::query_scalar(
            "select subject from mail_messages where template like 'messaging.%' order by created_at desc, id desc",
        )
        .fetch_all(&pool)
        .await
        .unwrap()
    }

    async fn inbox(&self) -> Vec<String> {
        let list: Value = self
            .editor
            .get("/api/v1/inbox/notifications")
            .await
            .expect(200)
            .json();
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn news_is_mailed_at_once_with_a_way_out_that_needs_no_log_in() {
    let world = World::new().await;
    world.news("You are a manager now").await;
    assert_eq!(world.mails().await, ["You are a manager now"]);
    let letter = world.app.letter("editor@northlight.test").await;
    assert!(letter.text.contains("/app/inbox/"), "{}", letter.text);
    let path = letter
        .text
        .split_once("http://northlight.atelier.test/notifications/unsubscribe/")
        .map(|(_, rest)| rest.split_whitespace().next().unwrap())
        .map(|token| format!("/notifications/unsubscribe/{token}"))
        .expect("a way out");

    // Looking changes nothing: mail scanners look.
    let stranger = world.app.visitor().on(&world.studio.origin());
    let page = stranger.get(&path).await.expect(200);
    assert!(
        page.body.contains("Changes of what you may do"),
        "{}",
        page.body
    );
    world.news("You are an admin now").await;
    assert_eq!(world.mails().await.len(), 2);

    // What mail programs send (RFC 8058): no cookie, no browser's headers.
    let one_click = stranger
        .request(Method::POST, &path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("List-Unsubscribe=One-Click"))
        .unwrap();
    stranger.send(one_click).await.expect(200);
    world.news("You are a viewer now").await;
    assert_eq!(world.mails().await.len(), 2);
    assert_eq!(world.inbox().await.len(), 3, "the inbox stays as it is");

    // Another workspace's host knows nothing of it, and nobody guesses one.
    let other = world.app.tenant("southlight").await;
    let elsewhere = world.app.visitor().on(&other.origin());
    elsewhere.post(&path, &[]).await.expect(404);
    let guessed = format!("/notifications/unsubscribe/{}", Secret::generate().as_str());
    stranger.post(&guessed, &[]).await.expect(404);
}

#[tokio::test]
async fn fast_news_is_collected_for_a_quarter_of_an_hour() {
    let world = World::new().await;
    world.choose(true, "soon").await;
    for title in ["one", "two", "three"] {
        world.news(title).await;
        assert!(world.mails().await.is_empty());
        world.app.advance(4 * MINUTE);
    }
    // Read in the meantime: not told again.
    let list: Value = world
        .editor
        .get("/api/v1/inbox/notifications")
        .await
        .expect(200)
        .json();
    let two = list["data"][1]["id"].as_str().unwrap().to_owned();
    let mark = json!({ "read": true });
    world
        .editor
        .api(
            Method::PATCH,
            &format!("/api/v1/inbox/notifications/{two}"),
            &[],
            Some(&mark),
        )
        .await
        .expect(204);
    world.app.advance(3 * MINUTE);
    assert_eq!(world.mails().await, ["2 new for you in Northlight"]);
    let letter = world.app.letter("editor@northlight.test").await;
    assert!(letter.text.contains("* one\n") && letter.text.contains("* three\n"));
    assert!(!letter.text.contains("* two\n"), "{}", letter.text);

    // The next one comes no sooner than a quarter of an hour later.
    world.app.advance(MINUTE);
    world.news("four").await;
    for _ in 0..14 {
        assert_eq!(world.mails().await.len(), 1);
        world.app.advance(MINUTE);
    }
    world.app.advance(MINUTE);
    assert_eq!(world.mails().await, ["2 new for you in Northlight", "four"]);
    world.app.advance(60 * MINUTE);
    assert_eq!(
        world.mails().await.len(),
        2,
        "what was mailed is not mailed again"
    );
}

#[tokio::test]
async fn daily_news_comes_at_the_hour_of_the_readers_own_clock() {
    let world = World::new().await;
    world.choose(true, "daily").await;
    // It is 09:00 in London, 22:00 in Auckland: eight in the morning there is ten hours away.
    let zone = json!({ "time_zone": "Pacific/Auckland", "daily_hour": 8 });
    world.patch(&zone).await.expect(200);
    world.news("early").await;
    assert!(world.mails().await.is_empty());
    world
        .app
        .advance((10 * 60 * MINUTE).checked_sub(MINUTE).unwrap());
    assert!(world.mails().await.is_empty());
    world.news("late").await;
    assert!(world.mails().await.is_empty());
    world.app.advance(MINUTE);
    assert_eq!(world.mails().await, ["2 new for you in Northlight"]);

    // Whoever moves their hour gets what waits at the new one, and one mail a day all the same.
    world.app.advance(MINUTE);
    world.news("tomorrow").await;
    assert_eq!(world.mails().await.len(), 1);
    world.patch(&json!({ "daily_hour": 6 })).await.expect(200);
    world
        .app
        .advance((22 * 60 * MINUTE).checked_sub(2 * MINUTE).unwrap());
    assert_eq!(world.mails().await.len(), 1);
    world.app.advance(MINUTE);
    assert_eq!(world.mails().await.len(), 2);
    world.app.advance(24 * 60 * MINUTE);
    assert_eq!(world.mails().await.len(), 2);
    let refused = world.patch(&json!({ "time_zone": "Mars/Olympus" })).await;
    assert_eq!(
        refused.expect(422).json::<Value>()["errors"][0]["field"],
        "time_zone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_notification_is_in_one_mail_whoever_makes_it_and_however_often() {
    let world = World::new().await;
    world.choose(true, "soon").await;
    for number in 0..20 {
        world.news(&format!("news {number}")).await;
    }
    world.mails().await;
    world.app.advance(15 * MINUTE);
    let other = world.app.second_node();
    let (one, two) = tokio::join!(world.app.platform.worker.drain(), other.worker.drain());
    one.unwrap();
    two.unwrap();
    assert_eq!(world.subjects().await, ["20 new for you in Northlight"]);

    // A worker that was killed before it could note the end does it all again: nothing is left to mail.
    let pool = world.app.database.pool(testkit::Role::Superuser);
    let again = sqlx::query(
        "update jobs set state = 'queued', finished_at = null where kind in ('messaging.route', 'messaging.digest')
         and id in (select distinct on (kind) id from jobs where kind like 'messaging.%' order by kind, created_at desc)",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(again.rows_affected(), 2);
    world.app.advance(60 * MINUTE);
    assert_eq!(world.mails().await.len(), 1);
    let mails: Vec<(String, i64)> =
        sqlx::query_as("select mail, count(distinct mail_id) from notifications group by mail")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(mails, [("sent".to_owned(), 1)]);
}

#[tokio::test]
async fn everybody_chooses_where_news_is_shown() {
    let world = World::new().await;
    world.choose(false, "now").await;
    world.news("by mail alone").await;
    assert_eq!(world.mails().await, ["by mail alone"]);
    assert!(world.inbox().await.is_empty());
    let home = world.editor.get("/app").await.expect(200);
    assert!(!home.body.contains("1 unread"), "{}", home.body);

    world.choose(false, "off").await;
    world.news("nowhere").await;
    assert_eq!(world.mails().await.len(), 1);
    let pool = world.app.database.pool(testkit::Role::Superuser);
    let stored: i64 =
        sqlx::query_scalar("select count(*) from notifications where title = 'nowhere'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(stored, 0);

    world.choose(true, "off").await;
    world.news("in the inbox alone").await;
    assert_eq!(world.mails().await.len(), 1);
    assert_eq!(world.inbox().await, ["in the inbox alone"]);
    let home = world.editor.get("/app").await.expect(200);
    assert!(
        home.body.contains("Notifications, 1 unread"),
        "{}",
        home.body
    );

    let unknown = json!({ "kinds": [{ "kind": "moon.landing", "in_app": true, "mail": "off" }] });
    world.patch(&unknown).await.expect(422);
}

#[tokio::test]
async fn the_form_does_what_the_api_does() {
    let world = World::new().await;
    let page = world.editor.get("/app/me/notifications").await.expect(200);
    assert!(page.body.contains("Changes of what you may do"));
    let form = [
        ("mail-workspace.role", "daily"),
        ("daily_hour", "7"),
        ("time_zone", "Europe/Lisbon"),
    ];
    world
        .editor
        .post("/app/me/notifications", &form)
        .await
        .expect(303);
    let chosen: Value = world.editor.get(PREFERENCES).await.expect(200).json();
    let role = chosen["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["kind"] == KIND)
        .unwrap();
    assert_eq!(
        (&role["in_app"], &role["mail"]),
        (&json!(false), &json!("daily"))
    );
    assert_eq!(chosen["daily_hour"], 7);
    assert_eq!(chosen["time_zone"], "Europe/Lisbon");
    let wrong = [("daily_hour", "7"), ("time_zone", "Nowhere")];
    let page = world
        .editor
        .post("/app/me/notifications", &wrong)
        .await
        .expect(422);
    assert!(page.body.contains("Choose a time zone"), "{}", page.body);
}

#[tokio::test]
async fn whoever_cannot_enter_any_more_gets_no_mail() {
    let world = World::new().await;
    world.choose(true, "soon").await;
    world.news("waits").await;
    assert!(world.mails().await.is_empty());
    let path = format!("/app/people/{}/suspend", world.member);
    world.studio.owner.post(&path, &[]).await.expect(303);
    world.app.advance(20 * MINUTE);
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn old_news_is_removed_after_ninety_days() {
    let world = World::new().await;
    world.news("old").await;
    world.mails().await;
    world.app.advance(Duration::from_hours(90 * 24));
    world.news("new").await;
    world.app.advance(MINUTE);
    let now = world.app.clock.now();
    let gone = world.app.platform.messaging.purge_notifications(now).await;
    assert_eq!(gone.unwrap(), 1);
    world.app.forget();
    let pool = world.app.database.pool(testkit::Role::Superuser);
    let left: Vec<String> = sqlx::query_scalar("select title from notifications")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(left, ["new"]);
}

#[tokio::test]
async fn an_inbox_is_its_members_own() {
    let world = World::new().await;
    world.news("for Jo").await;
    let list: Value = world
        .editor
        .get("/api/v1/inbox/notifications?unread=true&area=workspace")
        .await
        .expect(200)
        .json();
    assert_eq!(list["unread"], 1);
    let id = list["data"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/inbox/notifications/{id}");
    let mark = json!({ "read": true });
    let owner = &world.studio.owner;
    owner
        .api(Method::PATCH, &path, &[], Some(&mark))
        .await
        .expect(404);
    owner.get(&format!("/app/inbox/{id}")).await.expect(404);
    let none: Value = world
        .editor
        .get("/api/v1/inbox/notifications?area=blog")
        .await
        .expect(200)
        .json();
    assert_eq!(none["data"], json!([]));
    let key = [("idempotency-key", "once")];
    for _ in 0..2 {
        let all = world
            .editor
            .api(
                Method::POST,
                "/api/v1/inbox/notifications/read",
                &key,
                None::<&()>,
            )
            .await
            .expect(200);
        assert_eq!(all.json::<Value>()["marked"], 1);
    }
}
