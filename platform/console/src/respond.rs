//! Answers and words that several pages share. The console shows all times in UTC and says so.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{Currency, Error, Money, Result, Timestamp, Zone};
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ui::{Tone, badge};

const FLASH: HeaderName = HeaderName::from_static("x-flash");

/// After an act: to `path` (303), where a toast says what happened.
pub(crate) fn done(path: &str, text: &str) -> Response {
    let mut response = Redirect::to(path).into_response();
    if let Ok(value) = HeaderValue::try_from(encode(text)) {
        response.headers_mut().insert(FLASH, value);
    }
    response
}

/// A value for the query of an address.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// `3 Mar 2026, 14:05`.
pub(crate) fn moment(at: Timestamp) -> String {
    at.in_zone(&Zone::UTC)
        .strftime("%-d %b %Y, %H:%M")
        .to_string()
}

/// `3 Mar 2026`.
pub(crate) fn day(at: Timestamp) -> String {
    at.in_zone(&Zone::UTC).strftime("%-d %b %Y").to_string()
}

/// `2026-03-03`, as a date field holds it.
pub(crate) fn date(at: Timestamp) -> String {
    at.in_zone(&Zone::UTC).strftime("%Y-%m-%d").to_string()
}

/// The first instant of a day that a date field holds, in UTC; `None` for what is no day.
pub(crate) fn midnight(day: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.trim().parse().ok()?;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::new(start.timestamp()))
}

/// An amount that was read as minor units and the code of its currency.
pub(crate) fn money(minor: i64, currency: &str) -> Result<Money> {
    let currency = Currency::parse(currency).map_err(|error| Error::internal(error.message))?;
    Ok(Money::new(minor, currency))
}

/// Amounts that were read as two lists of one length.
pub(crate) fn moneys(minors: &[i64], currencies: &[String]) -> Result<Vec<Money>> {
    let pairs = minors.iter().zip(currencies);
    pairs
        .map(|(minor, currency)| money(*minor, currency))
        .collect()
}

/// Amounts of several currencies beside each other; a dash for none.
pub(crate) fn amounts(amounts: &[Money]) -> String {
    let shown: Vec<String> = amounts
        .iter()
        .filter(|amount| amount.minor != 0)
        .map(|amount| catalog::display(*amount))
        .collect();
    if shown.is_empty() {
        "–".to_owned()
    } else {
        shown.join(" + ")
    }
}

/// The room that files take; a dash for none.
pub(crate) fn room(bytes: i64) -> String {
    if bytes == 0 {
        "–".to_owned()
    } else {
        kernel::size(bytes)
    }
}

/// A word as stored, for people: `past_due` as "Past due".
pub(crate) fn words(stored: &str) -> String {
    let text = stored.replace(['_', '.'], " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The state of a tenant or of its subscriptions, whichever says more.
pub(crate) fn standing(state: &str) -> Markup {
    let (tone, text) = match state {
        "active" => (Tone::Ok, "Active"),
        "trialing" => (Tone::Info, "Trial"),
        "past_due" => (Tone::Warn, "Past due"),
        "suspended" => (Tone::Bad, "Suspended"),
        "pending" => (Tone::Neutral, "Not confirmed"),
        "closing" => (Tone::Warn, "Closing"),
        "deleted" => (Tone::Neutral, "Deleted"),
        "none" => (Tone::Neutral, "No subscription"),
        _ => (Tone::Neutral, "Ended"),
    };
    badge(tone, text)
}

/// A number with its noun: "1 tenant", "3 tenants".
pub(crate) fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What was refused, above the page that is shown again.
pub(crate) fn refusal(problem: Option<&Error>) -> Markup {
    html! {
        @if let Some(problem) = problem { (ui::banner(Tone::Bad, &problem.to_string(), None)) }
    }
}

/// The status under which a page is shown again after a refusal; `None` when the error is no refusal of this kind.
pub(crate) fn refused_with(error: &Error) -> Option<StatusCode> {
    match error {
        Error::Invalid(_) => Some(StatusCode::UNPROCESSABLE_ENTITY),
        Error::Conflict { .. } => Some(StatusCode::CONFLICT),
        Error::PreconditionFailed => Some(StatusCode::PRECONDITION_FAILED),
        _ => None,
    }
}

/// A file of comma-separated values (RFC 4180). A value that a spreadsheet would run as a formula is quoted as text.
pub(crate) fn csv_file(
    name: &str,
    head: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Result<Response> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).map_err(Error::internal)?;
    for row in rows {
        let cells = row.iter().map(|cell| harmless(cell));
        writer.write_record(cells).map_err(Error::internal)?;
    }
    let file = writer
        .into_inner()
        .map_err(|error| Error::internal(error.to_string()))?;
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            disposition.map_err(Error::internal)?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, file).into_response())
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_days_read_well() {
        let at = "2026-03-03T14:05:00Z".parse().unwrap();
        assert_eq!(moment(at), "3 Mar 2026, 14:05");
        assert_eq!(
            (day(at).as_str(), date(at).as_str()),
            ("3 Mar 2026", "2026-03-03")
        );
        assert_eq!(words("past_due"), "Past due");
        assert_eq!(
            midnight("2026-03-03").unwrap().to_string(),
            "2026-03-03T00:00:00Z"
        );
        assert!(midnight("tomorrow").is_none());
    }

    #[test]
    fn amounts_of_several_currencies_stand_beside_each_other() {
        let (euro, dollar) = (
            Money::new(1900, Currency::EUR),
            Money::new(950, Currency::USD),
        );
        assert_eq!(amounts(&[euro, dollar]), "€19 + $9.50");
        assert_eq!(amounts(&[Money::new(0, Currency::EUR)]), "–");
    }

    #[test]
    fn a_cell_of_a_file_cannot_calculate() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("Northlight"), "Northlight");
    }
}
