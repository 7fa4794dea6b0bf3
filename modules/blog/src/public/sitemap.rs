//! What search engines are told: sitemaps and `robots.txt`.

use axum::response::Response;
use http::HeaderMap;
use kernel::Error;
use module::extract::Path;
use module::{Ctx, Public};

use super::document;
use super::site::Site;
use super::sitemap_store::{self, Extent, Kind};
use crate::content::sitemap::{self, Entry, MAX_URLS};

const XML: &str = "application/xml; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

pub(super) async fn robots(ctx: Public, asked: HeaderMap) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let indexable = sitemap_store::indexable(&mut tx).await?;
    let text = sitemap::robots(indexable, &ctx.link("/sitemap.xml"));
    Ok(document(&asked, TEXT, None, text))
}

pub(super) async fn index(ctx: Public, asked: HeaderMap) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    let extent = sitemap_store::extent(&mut tx, ctx.now()).await?;
    if !extent.indexable {
        return Err(Error::NotFound("sitemap").into());
    }
    let entries = entries_of_index(&Site::of(&ctx), &extent);
    Ok(document(&asked, XML, None, sitemap::index(&entries)))
}

fn entries_of_index(site: &Site, extent: &Extent) -> Vec<Entry> {
    let kinds = [
        ("pages", 1),
        ("posts", extent.posts),
        ("tags", extent.tags),
        ("authors", extent.authors),
        ("series", extent.series),
    ];
    let mut entries = Vec::new();
    for (kind, count) in kinds {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 {
            continue;
        }
        entries.extend((1..=sitemap::parts(count)).map(|part| Entry {
            url: site.link(&format!("/sitemap-{kind}-{part}.xml")),
            modified: extent.modified_at,
        }));
    }
    entries
}

pub(super) async fn pages(
    ctx: Public,
    Path(part): Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    if offset(&part)? != 0 {
        return Err(Error::NotFound("sitemap").into());
    }
    let mut tx = ctx.begin().await?;
    let extent = sitemap_store::extent(&mut tx, ctx.now()).await?;
    if !extent.indexable {
        return Err(Error::NotFound("sitemap").into());
    }
    let home = Entry {
        url: Site::of(&ctx).home(),
        modified: extent.modified_at,
    };
    Ok(document(&asked, XML, None, sitemap::url_set(&[home])))
}

pub(super) async fn posts(
    ctx: Public,
    part: Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    answer(&ctx, &part.0, &asked, Kind::Posts, Site::post).await
}

pub(super) async fn tags(
    ctx: Public,
    part: Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    answer(&ctx, &part.0, &asked, Kind::Tags, Site::tag).await
}

pub(super) async fn authors(
    ctx: Public,
    part: Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    answer(&ctx, &part.0, &asked, Kind::Authors, Site::author).await
}

pub(super) async fn series(
    ctx: Public,
    part: Path<String>,
    asked: HeaderMap,
) -> module::Result<Response> {
    answer(&ctx, &part.0, &asked, Kind::Series, Site::series).await
}

/// Where the part of a file's name begins: `2.xml` at the 45,001st.
fn offset(part: &str) -> Result<i64, Error> {
    part.strip_suffix(".xml")
        .filter(|number| !number.starts_with(['0', '+']))
        .and_then(|number| number.parse::<usize>().ok())
        .filter(|number| (1..=MAX_URLS).contains(number))
        .map(|number| rows((number - 1) * MAX_URLS))
        .ok_or(Error::NotFound("sitemap"))
}

fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A part without anything in it does not exist.
async fn answer(
    ctx: &Ctx,
    part: &str,
    asked: &HeaderMap,
    kind: Kind,
    address: impl Fn(&Site, &str) -> String,
) -> module::Result<Response> {
    let offset = offset(part)?;
    let mut tx = ctx.begin().await?;
    let found = sitemap_store::mapped(&mut tx, kind, offset, rows(MAX_URLS), ctx.now()).await?;
    if found.is_empty() {
        return Err(Error::NotFound("sitemap").into());
    }
    let site = Site::of(ctx);
    let entries: Vec<Entry> = found
        .into_iter()
        .map(|mapped| Entry {
            url: address(&site, &mapped.slug),
            modified: mapped.modified_at,
        })
        .collect();
    Ok(document(asked, XML, None, sitemap::url_set(&entries)))
}

#[cfg(test)]
mod tests {
    use super::super::site::example;
    use super::*;

    #[test]
    fn the_index_names_every_part_that_exists() {
        let extent = Extent {
            indexable: true,
            posts: rows(MAX_URLS) + 1,
            tags: 0,
            authors: 1,
            series: 1,
            modified_at: None,
        };
        let urls: Vec<String> = entries_of_index(&example(), &extent)
            .into_iter()
            .map(|entry| entry.url)
            .collect();
        let origin = "https://northlight.example/sitemap";
        assert_eq!(
            urls,
            [
                format!("{origin}-pages-1.xml"),
                format!("{origin}-posts-1.xml"),
                format!("{origin}-posts-2.xml"),
                format!("{origin}-authors-1.xml"),
                format!("{origin}-series-1.xml"),
            ]
        );
    }

    #[test]
    fn parts_are_numbered_from_one() {
        assert_eq!(offset("1.xml").unwrap(), 0);
        assert_eq!(offset("3.xml").unwrap(), 2 * rows(MAX_URLS));
        for bad in [
            "0.xml",
            "01.xml",
            "+1.xml",
            "-1.xml",
            "1",
            "x.xml",
            "",
            "99999999999999999999.xml",
        ] {
            assert!(offset(bad).is_err(), "{bad}");
        }
    }
}
