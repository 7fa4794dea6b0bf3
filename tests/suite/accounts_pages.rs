//! The pages of an account over HTTP, as a browser without scripts sees them.

use std::time::Duration;

use accounts::{NewUser, passwords, users};
use database::PlatformDb;
use kernel::{Email, UserId};
use testkit::Role;

use crate::support::{Client, Reply, TestApp};

const EMAIL: &str = "mara@example.com";
const PASSWORD: &str = "quiet harbour lights";
const NEW_PASSWORD: &str = "seven bees at noon";

/// Makes a person with a confirmed address.
async fn person(app: &TestApp, email: &str) -> UserId {
    let hash = passwords::hash(PASSWORD).await.unwrap();
    let db = PlatformDb::new(app.database.pool(Role::Platform));
    let mut tx = db.begin().await.unwrap();
    let user = NewUser {
        email: &Email::parse(email).unwrap(),
        name: "Mara Lindqvist",
        password_hash: Some(&hash),
        locale: "en-GB",
        time_zone: "Europe/Stockholm",
        verified: true,
    };
    let id = users::create(tx.conn(), user, app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id.expect("a free address")
}

async fn log_in(browser: &Client, email: &str, password: &str) -> Reply {
    let form = [("email", email), ("password", password)];
    browser.post("/login", &form).await
}

async fn signed_in(app: &TestApp) -> Client {
    let browser = app.visitor();
    log_in(&browser, EMAIL, PASSWORD).await.expect(303);
    browser
}

/// The path of the link in the newest mail to somebody.
async fn mailed_path(app: &TestApp, to: &str) -> String {
    let link = app.letter(to).await.link();
    let path = link
        .strip_prefix("http://atelier.test")
        .expect("a link on the base host");
    path.to_owned()
}

#[tokio::test]
async fn a_person_logs_in_and_out() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    let browser = app.visitor();
    let page = browser.get("/login").await.expect(200);
    assert_eq!(page.texts("h1"), ["Welcome back"]);
    assert_eq!(
        page.attribute("#f-password", "autocomplete").as_deref(),
        Some("current-password")
    );
    browser.get("/account").await;
    assert!(browser.cookie("sid").is_none());

    let reply = log_in(&browser, EMAIL, PASSWORD).await.expect(303);
    assert_eq!(reply.location().as_deref(), Some("/workspaces"));
    let cookie = reply.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    browser.get("/account").await.expect(200);
    let already = browser.get("/login?next=/account").await.expect(303);
    assert_eq!(already.location().as_deref(), Some("/account"));

    let first = browser.cookie("sid").unwrap();
    let out = browser.post("/logout", &[]).await.expect(303);
    assert_eq!(out.location().as_deref(), Some("/login"));
    assert!(browser.cookie("sid").is_none());
    browser.set_cookie("sid", &first);
    assert_ne!(
        browser.get("/account").await.status.as_u16(),
        200,
        "the old token is dead"
    );
}

#[tokio::test]
async fn the_way_goes_on_to_where_somebody_was_going_but_never_to_another_site() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    let page = app
        .visitor()
        .get("/login?next=/account&workspace=halden")
        .await
        .expect(200);
    assert_eq!(
        page.attribute("input[name=next]", "value").as_deref(),
        Some("/account")
    );
    assert!(page.texts(".lead")[0].contains("halden.atelier.test"));
    for (next, expected) in [
        ("/account", "/account"),
        ("https://evil.example", "/workspaces"),
        ("//evil.example", "/workspaces"),
        ("/\\evil.example", "/workspaces"),
    ] {
        let form = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let reply = app.visitor().post("/login", &form).await.expect(303);
        assert_eq!(reply.location().as_deref(), Some(expected), "{next}");
    }
    let form = [
        ("email", EMAIL),
        ("password", PASSWORD),
        ("workspace", "halden"),
    ];
    let reply = app.visitor().post("/login", &form).await.expect(303);
    assert_eq!(
        reply.location().as_deref(),
        Some("http://halden.atelier.test/app")
    );
}

