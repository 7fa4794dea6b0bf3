//! The price page.

use axum::Extension;
use kernel::Money;
use maud::{Markup, html};
use module::extract::Query;
use module::{Routes, Visitor};
use serde::Deserialize;
use ui::{Layout, Page, link_button};

use crate::{Catalog, Cycle, Plan, Product, display};

pub(crate) fn routes() -> Routes {
    Routes::new().get("/pricing", pricing)
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    cycle: String,
}

async fn pricing(
    visit: Visitor,
    Query(choice): Query<Choice>,
    Extension(catalog): Extension<Catalog>,
) -> module::Result<Page> {
    let cycle = if choice.cycle == "yearly" {
        Cycle::Yearly
    } else {
        Cycle::Monthly
    };
    let products = catalog.offers().await?;
    let (on_sale, announced): (Vec<&Product>, Vec<&Product>) =
        products.iter().partition(|product| product.on_sale);
    let body = html! {
        section.band {
            h1 { "Prices without surprises" }
            p { "Subscribe to the products you use. Change or cancel at any time; your data stays yours." }
            (cycles(cycle))
        }
        @for product in &on_sale { (offer(product, cycle, visit.account.is_some())) }
        @if !announced.is_empty() {
            section.band {
                h2 { "In the making" }
                div.features { @for product in &announced { div { h3 { (product.name) } p { (product.description) } } } }
            }
        }
    };
    Ok(Page::new("Pricing").layout(Layout::Marketing).own_heading().body(body).head(html! {
        meta name="description" content="What Atelier costs: a price for each product, monthly or yearly, 21 days free.";
        link rel="canonical" href=(visit.app.links().base("/pricing"));
    }))
}

fn cycles(cycle: Cycle) -> Markup {
    ui::segmented(
        "Pay",
        &[
            ui::Tab::new("Monthly", "/pricing", cycle == Cycle::Monthly),
            ui::Tab::new(
                "Yearly, two months free",
                "/pricing?cycle=yearly",
                cycle == Cycle::Yearly,
            ),
        ],
        None,
    )
}

fn offer(product: &Product, cycle: Cycle, signed_in: bool) -> Markup {
    let plans: Vec<ui::Plan> = product
        .plans
        .iter()
        .filter_map(|plan| card(plan, cycle, signed_in))
        .collect();
    html! {
        section.band {
            h2 { (product.name) }
            p { (product.description) }
            (ui::plans(&plans))
        }
    }
}

fn card(plan: &Plan, cycle: Cycle, signed_in: bool) -> Option<ui::Plan> {
    let price = plan.prices.iter().find(|price| price.cycle == cycle)?;
    let action = if signed_in {
        html! { (link_button("Open your workspaces", "/workspaces").full()) }
    } else {
        html! { (link_button(trial(plan.trial_days), "/signup").primary().full()) }
    };
    Some(ui::Plan {
        name: plan.name.clone(),
        text: plan.description.clone(),
        price: display(price.amount),
        period: period(cycle, price.amount),
        features: plan.features.clone(),
        action,
        mark: None,
    })
}

fn trial(days: i32) -> String {
    if days == 0 {
        "Subscribe".to_owned()
    } else {
        format!("Try {days} days free")
    }
}

fn period(cycle: Cycle, amount: Money) -> String {
    match cycle {
        _ if amount.minor == 0 => "for ever".to_owned(),
        Cycle::Monthly => "per month".to_owned(),
        Cycle::Yearly => "per year".to_owned(),
    }
}
