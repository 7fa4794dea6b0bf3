//! Instants in the words of the one who reads them.

use jiff::fmt::strtime;
use kernel::{Timestamp, Zone};

/// An instant in a person's zone and format, with the zone: "21 Nov 2026, 15:05 CET".
pub(crate) fn exact(at: Timestamp, locale: &str, zone: &Zone) -> String {
    let format = match locale {
        "en-GB" => "%-d %b %Y, %H:%M %Z",
        "en-CA" => "%Y-%m-%d, %H:%M %Z",
        _ => "%b %-d, %Y, %-I:%M %p %Z",
    };
    strtime::format(format, &at.in_zone(zone)).unwrap_or_else(|_| at.to_string())
}

/// How long ago an instant was: "12 minutes ago".
pub(crate) fn ago(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    let words = |count: u64, unit: &str| match count {
        1 => format!("1 {unit} ago"),
        _ => format!("{count} {unit}s ago"),
    };
    match seconds {
        0..300 => "a moment ago".to_owned(),
        300..3_600 => words(seconds / 60, "minute"),
        3_600..86_400 => words(seconds / 3_600, "hour"),
        _ => words(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_its_reader_writes() {
        let at: Timestamp = "2026-11-21T14:05:00Z".parse().unwrap();
        let zone = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(exact(at, "en-US", &zone), "Nov 21, 2026, 3:05 PM CET");
        assert_eq!(exact(at, "en-GB", &zone), "21 Nov 2026, 15:05 CET");
        assert_eq!(exact(at, "en-CA", &Zone::UTC), "2026-11-21, 14:05 UTC");
    }

    #[test]
    fn the_past_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-11-21T14:05:00Z".parse().unwrap();
        let before = |seconds| ago(now, now.minus(std::time::Duration::from_secs(seconds)));
        assert_eq!(before(10), "a moment ago");
        assert_eq!(before(12 * 60), "12 minutes ago");
        assert_eq!(before(3_600), "1 hour ago");
        assert_eq!(before(3 * 86_400), "3 days ago");
    }
}
