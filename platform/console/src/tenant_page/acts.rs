//! What operators do to a tenant. Each act is one transaction: the change, its record, its mail.

use accounts::Act;
use axum::Extension;
use axum::response::{IntoResponse, Response};
use catalog::overrides::{self, Grant, NewOverride, OverrideId};
use kernel::{Access, Error, FieldError, TenantId};
use module::extract::{Form, Path};
use module::{Operating, OpsCtx, Result, Routes, rank};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;

use super::{pages, store};
use crate::Console;
use crate::ask::Reason;
use crate::respond::{done, midnight, refused_with};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/tenants/{id}/suspend", suspend)
        .post("/tenants/{id}/restore", restore)
        .post("/tenants/{id}/overrides", grant)
        .post("/tenants/{id}/overrides/{override}/revoke", revoke)
}

/// After an act: back to the tenant with a message, or the tenant's page again with what was refused.
pub(crate) async fn conclude(
    ctx: &OpsCtx,
    console: &Console,
    tenant: TenantId,
    outcome: kernel::Result<String>,
) -> Result<Response> {
    match outcome {
        Ok(message) => Ok(done(&format!("/tenants/{tenant}"), &message)),
        Err(error) => match refused_with(&error) {
            Some(status) => Ok(pages::summary_page(ctx, console, tenant, Some(&error))
                .await?
                .status(status)
                .into_response()),
            None => Err(error.into()),
        },
    }
}

/// The name under which a tenant stands in records.
pub(crate) async fn name_of(conn: &mut PgConnection, tenant: TenantId) -> kernel::Result<String> {
    store::name(conn, tenant)
        .await?
        .ok_or(Error::NotFound("tenant"))
}

async fn suspend(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path(id): Path<TenantId>,
    Form(form): Form<Reason>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "workspace.tenant.suspended", &form.reason, ctx.now)?
            .on_tenant(id, name);
        let links = ctx.app.links();
        let subject =
            tenants::suspension::suspend(tx.conn(), links, id, act.reason(), ctx.now).await?;
        act.write(tx.conn()).await?;
        tx.commit().await?;
        Ok(format!("{} is suspended.", subject.name))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn restore(
    ctx: Operating<rank::Support>,
    Extension(console): Extension<Console>,
    Path(id): Path<TenantId>,
    Form(form): Form<Reason>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "workspace.tenant.restored", &form.reason, ctx.now)?
            .on_tenant(id, name);
        let subject = tenants::suspension::restore(tx.conn(), ctx.app.links(), id, ctx.now).await?;
        act.write(tx.conn()).await?;
        tx.commit().await?;
        Ok(format!("{} is open again.", subject.name))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

/// A form that grants something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GrantForm {
    /// `limit:<entitlement>` or `access:<module>`.
    what: String,
    /// A number, nothing for no limit, or how far a module is open.
    value: String,
    until: String,
    reason: String,
}

impl GrantForm {
    fn read(&self, console: &Console) -> kernel::Result<Grant> {
        let unknown = || FieldError::new("what", "invalid", "Choose what to allow.");
        let value = self.value.trim();
        match self.what.split_once(':') {
            Some(("limit", key)) => {
                let known = console.entitlements().iter().any(|known| known.key == key);
                if !known {
                    return Err(unknown().into());
                }
                let limit = match value {
                    "" => None,
                    text => Some(text.parse::<i64>().map_err(|_| {
                        FieldError::new(
                            "value",
                            "invalid",
                            "Enter a whole number, or nothing for no limit.",
                        )
                    })?),
                };
                Ok(Grant::Limit {
                    key: key.to_owned(),
                    limit,
                })
            }
            Some(("access", module)) => {
                if !console.modules().contains(&module) {
                    return Err(unknown().into());
                }
                let access = match value {
                    "" | "full" => Access::Full,
                    "read_only" => Access::ReadOnly,
                    "blocked" => Access::Blocked,
                    _ => {
                        let message =
                            "For a product, enter full, read_only or blocked, or nothing for full.";
                        return Err(FieldError::new("value", "invalid", message).into());
                    }
                };
                Ok(Grant::Access {
                    module: module.to_owned(),
                    access,
                })
            }
            _ => Err(unknown().into()),
        }
    }
}

async fn grant(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path(id): Path<TenantId>,
    Form(form): Form<GrantForm>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let grant = form.read(&console)?;
        let until = midnight(&form.until)
            .ok_or_else(|| FieldError::new("until", "required", "Choose until when it holds."))?;
        let act = Act::new(&*ctx, "workspace.allowance.granted", &form.reason, ctx.now)?;
        let new = NewOverride {
            grant: grant.clone(),
            reason: act.reason(),
            by: &ctx.operator.name,
            until,
        };
        let granted = overrides::grant(tx.conn(), id, new, ctx.now).await?;
        let (what, value) = describe(&grant);
        act.on_tenant(id, name)
            .on("override", granted, what.clone())
            .detail(json!({ "value": value, "until": until }))?
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!("{what} is {value} until {}.", form.until.trim()))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

async fn revoke(
    ctx: Operating<rank::Billing>,
    Extension(console): Extension<Console>,
    Path((id, granted)): Path<(TenantId, OverrideId)>,
    Form(form): Form<Reason>,
) -> Result<Response> {
    let outcome = async {
        let mut tx = console.db().begin().await?;
        let name = name_of(tx.conn(), id).await?;
        let act = Act::new(&*ctx, "workspace.allowance.revoked", &form.reason, ctx.now)?;
        let revoked =
            overrides::revoke(tx.conn(), id, granted, &ctx.operator.name, ctx.now).await?;
        let (what, value) = describe(&revoked.grant);
        act.on_tenant(id, name)
            .on("override", granted, what.clone())
            .detail(json!({ "value": value }))?
            .write(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(format!("{what} follows the plan again."))
    };
    conclude(&ctx, &console, id, outcome.await).await
}

/// What an override is of, and its value, in words.
pub(super) fn describe(grant: &Grant) -> (String, String) {
    match grant {
        Grant::Limit { key, limit } => (
            key.clone(),
            limit.map_or_else(|| "without a limit".to_owned(), |limit| limit.to_string()),
        ),
        Grant::Access { module, access } => (
            format!("access to {module}"),
            access.as_str().replace('_', " "),
        ),
    }
}
