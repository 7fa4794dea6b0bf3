//! From a draft to a decision, through the whole platform: review, who is editing, links to drafts.

use std::time::Duration;

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, TestTenant};

struct Desk {
    app: TestApp,
    studio: TestTenant,
    author: Client,
}

impl Desk {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let studio = app.tenant("northlight").await;
        let author = studio.member(&app, Role::Author, "Ana Silva").await;
        Self {
            app,
            studio,
            author,
        }
    }

    fn owner(&self) -> &Client {
        &self.studio.owner
    }

    /// A draft of the author's.
    async fn draft(&self, title: &str, content: &str) -> String {
        let post = json!({ "title": title, "content": content });
        let made = api(&self.author, Method::POST, "/posts", &post)
            .await
            .expect(201);
        made.json::<Value>()["id"].as_str().unwrap().to_owned()
    }

    async fn post(&self, id: &str) -> Value {
        let path = format!("/api/v1/blog/posts/{id}");
        self.owner().get(&path).await.expect(200).json()
    }

    /// A visitor on the studio's own host.
    fn visitor(&self) -> Client {
        self.app.visitor().on(&self.studio.origin())
    }
}

async fn api(client: &Client, method: Method, path: &str, body: &Value) -> Reply {
    let path = format!("/api/v1/blog{path}");
    client.api(method, &path, &[], Some(body)).await
}

async fn inbox(client: &Client) -> String {
    client.get("/app/inbox").await.expect(200).body
}

/// The fields of the editor as they stand on its page, with another text.
async fn typed(client: &Client, id: &str, content: &str) -> Vec<(String, String)> {
    let page = client
        .get(&format!("/app/blog/posts/{id}/edit"))
        .await
        .expect(200);
    let field = |name: &str| {
        page.attribute(&format!("#post-form [name={name}]"), "value")
            .unwrap_or_default()
    };
    vec![
        ("rev".into(), field("rev")),
        ("title".into(), field("title")),
        ("slug".into(), field("slug")),
        ("content".into(), content.into()),
    ]
}

async fn send(client: &Client, path: &str, form: &[(String, String)]) -> Reply {
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    client.post(path, &form).await
}

#[tokio::test]
async fn a_post_goes_through_review_and_everybody_hears_of_it() {
    let desk = Desk::new().await;
    let id = desk
        .draft("Harbour at night", "We waited for the tide.")
        .await;
    let act = |what: &str| format!("/app/blog/posts/{id}/{what}");
    let note = [("note", "Ready from my side.")];
    desk.author.post(&act("submit"), &note).await.expect(303);
    let waits = inbox(desk.owner()).await;
    assert!(
        waits.contains("“Harbour at night” waits for review")
            && waits.contains("Ready from my side."),
        "{waits}"
    );
    desk.app.run_jobs().await;
    let mail = desk.app.letter("owner@northlight.test").await;
    assert!(
        mail.subject.contains("waits for review") && mail.text.contains("Ready from my side."),
        "{mail:?}"
    );
    let list = desk
        .owner()
        .get("/app/blog/posts?status=in_review")
        .await
        .expect(200);
    assert!(list.body.contains("Harbour at night"));

    // An inline note, in the thread of both.
    let note = [("passage", "the tide"), ("body", "Which tide?")];
    desk.owner().post(&act("notes"), &note).await.expect(303);
    assert!(
        inbox(&desk.author)
            .await
            .contains("left a note on “Harbour at night”")
    );
    let page = desk.author.get(&act("edit")).await.expect(200);
    assert_eq!(page.texts("#review blockquote"), ["the tide"]);
    assert!(page.body.contains("Which tide?") && page.body.contains("Ready from my side."));

    let note = [("note", "Please name the place.")];
    desk.author.post(&act("send-back"), &note).await.expect(403);
    desk.owner()
        .post(&act("send-back"), &note)
        .await
        .expect(303);
    assert_eq!(desk.post(&id).await["status"], "draft");
    assert!(inbox(&desk.author).await.contains("was sent back"));
    desk.app.run_jobs().await;
    let mail = desk.app.letter("author@northlight.test").await;
    assert!(mail.text.contains("Please name the place."), "{mail:?}");
    let path = format!("/posts/{id}");
    let submit = format!("{path}/submit");
    api(&desk.author, Method::POST, &submit, &json!({}))
        .await
        .expect(200);
    let approve = format!("{path}/approve");
    let refused = api(&desk.author, Method::POST, &approve, &json!({})).await;
    assert_eq!(refused.status, 403);
    let later =
        json!({ "schedule": { "local": "2026-03-05T09:00", "time_zone": "Europe/Berlin" } });
    let approved: Value = api(desk.owner(), Method::POST, &approve, &later)
        .await
        .expect(200)
        .json();
    assert_eq!(approved["status"], "scheduled");
    assert!(inbox(&desk.author).await.contains("was approved"));
    desk.app.advance(Duration::from_hours(72));
    let live = desk.visitor().get("/blog/harbour-at-night").await;
    assert_eq!(live.status, 200);

    let audit = desk.owner().get("/app/audit?q=Harbour").await.expect(200);
    assert!(audit.body.contains("Harbour at night"));
}

