//! The contract of pages: every one opens for the right role, says what it is, is sound, and is light.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::body::Body;
use http::{Method, header};
use http_body_util::BodyExt as _;
use module::{GateKind, RouteFacts};
use scraper::{ElementRef, Html, Selector};
use tower::ServiceExt as _;
use ui::Assets;

use crate::support::{Client, Reply, Samples, TestApp};

/// Largest page without its assets, as sent.
const HTML: usize = 15 * 1024;
/// All style sheets of a page, as sent.
const CSS: usize = 14 * 1024;
/// All scripts of a page, as sent.
const JS: usize = 10 * 1024;
/// The page and everything that it loads, photos aside.
const REQUESTS: usize = 8;

/// Steps of a redirect from host to host, which only work one after the other, and what scripts ask.
const ON_THE_WAY: [&str; 4] = [
    "/enter",
    "/auth/start",
    "/auth/finish",
    "/signup/availability",
];

/// Files whose address is made from what they hold, and parts of longer maps.
const NOT_ALWAYS_THERE: [&str; 7] = [
    "/media/{id}/{variant}/{name}",
    "/_t/logo/{hash}",
    "/sitemap-pages-{part}",
    "/sitemap-posts-{part}",
    "/sitemap-tags-{part}",
    "/sitemap-authors-{part}",
    "/sitemap-series-{part}",
];

/// Every page there is, in the order of their paths.
pub fn pages(routes: &[RouteFacts]) -> Vec<&RouteFacts> {
    let skipped = |path: &str| ON_THE_WAY.contains(&path) || NOT_ALWAYS_THERE.contains(&path);
    let mut pages: Vec<&RouteFacts> = routes
        .iter()
        .filter(|route| route.method == "GET" && !route.api && !skipped(&route.path))
        .filter(|route| !route.path.contains("/{id}") || !route.path.starts_with("/app/inbox"))
        .collect();
    pages.sort();
    pages
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a selector")
}

struct Document {
    html: Html,
    faults: Vec<String>,
}

impl Document {
    fn read(body: &str) -> Self {
        Self {
            html: Html::parse_document(body),
            faults: Vec::new(),
        }
    }

    fn all(&self, css: &str) -> Vec<ElementRef<'_>> {
        self.html.select(&selector(css)).collect()
    }

    fn check(mut self) -> Vec<String> {
        self.expect_one("h1");
        self.expect_one("main");
        self.expect_one("html[lang]");
        self.expect_one("title");
        self.expect_one("meta[name=viewport]");
        if let [title] = self.all("title").as_slice()
            && title.text().collect::<String>().trim().is_empty()
        {
            self.faults.push("its title is empty".into());
        }
        self.check_ids();
        self.check_colours();
        self.check_controls();
        self.faults
    }

    fn expect_one(&mut self, css: &str) {
        let count = self.all(css).len();
        if count != 1 {
            self.faults.push(format!("it has {count} of {css}"));
        }
    }

    /// Ids are unique, and whatever refers to one finds it.
    fn check_ids(&mut self) {
        let mut ids: BTreeMap<String, usize> = BTreeMap::new();
        for element in self.all("[id]") {
            *ids.entry(attribute(element, "id").to_owned()).or_default() += 1;
        }
        let mut faults: Vec<String> = ids
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(id, count)| format!("the id {id} is there {count} times"))
            .collect();
        let references = [
            "for",
            "aria-labelledby",
            "aria-describedby",
            "aria-controls",
            "aria-owns",
            "aria-activedescendant",
            "commandfor",
            "popovertarget",
            "form",
            "list",
            "headers",
            "data-live",
            "data-send",
            "data-swap",
            "data-copy",
            "data-fill",
        ];
        for name in references {
            for element in self.all(&format!("[{name}]")) {
                let missing = attribute(element, name)
                    .split_whitespace()
                    .filter(|id| !ids.contains_key(*id));
                faults
                    .extend(missing.map(|id| format!("{name} refers to {id}, which is not there")));
            }
        }
        for link in self.all("a[href^='#']") {
            let id = attribute(link, "href").trim_start_matches('#');
            if !id.is_empty() && !ids.contains_key(id) {
                faults.push(format!("a link leads to #{id}, which is not there"));
            }
        }
        self.faults.append(&mut faults);
    }

    /// Colours come from the theme: attributes may carry numbers alone.
    fn check_colours(&mut self) {
        let raw = |style: &str| {
            let style = style.to_lowercase();
            ["#", "rgb", "hsl", "oklch", "color-mix"]
                .iter()
                .any(|part| style.contains(part))
                && !style.contains("url(#")
        };
        let faults: Vec<String> = self
            .all("[style]")
            .into_iter()
            .map(|element| attribute(element, "style").to_owned())
            .filter(|style| raw(style))
            .map(|style| format!("an attribute holds a raw colour: {style}"))
            .collect();
        self.faults.extend(faults);
    }

    /// Every control says what it is.
    fn check_controls(&mut self) {
        let mut faults = Vec::new();
        for control in self.all("input:not([type=hidden]):not([type=submit]), select, textarea") {
            let id = control.value().attr("id").unwrap_or_default();
            let labelled = control.value().attr("aria-label").is_some()
                || control.value().attr("aria-labelledby").is_some()
                || (!id.is_empty() && !self.all(&format!("label[for={id:?}]")).is_empty())
                || control
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    .any(|parent| parent.value().name() == "label");
            if !labelled {
                faults.push(format!("a field has no label: {}", control.html()));
            }
        }
        for control in self.all("button, a[href]") {
            let named = control.value().attr("aria-label").is_some()
                || control.text().any(|text| !text.trim().is_empty())
                || control.select(&selector("img[alt]")).next().is_some();
            if !named {
                faults.push(format!("it has no name: {}", control.html()));
            }
        }
        self.faults.append(&mut faults);
    }
}

