//! A reader comments and confirms by mail; a moderator approves by keys; everybody reads it.

use testkit::browser::{Browser, Device};

use super::{follow_mail, look, sign_up};
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_heard_on_a_desktop() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_heard_on_a_phone() {
    journey(Device::Phone).await;
}

async fn journey(device: Device) {
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
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    owner.fill("Title", "A north window").await;
    owner.fill("Text in Markdown", "We found our light.").await;
    owner.click("button", "Publish").await;
    owner.wait_for_text("The post is live").await;
    owner
        .goto(&app.tenant("northlight", "/app/blog/settings"))
        .await;
    owner
        .choose(
            "Who may comment",
            "Everybody; guests confirm their e-mail address",
        )
        .await;
    owner.click("button", "Save").await;
    owner.wait_for_text("Settings saved").await;

    // The reader writes, and is asked to confirm.
    let reader = browser.page(device).await;
    let post = app.tenant("northlight", "/blog/a-north-window");
    reader.goto(&post).await;
    reader.fill("Comment", "What a *fine* window").await;
    reader.fill("Name", "Ines Duarte").await;
    reader.fill("E-mail", "ines@readers.test").await;
    reader
        .click("checkbox", "Mail me when somebody answers")
        .await;
    // People type longer than programs do.
    reader
        .wait_for(
            "performance.now() > 3500 && document.querySelector('#comment-form [name=token]')",
        )
        .await;
    look(&reader, device, "comments-form").await;
    reader.click("button", "Send comment").await;
    reader.wait_for_text("We have sent you a mail").await;
    follow_mail(
        &app,
        &reader,
        "ines@readers.test",
        "/blog/comments/confirm/",
    )
    .await;
    reader.wait_for_text("What a fine window").await;
    look(&reader, device, "comments-confirm").await;
    reader.click("button", "Confirm my comment").await;
    reader
        .wait_for_text("as soon as somebody has looked at it")
        .await;

    // The moderator moves to it and approves it by keys, takes that back, and approves it again.
    let queue = app.tenant("northlight", "/app/blog/comments");
    owner.goto(&queue).await;
    owner.wait_for_text("What a fine window").await;
    look(&owner, device, "comments-queue").await;
    owner.press("j").await;
    owner
        .wait_for("document.activeElement.textContent === 'Ines Duarte'")
        .await;
    owner.press("a").await;
    owner.wait_for_text("1 comment approved").await;
    owner.wait_for_text("No comment waits").await;
    owner.click("button", "Undo").await;
    owner.wait_for_text("1 comment is back as it was").await;
    owner.press("j").await;
    owner.press("x").await;
    owner
        .wait_for("document.querySelector('[data-bulk-count]').textContent === '1 selected'")
        .await;
    owner.press("a").await;
    owner.wait_for_text("No comment waits").await;
    owner.press("?").await;
    owner.wait_for_text("Mark as spam").await;
    owner.press("Escape").await;

    // A key pins it, too.
    owner.goto(&format!("{queue}?status=approved")).await;
    owner.wait_for_text("What a fine window").await;
    owner.press("j").await;
    owner
        .wait_for("document.activeElement.textContent === 'Ines Duarte'")
        .await;
    owner.press("p").await;
    owner.wait_for_text("stands above all others").await;
    look(&owner, device, "comments-pinned").await;

    // It is public, and answered below.
    reader.goto(&post).await;
    reader.wait_for_text("Pinned").await;
    reader.wait_for_text("1 comment").await;
    reader.wait_for_text("What a fine window").await;
    reader.click_css("[data-reply]").await;
    reader
        .wait_for("document.querySelector('#comment-form').closest('li') && document.activeElement.name === 'content'")
        .await;
    reader.click("link", "Write a new comment instead").await;
    reader
        .wait_for("!document.querySelector('#comment-form').closest('li')")
        .await;
    owner.goto(&post).await;
    owner.click_css("[data-reply]").await;
    owner
        .wait_for("document.activeElement.name === 'content'")
        .await;
    owner.type_text("Thank you, Ines.").await;
    owner.wait_for("performance.now() > 3500").await;
    owner.click("button", "Send comment").await;
    owner.wait_for_text("Your comment is public").await;
    reader.goto(&post).await;
    reader.wait_for_text("2 comments").await;
    reader
        .wait_for("document.querySelector('.comments ol ol .blog-said').textContent.trim() === 'Thank you, Ines.'")
        .await;
    look(&reader, device, "comments-answered").await;

    // A mail leads to the answer, and out of such mail.
    let ines = "ines@readers.test";
    follow_mail(&app, &reader, ines, "/blog/a-north-window#comment-").await;
    reader.wait_for_text("Thank you, Ines.").await;
    follow_mail(&app, &reader, ines, "/blog/comments/quiet/").await;
    look(&reader, device, "comments-quiet").await;
    reader.click("button", "Stop this mail").await;
    reader.wait_for_text("sends you no more mail").await;
}
