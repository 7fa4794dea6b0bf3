//! The comparison of plans, and the choice of one with what it brings.

use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use kernel::{Error, FieldError, SubscriptionStatus};
use maud::{Markup, html};
use module::extract::{Form, Query};
use module::{Allowed, Ctx, Routes};
use serde::Deserialize;
use ui::table::{head, table};
use ui::{Card, Page, Tone, banner, definition_list, error_summary, field, link_button, submit};

use super::words::{day, terms};
use super::{MANAGE, PATH, PLANS, Pairs, details, done, rev, value};
use crate::acts::{Outcome, Preview, Shrink};
use crate::offers::{self, Entitled, Offer, OfferedPlan};
use crate::price::{Cycle, Price, PriceId, display};
use crate::profiles::{self, ProfileInput};
use crate::subscription::Subscription;
use crate::{Act, Billing, ManageSubscription, ReadSubscription};

const CHOOSE: &str = "/app/billing/choose";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(PLANS, plans)
        .get(CHOOSE, consider)
        .post(CHOOSE, choose)
}

#[derive(Debug, Deserialize)]
struct View {
    #[serde(default)]
    cycle: String,
}

async fn plans(
    ctx: Allowed<ReadSubscription>,
    Extension(billing): Extension<Billing>,
    Query(view): Query<View>,
) -> module::Result<Page> {
    let mut conn = billing.db().pool().acquire().await?;
    let offers = offers::list(&mut conn, ctx.now()).await?;
    let subscriptions = billing.subscriptions(&mut conn, ctx.tenant().id).await?;
    drop(conn);
    let mut live = Vec::new();
    for subscription in &subscriptions {
        let now = subscription.at(ctx.now())?;
        if now.is_live() {
            live.push(now);
        }
    }
    let yearly = live
        .iter()
        .any(|one| one.price.is_some_and(|price| price.cycle == Cycle::Yearly));
    let cycle = match view.cycle.as_str() {
        "yearly" => Cycle::Yearly,
        "monthly" => Cycle::Monthly,
        _ if yearly => Cycle::Yearly,
        _ => Cycle::Monthly,
    };
    let tab = |label: &str, of: Cycle| {
        ui::Tab::new(label, format!("{PLANS}?cycle={}", of.as_str()), cycle == of)
    };
    let body = html! {
        div.stack {
            div { (ui::segmented("Pay", &[tab("Monthly", Cycle::Monthly), tab("Yearly", Cycle::Yearly)], None)) }
            @for offer in &offers {
                @let own = live.iter().find(|one| one.plan.product == offer.product);
                (product(&ctx, &billing, offer, own, cycle))
            }
        }
    };
    Ok(Page::new("Plans")
        .crumb("Billing", PATH)
        .lead("Prices do not include tax. Change or cancel at any time.")
        .body(body))
}

fn product(
    ctx: &Ctx,
    billing: &Billing,
    offer: &Offer,
    own: Option<&Subscription>,
    cycle: Cycle,
) -> Markup {
    let currency = offers::currency(own, ctx.tenant().currency);
    let cards: Vec<ui::Plan> = offer
        .plans
        .iter()
        .filter_map(|plan| {
            // A plan that costs nothing has one price, whatever the cycle.
            let free = || {
                plan.price(Cycle::Monthly, currency)
                    .filter(|price| price.amount.minor == 0)
            };
            let price = plan.price(cycle, currency).or_else(free)?;
            Some(card(ctx, plan, price, own))
        })
        .collect();
    let mut keys: Vec<&str> = offer
        .plans
        .iter()
        .flat_map(|plan| plan.entitled.iter().map(|of| of.key.as_str()))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let names = html! {
        (head("What you get"))
        @for plan in &offer.plans { (head(&plan.plan.name)) }
    };
    let rows = html! {
        @for key in keys {
            tr {
                td { (billing.title_of(key)) }
                @for plan in &offer.plans {
                    td { (Entitled::in_words(plan.entitled.iter().find(|of| of.key == key))) }
                }
            }
        }
    };
    html! {
        section.stack {
            div { h2 { (offer.name) } p.hint { (offer.description) } }
            (ui::plans(&cards))
            (Card::new(table(&format!("Limits of {}", offer.name), &names, &rows)).title("Compare").flush())
        }
    }
}

