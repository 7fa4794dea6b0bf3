//! The console in Chromium.

use testkit::browser::{Browser, Device, Page};

use super::{log_in_operator, look, sign_up};
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_helps_a_studio_on_a_desktop() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_helps_a_studio_on_a_phone() {
    journey(Device::Phone).await;
}

async fn journey(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    server::demo::load(&app.platform).await.expect("the demo");
    let owner = browser.page(device).await;
    sign_up(
        &app,
        &owner,
        "Northlight",
        "Mara Lindqvist",
        "mara@northlight.test",
    )
    .await;
    let operator = browser.page(device).await;
    log_in_operator(&app, &operator).await;
    operator.wait_for_text("Needs attention").await;
    find(&app, &operator).await;
    extend_trial(&app, &operator).await;
    publish_price(&app, &operator).await;
    activate(&app, &operator).await;
    look(&operator, device, "console-tenant").await;
    pay(&operator).await;
    cancel_and_resume(&app, &operator).await;
    override_limit(&app, &operator).await;
    look(&operator, device, "console-override").await;
    move_subscribers(&app, &operator, device).await;
    change_limits(&app, &operator, device).await;
    hand_on(&app, &operator, device).await;
    for (name, path) in [
        ("overview", "/"),
        ("tenants", "/tenants"),
        ("subscriptions", "/subscriptions?status=paying"),
    ] {
        operator.goto(&app.ops(path)).await;
        look(&operator, device, &format!("console-{name}")).await;
    }
    suspend_and_restore(&app, &operator, &owner).await;
    owner.goto(&app.tenant("northlight", "/app/billing")).await;
    owner.wait_for_text("Studio").await;
    owner.goto(&app.tenant("northlight", "/app/audit")).await;
    owner
        .wait_for_text("Priya Raman (Atelier) extended the trial")
        .await;
    owner
        .wait_for_text("Priya Raman (Atelier) activated the subscription")
        .await;
    owner
        .wait_for_text("Priya Raman (Atelier) suspended Northlight")
        .await;
    owner
        .wait_for_text("Priya Raman (Atelier) restored Northlight")
        .await;
}

/// Says why in the dialog that is open, and goes on.
async fn confirm(page: &Page, why: &str) {
    page.fill("Reason", why).await;
    page.click_css("dialog[open] button[type=submit]").await;
}

/// The invoice of the plan that has just begun.
async fn pay(page: &Page) {
    choose_act(page, "pay").await;
    page.wait_for("document.querySelector('dialog[open]').textContent.includes('€190 is open')")
        .await;
    confirm(page, "Bank transfer").await;
    page.wait_for_text("The payment is noted").await;
    page.wait_for_text("Renews").await;
}

async fn cancel_and_resume(app: &LiveApp, page: &Page) {
    open_northlight(app, page).await;
    choose_act(page, "cancel").await;
    confirm(page, "Asked for by mail").await;
    page.wait_for("[...document.querySelectorAll('main td')].some((cell) => cell.textContent.trim().startsWith('Ends '))")
        .await;
    choose_act(page, "resume").await;
    confirm(page, "A mistake").await;
    page.wait_for_text("Blog goes on").await;
}

async fn override_limit(app: &LiveApp, page: &Page) {
    open_northlight(app, page).await;
    page.click_css("main [commandfor=grant]").await;
    page.wait_for("document.querySelector('#grant').open").await;
    page.fill("Value", "25").await;
    confirm(page, "A summer school").await;
    page.wait_for("[...document.querySelectorAll('main td')].some((cell) => cell.textContent.includes('workspace.seats'))")
        .await;
    page.wait_for_text("of 25").await;
}

async fn open_plan(app: &LiveApp, page: &Page) {
    page.goto(&app.ops("/products")).await;
    page.click_css("main tbody tr:last-child td:first-child a[href^='/products/plans/']")
        .await;
    page.wait_for(
        "location.pathname.startsWith('/products/plans/') && document.readyState === 'complete'",
    )
    .await;
}

/// To a newer price with notice, and back.
async fn move_subscribers(app: &LiveApp, page: &Page, device: Device) {
    open_plan(app, page).await;
    page.click_css("main a[href$='/prices/new']").await;
    page.wait_for(
        "location.pathname.endsWith('/prices/new') && document.readyState === 'complete'",
    )
    .await;
    page.choose("Due", "Every year").await;
    page.fill("Amount", "210").await;
    page.click("button", "Review").await;
    page.wait_for_text("Present subscribers").await;
    page.fill("Reason", "Costs have risen").await;
    page.click("button", "Publish version 2").await;
    page.wait_for_text("Version 2 is published").await;
    page.click_css("main [commandfor^='migrate-']").await;
    page.wait_for("document.querySelector('dialog[id^=migrate-][open]') !== null")
        .await;
    look(page, device, "console-migrate").await;
    confirm(page, "Announced in the newsletter").await;
    page.wait_for_text("Announced moves").await;
    look(page, device, "console-moves").await;
    page.click_css("main [commandfor^='keep-']").await;
    page.wait_for("document.querySelector('dialog[id^=keep-][open]') !== null")
        .await;
    confirm(page, "Too early").await;
    page.wait_for_text("at the present price").await;
}

