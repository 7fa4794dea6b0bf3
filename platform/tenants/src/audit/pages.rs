//! Pages of the audit log.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::{PageRequest, Timestamp, Zone};
use maud::{Markup, html};
use module::extract::{Path, Query};
use module::{Allowed, Ctx, Routes};
use serde::Deserialize;
use ui::table::{FilterBar, Pager, head, table};
use ui::{Card, Empty, Page, icons, link_button};
use uuid::Uuid;

use super::{EXPORT_LIMIT, Entry, Filter, csv_cell, store};
use crate::Tenants;
use crate::guards::ReadAudit;
use crate::respond::{capitalised, encode, moment};

/// Entries on one page.
const PER_PAGE: i64 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/app/audit", list)
        .get("/app/audit/export.csv", export)
        .get("/app/audit/{id}", show)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    person: String,
    area: String,
    from: String,
    until: String,
    cursor: String,
}

impl ListQuery {
    fn filter(&self, zone: &Zone) -> Filter {
        let person = self.person.parse::<Uuid>().ok();
        Filter {
            words: self.q.clone(),
            person,
            area: self.area.clone(),
            from: midnight(&self.from, zone, 0),
            // The last day counts in full.
            until: midnight(&self.until, zone, 1),
        }
    }

    fn filtered(&self) -> bool {
        [&self.q, &self.person, &self.area, &self.from, &self.until]
            .iter()
            .any(|value| !value.trim().is_empty())
    }

    fn address(&self, path: &str, cursor: &str) -> String {
        let mut address = format!(
            "{path}?q={}&person={}&area={}&from={}&until={}",
            encode(&self.q),
            encode(&self.person),
            encode(&self.area),
            encode(&self.from),
            encode(&self.until)
        );
        if !cursor.is_empty() {
            address.push_str("&cursor=");
            address.push_str(&encode(cursor));
        }
        address
    }
}

/// The first instant of a day, or of one some days later, on the tenant's calendar. What is no day is no limit.
fn midnight(day: &str, zone: &Zone, later: i64) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.trim().parse().ok()?;
    let day = day.checked_add(jiff::Span::new().days(later)).ok()?;
    let start = day.to_zoned(zone.as_jiff().clone()).ok()?;
    Some(Timestamp::new(start.timestamp()))
}

async fn list(
    ctx: Allowed<ReadAudit>,
    Extension(tenants): Extension<Tenants>,
    Query(query): Query<ListQuery>,
) -> module::Result<Page> {
    let request = PageRequest::new(None, PER_PAGE, Some(&query.cursor))?;
    let filter = query.filter(&ctx.tenant().zone);
    let mut tx = ctx.begin().await?;
    let found = super::list(&mut tx, &filter, request).await?;
    let people = store::people(&mut tx).await?;
    drop(tx);
    let people: Vec<(String, String)> = people
        .into_iter()
        .map(|(id, name)| (id.to_string(), name))
        .collect();
    let person_choices: Vec<(&str, &str)> = std::iter::once(("", "Anybody"))
        .chain(people.iter().map(|(id, name)| (id.as_str(), name.as_str())))
        .collect();
    let areas: Vec<(&str, &str)> = std::iter::once(("", "Everything"))
        .chain(tenants.areas())
        .collect();
    let bar = FilterBar::new("/app/audit", "audit")
        .search("Who, what or where", &query.q)
        .filter("person", "Person", &person_choices, &query.person)
        .filter("area", "Area", &areas, &query.area)
        .end(html! {
            span.input { input type="date" name="from" value=(query.from) aria-label="From day"; }
            span.input { input type="date" name="until" value=(query.until) aria-label="Until day"; }
        });
    let zone = &ctx.tenant().zone;
    Ok(Page::new("Audit log")
        .lead(format!("Who did what, and when. Times are those of {}.", zone.name().replace('_', " ")))
        .wide()
        .actions(html! {
            (link_button("Export as CSV", query.address("/app/audit/export.csv", "")).icon(icons::LuDownload))
        })
        .body(html! {
            (bar)
            section id="audit" {
                @if found.items.is_empty() && query.filtered() {
                    (ui::no_match("No entry fits these filters.", "/app/audit"))
                } @else if found.items.is_empty() {
                    (Empty::new(icons::LuScrollText, "No entries yet", "What people change in this workspace is written down here."))
                } @else {
                    (entries(&ctx, &found.items))
                    (Pager {
                        summary: format!("The export has at most the newest {EXPORT_LIMIT} entries."),
                        previous: (!query.cursor.is_empty()).then(|| query.address("/app/audit", "")),
                        next: found.next.as_deref().map(|cursor| query.address("/app/audit", cursor)),
                        region: "audit".into(),
                    })
                }
            }
        }))
}

