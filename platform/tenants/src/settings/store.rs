//! Statements of the settings.

use kernel::{ConstraintExt, Result, Slug, TenantId, Timestamp};
use sqlx::PgConnection;
use tenant_resolver::TenantTx;

use super::GeneralForm;
use crate::signup;

pub(super) async fn save_general(
    tx: &mut TenantTx,
    name: &str,
    form: &GeneralForm,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update tenants set name = $2, time_zone = $3, currency = $4, locale = $5, rev = rev + 1, updated_at = $6
         where id = $1",
        tenant as _,
        name,
        form.time_zone,
        form.currency,
        form.locale,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) async fn save_colour(tx: &mut TenantTx, colour: &str, now: Timestamp) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update tenants set brand = $2, rev = rev + 1, updated_at = $3 where id = $1",
        tenant as _,
        colour,
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The present address of a tenant, which nobody else changes meanwhile.
pub(super) async fn lock_slug(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select slug from tenants where id = $1 and status = 'active' for no key update",
        tenant as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn set_slug(
    conn: &mut PgConnection,
    tenant: TenantId,
    slug: &Slug,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update tenants set slug = $2, rev = rev + 1, updated_at = $3 where id = $1",
        tenant as _,
        slug.as_str(),
        now as _,
    )
    .execute(conn)
    .await
    .on_constraint("tenants_slug_key", signup::taken)?;
    Ok(())
}
