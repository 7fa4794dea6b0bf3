//! What a request that may be repeated is answered with.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{Error, Result};
use serde::Serialize;

use crate::etag;

/// An answer that can be stored, to be given again when the request is repeated.
#[derive(Debug)]
pub struct Answer {
    pub(crate) status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: serde_json::Result<String>,
    /// What whoever repeats the request gets instead.
    kept: Option<serde_json::Result<String>>,
    /// Whether the work is taken back.
    pub(crate) void: bool,
}

impl Answer {
    /// A body in JSON. One that cannot be written fails when the answer is given.
    #[must_use]
    pub fn new(status: StatusCode, body: &impl Serialize) -> Self {
        Self {
            status,
            headers: vec![(header::CONTENT_TYPE, "application/json".to_owned())],
            body: serde_json::to_string(body),
            kept: None,
            void: false,
        }
    }

    /// 200 with a body.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self::new(StatusCode::OK, body)
    }

    /// 201 with what was made.
    #[must_use]
    pub fn created(body: &impl Serialize) -> Self {
        Self::new(StatusCode::CREATED, body)
    }

    /// 204: it is done, and there is nothing to say.
    #[must_use]
    pub fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: Vec::new(),
            body: Ok(String::new()),
            kept: None,
            void: false,
        }
    }

    /// With the revision as its `ETag`.
    #[must_use]
    pub fn tagged(self, rev: i64) -> Self {
        self.with(header::ETAG, etag(rev))
    }

    /// With where the thing is as its `Location`.
    #[must_use]
    pub fn at(self, path: String) -> Self {
        self.with(header::LOCATION, path)
    }

    /// With a header more.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With another body for those who repeat the request: for one with something in it that is shown once and kept
    /// nowhere.
    #[must_use]
    pub fn kept_as(mut self, body: &impl Serialize) -> Self {
        self.kept = Some(serde_json::to_string(body));
        self
    }

    /// Of work that is to leave nothing behind, the claim of the key included: a trial, or a refusal.
    #[must_use]
    pub fn taken_back(mut self) -> Self {
        self.void = true;
        self
    }

    /// What is stored of the body.
    pub(crate) fn stored_body(&self) -> Result<&str> {
        let body = self.kept.as_ref().unwrap_or(&self.body);
        body.as_deref()
            .map_err(|error| Error::internal(error.to_string()))
    }

    /// How the headers are stored.
    pub(crate) fn stored_headers(&self) -> Result<serde_json::Value> {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        Ok(serde_json::to_value(headers)?)
    }

    pub(crate) fn into_response(self) -> Result<Response> {
        let mut response = respond(self.status, self.body?);
        for (name, value) in self.headers {
            let value = HeaderValue::try_from(value).map_err(Error::internal)?;
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    }
}

/// A response without the type that a string brings along: what it is stands among its headers, if it is anything.
pub(crate) fn respond(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}