#[tokio::test]
async fn notes_belong_to_those_who_write_and_decide() {
    let desk = Desk::new().await;
    let id = desk.draft("Harbour", "Text").await;
    let viewer = desk
        .studio
        .member(&desk.app, Role::Viewer, "Vera Blum")
        .await;
    let path = format!("/posts/{id}/notes");
    let note = json!({ "body": "Nice." });
    api(&viewer, Method::POST, &path, &note).await.expect(403);
    api(&desk.author, Method::POST, &path, &json!({ "body": " " }))
        .await
        .expect(422);
    let made: Value = api(&desk.author, Method::POST, &path, &note)
        .await
        .expect(201)
        .json();
    let resolve = format!("{path}/{}/resolve", made["id"].as_str().unwrap());
    let resolved: Value = api(desk.owner(), Method::POST, &resolve, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(resolved["resolved_by"], "Mara Lindqvist");
    let reopened: Value = api(
        &desk.author,
        Method::POST,
        &resolve.replace("resolve", "reopen"),
        &json!({}),
    )
    .await
    .expect(200)
    .json();
    assert_eq!(reopened["resolved_at"], Value::Null);
    // A note that was not accepted stays in its field.
    let form = [("body", ""), ("passage", "some words")];
    let page = desk
        .author
        .post(&format!("/app/blog{path}"), &form)
        .await
        .expect(422);
    assert_eq!(page.texts("textarea[name=passage]"), ["some words"]);
}

#[tokio::test]
async fn who_loses_a_post_to_another_loses_no_text() {
    let desk = Desk::new().await;
    let id = desk.draft("Shared", "One.").await;
    let edit = format!("/app/blog/posts/{id}/edit");
    let lock = format!("/posts/{id}/lock");
    api(&desk.author, Method::PUT, &lock, &json!({}))
        .await
        .expect(200);
    let mine = typed(&desk.author, &id, "One, as Ana wrote on.").await;

    let seen = desk.owner().get(&edit).await.expect(200);
    assert!(seen.body.contains("Ana Silva is editing this post."));
    assert_eq!(
        seen.attribute("textarea[name=content]", "disabled"),
        Some(String::new())
    );
    let refused = api(desk.owner(), Method::PUT, &lock, &json!({})).await;
    assert_eq!(refused.json::<Value>()["code"], "locked");
    desk.owner()
        .post(&format!("/app/blog/posts/{id}/take-over"), &[])
        .await
        .expect(303);
    // The author's editor learns of it, and the author's save leads to the choice.
    let lost = api(&desk.author, Method::PUT, &lock, &json!({})).await;
    assert_eq!(
        (
            lost.status.as_u16(),
            lost.json::<Value>()["detail"].as_str()
        ),
        (409, Some("Mara Lindqvist is editing this post."))
    );
    let path = format!("/app/blog/posts/{id}");
    let autosaved = send(&desk.author, &format!("{path}/autosave"), &mine).await;
    assert_eq!(autosaved.status, 409);
    let theirs = typed(desk.owner(), &id, "One, as Mara wrote on.").await;
    send(desk.owner(), &path, &theirs).await.expect(303);
    let conflict = send(&desk.author, &path, &mine).await.expect(409);
    assert_eq!(
        conflict.texts("textarea[name=content]"),
        ["One, as Ana wrote on."]
    );
    assert_eq!(
        conflict.texts("textarea[name=theirs]"),
        ["One, as Mara wrote on."]
    );
    assert_eq!(conflict.texts(".blog-diff ins"), ["Ana"]);
    assert_eq!(desk.post(&id).await["content"], "One, as Mara wrote on.");

    // Theirs stays: both are among the versions.
    let hidden = |name: &str| {
        conflict
            .attribute(&format!("form [name={name}]"), "value")
            .unwrap()
    };
    let choice = vec![
        ("rev".to_owned(), hidden("rev")),
        ("title".to_owned(), hidden("title")),
        ("content".to_owned(), "One, as Ana wrote on.".to_owned()),
    ];
    send(&desk.author, &format!("{path}/keep-theirs"), &choice)
        .await
        .expect(303);
    let post = desk.post(&id).await;
    assert_eq!(post["content"], "One, as Mara wrote on.");
    let newest = post["draft_version"].as_i64().unwrap();
    let version = format!("/api/v1/blog/posts/{id}/versions/{}", newest - 1);
    let version: Value = desk.owner().get(&version).await.expect(200).json();
    assert_eq!(version["content"], "One, as Ana wrote on.");

    // Mine, merged by hand, takes the lease along.
    let again = send(&desk.author, &path, &choice).await.expect(409);
    let rev = again.attribute("form [name=rev]", "value").unwrap();
    let merged = vec![
        ("rev".to_owned(), rev),
        ("take_over".to_owned(), "true".to_owned()),
        ("title".to_owned(), "Shared".to_owned()),
        ("content".to_owned(), "One, as both wrote on.".to_owned()),
    ];
    send(&desk.author, &path, &merged).await.expect(303);
    assert_eq!(desk.post(&id).await["content"], "One, as both wrote on.");
    let lost = api(desk.owner(), Method::PUT, &lock, &json!({})).await;
    assert_eq!(lost.status, 409);
}

#[tokio::test]
async fn a_lease_ends_when_nobody_renews_it() {
    let desk = Desk::new().await;
    let id = desk.draft("Shared", "One.").await;
    let lock = format!("/posts/{id}/lock");
    let take = async |client: &Client| {
        api(client, Method::PUT, &lock, &json!({}))
            .await
            .status
            .as_u16()
    };
    assert_eq!(take(&desk.author).await, 200);
    desk.app.advance(Duration::from_secs(90));
    assert_eq!(take(&desk.author).await, 200, "renewed");
    desk.app.advance(Duration::from_secs(119));
    assert_eq!(take(desk.owner()).await, 409);
    desk.app.advance(Duration::from_secs(1));
    assert_eq!(take(desk.owner()).await, 200, "two minutes have passed");
    assert_eq!(take(&desk.author).await, 409);
    let path = format!("/api/v1/blog{lock}");
    let given = desk
        .owner()
        .api(Method::DELETE, &path, &[], None::<&Value>)
        .await;
    assert_eq!(given.status, 204);
    let state: Value = desk.author.get(&path).await.expect(200).json();
    assert_eq!(state["lock"], Value::Null);
    assert_eq!(take(&desk.author).await, 200);
}

#[tokio::test]
async fn without_a_lease_the_revision_decides() {
    let desk = Desk::new().await;
    let id = desk.draft("Shared", "One.").await;
    let path = format!("/app/blog/posts/{id}");
    let mine = typed(&desk.author, &id, "Mine.").await;
    let theirs = typed(desk.owner(), &id, "Theirs.").await;
    send(desk.owner(), &path, &theirs).await.expect(303);
    let conflict = send(&desk.author, &path, &mine).await.expect(409);
    assert_eq!(conflict.texts("textarea[name=content]"), ["Mine."]);
    assert_eq!(conflict.texts("textarea[name=theirs]"), ["Theirs."]);
}

#[tokio::test]
async fn a_preview_link_shows_a_draft_until_it_ends() {
    let desk = Desk::new().await;
    let id = desk.draft("Not yet", "First words.").await;
    let links = format!("/posts/{id}/previews");
    let make = async |body: Value| -> (String, String) {
        let made: Value = api(&desk.author, Method::POST, &links, &body)
            .await
            .expect(201)
            .json();
        let url = made["url"].as_str().unwrap();
        let path = url.strip_prefix(&desk.studio.origin()).unwrap().to_owned();
        (path, made["id"].as_str().unwrap().to_owned())
    };
    let visitor = desk.visitor();
    let (newest, newest_id) = make(json!({})).await;
    let (first, _) = make(json!({ "version": 1, "hours": 24 })).await;
    let (twice, _) = make(json!({ "max_views": 2 })).await;
    let shown = visitor.get(&newest).await.expect(200);
    assert!(shown.body.contains("First words.") && shown.body.contains("This is a preview"));
    assert_eq!(shown.header("cache-control"), Some("private, no-store"));
    assert_eq!(shown.header("x-robots-tag"), Some("noindex, nofollow"));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));

    let rev = desk.post(&id).await["rev"].to_string();
    let change = json!({ "content": "Second words." });
    let path = format!("/api/v1/blog/posts/{id}");
    let etag = format!("\"{rev}\"");
    desk.author
        .api(Method::PATCH, &path, &[("if-match", &etag)], Some(&change))
        .await
        .expect(200);
    assert!(visitor.get(&newest).await.body.contains("Second words."));
    assert!(visitor.get(&first).await.body.contains("First words."));
    visitor.get("/blog/not-yet").await.expect(404);

    visitor.get(&twice).await.expect(200);
    visitor.get(&twice).await.expect(200);
    let over = visitor.get(&twice).await.expect(410);
    assert!(!over.body.contains("Not yet"), "{}", over.body);

    // The link is its host's alone, and nobody guesses one.
    let other = desk.app.tenant("southlight").await;
    other.owner.get(&newest).await.expect(404);
    visitor
        .get(&format!("/p/{}", "A".repeat(43)))
        .await
        .expect(404);
    visitor.get("/p/short").await.expect(404);

    desk.app.advance(Duration::from_hours(25));
    visitor.get(&first).await.expect(410);
    visitor.get(&newest).await.expect(200);
    let revoke = format!("/app/blog{links}/{newest_id}/revoke");
    desk.owner().post(&revoke, &[]).await.expect(303);
    visitor.get(&newest).await.expect(410);
    desk.owner().post(&revoke, &[]).await.expect(404);

    let (last, _) = make(json!({})).await;
    desk.app.advance(Duration::from_hours(72));
    visitor.get(&last).await.expect(410);

    // How long that is when nobody says is a setting.
    let settings = "/api/v1/blog/settings";
    let etag = desk
        .owner()
        .get(settings)
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    for (hours, status) in [(0, 422), (721, 422), (5, 200)] {
        let change = json!({ "preview_ttl_hours": hours });
        desk.owner()
            .api(
                Method::PATCH,
                settings,
                &[("if-match", &etag)],
                Some(&change),
            )
            .await
            .expect(status);
    }
    let page = desk.author.get(&format!("/app/blog/posts/{id}/edit")).await;
    let chosen = page.texts("#previews [name=hours] option[selected]");
    assert_eq!(chosen, ["5 hours"]);
    let (short, _) = make(json!({})).await;
    desk.app.advance(Duration::from_secs(5 * 3600 - 1));
    visitor.get(&short).await.expect(200);
    desk.app.advance(Duration::from_secs(1));
    visitor.get(&short).await.expect(410);
    for wrong in [
        json!({ "hours": 0 }),
        json!({ "hours": 721 }),
        json!({ "max_views": 0 }),
        json!({ "version": 99 }),
    ] {
        api(&desk.author, Method::POST, &links, &wrong)
            .await
            .expect(422);
    }
}

