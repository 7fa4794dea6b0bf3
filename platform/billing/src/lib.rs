//! Subscriptions: which tenant may use which product, and until when.
//!
//! What a subscription allows is never stored. [`kernel::Standing::access`] derives it from the facts that
//! [`standings`] reads and the present time, so that no job has to run for a trial or a paid period to end.
//!
//! | access | pages of the module | its API | its public pages |
//! |---|---|---|---|
//! | full, grace | read and change | read and change | up |
//! | read only | read and export; changes answer 402 `subscription_required` | the same | up |
//! | blocked | 402 | 402 | "temporarily unavailable" |
//!
//! Nothing is deleted on lapse, and other products of the tenant are not affected.
//!
//! Acts are methods of [`Billing`] on a connection of the platform inside a transaction. They are the same for the
//! tenant's pages, its API and the operators' console; an [`Act`] says who does it, when and why:
//!
//! ```ignore
//! let actor = Actor::operator(operator.id, &operator.name).request(&visit.request);
//! let act = Act::new(tenant, actor, now).because("Bank transfer of 3 March").based_on(Some(rev));
//! let mut tx = db.begin().await?;
//! billing.record_payment(tx.conn(), &act, subscription).await?;
//! tx.commit().await?;
//! ```
#![warn(missing_docs)]

mod actor;
mod acts;
mod api;
mod history;
mod letters;
pub mod metrics;
mod notices;
mod offers;
mod pages;
mod price;
pub mod profiles;
#[cfg(test)]
mod scenarios;
mod state;
mod status;
mod store;
mod subscription;
#[cfg(test)]
mod walk;
mod words;

use kernel::{Permission, Result, Role, Standing, TenantId};
use module::Routes;
use sqlx::PgConnection;

pub use actor::{Act, Actor};
pub use acts::{
    Activation, Cost, EVENTS, Outcome, Preview, PriceMigration, Shrink, SubscriptionChanged,
    start_trial,
};
pub use history::Event;
pub use price::{Cycle, PlanId, Price, PriceId, display};
pub use state::{Addressee, Addressees, Billing, Setup, Usage};
pub use status::{Trigger, next};
pub use subscription::{PAYMENT_TERM_DAYS, Pending, Plan, Proration, Subscription, Terms};
pub use words::{CancelReason, Collection, PendingKind};

kernel::id!(
    /// Identifies a subscription.
    SubscriptionId
);
kernel::id!(
    /// Names a product, as the catalogue does.
    ProductId
);

/// The migrations of this crate's tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What may be allowed around subscriptions.
pub static PERMISSIONS: &[Permission] = &[
    Permission {
        key: "billing.subscription.read",
        title: "See the subscription",
        roles: &[Role::Admin, Role::Manager, Role::Billing],
    },
    Permission {
        key: "billing.subscription.manage",
        title: "Choose plans, cancel, and change billing details",
        roles: &[Role::Billing],
    },
];

module::guard!(
    /// May see the subscription.
    ReadSubscription = "billing.subscription.read"
);
module::guard!(
    /// May choose plans, cancel, and change billing details.
    ManageSubscription = "billing.subscription.manage"
);

/// The facts that decide what a tenant may use: its newest subscription to each product.
///
/// # Errors
/// When the database cannot answer.
pub async fn standings(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Standing>> {
    let subscriptions = state::newest(conn, tenant).await?;
    Ok(subscriptions.iter().map(Subscription::standing).collect())
}

/// Pages and API of a tenant's host.
#[must_use]
pub fn tenant_routes() -> Routes {
    pages::routes().merge(api::routes().nest("/api/v1/billing"))
}
