//! The one error of the whole product.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::Timestamp;
use crate::access::Access;

/// A result with the product's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, in the terms of those who asked.
///
/// Only [`Error::Internal`] and [`Error::Unavailable`] are faults of ours and are logged as such;
/// everything else is an answer. The HTTP status of each is decided once, in the crate `module`.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing, or it belongs to someone else (404). Names the kind: `"post"`.
    NotFound(&'static str),
    /// It was there and is gone for good: a used link, a removed page (410). The text says what to do next.
    Gone(Cow<'static, str>),
    /// The input breaks rules (422); one entry for each field that does.
    Invalid(Vec<FieldError>),
    /// The request cannot even be read (400).
    BadRequest {
        /// Stable code for programs.
        code: &'static str,
        /// Sentence for people.
        message: Cow<'static, str>,
    },
    /// The state of things forbids it (409).
    Conflict {
        /// Stable code for programs.
        code: &'static str,
        /// Sentence for people.
        message: Cow<'static, str>,
    },
    /// Nobody is signed in (401).
    Unauthenticated,
    /// The person is known and lacks this permission (403).
    Forbidden(&'static str),
    /// The key or token that a program sent is not good here (401): unknown, revoked, expired, of another tenant.
    InvalidKey,
    /// The program's key lacks the scope that covers this permission (403).
    MissingScope {
        /// The scope that would do; `None` when no key may do this at all.
        scope: Option<&'static str>,
        /// What was asked for.
        permission: &'static str,
    },
    /// The program's key may not be used from this network (403).
    ForeignNetwork,
    /// The browser sent the request from another site (403).
    CrossSite,
    /// The tenant's subscription to this module does not allow it now (402).
    SubscriptionRequired {
        /// Key of the module, such as `blog`.
        module: &'static str,
        /// What is allowed at present.
        access: Access,
        /// Until when it can be read, where that is all.
        read_only_until: Option<Timestamp>,
    },
    /// What visitors see of a module whose subscription is over (503): a neutral answer, because
    /// what a tenant owes is no business of theirs.
    OutOfService,
    /// The plan's limit is reached (402).
    LimitReached {
        /// Key of the entitlement, such as `workspace.seats`.
        entitlement: &'static str,
        /// The limit in force.
        limit: i64,
    },
    /// A change was sent without saying which version it is based on (428).
    PreconditionRequired,
    /// The thing has changed since it was read (412).
    PreconditionFailed,
    /// Too many tries (429).
    TooMany {
        /// When to try again.
        retry_after: Duration,
    },
    /// Something the request needs does not answer now (503). Names it.
    Unavailable(&'static str),
    /// A fault of ours (500).
    Internal {
        /// What went wrong, for the log alone.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Where in our code.
        location: &'static Location<'static>,
    },
}

/// One field of an input that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Name of the field as the form or the API calls it; empty for the input as a whole.
    pub field: Cow<'static, str>,
    /// Stable code for programs: `required`, `too_long`, `taken`.
    pub code: &'static str,
    /// Sentence for people that says what to do.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// Names a broken rule.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

/// Collects broken rules, so that a person sees all of them at once.
///
/// ```
/// let mut fields = kernel::Fields::default();
/// fields.require("title", "", "Give the post a title.");
/// assert!(fields.finish().is_err());
/// ```
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Notes a broken rule unless `holds`.
    pub fn check(
        &mut self,
        holds: bool,
        field: &'static str,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> &mut Self {
        if !holds {
            self.0.push(FieldError::new(field, code, message));
        }
        self
    }

    /// Notes that `value` is missing when it is blank.
    pub fn require(
        &mut self,
        field: &'static str,
        value: &str,
        message: &'static str,
    ) -> &mut Self {
        self.check(!value.trim().is_empty(), field, "required", message)
    }

    /// Adds a broken rule found elsewhere.
    pub fn push(&mut self, error: FieldError) -> &mut Self {
        self.0.push(error);
        self
    }

    /// Takes a value whose own rules were checked elsewhere, noting its error.
    pub fn take<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Fails with [`Error::Invalid`] when any rule was broken.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

impl Error {
    /// A fault of ours, with the place that met it.
    #[track_caller]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal {
            source: source.into(),
            location: Location::caller(),
        }
    }

    /// A refusal because of the state of things.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict {
            code,
            message: message.into(),
        }
    }

    /// A request that cannot be read.
    pub fn bad_request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::BadRequest {
            code,
            message: message.into(),
        }
    }

    /// The broken rules, when that is what this is.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        if let Self::Invalid(fields) = self {
            fields
        } else {
            &[]
        }
    }

    /// Stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Gone(_) => "gone",
            Self::Invalid(_) => "invalid",
            Self::BadRequest { code, .. } | Self::Conflict { code, .. } => code,
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::InvalidKey => "invalid_key",
            Self::MissingScope { .. } => "missing_scope",
            Self::ForeignNetwork => "network_not_allowed",
            Self::CrossSite => "cross_site_request",
            Self::SubscriptionRequired { .. } => "subscription_required",
            Self::OutOfService => "temporarily_unavailable",
            Self::LimitReached { .. } => "entitlement_exceeded",
            Self::PreconditionRequired => "precondition_required",
            Self::PreconditionFailed => "precondition_failed",
            Self::TooMany { .. } => "too_many_requests",
            Self::Unavailable(_) => "unavailable",
            Self::Internal { .. } => "internal",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(what) => write!(f, "There is no such {what}."),
            Self::Gone(message)
            | Self::BadRequest { message, .. }
            | Self::Conflict { message, .. } => f.write_str(message),
            Self::Invalid(fields) => {
                let messages: Vec<&str> =
                    fields.iter().map(|field| field.message.as_ref()).collect();
                f.write_str(&messages.join(" "))
            }
            Self::Unauthenticated => f.write_str("Sign in first."),
            Self::Forbidden(permission) => {
                write!(f, "Your role does not include the permission {permission}.")
            }
            // The same words for every reason: whoever guesses learns nothing.
            Self::InvalidKey => f.write_str(
                "The key is not valid here. Check that it is whole, in use, and of this workspace.",
            ),
            Self::MissingScope {
                scope: Some(scope), ..
            } => write!(f, "The key lacks the scope {scope}."),
            Self::MissingScope { permission, .. } => write!(
                f,
                "No key may do this. It takes a person with the permission {permission}."
            ),
            Self::ForeignNetwork => f.write_str("The key may not be used from this network."),
            Self::CrossSite => f.write_str("The request came from another site and was refused."),
            Self::SubscriptionRequired {
                access: Access::ReadOnly,
                ..
            } => f.write_str(
                "The subscription has ended: everything can be read and exported, but not changed.",
            ),
            Self::SubscriptionRequired { .. } => {
                f.write_str("The workspace has no subscription to this product.")
            }
            Self::OutOfService => f.write_str("This page is temporarily unavailable."),
            Self::LimitReached { entitlement, limit }
                if entitlement.rsplit('.').next() == Some("bytes") =>
            {
                write!(
                    f,
                    "The plan's {} for files are taken. Delete files and empty the trash, or choose a larger plan.",
                    crate::size(*limit)
                )
            }
            Self::LimitReached { limit, .. } => {
                write!(f, "The plan's limit of {limit} is reached.")
            }
            Self::PreconditionRequired => {
                f.write_str("Say with If-Match which version the change is based on.")
            }
            Self::PreconditionFailed => {
                f.write_str("It was changed in the meantime. Load it again and repeat the change.")
            }
            Self::TooMany { retry_after } => write!(
                f,
                "Too many tries. Try again in {} seconds.",
                retry_after.as_secs().max(1)
            ),
            Self::Unavailable(what) => write!(
                f,
                "{what} does not answer at the moment. Try again shortly."
            ),
            Self::Internal { .. } => f.write_str("Something went wrong on our side."),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Internal { source, .. } = self {
            Some(source.as_ref())
        } else {
            None
        }
    }
}

