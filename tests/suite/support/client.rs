//! A browser's manners without a browser: cookies for each host, redirects, forms.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use scraper::{Html, Selector};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;
use url::Url;

/// A PNG of one colour, 16 pixels wide and high.
const PICTURE: &str = "89504e470d0a1a0a0000000d494844520000001000000010080200000090916836000000164944415478da63504858401262\
    18d530aa61f86a00009cd820105c1bc0350000000049454e44ae426082";

/// A client with cookies. Cloning shares them.
#[derive(Clone)]
pub struct Client {
    router: Router,
    /// Scheme, host and port that relative addresses stand on.
    origin: String,
    cookies: Arc<Mutex<BTreeMap<String, BTreeMap<String, String>>>>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// The body as it was sent.
    pub bytes: axum::body::Bytes,
    /// Where it came from, after redirects.
    pub url: String,
}

impl Client {
    pub fn new(router: Router, origin: String) -> Self {
        Self {
            router,
            origin,
            cookies: Arc::default(),
        }
    }

    /// The same browser on another host: the cookies come along, each stays with its host.
    pub fn on(&self, origin: &str) -> Self {
        Self {
            origin: origin.trim_end_matches('/').to_owned(),
            ..self.clone()
        }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The same browser, answered by another node.
    pub fn through(&self, router: Router) -> Self {
        Self {
            router,
            ..self.clone()
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(
            self.request(Method::GET, path)
                .body(Body::empty())
                .expect("a request"),
        )
        .await
    }

    /// Follows redirects, over hosts if need be.
    pub async fn visit(&self, path: &str) -> Reply {
        self.follow(self.get(path).await).await
    }

    pub async fn follow(&self, mut reply: Reply) -> Reply {
        for _ in 0..10 {
            let Some(location) = reply.location() else {
                return reply;
            };
            let url = Url::parse(&reply.url)
                .and_then(|from| from.join(&location))
                .expect("a location");
            let origin = url.origin().ascii_serialization();
            let path = &url[url::Position::BeforePath..];
            reply = self.on(&origin).get(path).await;
        }
        panic!("redirects do not end at {}", reply.url);
    }

    /// Sends a form as a browser does, without following the redirect.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.send(self.form(path, form)).await
    }

    fn form(&self, path: &str, form: &[(&str, &str)]) -> Request<Body> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .expect("a request")
    }

    /// Asks for a page as a program does that would rather have a problem document than an error page.
    /// Anything but a GET sends a form.
    pub async fn plainly(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Reply {
        let mut request = self.form(path, form);
        let accept = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, accept);
        if method == Method::GET {
            *request.body_mut() = Body::empty();
        }
        *request.method_mut() = method;
        self.send(request).await
    }

    /// Gives the workspace a logo: a picture of one colour.
    pub async fn upload_logo(&self) {
        let picture = (0..PICTURE.len() / 2)
            .map(|at| u8::from_str_radix(&PICTURE[at * 2..at * 2 + 2], 16).expect("hexadecimal"));
        let mut body =
            b"--part\r\ncontent-disposition: form-data; name=\"logo\"; filename=\"logo.png\"\r\n\
            content-type: image/png\r\n\r\n"
                .to_vec();
        body.extend(picture);
        body.extend(b"\r\n--part--\r\n");
        let request = self
            .request(Method::POST, "/app/settings/brand/logo")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=part")
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await.expect(303);
    }

    /// Posts a form that may hold files: those have the names of the fields with a file name.
    pub async fn post_parts(&self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Reply {
        let mut body = Vec::new();
        for (name, file, value) in parts {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
            let head =
                format!("--part\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend(head.into_bytes());
            body.extend(*value);
            body.extend(b"\r\n");
        }
        body.extend(b"--part--\r\n");
        let request = self
            .request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=part")
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await
    }

    /// Calls an operation of the API.
    pub async fn api(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Reply {
        let mut request = self
            .request(method, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::ACCEPT, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(serde_json::to_vec(body).expect("JSON"))),
            None => request.body(Body::empty()),
        };
        self.send(request.expect("a request")).await
    }

    /// Uploads a file by the API, as it is.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Reply {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("name", name)
            .finish();
        let request = self
            .request(Method::POST, &format!("/api/v1/files?{query}"))
            .header("sec-fetch-site", "same-origin")
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Body::from(bytes));
        self.send(request.expect("a request")).await
    }

    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let host = self.origin.split("://").nth(1).expect("an origin");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .header(header::ACCEPT, "text/html");
        let cookies = self.cookies.lock().expect("cookies");
        if let Some(cookies) = cookies.get(host).filter(|cookies| !cookies.is_empty()) {
            let line: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, line.join("; "));
        }
        request
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let url = format!("{}{}", self.origin, request.uri());
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        self.keep(parts.headers.get_all(header::SET_COOKIE).iter());
        let body = body.collect().await.expect("a body").to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body,
            url,
        }
    }

    /// The value of a cookie of this host.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let host = self.origin.split("://").nth(1).expect("an origin");
        self.cookies
            .lock()
            .expect("cookies")
            .get(host)?
            .get(name)
            .cloned()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        let host = self
            .origin
            .split("://")
            .nth(1)
            .expect("an origin")
            .to_owned();
        self.cookies
            .lock()
            .expect("cookies")
            .entry(host)
            .or_default()
            .insert(name.to_owned(), value.to_owned());
    }

    fn keep<'a>(&self, set: impl Iterator<Item = &'a HeaderValue>) {
        let host = self
            .origin
            .split("://")
            .nth(1)
            .expect("an origin")
            .to_owned();
        let mut cookies = self.cookies.lock().expect("cookies");
        let jar = cookies.entry(host).or_default();
        for cookie in set {
            let cookie = cookie.to_str().expect("a cookie");
            assert!(
                !cookie.to_lowercase().contains("domain="),
                "a cookie left its host: {cookie}"
            );
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a pair");
            if attributes.to_lowercase().contains("max-age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Reply {
    pub fn location(&self) -> Option<String> {
        if !self.status.is_redirection() || self.status == StatusCode::NOT_MODIFIED {
            return None;
        }
        Some(
            self.headers
                .get(header::LOCATION)?
                .to_str()
                .ok()?
                .to_owned(),
        )
    }

    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub fn html(&self) -> Html {
        Html::parse_document(&self.body)
    }

    /// The text of every element that a selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let html = self.html();
        html.select(&selector)
            .map(|element| {
                element
                    .text()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    /// An attribute of the first element that a selector finds.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(selector).expect("a selector");
        self.html()
            .select(&selector)
            .next()?
            .value()
            .attr(name)
            .map(str::to_owned)
    }

    /// An attribute of every element that a selector finds.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let html = self.html();
        html.select(&selector)
            .filter_map(|element| element.value().attr(name).map(str::to_owned))
            .collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{} answered {}",
            self.url,
            self.body.chars().take(1_000).collect::<String>()
        );
        self
    }
}
