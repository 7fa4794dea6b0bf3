//! What happened to subscriptions, as people read it.

use kernel::{Money, SubscriptionStatus, Timestamp};
use uuid::Uuid;

use crate::SubscriptionId;

/// A step in the life of a subscription. Nobody can change it afterwards.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// Whose step it is.
    pub subscription: SubscriptionId,
    /// What happened: `trial_started`, `plan_changed`.
    pub kind: String,
    /// Name of the product.
    pub product: String,
    /// State before; `None` at the beginning.
    pub from: Option<SubscriptionStatus>,
    /// State after.
    pub to: SubscriptionStatus,
    /// By how much the monthly recurring revenue changed, if it did.
    pub mrr_delta: Option<Money>,
    /// What brought it about: `sign_up`, `tenant`, `operator`, `time`.
    pub cause: String,
    /// Who: `member`, `operator` or `system`.
    pub actor_kind: String,
    /// Their name.
    pub actor: String,
    /// Why, in their words; may be empty.
    pub note: String,
    /// When it took effect.
    pub at: Timestamp,
}

impl Event {
    /// What happened, as the end of a sentence that begins with the product: "the trial began".
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.kind.as_str() {
            "trial_started" => "the trial began",
            "trial_extended" => "the trial was extended",
            "trial_ended" => "the trial ended",
            "activated" => "a plan began",
            "payment_recorded" => "a payment came in",
            "payment_missed" => "a payment was missed",
            "renewal_due" => "the next period fell due besides what was open",
            "debt_settled" => "what was open after the end was settled",
            "grace_ended" => "the time to pay ran out",
            "plan_changed" => "the plan was changed",
            "change_scheduled" => "a change of plan was planned",
            "change_withdrawn" => "the change of plan was taken back",
            "price_migration_scheduled" => "a new price was announced",
            "price_migration_withdrawn" => "the new price was taken back",
            "price_changed" => "the planned change took effect",
            "cancel_scheduled" => "it was cancelled for the end of the period",
            "resumed" => "the cancellation was taken back",
            "cancelled" => "it was cancelled",
            "period_ended" => "it ended with its period",
            other => return other.replace('_', " "),
        }
        .to_owned()
    }
}
