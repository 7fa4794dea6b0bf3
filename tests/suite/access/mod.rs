//! Programs: applications, keys, tokens, limits and origins, through the whole server.

mod content;
mod filters;
mod fuzz;
mod keys;
mod limits;
mod manage;
mod origins;
mod pages;
mod scopes;
mod tokens;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp, TestTenant};

pub const APPLICATIONS: &str = "/api/v1/workspace/applications";
pub const POSTS: &str = "/api/v1/blog/posts";

/// An application with a key, as its program uses it: no cookies, and a key in every request.
#[derive(Clone)]
pub struct Program {
    pub client: Client,
    /// Id of the application.
    pub application: String,
    /// Id of the key.
    pub key: String,
    /// The key itself.
    pub secret: String,
}

impl Program {
    /// Made by the tenant's owner, with a key of these scopes.
    pub async fn new(app: &TestApp, tenant: &TestTenant, scopes: &[&str]) -> Self {
        Self::named(app, tenant, "Front end", scopes).await
    }

    /// As [`Program::new`], under another name.
    pub async fn named(app: &TestApp, tenant: &TestTenant, name: &str, scopes: &[&str]) -> Self {
        let body = json!({ "product": "blog", "name": name });
        let made = tenant
            .owner
            .api(Method::POST, APPLICATIONS, &[], Some(&body))
            .await
            .expect(201);
        let application = text(&made.json(), "id");
        let body = json!({ "name": "Server", "scopes": scopes });
        Self::with(app, tenant, application, body).await
    }

    /// One more key of an application.
    pub async fn with(
        app: &TestApp,
        tenant: &TestTenant,
        application: String,
        body: Value,
    ) -> Self {
        let path = format!("{APPLICATIONS}/{application}/keys");
        let made = tenant
            .owner
            .api(Method::POST, &path, &[], Some(&body))
            .await
            .expect(201);
        // As the other nodes hear of it.
        app.forget();
        let made: Value = made.json();
        Self {
            client: app.visitor().on(&tenant.origin()),
            application,
            key: text(&made, "id"),
            secret: text(&made, "secret"),
        }
    }

    /// The address of the key, for those who manage it.
    pub fn path(&self, action: &str) -> String {
        let (application, key) = (&self.application, &self.key);
        format!("{APPLICATIONS}/{application}/keys/{key}/{action}")
    }

    pub async fn get(&self, path: &str) -> Reply {
        shows(&self.client, &self.secret, path).await
    }

    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.secret);
        let headers = [("authorization", bearer.as_str())];
        self.client.api(method, path, &headers, Some(body)).await
    }

    /// As a program somewhere in the world asks.
    pub async fn from(&self, peer: &str, path: &str) -> Reply {
        let peer: SocketAddr = format!("{peer}:4711").parse().expect("an address");
        let mut request = self
            .client
            .request(Method::GET, path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret))
            .body(Body::empty())
            .expect("a request");
        request.extensions_mut().insert(ConnectInfo(peer));
        self.client.send(request).await
    }
}

/// Asks with something as a bearer.
pub async fn shows(client: &Client, bearer: &str, path: &str) -> Reply {
    let bearer = format!("Bearer {bearer}");
    let headers = [("authorization", bearer.as_str())];
    client.api(Method::GET, path, &headers, None::<&()>).await
}

/// A field of an answer.
pub fn text(body: &Value, field: &str) -> String {
    body[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {body}"))
        .to_owned()
}

/// The `code` of a problem.
pub fn code(reply: &Reply) -> String {
    text(&reply.json(), "code")
}
