//! The story of a studio, over HTTP and in process: what the browser journeys show, in milliseconds.

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
