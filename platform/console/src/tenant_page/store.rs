//! Statements about one tenant. They read only.

use kernel::{Result, TenantId, Timestamp};
use sqlx::PgConnection;

use super::{Person, Tenant};

pub(super) async fn find(conn: &mut PgConnection, id: TenantId) -> Result<Option<Tenant>> {
    Ok(sqlx::query_as!(
        Tenant,
        r#"select id as "id: TenantId", slug, name, status, locale, time_zone, currency, country, created_at, suspended_at,
                  suspended_reason
           from tenants where id = $1"#,
        id as _,
    )
    .fetch_optional(conn)
    .await?)
}

/// Everybody who is or was a member, owners first. Addresses are those of the accounts: operators write to people.
pub(super) async fn people(conn: &mut PgConnection, id: TenantId) -> Result<Vec<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"select m.display_name as name, u.email, m.status, m.joined_at, m.last_seen_at,
                  coalesce(h.roles, '{}') as "roles!: Vec<String>"
           from memberships m
           join users u on u.id = m.user_id
           left join lateral (
               select array_agg(r.key order by r.key) as roles
               from membership_roles x join roles r on r.tenant_id = x.tenant_id and r.id = x.role_id
               where x.tenant_id = m.tenant_id and x.membership_id = m.id
           ) h on true
           where m.tenant_id = $1
           order by 'owner' = any (coalesce(h.roles, '{}')) desc, m.status, lower(m.display_name), m.id limit 500"#,
        id as _,
    )
    .fetch_all(conn)
    .await?)
}

/// Room that the tenant's files take.
pub(super) async fn bytes(conn: &mut PgConnection, id: TenantId) -> Result<i64> {
    let found = sqlx::query_scalar!(
        "select bytes from files_totals where tenant_id = $1",
        id as _
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or_default())
}

/// A tenant's name, for the record of what was done to it.
pub(crate) async fn name(conn: &mut PgConnection, id: TenantId) -> Result<Option<String>> {
    Ok(
        sqlx::query_scalar!("select name from tenants where id = $1", id as _)
            .fetch_optional(conn)
            .await?,
    )
}

/// Mail of a tenant, newest first.
pub(super) struct Letter {
    pub subject: String,
    pub to_address: String,
    pub template: String,
    pub state: String,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

pub(super) async fn letters(conn: &mut PgConnection, id: TenantId) -> Result<Vec<Letter>> {
    Ok(sqlx::query_as!(
        Letter,
        "select subject, to_address, template, state, last_error, created_at
         from mail_messages where tenant_id = $1 order by created_at desc, id desc limit 100",
        id as _,
    )
    .fetch_all(conn)
    .await?)
}
