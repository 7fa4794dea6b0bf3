//! Finding one's way: a reader searches, staff put a series in order.

use testkit::browser::{Browser, Device};

use super::{log_in, look};
use crate::support::{LiveApp, STUDIO, Samples};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_searches_on_a_desktop() {
    search(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_searches_on_a_phone() {
    search(Device::Phone).await;
}

async fn search(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(device).await;
    page.goto(&app.tenant(STUDIO, "/blog")).await;
    page.click("link", "Search").await;
    page.wait_for_path("/search").await;
    page.fill("Search posts", "reflectors \"north window\"")
        .await;
    page.press("Enter").await;
    page.wait_for_text("Nothing found").await;
    page.fill("Search posts", "nervous cameras").await;
    page.press("Enter").await;
    page.wait_for("document.querySelector('.blog-found mark')?.textContent === 'nervous'")
        .await;
    look(&page, device, "search-results").await;
    page.click_css(".blog-found h2 a").await;
    page.wait_for("location.pathname.startsWith('/blog/') && document.readyState === 'complete'")
        .await;
    // Every post of the demo is part of a series: on to the next one.
    page.wait_for_text("Part 2 of 3").await;
    page.click_css(".blog-series a[href^='/series/']").await;
    page.wait_for("document.querySelectorAll('.blog-parts > li').length === 3")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_put_a_series_in_order_on_a_desktop() {
    series(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_put_a_series_in_order_on_a_phone() {
    series(Device::Phone).await;
}

async fn series(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(device).await;
    log_in(&app, &page, STUDIO, samples.email, samples.password).await;
    page.goto(&app.tenant(STUDIO, "/app/blog/series")).await;
    page.click("link", "From window to portrait").await;
    let titles =
        "[...document.querySelectorAll('[data-order] > li a')].map((link) => link.textContent)";
    let first = format!("{titles}[0]");
    page.wait_for(&format!("{first}?.startsWith('How we light')"))
        .await;
    // By a button, which keeps the focus.
    page.click("button", "Move down How we light a portrait")
        .await;
    page.wait_for(&format!("{first}?.startsWith('Ten minutes')"))
        .await;
    page.wait_for("document.activeElement.textContent.includes('Move down How we light')")
        .await;
    // By keys, on the row.
    page.run("document.querySelector('[data-order] > li a').focus()")
        .await;
    page.press("Alt+ArrowDown").await;
    page.wait_for(&format!("{first}?.startsWith('How we light')"))
        .await;
    page.wait_for("!document.querySelector('[aria-busy]')")
        .await;
    look(&page, device, "series-order").await;
    // It is stored.
    page.goto(&app.tenant(STUDIO, "/series/from-window-to-portrait"))
        .await;
    page.wait_for(
        "document.querySelector('.blog-parts h2').textContent.startsWith('How we light')",
    )
    .await;
    look(&page, device, "series-public").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_import_redirects_and_a_visitor_is_led_on_on_a_desktop() {
    redirects(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_import_redirects_and_a_visitor_is_led_on_on_a_phone() {
    redirects(Device::Phone).await;
}

async fn redirects(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(device).await;
    log_in(&app, &page, STUDIO, samples.email, samples.password).await;
    page.goto(&app.tenant(STUDIO, "/app/blog/redirects")).await;
    page.click("link", "Import").await;
    page.wait_for_path("/app/blog/redirects/import").await;
    page.fill("Lines", "from,to\n/old-blog,/nowhere else\n/app/x,/blog")
        .await;
    page.click("button", "Check").await;
    page.wait_for_text("One line cannot be taken").await;
    look(&page, device, "redirects-refused").await;
    // A file takes the place of the lines, and stands there afterwards to be mended.
    page.run(
        r"(() => {
             const data = new DataTransfer(), field = document.querySelector('[name=file]');
             data.items.add(new File(['from,to,status,kind\n/old-blog,/blog,301,exact\n^/2019/(.*)$,/search?q=$1,302,pattern\n/closed,,410,exact\n'], 'old.csv', { type: 'text/csv' }));
             field.files = data.files;
             field.dispatchEvent(new Event('change', { bubbles: true }));
           })()",
    )
    .await;
    page.click("button", "Check").await;
    page.wait_for_text("Every line can be taken").await;
    look(&page, device, "redirects-preview").await;
    page.click("button", "Import").await;
    page.wait_for_text("3 lines were imported").await;
    look(&page, device, "redirects").await;

    let visitor = browser.page(device).await;
    visitor.goto(&app.tenant(STUDIO, "/old-blog")).await;
    visitor.wait_for_path("/blog").await;
    visitor.goto(&app.tenant(STUDIO, "/2019/window")).await;
    visitor.wait_for_path("/search").await;
    visitor
        .wait_for("document.querySelector('[name=q]').value === 'window'")
        .await;
    visitor.allow("status of 410");
    visitor.goto(&app.tenant(STUDIO, "/closed")).await;
    visitor.wait_for_text("No longer available").await;
    look(&visitor, device, "redirects-gone").await;

    // Deleted, and back.
    page.click("link", "/closed").await;
    page.click("button", "Delete the redirect").await;
    page.wait_for_text("The redirect from /closed was deleted")
        .await;
    look(&page, device, "redirects-deleted").await;
    page.click("button", "Undo").await;
    page.wait_for_text("The redirect from /closed is back")
        .await;
    visitor.goto(&app.tenant(STUDIO, "/closed")).await;
    visitor.wait_for_text("No longer available").await;
}
