//! Operators: their own log-in, their sessions, and each other.

use std::time::Duration;

use http::Method;
use kernel::OperatorRole;
use server::commands::operator::add;

use super::world::{CONSOLE, act, acts, id, pool};
use crate::support::{MEMBER_PASSWORD, Reply, TestApp};

async fn user_id(app: &TestApp, email: &str) -> uuid::Uuid {
    id(app, "select id from users where email_normal = $1", email).await
}

#[tokio::test]
async fn an_operator_signs_in_on_a_host_and_with_a_cookie_of_its_own() {
    let app = TestApp::new().await;
    let operator = app.operator(OperatorRole::Support).await;
    let home = operator.get("/").await.expect(200);
    assert!(home.body.contains("Priya Support"), "{}", home.body);
    let token = operator.cookie("osid").expect("a cookie of the console");
    assert_eq!(operator.cookie("sid"), None);

    // The same session is nobody's on the base host, under whichever name it is shown.
    let elsewhere = app.visitor();
    elsewhere.set_cookie("sid", &token);
    elsewhere.set_cookie("osid", &token);
    let reply = elsewhere.plainly(Method::GET, "/account", &[]).await;
    assert_eq!(reply.status, 401);

    // And a person's session is nobody's here: the password alone makes no operator.
    let northlight = app.tenant("northlight").await;
    let person = app.visitor().on(CONSOLE);
    let form = [
        ("email", "owner@northlight.test"),
        ("password", MEMBER_PASSWORD),
    ];
    let refused = person.post("/login", &form).await.expect(422);
    assert!(refused.body.contains("do not match those of an operator"));
    let wrong = [("email", "support@ops.test"), ("password", "not this one")];
    let refused_too = person.post("/login", &wrong).await.expect(422);
    assert_eq!(
        refused.texts(".banner"),
        refused_too.texts(".banner"),
        "the answers tell who is an operator"
    );
    drop(northlight);

    operator.post("/logout", &[]).await.expect(303);
    operator
        .plainly(Method::GET, "/tenants", &[])
        .await
        .expect(401);
}

#[tokio::test]
async fn a_session_at_the_console_ends_after_half_an_hour_of_rest_and_after_twelve_in_any_case() {
    let app = TestApp::new().await;
    let operator = app.operator(OperatorRole::SupportReadonly).await;
    let mut passed = Duration::ZERO;
    // Busy all day: every request moves the idle end, none moves the last one.
    while passed + Duration::from_mins(25) < Duration::from_hours(12) {
        app.advance(Duration::from_mins(25));
        passed += Duration::from_mins(25);
        operator.plainly(Method::GET, "/me", &[]).await.expect(200);
    }
    app.advance(Duration::from_mins(25));
    operator.plainly(Method::GET, "/me", &[]).await.expect(401);

    let rested = app.operator(OperatorRole::Support).await;
    app.advance(Duration::from_mins(31));
    rested.plainly(Method::GET, "/me", &[]).await.expect(401);
}

#[tokio::test]
async fn the_command_line_makes_the_first_operator() {
    let app = TestApp::new().await;
    let told = add(
        &app.platform,
        "priya@ops.test",
        "Priya Raman",
        "admin",
        None,
    )
    .await
    .unwrap();
    let link = told
        .split_whitespace()
        .find(|word| word.starts_with("http://atelier.test/reset/"))
        .expect("a link");
    let path = link.strip_prefix("http://atelier.test").unwrap();
    let browser = app.visitor();
    browser.get(path).await.expect(200);
    browser
        .post(path, &[("password", MEMBER_PASSWORD)])
        .await
        .expect(303);
    let form = [("email", "priya@ops.test"), ("password", MEMBER_PASSWORD)];
    let console = app.visitor().on(CONSOLE);
    console.post("/login", &form).await.expect(303);
    console.get("/operators").await.expect(200);

    let again = add(&app.platform, "Priya@ops.test", "Priya", "support", None).await;
    assert_eq!(again.unwrap_err().code(), "already_operator");
    let unknown = add(&app.platform, "x@ops.test", "X", "owner", None).await;
    assert_eq!(unknown.unwrap_err().code(), "role");
}

