//! The staff's home: what is going on, and the first steps of a new tenant.

use std::time::Duration;

use axum::Extension;
use maud::{Markup, html};
use module::{Ctx, HomeCard, Member, OnboardingStep, Routes, SlotFuture, Slots};
use ui::{Card, CheckItem, Empty, Page, checklist, error_card, icons, more_link};

/// How long a card may take. A slow one leaves a note in its place.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// The route of the home page.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/app", home)
}

async fn home(ctx: Member, Extension(slots): Extension<Slots>) -> module::Result<Page> {
    let (steps, figures, cards) = tokio::join!(
        steps(&ctx, &slots),
        gather(&ctx, &slots.figures),
        cards(&ctx, &slots)
    );
    let first_name = ctx
        .person()?
        .name
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned();
    let open = steps.iter().filter(|step| !step.done).count();
    let body = html! {
        @if open > 0 { (onboarding(&steps, open)) }
        @if !figures.is_empty() { div.grid { @for figure in figures { (figure) } } }
        @if cards.is_empty() {
            (Card::new(html! { (Empty::new(icons::LuSparkles, "Nothing to show yet", "As soon as there is work in your workspace, it is summed up here.")) }))
        } @else {
            div.cards { @for card in cards { (card) } }
        }
    };
    let greeting = if first_name.is_empty() {
        "Home".to_owned()
    } else {
        format!("{}, {first_name}", greeting(&ctx))
    };
    Ok(Page::new("Home")
        .document_title("Home")
        .lead(greeting)
        .body(body))
}

/// A word for the time of day where the tenant is.
fn greeting(ctx: &Ctx) -> &'static str {
    match ctx.now().in_zone(&ctx.tenant().zone).hour() {
        5..12 => "Good morning",
        12..18 => "Good afternoon",
        _ => "Good evening",
    }
}

fn onboarding(steps: &[OnboardingStep], open: usize) -> Markup {
    let done = steps.len() - open;
    let items: Vec<CheckItem> = steps
        .iter()
        .map(|step| CheckItem {
            label: step.title.to_owned(),
            note: step.help.to_owned(),
            href: step.href.to_owned(),
            done: step.done,
        })
        .collect();
    html! {
        div.grid { div.c12 {
            (Card::new(checklist(&items)).title("Set up your studio").note(format!("{done} of {} done", steps.len())))
        } }
    }
}

/// Something that a module has several of for the home page.
type Source<T> = for<'a> fn(&'a Ctx) -> SlotFuture<'a, Vec<T>>;

/// What several sources have, one after the other. A source that fails or takes too long is left out.
async fn gather<T>(ctx: &Ctx, sources: &[Source<T>]) -> Vec<T> {
    let asked = sources
        .iter()
        .map(|source| tokio::time::timeout(PATIENCE, source(ctx)));
    let found = futures::future::join_all(asked).await;
    found
        .into_iter()
        .filter_map(|things| match things {
            Ok(Ok(things)) => Some(things),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a source of the home page failed");
                None
            }
            Err(_) => {
                tracing::warn!("a source of the home page took too long");
                None
            }
        })
        .flatten()
        .collect()
}

async fn steps(ctx: &Ctx, slots: &Slots) -> Vec<OnboardingStep> {
    if !ctx.may("workspace.settings.update") {
        return Vec::new();
    }
    gather(ctx, &slots.onboarding).await
}

async fn cards(ctx: &Ctx, slots: &Slots) -> Vec<Markup> {
    let sources = slots
        .home
        .iter()
        .map(|source| tokio::time::timeout(PATIENCE, source(ctx)));
    let found = futures::future::join_all(sources).await;
    found
        .into_iter()
        .filter_map(|card| match card {
            Ok(Ok(card)) => card.map(draw),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a card of the home page failed");
                Some(error_card("Could not load", "/app"))
            }
            Err(_) => Some(error_card("This took too long", "/app")),
        })
        .collect()
}

fn draw(card: HomeCard) -> Markup {
    let mut shown = Card::new(card.body).title(card.title);
    if let Some((label, href)) = card.more {
        shown = shown.actions(more_link(label, &href));
    }
    html! { (shown) }
}
