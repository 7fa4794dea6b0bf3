//! Jobs and mail that were given up, and their second chance.

use http::Method;
use kernel::OperatorRole;

use super::world::{act, acts, id, pool, tenant_id};
use crate::support::TestApp;

#[tokio::test]
async fn a_dead_job_runs_again_or_goes() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    app.run_jobs().await;
    let tenant = tenant_id(&app, "northlight").await;
    for key in ["again", "never"] {
        sqlx::query(
            "insert into jobs (id, tenant_id, kind, payload, state, attempts, run_at, created_at, finished_at, last_error)
             values (gen_random_uuid(), $1, $2, '{}', 'dead', 10, $3, $3, $3, 'The moon was in the way')",
        )
        .bind(tenant)
        .bind(format!("blog.{key}"))
        .bind(app.clock.now())
        .execute(&pool(&app))
        .await
        .unwrap();
    }
    let job = async |kind: &str| id(&app, "select id from jobs where kind = $1", kind).await;
    let reader = app.operator(OperatorRole::SupportReadonly).await;
    let operator = app.operator(OperatorRole::Support).await;
    let page = operator.get("/jobs?state=dead").await.expect(200);
    assert!(page.body.contains("The moon was in the way"));
    let home = operator.get("/").await.expect(200);
    assert!(
        home.texts("li")
            .iter()
            .any(|row| row.starts_with("Dead jobs") && row.ends_with('2')),
        "{:?}",
        home.texts("li")
    );
    let again = format!("/jobs/{}", job("blog.again").await);
    reader
        .plainly(Method::POST, &format!("{again}/retry"), &[])
        .await
        .expect(403);
    let silent = operator
        .post(&format!("{again}/retry"), &[("reason", "")])
        .await
        .expect(422);
    assert!(silent.body.contains("Say why."));
    act(&operator, &format!("{again}/retry"), &[]).await;
    let (state, attempts): (String, i32) =
        sqlx::query_as("select state, attempts from jobs where kind = 'blog.again'")
            .fetch_one(&pool(&app))
            .await
            .unwrap();
    assert_eq!((state.as_str(), attempts), ("queued", 0));
    operator
        .post(&format!("{again}/retry"), &[("reason", "twice")])
        .await
        .expect(404);
    act(
        &operator,
        &format!("/jobs/{}/discard", job("blog.never").await),
        &[],
    )
    .await;
    let left: i64 = sqlx::query_scalar("select count(*) from jobs where kind = 'blog.never'")
        .fetch_one(&pool(&app))
        .await
        .unwrap();
    assert_eq!(left, 0);
    let done: Vec<String> = acts(&app).await.into_iter().map(|act| act.0).collect();
    assert_eq!(done, ["operations.job.discarded", "operations.job.retried"]);
}

/// From a real fault to its repair: the mail cannot be delivered, its job is given up, and runs again once the cause is
/// gone.
#[tokio::test]
async fn a_job_that_failed_until_it_was_given_up_succeeds_when_it_is_retried() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    let database = pool(&app);
    let run = async |statement: &'static str| {
        sqlx::raw_sql(statement).execute(&database).await.unwrap();
    };
    run("revoke update on mail_messages from atelier_platform;
         update jobs set max_attempts = 3 where kind = 'platform.mail.deliver' and state = 'queued'")
    .await;
    for _ in 0..3 {
        app.run_jobs().await;
        app.advance(std::time::Duration::from_mins(2));
    }
    let operator = app.operator(OperatorRole::Support).await;
    let page = operator.get("/jobs?state=dead").await.expect(200);
    assert!(page.body.contains("permission denied"), "{}", page.body);
    let welcome = "select id from jobs where kind = 'platform.mail.deliver' and state = 'dead' and payload ->> 'template' = $1";
    let job = id(&app, welcome, "tenants.welcome").await;
    run("grant update on mail_messages to atelier_platform").await;
    act(&operator, &format!("/jobs/{job}/retry"), &[]).await;
    app.run_jobs().await;
    let (job, mail): (String, String) = sqlx::query_as(
        "select j.state, m.state from jobs j join mail_messages m on m.id = (j.payload ->> 'mail')::uuid where j.id = $1",
    )
    .bind(job)
    .fetch_one(&database)
    .await
    .unwrap();
    assert_eq!((job.as_str(), mail.as_str()), ("done", "sent"));
}

