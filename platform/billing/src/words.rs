//! The words that subscriptions are stored in: who collects, why somebody left, why a price changes.

use kernel::{Error, Result};

/// Who collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// A payment provider.
    Stripe,
    /// An operator, who sends invoices and notes payments.
    Manual,
    /// Nobody: a trial, or a plan that costs nothing.
    Free,
}

impl Collection {
    /// Reads the name as stored.
    ///
    /// # Errors
    /// [`Error::Internal`] for any other.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "stripe" => Ok(Self::Stripe),
            "manual" => Ok(Self::Manual),
            "free" => Ok(Self::Free),
            other => Err(Error::internal(format!("unknown collection {other}"))),
        }
    }

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Manual => "manual",
            Self::Free => "free",
        }
    }
}

/// Why somebody left.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// It costs too much.
    TooExpensive,
    /// Something is missing.
    MissingFeatures,
    /// They use something else now.
    Switched,
    /// They did not use it.
    Unused,
    /// They were not content with the service.
    Service,
    /// They close their business.
    Closing,
    /// The payment failed.
    PaymentFailed,
    /// An operator ended it.
    Operator,
    /// Something else.
    Other,
}

impl CancelReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::TooExpensive,
        Self::MissingFeatures,
        Self::Switched,
        Self::Unused,
        Self::Service,
        Self::Closing,
        Self::PaymentFailed,
        Self::Operator,
        Self::Other,
    ];

    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooExpensive => "too_expensive",
            Self::MissingFeatures => "missing_features",
            Self::Switched => "switched",
            Self::Unused => "unused",
            Self::Service => "service",
            Self::Closing => "closing",
            Self::PaymentFailed => "payment_failed",
            Self::Operator => "operator",
            Self::Other => "other",
        }
    }

    /// In words: "It costs too much".
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::TooExpensive => "It costs too much",
            Self::MissingFeatures => "Something is missing",
            Self::Switched => "We use something else now",
            Self::Unused => "We do not use it",
            Self::Service => "We were not content with the service",
            Self::Closing => "We close our business",
            Self::PaymentFailed => "The payment failed",
            Self::Operator => "Ended by an operator",
            Self::Other => "Another reason",
        }
    }

    /// Reads the name as stored; `None` for any other.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// Why another price takes over later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingKind {
    /// Somebody chose a smaller plan or a shorter cycle; it can be taken back.
    Change,
    /// The platform moves its subscribers to another price.
    Migration,
}

impl PendingKind {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Migration => "migration",
        }
    }
}
