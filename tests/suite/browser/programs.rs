//! A developer of the studio makes an application and a key, and reads the posts from a front end of their own: a page
//! of another origin, in a browser that keeps to CORS.

use std::net::Ipv4Addr;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use testkit::browser::{Browser, Device, Page};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{log_in, look};
use crate::support::{LiveApp, STUDIO, Samples};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_end_of_their_own_reads_posts_on_a_desktop() {
    journey(Device::Desktop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_end_of_their_own_reads_posts_on_a_phone() {
    journey(Device::Phone).await;
}

/// A post of the samples that visitors can read.
const POST: &str = "How we light a portrait";

/// The menu of the newest key.
const ACTIONS: &str = "main tbody tr:first-child td:last-child button[popovertarget]";

/// What a developer of the studio might write: `read` shows the titles of the posts, or why there are none.
const FRONT_END: &str = r#"<!doctype html><html lang="en"><title>Portfolio</title><link rel="icon" href="data:,"><main><h1>Journal</h1><ul></ul></main>
<script>
  async function read(base, key) {
    const list = document.querySelector("ul");
    try {
      const answer = await fetch(`${base}/api/v1/blog/content/posts`, { cache: "no-store", headers: { authorization: `Bearer ${key}` } });
      const body = await answer.json();
      const titles = answer.ok ? body.data.map((post) => post.title) : [`Refused: ${answer.status}`];
      list.replaceChildren(...titles.map((title) => Object.assign(document.createElement("li"), { textContent: title })));
    } catch {
      list.textContent = "The answer may not be read here";
    }
  }
</script></html>"#;

/// The front end on an origin of its own, until it is dropped.
struct FrontEnd {
    origin: String,
    serving: JoinHandle<()>,
}

impl FrontEnd {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let router = Router::new().route("/", get(async || Html(FRONT_END)));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            origin: format!("http://127.0.0.1:{port}"),
            serving,
        }
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Reads the posts with a key and waits for what the front end shows then.
async fn reads(reader: &Page, base: &str, key: &str, shown: &str) {
    reader.run(&format!("read({base:?}, {key:?})")).await;
    reader.wait_for_text(shown).await;
}

/// The key that the page shows, this once.
async fn taken(developer: &Page) -> String {
    developer.wait_for_text("Copy the key now").await;
    let key: String = developer.eval("document.querySelector('#key').value").await;
    assert!(key.starts_with("at_live_"), "{key}");
    developer.click("link", "I have kept it").await;
    key
}

/// Lets scripts of this origin alone read answers.
async fn allow(developer: &Page, origin: &str) {
    developer.fill("Allowed origins", origin).await;
    developer.click("button", "Save").await;
    developer
        .wait_for(&format!(
            "document.readyState === 'complete' && document.querySelector('[name=allowed_origins]').defaultValue === {origin:?}"
        ))
        .await;
}

async fn journey(device: Device) {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let app = LiveApp::start().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let front_end = FrontEnd::start().await;
    let developer = browser.page(device).await;
    log_in(&app, &developer, STUDIO, samples.email, samples.password).await;
    developer
        .goto(&app.tenant(STUDIO, "/app/settings/applications"))
        .await;
    developer.click("link", "New application").await;
    developer
        .wait_for_path("/app/settings/applications/new")
        .await;
    developer.fill("Name", "Portfolio").await;
    developer.choose("Product", "Blog").await;
    developer.fill("Allowed origins", &front_end.origin).await;
    look(&developer, device, "programs-application").await;
    developer.click("button", "Create the application").await;
    developer.wait_for_text("No keys").await;
    developer.click("link", "New key").await;
    developer.wait_for_text("It is shown whole once").await;
    developer.fill("Name", "Web page").await;
    developer
        .click("checkbox", "Read what visitors can read")
        .await;
    look(&developer, device, "programs-key").await;
    developer.click("button", "Create the key").await;
    developer.wait_for_text("Copy the key now").await;
    look(&developer, device, "programs-once").await;
    let key = taken(&developer).await;

    let base = app.tenant(STUDIO, "");
    let reader = browser.page(device).await;
    reader.goto(&front_end.origin).await;
    reads(&reader, &base, &key, POST).await;

    // A new key, and for a day the former one.
    developer.click_css(ACTIONS).await;
    developer.click("button", "Rotate").await;
    developer.click_css("dialog[open] .button.primary").await;
    let next = taken(&developer).await;
    assert_ne!(next, key);
    for either in [&key, &next] {
        reads(&reader, &base, either, POST).await;
    }
    look(&developer, device, "programs-rotated").await;

    // Scripts of another origin do not read answers, whatever key they have.
    reader.allow("CORS policy");
    reader.allow("net::ERR_FAILED");
    developer
        .fill("Allowed origins", "https://elsewhere.example")
        .await;
    developer.click("button", "Save").await;
    developer.wait_for_text("Saved").await;
    reads(&reader, &base, &next, "The answer may not be read here").await;
    allow(&developer, &front_end.origin).await;
    reads(&reader, &base, &next, POST).await;

    // Nobody may use a revoked key.
    reader.allow("status of 401");
    developer.click_css(ACTIONS).await;
    developer.click("button", "Revoke").await;
    developer.click_css("dialog[open] .button.danger").await;
    developer.wait_for_text("Revoked").await;
    reads(&reader, &base, &next, "Refused: 401").await;
    developer.check();
    reader.check();
}
