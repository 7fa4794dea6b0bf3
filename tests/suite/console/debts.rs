//! What an ended subscription still owes, settled from the console.

use http::Method;
use kernel::OperatorRole;

use super::world::{act, acts, id, plan_id, pool, tenant_id};
use crate::support::TestApp;

#[tokio::test]
async fn what_an_ended_subscription_owes_is_settled_once_and_with_a_reason() {
    let app = TestApp::new().await;
    app.tenant("northlight").await;
    let tenant = tenant_id(&app, "northlight").await;
    let operator = app.operator(OperatorRole::Billing).await;
    let support = app.operator(OperatorRole::Support).await;
    let base = format!("/tenants/{tenant}/subscriptions");
    let plan = plan_id(&app, "studio").await.to_string();
    let monthly = id(
        &app,
        "select id from plan_prices where plan_id::text = $1 and billing_cycle = 'monthly'",
        &plan,
    )
    .await
    .to_string();
    act(
        &operator,
        &base,
        &[("price", monthly.as_str()), ("start", "2026-03-02")],
    )
    .await;
    let subscription = id(
        &app,
        "select s.id from subscriptions s join tenants t on t.id = s.tenant_id where t.slug = $1",
        "northlight",
    )
    .await;
    let path = format!("{base}/{subscription}");
    let living = operator
        .post(&format!("{path}/settle"), &[("reason", "x")])
        .await
        .expect(409);
    assert!(living.body.contains("has not ended"), "{}", living.body);
    act(&operator, &format!("{path}/cancel"), &[("when", "now")]).await;

    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    for part in ["Settle what is open", "€19 is still open"] {
        assert!(page.body.contains(part), "{part}");
    }
    let theirs = support.get(&format!("/tenants/{tenant}")).await.expect(200);
    assert!(!theirs.body.contains("Settle what is open"));
    support
        .plainly(Method::POST, &format!("{path}/settle"), &[])
        .await
        .expect(403);
    operator
        .post(&format!("{path}/settle"), &[("reason", "")])
        .await
        .expect(422);
    act(&operator, &format!("{path}/settle"), &[]).await;

    let open: i64 = sqlx::query_scalar("select due_minor from subscriptions where id = $1")
        .bind(subscription)
        .fetch_one(&pool(&app))
        .await
        .unwrap();
    assert_eq!(open, 0);
    assert_eq!(acts(&app).await[0].0, "billing.debt.settled");
    let page = operator
        .get(&format!("/tenants/{tenant}"))
        .await
        .expect(200);
    assert!(!page.body.contains("Settle what is open"));
    assert!(
        page.body
            .contains("what was open after the end was settled")
    );
    operator
        .post(&format!("{path}/settle"), &[("reason", "again")])
        .await
        .expect(409);
}
