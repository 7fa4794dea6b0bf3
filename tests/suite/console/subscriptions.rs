//! Subscriptions by hand, from the console: the rules are billing's, the record is both the tenant's and the console's.

use std::time::Duration;

use http::Method;
use kernel::OperatorRole;
use uuid::Uuid;

use super::world::{act, acts, id, plan_id, pool, tenant_id};
use crate::support::{Client, TestApp};

/// The subscription that a tenant has, and its revision.
async fn subscription(app: &TestApp, slug: &str) -> (Uuid, String) {
    let question = "select s.id, s.lock_version::text from subscriptions s join tenants t on t.id = s.tenant_id
                    where t.slug = $1 order by s.created_at desc limit 1";
    sqlx::query_as(question)
        .bind(slug)
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

async fn price(app: &TestApp, plan: &str, cycle: &str) -> String {
    let question = "select p.id::text from plan_prices p where p.plan_id = $1 and p.billing_cycle = $2 order by p.version desc limit 1";
    sqlx::query_scalar(question)
        .bind(plan_id(app, plan).await)
        .bind(cycle)
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

async fn status(app: &TestApp) -> (String, String) {
    sqlx::query_as("select status, collection from subscriptions order by created_at desc limit 1")
        .fetch_one(&pool(app))
        .await
        .unwrap()
}

/// Activates the yearly plan of a tenant, paid.
async fn activate_yearly(app: &TestApp, operator: &Client, slug: &str) {
    let path = format!("/tenants/{}/subscriptions", tenant_id(app, slug).await);
    let yearly = price(app, "studio", "yearly").await;
    let form = [
        ("price", yearly.as_str()),
        ("quantity", "1"),
        ("start", "2026-03-02"),
        ("paid", "on"),
    ];
    act(operator, &path, &form).await;
    app.forget();
}

#[tokio::test]
async fn a_trial_is_extended_by_support() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let (trial, rev) = subscription(&app, "northlight").await;
    let path = format!("/tenants/{tenant}/subscriptions/{trial}/extend");
    let reader = app.operator(OperatorRole::SupportReadonly).await;
    reader.plainly(Method::POST, &path, &[]).await.expect(403);
    let operator = app.operator(OperatorRole::Support).await;
    for (form, why) in [
        (
            [("until", "2026-04-20"), ("reason", ""), ("rev", &rev)],
            "Say why.",
        ),
        (
            [("until", ""), ("reason", "x"), ("rev", &rev)],
            "Choose the new end",
        ),
        (
            [("until", "2026-03-05"), ("reason", "x"), ("rev", &rev)],
            "after the present end",
        ),
    ] {
        let refused = operator.post(&path, &form).await.expect(422);
        assert!(
            refused.body.contains(why),
            "{why}: {:?}",
            refused.texts(".banner")
        );
    }
    let form = [("until", "2026-04-20"), ("rev", rev.as_str())];
    act(&operator, &path, &form).await;
    app.forget();
    // Whoever saw the trial before it was extended does not extend it again.
    let stale = [
        ("until", "2026-05-01"),
        ("rev", rev.as_str()),
        ("reason", "late"),
    ];
    operator.post(&path, &stale).await.expect(412);

    app.advance(Duration::from_hours(24 * 45));
    app.run_jobs().await;
    app.forget();
    let visitor = app.visitor().on(&northlight.origin());
    visitor.get("/blog").await.expect(200);
    assert_eq!(status(&app).await.0, "trialing");
    let recorded = acts(&app).await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].0, "billing.trial.extended");
    let entries: Vec<(String, String)> = sqlx::query_as(
        "select actor_kind, actor_name from audit_log where tenant_id = $1 and action = 'billing.trial.extended'",
    )
    .bind(tenant)
    .fetch_all(&pool(&app))
    .await
    .unwrap();
    assert_eq!(
        entries,
        [("operator".to_owned(), "Priya Support".to_owned())],
        "the tenant's own log tells of it once"
    );
}

