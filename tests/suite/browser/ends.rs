//! What ends by itself: a post that is unpublished at a chosen time, and a share with a last day.

use sqlx::AssertSqlSafe;
use testkit::Role;
use testkit::browser::{Browser, Device, Page};

use super::story::invite;
use super::{look, sign_up};
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_and_a_share_end_on_a_desktop() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_and_a_share_end_on_a_phone() {
    journey(Device::Phone).await;
}

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
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts/new"))
        .await;
    owner.fill("Title", "Open days").await;
    owner
        .fill("Text in Markdown", "Come and see us this week.")
        .await;
    owner.click("button", "Publish").await;
    owner.wait_for_text("The post is live").await;
    let edit: String = owner.eval("location.pathname").await;
    share(&app, device, (&owner, &author), &edit).await;
    let reader = browser.page(device).await;
    unpublish_later(&app, device, (&owner, &reader), &edit).await;
}

/// Writes a day or a time into a field, two days from now.
async fn in_two_days(page: &Page, field: &str, letters: usize) {
    page.run(&format!(
        "(() => {{ const field = document.querySelector('[name={field}]');
           field.closest('details')?.setAttribute('open', '');
           field.value = new Date(Date.now() + 2 * 86400000).toISOString().slice(0, {letters});
           field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
    ))
    .await;
}

/// Lets time pass for what is stored: days are too long to wait for.
async fn pass(app: &LiveApp, update: &str) {
    let done = sqlx::query(AssertSqlSafe(update.to_owned()))
        .execute(&app.database.pool(Role::Superuser))
        .await
        .expect("an update");
    assert!(done.rows_affected() > 0, "{update}");
    // What is kept in memory knows the former end.
    app.platform.forget(database::Change::Everything);
}

/// A colleague may edit what is not theirs, until the last day is over.
async fn share(app: &LiveApp, device: Device, (owner, author): (&Page, &Page), edit: &str) {
    author.goto(&app.tenant("northlight", edit)).await;
    let own = "document.querySelector('[name=content]')?.readOnly === false && [...document.querySelectorAll('main button')].some((button) => button.textContent.includes('Save draft'))";
    assert!(!author.eval::<bool>(own).await);
    owner.click("link", "Share").await;
    owner
        .wait_for(
            "location.pathname.startsWith('/app/share/') && document.readyState === 'complete'",
        )
        .await;
    owner.choose("Whom", "Jonas Weber").await;
    owner.choose("What they may do", "Edit it").await;
    in_two_days(owner, "until", 10).await;
    look(owner, device, "ends-share").await;
    owner.click("button", "Share").await;
    owner.wait_for_text("It is shared, and they are told").await;
    owner.wait_for_text("Edit it, until").await;
    look(owner, device, "ends-shared").await;

    author.goto(&app.tenant("northlight", edit)).await;
    author
        .fill("Text in Markdown", "Come and see us this week or next.")
        .await;
    author.click("button", "Save draft").await;
    author.wait_for_text("Draft saved").await;
    // The editor is left, so that nobody else finds it taken.
    author.goto(&app.tenant("northlight", "/app")).await;

    pass(
        app,
        "update permission_grants set expires_at = now() - interval '1 second' where context_type = 'blog.post'",
    )
    .await;
    author.goto(&app.tenant("northlight", edit)).await;
    assert!(!author.eval::<bool>(own).await);
    owner.goto(&owner.url().await).await;
    assert!(!owner.text().await.contains("Edit it, until"));
}

/// Readers find the post until its time is over, and learn then that it is gone for good.
async fn unpublish_later(
    app: &LiveApp,
    device: Device,
    (owner, reader): (&Page, &Page),
    edit: &str,
) {
    let post = app.tenant("northlight", "/blog/open-days");
    owner.goto(&app.tenant("northlight", edit)).await;
    in_two_days(owner, "ends_local", 16).await;
    owner.click("checkbox", "Gone for good from then on").await;
    owner.click("button", "Unpublish then").await;
    owner.wait_for_text("Unpublished on").await;
    owner.wait_for_text(", for good").await;
    look(owner, device, "ends-planned").await;
    reader.goto(&post).await;
    reader.wait_for_text("Come and see us this week").await;

    pass(
        app,
        "update blog_posts set ends_at = now() - interval '1 second' where slug = 'open-days'",
    )
    .await;
    reader.allow("status of 410");
    // Pages that browsers keep for a while are asked for anew.
    reader.goto(&format!("{post}?anew")).await;
    reader.wait_for_text("No longer available").await;
    look(reader, device, "ends-gone").await;
    reader.goto(&app.tenant("northlight", "/blog?anew")).await;
    assert!(!reader.text().await.contains("Open days"));
    owner
        .goto(&app.tenant("northlight", "/app/blog/posts"))
        .await;
    owner.wait_for_text("Open days").await;
    look(owner, device, "ends-list").await;
}
