//! What visitors can read, for programs: `/api/v1/blog/content`.
//!
//! A front end of one's own shows what the public pages show: posts that are live at the request's own instant, their
//! tags and authors, and nothing of drafts. Each answer is one transaction with one statement, and says for how long
//! anybody may keep it, which the application decides whose key was shown.

pub mod api;
mod body;
mod settings_api;
mod store;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Cursor, Error, PageRequest, Result, Timestamp};
use module::{Ctx, conditional};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// For how long stale content may be shown while it is fetched anew, as a multiple of the time it is fresh.
const STALE: u32 = 5;

/// In which order a program wants posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ContentOrder)]
enum Order {
    /// The newest first.
    #[default]
    #[serde(rename = "published_at desc")]
    Newest,
    /// The oldest first.
    #[serde(rename = "published_at asc")]
    Oldest,
    /// What changed last first.
    #[serde(rename = "updated_at desc")]
    LastChanged,
    /// What changed last comes last.
    #[serde(rename = "updated_at asc")]
    FirstChanged,
    /// By title.
    #[serde(rename = "title asc")]
    Title,
    /// By title, from the end of the alphabet.
    #[serde(rename = "title desc")]
    TitleBackwards,
}

/// How many posts pages of numbers reach: the further a page is, the more posts are gone through for nothing.
const REACH: i64 = 10_000;

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    request: PageRequest,
    /// Counted from one; `None` after a cursor.
    page: Option<i64>,
}

impl Part {
    /// Reads the query parameters. Without a cursor and a number it is the first page.
    ///
    /// # Errors
    /// [`Error::BadRequest`] with `invalid_limit`, `invalid_cursor`, or `invalid_page`.
    fn read(limit: Option<i64>, cursor: Option<&str>, page: Option<i64>) -> Result<Self> {
        let request = PageRequest::new(limit, 15, cursor)?;
        let invalid = |detail: String| Error::bad_request("invalid_page", detail);
        match page {
            Some(_) if request.after.is_some() => {
                Err(invalid("Ask for a page or for a cursor.".to_owned()))
            }
            Some(page) if page < 1 => Err(invalid("Pages are counted from 1.".to_owned())),
            Some(page) if page > REACH / request.limit => Err(invalid(format!(
                "Pages reach {REACH} posts. Go on with next_cursor."
            ))),
            Some(page) => Ok(Self {
                request,
                page: Some(page),
            }),
            None => Ok(Self {
                request,
                page: request.after.is_none().then_some(1),
            }),
        }
    }

    /// The shortest part that tells how many posts there are, for a page after the last.
    fn shortest() -> Self {
        let request = PageRequest {
            limit: 1,
            after: None,
        };
        Self {
            request,
            page: Some(1),
        }
    }

    fn after(self) -> Option<Cursor> {
        self.request.after
    }

    /// Posts on the pages before.
    fn skipped(self) -> i64 {
        self.page.map_or(0, |page| (page - 1) * self.request.limit)
    }

    /// How many such pages so many posts fill.
    fn pages(self, total: i64) -> i64 {
        (total + self.request.limit - 1) / self.request.limit
    }
}

/// What a program wants of each post besides what it always gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of a query, wanted or not"
)]
struct Wanted {
    tags: bool,
    authors: bool,
    comment_count: bool,
    html: bool,
    plaintext: bool,
    markdown: bool,
    toc: bool,
}

impl Wanted {
    /// Reads `include` and `formats`: words with commas between them.
    fn read(include: Option<&str>, formats: Option<&str>) -> Result<Self> {
        let mut wanted = Self::default();
        for word in words(include) {
            match word {
                "tags" => wanted.tags = true,
                "authors" => wanted.authors = true,
                "comment_count" => wanted.comment_count = true,
                other => return Err(unknown("invalid_include", other)),
            }
        }
        for word in words(formats) {
            match word {
                "html" => wanted.html = true,
                "plaintext" => wanted.plaintext = true,
                "markdown" => wanted.markdown = true,
                "toc" => wanted.toc = true,
                other => return Err(unknown("invalid_formats", other)),
            }
        }
        Ok(wanted)
    }

    /// As a single post is read without further wishes: with everything but the plain and the written text.
    fn of_one(include: Option<&str>, formats: Option<&str>) -> Result<Self> {
        let mut wanted = Self::read(include, formats)?;
        if include.is_none() {
            (wanted.tags, wanted.authors) = (true, true);
        }
        if formats.is_none() {
            (wanted.html, wanted.toc) = (true, true);
        }
        Ok(wanted)
    }
}

