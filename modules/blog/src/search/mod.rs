//! Search: posts by the words in them.
//!
//! Each version that is a draft or live has a document: its words, brought to their stems in the language of the
//! workspace at that time. The function `blog_search` of the database finds documents by it; row security would keep
//! the index from being used (`docs/decisions/0030-search-by-one-definer-function.md`). It hands out ids alone. What they stand
//! for, and whether this reader may see it, is asked under row security as always.

pub mod api;
pub(crate) mod store;

use std::collections::BTreeSet;

use kernel::{Cursor, Page, PageRequest, Result, Timestamp};
use tenant_resolver::TenantTx;

use crate::content::snippet::{self, Piece};
use crate::content::wanted::Wanted;
use crate::content::words;
use crate::posts::{PostId, Prepared};
use crate::public::Audience;

pub use store::Row;

/// Most posts that one search ranks; of more matches, those of the newest posts.
pub(crate) const MOST: i32 = 60;

/// Most posts that a list with its own order and filters is narrowed to by words.
pub(crate) const MOST_LISTED: i32 = 1_000;

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What these readers find in lists.
    Live(Audience),
    /// Every draft, for those who write; the trash is left out.
    Drafts,
}

/// A post that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The post.
    pub row: Row,
    /// Its title, with what was found marked.
    pub title: Vec<Piece>,
    /// The part of it that shows why it was found; its excerpt when that is not in the text.
    pub snippet: Vec<Piece>,
}

/// One part of what was found, best first.
#[derive(Clone, Debug)]
pub struct Found {
    /// The posts, and where the next part begins.
    pub page: Page<Hit>,
    /// How many there are in all; [`MOST`] may mean more.
    pub total: i64,
}

impl Found {
    /// Whether there may be more than were ranked.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.total >= i64::from(MOST)
    }
}

/// Makes a version findable by its words in a language (BCP 47).
pub(crate) async fn index(
    tx: &mut TenantTx,
    language: &str,
    post: PostId,
    no: i32,
    prepared: &Prepared,
) -> Result<()> {
    store::put(tx, post, no, &Document::new(language, prepared)).await
}

/// What a version is found by: its words, folded, with blanks between them.
pub(crate) struct Document<'a> {
    /// Whose stems they are brought to (BCP 47).
    pub language: &'a str,
    pub title: String,
    pub excerpt: String,
    pub text: String,
}

impl<'a> Document<'a> {
    pub(crate) fn new(language: &'a str, prepared: &Prepared) -> Self {
        let excerpt = prepared.text.excerpt.as_deref().unwrap_or_default();
        Self {
            language,
            title: words::indexed(&prepared.text.title),
            excerpt: words::indexed(excerpt),
            text: words::indexed(&prepared.rendered.plaintext),
        }
    }
}

/// Finds posts, best first.
pub async fn find(
    tx: &mut TenantTx,
    wanted: &Wanted,
    scope: Scope,
    request: PageRequest,
    now: Timestamp,
) -> Result<Found> {
    let rows = store::find(tx, &wanted.query, scope, request, now).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let page = Page::cut(rows, request, |row| Cursor {
        at: row.updated_at,
        id: row.id.0,
    });
    let forms = forms(tx, wanted, &page.items).await?;
    let items = page.items.into_iter().map(|row| Hit::new(row, &forms));
    Ok(Found {
        page: Page {
            items: items.collect(),
            next: page.next,
        },
        total,
    })
}

/// The words of these posts that are forms of what is looked for.
async fn forms(tx: &mut TenantTx, wanted: &Wanted, rows: &[Row]) -> Result<BTreeSet<String>> {
    let mut asked: BTreeSet<(String, &str)> = BTreeSet::new();
    for row in rows {
        for text in [&row.title, &row.excerpt, &row.text] {
            let candidates = snippet::candidates(text, &wanted.words);
            asked.extend(
                candidates
                    .into_iter()
                    .map(|word| (word, row.language.as_str())),
            );
        }
    }
    if asked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (words, languages): (Vec<String>, Vec<String>) = asked
        .into_iter()
        .map(|(word, language)| (word, language.to_owned()))
        .unzip();
    store::forms(tx, &words, &languages, &wanted.any).await
}

impl Hit {
    fn new(row: Row, forms: &BTreeSet<String>) -> Self {
        let title = snippet::whole(&row.title, forms);
        let snippet =
            snippet::best(&row.text, forms).unwrap_or_else(|| snippet::whole(&row.excerpt, forms));
        Self {
            row,
            title,
            snippet,
        }
    }
}
