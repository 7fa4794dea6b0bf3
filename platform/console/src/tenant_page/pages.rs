//! The page of one tenant, in sections that each have an address.

use axum::Extension;
use kernel::{Error, OperatorRole, PageRequest, Result, TenantId};
use maud::{Markup, html};
use module::extract::{Path, Query};
use module::{Operating, OpsCtx, Routes, rank};
use serde::Deserialize;
use ui::{Page, Tab, icons, link_button, tabs};

use super::{Tenant, acts, sections, store};
use crate::ask::Ask;
use crate::respond::{encode, refusal, standing};
use crate::{Console, jobs};

/// Entries of the timeline on one page.
const PER_PAGE: i64 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/tenants/{id}", show)
        .merge(acts::routes())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ShowQuery {
    tab: String,
    cursor: String,
}

async fn show(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
    Path(id): Path<TenantId>,
    Query(query): Query<ShowQuery>,
) -> module::Result<Page> {
    if !matches!(query.tab.as_str(), "people" | "timeline" | "jobs" | "mail") {
        return Ok(summary_page(&ctx, &console, id, None).await?);
    }
    let mut conn = console.read().await?;
    let tenant = super::get(&mut conn, id).await?;
    let section = match query.tab.as_str() {
        "people" => sections::people(&store::people(&mut conn, id).await?),
        "timeline" => {
            let request = PageRequest::new(None, PER_PAGE, Some(&query.cursor))?;
            let entries = tenants::timeline(&mut conn, id, request).await?;
            let next = entries
                .next
                .as_ref()
                .map(|cursor| format!("/tenants/{id}?tab=timeline&cursor={}", encode(cursor)));
            let first = (!query.cursor.is_empty()).then(|| format!("/tenants/{id}?tab=timeline"));
            sections::timeline(&entries.items, first, next)
        }
        "jobs" => jobs::pages::of_tenant(&ctx, &jobs::of_tenant(&mut conn, id).await?),
        _ => sections::mail(&store::letters(&mut conn, id).await?),
    };
    Ok(frame(&ctx, &tenant, &query.tab, None, &section))
}

/// The first section, with what was refused above it.
pub(crate) async fn summary_page(
    ctx: &OpsCtx,
    console: &Console,
    id: TenantId,
    problem: Option<&Error>,
) -> Result<Page> {
    let mut conn = console.read().await?;
    let summary = super::summary(&mut conn, console.billing(), id, ctx.now).await?;
    let offers = catalog::manage::products(&mut conn).await?;
    drop(conn);
    let section = sections::summary(ctx, console, &summary, &offers);
    Ok(frame(ctx, &summary.tenant, "", problem, &section))
}

fn frame(
    ctx: &OpsCtx,
    tenant: &Tenant,
    tab: &str,
    problem: Option<&Error>,
    section: &Markup,
) -> Page {
    let base = format!("/tenants/{}", tenant.id);
    let links = ctx.app.links();
    let tab_of = |key: &str, label: &str| {
        let href = if key.is_empty() {
            base.clone()
        } else {
            format!("{base}?tab={key}")
        };
        Tab::new(label, href, key == tab)
    };
    let sections = [
        tab_of("", "Summary"),
        tab_of("people", "People"),
        tab_of("timeline", "Timeline"),
        tab_of("jobs", "Jobs"),
        tab_of("mail", "Mail"),
    ];
    Page::new(tenant.name.clone())
        .lead(links.tenant_host(&tenant.slug))
        .crumb("Tenants", "/tenants")
        .actions(html! {
            (link_button("Public site", links.tenant(&tenant.slug, "/")).icon(icons::LuGlobe))
            @if ctx.may(OperatorRole::Support) { (state_button(tenant)) }
        })
        .body(html! {
            @if tenant.status != "active" { p { (standing(&tenant.status)) } }
            (refusal(problem))
            (tabs("Sections", &sections))
            div #section { (section) }
            @if ctx.may(OperatorRole::Support) { (state_dialog(tenant, &base)) }
        })
}

fn state_button(tenant: &Tenant) -> Markup {
    html! {
        @match tenant.status.as_str() {
            "active" => (ui::dialog_opener("Suspend", "suspend").danger().icon(icons::LuBan)),
            "suspended" => (ui::dialog_opener("Restore", "restore").primary().icon(icons::LuRotateCcw)),
            _ => {}
        }
    }
}

fn state_dialog(tenant: &Tenant, base: &str) -> Markup {
    let name = &tenant.name;
    match tenant.status.as_str() {
        "active" => Ask {
            id: "suspend",
            title: format!("Suspend {name}?"),
            text: "Within seconds nobody can open the workspace, its public pages or its API; billing alone stays \
                   reachable for its staff. Nothing is deleted. The owners get a mail with the reason."
                .to_owned(),
            action: format!("{base}/suspend"),
            verb: "Suspend",
            danger: true,
            told: true,
        }
        .dialog(&Markup::default()),
        "suspended" => Ask {
            id: "restore",
            title: format!("Restore {name}?"),
            text: "Everything works again as before, within seconds. The owners get a mail.".to_owned(),
            action: format!("{base}/restore"),
            verb: "Restore",
            danger: false,
            told: true,
        }
        .dialog(&Markup::default()),
        _ => Markup::default(),
    }
}
