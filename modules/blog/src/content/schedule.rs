//! When a scheduled post goes live: the wall time and zone that a person chose, turned into an instant.
//!
//! The wall time and the zone are the truth and are stored; the instant is derived again when zone rules change.
//! Twice a year a wall time may not exist (clocks go forward) or exist twice (clocks go back). Then the rule of
//! RFC 5545 holds, which jiff calls compatible: a time in the gap moves forward by the length of the gap, and of two
//! equal times the earlier is taken. [`Resolved::warning`] says so, for the form to show.

use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use kernel::{FieldError, Timestamp, Zone};

/// Why no instant can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleError {
    /// The text is no local date and time such as `2027-03-28T02:30`.
    Time,
    /// No such IANA time zone.
    Zone,
    /// Outside the years that instants cover.
    Range,
}

impl ScheduleError {
    /// A stable code for field errors.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Time => "invalid_time",
            Self::Zone => "unknown_time_zone",
            Self::Range => "out_of_range",
        }
    }

    /// What to tell the writer.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Time => "Enter a date and a time, for example 2027-03-28 14:30.",
            Self::Zone => "Choose a time zone from the list, for example Europe/Berlin.",
            Self::Range => "Choose a year between 1 and 9999.",
        }
    }

    /// The error of the field that holds it.
    #[must_use]
    pub fn on(self, field: &'static str) -> FieldError {
        FieldError::new(field, self.code(), self.message())
    }
}

/// How the wall time met the zone's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The time exists once.
    Exact,
    /// The time is skipped; the post goes live later by the length of the gap.
    Skipped,
    /// The time happens twice; the earlier one is taken.
    Repeated,
}

/// A chosen time, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The wall time as chosen: to be stored.
    pub asked: DateTime,
    /// The instant with its zone: what clocks there will show.
    pub at: Zoned,
    /// Whether the choice had to be interpreted.
    pub fit: Fit,
}

impl Resolved {
    /// The instant.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        self.at.timestamp().into()
    }

    /// The time as clocks there will show it, such as `28 Mar 2027, 03:30 CEST`.
    #[must_use]
    pub fn label(&self) -> String {
        self.at.strftime("%-d %b %Y, %H:%M %Z").to_string()
    }

    /// A sentence for the form when the choice was not clear.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let asked = self.asked.strftime("%H:%M");
        match self.fit {
            Fit::Exact => None,
            Fit::Skipped => Some(format!(
                "{asked} does not exist on that day because the clocks go forward. The post goes live on {}.",
                self.label()
            )),
            Fit::Repeated => Some(format!(
                "{asked} happens twice on that day because the clocks go back. The post goes live at the first, {}.",
                self.label()
            )),
        }
    }
}

/// Resolves what a form sends: a local date and time (`2027-03-28T02:30`, seconds optional) and an IANA zone name.
///
/// # Errors
/// [`ScheduleError`] when the text is no time, the zone is unknown or the instant cannot be represented.
pub fn parse(local: &str, zone: &str) -> Result<Resolved, ScheduleError> {
    let local = local.trim();
    // An offset or zone in the text would be dropped silently by the civil parser.
    if local.ends_with(['Z', 'z', ']'])
        || local
            .get(10..)
            .is_some_and(|time| time.contains(['+', '-']))
    {
        return Err(ScheduleError::Time);
    }
    let asked: DateTime = local.parse().map_err(|_| ScheduleError::Time)?;
    if local.len() <= "2027-03-28".len() {
        return Err(ScheduleError::Time);
    }
    resolve(asked, zone)
}

