//! A real browser: Chromium, driven over its debugging protocol.
//!
//! One Chromium serves all tests of a process; each [`Page`] lives in a context of its own, so cookies and storage of two
//! tests, or of two people in one test, never meet. Elements are found by role and accessible name, as a screen reader
//! finds them, and are clicked, tapped and typed into with real input events.
//!
//! ```no_run
//! use testkit::browser::{Browser, Device};
//!
//! # async fn example() {
//! let Some(browser) = Browser::find().await else { return };
//! let page = browser.page(Device::Phone).await;
//! page.goto("http://localhost:8080/login").await;
//! page.fill("Email", "mara@northlight.test").await;
//! page.click("button", "Log in").await;
//! page.wait_for_path("/workspaces").await;
//! # }
//! ```
//!
//! Every wait has an end ([`PATIENCE`]) and then panics with what the page shows. Errors on the console and complaints
//! about the content security policy fail the test unless it called [`Page::allow`].

mod axe;
mod console;
mod input;
mod locate;
mod page;
mod process;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use chromiumoxide::cdp::browser_protocol::target::{
    CreateBrowserContextParams, CreateTargetParams,
};
use chromiumoxide::handler::HandlerConfig;
use chromiumoxide::types::{Command, Method, MethodId};
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, oneshot};

pub use axe::{Rules, Violation};
pub use page::Page;

/// Set by runs that must not skip the browser tests: `cargo dev test` does.
pub const REQUIRE_BROWSER: &str = "ATELIER_REQUIRE_BROWSER";

/// How long anything on a page is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a page is looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// 1440 by 900, a mouse.
    Desktop,
    /// 390 by 844 at two device pixels for one, touch.
    Phone,
}

/// What the person's system prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    /// Dark text on light.
    Light,
    /// Light text on dark.
    Dark,
}

/// The Chromium of this process.
#[derive(Debug, Clone, Copy)]
pub struct Browser(&'static Shared);

#[derive(Debug)]
struct Shared {
    chromium: chromiumoxide::Browser,
    /// Of the thread that talks to Chromium: the runtime of a test ends with the test.
    runtime: Handle,
}

impl Browser {
    /// The browser of this process, started at the first call. None, with the reason printed, where the machine has none.
    ///
    /// # Panics
    /// When there is none and [`REQUIRE_BROWSER`] is set, or when it does not start.
    pub async fn find() -> Option<Self> {
        static SHARED: OnceCell<Option<Shared>> = OnceCell::const_new();
        let shared = SHARED
            .get_or_init(async || match process::executable() {
                Some(executable) => Some(Shared::start(executable).await),
                None => None,
            })
            .await;
        if shared.is_none() {
            assert!(
                !is_required(),
                "{REQUIRE_BROWSER} is set, and there is no Chromium: set {} to its path",
                process::CHROMIUM
            );
            eprintln!("skipped: no browser");
        }
        shared.as_ref().map(Self)
    }

    /// An empty page in a context of its own: nobody is signed in, nothing is cached.
    pub async fn page(&self, device: Device) -> Page {
        let context = self
            .0
            .chromium
            .create_browser_context(CreateBrowserContextParams::default())
            .await
            .expect("a browser context");
        let target = CreateTargetParams::builder()
            .url("about:blank")
            .browser_context_id(context.clone())
            .build()
            .expect("a complete request");
        let tab = self.0.chromium.new_page(target).await.expect("a page");
        Page::new(*self, tab, context, device).await
    }

    /// Closes a context and the pages in it, later.
    fn dispose(self, context: BrowserContextId) {
        let shared = self.0;
        shared.runtime.spawn(async move {
            // A browser that is gone has no contexts either.
            let _ = shared.chromium.dispose_browser_context(context).await;
        });
    }
}

impl Shared {
    async fn start(executable: std::path::PathBuf) -> Self {
        let (sender, started) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let address = process::launch(&executable);
                let config = HandlerConfig {
                    viewport: None,
                    ..HandlerConfig::default()
                };
                let (chromium, mut handler) =
                    chromiumoxide::Browser::connect_with_config(address, config)
                        .await
                        .expect("Chromium takes a connection");
                let runtime = Handle::current();
                // The receiver is gone when the test that asked was cancelled; the process then ends soon.
                let _ = sender.send(Self { chromium, runtime });
                // Newer browsers send messages that the library does not know; they are not errors of ours.
                while handler.next().await.is_some() {}
            });
        });
        started.await.expect("Chromium starts")
    }
}

/// Whether a run must not skip these tests.
fn is_required() -> bool {
    std::env::var_os(REQUIRE_BROWSER).is_some_and(|value| !value.is_empty())
}

/// A command of the protocol by its name: what newer browsers add to answers does not matter then.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Call {
    #[serde(skip)]
    method: &'static str,
    parameters: Value,
}

impl Method for Call {
    fn identifier(&self) -> MethodId {
        Cow::Borrowed(self.method)
    }
}

impl Command for Call {
    type Response = Value;
}
