//! The first steps of a new workspace, for the checklist on its home page.

use module::{Ctx, OnboardingStep, SlotFuture, Slots};

use crate::members;

/// Adds the steps that every workspace has, whatever it subscribes to.
pub fn fill(slots: &mut Slots) {
    slots.onboarding(steps);
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
