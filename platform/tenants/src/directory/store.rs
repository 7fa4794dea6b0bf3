//! Statements of the directory.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::TenantRow;

/// The tenant that has, or lately had, the address, and until when a former address forwards.
pub(super) async fn by_slug(
    conn: &mut PgConnection,
    slug: &str,
) -> Result<Option<(TenantRow, Option<Timestamp>)>> {
    let found = sqlx::query!(
        r#"select t.id as "id: TenantId", t.slug, t.name, t.status, t.locale, t.time_zone, t.currency, t.brand,
                  l.hash as "logo?", s.redirect_until
           from tenant_slugs s
           join tenants t on t.id = s.tenant_id
           left join tenant_logos l on l.tenant_id = t.id
           where s.slug = $1"#,
        slug,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| {
        let tenant = TenantRow {
            id: row.id,
            slug: row.slug,
            name: row.name,
            status: row.status,
            locale: row.locale,
            time_zone: row.time_zone,
            currency: row.currency,
            brand: row.brand,
            logo: row.logo,
        };
        (tenant, row.redirect_until)
    }))
}

/// The active tenants.
pub(super) async fn active(conn: &mut PgConnection) -> Result<Vec<TenantId>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id: TenantId" from tenants where status = 'active' order by id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

pub(super) async fn by_id(conn: &mut PgConnection, id: TenantId) -> Result<Option<TenantRow>> {
    Ok(sqlx::query_as!(
        TenantRow,
        r#"select t.id as "id: _", t.slug, t.name, t.status, t.locale, t.time_zone, t.currency, t.brand,
                  l.hash as "logo?"
           from tenants t left join tenant_logos l on l.tenant_id = t.id
           where t.id = $1"#,
        id as _,
    )
    .fetch_optional(conn)
    .await?)
}
