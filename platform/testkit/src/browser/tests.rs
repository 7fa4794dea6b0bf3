use axum::Router;
use axum::http::HeaderName;
use axum::response::{Html, Redirect};
use axum::routing::get;
use serde_json::json;

use super::*;

/// Small pages with what real ones do.
async fn serve() -> String {
    let form = "<!doctype html><html lang=en><title>Form</title><main><h1>Form</h1>
        <form method=post action=/sent><label>Name <input name=name value=old></label>
        <label>Secret <input type=password name=secret></label>
        <label>Zone <select name=zone><option>Oslo<option>Lima</select></label>
        <fieldset><legend>Kind</legend><label><input type=checkbox name=yes value=yes style='opacity:0;width:1px'> Agree</label></fieldset>
        <button>Send it <span aria-hidden=true>x</span></button></form>
        <p id=device></p><p id=keys></p></main>
        <script>
          device.textContent = innerWidth + ' ' + devicePixelRatio + ' ' + matchMedia('(pointer: coarse)').matches;
          addEventListener('keydown', (event) => { keys.textContent += (event.ctrlKey ? 'C-' : '') + event.key + ' '; });
        </script>";
    let sent = async |body: String| Html(format!("<title>Sent</title><h1>Sent</h1><p>{body}</p>"));
    let broken = "<title>Broken</title><h1>Broken</h1><script>console.error('said', 7); \
                  setTimeout(() => { throw new Error('thrown') })</script><img src=/nowhere.png>";
    let strict = (
        [(
            HeaderName::from_static("content-security-policy"),
            "default-src 'none'",
        )],
        Html("<title>Strict</title><h1>Strict</h1><script>document.title = 'ran'</script>"),
    );
    let poor = "<title>Poor</title><main><h1>Poor</h1><img src='data:,'>\
                <p style='color:#999;background:#fff'>pale</p></main>";
    let router = Router::new()
        .route("/", get(async || Redirect::to("/form")))
        .route("/form", get(async move || Html(form)))
        .route("/sent", axum::routing::post(sent))
        .route("/broken", get(async move || Html(broken)))
        .route("/strict", get(async move || strict))
        .route("/poor", get(async move || Html(poor)))
        .route("/favicon.ico", get(async || ""));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://localhost:{port}")
}

#[tokio::test]
async fn a_form_is_filled_in_and_sent_by_mouse_and_by_touch() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let base = serve().await;
    for (device, shown) in [
        (Device::Desktop, "1440 1 false"),
        (Device::Phone, "980 2 true"),
    ] {
        let page = browser.page(device).await;
        page.goto(&base).await;
        page.wait_for_path("/form").await;
        page.wait_for_text(shown).await;
        page.fill("Name", "Mara & Co").await;
        page.fill("Secret", "hush").await;
        page.choose("Zone", "Lima").await;
        page.click("checkbox", "Agree").await;
        page.click("button", "Send it").await;
        page.wait_for_text("name=Mara+%26+Co&secret=hush&zone=Lima&yes=yes")
            .await;
    }
}

#[tokio::test]
async fn keys_arrive_as_on_a_keyboard() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let base = serve().await;
    let page = browser.page(Device::Desktop).await;
    page.goto(&format!("{base}/form")).await;
    for key in ["Control+k", "?", "g", "Escape", "Tab"] {
        page.press(key).await;
    }
    page.wait_for_text("C-k ? g Escape Tab").await;
    page.wait_for("document.activeElement.name === 'name'")
        .await;
    page.type_text("typed").await;
    page.press("Enter").await;
    page.wait_for_text("name=typed").await;
}

#[tokio::test]
async fn forms_work_while_scripts_do_not() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let base = serve().await;
    let page = browser.page(Device::Desktop).await;
    page.scripting(false).await;
    page.goto(&format!("{base}/form")).await;
    assert_eq!(
        page.eval::<String>("document.getElementById('device').textContent")
            .await,
        ""
    );
    page.fill("Name", "plain").await;
    page.click("button", "Send it").await;
    page.wait_for_text("name=plain").await;
}

#[tokio::test]
async fn two_pages_share_no_cookies() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let base = serve().await;
    let (mine, yours) = tokio::join!(browser.page(Device::Desktop), browser.page(Device::Phone));
    mine.goto(&base).await;
    mine.eval::<String>("document.cookie = 'mine=1'").await;
    yours.goto(&base).await;
    assert_eq!(yours.eval::<String>("document.cookie").await, "");
}

#[tokio::test]
async fn complaints_are_heard() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let base = serve().await;
    let page = browser.page(Device::Desktop).await;
    page.goto(&format!("{base}/broken")).await;
    let wanted = [
        "\"said\" 7",
        "Error: thrown",
        "status of 404 (Not Found) http",
        "Content Security Policy",
    ];
    for part in &wanted[..3] {
        heard(&page, part).await;
    }
    wanted[..3].iter().for_each(|part| page.allow(part));
    page.goto(&format!("{base}/strict")).await;
    heard(&page, wanted[3]).await;
    page.allow(wanted[3]);
    page.check();
}

async fn heard(page: &Page, part: &str) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !page.complaints().iter().any(|said| said.contains(part)) {
        assert!(
            std::time::Instant::now() < deadline,
            "{part} is not in {:?}",
            page.complaints()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn axe_finds_what_is_wrong_and_the_scheme_is_preferred() {
    let Some(browser) = Browser::find().await else {
        return;
    };
    let base = serve().await;
    let page = browser.page(Device::Desktop).await;
    page.goto(&format!("{base}/form")).await;
    assert_eq!(page.axe(Rules::All).await, []);
    page.color_scheme(ColorScheme::Dark).await;
    page.wait_for("matchMedia('(prefers-color-scheme: dark)').matches")
        .await;
    if axe::source().is_some() {
        page.goto(&format!("{base}/poor")).await;
        let rules: Vec<String> = page
            .axe(Rules::All)
            .await
            .into_iter()
            .map(|broken| broken.rule)
            .collect();
        for rule in ["color-contrast", "image-alt", "html-has-lang"] {
            assert!(rules.contains(&rule.to_owned()), "{rules:?}");
        }
        let colors = page.axe(Rules::Colors).await;
        assert!(
            !colors.is_empty() && colors.iter().all(|broken| broken.rule == "color-contrast"),
            "{colors:?}"
        );
    }
    let picture = std::env::temp_dir().join(format!("atelier-picture-{}.png", std::process::id()));
    page.screenshot(&picture).await;
    assert!(std::fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    std::fs::remove_file(picture).unwrap();
}

#[test]
fn calls_are_sent_as_their_parameters_alone() {
    let call = Call {
        method: "Page.enable",
        parameters: json!({ "a": 1 }),
    };
    assert_eq!(serde_json::to_value(&call).unwrap(), json!({ "a": 1 }));
    assert_eq!(call.identifier(), "Page.enable");
}
