//! A page of the browser, used as a person uses it.

use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chromiumoxide::cdp::browser_protocol::browser::BrowserContextId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::console::Console;
use super::input::Stroke;
use super::locate::{CHOOSE, Locator, SELECT};
use super::{Browser, Call, ColorScheme, Device, PATIENCE, Rules, Violation, axe};

/// How often a condition is looked at again.
const INTERVAL: Duration = Duration::from_millis(25);

/// What text is typed into.
const FIELDS: [&str; 4] = ["textbox", "searchbox", "combobox", "spinbutton"];

/// A page in a browser context of its own. Dropping it closes it, and fails the test if the page complained.
#[derive(Debug)]
pub struct Page {
    browser: Browser,
    tab: chromiumoxide::Page,
    context: BrowserContextId,
    console: Console,
    touch: AtomicBool,
}

impl Page {
    pub(super) async fn new(
        browser: Browser,
        tab: chromiumoxide::Page,
        context: BrowserContextId,
        device: Device,
    ) -> Self {
        let console = Console::attach(browser, &tab).await;
        let page = Self {
            browser,
            tab,
            context,
            console,
            touch: AtomicBool::new(false),
        };
        page.must("Log.enable", json!({})).await;
        page.emulate(device).await;
        page.color_scheme(ColorScheme::Light).await;
        page
    }

    /// Opens an address and waits until it has loaded, redirects included.
    pub async fn goto(&self, url: &str) {
        self.check();
        let mark = "window.left = true";
        self.must("Runtime.evaluate", json!({ "expression": mark }))
            .await;
        if let Err(error) = self.tab.goto(url).await {
            panic!("{url}: {error}");
        }
        self.wait_for("!window.left && document.readyState === 'complete'")
            .await;
    }

    /// Clicks or taps the element with this role (`link`, `button`, `checkbox`, `option` ..) and name, as soon as it is
    /// there, enabled and uncovered.
    ///
    /// The name is the whole accessible name, or the beginning of only one.
    pub async fn click(&self, role: &str, name: &str) {
        self.press_at(Locator::Role(&[role], name)).await;
    }

    /// Clicks or taps the first match of a selector: for what has no role.
    pub async fn click_css(&self, selector: &str) {
        self.press_at(Locator::Css(selector)).await;
    }

    /// Writes into the field with this label, in place of what it holds.
    pub async fn fill(&self, label: &str, text: &str) {
        self.focus(label).await;
        if text.is_empty() {
            self.press("Delete").await;
        } else {
            self.must("Input.insertText", json!({ "text": text })).await;
        }
    }

    /// Puts the cursor into the field with this label and selects its text.
    pub async fn focus(&self, label: &str) {
        self.check();
        self.done(Locator::Role(&FIELDS, label), SELECT, &[]).await;
    }

    /// Chooses an option of the select field with this label.
    pub async fn choose(&self, label: &str, option: &str) {
        self.check();
        let roles = ["combobox", "listbox", "MenuListPopup"];
        self.done(Locator::Role(&roles, label), CHOOSE, &[option.into()])
            .await;
    }

