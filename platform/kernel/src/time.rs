//! Instants, zones and the clock that everything takes its time from.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant, to the microsecond, as PostgreSQL's `timestamptz` keeps it.
///
/// Anything finer is cut off when it is made, so that a value read back equals the one written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Wraps an instant, cutting it to the microsecond.
    #[must_use]
    pub fn new(instant: jiff::Timestamp) -> Self {
        Self(jiff::Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant))
    }

    /// The instant that many microseconds after 1970-01-01T00:00:00Z; `None` out of range.
    #[must_use]
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(microseconds)
            .ok()
            .map(Self)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The underlying instant.
    #[must_use]
    pub fn instant(self) -> jiff::Timestamp {
        self.0
    }

    /// The instant as a wall clock in `zone` shows it.
    #[must_use]
    pub fn in_zone(self, zone: &Zone) -> jiff::Zoned {
        self.0.to_zoned(zone.0.clone())
    }

    /// The later instant `by` away; saturates at the end of representable time.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by).unwrap_or(jiff::Timestamp::MAX))
    }

    /// The earlier instant `by` away; saturates at the beginning of representable time.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by).unwrap_or(jiff::Timestamp::MIN))
    }

    /// The time from `earlier` to this instant; zero when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0.duration_since(earlier.0)).unwrap_or(Duration::ZERO)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::new)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        Self::new(instant)
    }
}

impl sqlx::Type<sqlx::Postgres> for Timestamp {
    fn type_info() -> sqlx::postgres::PgTypeInfo {
        <jiff_sqlx::Timestamp as sqlx::Type<sqlx::Postgres>>::type_info()
    }
}

impl sqlx::postgres::PgHasArrayType for Timestamp {
    fn array_type_info() -> sqlx::postgres::PgTypeInfo {
        <jiff_sqlx::Timestamp as sqlx::postgres::PgHasArrayType>::array_type_info()
    }
}

impl sqlx::Encode<'_, sqlx::Postgres> for Timestamp {
    fn encode_by_ref(
        &self,
        buf: &mut sqlx::postgres::PgArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        jiff_sqlx::Timestamp::from(self.0).encode_by_ref(buf)
    }
}

impl<'r> sqlx::Decode<'r, sqlx::Postgres> for Timestamp {
    fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        Ok(Self(jiff_sqlx::Timestamp::decode(value)?.to_jiff()))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::DateTime,
            )))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// Looks a zone up by its IANA name; `None` when the database has none of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        jiff::tz::TimeZone::get(name).ok().map(Self)
    }

    /// The zone's IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone for jiff's own calculations.
    #[must_use]
    pub fn as_jiff(&self) -> &jiff::tz::TimeZone {
        &self.0
    }
}

/// Where the time comes from. Cloning shares it.
///
/// Production runs on [`Clock::system`]; tests hold a [`Clock::fixed`] and move it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `at` until it is moved.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self(Source::Fixed(Arc::new(Mutex::new(at))))
    }

    /// The present instant.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the time is read"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::new(jiff::Timestamp::now()),
            Source::Fixed(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a fixed clock forward.
    ///
    /// # Panics
    /// On the system's clock, which nobody can move.
    pub fn advance(&self, by: Duration) {
        let Source::Fixed(at) = &self.0 else {
            panic!("the system's clock cannot be moved")
        };
        let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
        *at = at.plus(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_cut_to_the_microsecond() {
        let fine: jiff::Timestamp = "2026-01-01T00:00:00.123456789Z".parse().unwrap();
        assert_eq!(
            Timestamp::new(fine).to_string(),
            "2026-01-01T00:00:00.123456Z"
        );
    }

    #[test]
    fn a_fixed_clock_stands_until_moved_and_is_shared() {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let other = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(other.now().to_string(), "2026-01-01T00:01:30Z");
    }

    #[test]
    fn since_never_goes_below_zero() {
        let early: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let late = early.plus(Duration::from_secs(5));
        assert_eq!(late.since(early), Duration::from_secs(5));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn only_zones_of_the_database_exist() {
        assert_eq!(
            Zone::named("Europe/Berlin").unwrap().name(),
            "Europe/Berlin"
        );
        assert!(Zone::named("Mars/Olympus").is_none());
    }
}
