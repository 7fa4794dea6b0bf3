//! The story of a studio, over HTTP and in process: what the browser journeys show, in milliseconds.

use testkit::Role;

use crate::support::TestApp;

#[tokio::test]
async fn a_studio_signs_up_publishes_and_stays_alone() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let owner = &northlight.owner;

    let home = owner.get("/app").await.expect(200);
    assert!(home.body.contains("Northlight"), "{}", home.body);

    let other = app.tenant("southlight").await;
    let seen = other.owner.get("/app").await.expect(200);
    assert!(!seen.body.contains("Northlight"), "{}", seen.body);
}

#[tokio::test]
async fn a_full_plan_takes_no_further_invitation() {
    let app = TestApp::new().await;
    let studio = app.tenant("northlight").await;
    let limit = "update plan_entitlements set value = 2 where key = 'workspace.seats'";
    sqlx::query(limit)
        .execute(&app.database.pool(Role::Superuser))
        .await
        .unwrap();
    app.forget();

    let invite = async |email: &str| {
        studio
            .owner
            .post(
                "/app/people/invite",
                &[("email", email), ("role", "viewer")],
            )
            .await
    };
    invite("first@example.test").await.expect(303);
    let refused = invite("second@example.test").await.expect(402);
    assert!(
        refused.body.contains("Your plan is full"),
        "{}",
        refused.body
    );
    // Replacing an invitation takes no further seat.
    invite("first@example.test").await.expect(303);
}
