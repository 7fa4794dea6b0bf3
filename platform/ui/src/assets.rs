//! Static files embedded in the binary: one version folder for the whole set, compressed once, cached for ever.
//!
//! The version is a hash over every file, so `kit.js` and a module's script share a folder and may import each
//! other by relative path (`./kit.js`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Path as UrlPath;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

/// One embedded file. `name` is unique over all crates: modules begin it with their key (`blog-editor.js`).
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// File name, also the last segment of the public URL.
    pub name: &'static str,
    /// Content type with charset.
    pub mime: &'static str,
    /// The bytes, from `include_bytes!`.
    pub body: &'static [u8],
}

impl Asset {
    /// A style sheet.
    #[must_use]
    pub const fn css(name: &'static str, body: &'static [u8]) -> Self {
        Self {
            name,
            mime: "text/css; charset=utf-8",
            body,
        }
    }

    /// A script or ES module.
    #[must_use]
    pub const fn js(name: &'static str, body: &'static [u8]) -> Self {
        Self {
            name,
            mime: "text/javascript; charset=utf-8",
            body,
        }
    }

    /// An SVG picture.
    #[must_use]
    pub const fn svg(name: &'static str, body: &'static [u8]) -> Self {
        Self {
            name,
            mime: "image/svg+xml",
            body,
        }
    }
}

/// The kit's own files.
pub static KIT: &[Asset] = &[
    Asset::css("kit.css", include_bytes!("../assets/kit.css")),
    Asset::css("site.css", include_bytes!("../assets/site.css")),
    Asset::js("kit.js", include_bytes!("../assets/kit.js")),
    Asset::js("chart.js", include_bytes!("../assets/chart.js")),
    Asset::js("app.js", include_bytes!("../assets/app.js")),
    Asset::js("theme.js", include_bytes!("../assets/theme.js")),
    Asset {
        name: "speculation.json",
        mime: "application/speculationrules+json",
        body: include_bytes!("../assets/speculation.json"),
    },
];

#[derive(Debug)]
struct Packed {
    asset: Asset,
    /// Filled at start in release builds and on first use in debug builds, where brotli is slow.
    brotli: OnceLock<Vec<u8>>,
    /// The file on disk to read instead, in development.
    source: Option<PathBuf>,
}

impl Packed {
    fn compressed(&self) -> &[u8] {
        self.brotli.get_or_init(|| compress(self.asset.body))
    }
}

/// Every file the application serves under `/_a/<version>/`.
#[derive(Debug)]
pub struct Assets {
    version: String,
    files: BTreeMap<&'static str, Packed>,
}

impl Assets {
    /// Collects the sets. With `dev_root` (the workspace folder) a file is read from its crate's `assets` folder
    /// on every request, so that an edit needs no rebuild; such answers are not cached.
    #[must_use]
    pub fn new(sets: &[&'static [Asset]], dev_root: Option<&Path>) -> Self {
        let sources = dev_root.map(source_files).unwrap_or_default();
        let mut files = BTreeMap::new();
        for asset in sets.iter().flat_map(|set| set.iter()) {
            let source = sources.get(asset.name).cloned();
            files.insert(
                asset.name,
                Packed {
                    asset: *asset,
                    brotli: OnceLock::new(),
                    source,
                },
            );
        }
        let assets = Self {
            version: version(files.values().map(|file| file.asset)),
            files,
        };
        if !cfg!(debug_assertions) {
            for file in assets
                .files
                .values()
                .filter(|file| compressible(file.asset.mime))
            {
                file.compressed();
            }
        }
        assets
    }

    /// The public URL of a file. An unknown name gives a URL that answers 404, so that a typing mistake shows.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("/_a/{}/{name}", self.version)
    }

    /// Size of a file as sent with brotli, in bytes; for the budget test.
    #[must_use]
    pub fn compressed_size(&self, name: &str) -> Option<usize> {
        self.files.get(name).map(|file| file.compressed().len())
    }

    /// The route `/_a/{version}/{name}`.
    pub fn router<S: Clone + Send + Sync + 'static>(self: &Arc<Self>) -> Router<S> {
        let assets = Arc::clone(self);
        Router::new().route(
            "/_a/{version}/{name}",
            get(
                async move |UrlPath((version, name)): UrlPath<(String, String)>,
                            headers: HeaderMap| {
                    assets.respond(&version, &name, &headers)
                },
            ),
        )
    }

    fn respond(&self, version: &str, name: &str, headers: &HeaderMap) -> Response {
        let Some(file) = self.files.get(name) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if let Some(body) = file
            .source
            .as_deref()
            .and_then(|source| std::fs::read(source).ok())
        {
            let headers = [
                (header::CONTENT_TYPE, file.asset.mime),
                (header::CACHE_CONTROL, "no-store"),
            ];
            return (headers, body).into_response();
        }
        let brotli = compressible(file.asset.mime)
            && headers
                .get_all(header::ACCEPT_ENCODING)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(accepts_brotli);
        // During a rolling deployment a page of the other version may ask for its own folder: it gets this node's
        // file, which must not be remembered under that address.
        let caching = if version == self.version {
            "public, max-age=31536000, immutable"
        } else {
            "no-store"
        };
        let etag = format!("\"{}{}\"", self.version, if brotli { "-br" } else { "" });
        let unchanged = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .split(',')
                    .any(|tag| tag.trim().trim_start_matches("W/") == etag)
            });

        let mut response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else if brotli {
            (
                [(header::CONTENT_ENCODING, "br")],
                file.compressed().to_vec(),
            )
                .into_response()
        } else {
            file.asset.body.into_response()
        };
        let out = response.headers_mut();
        out.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(file.asset.mime),
        );
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            out.insert(header::ETAG, etag);
        }
        response
    }
}

