//! The mails about a person's account. Links in them come from the configuration, never from a request.

use kernel::{Email, Error, OperatorRole, Result, Timestamp, Zone};
use messaging::{Brand, Letter};
use module::Links;
use sqlx::PgConnection;

use crate::account::Device;
use crate::dates;
use crate::{Secret, User};

/// The link that chooses a new password.
pub(crate) async fn password_reset(
    conn: &mut PgConnection,
    links: &Links,
    user: &User,
    secret: &Secret,
    now: Timestamp,
) -> Result<()> {
    let link = links.base(&format!("/reset/{}", secret.as_str()));
    letter("accounts.password_reset", "Choose a new password", links, user)?
        .preheader("The link works once, for 30 minutes.")
        .paragraph(format!(
            "Hello {}, somebody asked to choose a new password for your account. If it was you, go on here.",
            user.name
        ))
        .button("Choose a new password", link)
        .fine_print(
            "The link works once, for 30 minutes. If you did not ask for it, do nothing: your password stays as it is.",
        )
        .send(conn, None, now)
        .await?;
    Ok(())
}

/// Says that the password was changed, so that an owner who did not do it can act.
pub(crate) async fn password_changed(
    conn: &mut PgConnection,
    links: &Links,
    user: &User,
    device: Device<'_>,
    now: Timestamp,
) -> Result<()> {
    let zone = Zone::named(&user.time_zone).unwrap_or(Zone::UTC);
    letter("accounts.password_changed", "Your password was changed", links, user)?
        .paragraph(format!(
            "Hello {}, the password of your account was changed. You are signed out everywhere else.",
            user.name
        ))
        .fact("When", dates::exact(now, &user.locale, &zone))
        .fact("Device", device.name())
        .fact("Network address", device.ip.to_string())
        .paragraph("If it was not you, choose a new password now: whoever has the present one is signed out by that.")
        .button("Choose a new password", links.base("/recover"))
        .send(conn, None, now)
        .await?;
    Ok(())
}

/// Says that somebody is an operator now, and how to enter.
pub(crate) async fn operator_added(
    conn: &mut PgConnection,
    links: &Links,
    user: &User,
    role: OperatorRole,
    secret: Option<&Secret>,
    now: Timestamp,
) -> Result<()> {
    let letter = letter(
        "accounts.operator_added",
        "You are an operator of Atelier",
        links,
        user,
    )?
    .paragraph(format!(
        "Hello {}, you may now work at the operator console.",
        user.name
    ))
    .fact("Console", links.ops("/"))
    .fact("Role", role.title());
    let letter = match secret {
        Some(secret) => letter
            .paragraph("Choose a password first, then log in at the console with it.")
            .button("Choose a password", links.base(&format!("/reset/{}", secret.as_str())))
            .fine_print("The link works once, for 30 minutes. A new one is to be had from \u{201c}Forgot your password?\u{201d}."),
        None => letter
            .paragraph("Log in there with the password that you have.")
            .button("Open the console", links.ops("/")),
    };
    letter.send(conn, None, now).await?;
    Ok(())
}

fn letter(template: &'static str, subject: &str, links: &Links, user: &User) -> Result<Letter> {
    let email = Email::parse(&user.email).map_err(Error::from)?;
    Ok(Letter::new(template, subject)
        .to(&email, &user.name)
        .brand(Brand::platform(links.host())))
}