fn attribute<'a>(element: ElementRef<'a>, name: &str) -> &'a str {
    element.value().attr(name).unwrap_or_default()
}

fn is_page(reply: &Reply) -> bool {
    reply
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[tokio::test]
async fn every_page_opens_and_is_sound() {
    let app = TestApp::new().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let mut faults = Vec::new();
    let mut links: BTreeSet<(String, String)> = BTreeSet::new();
    let mut checked = 0;
    for route in pages(&app.platform.routes) {
        let client = samples.client(&app.platform, route.gate);
        let path = samples.path(route);
        let reply = client.get(&path).await;
        if !reply.status.is_success() && !reply.status.is_redirection() {
            faults.push(format!(
                "{} as {:?} answers {}",
                route.path, route.gate, reply.status
            ));
            continue;
        }
        // A mail is a document of its own kind.
        if reply.status != 200 || !is_page(&reply) || route.path == "/_mail/{id}/html" {
            continue;
        }
        checked += 1;
        let document = Document::read(&reply.body);
        for link in document
            .all("nav a[href^='/'], header a[href^='/'], main a[href^='/'], footer a[href^='/']")
        {
            let target = attribute(link, "href")
                .split('#')
                .next()
                .unwrap_or_default();
            links.insert((client.origin().to_owned(), target.to_owned()));
        }
        // The page about the brand shows colours that are not in use yet.
        let shows_colours = route.path == "/app/settings/brand";
        let found = document
            .check()
            .into_iter()
            .filter(|fault| !(shows_colours && fault.contains("raw colour")));
        faults.extend(found.map(|fault| format!("{}: {fault}", route.path)));
    }
    assert!(checked > 25, "only {checked} pages were looked at");
    for (origin, target) in links {
        for person in [&samples.owner, &samples.visitor, &samples.operator] {
            let status = person.on(&origin).get(&target).await.status;
            let fine = status.is_success() || status.is_redirection();
            if !fine {
                faults.push(format!(
                    "a link leads to {origin}{target}, which answers {status}"
                ));
                break;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn every_page_keeps_its_budget() {
    let app = TestApp::new().await;
    let samples = Samples::seed(&app.platform, &app.database).await;
    let sets = server::modules::assets();
    let assets = Assets::new(&sets, None);
    let sources: HashMap<&str, &[u8]> = sets
        .iter()
        .flat_map(|set| set.iter())
        .map(|asset| (asset.name, asset.body))
        .collect();
    let mut faults = Vec::new();
    for route in pages(&app.platform.routes) {
        let client = samples.client(&app.platform, route.gate);
        let path = samples.path(route);
        let reply = client.get(&path).await;
        if reply.status != 200 || !is_page(&reply) || route.path == "/_mail/{id}/html" {
            continue;
        }
        let html = sent(&app, &client, &path).await;
        let document = Document::read(&reply.body);
        let styles = named(&document, "link[rel=stylesheet]", "href");
        let scripts = with_imports(named(&document, "script[src]", "src"), &sources);
        let size = |names: &BTreeSet<String>| {
            names
                .iter()
                .filter_map(|name| assets.compressed_size(name))
                .sum::<usize>()
        };
        let (css, js) = (size(&styles), size(&scripts));
        // A theme is made for its tenant, and is no file.
        let requests = 1 + styles.len() + scripts.len();
        let mut hold = |what: &str, is: usize, most: usize| {
            if is > most {
                faults.push(format!("{}: {what} {is}, at most {most}", route.path));
            }
        };
        // The gallery of all components is there to be complete.
        if route.path != "/_gallery" {
            hold("HTML", html, HTML);
        }
        hold("CSS", css, CSS);
        hold("JS", js, JS);
        hold("requests", requests, REQUESTS);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Bytes of a page as sent with brotli.
async fn sent(app: &TestApp, client: &Client, path: &str) -> usize {
    let request = client
        .request(Method::GET, path)
        .header(header::ACCEPT_ENCODING, "br")
        .body(Body::empty())
        .expect("a request");
    let response = app
        .platform
        .router
        .clone()
        .oneshot(request)
        .await
        .expect("an answer");
    assert_eq!(
        response.headers()[header::CONTENT_ENCODING],
        "br",
        "{path} is sent without compression"
    );
    response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes()
        .len()
}

/// Names of the files that a page loads by these elements.
fn named(document: &Document, css: &str, attribute_name: &str) -> BTreeSet<String> {
    let urls = document
        .all(css)
        .into_iter()
        .map(|element| attribute(element, attribute_name));
    urls.filter_map(|url| url.split('?').next()?.rsplit('/').next().map(str::to_owned))
        .collect()
}

/// Scripts load what they import.
fn with_imports(mut names: BTreeSet<String>, sources: &HashMap<&str, &[u8]>) -> BTreeSet<String> {
    let mut open: Vec<String> = names.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let source = sources
            .get(name.as_str())
            .map(|source| String::from_utf8_lossy(source))
            .unwrap_or_default();
        for import in source
            .split("from \"./")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            if names.insert(import.to_owned()) {
                open.push(import.to_owned());
            }
        }
    }
    names
}

#[test]
fn faults_are_seen() {
    let page = "<!doctype html><html lang=en><title>T</title><meta name=viewport><main><h1>A</h1><h1>B</h1>
        <p id=x></p><p id=x></p><label for=y>Y</label><input><a href='#z'>Z</a><button></button>
        <p style='color:#fff'></p></main>";
    let faults = Document::read(page).check();
    for part in [
        "2 of h1",
        "id x is there 2 times",
        "refers to y",
        "#z",
        "no label",
        "no name",
        "raw colour",
    ] {
        assert!(
            faults.iter().any(|fault| fault.contains(part)),
            "{part} is not in {faults:?}"
        );
    }
    let kinds = [GateKind::Visitor, GateKind::Public];
    let route = |path: &str, gate| RouteFacts {
        method: "GET".into(),
        path: path.into(),
        gate,
        api: false,
    };
    let routes = [
        route("/b", kinds[0]),
        route("/enter", kinds[0]),
        route("/a", kinds[1]),
    ];
    assert_eq!(pages(&routes).len(), 2);
}
