//! Finding one's way: a reader searches, staff put a series in order.

use testkit::browser::{Browser, Device};

use super::log_in;
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
    let faults = page.axe().await;
    assert!(faults.is_empty(), "{faults:?}");
    if let Some(folder) = std::env::var_os("ATELIER_SCREENSHOTS") {
        let name = format!("search-results.{device:?}.png");
        page.screenshot(std::path::PathBuf::from(folder).join(name))
            .await;
    }
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
async fn staff_put_a_series_in_order() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(Device::Desktop).await;
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
    // It is stored.
    page.goto(&app.tenant(STUDIO, "/series/from-window-to-portrait"))
        .await;
    page.wait_for(
        "document.querySelector('.blog-parts h2').textContent.startsWith('How we light')",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_import_redirects_and_a_visitor_is_led_on() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let page = browser.page(Device::Phone).await;
    log_in(&app, &page, STUDIO, samples.email, samples.password).await;
    page.goto(&app.tenant(STUDIO, "/app/blog/redirects")).await;
    page.click("link", "Import").await;
    page.wait_for_path("/app/blog/redirects/import").await;
    page.fill("Lines", "from,to\n/old-blog,/nowhere else\n/app/x,/blog")
        .await;
    page.click("button", "Check").await;
    page.wait_for_text("One line cannot be taken").await;
    page.fill("Lines", "from,to\n/old-blog,/blog").await;
    page.click("button", "Check").await;
    page.wait_for_text("Every line can be taken").await;
    let faults = page.axe().await;
    assert!(faults.is_empty(), "{faults:?}");
    if let Some(folder) = std::env::var_os("ATELIER_SCREENSHOTS") {
        page.screenshot(std::path::PathBuf::from(folder).join("redirect-preview.Phone.png"))
            .await;
    }
    page.click("button", "Import").await;
    page.wait_for_text("1 line was imported").await;
    page.goto(&app.tenant(STUDIO, "/old-blog")).await;
    page.wait_for_path("/blog").await;
}
