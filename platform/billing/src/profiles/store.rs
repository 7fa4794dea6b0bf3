//! The statements of billing profiles.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Profile, ProfileInput};

pub(super) async fn find(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<Profile>> {
    Ok(sqlx::query_as!(
        Profile,
        "select legal_name, billing_email, address, country, tax_id, rev, updated_at
         from billing_profiles where tenant_id = $1",
        tenant as _,
    )
    .fetch_optional(conn)
    .await?)
}

/// Writes a profile where there is none yet; false when there is one.
pub(super) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: &ProfileInput,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into billing_profiles (tenant_id, legal_name, billing_email, address, country, tax_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing",
        tenant as _,
        new.legal_name,
        new.billing_email,
        new.address,
        new.country,
        new.tax_id,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a profile over revision `rev`; false when that is not the present one.
pub(super) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    rev: i64,
    new: &ProfileInput,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "update billing_profiles
         set legal_name = $3, billing_email = $4, address = $5, country = $6, tax_id = $7, rev = rev + 1, updated_at = $8
         where tenant_id = $1 and rev = $2",
        tenant as _,
        rev,
        new.legal_name,
        new.billing_email,
        new.address,
        new.country,
        new.tax_id,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
