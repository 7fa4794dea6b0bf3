//! Applications: the programs of a tenant.

pub(crate) mod api;
pub(crate) mod pages;
pub(crate) mod store;

use database::Change;
use kernel::{Error, Fields, Page, PageRequest, Result, Timestamp};
use module::{ApplicationId, Ctx};
use serde::Serialize;
use tenant_resolver::TenantTx;

use crate::{Access, origins};

/// For how long public content may be kept unless an application says otherwise, in seconds.
pub(crate) const DEFAULT_CACHE: i32 = 60;
/// The longest that it may be kept, in seconds.
const LONGEST_CACHE: i32 = 86_400;

/// The states of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its keys work.
    Active,
    /// Its keys are refused until somebody enables it again.
    Disabled,
}

impl Status {
    /// Name as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// A program of the tenant.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Counts changes.
    pub rev: i64,
    /// Key of the product's module whose API it uses.
    pub product: String,
    /// Its name.
    pub name: String,
    /// Its name as programs write it.
    pub slug: String,
    /// State.
    pub status: Status,
    /// Origins whose scripts may read answers.
    pub allowed_origins: Vec<String>,
    /// For how many seconds anybody may keep public content that it reads.
    pub cache_seconds: i32,
    /// Its keys that are in use.
    pub keys: i64,
    /// When one of its keys was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its last change.
    pub updated_at: Timestamp,
}

/// What is said of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationInput {
    /// Key of the product's module; of a new one alone.
    pub product: String,
    /// Its name.
    pub name: String,
    /// Origins as people write them.
    pub allowed_origins: Vec<String>,
    /// Seconds; `None` for the default.
    pub cache_seconds: Option<i32>,
}

/// An input that keeps the rules.
pub(crate) struct Checked {
    name: String,
    slug: String,
    allowed_origins: Vec<String>,
    cache_seconds: i32,
}

impl ApplicationInput {
    fn check(&self, fields: &mut Fields) -> Checked {
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        fields
            .require("name", &name, "Give the application a name.")
            .check(
                name.chars().count() <= 80,
                "name",
                "too_long",
                "Use at most 80 characters.",
            );
        let slug = slug(&name);
        fields.check(
            name.is_empty() || !slug.is_empty(),
            "name",
            "invalid",
            "Use at least one letter from a to z, or a digit.",
        );
        let mut allowed_origins: Vec<String> = Vec::new();
        for text in self
            .allowed_origins
            .iter()
            .filter(|text| !text.trim().is_empty())
        {
            match origins::read(text) {
                Ok(origin) if allowed_origins.contains(&origin) => {}
                Ok(origin) => allowed_origins.push(origin),
                Err(error) => {
                    fields.push(error);
                }
            }
        }
        fields.check(
            allowed_origins.len() <= origins::MOST,
            "allowed_origins",
            "too_many",
            "Allow at most 50 origins.",
        );
        let cache_seconds = self.cache_seconds.unwrap_or(DEFAULT_CACHE);
        fields.check(
            (0..=LONGEST_CACHE).contains(&cache_seconds),
            "cache_seconds",
            "out_of_range",
            "Choose 0 to 86400 seconds, which is a day.",
        );
        Checked {
            name,
            slug,
            allowed_origins,
            cache_seconds,
        }
    }
}

/// A name as programs write it: small letters, digits and hyphens.
fn slug(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                ' '
            }
        })
        .collect();
    let mut slug = plain.split_whitespace().collect::<Vec<_>>().join("-");
    slug.truncate(60);
    slug.trim_end_matches('-').to_owned()
}

/// One part of the applications, by name.
///
/// # Errors
/// When the database cannot answer.
pub async fn list(tx: &mut TenantTx, ctx: &Ctx, request: PageRequest) -> Result<Page<Application>> {
    let found = store::list(tx, request, ctx.now()).await?;
    Ok(Page::cut(found, request, |application| kernel::Cursor {
        at: application.created_at,
        id: application.id.0,
    }))
}

/// An application.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(tx: &mut TenantTx, ctx: &Ctx, id: ApplicationId) -> Result<Application> {
    store::find(tx, id, ctx.now())
        .await?
        .ok_or(Error::NotFound("application"))
}

