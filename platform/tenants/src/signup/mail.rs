//! The mails of the sign-up.

use accounts::Secret;
use kernel::{Email, Slug};
use messaging::{Brand, Letter};
use module::Links;

/// The link that confirms a sign-up. Who has an account already is told so: the page in the browser must not.
pub(super) fn confirm(
    links: &Links,
    email: &Email,
    name: &str,
    slug: &Slug,
    secret: &Secret,
    known: bool,
) -> Letter {
    let url = links.base(&format!("/signup/confirm/{}", secret.as_str()));
    let letter = Letter::new("tenants.signup_confirm", format!("Confirm {name}"))
        .to(email, "")
        .brand(Brand::platform(links.host()));
    let letter = if known {
        letter
            .preheader("You have an account already: one more workspace waits for you.")
            .paragraph(format!(
                "Somebody, most likely you, asked for the workspace {name}. You have an account with this address \
                 already, so the workspace will be added to it. Your password stays as it is."
            ))
            .button("Add the workspace", url)
    } else {
        letter
            .preheader("One step is left: confirm your address.")
            .paragraph(format!(
                "Welcome. One step is left: confirm that this address is yours, and {name} is open."
            ))
            .button("Confirm and open", url)
    };
    letter
        .fact("Workspace", name)
        .fact("Address", links.tenant_host(slug.as_str()))
        .fine_print("The link works once, for 24 hours.")
        .fine_print("If you did not ask for this, do nothing: nothing is opened without the link.")
}

/// Says hello, and where everything is.
pub(super) fn welcome(
    links: &Links,
    email: &Email,
    person: &str,
    name: &str,
    slug: &str,
) -> Letter {
    Letter::new("tenants.welcome", format!("{name} is open"))
        .to(email, person)
        .brand(Brand::platform(links.host()))
        .preheader("Where to find your workspace, and what to do first.")
        .paragraph(format!("{name} is ready. This is where you find it:"))
        .button("Open the workspace", links.tenant(slug, "/app"))
        .fact("Address", links.tenant_host(slug))
        .paragraph("Good first steps: choose your colour and logo in the settings, and invite the people you work with.")
        .fine_print("You get this mail because you opened a workspace with this address.")
}
