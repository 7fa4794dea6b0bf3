//! What every workspace has in the platform's pages, whatever it subscribes to.

use kernel::PageRequest;
use module::{Ctx, HomeCard, OnboardingStep, SlotFuture, Slots};
use ui::{Row, rows};

use crate::respond::moment;
use crate::{audit, members};

/// Most entries of the card on the home page.
const ENTRIES: i64 = 5;

/// Adds the first steps of a new workspace, and what happened lately.
pub fn fill(slots: &mut Slots) {
    slots.onboarding(steps).home_card(activity);
}

/// What people did last, for those who may read the audit log.
fn activity(ctx: &Ctx) -> SlotFuture<'_, Option<HomeCard>> {
    Box::pin(async move {
        if !ctx.may("workspace.audit.read") {
            return Ok(None);
        }
        let page = PageRequest {
            limit: ENTRIES,
            after: None,
        };
        let mut tx = ctx.begin().await?;
        let entries = audit::list(&mut tx, &audit::Filter::default(), page).await?;
        drop(tx);
        if entries.items.is_empty() {
            return Ok(None);
        }
        let list: Vec<Row> = entries
            .items
            .iter()
            .map(|entry| {
                Row::new(entry.sentence())
                    .lead(ui::avatar(&entry.actor_name))
                    .href(format!("/app/audit/{}", entry.id))
                    .note(moment(entry.at, &ctx.tenant().zone))
            })
            .collect();
        Ok(Some(HomeCard {
            title: "Recent activity".into(),
            more: Some(("Audit log", "/app/audit".into())),
            body: rows(&list),
        }))
    })
}

fn steps(ctx: &Ctx) -> SlotFuture<'_, Vec<OnboardingStep>> {
    Box::pin(async move {
        let tenant = ctx.tenant();
        let branded = tenant.logo.is_some() || tenant.brand != ui::color::DEFAULT_BRAND;
        let mut tx = ctx.begin().await?;
        let company = members::store::has_company(&mut tx).await?;
        Ok(vec![
            OnboardingStep {
                title: "Choose your colour and logo",
                help: "Your public pages, mails and buttons carry them.",
                href: "/app/settings/brand",
                done: branded,
            },
            OnboardingStep {
                title: "Invite a colleague",
                help: "They see and do only what their role allows.",
                href: "/app/people/invite",
                done: company,
            },
        ])
    })
}