    /// Presses a key, such as `Enter`, `?`, `Control+k` or `Shift+Tab`.
    pub async fn press(&self, key: &str) {
        self.check();
        for event in Stroke::parse(key).events() {
            self.must("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Types a text key by key, as on a keyboard.
    pub async fn type_text(&self, text: &str) {
        for character in text.chars() {
            self.press(character.encode_utf8(&mut [0; 4])).await;
        }
    }

    /// The text that a person can read on the page now.
    pub async fn text(&self) -> String {
        self.eval("document.body.innerText").await
    }

    /// The address, with query and fragment.
    pub async fn url(&self) -> String {
        self.eval("location.href").await
    }

    /// Waits until an expression is true, on whatever page there is then.
    pub async fn wait_for(&self, expression: &str) {
        let condition = format!("Boolean({expression})");
        let holds = async || match self.evaluate(&condition).await {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(_) => Err("is not true".to_owned()),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = until(holds).await {
            self.give_up(&format!("{expression} {reason}")).await;
        }
    }

    /// Waits until a person can read `text`, in whatever case it is shown, on a page that has loaded: keys that are
    /// pressed before that reach no script.
    pub async fn wait_for_text(&self, text: &str) {
        let wanted = Value::from(text.to_lowercase());
        self.wait_for(&format!(
            "document.readyState === 'complete' && document.body?.innerText.replace(/\\s+/g, ' ').toLowerCase().includes({wanted})"
        ))
        .await;
    }

    /// Waits until the page at this path has loaded.
    pub async fn wait_for_path(&self, path: &str) {
        let path = Value::from(path);
        self.wait_for(&format!(
            "location.pathname === {path} && document.readyState === 'complete'"
        ))
        .await;
    }

    /// The value of an expression, promises awaited.
    pub async fn eval<T: DeserializeOwned + Debug>(&self, expression: &str) -> T {
        self.check();
        let value = match self.evaluate(expression).await {
            Ok(value) => value,
            Err(reason) => self.give_up(&format!("{expression}: {reason}")).await,
        };
        serde_json::from_value(value.clone())
            .unwrap_or_else(|error| panic!("{expression} is {value}: {error}"))
    }

    /// Runs a script, promises awaited; its value does not matter.
    pub async fn run(&self, script: &str) {
        self.check();
        if let Err(reason) = self.evaluate(script).await {
            self.give_up(&format!("{script}: {reason}")).await;
        }
    }

    /// The whole page as a PNG file.
    pub async fn screenshot(&self, path: impl AsRef<Path>) {
        let metrics = self.must("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
        });
        self.capture(
            path.as_ref(),
            json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }),
        )
        .await;
    }

    /// What the window shows as a PNG file.
    pub async fn screenshot_window(&self, path: impl AsRef<Path>) {
        self.capture(path.as_ref(), json!({ "format": "png" }))
            .await;
    }

    /// What axe-core finds wrong with the page as it is now; nothing where axe-core is not at hand and not required.
    pub async fn axe(&self, rules: Rules) -> Vec<Violation> {
        let Some(source) = axe::source() else {
            return Vec::new();
        };
        if let Ok(Value::Bool(false)) = self.evaluate("'axe' in window").await {
            self.must("Runtime.evaluate", json!({ "expression": source }))
                .await;
        }
        self.eval(&axe::run(rules)).await
    }

    /// Shows the page on this device from now on.
    pub async fn emulate(&self, device: Device) {
        let phone = device == Device::Phone;
        let (width, height, scale) = if phone { (390, 844, 2) } else { (1440, 900, 1) };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.must("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let touch = json!({ "enabled": phone, "maxTouchPoints": 1 });
        self.must("Emulation.setTouchEmulationEnabled", touch).await;
        self.touch.store(phone, Ordering::Relaxed);
    }

    /// Prefers light or dark from now on. Movement is always unwelcome, so that pictures do not depend on the moment.
    pub async fn color_scheme(&self, scheme: ColorScheme) {
        let scheme = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]});
        self.must("Emulation.setEmulatedMedia", features).await;
        // Colours follow with the next frames.
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            .await;
    }

    /// Runs the pages' scripts, or not, from the next page on.
    pub async fn scripting(&self, on: bool) {
        self.must(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !on }),
        )
        .await;
    }

    /// Takes complaints that contain `part` as expected, such as `status of 422`.
    pub fn allow(&self, part: &str) {
        self.console.allow(part);
    }

    /// What the page complained about so far and nobody allowed.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.console.unexpected()
    }

    /// Drops the complaints so far, for tests that collect them from many pages.
    pub fn forget_complaints(&self) {
        self.console.forget();
    }

    /// Fails the test if the page complained. Every step does this.
    pub fn check(&self) {
        let complaints = self.complaints();
        assert!(
            complaints.is_empty(),
            "the page complains:\n{}",
            complaints.join("\n")
        );
    }

    async fn press_at(&self, locator: Locator<'_>) {
        self.check();
        // Twice at the same place: what moves while the page is laid out would be missed.
        let found = until(async || {
            let before = self.point(locator).await?;
            tokio::time::sleep(INTERVAL * 2).await;
            let after = self.point(locator).await?;
            if before == after {
                Ok(after)
            } else {
                Err("moves".to_owned())
            }
        })
        .await;
        let (x, y) = match found {
            Ok(point) => point,
            Err(reason) => self.give_up(&format!("{locator:?} {reason}")).await,
        };
        if self.touch.load(Ordering::Relaxed) {
            let finger = json!([{ "x": x, "y": y }]);
            for (kind, points) in [("touchStart", finger), ("touchEnd", json!([]))] {
                let event = json!({ "type": kind, "touchPoints": points });
                self.must("Input.dispatchTouchEvent", event).await;
            }
            return;
        }
        for (kind, button, count) in [
            ("mouseMoved", "none", 0),
            ("mousePressed", "left", 1),
            ("mouseReleased", "left", 1),
        ] {
            let event =
                json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": count });
            self.must("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Calls a function on an element until it returns null, which means done; a string says why not yet.
    async fn done(&self, locator: Locator<'_>, function: &str, arguments: &[Value]) {
        let outcome = until(
            async || match self.on_element(locator, function, arguments).await? {
                Value::Null => Ok(()),
                Value::String(reason) => Err(reason),
                other => Err(format!("answers {other}")),
            },
        )
        .await;
        if let Err(reason) = outcome {
            self.give_up(&format!("{locator:?} {reason}")).await;
        }
    }

    async fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let parameters =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            None => Ok(answer["result"]["value"].clone()),
            Some(thrown) => Err(format!(
                "throws {} {}",
                thrown["text"], thrown["exception"]["description"]
            )),
        }
    }

    /// Asks the protocol; fails while a page is being replaced, say.
    pub(super) async fn call(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> Result<Value, String> {
        let call = Call { method, parameters };
        match self.tab.execute(call).await {
            Ok(answer) => Ok(answer.result),
            Err(error) => Err(format!("{method}: {error}")),
        }
    }

    async fn must(&self, method: &'static str, parameters: Value) -> Value {
        self.call(method, parameters)
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    }

    async fn capture(&self, path: &Path, parameters: Value) {
        let picture = self.must("Page.captureScreenshot", parameters).await;
        let data = picture["data"].as_str().expect("a picture");
        let bytes = STANDARD.decode(data).expect("base64");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder for the picture");
        }
        std::fs::write(path, bytes).expect("the picture is written");
    }

    /// Fails the test with what a person would see; keeps a picture of it in the temporary folder.
    async fn give_up(&self, what: &str) -> ! {
        let place = self.evaluate("location.href").await.unwrap_or_default();
        let text = self.evaluate("document.body?.innerText").await;
        let text = text.ok().and_then(|text| text.as_str().map(str::to_owned));
        let picture =
            std::env::temp_dir().join(format!("atelier-failed-{}.png", std::process::id()));
        self.screenshot(&picture).await;
        let complaints = self.complaints();
        panic!(
            "{what}\nat {place}, see {}\ncomplaints: {complaints:?}\n{}",
            picture.display(),
            text.unwrap_or_default()
        );
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.browser.dispose(self.context.clone());
        if !std::thread::panicking() {
            self.check();
        }
    }
}

/// Tries until it works or [`PATIENCE`] ends; the last reason then.
async fn until<T>(attempt: impl AsyncFn() -> Result<T, String>) -> Result<T, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(reason) if Instant::now() >= deadline => return Err(reason),
            Err(_) => tokio::time::sleep(INTERVAL).await,
        }
    }
}
