//! Extractors whose refusals are problem documents like all others.
//!
//! They stand in for axum's own, under the same names, so that descriptions of the API see them.

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use kernel::{Error, FieldError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// The body as JSON. Unknown fields are refused by types that say `deny_unknown_fields`.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// The body, or the query of a GET, as a form.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

/// The query.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

/// The parameters of the path. One that cannot be read names nothing that exists: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => {
                Err(FieldError::new("", "invalid_body", error.body_text()).into())
            }
            Err(error) => Err(refused("invalid_body", error.status(), error.body_text())),
        }
    }
}

/// A body that may be left out: one without a content type is.
impl<T: DeserializeOwned, S: Send + Sync> axum::extract::OptionalFromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Failure> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            let body = <Self as FromRequest<S>>::from_request(request, state).await?;
            Ok(Some(body))
        } else {
            Ok(None)
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match axum::Form::from_request(request, state).await {
            Ok(axum::Form(value)) => Ok(Self(value)),
            Err(FormRejection::FailedToDeserializeFormBody(error)) => {
                Err(FieldError::new("", "invalid_body", error.body_text()).into())
            }
            Err(error) => Err(refused("invalid_body", error.status(), error.body_text())),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                Err(Error::bad_request("invalid_query", error.body_text()).into())
            }
            Err(error) => Err(refused("invalid_query", error.status(), error.body_text())),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => {
                Err(Error::NotFound("page").into())
            }
            Err(error) => Err(Error::internal(error).into()),
        }
    }
}

fn refused(code: &'static str, status: StatusCode, message: String) -> Failure {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            FieldError::new("", "too_large", "That is larger than can be taken.").into()
        }
        status if status.is_client_error() => Error::bad_request(code, message).into(),
        _ => Error::internal(message).into(),
    }
}
