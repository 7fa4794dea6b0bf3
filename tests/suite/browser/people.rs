//! A studio makes a role of its own, shares a draft with somebody outside, and a member chooses what they are told.

use testkit::browser::{Browser, Device, Page, Rules};

use super::{follow_mail, sign_up};
use crate::support::{LiveApp, MEMBER_PASSWORD};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_guests_and_news_on_a_desktop() {
    people(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_guests_and_news_on_a_phone() {
    people(Device::Phone).await;
}

async fn people(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let owner = browser.page(device).await;
    sign_up(
        &app,
        &owner,
        "Northlight",
        "Mara Lindqvist",
        "mara@northlight.test",
    )
    .await;
    make_a_role(&app, &owner).await;
    let colleague = browser.page(device).await;
    join_with_it(&app, &owner, &colleague).await;
    let guest = browser.page(device).await;
    share_with_a_guest(&app, &owner, &guest).await;
    hear_of_it(&app, &owner, &colleague).await;
}

async fn make_a_role(app: &LiveApp, page: &Page) {
    page.goto(&app.tenant("northlight", "/app/people/roles"))
        .await;
    page.click_css("main a[href='/app/people/roles/new']").await;
    page.wait_for_path("/app/people/roles/new").await;
    page.fill("Name", "Producer").await;
    // The search narrows what is shown, and what was chosen stays chosen.
    page.fill("Find a permission", "own posts").await;
    page.wait_for("document.querySelectorAll('[data-permission]:not([hidden])').length === 1")
        .await;
    page.click("checkbox", "Write own posts").await;
    page.fill("Find a permission", "").await;
    page.click("checkbox", "See posts and drafts").await;
    page.click("button", "Make the role").await;
    page.wait_for_text("The role Producer is made").await;
    page.wait_for_text("Nobody has it yet").await;
}

async fn join_with_it(app: &LiveApp, owner: &Page, colleague: &Page) {
    owner
        .goto(&app.tenant("northlight", "/app/people/invite"))
        .await;
    owner.fill("E-mail", "jonas@northlight.test").await;
    owner.click("checkbox", "Producer").await;
    owner.click("button", "Send the invitation").await;
    owner.wait_for_path("/app/people/invitations").await;
    owner.wait_for_text("Producer").await;

    follow_mail(app, colleague, "jonas@northlight.test", "/invite/").await;
    colleague.fill("Your name", "Jonas Weber").await;
    colleague.fill("Password", MEMBER_PASSWORD).await;
    colleague.click("button", "Join the workspace").await;
    colleague.wait_for_path("/app").await;
    let links: Vec<String> = colleague
        .eval("[...document.querySelectorAll('nav a[href]')].map((link) => new URL(link.href).pathname)")
        .await;
    assert!(
        links.iter().any(|path| path == "/app/blog/posts"),
        "{links:?}"
    );
    assert!(links.iter().all(|path| path != "/app/people"), "{links:?}");
    colleague
        .goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    colleague.fill("Title", "A draft by Jonas").await;
    let publish: bool = colleague
        .eval("[...document.querySelectorAll('button')].some((button) => button.textContent.trim() === 'Publish')")
        .await;
    assert!(!publish, "a producer is offered to publish");
    colleague.click("button", "Save draft").await;
    colleague.wait_for_text("Draft saved").await;
}

async fn share_with_a_guest(app: &LiveApp, owner: &Page, guest: &Page) {
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts"))
        .await;
    owner.click("link", "A draft by Jonas").await;
    owner
        .wait_for("location.pathname.endsWith('/edit') && document.readyState === 'complete'")
        .await;
    owner.click_css("main a[href^='/app/share/']").await;
    owner
        .wait_for(
            "location.pathname.startsWith('/app/share/') && document.readyState === 'complete'",
        )
        .await;
    owner.fill("Whom is it for?", "Nadia").await;
    owner.click("button", "Make a link").await;
    owner.wait_for_text("it cannot be shown again").await;
    let link: String = owner
        .eval("document.querySelector('#guest-link').value ?? document.querySelector('#guest-link').textContent")
        .await;
    owner.wait_for_text("used 0 times").await;
    let faults = owner.axe(Rules::All).await;
    assert!(faults.is_empty(), "{faults:?}");

    guest.goto(link.trim()).await;
    guest.wait_for_text("shares this with you").await;
    guest.click("button", "Open it").await;
    guest
        .wait_for(
            "location.pathname.startsWith('/blog/review/') && document.readyState === 'complete'",
        )
        .await;
    guest.wait_for_text("A draft by Jonas").await;
    let faults = guest.axe(Rules::All).await;
    assert!(faults.is_empty(), "{faults:?}");
    // Nothing of the workspace is theirs.
    guest
        .goto(&app.tenant("northlight", "/app/blog/posts"))
        .await;
    guest.wait_for_path("/login").await;
}

/// The owner gives the colleague another role; the bell tells, and the colleague wants it otherwise from now on.
async fn hear_of_it(app: &LiveApp, owner: &Page, colleague: &Page) {
    owner.goto(&app.tenant("northlight", "/app/people")).await;
    owner.click("link", "Jonas Weber").await;
    owner
        .wait_for(
            "location.pathname.startsWith('/app/people/') && document.readyState === 'complete'",
        )
        .await;
    owner.click("checkbox", "Viewer").await;
    owner.click("button", "Save roles").await;
    owner.wait_for_text("The roles are saved").await;

    colleague.goto(&app.tenant("northlight", "/app")).await;
    colleague
        .wait_for("document.querySelector('header a[href=\"/app/inbox\"]').textContent.includes('1 unread')")
        .await;
    colleague.click_css("header a[href='/app/inbox']").await;
    colleague.wait_for_path("/app/inbox").await;
    colleague
        .wait_for_text("What you may do in Northlight has changed")
        .await;
    colleague.click("button", "Mark all as read").await;
    colleague
        .wait_for_text("1 notification marked as read")
        .await;
    colleague
        .wait_for("!document.querySelector('header a[href=\"/app/inbox\"]').textContent.includes('unread')")
        .await;
    colleague
        .click_css("main a[href='/app/me/notifications']")
        .await;
    colleague.wait_for_path("/app/me/notifications").await;
    let chosen = "document.querySelector('[name=\"mail-workspace.role\"]').value";
    colleague
        .run("document.querySelector('[name=\"mail-workspace.role\"]').value = 'daily'")
        .await;
    colleague.click("button", "Save").await;
    colleague.wait_for_text("Your choices are saved").await;
    let kept: String = colleague.eval(chosen).await;
    assert_eq!(kept, "daily");
}