#[tokio::test]
async fn an_event_that_is_late_is_handed_on() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    app.run_jobs().await;
    let tenant = tenant_id(&app, "northlight").await;
    let late = id(&app, "insert into outbox_events (id, tenant_id, kind, version, payload, occurred_at)
                         select gen_random_uuid(), t.id, 'test.thing.happened', 1, '{}', '2026-03-02T08:00:00Z'
                         from tenants t where t.slug = $1 returning id", "northlight").await;
    let reader = app.operator(OperatorRole::SupportReadonly).await;
    let operator = app.operator(OperatorRole::Support).await;
    let home = operator.get("/").await.expect(200);
    let waiting = home.texts("li");
    assert!(
        waiting
            .iter()
            .any(|row| row.starts_with("Events that wait") && row.ends_with('1')),
        "{waiting:?}"
    );
    let page = operator.get("/events?state=late").await.expect(200);
    let rows = page.texts("#events tbody tr");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].starts_with("test.thing.happened Late Northlight"));
    let path = format!("/events/{late}/retry");
    reader.plainly(Method::POST, &path, &[]).await.expect(403);
    let silent = operator.post(&path, &[("reason", "")]).await.expect(422);
    assert!(silent.body.contains("Say why."));
    act(&operator, &path, &[]).await;
    app.run_jobs().await;
    let handed_on = async || -> i64 {
        sqlx::query_scalar(
            "select count(*) from outbox_events where id = $1 and dispatched_at = $2",
        )
        .bind(late)
        .bind(app.clock.now())
        .fetch_one(&pool(&app))
        .await
        .unwrap()
    };
    assert_eq!(handed_on().await, 1);
    assert!(
        operator
            .get("/events?state=late")
            .await
            .expect(200)
            .texts("#events tbody tr")
            .is_empty()
    );
    // Once more, when a subscriber has lost what it heard.
    app.advance(std::time::Duration::from_mins(1));
    act(&operator, &path, &[]).await;
    app.run_jobs().await;
    assert_eq!(handed_on().await, 1);
    let (action, _, _) = acts(&app).await.remove(0);
    assert_eq!(action, "operations.event.handed_on");
    let told: i64 = sqlx::query_scalar(
        "select count(*) from audit_log where tenant_id = $1 and action = 'operations.event.handed_on'",
    )
    .bind(tenant)
    .fetch_one(&pool(&app))
    .await
    .unwrap();
    assert_eq!(told, 2);
    let unknown = id(&app, "select gen_random_uuid() where $1 <> ''", "x").await;
    operator
        .post(&format!("/events/{unknown}/retry"), &[("reason", "x")])
        .await
        .expect(404);
}

#[tokio::test]
async fn mail_that_was_given_up_is_sent_again() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    app.run_jobs().await;
    sqlx::query("update mail_messages set state = 'dead', sent_at = null, last_error = 'No such host' where template = 'tenants.welcome'")
        .execute(&pool(&app))
        .await
        .unwrap();
    let mail = id(
        &app,
        "select id from mail_messages where template = $1",
        "tenants.welcome",
    )
    .await;
    let operator = app.operator(OperatorRole::Support).await;
    let page = operator.get("/mail?state=stuck").await.expect(200);
    assert!(page.body.contains("No such host"), "{}", page.body);
    let health = operator.get("/health").await.expect(200);
    assert!(health.body.contains("Installed modules"));
    act(&operator, &format!("/mail/{mail}/retry"), &[]).await;
    app.run_jobs().await;
    let state: String = sqlx::query_scalar("select state from mail_messages where id = $1")
        .bind(mail)
        .fetch_one(&pool(&app))
        .await
        .unwrap();
    assert_eq!(state, "sent");
    operator
        .post(&format!("/mail/{mail}/retry"), &[("reason", "twice")])
        .await
        .expect(404);
    // The page never shows what a mail says: it may hold a link that signs somebody in.
    let list = operator.get("/mail").await.expect(200);
    assert!(!list.body.contains("/signup/confirm/"));
}
