//! The pages about applications, as their owner goes through them.

use kernel::Role;

use super::{POSTS, shows};
use crate::support::{Reply, TestApp};

const PATH: &str = "/app/settings/applications";

fn key_of(reply: &Reply) -> String {
    reply.attribute("input#key", "value").expect("a key")
}

#[tokio::test]
async fn an_owner_makes_an_application_and_a_key_and_uses_it() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let owner = &northlight.owner;
    let empty = owner.get(PATH).await.expect(200);
    assert!(empty.body.contains("No applications yet"), "{}", empty.body);
    let form = [
        ("name", "My site"),
        ("product", "blog"),
        (
            "allowed_origins",
            "https://shop.example\nhttps://*.shop.example",
        ),
        ("cache_seconds", "120"),
    ];
    let made = owner.post(PATH, &form).await.expect(303);
    let page = made.location().expect("its page");
    let shown = owner.get(&page).await.expect(200);
    assert!(shown.body.contains("No keys yet"), "{}", shown.body);

    let keys = format!("{page}/keys");
    let form = [
        ("name", "Web server"),
        ("scopes", "posts:read"),
        ("scopes", "tags:write"),
        ("env", "live"),
        ("life", "30"),
    ];
    let once = owner.post(&keys, &form).await.expect(200);
    assert_eq!(once.header("cache-control"), Some("no-store"));
    let key = key_of(&once);
    app.forget();
    let visitor = app.visitor().on(&northlight.origin());
    shows(&visitor, &key, POSTS).await.expect(200);
    let download = once.attribute("a[download]", "href").expect("a download");
    assert!(download.starts_with("data:text/plain"), "{download}");
    // Looking again shows its ends alone.
    let shown = owner.get(&page).await.expect(200);
    assert!(!shown.body.contains(&key));
    assert!(shown.body.contains(&key[..20]) && shown.body.contains(&key[key.len() - 4..]));
    assert!(
        shown.body.contains("posts:read, tags:write"),
        "{}",
        shown.body
    );
    assert!(shown.body.contains("until 1 Apr 2026"), "{}", shown.body);

    let id = shown
        .attribute("dialog[id^=rotate-]", "id")
        .expect("a dialog");
    let id = id.trim_start_matches("rotate-").to_owned();
    let form = [(format!("overlap-{id}"), "0".to_owned())];
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let rotated = owner
        .post(&format!("{keys}/{id}/rotate"), &form)
        .await
        .expect(200);
    app.forget();
    let new = key_of(&rotated);
    shows(&visitor, &key, POSTS).await.expect(401);
    shows(&visitor, &new, POSTS).await.expect(200);

    let shown = owner.get(&page).await.expect(200);
    let id = shown
        .attribute("dialog[id^=revoke-]", "id")
        .expect("a dialog");
    let id = id.trim_start_matches("revoke-").to_owned();
    owner
        .post(
            &format!("{keys}/{id}/revoke"),
            &[(&format!("reason-{id}"), "leaked")],
        )
        .await
        .expect(303);
    app.forget();
    shows(&visitor, &new, POSTS).await.expect(401);
}

#[tokio::test]
async fn a_form_that_is_refused_keeps_what_was_typed() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let owner = &northlight.owner;
    let form = [
        ("name", "Mine"),
        ("product", "blog"),
        ("allowed_origins", "shop"),
        ("cache_seconds", "x"),
    ];
    let refused = owner.post(PATH, &form).await.expect(422);
    assert!(
        refused.body.contains("shop is not an origin"),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("Choose 0 to 86400 seconds"),
        "{}",
        refused.body
    );
    assert_eq!(
        refused.attribute("input[name=name]", "value").as_deref(),
        Some("Mine")
    );

    let form = [
        ("name", "Mine"),
        ("product", "blog"),
        ("cache_seconds", "60"),
    ];
    let page = owner
        .post(PATH, &form)
        .await
        .expect(303)
        .location()
        .expect("its page");
    let keys = format!("{page}/keys");
    let refused = owner
        .post(&keys, &[("name", ""), ("allowed_cidrs", "home")])
        .await
        .expect(422);
    for text in [
        "Give the key a name",
        "Choose at least one scope",
        "home is no network",
    ] {
        assert!(refused.body.contains(text), "{text}");
    }
    let rev = owner
        .get(&page)
        .await
        .expect(200)
        .attribute("input[name=rev]", "value")
        .expect("a revision");
    let form = [
        ("rev", rev.as_str()),
        ("name", "Renamed"),
        ("cache_seconds", "60"),
        ("allowed_origins", ""),
    ];
    owner.post(&page, &form).await.expect(303);
    // Somebody else's change is not overwritten.
    owner.post(&page, &form).await.expect(412);
    owner
        .post(&format!("{page}/disable"), &[])
        .await
        .expect(303);
    assert!(
        owner
            .get(&page)
            .await
            .expect(200)
            .body
            .contains("Switched off")
    );
    owner.post(&format!("{page}/enable"), &[]).await.expect(303);
}

#[tokio::test]
async fn a_manager_looks_and_changes_nothing() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let form = [
        ("name", "Mine"),
        ("product", "blog"),
        ("cache_seconds", "60"),
    ];
    let page = northlight
        .owner
        .post(PATH, &form)
        .await
        .expect(303)
        .location()
        .expect("its page");
    let manager = northlight.member(&app, Role::Manager, "Robin Vale").await;
    let list = manager.get(PATH).await.expect(200);
    assert!(list.body.contains("Mine") && !list.body.contains("New application"));
    let shown = manager.get(&page).await.expect(200);
    assert!(!shown.body.contains("New key") && !shown.body.contains("Switch off"));
    manager
        .plainly(http::Method::POST, &format!("{page}/disable"), &[])
        .await
        .expect(403);
    let viewer = northlight.member(&app, Role::Viewer, "Kim Lund").await;
    viewer
        .plainly(http::Method::GET, PATH, &[])
        .await
        .expect(403);
}

#[tokio::test]
async fn the_reference_is_drawn_from_the_description_and_can_be_searched() {
    let app = TestApp::new().await;
    let northlight = app.tenant("northlight").await;
    let visitor = app.visitor().on(&northlight.origin());
    let all = visitor.get("/api/v1/reference").await.expect(200);
    let found = visitor
        .get("/api/v1/reference?q=create%20tag")
        .await
        .expect(200);
    assert!(all.texts("#operations a.link").len() > 30);
    assert_eq!(found.texts("#operations a.link"), ["Create a tag"]);
    let none = visitor.get("/api/v1/reference?q=moon").await.expect(200);
    assert!(
        none.body.contains("No operation has these words"),
        "{}",
        none.body
    );
    let tags = visitor.get("/api/v1/reference/tags").await.expect(200);
    assert!(
        tags.body
            .contains("http://northlight.atelier.test/api/v1/blog/tags"),
        "{}",
        tags.body
    );
    assert!(tags.body.contains("tags:write"));
    // Nothing comes from elsewhere.
    for attribute in ["script[src]", "link[href]", "img[src]"] {
        let name = if attribute.starts_with("link") {
            "href"
        } else {
            "src"
        };
        let from = tags.attribute(attribute, name).unwrap_or("/".to_owned());
        assert!(from.starts_with('/') && !from.starts_with("//"), "{from}");
    }
    visitor.get("/api/v1/reference/moon").await.expect(404);
}
