//! The same without scripts: every form works as a plain form.

use testkit::browser::{Browser, Device, Page};

use super::follow_mail;
use crate::support::{LiveApp, MEMBER_PASSWORD};

const MARA: &str = "mara@northlight.test";
const NEW_PASSWORD: &str = "another long pass phrase";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_needed_works_without_scripts() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let plain = async |device| {
        let page = browser.page(device).await;
        page.scripting(false).await;
        page
    };
    let owner = plain(Device::Desktop).await;
    sign_up(&app, &owner).await;
    publish(&app, &owner).await;
    invite(&app, &owner, &plain(Device::Phone).await).await;
    reset(&app, &plain(Device::Desktop).await).await;
}

/// Refused once, with the input kept.
async fn sign_up(app: &LiveApp, page: &Page) {
    page.goto(&app.base("/signup")).await;
    page.click("radio", "Website and blog").await;
    page.fill("Studio name", "Northlight").await;
    page.fill("Studio address", "www").await;
    page.fill("Your name", "Mara Lindqvist").await;
    page.fill("Work e-mail", MARA).await;
    page.fill("Password", MEMBER_PASSWORD).await;
    page.allow("status of 422");
    page.click("button", "Create workspace").await;
    page.wait_for("document.querySelector('[name=slug][aria-invalid=true]')")
        .await;
    page.wait_for("document.querySelector('[name=name]').value === 'Northlight'")
        .await;
    page.fill("Studio address", "northlight").await;
    page.fill("Password", MEMBER_PASSWORD).await;
    page.click("button", "Create workspace").await;
    page.wait_for_path("/signup/check-mail").await;
    follow_mail(app, page, MARA, "/signup/confirm/").await;
    page.click("button", "Confirm and open").await;
    page.wait_for_path("/app").await;
}

async fn publish(app: &LiveApp, page: &Page) {
    page.goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    page.fill("Title", "Without scripts").await;
    page.fill("Text in Markdown", "Still *here*.").await;
    page.click("button", "Publish").await;
    page.wait_for_text("The post is live").await;
    page.click("link", "View on the website").await;
    page.wait_for("document.querySelector('main em')?.textContent === 'here'")
        .await;
}

async fn invite(app: &LiveApp, owner: &Page, colleague: &Page) {
    owner
        .goto(&app.tenant("northlight", "/app/people/invite"))
        .await;
    owner.fill("E-mail", "jonas@northlight.test").await;
    owner.click("checkbox", "Editor").await;
    owner.click("button", "Send the invitation").await;
    owner.wait_for_path("/app/people/invitations").await;
    follow_mail(app, colleague, "jonas@northlight.test", "/invite/").await;
    colleague.fill("Your name", "Jonas Weber").await;
    colleague.fill("Password", MEMBER_PASSWORD).await;
    colleague.click("button", "Join the workspace").await;
    colleague.wait_for_path("/app").await;
}

/// A new password, and in with it.
async fn reset(app: &LiveApp, page: &Page) {
    page.goto(&app.base("/login")).await;
    page.click("link", "Forgot your password?").await;
    page.wait_for_path("/recover").await;
    page.fill("E-mail", MARA).await;
    page.press("Enter").await;
    page.wait_for("!document.querySelector('[name=email]') && document.readyState === 'complete'")
        .await;
    follow_mail(app, page, MARA, "/reset/").await;
    page.fill("New password", NEW_PASSWORD).await;
    page.press("Enter").await;
    page.wait_for_path("/login").await;
    page.fill("E-mail", MARA).await;
    page.fill("Password", NEW_PASSWORD).await;
    page.press("Enter").await;
    page.wait_for_text("Northlight").await;
}
