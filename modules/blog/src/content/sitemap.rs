//! What search engines read: sitemap index, sitemaps and `robots.txt`.

use kernel::Timestamp;

use super::xml::Document;

/// URLs in one sitemap at most. The protocol allows 50,000 and 50 MB; the margin keeps long addresses within both.
pub const MAX_URLS: usize = 45_000;

const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// A line of a sitemap or of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The absolute address.
    pub url: String,
    /// When what is there last changed.
    pub modified: Option<Timestamp>,
}

/// How many sitemaps hold `urls` addresses; at least one, so that the index never points nowhere.
#[must_use]
pub fn parts(urls: usize) -> usize {
    urls.div_ceil(MAX_URLS).max(1)
}

/// One sitemap. Entries beyond [`MAX_URLS`] belong into the next part and are left out here.
#[must_use]
pub fn url_set(entries: &[Entry]) -> String {
    list("urlset", "url", &entries[..entries.len().min(MAX_URLS)])
}

/// The index that names every sitemap.
#[must_use]
pub fn index(sitemaps: &[Entry]) -> String {
    list(
        "sitemapindex",
        "sitemap",
        &sitemaps[..sitemaps.len().min(MAX_URLS)],
    )
}

fn list(root: &str, item: &str, entries: &[Entry]) -> String {
    let mut document = Document::new();
    document.element(root, &[("xmlns", NAMESPACE)], |document| {
        for entry in entries {
            document.element(item, &[], |document| {
                document.text("loc", &[], &entry.url);
                if let Some(modified) = entry.modified {
                    document.text(
                        "lastmod",
                        &[],
                        &modified
                            .instant()
                            .strftime("%Y-%m-%dT%H:%M:%SZ")
                            .to_string(),
                    );
                }
            });
        }
    });
    document.finish()
}

/// `robots.txt` of a site: closed to all when it must not be indexed, else open with the way to the sitemap.
#[must_use]
pub fn robots(indexable: bool, sitemap: &str) -> String {
    if indexable {
        let sitemap: String = sitemap.chars().filter(|c| !c.is_control()).collect();
        format!(
            "User-agent: *\nDisallow: /app/\nDisallow: /portal/\nDisallow: /api/\nDisallow: /p/\nDisallow: /search\n\n\
             Sitemap: {sitemap}\n"
        )
    } else {
        "User-agent: *\nDisallow: /\n".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(url: &str, modified: Option<&str>) -> Entry {
        Entry {
            url: url.into(),
            modified: modified.map(|time| time.parse().expect("a time")),
        }
    }

    #[test]
    fn sitemaps_are_escaped_and_dated() {
        let xml = url_set(&[
            entry(
                "https://a.example/x?a=1&b=<2>\u{8}",
                Some("2027-03-28T01:30:00.5Z"),
            ),
            entry("https://a.example/", None),
        ]);
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
             <url><loc>https://a.example/x?a=1&amp;b=&lt;2&gt;</loc><lastmod>2027-03-28T01:30:00Z</lastmod></url>\
             <url><loc>https://a.example/</loc></url></urlset>"
        );
        let index = index(&[entry("https://a.example/sitemap-posts-1.xml", None)]);
        assert!(index.contains(
            "<sitemap><loc>https://a.example/sitemap-posts-1.xml</loc></sitemap></sitemapindex>"
        ));
    }

    #[test]
    fn sitemaps_stay_within_the_limit() {
        assert_eq!(
            (parts(0), parts(1), parts(MAX_URLS), parts(MAX_URLS + 1)),
            (1, 1, 1, 2)
        );
        let entries = vec![entry("https://a.example/", None); MAX_URLS + 1];
        assert_eq!(url_set(&entries).matches("<url>").count(), MAX_URLS);
    }

    #[test]
    fn robots_opens_or_closes_the_site() {
        assert_eq!(
            robots(false, "https://a.example/sitemap.xml"),
            "User-agent: *\nDisallow: /\n"
        );
        let open = robots(true, "https://a.example/sitemap.xml\nDisallow: /");
        assert!(open.ends_with("\nSitemap: https://a.example/sitemap.xmlDisallow: /\n"));
        assert!(!open.contains("\nDisallow: /\n"));
    }
}