fn card(ctx: &Ctx, plan: &OfferedPlan, price: &Price, own: Option<&Subscription>) -> ui::Plan {
    let on = own.filter(|own| own.plan.id == plan.plan.id);
    let same = on.is_some_and(|own| own.price.is_some_and(|of| of.cycle == price.cycle));
    let trying = on.is_some_and(|own| own.status == SubscriptionStatus::Trialing);
    let waits = own.is_some_and(|own| {
        own.pending
            .as_ref()
            .is_some_and(|pending| pending.terms.price.id == price.id)
    });
    let free = price.amount.minor == 0;
    let address = format!("{CHOOSE}?price={}", price.id);
    let label = match own {
        Some(own) if own.status == SubscriptionStatus::Active => "Change to this plan",
        _ => "Choose this plan",
    };
    let action = if same || waits {
        html! { p.hint { @if same { "This is what you have." } @else { "You change to it with the end of the period." } } }
    } else if ctx.may(MANAGE) {
        html! { (link_button(label, address).full()) }
    } else {
        html! { p.hint { "Somebody who looks after billing can choose it." } }
    };
    ui::Plan {
        name: plan.plan.name.clone(),
        text: plan.description.clone(),
        price: if free {
            "Free".to_owned()
        } else {
            display(price.amount)
        },
        period: if free {
            "for ever".to_owned()
        } else {
            price.cycle.per().to_owned()
        },
        features: plan.features.clone(),
        action,
        mark: if trying {
            Some("In your trial".to_owned())
        } else {
            on.map(|_| "Your plan".to_owned())
        },
    }
}

#[derive(Debug, Deserialize)]
struct Chosen {
    price: Option<PriceId>,
}

async fn consider(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Query(chosen): Query<Chosen>,
) -> module::Result<Response> {
    let Some(price) = chosen.price else {
        return Ok(Redirect::to(PLANS).into_response());
    };
    let input = ProfileInput {
        legal_name: ctx.tenant().name.clone(),
        billing_email: ctx
            .visitor()
            .map_or_else(String::new, |person| person.email.clone()),
        ..ProfileInput::default()
    };
    shown(&ctx, &billing, price, &input, &[]).await
}

/// The page of a choice, or the way back when it is none.
async fn shown(
    ctx: &Ctx,
    billing: &Billing,
    price: PriceId,
    input: &ProfileInput,
    errors: &[FieldError],
) -> module::Result<Response> {
    let tenant = ctx.tenant().id;
    let mut conn = billing.db().pool().acquire().await?;
    let preview = match billing.preview(&mut conn, tenant, price, ctx.now()).await {
        Ok(preview) => preview,
        Err(Error::Conflict { message, .. }) => return Ok(done(PATH, &message)?),
        Err(error) => return Err(error.into()),
    };
    let known = profiles::find(&mut conn, tenant).await?.is_some();
    drop(conn);
    Ok(page(ctx, &preview, known, input, errors).into_response())
}

fn page(
    ctx: &Ctx,
    preview: &Preview,
    profile_known: bool,
    input: &ProfileInput,
    errors: &[FieldError],
) -> Page {
    let free = preview.terms.is_free();
    let changes = preview
        .subscription
        .as_ref()
        .is_some_and(|own| own.status == SubscriptionStatus::Active);
    let title = if changes {
        format!("Change to {}", preview.terms.plan.name)
    } else {
        format!("Choose {}", preview.terms.plan.name)
    };
    let exceeds = preview.shrinks.iter().any(Shrink::exceeds);
    let confirm = match preview.outcome {
        Outcome::At(_) => "Change with the end of the period".to_owned(),
        Outcome::Now if changes => "Change now".to_owned(),
        Outcome::Now if free => "Start with the free plan".to_owned(),
        Outcome::Now => "Order by invoice".to_owned(),
    };
    let body = html! {
        (error_summary(errors))
        form.stack method="post" action=(CHOOSE) {
            input type="hidden" name="price" value=(preview.terms.price.id);
            @if let Some(own) = &preview.subscription { input type="hidden" name="rev" value=(own.rev); }
            (Card::new(summary(ctx, preview)).title("What happens"))
            @if !preview.shrinks.is_empty() {
                (Card::new(html! {
                    ul.rows { @for shrink in &preview.shrinks { li { div.row-main { span { (shrink.title) } small { (shrink.in_words()) } } } } }
                    @if exceeds { div.stack {
                        (banner(Tone::Warn, "What exceeds the smaller plan is kept and can be read. Nothing more can be added until it fits.", None))
                        (field::checkbox("acknowledged", "I know that this plan has less room", false).errors(errors))
                    } }
                }).title("The plan allows less"))
            }
            @if !free && !profile_known {
                (Card::new(html! { input type="hidden" name="details" value="true"; (details::fields(input, errors)) })
                    .title("Billing details").note("whom the invoice is made out to"))
            }
            div.actions { (submit(confirm).primary()) (link_button("Back to the plans", PLANS)) }
        }
    };
    Page::new(title)
        .crumb("Billing", PATH)
        .crumb("Plans", PLANS)
        .body(body)
        .narrow()
        .status(if errors.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        })
}