#[tokio::test]
async fn a_preview_link_is_shown_once_and_opened_as_often_as_it_may() {
    let desk = Desk::new().await;
    let id = desk.draft("Not yet", "Words.").await;
    let form = [("hours", "168"), ("max_views", "3")];
    let path = format!("/app/blog/posts/{id}/previews");
    let page = desk.author.post(&path, &form).await.expect(200);
    let link = page.attribute("#preview-link", "value").unwrap();
    let link = link.strip_prefix(&desk.studio.origin()).unwrap();
    let visitor = desk.visitor();
    let views = (0..8).map(|_| visitor.get(link));
    let opened = futures::future::join_all(views).await;
    let opened = opened.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(opened, 3, "of eight at once");
    let edit = desk
        .author
        .get(&format!("/app/blog/posts/{id}/edit"))
        .await
        .expect(200);
    assert!(!edit.body.contains(link));
    let wrong = [("hours", "168"), ("max_views", "many")];
    let page = desk.author.post(&path, &wrong).await.expect(422);
    assert_eq!(
        page.attribute("[name=max_views]", "value").as_deref(),
        Some("many")
    );
    // In the trash it shows nothing.
    let page = desk.author.post(&path, &form[..1]).await.expect(200);
    let link = page.attribute("#preview-link", "value").unwrap();
    let link = link.strip_prefix(&desk.studio.origin()).unwrap();
    visitor.get(link).await.expect(200);
    let trash = format!("/app/blog/posts/{id}/trash");
    desk.author.post(&trash, &[]).await.expect(303);
    visitor.get(link).await.expect(410);
}
