//! The first page of the console.

use axum::Extension;
use kernel::Money;
use maud::{Markup, html};
use module::{Operating, Routes, rank};
use ui::chart::{self, Chart};
use ui::table::{head, number_head, table_with_foot};
use ui::{Card, Empty, Page, Row, Stat, Tone, Trend, badge, icons, more_link, rows};

use super::{DAYS, Figures, figures};
use crate::Console;
use crate::health::{self, Health};
use crate::respond::{amounts, count};

pub(crate) fn routes() -> Routes {
    Routes::new().get("/", overview)
}

async fn overview(
    ctx: Operating<rank::Reader>,
    Extension(console): Extension<Console>,
) -> module::Result<Page> {
    let mut conn = console.read().await?;
    let figures = figures(&mut conn, ctx.now).await?;
    let health = health::look(&mut conn, ctx.now).await?;
    drop(conn);
    Ok(Page::new("Overview")
        .lead("Subscriptions, revenue and sign-ups. Days and months are those of UTC.")
        .body(html! {
            div.grid {
                (stats(&figures))
                (revenue(&figures))
                (sign_ups(&figures))
                (by_plan(&figures))
                (attention(&figures, &health))
            }
        }))
}

fn stats(figures: &Figures) -> Markup {
    let news: i64 = figures.sign_ups.iter().map(|(_, number)| number).sum();
    let difference = news - figures.sign_ups_before;
    let trend = match difference {
        0 => Trend::Flat,
        up if up > 0 => Trend::Up,
        _ => Trend::Down,
    };
    let points: Vec<i64> = figures.sign_ups.iter().map(|(_, number)| *number).collect();
    let revenue: Vec<i64> = figures.revenue.iter().map(|(_, minor)| *minor).collect();
    html! {
        (Stat::new("Active", figures.active.to_string()).note("subscriptions in force").href("/subscriptions?status=active"))
        (Stat::new("Trialing", figures.trialing.to_string()).note("trials that run").href("/tenants?status=trialing"))
        (Stat::new("MRR", amounts(&figures.mrr)).note("trials not counted").points(&revenue).href("/subscriptions?status=paying"))
        (Stat::new("Sign-ups", news.to_string()).trend(trend, difference.abs().to_string())
            .note(format!("vs the {DAYS} days before")).points(&points).href("/tenants?sort=since&dir=desc"))
    }
}

fn revenue(figures: &Figures) -> Markup {
    let Some(leading) = figures.mrr.iter().max_by_key(|amount| amount.minor) else {
        return html! {
            (Card::new(html! {
                (Empty::new(icons::LuChartLine, "No revenue yet", "It appears here with the first subscription that somebody pays for."))
            }).title("Monthly recurring revenue").span(7))
        };
    };
    let labels: Vec<&str> = figures
        .revenue
        .iter()
        .map(|(month, _)| month.as_str())
        .collect();
    let values: Vec<i64> = figures.revenue.iter().map(|(_, minor)| *minor).collect();
    let currency = leading.currency;
    let title = format!("Monthly recurring revenue in {currency}, by month");
    let chart = Chart {
        id: "revenue",
        title: &title,
        axis: "Month",
        labels: &labels,
        series: ("MRR", &values),
        compare: None,
        format: &|minor| catalog::display(Money::new(minor, currency)),
    };
    html! {
        (Card::new(chart::area(&chart)).title("Monthly recurring revenue").note(currency.code())
            .actions(more_link("Subscriptions", "/subscriptions?status=paying")).span(7))
    }
}

/// What each plan brings, which leads to those who pay for it.
fn by_plan(figures: &Figures) -> Markup {
    html! {
        @if !figures.by_plan.is_empty() {
            (Card::new(table_with_foot("Monthly recurring revenue by plan",
                &html! { (head("Plan")) (number_head("Subscriptions")) (number_head("MRR")) },
                &html! { @for of in &figures.by_plan {
                    tr data-row {
                        td { a.link href={ "/subscriptions?status=paying&plan=" (of.plan) } { (of.name) } }
                        td.number { (of.count) }
                        td.number { (catalog::display(of.mrr)) }
                    }
                } },
                &html! { tr {
                    th scope="row" { "All plans" }
                    td.number { (figures.by_plan.iter().map(|of| of.count).sum::<i64>()) }
                    td.number { (amounts(&figures.mrr)) }
                } }))
                .title("Monthly recurring revenue by plan").flush().span(12))
        }
    }
}

fn sign_ups(figures: &Figures) -> Markup {
    let labels: Vec<String> = figures
        .sign_ups
        .iter()
        .map(|(day, _)| day.get(5..).unwrap_or(day).to_owned())
        .collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let values: Vec<i64> = figures.sign_ups.iter().map(|(_, number)| *number).collect();
    let chart = Chart {
        id: "sign-ups",
        title: "Confirmed sign-ups by day",
        axis: "Day",
        labels: &labels,
        series: ("Sign-ups", &values),
        compare: None,
        format: &|number| number.to_string(),
    };
    let busy: Vec<(&str, i64)> = figures
        .sign_ups
        .iter()
        .rev()
        .filter(|(_, number)| *number > 0)
        .take(3)
        .map(|(day, number)| (day.as_str(), *number))
        .collect();
    html! {
        (Card::new(chart::bars(&chart)).title("Sign-ups by day").span(5).footer(html! {
            p {
                @if busy.is_empty() { span.muted { "Nobody signed up in these days." } }
                @for (at, (day, number)) in busy.iter().enumerate() {
                    @if at > 0 { ", " }
                    a.link href={ "/tenants?since=" (day) } { (number) " on " (day) }
                }
            }
        }))
    }
}

/// What somebody should look at.
fn attention(figures: &Figures, health: &Health) -> Markup {
    let state = |number: i64, bad: Tone, clear: &str| {
        if number == 0 {
            badge(Tone::Ok, clear)
        } else {
            badge(bad, &number.to_string())
        }
    };
    let late = health.late_events();
    html! {
        (Card::new(rows(&[
            Row::new("Payments that are late").href("/tenants?status=past_due").note("past due or unpaid").end(state(figures.late, Tone::Warn, "None")),
            Row::new("Suspended workspaces").href("/tenants?status=suspended").note(count(figures.tenants, "workspace in use", "workspaces in use")).end(state(figures.suspended, Tone::Warn, "None")),
            Row::new("Dead jobs").href("/jobs?state=dead").note("given up after their last attempt").end(state(health.dead_jobs, Tone::Bad, "None")),
            Row::new("Events that wait").href("/events?state=late").note("not handed to their subscribers for a minute or more").end(state(late, Tone::Bad, "None")),
            Row::new("Mail that was given up").href("/mail?state=stuck").note("refused for good, or tried too often").end(state(health.stuck_mail, Tone::Bad, "None")),
        ])).title("Needs attention").flush().span(12))
    }
}
