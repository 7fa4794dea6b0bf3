//! What a filter can ask about.

use kernel::{Result, Timestamp};
use uuid::Uuid;

use super::filter::{Value, invalid};

/// A fact of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Slug,
    Title,
    Featured,
    PublishedAt,
    UpdatedAt,
    Tag,
    PrimaryTag,
    Author,
    PrimaryAuthor,
    Series,
}

/// What values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    /// Text, of which parts can be looked for.
    Text,
    Bool,
    Instant,
    /// Slugs, present and former; a post may have none.
    Slugs,
}

impl Field {
    /// Every field by its name. Some have two, as they have elsewhere.
    const NAMES: [(&str, Self); 13] = [
        ("id", Self::Id),
        ("slug", Self::Slug),
        ("title", Self::Title),
        ("featured", Self::Featured),
        ("published_at", Self::PublishedAt),
        ("updated_at", Self::UpdatedAt),
        ("tag", Self::Tag),
        ("tags", Self::Tag),
        ("primary_tag", Self::PrimaryTag),
        ("author", Self::Author),
        ("authors", Self::Author),
        ("primary_author", Self::PrimaryAuthor),
        ("series", Self::Series),
    ];

    pub(super) fn of(name: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, field)| *field).ok_or_else(|| {
            let known = Self::NAMES.map(|(known, _)| known).join(", ");
            invalid(format!(
                "\"{name}\" is not a field that can be filtered by. These are: {known}."
            ))
        })
    }

    pub(super) fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, field)| *field == self);
        found.map_or("", |(name, _)| name)
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Id => Kind::Id,
            Self::Slug | Self::Title => Kind::Text,
            Self::Featured => Kind::Bool,
            Self::PublishedAt | Self::UpdatedAt => Kind::Instant,
            Self::Tag | Self::PrimaryTag | Self::Author | Self::PrimaryAuthor | Self::Series => {
                Kind::Slugs
            }
        }
    }

    /// Where it is among the facts of a post. Tags and authors are lists of lists: of each, its slugs.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Id => "$.id",
            Self::Slug => "$.slug",
            Self::Title => "$.title",
            Self::Featured => "$.featured",
            Self::PublishedAt => "$.published_at",
            Self::UpdatedAt => "$.updated_at",
            Self::Tag => "$.tags[*][*]",
            Self::PrimaryTag => "$.tags[0][*]",
            Self::Author => "$.authors[*][*]",
            Self::PrimaryAuthor => "$.authors[0][*]",
            Self::Series => "$.series[*][*]",
        }
    }

    /// The fact's name, if it takes another table to know it.
    pub(super) fn looked_up(self) -> Option<&'static str> {
        match self {
            Self::Tag | Self::PrimaryTag => Some("tags"),
            Self::Author | Self::PrimaryAuthor => Some("authors"),
            Self::Series => Some("series"),
            _ => None,
        }
    }

    /// Reads a value of the field.
    pub(super) fn value(self, text: &str, now: Timestamp) -> Result<Value> {
        let odd = |wanted: &str| {
            let name = self.name();
            Err(invalid(format!(
                "\"{text}\" is not what {name} is held against: {wanted}."
            )))
        };
        match self.kind() {
            Kind::Text | Kind::Slugs => Ok(Value::Text(text.to_owned())),
            Kind::Id => match text.parse::<Uuid>() {
                Ok(id) => Ok(Value::Text(id.to_string())),
                Err(_) => odd("an id"),
            },
            Kind::Bool => match text {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => odd("true or false"),
            },
            Kind::Instant => match instant(text, now) {
                Some(at) => Ok(Value::Instant(at)),
                None => odd(
                    "a day such as 2026-03-01, an instant such as 2026-03-01T09:00:00Z, or now-30d",
                ),
            },
        }
    }
}

/// Reads an instant: RFC 3339; without a zone, a day or a time of day in UTC; or `now`, less or more a number of
/// `s`, `m`, `h`, `d`, `w`, `M` (months) or `y`, by the calendar of UTC.
fn instant(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(apart) = text.strip_prefix("now") {
        return apart_from(now, apart);
    }
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().into())
}

fn apart_from(now: Timestamp, apart: &str) -> Option<Timestamp> {
    let (sign, apart) = match apart.as_bytes().first() {
        None => return Some(now),
        Some(b'-') => (-1, &apart[1..]),
        Some(b'+') => (1, &apart[1..]),
        Some(_) => return None,
    };
    let unit = apart.chars().last()?;
    let number = apart.strip_suffix(unit)?;
    if number.is_empty() || number.len() > 6 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = sign * number.parse::<i64>().ok()?;
    let span = jiff::Span::new();
    let span = match unit {
        's' => span.try_seconds(number),
        'm' => span.try_minutes(number),
        'h' => span.try_hours(number),
        'd' => span.try_days(number),
        'w' => span.try_weeks(number),
        'M' => span.try_months(number),
        'y' => span.try_years(number),
        _ => return None,
    };
    let here = now.instant().to_zoned(jiff::tz::TimeZone::UTC);
    let then = here.checked_add(span.ok()?).ok()?;
    Some(then.timestamp().into())
}
