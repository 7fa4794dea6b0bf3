//! The same without a pointer.

use testkit::browser::{Browser, Device};

use super::{log_in, look};
use crate::support::{LiveApp, STUDIO, Samples};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_reached_by_keys() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(Device::Desktop).await;

    // The log-in form: the cursor is in its first field, and in the one that was wrong.
    page.goto(&app.tenant(STUDIO, "/app")).await;
    page.wait_for_path("/login").await;
    page.wait_for("document.activeElement.name === 'email'")
        .await;
    page.type_text(samples.email).await;
    page.press("Tab").await;
    page.wait_for("document.activeElement.name === 'password'")
        .await;
    page.type_text("not this one").await;
    page.allow("status of 422");
    page.press("Enter").await;
    page.wait_for_text("do not match").await;
    page.fill("Password", samples.password).await;
    page.press("Enter").await;
    page.wait_for_path("/app").await;

    // The first Tab offers to skip the navigation.
    page.press("Tab").await;
    page.wait_for("document.activeElement.getAttribute('href')?.startsWith('#')")
        .await;
    page.press("Enter").await;
    page.wait_for("location.hash !== ''").await;

    // The palette: places at once, records after them.
    page.press("Control+k").await;
    page.wait_for("document.querySelector('#palette').open")
        .await;
    page.type_text("people").await;
    let chosen = "document.querySelector('#palette [aria-selected=true]')?.textContent";
    page.wait_for(&format!("{chosen}.includes('People')")).await;
    page.press("Escape").await;
    page.wait_for("!document.querySelector('#palette').open")
        .await;
    page.press("Control+k").await;
    page.type_text("nervous").await;
    page.wait_for(&format!("{chosen}?.includes('nervous sitter')"))
        .await;
    page.wait_for("document.querySelector('#palette [aria-selected=true] mark')?.textContent.toLowerCase() === 'nervous'")
        .await;
    look(&page, Device::Desktop, "palette-marked").await;
    page.press("Enter").await;
    page.wait_for(
        "location.pathname.startsWith('/app/blog/posts/') && document.readyState === 'complete'",
    )
    .await;

    // The list of keys, and places by `g`.
    page.goto(&app.tenant(STUDIO, "/app")).await;
    page.press("?").await;
    page.wait_for("document.querySelector('#shortcuts').open")
        .await;
    page.press("Escape").await;
    page.wait_for("!document.querySelector('#shortcuts').open")
        .await;
    for (key, path) in [("p", "/app/people"), ("i", "/app/inbox"), ("h", "/app")] {
        page.press("g").await;
        page.press(key).await;
        page.wait_for_path(path).await;
    }

    // Lists by `j` and Enter; the search field by `/`.
    page.goto(&app.tenant(STUDIO, "/app/blog/posts")).await;
    page.press("/").await;
    page.wait_for("document.activeElement.type === 'search'")
        .await;
    page.run("document.activeElement.blur()").await;
    page.press("j").await;
    page.wait_for("document.activeElement.closest('tbody tr, [data-row]')")
        .await;
    page.press("Enter").await;
    page.wait_for("location.pathname.endsWith('/edit') && document.readyState === 'complete'")
        .await;

    // The editor.
    page.goto(&app.tenant(STUDIO, "/app/blog/posts/new")).await;
    page.focus("Title").await;
    page.type_text("By keys").await;
    page.focus("Text in Markdown").await;
    page.type_text("word").await;
    page.press("Control+a").await;
    let text = "document.querySelector('[name=content]').value";
    for (key, expected) in [
        ("Control+b", "**word**"),
        ("Control+i", "**_word_**"),
        ("Control+k", "**_[word](https://)_**"),
    ] {
        page.press(key).await;
        page.wait_for(&format!("{text} === {expected:?}")).await;
    }
    assert!(
        !page
            .eval::<bool>("document.querySelector('#palette').open")
            .await
    );
    page.press("Control+s").await;
    page.wait_for_text("Draft saved").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_appearance_is_kept() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(Device::Desktop).await;
    log_in(&app, &page, STUDIO, samples.email, samples.password).await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light: String = page.eval(ground).await;
    page.run("document.querySelector('[data-appearance] input[value=dark]').click()")
        .await;
    page.goto(&app.tenant(STUDIO, "/app/people")).await;
    let dark: String = page.eval(ground).await;
    assert_ne!(light, dark);
}
