//! The general settings.

use axum::Extension;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use kernel::{Currency, Error, FieldError};
use maud::{Markup, html};
use module::extract::Form;
use module::{Allowed, Ctx, Routes};
use serde::Deserialize;
use ui::field::{self, Choice};
use ui::{Page, Tab, form_section, save_bar, submit, tabs};

use super::GeneralForm;
use crate::Tenants;
use crate::guards::{ReadSettings, UpdateSettings};
use crate::respond::{done, encode};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/app/settings", show)
        .post("/app/settings", save)
        .post("/app/settings/address", rename)
}

/// The sections of the settings, as tabs; `current` is the one that is open.
#[must_use]
pub fn sections(ctx: &Ctx, current: &str) -> Markup {
    let mut all = vec![
        Tab::new("General", "/app/settings", current == "general"),
        Tab::new("Brand", "/app/settings/brand", current == "brand"),
    ];
    if ctx.may("workspace.guests.manage") {
        all.push(Tab::new(
            "Guests",
            "/app/settings/guests",
            current == "guests",
        ));
    }
    if ctx.may("workspace.applications.read") {
        all.push(Tab::new(
            "Applications",
            "/app/settings/applications",
            current == "applications",
        ));
    }
    if ctx.may("workspace.audit.read") {
        all.push(Tab::new("Audit log", "/app/audit", current == "audit"));
    }
    tabs("Settings", &all)
}

async fn show(ctx: Allowed<ReadSettings>) -> Page {
    let tenant = ctx.tenant();
    let form = GeneralForm {
        name: tenant.name.clone(),
        time_zone: tenant.zone.name().to_owned(),
        currency: tenant.currency.code().to_owned(),
        locale: tenant.locale.clone(),
    };
    page(&ctx, &form, &tenant.slug, &[])
}

fn page(ctx: &Ctx, form: &GeneralForm, slug: &str, errors: &[FieldError]) -> Page {
    let may = ctx.may("workspace.settings.update");
    let zones = zones().into_iter().map(|zone| {
        let label = zone.replace('_', " ");
        Choice::new(zone, label)
    });
    let currencies = Currency::ALL
        .into_iter()
        .map(|currency| Choice::new(currency.code(), currency.code()));
    let locales = accounts::LOCALES
        .iter()
        .map(|(tag, name)| Choice::new(*tag, *name));
    let links = ctx.app().links();
    Page::new("Settings")
        .lead("What this workspace is called, where it stands, and how it writes times and money.")
        .body(html! {
            (sections(ctx, "general"))
            (ui::error_summary(errors))
            form method="post" action="/app/settings" data-dirty {
                (form_section("Workspace", "Shown to everybody who works here, on public pages and in mails.", &html! {
                    (field::text("name", "Name").value(&form.name).max_length(80).required().disabled(!may).errors(errors))
                }))
                (form_section("Formats", "Days begin and end, and appointments are kept, in this time zone.", &html! {
                    (field::select("time_zone", "Time zone", zones.collect()).value(&form.time_zone).disabled(!may).errors(errors))
                    (field::select("currency", "Currency", currencies.collect()).value(&form.currency).disabled(!may)
                        .help("For what you bill from now on. What was billed keeps its currency.").errors(errors))
                    (field::select("locale", "Language and formats", locales.collect()).value(&form.locale).disabled(!may).errors(errors))
                }))
                @if may { (save_bar("Save")) }
            }
            @if may {
                form method="post" action="/app/settings/address" {
                    (form_section("Address", "Links to the old address lead to the new one for 90 days. Nobody else can take it for 180 days.", &html! {
                        (field::slug("slug", "Address").value(slug).suffix(links.tenant_suffix()).max_length(40).required().errors(errors)
                            .help("Everybody who is signed in goes on at the new address."))
                        div { (submit("Change the address")) }
                    }))
                }
            }
        })
}

async fn save(
    ctx: Allowed<UpdateSettings>,
    Extension(tenants): Extension<Tenants>,
    Form(form): Form<GeneralForm>,
) -> module::Result<Response> {
    let mut tx = ctx.begin().await?;
    match tenants.save_general(&mut tx, &ctx, &form).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(done("/app/settings", "The settings are saved."))
        }
        Err(Error::Invalid(errors)) => Ok(page(&ctx, &form, &ctx.tenant().slug, &errors)
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .into_response()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
struct AddressForm {
    slug: String,
}

async fn rename(
    ctx: Allowed<UpdateSettings>,
    Extension(tenants): Extension<Tenants>,
    Form(form): Form<AddressForm>,
) -> module::Result<Response> {
    match tenants.rename(&ctx, &form.slug).await {
        // The session belongs to the old host: the way in leads through the base host once more.
        Ok(slug) => {
            let start = format!("/auth/start?next={}", encode("/app/settings"));
            let address = ctx.app().links().tenant(slug.as_str(), &start);
            Ok(Redirect::to(&address).into_response())
        }
        Err(Error::Invalid(errors)) => {
            let tenant = ctx.tenant();
            let general = GeneralForm {
                name: tenant.name.clone(),
                time_zone: tenant.zone.name().to_owned(),
                currency: tenant.currency.code().to_owned(),
                locale: tenant.locale.clone(),
            };
            Ok(page(&ctx, &general, &form.slug, &errors)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The zones that people live in, by name.
fn zones() -> Vec<String> {
    let mut zones: Vec<String> = jiff::tz::db()
        .available()
        .map(|zone| zone.as_str().to_owned())
        .filter(|zone| {
            zone == "UTC"
                || (zone.contains('/')
                    && !["Etc/", "SystemV/", "posix/", "right/", "US/"]
                        .iter()
                        .any(|prefix| zone.starts_with(prefix)))
        })
        .collect();
    zones.sort();
    zones.dedup();
    zones
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_of_zones_has_places_and_no_technicalities() {
        let zones = super::zones();
        for zone in ["Europe/Berlin", "Asia/Dhaka", "America/New_York", "UTC"] {
            assert!(zones.iter().any(|found| found == zone), "{zone}");
        }
        assert!(!zones.iter().any(|zone| zone.starts_with("Etc/")));
    }
}
