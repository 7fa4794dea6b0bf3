//! Three readers report a comment and it is gone; its writer is kept from commenting, and then forgotten.

use testkit::browser::{Browser, Device, Page};

use super::story::invite;
use super::{look, sign_up};
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_is_reported_and_its_writer_banned_on_a_desktop() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_is_reported_and_its_writer_banned_on_a_phone() {
    journey(Device::Phone).await;
}

const INSULT: &str = "Your boats are ugly.";

async fn journey(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let owner = browser.page(device).await;
    let email = "mara@northlight.test";
    sign_up(&app, &owner, "Northlight", "Mara Lindqvist", email).await;
    let author = browser.page(device).await;
    invite(&app, &owner, &author).await;
    open_a_post(&app, &owner).await;

    let post = app.tenant("northlight", "/blog/boats");
    let writer = browser.page(device).await;
    write(&writer, &post).await;
    writer.wait_for_text("Your comment is public").await;
    look(&writer, device, "moderation-public").await;

    // Each reader counts once; two of them are not enough.
    let reader = browser.page(device).await;
    for page in [&reader, &reader, &author] {
        report(page, &post).await;
        page.wait_for_text(INSULT).await;
    }
    report(&owner, &post).await;
    reader.goto(&post).await;
    assert!(!reader.text().await.contains(INSULT));

    // The moderator sees why, keeps the writer out, and hides the comment.
    owner
        .goto(&app.tenant("northlight", "/app/blog/comments"))
        .await;
    owner.wait_for_text("3 reports").await;
    look(&owner, device, "moderation-queue").await;
    owner.click("link", "Otto Quist").await;
    owner.wait_for_text("It is about people").await;
    look(&owner, device, "moderation-case").await;
    owner.choose("Who", "This e-mail address").await;
    owner.fill("Why", "Insults").await;
    owner.click("button", "Ban").await;
    owner.wait_for_text("They cannot comment any more").await;
    owner.wait_for_text("otto@readers.test").await;
    look(&owner, device, "moderation-bans").await;
    writer.allow("status of 403");
    write(&writer, &post).await;
    writer.wait_for_text("You cannot comment here").await;
    look(&writer, device, "moderation-banned").await;

    // What is known of the writer is removed, by the address: the words stay as those of nobody, or go as well.
    owner
        .goto(&app.tenant("northlight", "/app/blog/comments"))
        .await;
    owner.click("link", "Remove a reader").await;
    owner
        .fill("E-mail address of the reader", "otto@readers.test")
        .await;
    owner.click("radio", "Remove the words").await;
    look(&owner, device, "moderation-erase").await;
    owner.click("button", "Remove this reader").await;
    owner.wait_for_text("Removed from 1 comment").await;
    owner.wait_for_text("No comment waits").await;
    owner
        .goto(&app.tenant("northlight", "/app/blog/comments/bans"))
        .await;
    assert!(!owner.text().await.contains("otto@readers.test"));
}

/// Publishes a post on which everybody may comment at once.
async fn open_a_post(app: &LiveApp, owner: &Page) {
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    owner.fill("Title", "Boats").await;
    owner.fill("Text in Markdown", "Three of them.").await;
    owner.click("button", "Publish").await;
    owner.wait_for_text("The post is live").await;
    owner
        .goto(&app.tenant("northlight", "/app/blog/settings"))
        .await;
    owner.choose("Who may comment", "Everybody").await;
    owner.choose("What waits for a moderator", "Nothing").await;
    owner.click("button", "Save").await;
    owner.wait_for_text("Settings saved").await;
}

async fn write(page: &Page, post: &str) {
    page.goto(post).await;
    page.fill("Comment", INSULT).await;
    page.fill("Name", "Otto Quist").await;
    page.fill("E-mail", "otto@readers.test").await;
    // People type longer than programs do.
    page.wait_for("performance.now() > 3500").await;
    page.click("button", "Send comment").await;
}

async fn report(page: &Page, post: &str) {
    page.goto(post).await;
    page.click("link", "Report the comment of Otto Quist").await;
    page.fill("What is wrong with it?", "It is about people")
        .await;
    page.click("button", "Report").await;
    page.wait_for_text("Somebody will look at this comment")
        .await;
}