fn summary(ctx: &Ctx, preview: &Preview) -> Markup {
    let name = &preview.terms.plan.product_name;
    let when = match preview.outcome {
        Outcome::Now => "At once".to_owned(),
        Outcome::At(at) => day(ctx, at),
    };
    let mut facts = vec![
        ("Product", html! { (name) }),
        ("Plan", html! { (terms(&preview.terms)) }),
        ("From", html! { (when) }),
    ];
    if let Some(start) = preview.starts_at.filter(|start| *start > ctx.now()) {
        facts.push(("First paid day", html! { (day(ctx, start)) }));
    }
    for cost in &preview.costs {
        facts.push((cost.text.as_str(), html! { (display(cost.amount)) }));
    }
    let due = preview.due.map(|(due, by)| (display(due), day(ctx, by)));
    if let Some((due, by)) = &due {
        facts.push(("To pay", html! { strong { (due) } ", by " (by) }));
    }
    let sentence = match (preview.outcome, &due) {
        (Outcome::At(at), _) => format!(
            "Until {} everything stays as it is. You can take the change back until then.",
            day(ctx, at)
        ),
        (Outcome::Now, Some(_)) => {
            "The plan is active at once. We send the invoice with our bank details by e-mail."
                .to_owned()
        }
        (Outcome::Now, None) => {
            "The plan is active at once, and there is nothing to pay now.".to_owned()
        }
    };
    html! {
        div.stack { (definition_list(&facts)) p.hint { (sentence) } }
    }
}

async fn choose(
    ctx: Allowed<ManageSubscription>,
    Extension(billing): Extension<Billing>,
    Form(pairs): Form<Pairs>,
) -> module::Result<Response> {
    let price: PriceId = value(&pairs, "price")
        .parse()
        .map_err(|_| FieldError::new("price", "required", "Choose a plan."))?;
    let input = details::read(&pairs);
    let act = Act::of(&ctx)?;
    let mut tx = billing.db().begin().await?;
    let chosen = async {
        if !value(&pairs, "details").is_empty() {
            profiles::save(tx.conn(), &act, input.clone()).await?;
        }
        let acknowledged = value(&pairs, "acknowledged") == "true";
        let act = act.based_on(rev(&pairs));
        billing.choose(tx.conn(), &act, price, acknowledged).await
    };
    match chosen.await {
        Ok((after, outcome)) => {
            tx.commit().await?;
            let text = match outcome {
                Outcome::Now => format!("Your plan is {} now.", after.plan.name),
                Outcome::At(at) => format!("Your plan changes on {}.", day(&ctx, at)),
            };
            Ok(done(PATH, &text)?)
        }
        Err(Error::Invalid(errors)) => {
            drop(tx);
            shown(&ctx, &billing, price, &input, &errors).await
        }
        Err(Error::Conflict {
            code: "billing_profile_missing",
            message,
        }) => {
            drop(tx);
            let errors = [FieldError::new("legal_name", "required", message)];
            shown(&ctx, &billing, price, &input, &errors).await
        }
        Err(error) => Err(error.into()),
    }
}
