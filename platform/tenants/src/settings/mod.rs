//! What a tenant says of itself: name, address, formats, colour and logo.

pub(crate) mod brand_pages;
mod logo;
pub(crate) mod pages;
mod store;

use std::time::Duration;

use accounts::limits::Limit;
use database::Change;
use kernel::{Currency, Error, FieldError, Fields, Result, Slug, Zone};
use module::Ctx;
use serde::Deserialize;
use tenant_resolver::TenantTx;

use crate::theme;
use crate::{Tenants, signup};

/// How long a former address forwards to the present one.
pub const REDIRECT: Duration = Duration::from_hours(90 * 24);
/// How long nobody else may take a former address: links to it, and mails from it, must not mislead.
pub const QUARANTINE: Duration = Duration::from_hours(180 * 24);
/// Changes of address of one tenant: each keeps an address from everybody else for half a year.
const RENAMES: Limit = Limit::new("tenant.rename", 3, Duration::from_hours(30 * 24));

/// What the general form sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GeneralForm {
    /// Name of the workspace.
    pub name: String,
    /// IANA name of its zone.
    pub time_zone: String,
    /// ISO 4217 code of the currency it bills in.
    pub currency: String,
    /// Language tag of its public pages and mails.
    pub locale: String,
}

impl Tenants {
    /// Changes name, zone, currency and language.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub async fn save_general(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        form: &GeneralForm,
    ) -> Result<()> {
        let mut fields = Fields::default();
        signup::check_name(&mut fields, &form.name);
        fields.check(
            Zone::named(&form.time_zone).is_some(),
            "time_zone",
            "invalid",
            "Choose a time zone from the list.",
        );
        fields.take(Currency::parse(&form.currency));
        fields.check(
            accounts::LOCALES.iter().any(|(tag, _)| *tag == form.locale),
            "locale",
            "invalid",
            "Choose a language from the list.",
        );
        fields.finish()?;
        let tenant = ctx.tenant();
        let name = form.name.trim();
        let changes = changes(&[
            ("name", &tenant.name, name),
            ("time_zone", tenant.zone.name(), &form.time_zone),
            ("currency", tenant.currency.code(), &form.currency),
            ("locale", &tenant.locale, &form.locale),
        ]);
        if changes.is_empty() {
            return Ok(());
        }
        store::save_general(tx, name, form, ctx.now()).await?;
        ctx.audit("workspace.settings.changed")
            .on("workspace", tenant.id, name)
            .detail(serde_json::json!({ "changes": changes }))
            .write(tx)
            .await?;
        Change::Tenant(tenant.id).announce(tx.conn()).await
    }

    /// Moves the workspace to another address. The former one forwards for a while and stays barred for longer.
    ///
    /// Runs as the platform: addresses are decided over all tenants.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that cannot be had; [`Error::TooMany`].
    pub async fn rename(&self, ctx: &Ctx, address: &str) -> Result<Slug> {
        let tenant = ctx.tenant();
        let slug = signup::read_address(address)?;
        if slug.as_str() == tenant.slug {
            return Err(FieldError::new(
                "slug",
                "same",
                "That is the address you have. Choose another one.",
            )
            .into());
        }
        self.count(RENAMES, &tenant.id.to_string(), ctx.now())
            .await?;
        let now = ctx.now();
        let mut tx = self.db().begin().await?;
        let former = store::lock_slug(tx.conn(), tenant.id)
            .await?
            .ok_or(Error::NotFound("workspace"))?;
        signup::release_expired(tx.conn(), &slug, now).await?;
        signup::retire(
            tx.conn(),
            tenant.id,
            &former,
            now.plus(REDIRECT),
            now.plus(QUARANTINE),
        )
        .await?;
        signup::claim(tx.conn(), tenant.id, &slug, None, now).await?;
        store::set_slug(tx.conn(), tenant.id, &slug, now).await?;
        ctx.audit("workspace.address.changed")
            .on("workspace", tenant.id, &tenant.name)
            .detail(
                serde_json::json!({ "changes": changes(&[("address", &former, slug.as_str())]) }),
            )
            .write_for(tx.conn(), tenant.id)
            .await?;
        Change::Tenant(tenant.id).announce(tx.conn()).await?;
        tx.commit().await?;
        Ok(slug)
    }

    /// Changes the brand colour.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no colour.
    pub async fn save_colour(&self, tx: &mut TenantTx, ctx: &Ctx, colour: &str) -> Result<()> {
        let colour = read_colour(colour)?;
        let tenant = ctx.tenant();
        if colour == tenant.brand {
            return Ok(());
        }
        store::save_colour(tx, &colour, ctx.now()).await?;
        ctx.audit("workspace.brand.changed")
            .on("workspace", tenant.id, &tenant.name)
            .detail(
                serde_json::json!({ "changes": changes(&[("colour", &tenant.brand, &colour)]) }),
            )
            .write(tx)
            .await?;
        Change::Tenant(tenant.id).announce(tx.conn()).await
    }

    /// Replaces the logo by a picture that somebody sent.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the field `logo` when the picture cannot be used.
    pub async fn save_logo(&self, tx: &mut TenantTx, ctx: &Ctx, bytes: Vec<u8>) -> Result<()> {
        let logo = logo::encode(bytes).await?;
        theme::upsert_logo(tx, &logo, ctx.now()).await?;
        self.note_logo(tx, ctx, "workspace.logo.changed").await
    }

    /// Removes the logo.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_logo(&self, tx: &mut TenantTx, ctx: &Ctx) -> Result<()> {
        if theme::delete_logo(tx).await? {
            self.note_logo(tx, ctx, "workspace.logo.removed").await?;
        }
        Ok(())
    }

    async fn note_logo(&self, tx: &mut TenantTx, ctx: &Ctx, action: &'static str) -> Result<()> {
        let tenant = ctx.tenant();
        ctx.audit(action)
            .on("workspace", tenant.id, &tenant.name)
            .write(tx)
            .await?;
        Change::Tenant(tenant.id).announce(tx.conn()).await
    }
}

/// Reads a colour as `#rrggbb` in small letters.
pub(crate) fn read_colour(text: &str) -> Result<String, FieldError> {
    ui::color::Rgb::parse(text)
        .map(|colour| colour.to_string())
        .ok_or_else(|| {
            FieldError::new(
                "brand",
                "invalid",
                "Enter a colour as # and six digits, such as #3f51d9.",
            )
        })
}

/// What changed, for the audit log: `{ "name": { "from": .., "to": .. } }`.
fn changes(values: &[(&str, &str, &str)]) -> serde_json::Map<String, serde_json::Value> {
    values
        .iter()
        .filter(|(_, from, to)| from != to)
        .map(|(field, from, to)| {
            (
                (*field).to_owned(),
                serde_json::json!({ "from": from, "to": to }),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_one_way_to_be_written() {
        assert_eq!(read_colour(" #C2410C ").unwrap(), "#c2410c");
        assert_eq!(read_colour("c2410c").unwrap(), "#c2410c");
        for bad in ["", "#fff", "red", "#c2410c;}", "#gggggg"] {
            assert!(read_colour(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_changed_is_noted() {
        let changes = changes(&[("name", "A", "B"), ("locale", "en", "en")]);
        assert_eq!(
            serde_json::Value::Object(changes),
            serde_json::json!({ "name": { "from": "A", "to": "B" } })
        );
    }
}
