//! What the API says and takes: bodies of their own, so that it stays when the tables change.

use kernel::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::acts::{Outcome, Preview};
use crate::offers::{Offer, OfferedPlan};
use crate::price::{PlanId, Price, PriceId};
use crate::profiles::{Profile, ProfileInput};
use crate::subscription::{Pending, Subscription};
use crate::words::CancelReason;
use crate::{Billing, Event, SubscriptionId};

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// The amount in major units, as a decimal: `19.00`.
    amount: String,
    /// Currency of ISO 4217.
    currency: &'static str,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            amount: money.decimal().to_string(),
            currency: money.currency.code(),
        }
    }
}

/// A price.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceBody {
    /// Its id.
    id: PriceId,
    /// How often it is due: `monthly` or `yearly`.
    cycle: &'static str,
    /// How much each time, without tax.
    amount: Amount,
}

impl From<Price> for PriceBody {
    fn from(price: Price) -> Self {
        Self {
            id: price.id,
            cycle: price.cycle.as_str(),
            amount: price.amount.into(),
        }
    }
}

/// A plan that takes over later.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingBody {
    /// The plan.
    plan_id: PlanId,
    /// Its name.
    plan: String,
    /// The price.
    price: PriceBody,
    /// When it takes over.
    at: Timestamp,
    /// Why: `change` when somebody of the workspace chose it, `migration` when the platform announced it.
    kind: &'static str,
}

impl From<Pending> for PendingBody {
    fn from(pending: Pending) -> Self {
        Self {
            plan_id: pending.terms.plan.id,
            plan: pending.terms.plan.name,
            price: pending.terms.price.into(),
            at: pending.at,
            kind: pending.kind.as_str(),
        }
    }
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionBody {
    /// Its id.
    id: SubscriptionId,
    /// Counts changes; the `ETag` of the subscription, for `If-Match`.
    rev: i64,
    /// Key of the module that it unlocks.
    module: String,
    /// Name of the product.
    product: String,
    /// The plan.
    plan_id: PlanId,
    /// Its name.
    plan: String,
    /// The price; null during a trial.
    price: Option<PriceBody>,
    /// How many of the plan.
    quantity: i32,
    /// `trialing`, `active`, `past_due`, `unpaid`, `paused`, `cancelled`, `expired`, `incomplete` or
    /// `incomplete_expired`.
    status: &'static str,
    /// What it allows now: `full`, `grace`, `read_only` or `blocked`.
    access: &'static str,
    /// Who collects: `manual` (by invoice), `free` or `stripe`.
    collection: &'static str,
    /// End of the trial.
    trial_end: Option<Timestamp>,
    /// Beginning of the period.
    period_start: Option<Timestamp>,
    /// End of the period.
    period_end: Option<Timestamp>,
    /// What is open.
    due: Option<Amount>,
    /// By when the next payment must have come.
    payment_due_at: Option<Timestamp>,
    /// Until when a missed payment is forgiven.
    grace_until: Option<Timestamp>,
    /// Until when it can be read after it has lapsed.
    read_only_until: Option<Timestamp>,
    /// Whether it ends with the period.
    cancel_at_period_end: bool,
    /// When it ended.
    ended_at: Option<Timestamp>,
    /// A plan that takes over later.
    pending: Option<PendingBody>,
    /// When it began.
    created_at: Timestamp,
}

impl SubscriptionBody {
    /// `of` as it is at `now`.
    pub fn of(of: Subscription, now: Timestamp) -> Self {
        Self {
            id: of.id,
            rev: of.rev,
            access: of.access(now).as_str(),
            module: of.plan.module,
            product: of.plan.product_name,
            plan_id: of.plan.id,
            plan: of.plan.name,
            price: of.price.map(PriceBody::from),
            quantity: of.quantity,
            status: of.status.as_str(),
            collection: of.collection.as_str(),
            trial_end: of.trial_end,
            period_start: of.period_start,
            period_end: of.period_end,
            due: of.due.map(Amount::from),
            payment_due_at: of.payment_due_at,
            grace_until: of.grace_until,
            read_only_until: of.read_only_until,
            cancel_at_period_end: of.cancel_at_period_end,
            ended_at: of.ended_at,
            pending: of.pending.map(PendingBody::from),
            created_at: of.created_at,
        }
    }
}

/// The subscriptions of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionList {
    /// By product, the living one first, then the newest.
    pub data: Vec<SubscriptionBody>,
}