/// What a plan allows, after a look at what that would bring.
async fn change_limits(app: &LiveApp, page: &Page, device: Device) {
    open_plan(app, page).await;
    page.click_css("main a[href$='/edit']").await;
    page.wait_for("location.pathname.endsWith('/edit') && document.readyState === 'complete'")
        .await;
    page.fill("People in the workspace", "40").await;
    page.click("button", "Review").await;
    page.wait_for_text("at once").await;
    page.wait_for_text("What would change").await;
    look(page, device, "console-plan-review").await;
    page.fill("Reason", "Room for schools").await;
    page.click("button", "Save the plan").await;
    page.wait_for_text("The plan is saved").await;
}

async fn hand_on(app: &LiveApp, page: &Page, device: Device) {
    page.goto(&app.ops("/events")).await;
    look(page, device, "console-events").await;
    page.click_css("#events [commandfor^='retry-']").await;
    page.wait_for("document.querySelector('dialog[id^=retry-][open]') !== null")
        .await;
    confirm(page, "A subscriber lost it").await;
    page.wait_for_text("is handed on").await;
}

/// By the owner's address, while typing.
async fn find(app: &LiveApp, page: &Page) {
    page.goto(&app.ops("/tenants")).await;
    page.wait_for_text("Halden Portraits").await;
    page.fill("Name, subdomain or owner", "mara@northlight.test")
        .await;
    page.wait_for("!document.querySelector('#tenants').textContent.includes('Halden')")
        .await;
    page.click_css("#tenants tbody a").await;
    page.wait_for_text("History of subscriptions").await;
    page.wait_for_text("Trial ends").await;
}

async fn publish_price(app: &LiveApp, page: &Page) {
    page.goto(&app.ops("/products")).await;
    page.click_css("main tbody tr:last-child td:first-child a[href^='/products/plans/']")
        .await;
    page.wait_for(
        "location.pathname.startsWith('/products/plans/') && document.readyState === 'complete'",
    )
    .await;
    page.click_css("main a[href$='/prices/new']").await;
    page.wait_for(
        "location.pathname.endsWith('/prices/new') && document.readyState === 'complete'",
    )
    .await;
    page.fill("Amount", "24").await;
    page.click("button", "Review").await;
    page.wait_for_text("Present subscribers").await;
    page.wait_for_text("stay on it").await;
    page.fill("Reason", "Costs have risen").await;
    page.click("button", "Publish version 2").await;
    page.wait_for_text("Version 2 is published").await;
}

/// Opens the menu of the one subscription there is.
async fn choose_act(page: &Page, act: &str) {
    page.click_css("main td button[popovertarget^='menu-']")
        .await;
    page.click_css(&format!("main td [commandfor^='{act}-']"))
        .await;
    page.wait_for(&format!(
        "document.querySelector('dialog[id^={act:?}]').open"
    ))
    .await;
}

async fn extend_trial(app: &LiveApp, page: &Page) {
    open_northlight(app, page).await;
    choose_act(page, "extend").await;
    page.fill("Reason", "A week of illness").await;
    page.click_css("dialog[open] button[type=submit]").await;
    page.wait_for_text("The trial ends").await;
    page.wait_for_text("the trial was extended").await;
}

/// The yearly price, which the studio has then in place of its trial.
async fn activate(app: &LiveApp, page: &Page) {
    open_northlight(app, page).await;
    page.click_css("main [commandfor=activate]").await;
    page.wait_for("document.querySelector('#activate').open")
        .await;
    let yearly: String = page
        .eval("[...document.querySelectorAll('#activate option')].map((option) => option.label).find((label) => label.includes('Studio') && label.includes('a year'))")
        .await;
    page.choose("Price", &yearly).await;
    page.fill("Reason", "Ordered by mail").await;
    page.click_css("dialog[open] button[type=submit]").await;
    page.wait_for_text("Blog Studio is active").await;
    page.wait_for_text("€190 a year").await;
}

async fn open_northlight(app: &LiveApp, page: &Page) {
    page.goto(&app.ops("/tenants?q=northlight")).await;
    page.click_css("#tenants tbody a").await;
    page.wait_for_text("History of subscriptions").await;
}

async fn suspend_and_restore(app: &LiveApp, page: &Page, owner: &Page) {
    open_northlight(app, page).await;
    page.click_css("main [commandfor=suspend]").await;
    page.wait_for("document.querySelector('#suspend').open")
        .await;
    page.fill("Reason", "Asked for by phone").await;
    page.click_css("#suspend button[type=submit]").await;
    page.wait_for_text("Northlight is suspended").await;
    owner.allow("status of 503");
    owner.goto(&app.tenant("northlight", "/app")).await;
    owner
        .wait_for("!document.body.innerText.includes('Publish your first post')")
        .await;
    page.click_css("main [commandfor=restore]").await;
    page.wait_for("document.querySelector('#restore').open")
        .await;
    page.fill("Reason", "All is well").await;
    page.click_css("#restore button[type=submit]").await;
    page.wait_for_text("Northlight is open again").await;
    owner.goto(&app.tenant("northlight", "/app")).await;
    owner.wait_for_text("Publish your first post").await;
}
