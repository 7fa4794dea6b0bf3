//! Whom invoices are made out to, and where they go: one profile for each tenant.

mod store;

use kernel::{Email, Error, Fields, Result, TenantId, Timestamp};
use sqlx::PgConnection;

use crate::Act;

/// Whom a tenant's invoices are made out to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name of the business.
    pub legal_name: String,
    /// Where invoices and notices go.
    pub billing_email: String,
    /// Postal address, line by line.
    pub address: String,
    /// Country as two letters (ISO 3166-1).
    pub country: Option<String>,
    /// Tax number, as it shall stand on invoices.
    pub tax_id: Option<String>,
    /// Counts changes.
    pub rev: i64,
    /// Its last change.
    pub updated_at: Timestamp,
}

/// What is entered of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileInput {
    /// Name of the business.
    pub legal_name: String,
    /// Where invoices and notices go.
    pub billing_email: String,
    /// Postal address, line by line.
    pub address: String,
    /// Country as two letters; `None` when it is not said.
    pub country: Option<String>,
    /// Tax number.
    pub tax_id: Option<String>,
}

impl From<Profile> for ProfileInput {
    fn from(profile: Profile) -> Self {
        Self {
            legal_name: profile.legal_name,
            billing_email: profile.billing_email,
            address: profile.address,
            country: profile.country,
            tax_id: profile.tax_id,
        }
    }
}

impl ProfileInput {
    fn check(mut self) -> Result<Self> {
        let tidy = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        let name = std::mem::take(&mut self.legal_name);
        name.trim().clone_into(&mut self.legal_name);
        let lines = self.address.replace("\r\n", "\n");
        lines.trim().clone_into(&mut self.address);
        self.country = tidy(self.country).map(|country| country.to_uppercase());
        self.tax_id = tidy(self.tax_id);
        let mut fields = Fields::default();
        fields.require(
            "legal_name",
            &self.legal_name,
            "Enter the name that invoices are made out to.",
        );
        fields.check(
            self.legal_name.chars().count() <= 200 && plain(&self.legal_name),
            "legal_name",
            "too_long",
            "Use at most 200 characters on one line.",
        );
        if let Some(email) = fields.take(Email::parse(self.billing_email.trim()).map_err(|error| {
            kernel::FieldError {
                field: "billing_email".into(),
                ..error
            }
        })) {
            email.as_str().clone_into(&mut self.billing_email);
        }
        fields.require("address", &self.address, "Enter the address for invoices.");
        fields.check(
            self.address.chars().count() <= 1_000 && !self.address.contains('\0'),
            "address",
            "too_long",
            "Use at most 1,000 characters.",
        );
        let two_letters = |country: &String| {
            country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
        };
        fields.check(
            self.country.as_ref().is_none_or(two_letters),
            "country",
            "invalid",
            "Enter the country as two letters, such as DE.",
        );
        fields.check(
            self.tax_id
                .as_ref()
                .is_none_or(|id| id.chars().count() <= 40 && plain(id)),
            "tax_id",
            "too_long",
            "Use at most 40 characters on one line.",
        );
        fields.finish()?;
        Ok(self)
    }
}

fn plain(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// The tenant's profile, if it has one.
///
/// # Errors
/// When the database cannot answer.
pub async fn find(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<Profile>> {
    store::find(conn, tenant).await
}

/// Writes the profile: the first one when `act` is based on no revision or on 0, otherwise over that.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::PreconditionFailed`] when it has changed in the meantime.
pub async fn save(conn: &mut PgConnection, act: &Act, input: ProfileInput) -> Result<Profile> {
    let input = input.check()?;
    let before = store::find(conn, act.tenant).await?;
    if before.clone().map(ProfileInput::from).as_ref() == Some(&input)
        && let Some(before) = before
        && act.based_on.unwrap_or_default() == before.rev
    {
        return Ok(before);
    }
    let written = match act.based_on {
        None | Some(0) => store::insert(conn, act.tenant, &input, act.now).await?,
        Some(rev) => store::update(conn, act.tenant, rev, &input, act.now).await?,
    };
    if !written {
        return Err(Error::PreconditionFailed);
    }
    act.actor
        .audit("billing.details.changed", act.now)
        .on("billing details", act.tenant, input.legal_name.clone())
        .write_for(conn, act.tenant)
        .await?;
    store::find(conn, act.tenant)
        .await?
        .ok_or(Error::NotFound("profile"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ProfileInput {
        ProfileInput {
            legal_name: " Northlight GmbH ".into(),
            billing_email: "books@northlight.example".into(),
            address: "Kai 1\r\n20457 Hamburg".into(),
            country: Some("de".into()),
            tax_id: Some("  ".into()),
        }
    }

    #[test]
    fn what_is_entered_is_tidied() {
        let tidy = input().check().unwrap();
        assert_eq!(tidy.legal_name, "Northlight GmbH");
        assert_eq!(tidy.address, "Kai 1\n20457 Hamburg");
        assert_eq!(tidy.country.as_deref(), Some("DE"));
        assert_eq!(tidy.tax_id, None);
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let field = |input: ProfileInput| match input.check() {
            Err(Error::Invalid(fields)) => fields[0].field.to_string(),
            other => panic!("{other:?}"),
        };
        let with = |change: fn(&mut ProfileInput)| {
            let mut changed = input();
            change(&mut changed);
            field(changed)
        };
        assert_eq!(with(|input| input.legal_name.clear()), "legal_name");
        assert_eq!(
            with(|input| input.legal_name.push_str("\nKai 1")),
            "legal_name"
        );
        assert_eq!(
            with(|input| input.billing_email = "nobody".into()),
            "billing_email"
        );
        assert_eq!(with(|input| input.address.clear()), "address");
        assert_eq!(
            with(|input| input.country = Some("Germany".into())),
            "country"
        );
        assert_eq!(with(|input| input.tax_id = Some("1".repeat(41))), "tax_id");
    }
}
