//! An owner chooses a plan, cancels it and takes that back.

use std::path::PathBuf;

use testkit::browser::{Browser, ColorScheme, Device, Page};

use super::sign_up;
use crate::support::LiveApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_chooses_a_plan_on_a_desktop() {
    story(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_chooses_a_plan_on_a_phone() {
    story(Device::Phone).await;
}

/// Nothing that axe-core finds, light and dark. With `ATELIER_SCREENSHOTS` a picture of each is left there.
async fn look(page: &Page, device: Device, name: &str) {
    let pictures = std::env::var_os("ATELIER_SCREENSHOTS").map(PathBuf::from);
    for scheme in [ColorScheme::Dark, ColorScheme::Light] {
        page.color_scheme(scheme).await;
        let found: Vec<String> = page.axe().await.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{name}: {}", found.join("\n"));
        if let Some(folder) = &pictures {
            let file = format!("billing-{name}.{device:?}.{scheme:?}.png");
            page.screenshot(folder.join(file)).await;
        }
    }
    let (wide, window): (u32, u32) = page
        .eval("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        .await;
    assert!(wide <= window, "{name}: {wide} in {window}");
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
    look(&owner, device, "trial").await;
    owner.click("link", "Choose a plan").await;
    owner.wait_for_path("/app/billing/plans").await;
    owner.wait_for_text("In your trial").await;
    look(&owner, device, "plans").await;
    owner
        .click_css("main .plan a[href^='/app/billing/choose']")
        .await;
    owner.wait_for_text("First paid day").await;
    look(&owner, device, "choose").await;
    owner.fill("Name on invoices", "Northlight GmbH").await;
    owner.fill("Address", "Kai 1, 20457 Hamburg").await;
    owner.click("button", "Order by invoice").await;
    owner.wait_for_path("/app/billing").await;
    owner.wait_for_text("The invoice comes by e-mail").await;
    look(&owner, device, "ordered").await;

    owner.click("link", "Cancel").await;
    owner.wait_for_text("Why do you leave?").await;
    look(&owner, device, "cancel").await;
    owner.choose("Why do you leave?", "It costs too much").await;
    owner.click_css("main form[action$='/cancel'] button").await;
    owner.wait_for_path("/app/billing").await;
    owner.wait_for_text("Take the cancellation back").await;
    owner.click("button", "Take the cancellation back").await;
    owner.wait_for_text("The invoice comes by e-mail").await;
    owner.check();
}