#[tokio::test]
async fn a_yearly_plan_is_activated_changed_cancelled_and_kept_by_hand() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    let support = app.operator(OperatorRole::Support).await;
    let base = format!("/tenants/{tenant}/subscriptions");
    support.plainly(Method::POST, &base, &[]).await.expect(403);
    let nothing = operator
        .post(&base, &[("price", "x"), ("reason", "x")])
        .await
        .expect(422);
    assert!(nothing.body.contains("Choose a price"));

    activate_yearly(&app, &operator, "northlight").await;
    assert_eq!(status(&app).await, ("active".into(), "manual".into()));
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    for part in ["€190 a year", "version 1", "€15.83", "a plan began"] {
        assert!(page.body.contains(part), "{part}");
    }
    let home = operator.get("/").await.expect(200);
    let figure = home
        .texts(".stat")
        .into_iter()
        .find(|stat| stat.starts_with("MRR"));
    assert!(figure.is_some_and(|text| text.starts_with("MRR €15.83")));

    let (id, _) = subscription(&app, "northlight").await;
    let path = format!("{base}/{id}");
    act(
        &operator,
        &format!("{path}/cancel"),
        &[("when", "period_end")],
    )
    .await;
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(page.body.contains("Ends 2 Mar 2027"), "{}", page.body);
    act(&operator, &format!("{path}/resume"), &[]).await;
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(page.body.contains("Renews 2 Mar 2027"));
    act(&operator, &format!("{path}/pay"), &[]).await;
    let solo = price(&app, "solo", "yearly").await;
    act(
        &operator,
        &format!("{path}/change"),
        &[("price", solo.as_str())],
    )
    .await;
    act(&operator, &format!("{path}/cancel"), &[("when", "now")]).await;
    assert_eq!(status(&app).await.0, "cancelled");
    let refused = operator
        .post(&format!("{path}/resume"), &[("reason", "x")])
        .await
        .expect(409);
    assert!(refused.texts(".banner").len() == 1);

    let did: Vec<String> = acts(&app).await.into_iter().map(|act| act.0).collect();
    assert_eq!(
        did,
        [
            "billing.subscription.cancelled",
            "billing.plan.changed",
            "billing.payment.recorded",
            "billing.subscription.resumed",
            "billing.cancellation.scheduled",
            "billing.subscription.activated",
        ]
    );
    let own = northlight
        .owner
        .get("/app/audit?area=billing")
        .await
        .expect(200);
    let sentences = own.texts("#audit tbody td:first-child");
    let (trial, by_hand) = sentences.split_last().expect("entries");
    assert_eq!(trial, "Atelier began the trial of Blog");
    assert_eq!(by_hand.len(), 6, "{sentences:#?}");
    assert!(
        by_hand
            .iter()
            .all(|text| text.starts_with("Priya Billing (Atelier)")),
        "{sentences:#?}"
    );
}

#[tokio::test]
async fn subscribers_are_moved_to_a_newer_price_with_notice() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    activate_yearly(&app, &operator, "northlight").await;
    app.advance(Duration::from_hours(1));
    let operator = app.operator(OperatorRole::Admin).await;
    let plan = plan_id(&app, "studio").await;
    let old = price(&app, "studio", "yearly").await;
    let form = [
        ("cycle", "yearly"),
        ("currency", "EUR"),
        ("amount", "210"),
        ("based_on", "1"),
    ];
    act(&operator, &format!("/products/plans/{plan}/prices"), &form).await;
    let new = price(&app, "studio", "yearly").await;
    assert_ne!(old, new);
    let shown = operator
        .get(&format!("/products/plans/{plan}"))
        .await
        .expect(200);
    assert!(shown.body.contains("Move subscribers"), "{}", shown.body);
    let path = format!("/products/prices/{old}/migrate");
    let soon = [
        ("to", new.as_str()),
        ("effective", "2026-03-10"),
        ("reason", "x"),
    ];
    let refused = operator.post(&path, &soon).await.expect(422);
    assert!(refused.body.contains("at least 14 days"));
    let before = app.letters("owner@northlight.test").await.len();
    act(
        &operator,
        &path,
        &[("to", new.as_str()), ("effective", "2026-04-01")],
    )
    .await;
    assert_eq!(app.letters("owner@northlight.test").await.len(), before + 1);
    let on: String = sqlx::query_scalar("select plan_price_id::text from subscriptions")
        .fetch_one(&pool(&app))
        .await
        .unwrap();
    assert_eq!(
        on, old,
        "until the period ends everybody keeps what they have"
    );
    let pending: String = sqlx::query_scalar("select pending_price_id::text from subscriptions")
        .fetch_one(&pool(&app))
        .await
        .unwrap();
    assert_eq!(pending, new);
    let unknown = id(&app, "select gen_random_uuid() where $1 <> ''", "x").await;
    operator
        .post(
            &format!("/products/prices/{unknown}/migrate"),
            &[("reason", "x")],
        )
        .await
        .expect(404);
}
