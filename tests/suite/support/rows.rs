//! Rows that take more than one request to make.

use http::Method;
use serde_json::json;

use super::Client;

/// A note on a post, a link to its draft, and a lease.
pub async fn around_a_post(owner: &Client, post: &str, slug: &str) {
    let post = format!("/api/v1/blog/posts/{post}");
    let note = json!({ "body": format!("{slug} likes this") });
    let calls = [
        (Method::POST, "notes", note, 201),
        (Method::POST, "previews", json!({}), 201),
        (Method::PUT, "lock", json!({}), 200),
    ];
    for (method, what, body, status) in calls {
        let path = format!("{post}/{what}");
        owner
            .api(method, &path, &[], Some(&body))
            .await
            .expect(status);
    }
}
