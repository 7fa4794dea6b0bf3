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