fn words(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn unknown(code: &'static str, word: &str) -> Error {
    Error::bad_request(code, format!("{word} is not one of the choices."))
}

/// Leaves of each thing the fields that were asked for. `known` is every field there is.
fn only(data: &mut Value, fields: Option<&str>, known: &[&str]) -> Result<()> {
    let Some(fields) = fields else {
        return Ok(());
    };
    let wanted: Vec<&str> = words(Some(fields)).collect();
    if let Some(odd) = wanted.iter().find(|field| !known.contains(*field)) {
        return Err(unknown("invalid_fields", odd));
    }
    let strip = |thing: &mut Value| {
        if let Some(thing) = thing.as_object_mut() {
            thing.retain(|field, _| wanted.contains(&field.as_str()));
        }
    };
    match data {
        Value::Array(things) => things.iter_mut().for_each(strip),
        thing => strip(thing),
    }
    Ok(())
}

/// For how long anybody may keep an answer. A member who looks at it while signed in keeps it to themselves.
fn kept(ctx: &Ctx) -> Result<HeaderValue> {
    let Some(key) = ctx.key() else {
        return Ok(HeaderValue::from_static("private, no-cache"));
    };
    let seconds = key.cache_seconds;
    if seconds == 0 {
        return Ok(HeaderValue::from_static("private, no-cache"));
    }
    let stale = seconds.saturating_mul(STALE);
    HeaderValue::try_from(format!(
        "public, max-age={seconds}, stale-while-revalidate={stale}"
    ))
    .map_err(Error::internal)
}

/// Answers with what was read, or with 304 when the program has that already.
fn answer(
    ctx: &Ctx,
    asked: &HeaderMap,
    changed_at: Option<Timestamp>,
    body: &impl Serialize,
) -> Result<Response> {
    let body = serde_json::to_vec(body)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, kept(ctx)?);
    headers.insert(header::ETAG, conditional::entity_tag(&body));
    if let Some(at) = changed_at {
        headers.insert(header::LAST_MODIFIED, conditional::http_date(at));
    }
    if conditional::is_current(asked, &headers) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    Ok((headers, body).into_response())
}

/// Sends on to the present address of something that was asked for by a former slug.
fn moved(ctx: &Ctx, folder: &str, slug: &str) -> Result<Response> {
    let query = ctx
        .request()
        .path
        .split_once('?')
        .map_or(String::new(), |(_, query)| format!("?{query}"));
    let slug = HeaderValue::try_from(
        percent_encoding::utf8_percent_encode(slug, percent_encoding::NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-"),
    )
    .map_err(Error::internal)?;
    let to = format!(
        "/api/v1/blog/content/{folder}/slug/{}{query}",
        slug.to_str().unwrap_or_default()
    );
    let mut response = StatusCode::MOVED_PERMANENTLY.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, kept(ctx)?);
    let to = HeaderValue::try_from(to).map_err(Error::internal)?;
    headers.insert(header::LOCATION, to);
    headers.insert("x-canonical-slug", slug);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_words_that_are_known() {
        let wanted = Wanted::read(Some("tags, authors"), Some("html,toc")).unwrap();
        assert!(wanted.tags && wanted.authors && wanted.html && wanted.toc);
        assert!(!wanted.plaintext && !wanted.markdown);
        assert_eq!(Wanted::read(Some(","), None).unwrap(), Wanted::default());
        for (include, formats, code) in [
            (Some("drafts"), None, "invalid_include"),
            (None, Some("pdf"), "invalid_formats"),
        ] {
            assert_eq!(Wanted::read(include, formats).unwrap_err().code(), code);
        }
        assert!(Wanted::of_one(None, None).unwrap().html);
        assert!(!Wanted::of_one(Some(""), Some("markdown")).unwrap().tags);
    }

    #[test]
    fn fields_are_exactly_those_that_were_asked_for() {
        let mut data = serde_json::json!([{ "id": 1, "title": "x", "html": "" }]);
        only(&mut data, Some("id, title"), &["id", "title", "html"]).unwrap();
        assert_eq!(data, serde_json::json!([{ "id": 1, "title": "x" }]));
        let error = only(&mut data, Some("secret"), &["id"]).unwrap_err();
        assert_eq!(error.code(), "invalid_fields");
    }

    #[test]
    fn a_part_follows_a_cursor_or_is_a_page() {
        let first = Part::read(Some(10), None, None).unwrap();
        assert_eq!((first.page, first.skipped()), (Some(1), 0));
        assert_eq!(
            [0, 1, 10, 11, 35].map(|total| first.pages(total)),
            [0, 1, 1, 2, 4]
        );
        let third = Part::read(Some(10), Some(""), Some(3)).unwrap();
        assert_eq!((third.page, third.skipped()), (Some(3), 20));
        let cursor = Cursor {
            at: "2026-01-01T00:00:00Z".parse().unwrap(),
            id: uuid::Uuid::nil(),
        }
        .encode();
        assert_eq!(Part::read(None, Some(&cursor), None).unwrap().page, None);
        for (limit, cursor, page) in [
            (10, None, 0),
            (10, None, -1),
            (10, None, 1_001),
            (10, None, i64::MAX),
            (10, Some(cursor.as_str()), 1),
        ] {
            let error = Part::read(Some(limit), cursor, Some(page)).unwrap_err();
            assert_eq!(error.code(), "invalid_page", "{page}");
        }
        Part::read(Some(10), None, Some(1_000)).unwrap();
    }
}