fn version(files: impl Iterator<Item = Asset>) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.name);
        hash.update([0]);
        hash.update(file.body.len().to_be_bytes());
        hash.update(file.body);
    }
    let mut text = String::new();
    for byte in hash.finalize().iter().take(6) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn compressible(mime: &str) -> bool {
    mime.starts_with("text/") || mime.contains("json") || mime.contains("svg")
}

fn compress(body: &[u8]) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    let mut out = Vec::with_capacity(body.len() / 3);
    let mut input = body;
    brotli::BrotliCompress(&mut input, &mut out, &params)
        .expect("reading and writing memory does not fail");
    out
}

/// Whether an `Accept-Encoding` value takes brotli (RFC 9110, section 12.5.3): named or `*`, with a weight above 0.
fn accepts_brotli(value: &str) -> bool {
    let weight = |wanted: &str| {
        value.split(',').find_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            if !pieces.next()?.eq_ignore_ascii_case(wanted) {
                return None;
            }
            let q = pieces
                .find_map(|piece| piece.strip_prefix("q="))
                .unwrap_or("1");
            Some(q.parse::<f32>().unwrap_or(0.0) > 0.0)
        })
    };
    weight("br").or_else(|| weight("*")).unwrap_or(false)
}

/// Every file in `<root>/{platform,modules}/*/assets`, by name.
fn source_files(root: &Path) -> BTreeMap<String, PathBuf> {
    let entries = |path: &Path| {
        std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    ["platform", "modules"]
        .iter()
        .flat_map(|tier| entries(&root.join(tier)).collect::<Vec<_>>())
        .flat_map(|package| entries(&package.join("assets")).collect::<Vec<_>>())
        .filter_map(|file| Some((file.file_name()?.to_str()?.to_owned(), file.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static ONE: &[Asset] = &[
        Asset::css("one.css", b"main { color: var(--text) }"),
        Asset::js("two.js", b"export {}"),
    ];
    static OTHER: &[Asset] = &[
        Asset::css("one.css", b"main { color: var(--line) }"),
        Asset::js("two.js", b"export {}"),
    ];

    fn request(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().expect("header")))
            .collect()
    }

    #[test]
    fn any_changed_byte_changes_the_folder_of_all_files() {
        let (a, b) = (Assets::new(&[ONE], None), Assets::new(&[OTHER], None));
        assert_ne!(a.url("two.js"), b.url("two.js"));
        assert_eq!(a.url("two.js"), Assets::new(&[ONE], None).url("two.js"));
    }

    #[test]
    fn brotli_only_where_it_is_welcome() {
        for (value, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=0, gzip", false),
            ("gzip", false),
            ("*", true),
            ("*;q=0.5, br;q=0", false),
            ("BR", true),
            ("brotli", false),
        ] {
            assert_eq!(accepts_brotli(value), expected, "{value}");
        }
    }

    #[test]
    fn answers_carry_caching_and_variant() {
        let assets = Assets::new(&[ONE], None);
        let version = assets.version.clone();
        let plain = assets.respond(&version, "one.css", &HeaderMap::new());
        assert_eq!(
            plain.headers()[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(plain.headers()[header::VARY], "accept-encoding");
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());

        let small = assets.respond(
            &version,
            "one.css",
            &request(&[(header::ACCEPT_ENCODING, "br")]),
        );
        assert_eq!(small.headers()[header::CONTENT_ENCODING], "br");
        let etag = small.headers()[header::ETAG]
            .to_str()
            .expect("etag")
            .to_owned();
        assert_ne!(plain.headers()[header::ETAG], etag.as_str());

        let again = request(&[
            (header::ACCEPT_ENCODING, "br"),
            (header::IF_NONE_MATCH, &etag),
        ]);
        assert_eq!(
            assets.respond(&version, "one.css", &again).status(),
            StatusCode::NOT_MODIFIED
        );
    }

    #[test]
    fn a_foreign_version_is_served_but_never_remembered() {
        let assets = Assets::new(&[ONE], None);
        let answer = assets.respond("000000000000", "one.css", &HeaderMap::new());
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            assets
                .respond(&assets.version, "nothing.css", &HeaderMap::new())
                .status(),
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn development_reads_the_files_of_the_workspace() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let assets = Assets::new(&[KIT], Some(&root));
        let sources: Vec<_> = assets
            .files
            .values()
            .map(|file| file.source.clone())
            .collect();
        assert!(sources.iter().all(Option::is_some), "{sources:?}");
        let answer = assets.respond(&assets.version, "kit.css", &HeaderMap::new());
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn the_kit_stays_within_its_budget() {
        let assets = Assets::new(&[KIT], None);
        let size = |name| assets.compressed_size(name).expect("a file of the kit");
        assert!(
            size("kit.css") + size("site.css") <= 14 * 1024,
            "style sheets exceed 14 KB"
        );
        assert!(
            size("kit.js") + size("app.js") + size("theme.js") <= 10 * 1024,
            "scripts exceed 10 KB"
        );
        let lines = include_str!("../assets/kit.js").lines().count();
        assert!(
            lines < 250,
            "the client kernel has {lines} lines; from 250 on, use a library"
        );
    }
}