impl Access {
    /// Makes an application.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub async fn create_application(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        input: &ApplicationInput,
    ) -> Result<Application> {
        let mut fields = Fields::default();
        let checked = input.check(&mut fields);
        fields.check(
            self.product(&input.product).is_some(),
            "product",
            "invalid",
            "Choose one of the products.",
        );
        fields.finish()?;
        let id = ApplicationId::new();
        let maker = ctx.person()?.membership;
        store::insert(tx, id, &input.product, &checked, maker, ctx.now()).await?;
        ctx.audit("workspace.application.created")
            .on("application", id, &checked.name)
            .detail(serde_json::json!({
                "product": input.product, "origins": checked.allowed_origins,
            }))
            .write(tx)
            .await?;
        Change::Keys(tx.tenant()).announce(tx.conn()).await?;
        get(tx, ctx, id).await
    }

    /// Changes name, origins and caching. `based_on` is the revision that the person saw, if it is known.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::PreconditionFailed`].
    pub async fn update_application(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: ApplicationId,
        based_on: Option<i64>,
        input: &ApplicationInput,
    ) -> Result<Application> {
        let mut fields = Fields::default();
        let checked = input.check(&mut fields);
        fields.finish()?;
        let present = hold(tx, ctx, id, based_on).await?;
        let changes = changes(&present, &checked);
        if changes.is_empty() {
            return Ok(present);
        }
        store::update(tx, id, &checked, ctx.now()).await?;
        ctx.audit("workspace.application.changed")
            .on("application", id, &checked.name)
            .detail(serde_json::json!({ "changes": changes }))
            .write(tx)
            .await?;
        Change::Keys(tx.tenant()).announce(tx.conn()).await?;
        get(tx, ctx, id).await
    }

    /// Switches an application off, so that its keys are refused everywhere at once, or on again.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::PreconditionFailed`].
    pub async fn set_application_status(
        &self,
        tx: &mut TenantTx,
        ctx: &Ctx,
        id: ApplicationId,
        based_on: Option<i64>,
        status: Status,
    ) -> Result<Application> {
        let present = hold(tx, ctx, id, based_on).await?;
        if present.status == status {
            return Ok(present);
        }
        store::set_status(tx, id, status, ctx.now()).await?;
        let action = match status {
            Status::Active => "workspace.application.enabled",
            Status::Disabled => "workspace.application.disabled",
        };
        ctx.audit(action)
            .on("application", id, &present.name)
            .write(tx)
            .await?;
        Change::Keys(tx.tenant()).announce(tx.conn()).await?;
        get(tx, ctx, id).await
    }
}

/// Takes an application to change it or its keys, if the revision is still the one that the person saw.
pub(crate) async fn hold(
    tx: &mut TenantTx,
    ctx: &Ctx,
    id: ApplicationId,
    based_on: Option<i64>,
) -> Result<Application> {
    if !store::lock(tx, id).await? {
        return Err(Error::NotFound("application"));
    }
    let application = get(tx, ctx, id).await?;
    match based_on {
        Some(rev) if rev != application.rev => Err(Error::PreconditionFailed),
        _ => Ok(application),
    }
}

/// What changed, for the audit log.
fn changes(from: &Application, to: &Checked) -> serde_json::Map<String, serde_json::Value> {
    fn note<T: PartialEq + Serialize>(
        all: &mut serde_json::Map<String, serde_json::Value>,
        field: &str,
        from: &T,
        to: &T,
    ) {
        if from != to {
            let change = serde_json::json!({ "from": from, "to": to });
            all.insert(field.to_owned(), change);
        }
    }
    let mut all = serde_json::Map::new();
    note(&mut all, "name", &from.name, &to.name);
    note(
        &mut all,
        "origins",
        &from.allowed_origins,
        &to.allowed_origins,
    );
    note(
        &mut all,
        "cache_seconds",
        &from.cache_seconds,
        &to.cache_seconds,
    );
    all
}

/// What a second application of the same name is told.
pub(crate) fn name_taken() -> Error {
    kernel::FieldError::new(
        "name",
        "taken",
        "There is an application of that name. Choose another one.",
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_word_that_programs_write() {
        for (name, word) in [
            ("My site blog", "my-site-blog"),
            (" Shop — 2 ", "shop-2"),
            ("Ünïcode", "n-code"),
            ("愛", ""),
        ] {
            assert_eq!(slug(name), word, "{name}");
        }
        assert!(slug(&"ab ".repeat(40)).len() <= 60);
        assert!(!slug(&"ab ".repeat(40)).ends_with('-'));
    }

    #[test]
    fn all_broken_rules_are_named_at_once() {
        let input = ApplicationInput {
            name: " ".into(),
            allowed_origins: vec!["https://a.example".into(), "shop".into(), String::new()],
            cache_seconds: Some(-1),
            ..ApplicationInput::default()
        };
        let mut fields = Fields::default();
        let checked = input.check(&mut fields);
        assert_eq!(checked.allowed_origins, ["https://a.example"]);
        let error = fields.finish().unwrap_err();
        let named: Vec<&str> = error
            .field_errors()
            .iter()
            .map(|error| error.field.as_ref())
            .collect();
        assert_eq!(named, ["name", "allowed_origins", "cache_seconds"]);
    }
}
