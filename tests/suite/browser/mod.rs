//! What people do, in Chromium, on a desktop and on a phone.

mod billing;
mod comments;
mod console;
mod discovery;
mod editorial;
mod ends;
mod keyboard;
mod looks;
mod moderation;
mod people;
mod pictures;
mod plain;
mod programs;
mod story;

use std::path::PathBuf;

use testkit::browser::{ColorScheme, Device, Page, Rules};

use crate::support::{LiveApp, MEMBER_PASSWORD};

/// In which schemes pages are looked at, and for what: the second shows the same page in other colours.
const SCHEMES: [(ColorScheme, Rules); 2] = [
    (ColorScheme::Dark, Rules::Colors),
    (ColorScheme::Light, Rules::All),
];

/// Looks at a page as it is now: nothing that axe-core finds, nothing wider than the window, in light and dark. With
/// `ATELIER_SCREENSHOTS` pictures of it are left there.
async fn look(page: &Page, device: Device, name: &str) {
    let pictures = std::env::var_os("ATELIER_SCREENSHOTS").map(PathBuf::from);
    for (scheme, rules) in SCHEMES {
        page.color_scheme(scheme).await;
        let found: Vec<String> = page
            .axe(rules)
            .await
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            found.is_empty(),
            "{name} ({device:?}, {scheme:?}): {}",
            found.join("\n")
        );
        if let Some(folder) = &pictures {
            page.screenshot(folder.join(format!("{name}.{device:?}.{scheme:?}.png")))
                .await;
        }
    }
    let (wide, window): (u32, u32) = page
        .eval("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        .await;
    assert!(
        wide <= window,
        "{name} is {wide} wide in a window of {window} ({device:?})"
    );
}

/// Follows a link of the newest mail to somebody, as the development mailbox shows it.
async fn follow_mail(app: &LiveApp, page: &Page, to: &str, link: &str) {
    page.goto(&app.base(&format!("/_mail?q={}", to.replace('@', "%40"))))
        .await;
    page.click_css("main #mails a[href^='/_mail/']").await;
    page.wait_for("location.pathname.startsWith('/_mail/') && document.readyState === 'complete'")
        .await;
    let address: String = page
        .eval(&format!(
            "document.querySelector('pre a[href*={link:?}]').href"
        ))
        .await;
    page.goto(&address).await;
}

/// Signs up a studio and opens it, as a stranger does.
async fn sign_up(app: &LiveApp, page: &Page, studio: &str, person: &str, email: &str) {
    page.goto(&app.base("/signup")).await;
    page.click("radio", "Website and blog").await;
    page.fill("Studio name", studio).await;
    page.fill("Your name", person).await;
    page.fill("Work e-mail", email).await;
    page.fill("Password", MEMBER_PASSWORD).await;
    page.wait_for("document.querySelector('[name=slug]').value !== ''")
        .await;
    page.click("button", "Create workspace").await;
    page.wait_for_path("/signup/check-mail").await;
    follow_mail(app, page, email, "/signup/confirm/").await;
    page.click("button", "Confirm and open").await;
    page.wait_for_path("/app").await;
}

/// Logs the demo's operator in at the console.
async fn log_in_operator(app: &LiveApp, page: &Page) {
    page.goto(&app.ops("/login")).await;
    page.fill("E-mail", server::demo::OPERATOR.email).await;
    page.fill("Password", server::demo::OPERATOR.password).await;
    page.press("Enter").await;
    page.wait_for_path("/").await;
}

/// Logs in on the way to a workspace.
async fn log_in(app: &LiveApp, page: &Page, slug: &str, email: &str, password: &str) {
    page.goto(&app.tenant(slug, "/app")).await;
    page.wait_for_path("/login").await;
    page.fill("E-mail", email).await;
    page.fill("Password", password).await;
    page.press("Enter").await;
    page.wait_for_path("/app").await;
}