#[tokio::test]
async fn known_and_unknown_addresses_are_answered_alike() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    // Addresses of one length, written back into the page.
    let without = |reply: &Reply, email: &str| reply.body.replace(email, "");
    let other = "anna@example.com";
    for _ in 0..5 {
        let known = log_in(&app.visitor(), EMAIL, "wrong").await.expect(422);
        let unknown = log_in(&app.visitor(), other, "wrong").await.expect(422);
        assert_eq!(known.texts("[role=alert] p").len(), 1);
        assert_eq!(without(&known, EMAIL), without(&unknown, other));
    }
    let known = log_in(&app.visitor(), EMAIL, "wrong").await.expect(429);
    let unknown = log_in(&app.visitor(), other, "wrong").await.expect(429);
    assert_eq!(without(&known, EMAIL), without(&unknown, other));
    assert_eq!(
        (known.header("retry-after"), unknown.header("retry-after")),
        (Some("900"), Some("900"))
    );

    for email in [EMAIL, other] {
        let reply = app
            .visitor()
            .post("/recover", &[("email", email)])
            .await
            .expect(303);
        assert_eq!(reply.location().as_deref(), Some("/recover?sent=1"));
    }
    assert_eq!(app.letters(EMAIL).await.len(), 1);
    assert_eq!(app.letters(other).await.len(), 0);
}

#[tokio::test]
async fn what_is_missing_is_said_at_its_field_and_what_was_typed_stays() {
    let app = TestApp::new().await;
    let reply = log_in(&app.visitor(), "mara@example", "").await.expect(422);
    assert_eq!(
        reply.attribute("#f-email", "aria-invalid").as_deref(),
        Some("true")
    );
    assert_eq!(
        reply.attribute("#f-email", "value").as_deref(),
        Some("mara@example")
    );
    assert_eq!(reply.texts("#f-password-hint"), ["Enter your password."]);
    let reply = app
        .visitor()
        .post("/recover", &[("email", "mara")])
        .await
        .expect(422);
    assert_eq!(
        reply.attribute("#f-email", "value").as_deref(),
        Some("mara")
    );
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    let elsewhere = signed_in(&app).await;
    let browser = app.visitor();
    let sent = browser
        .post("/recover", &[("email", "Mara@Example.com")])
        .await;
    assert_eq!(
        browser.follow(sent).await.expect(200).texts("h1"),
        ["Check your mail"]
    );

    let path = mailed_path(&app, EMAIL).await;
    for _ in 0..2 {
        let page = browser.get(&path).await.expect(200);
        assert_eq!(
            page.attribute("#f-password", "autocomplete").as_deref(),
            Some("new-password")
        );
    }
    let weak = browser
        .post(&path, &[("password", "password1")])
        .await
        .expect(422);
    assert_eq!(
        weak.attribute("#f-password", "aria-invalid").as_deref(),
        Some("true")
    );
    assert!(
        !weak.body.contains("password1"),
        "a password is never written back"
    );
    let done = browser
        .post(&path, &[("password", NEW_PASSWORD)])
        .await
        .expect(303);
    assert_eq!(done.location().as_deref(), Some("/login"));

    for reply in [
        browser.get(&path).await,
        browser.post(&path, &[("password", PASSWORD)]).await,
    ] {
        let reply = reply.expect(410);
        assert_eq!(
            reply.attribute("main a.button", "href").as_deref(),
            Some("/recover")
        );
    }
    app.forget();
    assert_ne!(
        elsewhere.get("/account").await.status.as_u16(),
        200,
        "signed out everywhere"
    );
    log_in(&browser, EMAIL, PASSWORD).await.expect(422);
    log_in(&browser, EMAIL, NEW_PASSWORD).await.expect(303);
    assert!(app.letter(EMAIL).await.subject.contains("was changed"));
}

