//! The list of tenants, and the same as a file.

use axum::Extension;
use axum::response::Response;
use catalog::manage::{self, ProductEntry};
use kernel::Result;
use maud::{Markup, html};
use module::extract::Query;
use module::{Operating, OpsCtx, Routes, rank};
use serde::Deserialize;
use ui::table::{
    Direction, FilterBar, Pager, Sorting, head, hidden_head, name_cell, table_with_foot,
};
use ui::{Card, Empty, Menu, Page, avatar, icons, link_button};

use super::{Filter, Found, Row, STATES, Sort, Sought};
use crate::Console;
use crate::respond::{amounts, count, csv_file, day, encode, midnight, room, standing};

/// Tenants on one page.
const PER_PAGE: i64 = 25;
/// Most tenants in a file.
const EXPORT_LIMIT: i64 = 50_000;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/tenants", list)
        .get("/tenants/export.csv", export)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    status: String,
    plan: String,
    product: String,
    since: String,
    sort: String,
    dir: String,
    page: String,
}

impl ListQuery {
    fn sort(&self) -> Sort {
        Sort::parse(&self.sort).unwrap_or_default()
    }

    /// Newest first unless told otherwise; names from A on.
    fn descending(&self) -> bool {
        match self.dir.as_str() {
            "asc" => false,
            "desc" => true,
            _ => self.sort() != Sort::Name,
        }
    }

    fn page(&self) -> i64 {
        self.page.parse::<i64>().unwrap_or(1).clamp(1, 100_000)
    }

    fn filter(&self, limit: i64) -> Filter {
        Filter {
            sought: Sought::read(&self.q),
            state: self.status.clone(),
            plan: self.plan.parse().ok(),
            product: self.product.parse().ok(),
            since: midnight(&self.since),
            until: midnight(&self.since)
                .map(|start| start.plus(std::time::Duration::from_hours(24))),
            sort: self.sort(),
            descending: self.descending(),
            offset: (self.page() - 1) * limit,
            limit,
        }
    }

    fn filtered(&self) -> bool {
        [
            &self.q,
            &self.status,
            &self.plan,
            &self.product,
            &self.since,
        ]
        .iter()
        .any(|value| !value.trim().is_empty())
    }

    fn address(&self, path: &str, sort: Sort, descending: bool, page: i64) -> String {
        format!(
            "{path}?q={}&status={}&plan={}&product={}&since={}&sort={}&dir={}&page={page}",
            encode(&self.q),
            encode(&self.status),
            encode(&self.plan),
            encode(&self.product),
            encode(&self.since),
            sort.as_str(),
            if descending { "desc" } else { "asc" },
        )
    }
}

async fn list(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<ListQuery>,
) -> module::Result<Page> {
    let filter = query.filter(PER_PAGE);
    let mut conn = console.read().await?;
    let found = super::list(&mut conn, &filter, ctx.now).await?;
    let products = manage::products(&mut conn).await?;
    drop(conn);
    let export = query.address("/tenants/export.csv", filter.sort, filter.descending, 1);
    Ok(Page::new("Tenants")
        .lead("Every workspace on the platform.")
        .wide()
        .actions(html! { (link_button("Export CSV", export).icon(icons::LuDownload)) })
        .body(html! {
            (Card::new(html! {
                (bar(&query, &products))
                section id="tenants" {
                    @if found.rows.is_empty() && query.filtered() {
                        (ui::no_match("No tenant fits these filters. The search finds beginnings of addresses, names and owners' e-mail addresses.", "/tenants"))
                    } @else if found.rows.is_empty() {
                        (Empty::new(icons::LuBuilding2, "No tenants yet", "Workspaces appear here when somebody signs up."))
                    } @else {
                        (tenants(&ctx, &found, &filter, &query))
                        (pager(&found, &filter, &query))
                    }
                }
            }).flush())
        }))
}

fn bar(query: &ListQuery, products: &[ProductEntry]) -> FilterBar {
    let product_ids: Vec<(String, &str)> = products
        .iter()
        .map(|product| (product.id.to_string(), product.name.as_str()))
        .collect();
    let plan_ids: Vec<(String, String)> = products
        .iter()
        .flat_map(|product| {
            let of_product = move |plan: &manage::PlanEntry| {
                (
                    plan.id.to_string(),
                    format!("{} {}", product.name, plan.name),
                )
            };
            product.plans.iter().map(of_product)
        })
        .collect();
    let product_choices: Vec<(&str, &str)> = std::iter::once(("", "Any product"))
        .chain(product_ids.iter().map(|(id, name)| (id.as_str(), *name)))
        .collect();
    let plan_choices: Vec<(&str, &str)> = std::iter::once(("", "Any plan"))
        .chain(
            plan_ids
                .iter()
                .map(|(id, name)| (id.as_str(), name.as_str())),
        )
        .collect();
    let bar = FilterBar::new("/tenants", "tenants")
        .search("Name, subdomain or owner", &query.q)
        .filter("status", "Status", &STATES, &query.status)
        .filter("plan", "Plan", &plan_choices, &query.plan)
        .filter("product", "Product", &product_choices, &query.product)
        .keep("sort", query.sort().as_str())
        .keep("dir", if query.descending() { "desc" } else { "asc" });
    if query.since.is_empty() {
        bar
    } else {
        bar.end(html! { span.input { input type="date" name="since" value=(query.since) aria-label="Signed up on"; } })
    }
}

