//! When a daily mail is due: at an hour of the reader's own clock.

use kernel::{Error, Result, Timestamp, Zone};

/// The latest hour of its kind that is not in the future.
pub(super) fn latest(now: Timestamp, zone: &Zone, hour: i16) -> Result<Timestamp> {
    let today = now.in_zone(zone).date();
    let due = at(today, zone, hour)?;
    if due <= now {
        return Ok(due);
    }
    at(today.yesterday().map_err(Error::internal)?, zone, hour)
}

/// The first hour of its kind that is in the future.
pub(super) fn next(now: Timestamp, zone: &Zone, hour: i16) -> Result<Timestamp> {
    let today = now.in_zone(zone).date();
    let due = at(today, zone, hour)?;
    if due > now {
        return Ok(due);
    }
    at(today.tomorrow().map_err(Error::internal)?, zone, hour)
}

/// That hour of that day. One that the clocks skip is the next there is; of one they repeat it is the first.
fn at(day: jiff::civil::Date, zone: &Zone, hour: i16) -> Result<Timestamp> {
    let hour = i8::try_from(hour).map_err(Error::internal)?;
    let due = day
        .at(hour, 0, 0, 0)
        .to_zoned(zone.as_jiff().clone())
        .map_err(Error::internal)?;
    Ok(Timestamp::new(due.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(now: &str, zone: &str, hour: i16) -> (String, String) {
        let (now, zone) = (now.parse().unwrap(), Zone::named(zone).unwrap());
        (
            latest(now, &zone, hour).unwrap().to_string(),
            next(now, &zone, hour).unwrap().to_string(),
        )
    }

    #[test]
    fn the_hour_is_that_of_the_readers_clock() {
        assert_eq!(
            around("2026-03-02T06:59:59Z", "Europe/Berlin", 8),
            ("2026-03-01T07:00:00Z".into(), "2026-03-02T07:00:00Z".into())
        );
        assert_eq!(
            around("2026-03-02T07:00:00Z", "Europe/Berlin", 8),
            ("2026-03-02T07:00:00Z".into(), "2026-03-03T07:00:00Z".into())
        );
        assert_eq!(
            around("2026-03-02T06:59:59Z", "Pacific/Auckland", 8),
            ("2026-03-01T19:00:00Z".into(), "2026-03-02T19:00:00Z".into())
        );
    }

    #[test]
    fn clocks_that_change_skip_no_mail_and_repeat_none() {
        // At two o'clock on 29 March it is three in Berlin.
        assert_eq!(
            around("2026-03-28T12:00:00Z", "Europe/Berlin", 2).1,
            "2026-03-29T01:00:00Z"
        );
        // On 25 October there are two o'clocks.
        assert_eq!(
            around("2026-10-25T00:30:00Z", "Europe/Berlin", 2),
            ("2026-10-25T00:00:00Z".into(), "2026-10-26T01:00:00Z".into())
        );
        assert_eq!(
            around("2026-10-25T01:30:00Z", "Europe/Berlin", 2).0,
            "2026-10-25T00:00:00Z"
        );
    }
}