/// The plans that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanList {
    /// By product, the smallest plan first.
    pub data: Vec<PlanBody>,
}

/// A plan on sale.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanBody {
    /// Its id.
    id: PlanId,
    /// Key of the module that its product unlocks.
    module: String,
    /// Name of the product.
    product: String,
    /// Its name.
    name: String,
    /// For whom it is.
    description: String,
    /// What it has to offer, in words.
    features: Vec<String>,
    /// What it allows.
    entitlements: Vec<EntitlementBody>,
    /// Its prices in force.
    prices: Vec<PriceBody>,
}

/// What a plan allows of something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntitlementBody {
    /// Its key.
    key: String,
    /// Its name.
    title: String,
    /// The most there may be; null for no limit. A switch is 0 or 1.
    value: Option<i64>,
}

impl PlanList {
    pub fn of(offers: Vec<Offer>, billing: &Billing) -> Self {
        let plans = offers.into_iter().flat_map(|offer| offer.plans);
        Self {
            data: plans.map(|plan| PlanBody::of(plan, billing)).collect(),
        }
    }
}

impl PlanBody {
    fn of(of: OfferedPlan, billing: &Billing) -> Self {
        Self {
            id: of.plan.id,
            module: of.plan.module,
            product: of.plan.product_name,
            name: of.plan.name,
            description: of.description,
            features: of.features,
            entitlements: of
                .entitled
                .into_iter()
                .map(|entitled| EntitlementBody {
                    title: billing.title_of(&entitled.key),
                    key: entitled.key,
                    value: entitled.value,
                })
                .collect(),
            prices: of.prices.into_iter().map(PriceBody::from).collect(),
        }
    }
}

/// What a choice would bring.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangePreview)]
pub(crate) struct PreviewBody {
    /// The subscription that it changes; null when it begins one.
    subscription: Option<SubscriptionId>,
    /// Revision of that subscription.
    rev: Option<i64>,
    /// Name of the plan.
    plan: String,
    /// The price.
    price: PriceBody,
    /// When it takes effect; null for at once.
    effective_at: Option<Timestamp>,
    /// What it costs now, line by line; what is given back is negative.
    lines: Vec<LineBody>,
    /// What is open after it.
    due: Option<Amount>,
    /// By when that has to be paid.
    due_at: Option<Timestamp>,
    /// What is due for each period from then on.
    each_period: Amount,
    /// What the plan allows less of than the one in force.
    shrinks: Vec<ShrinkBody>,
    /// Whether the choice has to be acknowledged, because more is in use than the plan allows.
    needs_acknowledgement: bool,
}

/// A line of what a choice costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeLine)]
pub(crate) struct LineBody {
    /// What it is for.
    text: String,
    /// How much.
    amount: Amount,
}

/// Something that a plan allows less of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShrinkBody {
    /// Key of the entitlement.
    key: String,
    /// Its name.
    title: String,
    /// The most there may be then.
    limit: i64,
    /// What is in use, where that is known.
    used: Option<i64>,
}

