//! Making and changing plans.

use kernel::{ConstraintExt as _, Error, FieldError, Fields, Result, Slug, Timestamp};
use module::{Entitlement, EntitlementKind};
use serde::Deserialize;
use sqlx::PgConnection;

use super::store;
use crate::{PlanId, ProductId};

/// What a plan's form says. Amounts of entitlements come beside it, by their keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlanForm {
    /// Name within the product, for programs; cannot be changed later.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// For whom it is.
    pub description: String,
    /// Days of trial.
    pub trial_days: String,
    /// Its place among the plans.
    pub sort: String,
    /// Lines for the price page, one on each line.
    pub features: String,
    /// Whether the price page offers it.
    pub is_public: String,
}

/// A plan's form, understood.
pub(super) struct Checked {
    pub slug: String,
    pub name: String,
    pub description: String,
    pub trial_days: i32,
    pub sort: i32,
    pub features: Vec<String>,
    pub is_public: bool,
    /// Key, type as stored, value.
    pub entitlements: Vec<(&'static str, &'static str, Option<i64>)>,
}

impl PlanForm {
    fn check(
        &self,
        amounts: &dyn Fn(&str) -> Option<String>,
        declared: &[Entitlement],
    ) -> Result<Checked> {
        let (name, description) = (self.name.trim(), self.description.trim());
        let features: Vec<String> = self
            .features
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        let mut fields = Fields::default();
        fields
            .require("name", name, "Give the plan a name.")
            .check(
                name.chars().count() <= 60,
                "name",
                "too_long",
                "Use at most 60 characters.",
            )
            .check(
                description.chars().count() <= 300,
                "description",
                "too_long",
                "Use at most 300 characters.",
            )
            .check(
                features.len() <= 20 && features.iter().all(|line| line.chars().count() <= 120),
                "features",
                "too_long",
                "Use at most 20 lines of 120 characters.",
            );
        let trial_days = fields.take(whole(
            "trial_days",
            &self.trial_days,
            0..=365,
            "Enter days from 0 to 365.",
        ));
        let sort = fields.take(whole(
            "sort",
            &self.sort,
            0..=1000,
            "Enter a number from 0 to 1000.",
        ));
        let mut entitlements = Vec::new();
        for entitlement in declared {
            let text = amounts(entitlement.key).unwrap_or_default();
            let value = match entitlement.kind {
                EntitlementKind::Switch => Ok(Some(i64::from(!text.trim().is_empty()))),
                EntitlementKind::Count | EntitlementKind::Bytes if text.trim().is_empty() => {
                    Ok(None)
                }
                EntitlementKind::Count | EntitlementKind::Bytes => text
                    .trim()
                    .parse::<i64>()
                    .ok()
                    .filter(|value| *value >= 0)
                    .map(Some)
                    .ok_or_else(|| {
                        FieldError::new(
                            entitlement.key,
                            "invalid",
                            "Enter a whole number, or nothing for no limit.",
                        )
                    }),
            };
            if let Some(value) = fields.take(value) {
                entitlements.push((entitlement.key, crate::kind_name(entitlement.kind), value));
            }
        }
        fields.finish()?;
        Ok(Checked {
            slug: self.slug.trim().to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            trial_days: trial_days.unwrap_or_default(),
            sort: sort.unwrap_or_default(),
            features,
            is_public: !self.is_public.is_empty(),
            entitlements,
        })
    }
}

fn whole(
    field: &'static str,
    text: &str,
    range: std::ops::RangeInclusive<i32>,
    message: &'static str,
) -> Result<i32, FieldError> {
    text.trim()
        .parse::<i32>()
        .ok()
        .filter(|value| range.contains(value))
        .ok_or_else(|| FieldError::new(field, "invalid", message))
}

/// Makes a plan that is not on sale yet. `amounts` gives what the form says of an entitlement.
///
/// # Errors
/// [`Error::Invalid`] for the fields of [`PlanForm`] and the keys of `declared`.
pub async fn create_plan(
    conn: &mut PgConnection,
    product: ProductId,
    form: &PlanForm,
    amounts: &(dyn Fn(&str) -> Option<String> + Sync),
    declared: &[Entitlement],
    now: Timestamp,
) -> Result<PlanId> {
    let mut checked = form.check(amounts, declared)?;
    checked.slug = Slug::parse(&checked.slug)
        .map_err(|error| FieldError {
            field: "slug".into(),
            ..error
        })?
        .to_string();
    let id = PlanId::new();
    store::insert_plan(conn, product, id, &checked, now)
        .await
        .on_constraint("plans_product_id_slug_key", || {
            FieldError::new(
                "slug",
                "taken",
                "Another plan of this product has this name.",
            )
        })?;
    for (key, kind, value) in &checked.entitlements {
        store::set_entitlement(conn, id, key, kind, *value).await?;
    }
    Ok(id)
}

/// Changes what a plan says and allows. Its prices are versions of their own; its name for programs stays.
///
/// # Errors
/// As [`create_plan`]; [`Error::PreconditionFailed`] when somebody else changed it since `based_on`.
pub async fn edit_plan(
    conn: &mut PgConnection,
    id: PlanId,
    based_on: i64,
    form: &PlanForm,
    amounts: &(dyn Fn(&str) -> Option<String> + Sync),
    declared: &[Entitlement],
) -> Result<()> {
    let checked = form.check(amounts, declared)?;
    if !store::update_plan(conn, id, based_on, &checked).await? {
        return Err(Error::PreconditionFailed);
    }
    for (key, kind, value) in &checked.entitlements {
        store::set_entitlement(conn, id, key, kind, *value).await?;
    }
    super::announce(conn).await
}
