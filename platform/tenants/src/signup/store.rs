//! Statements of the sign-up, all of the platform: they concern addresses that belong to nobody yet.

use std::net::IpAddr;

use kernel::{ConstraintExt, Email, Result, Slug, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Pending, Wanted, address};

/// A sign-up in the making.
pub(super) struct NewSignup<'a> {
    pub tenant: TenantId,
    pub email: &'a Email,
    pub person: &'a str,
    pub password_hash: &'a str,
    pub token_hash: &'a [u8],
    pub ip: IpAddr,
}

/// Those of some addresses that cannot be had.
pub(super) async fn taken_of(
    conn: &mut PgConnection,
    slugs: &[String],
    now: Timestamp,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select slug from tenant_slugs where slug = any ($1) and (free_from is null or free_from > $2)",
        slugs,
        now as _,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn delete_free_slug(
    conn: &mut PgConnection,
    slug: &Slug,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from tenant_slugs where slug = $1 and free_from <= $2",
        slug.as_str(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the sign-up that held an address and was never confirmed.
pub(super) async fn delete_lapsed_tenant(
    conn: &mut PgConnection,
    slug: &Slug,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from tenants where slug = $1 and status = 'pending' and hold_until <= $2",
        slug.as_str(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes what a mail address asked for and never confirmed.
pub(super) async fn delete_expired_of(
    conn: &mut PgConnection,
    email: &Email,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "delete from tenants t using tenant_signups s
         where s.tenant_id = t.id and s.email_norm = $1 and s.expires_at <= $2 and t.status = 'pending'",
        email.normal(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A tenant: pending until `hold`, or active at once.
pub(super) async fn insert_tenant(
    conn: &mut PgConnection,
    id: TenantId,
    wanted: &Wanted,
    hold: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into tenants (id, slug, name, status, locale, time_zone, currency, brand, interest, hold_until,
                              confirmed_at, created_at, updated_at)
         values ($1, $2, $3, case when $4::timestamptz is null then 'active' else 'pending' end, 'en-US', $5, 'USD', $6, $7, $4,
                 case when $4::timestamptz is null then $8::timestamptz end, $8, $8)",
        id as _,
        wanted.slug.as_str(),
        wanted.name,
        hold as _,
        wanted.time_zone,
        ui::color::DEFAULT_BRAND,
        wanted.interest,
        now as _,
    )
    .execute(conn)
    .await
    .on_constraint("tenants_slug_key", address::taken)?;
    Ok(())
}

pub(super) async fn insert_slug(
    conn: &mut PgConnection,
    tenant: TenantId,
    slug: &Slug,
    free_from: Option<Timestamp>,
    now: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tenant_slugs (tenant_id, slug, free_from, created_at) values ($1, $2, $3, $4)
         on conflict (tenant_id, slug) do update set free_from = excluded.free_from, redirect_until = null",
        tenant as _,
        slug.as_str(),
        free_from as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn settle_slug(conn: &mut PgConnection, tenant: TenantId) -> Result<()> {
    sqlx::query!(
        "update tenant_slugs set free_from = null where tenant_id = $1 and redirect_until is null",
        tenant as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn retire_slug(
    conn: &mut PgConnection,
    tenant: TenantId,
    slug: &str,
    redirect_until: Timestamp,
    free_from: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update tenant_slugs set redirect_until = $3, free_from = $4 where tenant_id = $1 and slug = $2",
        tenant as _,
        slug,
        redirect_until as _,
        free_from as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a sign-up into a slot of its mail address; `false` when another one has that slot.
pub(super) async fn insert_signup(
    conn: &mut PgConnection,
    signup: &NewSignup<'_>,
    slot: i16,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into tenant_signups (tenant_id, email, email_norm, slot, person_name, password_hash, token_hash,
                                     expires_at, ip, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (email_norm, slot) do nothing",
        signup.tenant as _,
        signup.email.as_str(),
        signup.email.normal(),
        slot,
        signup.person,
        signup.password_hash,
        signup.token_hash,
        until as _,
        signup.ip.to_string(),
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces the link of a sign-up that waits; the name of its tenant.
pub(super) async fn replace_token(
    conn: &mut PgConnection,
    slug: &Slug,
    email: &Email,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "update tenant_signups s set token_hash = $3
         from tenants t
         where t.id = s.tenant_id and t.slug = $1 and t.status = 'pending' and s.email_norm = $2 and s.expires_at > $4
         returning t.name",
        slug.as_str(),
        email.normal(),
        token_hash,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn find_signup(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Pending>> {
    Ok(sqlx::query_as!(
        Pending,
        r#"select t.id as "tenant: _", t.name, t.slug, s.email, t.interest, t.time_zone, s.person_name, s.password_hash
           from tenant_signups s join tenants t on t.id = s.tenant_id
           where s.token_hash = $1 and s.expires_at > $2"#,
        token_hash,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

/// Takes a sign-up out: of many who hold its link, one gets it.
pub(super) async fn take_signup(
    conn: &mut PgConnection,
    token_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Pending>> {
    Ok(sqlx::query_as!(
        Pending,
        r#"delete from tenant_signups s using tenants t
           where t.id = s.tenant_id and s.token_hash = $1 and s.expires_at > $2
           returning t.id as "tenant: _", t.name, t.slug, s.email, t.interest, t.time_zone, s.person_name, s.password_hash"#,
        token_hash,
        now as _,
    )
    .fetch_optional(conn)
    .await?)
}

pub(super) async fn activate(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "update tenants set status = 'active', hold_until = null, confirmed_at = $2, rev = rev + 1, updated_at = $2
         where id = $1 and status = 'pending'",
        tenant as _,
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes sign-ups that were never confirmed, with the addresses they held. Returns how many.
pub(super) async fn delete_expired(conn: &mut PgConnection, now: Timestamp) -> Result<u64> {
    let done = sqlx::query!(
        "delete from tenants where id in (
             select id from tenants where status = 'pending' and hold_until <= $1 order by hold_until limit 1000)",
        now as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
