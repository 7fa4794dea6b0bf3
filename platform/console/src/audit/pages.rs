//! The console's own audit log, as a page and as a file.

use std::time::Duration;

use axum::Extension;
use axum::response::Response;
use kernel::{PageRequest, Timestamp};
use maud::{Markup, html};
use module::extract::Query;
use module::{Operating, Routes, rank};
use serde::Deserialize;
use ui::table::{FilterBar, Pager, head, table};
use ui::{Card, Empty, Page, icons, link_button};

use super::{EXPORT_LIMIT, Entry, Filter};
use crate::Console;
use crate::respond::{csv_file, encode, midnight, moment};

/// Entries on one page.
const PER_PAGE: i64 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/audit", list)
        .get("/audit/export.csv", export)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    operator: String,
    area: String,
    from: String,
    until: String,
    cursor: String,
}

impl ListQuery {
    fn filter(&self) -> Filter {
        Filter {
            words: self.q.clone(),
            operator: self.operator.parse().ok(),
            area: self.area.clone(),
            from: midnight(&self.from),
            // The last day counts in full.
            until: midnight(&self.until)
                .map(|start: Timestamp| start.plus(Duration::from_hours(24))),
        }
    }

    fn filtered(&self) -> bool {
        [&self.q, &self.operator, &self.area, &self.from, &self.until]
            .iter()
            .any(|value| !value.trim().is_empty())
    }

    fn address(&self, path: &str, cursor: &str) -> String {
        format!(
            "{path}?q={}&operator={}&area={}&from={}&until={}&cursor={}",
            encode(&self.q),
            encode(&self.operator),
            encode(&self.area),
            encode(&self.from),
            encode(&self.until),
            encode(cursor)
        )
    }
}

async fn list(
    _ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<ListQuery>,
) -> module::Result<Page> {
    let request = PageRequest::new(None, PER_PAGE, Some(&query.cursor))?;
    let mut conn = console.read().await?;
    let found = super::list(&mut conn, &query.filter(), request).await?;
    let operators = accounts::operators::list(&mut conn).await?;
    drop(conn);
    let operators: Vec<(String, String)> = operators
        .into_iter()
        .map(|operator| (operator.user.to_string(), operator.name))
        .collect();
    let choices: Vec<(&str, &str)> = std::iter::once(("", "Any operator"))
        .chain(
            operators
                .iter()
                .map(|(id, name)| (id.as_str(), name.as_str())),
        )
        .collect();
    let bar = FilterBar::new("/audit", "audit")
        .search("Who, what or why", &query.q)
        .filter("operator", "Operator", &choices, &query.operator)
        .filter(
            "area",
            "Area",
            &[
                ("", "Everything"),
                ("workspace", "Workspaces"),
                ("billing", "Subscriptions"),
                ("catalog", "Plans and prices"),
                ("operations", "Jobs and mail"),
                ("console", "Operators"),
            ],
            &query.area,
        )
        .end(html! {
            span.input { input type="date" name="from" value=(query.from) aria-label="From day"; }
            span.input { input type="date" name="until" value=(query.until) aria-label="Until day"; }
        });
    Ok(Page::new("Audit log")
        .lead("What operators did, and why. Nobody can change or remove an entry. Times are UTC.")
        .wide()
        .actions(html! {
            (link_button("Export CSV", query.address("/audit/export.csv", "")).icon(icons::LuDownload))
        })
        .body(html! {
            (Card::new(html! {
                (bar)
                section id="audit" {
                    @if found.items.is_empty() && query.filtered() {
                        (ui::no_match("No entry fits these filters.", "/audit"))
                    } @else if found.items.is_empty() {
                        (Empty::new(icons::LuScrollText, "No entries yet", "Every change that an operator makes is written down here with its reason."))
                    } @else {
                        (entries(&found.items))
                        (Pager {
                            summary: format!("A file holds at most the newest {EXPORT_LIMIT} entries."),
                            previous: (!query.cursor.is_empty()).then(|| query.address("/audit", "")),
                            next: found.next.as_deref().map(|cursor| query.address("/audit", cursor)),
                            region: "audit".into(),
                        })
                    }
                }
            }).flush())
        }))
}

fn entries(items: &[Entry]) -> Markup {
    table(
        "Audit log",
        &html! { (head("What")) (head("Reason")) (head("Operator")) (head("When")) (head("From")) },
        &html! { @for entry in items {
            tr {
                td { div.who { div {
                    (entry.what()) " "
                    @match (entry.tenant, entry.object()) {
                        (Some(tenant), Some(object)) => a href={ "/tenants/" (tenant) } { (object) },
                        (None, Some(object)) => strong { (object) },
                        _ => {}
                    }
                    @let facts = entry.facts();
                    @if !facts.is_empty() { small { (facts) } }
                } } }
                td { (entry.reason) }
                td { (entry.operator_name) }
                td { (moment(entry.at)) }
                td { (entry.ip.as_deref().unwrap_or("–")) }
            }
        } },
    )
}

async fn export(
    _ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<ListQuery>,
) -> module::Result<Response> {
    let entries = super::export(&mut *console.read().await?, &query.filter()).await?;
    let head = [
        "at",
        "operator",
        "action",
        "reason",
        "tenant",
        "tenant_id",
        "kind",
        "object",
        "detail",
        "ip",
    ];
    let rows = entries.into_iter().map(|entry| {
        vec![
            entry.at.to_string(),
            entry.operator_name,
            entry.action,
            entry.reason,
            entry.tenant_name.unwrap_or_default(),
            entry.tenant.map(|id| id.to_string()).unwrap_or_default(),
            entry.target_kind.unwrap_or_default(),
            entry.target_name.unwrap_or_default(),
            entry.detail.to_string(),
            entry.ip.unwrap_or_default(),
        ]
    });
    Ok(csv_file("operators-audit.csv", &head, rows)?)
}
