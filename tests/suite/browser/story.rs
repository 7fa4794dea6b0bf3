//! A studio signs up on its own subdomain and publishes; nobody else can see in.

use testkit::browser::{Browser, Device, Page};

use super::{follow_mail, sign_up};
use crate::support::{LiveApp, MEMBER_PASSWORD};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_studio_publishes_on_a_desktop() {
    story(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_studio_publishes_on_a_phone() {
    story(Device::Phone).await;
}

async fn story(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let owner = browser.page(device).await;
    owner.goto(&app.base("/")).await;
    sign_up(
        &app,
        &owner,
        "Northlight",
        "Mara Lindqvist",
        "mara@northlight.test",
    )
    .await;
    let host: String = owner.eval("location.host").await;
    assert_eq!(host, format!("northlight.localhost:{}", app.port));
    owner.wait_for_text("Publish your first post").await;
    owner.goto(&app.tenant("northlight", "/app/billing")).await;
    owner.wait_for_text("Trial ends").await;

    let live = write_and_publish(&app, &owner).await;
    rename(&app, &owner).await;

    // Anybody can read it, and the old address leads to the new one.
    let reader = browser.page(device).await;
    reader.goto(&app.tenant("northlight", &live)).await;
    reader.wait_for_path("/blog/our-north-window").await;
    reader.wait_for_text("We found our light").await;
    reader.goto(&app.tenant("northlight", "/blog")).await;
    reader.wait_for_text("A north window").await;

    let colleague = browser.page(device).await;
    invite(&app, &owner, &colleague).await;
    sees_what_the_role_allows(&app, &colleague).await;

    let stranger = browser.page(device).await;
    sees_nothing(&app, &stranger, &owner).await;
}

/// Gives the path of the post on the public site.
async fn write_and_publish(app: &LiveApp, page: &Page) -> String {
    page.goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    page.fill("Title", "A north window").await;
    page.fill("Text in Markdown", "We found our light.").await;

    // Copies an address in another field and pastes it over a word.
    page.fill("Excerpt", "https://example.com/light").await;
    page.press("Control+a").await;
    page.press("Control+c").await;
    page.fill("Excerpt", "").await;
    page.focus("Text in Markdown").await;
    page.run("document.activeElement.setSelectionRange(13, 18)")
        .await;
    page.press("Control+v").await;
    page.wait_for(
        "document.querySelector('[name=content]').value === 'We found our [light](https://example.com/light).'",
    )
    .await;

    page.click("button", "Publish").await;
    page.wait_for_text("The post is live").await;
    page.click("link", "View on the website").await;
    page.wait_for("location.pathname.startsWith('/blog/') && document.readyState === 'complete'")
        .await;
    page.wait_for("document.querySelector('h1').textContent === 'A north window'")
        .await;
    page.wait_for(
        "document.querySelector('main a[href=\"https://example.com/light\"]').textContent === 'light'",
    )
    .await;
    page.eval("location.pathname").await
}

/// Gives the post another address.
async fn rename(app: &LiveApp, page: &Page) {
    page.goto(&app.tenant("northlight", "/app/blog/posts"))
        .await;
    page.click("link", "A north window").await;
    page.wait_for("location.pathname.endsWith('/edit') && document.readyState === 'complete'")
        .await;
    page.fill("Address", "our-north-window").await;
    page.click("button", "Save draft").await;
    page.wait_for_text("Draft saved").await;
}

pub(super) async fn invite(app: &LiveApp, owner: &Page, colleague: &Page) {
    owner.goto(&app.tenant("northlight", "/app/people")).await;
    owner.click_css("main a[href='/app/people/invite']").await;
    owner.wait_for_path("/app/people/invite").await;
    owner.fill("E-mail", "jonas@northlight.test").await;
    owner.click("checkbox", "Author").await;
    owner.click("button", "Send the invitation").await;
    owner.wait_for_path("/app/people/invitations").await;
    owner.wait_for_text("jonas@northlight.test").await;

    follow_mail(app, colleague, "jonas@northlight.test", "/invite/").await;
    colleague.fill("Your name", "Jonas Weber").await;
    colleague.fill("Password", MEMBER_PASSWORD).await;
    colleague.click("button", "Join the workspace").await;
    colleague.wait_for_path("/app").await;
    owner.goto(&app.tenant("northlight", "/app/people")).await;
    owner.wait_for_text("Jonas Weber").await;
}

/// An author writes drafts; settings, billing and the audit log are not theirs.
async fn sees_what_the_role_allows(app: &LiveApp, page: &Page) {
    let links: Vec<String> = page
        .eval("[...document.querySelectorAll('nav a[href]')].map((link) => new URL(link.href).pathname)")
        .await;
    assert!(
        links.iter().any(|path| path == "/app/blog/posts"),
        "{links:?}"
    );
    for path in [
        "/app/settings",
        "/app/billing",
        "/app/audit",
        "/app/blog/settings",
    ] {
        assert!(
            links.iter().all(|link| link != path),
            "{path} is offered to an author"
        );
    }
    page.allow("status of 403");
    page.goto(&app.tenant("northlight", "/app/billing")).await;
    page.wait_for(
        "document.querySelector('main h1') && !document.body.innerText.includes('21 days')",
    )
    .await;
    page.goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    page.fill("Title", "A draft by Jonas").await;
    let publish: bool = page
        .eval("[...document.querySelectorAll('button')].some((button) => button.textContent.trim() === 'Publish')")
        .await;
    assert!(!publish, "an author is offered to publish");
    page.click("button", "Save draft").await;
    page.wait_for_text("Draft saved").await;
}

/// A second studio: the first one's pages, posts and people are not there for it.
async fn sees_nothing(app: &LiveApp, page: &Page, owner: &Page) {
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts"))
        .await;
    let edit: String = owner
        .eval("new URL(document.querySelector('main a[href$=\"/edit\"]').href).pathname")
        .await;
    sign_up(app, page, "Southlight", "Sam Okafor", "sam@southlight.test").await;
    for path in [
        "/app",
        "/app/blog/posts",
        "/app/people",
        "/app/audit",
        "/blog",
    ] {
        page.goto(&app.tenant("southlight", path)).await;
        let text = page.text().await;
        for word in ["north window", "Jonas", "Mara"] {
            assert!(!text.contains(word), "{path} shows {word}:\n{text}");
        }
    }
    page.allow("status of 404");
    page.allow("status of 403");
    for path in [edit.as_str(), "/blog/our-north-window"] {
        page.goto(&app.tenant("southlight", path)).await;
        let text = page.text().await;
        assert!(!text.contains("north window"), "{path} shows {text}");
    }
    // On the other studio's own host there is no way in either.
    page.goto(&app.tenant("northlight", "/app/people")).await;
    page.wait_for("document.readyState === 'complete'").await;
    let text = page.text().await;
    assert!(!text.contains("Jonas") && !text.contains("Mara"), "{text}");
}