fn tenants(ctx: &OpsCtx, found: &Found, filter: &Filter, query: &ListQuery) -> Markup {
    let address = |sort: &str, direction: Direction| {
        let sort = Sort::parse(sort).unwrap_or_default();
        query.address("/tenants", sort, direction == Direction::Descending, 1)
    };
    let sorting = Sorting {
        by: filter.sort.as_str(),
        direction: if filter.descending {
            Direction::Descending
        } else {
            Direction::Ascending
        },
        region: "tenants",
        address: &address,
    };
    table_with_foot(
        "Tenants",
        &html! {
            (sorting.head("name", "Tenant")) (head("Status")) (head("Plan")) (head("Products")) (head("Owner"))
            (sorting.number_head("seats", "Seats")) (sorting.number_head("storage", "Storage")) (sorting.number_head("mrr", "MRR")) (sorting.head("since", "Since"))
            (hidden_head("Actions"))
        },
        &html! { @for tenant in &found.rows { (row(ctx, tenant)) } },
        &html! { tr { th scope="row" colspan="7" { "All " (count(found.total, "tenant", "tenants")) } td.number { (amounts(&found.mrr)) } td colspan="2" {} } },
    )
}

fn row(ctx: &OpsCtx, tenant: &Row) -> Markup {
    let href = format!("/tenants/{}", tenant.id);
    let links = ctx.app.links();
    let or_dash = |words: &[String]| {
        if words.is_empty() {
            "–".to_owned()
        } else {
            words.join(", ")
        }
    };
    html! {
        tr data-row {
            (name_cell(&avatar(&tenant.name), &tenant.name, &href, &links.tenant_host(&tenant.slug)))
            td { (standing(&tenant.state)) }
            td { (or_dash(&tenant.plans)) }
            td { (or_dash(&tenant.products)) }
            td {
                @match (&tenant.owner_name, &tenant.owner_email) {
                    (Some(name), Some(email)) => span title=(email) { (name) },
                    _ => span.muted { "–" },
                }
            }
            td.number { (tenant.seats) }
            td.number { (room(tenant.bytes)) }
            td.number { (amounts(&tenant.mrr)) }
            td { (day(tenant.created_at)) }
            td {
                (Menu::dots(format!("tenant-{}", tenant.slug), format!("Actions for {}", tenant.name))
                    .link("Open", &href, icons::LuArrowRight)
                    .link("Timeline", format!("{href}?tab=timeline"), icons::LuHistory)
                    .link("Public site", links.tenant(&tenant.slug, "/"), icons::LuGlobe))
            }
        }
    }
}

fn pager(found: &Found, filter: &Filter, query: &ListQuery) -> Pager {
    let shown = i64::try_from(found.rows.len()).unwrap_or_default();
    let (first, last) = (filter.offset + 1, filter.offset + shown);
    let at = |page: i64| query.address("/tenants", filter.sort, filter.descending, page);
    Pager {
        summary: format!(
            "{first}–{last} of {}",
            count(found.total, "tenant", "tenants")
        ),
        previous: (query.page() > 1).then(|| at(query.page() - 1)),
        next: (last < found.total).then(|| at(query.page() + 1)),
        region: "tenants".into(),
    }
}

async fn export(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Query(query): Query<ListQuery>,
) -> module::Result<Response> {
    let filter = Filter {
        offset: 0,
        ..query.filter(EXPORT_LIMIT)
    };
    let found = super::list(&mut *console.read().await?, &filter, ctx.now).await?;
    let head = [
        "id",
        "address",
        "name",
        "status",
        "plans",
        "products",
        "owner",
        "owner_email",
        "seats",
        "storage_bytes",
        "mrr",
        "since",
    ];
    let rows = found.rows.into_iter().map(|tenant| {
        let mrr: Vec<String> = tenant.mrr.iter().map(ToString::to_string).collect();
        vec![
            tenant.id.to_string(),
            tenant.slug,
            tenant.name,
            tenant.state,
            tenant.plans.join("; "),
            tenant.products.join("; "),
            tenant.owner_name.unwrap_or_default(),
            tenant.owner_email.unwrap_or_default(),
            tenant.seats.to_string(),
            tenant.bytes.to_string(),
            mrr.join("; "),
            tenant.created_at.to_string(),
        ]
    });
    let file: Result<Response> = csv_file("tenants.csv", &head, rows);
    Ok(file?)
}
