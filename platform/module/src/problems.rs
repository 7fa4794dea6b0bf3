//! The problems that operations of the API describe, for `responses(..)` of `#[utoipa::path]`.

use crate::Problem;

/// Why any operation may be refused.
#[derive(Debug, utoipa::IntoResponses)]
pub enum Refused {
    /// The request cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// Nobody is signed in, or the key is not good here.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// The workspace's subscription does not allow it.
    #[response(status = 402, content_type = "application/problem+json")]
    SubscriptionRequired(Problem),
    /// The permission is missing, or the key's scope for it.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// The key, or the workspace, has asked too often in this minute: wait for `Retry-After` seconds.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// A fault of ours; nothing has happened.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// The server is busy; nothing has happened.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// There is no such thing.
#[derive(Debug, utoipa::IntoResponses)]
#[response(status = 404, content_type = "application/problem+json")]
pub struct Missing(pub Problem);

/// The input breaks rules; `errors` names each field that does.
#[derive(Debug, utoipa::IntoResponses)]
#[response(status = 422, content_type = "application/problem+json")]
pub struct Invalid(pub Problem);

/// The state of things forbids it.
#[derive(Debug, utoipa::IntoResponses)]
#[response(status = 409, content_type = "application/problem+json")]
pub struct Conflict(pub Problem);

/// What became of the revision that the change is based on.
#[derive(Debug, utoipa::IntoResponses)]
pub enum Stale {
    /// It has changed in the meantime: read it again and repeat the change.
    #[response(status = 412, content_type = "application/problem+json")]
    Changed(Problem),
    /// `If-Match` is missing.
    #[response(status = 428, content_type = "application/problem+json")]
    Unknown(Problem),
}
