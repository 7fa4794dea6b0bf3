//! Paging by cursor: stable while rows are added.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use uuid::Uuid;

use crate::{Error, Result, Timestamp};

/// The place after a row in a list that is ordered by `(instant, id)`, newest first.
///
/// Travels as opaque text; a cursor that was tampered with is refused, never interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Sort key of the last row that was shown.
    pub at: Timestamp,
    /// Its id, which decides between rows of the same instant.
    pub id: Uuid,
}

impl Cursor {
    /// The cursor as text.
    #[must_use]
    pub fn encode(self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.at.as_microseconds().to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// [`Error::BadRequest`] with the code `invalid_cursor`.
    pub fn decode(text: &str) -> Result<Self> {
        let invalid = || {
            Error::bad_request(
                "invalid_cursor",
                "The cursor is not one that this list gave out.",
            )
        };
        let bytes: [u8; 24] = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(invalid)?;
        let (at, id) = bytes.split_at(8);
        let at = i64::from_be_bytes(at.try_into().map_err(|_| invalid())?);
        Ok(Self {
            at: Timestamp::from_microseconds(at).ok_or_else(invalid)?,
            id: Uuid::from_slice(id).map_err(|_| invalid())?,
        })
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most rows to return, 1 to 100.
    pub limit: i64,
    /// Where the last part ended; `None` for the beginning.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// Most rows that one request may ask for.
    pub const MAX: i64 = 100;

    /// Reads the query parameters `limit` and `cursor`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] with `invalid_limit` or `invalid_cursor`: nothing is silently capped.
    pub fn new(limit: Option<i64>, default: i64, cursor: Option<&str>) -> Result<Self> {
        let limit = limit.unwrap_or(default);
        if !(1..=Self::MAX).contains(&limit) {
            return Err(Error::bad_request(
                "invalid_limit",
                "Ask for 1 to 100 at a time.",
            ));
        }
        let after = cursor
            .filter(|text| !text.is_empty())
            .map(Cursor::decode)
            .transpose()?;
        Ok(Self { limit, after })
    }

    /// Rows to fetch: one more than asked for, which tells whether there is a next part.
    #[must_use]
    pub fn fetch(self) -> i64 {
        self.limit + 1
    }
}

/// One part of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Cursor of the next part; `None` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts rows fetched with [`PageRequest::fetch`] to the wanted length and makes the next cursor.
    pub fn cut(mut items: Vec<T>, request: PageRequest, cursor: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more {
            items.last().map(|item| cursor(item).encode())
        } else {
            None
        };
        Self { items, next }
    }

    /// The same part with every row turned into something else.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(into).collect(),
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_there_and_back() {
        let cursor = Cursor {
            at: "2026-02-03T04:05:06.789Z".parse().unwrap(),
            id: crate::new_uuid(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["x", "AAAA", "%%%", &URL_SAFE_NO_PAD.encode([0xff; 24])] {
            let decoded = Cursor::decode(bad);
            assert!(decoded.is_err() || bad.len() == 32, "{bad}");
        }
        assert!(PageRequest::new(Some(0), 15, None).is_err());
        assert!(PageRequest::new(Some(101), 15, None).is_err());
        assert_eq!(PageRequest::new(None, 15, Some("")).unwrap().limit, 15);
    }

    #[test]
    fn the_last_part_has_no_next() {
        let request = PageRequest {
            limit: 2,
            after: None,
        };
        let cursor = |_: &i32| Cursor {
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            id: Uuid::nil(),
        };
        assert!(Page::cut(vec![1, 2], request, cursor).next.is_none());
        let page = Page::cut(vec![1, 2, 3], request, cursor);
        assert_eq!(page.items, [1, 2]);
        assert!(page.next.is_some());
    }
}