impl From<sqlx::Error> for Error {
    #[track_caller]
    fn from(error: sqlx::Error) -> Self {
        // Names of PostgreSQL's conditions: lock_not_available, query_canceled, serialization_failure,
        // deadlock_detected, admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections.
        const PASSING: [&str; 8] = [
            "55P03", "57014", "40001", "40P01", "57P01", "57P02", "57P03", "53300",
        ];
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable("The database")
            }
            sqlx::Error::Database(database)
                if database
                    .code()
                    .is_some_and(|code| PASSING.contains(&code.as_ref())) =>
            {
                Self::Unavailable("The database")
            }
            // A character that text cannot hold (U+0000) reached a parameter: the sender's fault, not ours.
            sqlx::Error::Database(database) if database.code().as_deref() == Some("22021") => {
                Self::bad_request(
                    "invalid_text",
                    "The text has a character that cannot be stored.",
                )
            }
            _ => Self::internal(error),
        }
    }
}

impl From<serde_json::Error> for Error {
    #[track_caller]
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}

/// Turns a database's refusal into an answer.
pub trait ConstraintExt<T> {
    /// When the statement broke the constraint `name`, answers with `error` instead.
    fn on_constraint<E: Into<Error>>(self, name: &str, error: impl FnOnce() -> E) -> Result<T>;
}

impl<T, F: Into<Error> + ConstraintName> ConstraintExt<T> for std::result::Result<T, F> {
    #[track_caller]
    fn on_constraint<E: Into<Error>>(self, name: &str, error: impl FnOnce() -> E) -> Result<T> {
        self.map_err(|found| {
            if found.constraint_name() == Some(name) {
                error().into()
            } else {
                found.into()
            }
        })
    }
}

/// The constraint that an error speaks of; implemented for sqlx's error and, so that calls can be chained, ours.
pub trait ConstraintName {
    /// Name of the violated constraint.
    fn constraint_name(&self) -> Option<&str>;
}

impl ConstraintName for sqlx::Error {
    fn constraint_name(&self) -> Option<&str> {
        self.as_database_error()
            .and_then(sqlx::error::DatabaseError::constraint)
    }
}

impl ConstraintName for Error {
    fn constraint_name(&self) -> Option<&str> {
        if let Self::Internal { source, .. } = self {
            source
                .downcast_ref::<sqlx::Error>()
                .and_then(ConstraintName::constraint_name)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_broken_rules_are_told_at_once() {
        let mut fields = Fields::default();
        fields.require("title", " ", "Give it a title.").check(
            false,
            "slug",
            "taken",
            "That address is taken.",
        );
        let error = fields.finish().unwrap_err();
        assert_eq!(error.field_errors().len(), 2);
        assert_eq!(error.to_string(), "Give it a title. That address is taken.");
    }

    #[test]
    fn an_internal_error_says_nothing_of_its_cause_and_knows_its_place() {
        let error = Error::internal("password=hunter2");
        assert!(!error.to_string().contains("hunter2"));
        let Error::Internal { location, .. } = error else {
            panic!()
        };
        assert!(location.file().ends_with("error.rs"));
    }

    #[test]
    fn the_question_mark_keeps_the_place_of_the_caller() {
        fn fails() -> Result<()> {
            Err(sqlx::Error::RowNotFound)?;
            Ok(())
        }
        let Error::Internal { location, .. } = fails().unwrap_err() else {
            panic!()
        };
        assert!(location.file().ends_with("error.rs"), "{location}");
    }
}