impl From<Preview> for PreviewBody {
    fn from(preview: Preview) -> Self {
        let (due, due_at) = preview.due.unzip();
        Self {
            needs_acknowledgement: preview.shrinks.iter().any(crate::Shrink::exceeds),
            rev: preview.subscription.as_ref().map(|of| of.rev),
            subscription: preview.subscription.map(|of| of.id),
            plan: preview.terms.plan.name,
            price: preview.terms.price.into(),
            effective_at: match preview.outcome {
                Outcome::Now => None,
                Outcome::At(at) => Some(at),
            },
            lines: preview
                .costs
                .into_iter()
                .map(|cost| LineBody {
                    text: cost.text,
                    amount: cost.amount.into(),
                })
                .collect(),
            due: due.map(Amount::from),
            due_at,
            each_period: preview.each_period.into(),
            shrinks: preview
                .shrinks
                .into_iter()
                .map(|shrink| ShrinkBody {
                    key: shrink.key,
                    title: shrink.title,
                    limit: shrink.limit,
                    used: shrink.used,
                })
                .collect(),
        }
    }
}

/// A step in the life of a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventBody {
    /// Its id.
    id: Uuid,
    /// Whose step it is.
    subscription: SubscriptionId,
    /// What happened: `trial_started`, `activated`, `plan_changed`, `payment_recorded` and others.
    kind: String,
    /// State before; null at the beginning.
    from_status: Option<&'static str>,
    /// State after.
    to_status: &'static str,
    /// Who: `member`, `operator` or `system`.
    actor_kind: String,
    /// Their name.
    actor: String,
    /// Why, in their words.
    note: String,
    /// When it took effect.
    at: Timestamp,
}

impl From<Event> for EventBody {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            subscription: event.subscription,
            kind: event.kind,
            from_status: event.from.map(kernel::SubscriptionStatus::as_str),
            to_status: event.to.as_str(),
            actor_kind: event.actor_kind,
            actor: event.actor,
            note: event.note,
            at: event.at,
        }
    }
}

/// One part of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventList {
    /// The steps, the newest first.
    pub data: Vec<EventBody>,
    /// Cursor of the next part; null at the end.
    pub next_cursor: Option<String>,
}

/// Which plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    /// Id of the price, from the list of plans.
    pub price: PriceId,
    /// That the workspace knows what the plan has no room for.
    #[serde(default)]
    pub acknowledged: bool,
}

/// When a subscription ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// With its period.
    PeriodEnd,
    /// At once; this cannot be taken back.
    Now,
}

/// The end of a subscription.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancel {
    /// When.
    pub at: When,
    /// Why.
    pub reason: CancelReason,
    /// More about it, at most 1,000 characters.
    #[serde(default)]
    pub comment: Option<String>,
}

/// Whom invoices are made out to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetailsBody {
    /// Counts changes; the `ETag`, for `If-Match`. 0 while nothing was entered.
    pub rev: i64,
    /// Name of the business.
    legal_name: String,
    /// Where invoices and notices go.
    billing_email: String,
    /// Postal address, line by line.
    address: String,
    /// Country as two letters (ISO 3166-1).
    country: Option<String>,
    /// Tax number.
    tax_id: Option<String>,
}

impl DetailsBody {
    pub fn of(profile: Option<Profile>) -> Self {
        let rev = profile.as_ref().map_or(0, |profile| profile.rev);
        let input = profile.map(ProfileInput::from).unwrap_or_default();
        Self {
            rev,
            legal_name: input.legal_name,
            billing_email: input.billing_email,
            address: input.address,
            country: input.country,
            tax_id: input.tax_id,
        }
    }
}

/// Whom invoices are to be made out to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Details {
    /// Name of the business, at most 200 characters.
    legal_name: String,
    /// Where invoices and notices go.
    billing_email: String,
    /// Postal address, line by line, at most 1,000 characters.
    address: String,
    /// Country as two letters (ISO 3166-1).
    #[serde(default)]
    country: Option<String>,
    /// Tax number, at most 40 characters.
    #[serde(default)]
    tax_id: Option<String>,
}

impl From<Details> for ProfileInput {
    fn from(details: Details) -> Self {
        Self {
            legal_name: details.legal_name,
            billing_email: details.billing_email,
            address: details.address,
            country: details.country,
            tax_id: details.tax_id,
        }
    }
}
