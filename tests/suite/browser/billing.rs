//! An owner chooses a plan, cancels it and takes that back.

use testkit::browser::{Browser, Device};

use super::{look, sign_up};
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_chooses_a_plan_on_a_desktop() {
    story(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_chooses_a_plan_on_a_phone() {
    story(Device::Phone).await;
}

async fn story(device: Device) {
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
    owner.goto(&app.tenant("northlight", "/app/billing")).await;
    owner.wait_for_text("Choose a plan before then").await;
    look(&owner, device, "billing-trial").await;
    owner.click("link", "Choose a plan").await;
    owner.wait_for_path("/app/billing/plans").await;
    owner.wait_for_text("In your trial").await;
    look(&owner, device, "billing-plans").await;
    owner
        .click_css("main .plan a[href^='/app/billing/choose']")
        .await;
    owner.wait_for_text("First paid day").await;
    look(&owner, device, "billing-choose").await;
    owner.fill("Name on invoices", "Northlight GmbH").await;
    owner.fill("Address", "Kai 1, 20457 Hamburg").await;
    owner.click("button", "Order by invoice").await;
    owner.wait_for_path("/app/billing").await;
    owner.wait_for_text("The invoice comes by e-mail").await;
    look(&owner, device, "billing-ordered").await;

    owner.click("link", "Cancel").await;
    owner.wait_for_text("Why do you leave?").await;
    look(&owner, device, "billing-cancel").await;
    owner.choose("Why do you leave?", "It costs too much").await;
    owner.click_css("main form[action$='/cancel'] button").await;
    owner.wait_for_path("/app/billing").await;
    owner.wait_for_text("Take the cancellation back").await;
    owner.click("button", "Take the cancellation back").await;
    owner.wait_for_text("The invoice comes by e-mail").await;
    owner.check();
}