/// Resolves a stored wall time and zone.
///
/// # Errors
/// [`ScheduleError::Zone`] for an unknown zone, [`ScheduleError::Range`] when the instant cannot be represented.
pub fn resolve(asked: DateTime, zone: &str) -> Result<Resolved, ScheduleError> {
    let zone = Zone::named(zone).ok_or(ScheduleError::Zone)?;
    let ambiguous = zone.as_jiff().to_ambiguous_zoned(asked);
    let fit = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => Fit::Exact,
        AmbiguousOffset::Gap { .. } => Fit::Skipped,
        AmbiguousOffset::Fold { .. } => Fit::Repeated,
    };
    let at = ambiguous.compatible().map_err(|_| ScheduleError::Range)?;
    Ok(Resolved { asked, at, fit })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wall_times_become_instants() {
        let cases = [
            (
                "2027-03-28T02:30",
                "Europe/Berlin",
                "2027-03-28T01:30:00Z",
                Fit::Skipped,
                "28 Mar 2027, 03:30 CEST",
            ),
            (
                "2027-03-28 01:59",
                "Europe/Berlin",
                "2027-03-28T00:59:00Z",
                Fit::Exact,
                "28 Mar 2027, 01:59 CET",
            ),
            (
                "2027-03-28T03:00",
                "Europe/Berlin",
                "2027-03-28T01:00:00Z",
                Fit::Exact,
                "28 Mar 2027, 03:00 CEST",
            ),
            (
                "2027-10-31T02:30",
                "Europe/Berlin",
                "2027-10-31T00:30:00Z",
                Fit::Repeated,
                "31 Oct 2027, 02:30 CEST",
            ),
            (
                "2027-10-31T03:00:00",
                "Europe/Berlin",
                "2027-10-31T02:00:00Z",
                Fit::Exact,
                "31 Oct 2027, 03:00 CET",
            ),
            (
                "2027-03-14T02:15",
                "America/New_York",
                "2027-03-14T07:15:00Z",
                Fit::Skipped,
                "14 Mar 2027, 03:15 EDT",
            ),
            // Half an hour is skipped on Lord Howe Island.
            (
                "2027-10-03T02:10",
                "Australia/Lord_Howe",
                "2027-10-02T15:40:00Z",
                Fit::Skipped,
                "3 Oct 2027, 02:40 +11",
            ),
            // Samoa skipped a whole day when it crossed the date line.
            (
                "2011-12-30T12:00",
                "Pacific/Apia",
                "2011-12-30T22:00:00Z",
                Fit::Skipped,
                "31 Dec 2011, 12:00 +14",
            ),
            (
                "2027-06-01T09:00",
                "UTC",
                "2027-06-01T09:00:00Z",
                Fit::Exact,
                "1 Jun 2027, 09:00 UTC",
            ),
            (
                "2027-06-01T09:00",
                "Asia/Kathmandu",
                "2027-06-01T03:15:00Z",
                Fit::Exact,
                "1 Jun 2027, 09:00 +0545",
            ),
        ];
        for (local, zone, instant, fit, label) in cases {
            let resolved = parse(local, zone).expect("resolves");
            assert_eq!(resolved.instant().to_string(), instant, "{local} {zone}");
            assert_eq!(
                (resolved.fit, resolved.label().as_str()),
                (fit, label),
                "{local} {zone}"
            );
            assert_eq!(
                resolved.warning().is_some(),
                fit != Fit::Exact,
                "{local} {zone}"
            );
        }
    }

    #[test]
    fn warnings_say_what_will_happen() {
        let gap = parse("2027-03-28T02:30", "Europe/Berlin")
            .expect("resolves")
            .warning();
        assert_eq!(
            gap.as_deref(),
            Some(
                "02:30 does not exist on that day because the clocks go forward. The post goes live on 28 Mar 2027, 03:30 CEST."
            )
        );
        let fold = parse("2027-10-31T02:30", "Europe/Berlin")
            .expect("resolves")
            .warning();
        assert!(
            fold.expect("a warning")
                .contains("the first, 31 Oct 2027, 02:30 CEST")
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let cases = [
            ("", "UTC", ScheduleError::Time),
            ("tomorrow", "UTC", ScheduleError::Time),
            ("2027-02-30T10:00", "UTC", ScheduleError::Time),
            ("2027-02-28", "UTC", ScheduleError::Time),
            ("2027-02-28T10:00Z", "UTC", ScheduleError::Time),
            ("2027-02-28T10:00+02:00", "UTC", ScheduleError::Time),
            (
                "2027-02-28T10:00[Europe/Berlin]",
                "UTC",
                ScheduleError::Time,
            ),
            ("2027-02-28T10:00", "Mars/Base", ScheduleError::Zone),
            ("2027-02-28T10:00", "", ScheduleError::Zone),
            ("9999-12-31T23:59", "America/New_York", ScheduleError::Range),
        ];
        for (local, zone, error) in cases {
            assert_eq!(parse(local, zone), Err(error), "{local} {zone}");
        }
    }

    proptest! {
        #[test]
        fn a_time_that_exists_reads_back_the_same(minutes in 0_i64..5_000_000, zone in prop::sample::select(vec![
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo",
        ])) {
            let asked = jiff::civil::date(2024, 1, 1).at(0, 0, 0, 0) + jiff::Span::new().minutes(minutes);
            let resolved = resolve(asked, zone).expect("resolves");
            match resolved.fit {
                Fit::Skipped => prop_assert!(resolved.at.datetime() > asked),
                Fit::Exact | Fit::Repeated => prop_assert_eq!(resolved.at.datetime(), asked),
            }
        }
    }
}