#[tokio::test]
async fn a_link_in_a_mail_ignores_the_host_of_the_request() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    let spoofed = app.visitor().on("http://evil.example");
    spoofed.post("/recover", &[("email", EMAIL)]).await;
    app.visitor()
        .post("/recover", &[("email", EMAIL)])
        .await
        .expect(303);
    for letter in app.letters(EMAIL).await {
        assert!(
            letter.link().starts_with("http://atelier.test/reset/"),
            "{}",
            letter.text
        );
    }
}

#[tokio::test]
async fn a_person_keeps_their_account() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    let browser = signed_in(&app).await;
    let elsewhere = signed_in(&app).await;

    let form = [
        ("name", "Mara Ek"),
        ("locale", "en-CA"),
        ("time_zone", "America/Toronto"),
    ];
    let saved = browser.post("/account/profile", &form).await;
    let page = browser.follow(saved).await.expect(200);
    assert_eq!(
        page.attribute("#f-name", "value").as_deref(),
        Some("Mara Ek")
    );
    assert_eq!(
        page.attribute("#f-time-zone option[selected]", "value")
            .as_deref(),
        Some("America/Toronto")
    );
    assert!(
        page.texts("#toasts")
            .join("")
            .contains("Your profile is saved."),
        "{}",
        page.body
    );
    let form = [
        ("name", " "),
        ("locale", "en-CA"),
        ("time_zone", "Mars/Olympus"),
    ];
    let refused = browser.post("/account/profile", &form).await.expect(422);
    assert_eq!(refused.texts("#f-name-hint"), ["Enter your name."]);

    assert_eq!(page.texts(".rows > li").len(), 2);
    let form = [("current", "wrong"), ("new", NEW_PASSWORD)];
    let refused = browser.post("/account/password", &form).await.expect(422);
    assert_eq!(
        refused.texts("#f-current-hint"),
        ["This is not your present password."]
    );
    let form = [("current", PASSWORD), ("new", NEW_PASSWORD)];
    browser.post("/account/password", &form).await.expect(303);
    app.forget();
    let page = browser.get("/account").await.expect(200);
    assert_eq!(page.texts(".rows > li").len(), 1);
    assert_ne!(elsewhere.get("/account").await.status.as_u16(), 200);
}

#[tokio::test]
async fn other_browsers_are_signed_out_one_by_one_or_all_at_once() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    let browser = signed_in(&app).await;
    let others = [
        signed_in(&app).await,
        signed_in(&app).await,
        signed_in(&app).await,
    ];
    app.advance(Duration::from_secs(1));
    let page = browser.get("/account").await.expect(200);
    let end = page.attribute(".rows form", "action").unwrap();
    browser.post(&end, &[]).await.expect(303);
    browser.post(&end, &[]).await.expect(404);
    app.forget();
    let left = async || {
        let mut left = 0;
        for other in &others {
            left += usize::from(other.get("/account").await.status.as_u16() == 200);
        }
        left
    };
    assert_eq!(left().await, 2);
    browser
        .post("/account/sessions/end-others", &[])
        .await
        .expect(303);
    app.forget();
    assert_eq!(left().await, 0);
    browser.get("/account").await.expect(200);
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let app = TestApp::new().await;
    person(&app, EMAIL).await;
    person(&app, "stranger@example.com").await;
    let browser = signed_in(&app).await;
    signed_in(&app).await;
    let end = browser
        .get("/account")
        .await
        .expect(200)
        .attribute(".rows form", "action")
        .unwrap();
    let stranger = app.visitor();
    log_in(&stranger, "stranger@example.com", PASSWORD)
        .await
        .expect(303);
    stranger.post(&end, &[]).await.expect(404);
    assert_eq!(
        browser
            .get("/account")
            .await
            .expect(200)
            .texts(".rows > li")
            .len(),
        2
    );
}
