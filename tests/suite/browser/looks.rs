//! Every page, on a desktop and on a phone, light and dark: nothing that axe-core finds, no complaint on the console,
//! nothing wider than the window.
//!
//! With `ATELIER_SCREENSHOTS` set to a folder, pictures of all of them are left there.

use std::path::PathBuf;

use http::header::CONTENT_TYPE;
use module::GateKind;
use testkit::browser::{Browser, Device};

use super::{SCHEMES, log_in, log_in_operator};
use crate::pages::pages;
use crate::support::{LiveApp, STUDIO, Samples};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_suits_everybody_on_a_desktop() {
    look(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_suits_everybody_on_a_phone() {
    look(Device::Phone).await;
}

async fn look(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let visitor = browser.page(device).await;
    let owner = browser.page(device).await;
    log_in(&app, &owner, STUDIO, samples.email, samples.password).await;
    let operator = browser.page(device).await;
    log_in_operator(&app, &operator).await;
    let pictures = std::env::var_os("ATELIER_SCREENSHOTS").map(PathBuf::from);
    let mut faults = Vec::new();
    let mut seen = 0;
    for route in pages(&app.platform.routes) {
        let path = samples.path(route);
        let reply = samples.client(&app.platform, route.gate).get(&path).await;
        let document = reply
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        // A mail follows the rules of mail programs; redirects are seen at their ends.
        if !document || reply.status != 200 || route.path == "/_mail/{id}/html" {
            continue;
        }
        let (page, url) = match route.gate {
            GateKind::Visitor => (&visitor, app.base(&path)),
            GateKind::SignedIn => (&owner, app.base(&path)),
            GateKind::Public | GateKind::Key => (&visitor, app.tenant(STUDIO, &path)),
            GateKind::Member | GateKind::Permission(_) | GateKind::Invited(_) => {
                (&owner, app.tenant(STUDIO, &path))
            }
            GateKind::OpsVisitor => (&visitor, app.ops(&path)),
            GateKind::Operator(_) => (&operator, app.ops(&path)),
        };
        seen += 1;
        page.goto(&url).await;
        for (scheme, rules) in SCHEMES {
            page.color_scheme(scheme).await;
            let found = page.axe(rules).await;
            let place = format!("{} ({device:?}, {scheme:?})", route.path);
            faults.extend(found.iter().map(|fault| format!("{place}: {fault}")));
            if let Some(folder) = &pictures {
                let name = route.path.replace(['/', '{', '}'], "-");
                let name = format!("{:?}{name}", route.gate).replace(['(', ')', '"', '.'], "-");
                page.screenshot(folder.join(format!("{name}.{device:?}.{scheme:?}.png")))
                    .await;
            }
        }
        let (wide, window): (u32, u32) = page
            .eval("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            .await;
        if wide > window {
            faults.push(format!(
                "{} ({device:?}) is {wide} wide in a window of {window}",
                route.path
            ));
        }
        let complaints = page.complaints();
        faults.extend(
            complaints
                .into_iter()
                .map(|complaint| format!("{}: {complaint}", route.path)),
        );
        page.forget_complaints();
    }
    assert!(seen > 25, "only {seen} pages were looked at");
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}
