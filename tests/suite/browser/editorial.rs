//! Two people and a draft: review, one after the other in the editor, and a link for somebody outside.
//!
//! With `ATELIER_SCREENSHOTS` set to a folder, pictures are left there.

use testkit::browser::{Browser, Device, Page};

use super::story::invite;
use super::{look, sign_up};
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_becomes_a_post_on_a_desktop() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_becomes_a_post_on_a_phone() {
    journey(Device::Phone).await;
}

struct Desk {
    app: LiveApp,
    device: Device,
    owner: Page,
    author: Page,
    reader: Page,
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
    let desk = Desk {
        app,
        device,
        owner,
        author,
        reader: browser.page(device).await,
    };
    let edit = desk.write().await;
    desk.share(&edit).await;
    desk.both_write(&edit).await;
    desk.review(&edit).await;
}

impl Desk {
    fn address(&self, path: &str) -> String {
        self.app.tenant("northlight", path)
    }

    /// Looks at a page of this desk.
    async fn look(&self, page: &Page, name: &str) {
        look(page, self.device, &format!("editorial-{name}")).await;
    }

    /// The author begins a draft; the path of its editor.
    async fn write(&self) -> String {
        let page = &self.author;
        page.goto(&self.address("/app/blog/posts/new")).await;
        page.fill("Title", "Harbour at night").await;
        page.fill("Text in Markdown", "We waited for the tide.")
            .await;
        page.click("button", "Save draft").await;
        page.wait_for_text("Draft saved").await;
        page.eval("location.pathname").await
    }

    /// A link shows the draft to somebody who is not signed in, until it is revoked.
    async fn share(&self, edit: &str) {
        let page = &self.author;
        page.goto(&self.address(edit)).await;
        page.click("button", "Create a preview link").await;
        page.wait_for_text("we keep no copy").await;
        self.look(page, "link").await;
        let link: String = page
            .eval("document.querySelector('#preview-link').value")
            .await;
        self.reader.goto(&link).await;
        self.reader.wait_for_text("This is a preview").await;
        self.reader.wait_for_text("We waited for the tide.").await;
        self.look(&self.reader, "preview").await;
        page.click("link", "Back to the post").await;
        page.wait_for_path(edit).await;
        page.wait_for_text("1 view").await;
        page.click("button", "Revoke").await;
        page.wait_for_text("The preview link is revoked").await;
        self.reader.allow("status of 410");
        self.reader.goto(&link).await;
        self.reader.wait_for_text("This preview has ended").await;
        self.look(&self.reader, "ended").await;
    }

    /// Two have the same draft before them; nobody's words are lost.
    async fn both_write(&self, edit: &str) {
        let author = &self.author;
        author.goto(&self.address(edit)).await;
        author
            .wait_for("performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/lock') && entry.responseEnd)")
            .await;
        let owner = &self.owner;
        owner.goto(&self.address(edit)).await;
        owner
            .wait_for_text("Jonas Weber is editing this post")
            .await;
        self.look(owner, "taken").await;
        owner.click("button", "Take over").await;
        owner.wait_for_text("You are editing this post now").await;
        owner
            .fill("Text in Markdown", "We waited for the ferry.")
            .await;
        owner.click("button", "Save draft").await;
        owner.wait_for_text("Draft saved").await;

        author.allow("status of 409");
        author
            .fill("Text in Markdown", "We waited for the pilot.")
            .await;
        author.click("button", "Save draft").await;
        author.wait_for_text("Two versions of this post").await;
        author.wait_for_text("is editing this post now").await;
        self.look(author, "conflict").await;
        author.click("button", "Keep theirs").await;
        author.wait_for_text("yours is among the versions").await;
        // The owner is still at it, so the author reads.
        owner.goto(&self.address("/app")).await;
        author.goto(&self.address(edit)).await;
        let text: String = author
            .eval("document.querySelector('[name=content]').value")
            .await;
        assert_eq!(text, "We waited for the ferry.");
        author
            .goto(&self.address(&edit.replace("/edit", "/versions")))
            .await;
        author.click("link", "Version 3").await;
        author.wait_for_text("We waited for the pilot.").await;
    }

    /// The author asks, the owner says something and approves, and everybody reads.
    async fn review(&self, edit: &str) {
        let (author, owner) = (&self.author, &self.owner);
        author.wait_for("document.readyState === 'complete'").await;
        author.goto(&self.address(edit)).await;
        author
            .fill("Note for the reviewer", "Ready from my side.")
            .await;
        author.click("button", "Submit for review").await;
        author.wait_for_text("The post waits for review").await;

        owner.goto(&self.address("/app/inbox")).await;
        owner
            .wait_for_text("“Harbour at night” waits for review")
            .await;
        owner
            .goto(&self.address("/app/blog/posts?status=in_review"))
            .await;
        owner.click("link", "Harbour at night").await;
        owner.wait_for_text("Ready from my side.").await;
        if owner
            .text()
            .await
            .contains("Jonas Weber is editing this post")
        {
            owner.click("button", "Take over").await;
            owner.wait_for_text("You are editing this post now").await;
        }
        owner
            .run("document.querySelector('[data-editor]').setSelectionRange(18, 23)")
            .await;
        owner.click("button", "Quote the selected words").await;
        owner
            .wait_for("document.querySelector('[name=passage]').value === 'ferry'")
            .await;
        owner.fill("Note", "Which one?").await;
        owner.click("button", "Add the note").await;
        owner.wait_for_text("The note is added").await;
        self.look(owner, "review").await;
        owner.click("button", "Approve and publish").await;
        owner.wait_for_text("The post is live").await;
        self.look(owner, "live").await;

        self.reader
            .goto(&self.address("/blog/harbour-at-night"))
            .await;
        self.reader.wait_for_text("We waited for the ferry.").await;
        author.goto(&self.address("/app/inbox")).await;
        author
            .wait_for_text("“Harbour at night” was approved")
            .await;
    }
}
