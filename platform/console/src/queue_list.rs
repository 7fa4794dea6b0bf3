//! What the lists of jobs, events and mail have in common: one search, one filter by state, pages by number.

use accounts::Act;
use kernel::{Error, Result, TenantId};
use maud::{Markup, html};
use serde::Deserialize;
use sqlx::PgConnection;
use ui::table::{FilterBar, Pager};
use ui::{Card, Empty, Page};

use crate::respond::{encode, refusal};
use crate::tenant_page::store::name;

/// Rows on one page.
const PER_PAGE: i64 = 50;

/// What such a list was asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QueueQuery {
    pub(crate) q: String,
    pub(crate) state: String,
    page: String,
}

impl QueueQuery {
    /// The first page of what is in a state.
    pub(crate) fn in_state(state: &str) -> Self {
        Self {
            state: state.to_owned(),
            ..Self::default()
        }
    }

    /// The words that were searched for.
    pub(crate) fn words(&self) -> String {
        self.q.trim().to_owned()
    }

    fn page(&self) -> i64 {
        self.page.parse::<i64>().unwrap_or(1).clamp(1, 100_000)
    }

    /// Rows before the first of the page.
    pub(crate) fn offset(&self) -> i64 {
        (self.page() - 1) * PER_PAGE
    }

    /// Rows to read: one more than are shown, which tells whether there is another page.
    pub(crate) fn limit() -> i64 {
        PER_PAGE + 1
    }
}

/// One of the lists.
pub(crate) struct QueueList<'a> {
    /// Its address; without the slash also the id of the region that changes.
    pub(crate) path: &'a str,
    pub(crate) title: &'a str,
    pub(crate) lead: &'a str,
    /// What the search looks for.
    pub(crate) search: &'a str,
    /// States to filter by: value and label.
    pub(crate) states: &'a [(&'a str, &'a str)],
    /// What is said when the filters leave nothing.
    pub(crate) no_match: &'a str,
    /// What is said when there is nothing at all.
    pub(crate) empty: Empty,
}

impl QueueList<'_> {
    /// The page of what was read; `table` shows the rows of one page.
    pub(crate) fn page<T>(
        self,
        query: &QueueQuery,
        mut found: Vec<T>,
        problem: Option<&Error>,
        table: impl FnOnce(&[T]) -> Markup,
    ) -> Page {
        let most = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        let region = self.path.trim_start_matches('/');
        let address = |page: i64| {
            let (q, state) = (encode(&query.q), encode(&query.state));
            format!("{}?q={q}&state={state}&page={page}", self.path)
        };
        let here = query.page();
        let filtered = !query.words().is_empty() || !query.state.is_empty();
        let bar = FilterBar::new(self.path, region)
            .search(self.search, &query.q)
            .filter("state", "State", self.states, &query.state);
        Page::new(self.title).lead(self.lead).wide().body(html! {
            (refusal(problem))
            (Card::new(html! {
                (bar)
                section id=(region) {
                    @if found.is_empty() && filtered {
                        (ui::no_match(self.no_match, self.path))
                    } @else if found.is_empty() {
                        (self.empty)
                    } @else {
                        (table(&found))
                        (Pager {
                            summary: format!("Page {here}"),
                            previous: (here > 1).then(|| address(here - 1)),
                            next: more.then(|| address(here + 1)),
                            region: region.into(),
                        })
                    }
                }
            }).flush())
        })
    }
}

/// The tenant that a row is about, for its cell; the platform itself without one.
pub(crate) fn tenant(id: Option<TenantId>, name: Option<&str>) -> Markup {
    html! {
        @match (id, name) {
            (Some(id), Some(name)) => a href={ "/tenants/" (id) } { (name) },
            (Some(_), None) => span.muted { "Gone" },
            (None, _) => span.muted { "Platform" },
        }
    }
}

/// Writes an act on a row into the console's record, and into the audit log of the tenant that it is about.
pub(crate) async fn record(
    conn: &mut PgConnection,
    act: Act<'_>,
    about: Option<TenantId>,
) -> Result<()> {
    let named = match about {
        Some(tenant) => name(conn, tenant).await?.map(|name| (tenant, name)),
        None => None,
    };
    let act = match named {
        Some((tenant, name)) => act.on_tenant(tenant, name),
        None => act,
    };
    act.write(conn).await
}