#[tokio::test]
async fn admins_make_change_and_disable_operators_with_reasons() {
    let app = TestApp::new().await;
    let admin = app.operator(OperatorRole::Admin).await;
    let form = [
        ("email", "noah@ops.test"),
        ("name", "Noah Bergman"),
        ("role", "support"),
        ("reason", "Joins the team"),
    ];
    let missing = admin.post("/operators", &form[..3]).await.expect(422);
    assert!(missing.body.contains("Say why."), "{}", missing.body);
    admin.post("/operators", &form).await.expect(303);
    let letter = app.letter("noah@ops.test").await;
    for part in ["http://ops.atelier.test/", "http://atelier.test/reset/"] {
        assert!(letter.text.contains(part), "{}", letter.text);
    }

    let support = app.operator(OperatorRole::Support).await;
    let path = format!("/operators/{}", user_id(&app, "support@ops.test").await);
    support
        .plainly(Method::POST, &format!("{path}/role"), &[("role", "admin")])
        .await
        .expect(403);
    act(&admin, &format!("{path}/role"), &[("role", "billing")]).await;
    app.forget();
    // A rank is never carried into another one: the session ended with the old.
    support.plainly(Method::GET, "/me", &[]).await.expect(401);
    let form = [("email", "support@ops.test"), ("password", MEMBER_PASSWORD)];
    support.post("/login", &form).await.expect(303);
    let me = support.get("/me").await.expect(200);
    assert!(me.body.contains("Billing"));

    act(&admin, &format!("{path}/disable"), &[]).await;
    app.forget();
    support.plainly(Method::GET, "/me", &[]).await.expect(401);
    support.post("/login", &form).await.expect(422);
    act(&admin, &format!("{path}/enable"), &[]).await;
    support.post("/login", &form).await.expect(303);

    let recorded: Vec<String> = acts(&app).await.into_iter().map(|act| act.0).collect();
    assert_eq!(
        recorded,
        [
            "console.operator.enabled",
            "console.operator.disabled",
            "console.operator.role_changed",
            "console.operator.added",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_last_admins_who_remove_each_other_at_once_do_not_both_succeed() {
    let app = TestApp::new().await;
    let first = app.operator(OperatorRole::Admin).await;
    let told = add(
        &app.platform,
        "second@ops.test",
        "Second",
        "admin",
        Some(MEMBER_PASSWORD),
    );
    told.await.unwrap();
    let second = app.visitor().on(CONSOLE);
    let form = [("email", "second@ops.test"), ("password", MEMBER_PASSWORD)];
    second.post("/login", &form).await.expect(303);
    let of_first = format!(
        "/operators/{}/disable",
        user_id(&app, "admin@ops.test").await
    );
    let of_second = format!("/operators/{}/role", user_id(&app, "second@ops.test").await);
    let reason = [("reason", "Not needed"), ("role", "support")];
    let (one, other) = tokio::join!(
        first.post(&of_second, &reason),
        second.post(&of_first, &reason)
    );
    // Whoever comes second is refused, or is no admin any more and is asked to log in.
    let succeeded = |reply: &Reply| {
        let to = reply.location().unwrap_or_default();
        reply.status == 303 && !to.contains("/login")
    };
    assert!(
        succeeded(&one) != succeeded(&other),
        "{} {}",
        one.status,
        other.status
    );
    let left: i64 = sqlx::query_scalar(
        "select count(*) from identity_operators where role = 'admin' and disabled_at is null",
    )
    .fetch_one(&pool(&app))
    .await
    .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn the_audit_log_says_who_did_what_and_why_and_leaves_as_a_file() {
    let app = TestApp::new().await;
    let admin = app.operator(OperatorRole::Admin).await;
    let empty = admin.get("/audit?q=nobody-did-this").await.expect(200);
    assert!(empty.body.contains("No entry fits"), "{}", empty.body);
    let northlight = app.tenant("northlight").await;
    let tenant = super::world::tenant_id(&app, &northlight.slug).await;
    let form = [("reason", "=cmd|' /C calc'!A0")];
    admin
        .post(&format!("/tenants/{tenant}/suspend"), &form)
        .await
        .expect(303);
    let page = admin
        .get("/audit?q=northlight&area=workspace")
        .await
        .expect(200);
    assert!(page.body.contains("Suspended the tenant"), "{}", page.body);
    assert!(page.body.contains("Priya Admin"));
    let none = admin.get("/audit?area=catalog").await.expect(200);
    assert!(!none.body.contains("Suspended the tenant"));
    let file = admin.get("/audit/export.csv").await.expect(200);
    assert!(file.header("content-type").unwrap().starts_with("text/csv"));
    assert!(file.body.contains("workspace.tenant.suspended"));
    // A spreadsheet shows what was typed, and runs none of it.
    assert!(file.body.contains("'=cmd|"), "{}", file.body);
}