fn entries(ctx: &Ctx, items: &[Entry]) -> Markup {
    let zone = &ctx.tenant().zone;
    table(
        "Audit log",
        &html! { (head("What happened")) (head("Area")) (head("When")) (head("From")) },
        &html! { @for entry in items {
            tr data-row {
                td { div.who { div { a.wrap href={ "/app/audit/" (entry.id) } { (entry.sentence()) } } } }
                td { (capitalised(entry.area())) }
                td { (moment(entry.at, zone)) }
                td { (entry.ip.as_deref().unwrap_or("")) }
            }
        } },
    )
}

async fn show(ctx: Allowed<ReadAudit>, Path(id): Path<Uuid>) -> module::Result<Page> {
    let mut tx = ctx.begin().await?;
    let entry = super::get(&mut tx, id).await?;
    drop(tx);
    let zone = &ctx.tenant().zone;
    let changes = entry.changes();
    let facts = entry.facts();
    let object = entry.target_link();
    Ok(Page::new(entry.sentence())
        .crumb("Audit log", "/app/audit")
        .narrow()
        .body(html! {
            div.stack {
                (Card::new(ui::definition_list(&[
                    ("Who", html! {
                        @match entry.actor_link() {
                            Some(href) => a.link href=(href) { (entry.actor_name) },
                            None => { (entry.actor_name) " (" (entry.actor_kind.replace('_', " ")) ")" },
                        }
                    }),
                    ("What", html! { code { (entry.action) } }),
                    ("On what", html! { @match (&entry.target_name, &object) {
                        (Some(name), Some(href)) => a.link href=(href) { (name) },
                        (Some(name), None) => (name),
                        (None, _) => "Nothing in particular",
                    } }),
                    ("When", html! { (moment(entry.at, zone)) " (" (zone.name().replace('_', " ")) ")" }),
                    ("From", html! { (entry.ip.as_deref().unwrap_or("Not known")) }),
                    ("Browser", html! { (entry.user_agent.as_deref().unwrap_or("Not known")) }),
                ])))
                @if !changes.is_empty() {
                    (Card::new(table("Changes", &html! { (head("What")) (head("Before")) (head("After")) }, &html! {
                        @for change in &changes {
                            tr { td { (change.field) } td { del { (change.from) } } td { ins { (change.to) } } }
                        }
                    })).title("Changes").flush())
                }
                @if !facts.is_empty() {
                    (Card::new(html! { dl.facts { @for (name, value) in &facts { div { dt { (name) } dd { (value) } } } } }).title("More"))
                }
            }
        }))
}

/// The same entries as a file.
async fn export(
    ctx: Allowed<ReadAudit>,
    Query(query): Query<ListQuery>,
) -> module::Result<Response> {
    let zone = &ctx.tenant().zone;
    let mut tx = ctx.begin().await?;
    let entries = store::export(&mut tx, &query.filter(zone), EXPORT_LIMIT).await?;
    drop(tx);
    let mut file = String::from("at,who,action,what,on,from,browser\r\n");
    for entry in &entries {
        let cells = [
            entry.at.to_string(),
            entry.actor_name.clone(),
            entry.action.clone(),
            entry.sentence(),
            entry.target_name.clone().unwrap_or_default(),
            entry.ip.clone().unwrap_or_default(),
            entry.user_agent.clone().unwrap_or_default(),
        ];
        file.push_str(&cells.map(|cell| csv_cell(&cell)).join(","));
        file.push_str("\r\n");
    }
    let name = format!(
        "attachment; filename=\"audit-{}-{}.csv\"",
        ctx.tenant().slug,
        ctx.now().in_zone(zone).strftime("%Y-%m-%d")
    );
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(name).map_err(kernel::Error::internal)?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, file).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_tenants_days() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let start = midnight("2026-03-29", &berlin, 0).unwrap();
        let end = midnight("2026-03-29", &berlin, 1).unwrap();
        assert_eq!(start.to_string(), "2026-03-28T23:00:00Z");
        // The day on which clocks go forward has 23 hours.
        assert_eq!(end.since(start).as_secs(), 23 * 3600);
        assert!(midnight("yesterday", &berlin, 0).is_none());
    }
}
