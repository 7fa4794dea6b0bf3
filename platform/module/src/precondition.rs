//! `ETag` and `If-Match`: a change says which version it is based on.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use kernel::{Error, Result};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::{IntoParams, PartialSchema as _};

use crate::{App, Failure};

/// The entity tag of a version: the number in quotes.
#[must_use]
pub fn etag(rev: i64) -> String {
    format!("\"{rev}\"")
}

/// The entity tag of a version together with a number that moves without it, such as how many posts a tag has. What
/// is sent back in `If-Match` is compared by the version alone.
#[must_use]
pub fn etag_with(rev: i64, count: i64) -> String {
    format!("\"{rev}-{count}\"")
}

/// The version that a change is based on, from `If-Match`. Missing: 428; no version of ours: 412.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::PreconditionRequired`] or [`Error::PreconditionFailed`].
    pub fn read(headers: &HeaderMap) -> Result<Self> {
        let value = headers
            .get(header::IF_MATCH)
            .ok_or(Error::PreconditionRequired)?;
        let text = value.to_str().unwrap_or_default().trim();
        let rev = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .and_then(version);
        rev.map(Self).ok_or(Error::PreconditionFailed)
    }

    /// Holds the version against the present one.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when it is another.
    pub fn check(self, rev: i64) -> Result<()> {
        if self.0 == rev {
            Ok(())
        } else {
            Err(Error::PreconditionFailed)
        }
    }
}

/// The version in a tag, with or without a count behind it.
fn version(tag: &str) -> Option<i64> {
    match tag.split_once('-') {
        Some((rev, count)) => {
            count.parse::<u64>().ok()?;
            rev.parse().ok()
        }
        None => tag.parse().ok(),
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> std::result::Result<Self, Failure> {
        Ok(Self::read(&parts.headers)?)
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![header_parameter(
            "If-Match",
            "The `ETag` that the change is based on.",
            Required::True,
        )]
    }
}

/// As [`IfMatch`], which may be left out: then the change is based on whatever there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasedOn(pub Option<i64>);

impl FromRequestParts<App> for BasedOn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> std::result::Result<Self, Failure> {
        match IfMatch::read(&parts.headers) {
            Ok(IfMatch(rev)) => Ok(Self(Some(rev))),
            Err(Error::PreconditionRequired) => Ok(Self(None)),
            Err(error) => Err(error.into()),
        }
    }
}

impl IntoParams for BasedOn {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![header_parameter(
            "If-Match",
            "The `ETag` that the change is based on; left out: whatever there is.",
            Required::False,
        )]
    }
}

/// A header in the description of an operation.
pub(crate) fn header_parameter(name: &str, description: &str, required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(description))
        .schema(Some(String::schema()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tag_of_ours_is_a_version() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            IfMatch::read(&headers)
        };
        assert_eq!(read(&etag(7)).unwrap(), IfMatch(7));
        assert_eq!(read(&etag_with(7, 12)).unwrap(), IfMatch(7));
        for bad in [
            "\"7-\"", "\"-7\"", "\"7-x\"", "7", "W/\"7\"", "\"x\"", "*", "\"7", "",
        ] {
            assert!(matches!(read(bad), Err(Error::PreconditionFailed)), "{bad}");
        }
        assert!(matches!(
            IfMatch::read(&HeaderMap::new()),
            Err(Error::PreconditionRequired)
        ));
    }
}
