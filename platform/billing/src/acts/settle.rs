//! What time brings about. Access follows from the dates alone; this writes down what has become of them, and sends the
//! notices that are due.

use kernel::{Result, Timestamp};
use sqlx::PgConnection;

use super::Step;
use crate::letters::Invoice;
use crate::notices::{Notice, NoticeKind};
use crate::subscription::{Moment, Subscription};
use crate::{Act, Actor, Billing, store};

/// Subscriptions looked at in one pass.
const BATCH: u32 = 500;

impl Moment {
    fn step(self) -> Step {
        let (kind, action) = match self {
            Self::PeriodEnds => ("period_ended", "billing.subscription.ended"),
            Self::TrialEnds => ("trial_ended", "billing.trial.ended"),
            Self::PendingApplies => ("price_changed", "billing.plan.changed"),
            Self::RenewalDue => ("renewal_due", "billing.renewal.due"),
            Self::PaymentMissed => ("payment_missed", "billing.payment.missed"),
            Self::GraceEnds => ("grace_ended", "billing.grace.ended"),
        };
        Step { kind, action }
    }
}

impl Subscription {
    /// The subscription as it is at `now`, when everything has happened whose time has come.
    pub(crate) fn at(&self, now: Timestamp) -> Result<Self> {
        let mut current = self.clone();
        while let Some((at, moment)) = current.next_moment().filter(|(at, _)| *at <= now) {
            current.happen(moment, at)?;
        }
        Ok(current)
    }

    /// When the platform has to look at it again after `now`.
    pub(crate) fn attend_at(&self, now: Timestamp) -> Option<Timestamp> {
        let moment = self.next_moment().map(|(at, _)| at);
        let notices = self.notices().into_iter().map(|notice| notice.at);
        let coming = notices.filter(|at| *at > now);
        moment.into_iter().chain(coming).min()
    }
}

impl Billing {
    /// Writes everything whose time has come, in its order, and sends what is due.
    pub(super) async fn settle(
        &self,
        conn: &mut PgConnection,
        found: Subscription,
        now: Timestamp,
    ) -> Result<Subscription> {
        let act = Act::new(found.tenant, Actor::system(), now);
        let mut current = found;
        while let Some((at, moment)) = current.next_moment().filter(|(at, _)| *at <= now) {
            let mut after = current.clone();
            after.happen(moment, at)?;
            current = self
                .write(conn, &act, moment.step(), at, Some(&current), after)
                .await?;
        }
        self.give_notice(conn, &act, &current).await?;
        Ok(current)
    }

    /// Sends the notices that are due. When several of a kind are, because nobody looked for a while, the last counts.
    async fn give_notice(
        &self,
        conn: &mut PgConnection,
        act: &Act,
        of: &Subscription,
    ) -> Result<()> {
        let due = of
            .notices()
            .into_iter()
            .filter(|notice| notice.at <= act.now);
        let Some(Notice { kind, about, .. }) = due.max_by_key(|notice| notice.at) else {
            return Ok(());
        };
        if !of.is_live() && superseded(conn, of).await? {
            return Ok(());
        }
        if store::claim_notice(conn, of, kind.as_str(), about, act.now).await? {
            self.send(conn, act, of, |to, of| kind.letter(to, of))
                .await?;
            if kind == NoticeKind::RenewalComing
                && let Some(invoice) = Invoice::renewal(of)?
            {
                self.tell_operators(conn, act, &invoice).await?;
            }
        }
        Ok(())
    }

    /// Looks at every subscription whose time has come. Each is settled in a transaction of its own, so that one that
    /// fails keeps none of the others; returns how many were.
    ///
    /// # Errors
    /// The first failure, after all others were looked at: the job then comes back.
    pub async fn attend(&self, now: Timestamp) -> Result<u64> {
        let mut settled = 0;
        let mut failed = None;
        loop {
            let mut conn = self.db().pool().acquire().await?;
            let waiting = store::to_attend(&mut conn, now, i64::from(BATCH)).await?;
            drop(conn);
            let before = settled;
            for (tenant, id) in &waiting {
                let act = Act::new(*tenant, Actor::system(), now);
                let mut tx = self.db().begin().await?;
                let done = async {
                    let current = self.hold(tx.conn(), &act, *id).await?;
                    store::set_attend_at(tx.conn(), &current, current.attend_at(now)).await
                };
                match done.await {
                    Ok(()) => {
                        tx.commit().await?;
                        settled += 1;
                    }
                    Err(error) => {
                        tracing::error!(%error, subscription = %id, "a subscription could not be settled");
                        failed = Some(error);
                    }
                }
            }
            if settled == before || settled - before < u64::from(BATCH) {
                break;
            }
        }
        failed.map_or(Ok(settled), Err)
    }
}

/// Whether the tenant has subscribed to the product again.
async fn superseded(conn: &mut PgConnection, of: &Subscription) -> Result<bool> {
    let all = store::list(conn, of.tenant, None).await?;
    Ok(all
        .iter()
        .any(|one| one.plan.product == of.plan.product && one.created_at > of.created_at))
}
