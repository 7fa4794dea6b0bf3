//! Statements about applications.

use kernel::{ConstraintExt as _, MembershipId, PageRequest, Result, TenantId, Timestamp};
use module::ApplicationId;
use sqlx::PgPool;
use tenant_resolver::TenantTx;

use super::{Application, Checked, Status};

struct Row {
    id: ApplicationId,
    rev: i64,
    module_key: String,
    name: String,
    slug: String,
    status: String,
    allowed_origins: Vec<String>,
    cache_seconds: i32,
    keys: i64,
    last_used_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Row> for Application {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            rev: row.rev,
            product: row.module_key,
            name: row.name,
            slug: row.slug,
            // The check constraint allows no other.
            status: Status::parse(&row.status).unwrap_or(Status::Disabled),
            allowed_origins: row.allowed_origins,
            cache_seconds: row.cache_seconds,
            keys: row.keys,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The statement of a list once, with what differs between one application and all.
macro_rules! applications {
    ($tx:ident, $now:ident, $which:tt $(, $value:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"select a.id, a.rev, a.module_key, a.name, a.slug, a.status, a.allowed_origins, a.cache_seconds,
                      a.created_at, a.updated_at,
                      (select count(*) from api_keys k
                       where k.tenant_id = $1 and k.application_id = a.id and k.revoked_at is null
                         and (k.expires_at is null or k.expires_at > $2) and (k.revoke_at is null or k.revoke_at > $2)
                      ) as "keys!",
                      (select max(k.last_used_at) from api_keys k where k.tenant_id = $1 and k.application_id = a.id) as last_used_at
               from applications a where a.tenant_id = $1 "#
                + $which,
            $tx.tenant() as _,
            $now as _,
            $($value),*
        )
    };
}

pub(super) async fn find(
    tx: &mut TenantTx,
    id: ApplicationId,
    now: Timestamp,
) -> Result<Option<Application>> {
    let found = applications!(tx, now, "and a.id = $3", id as _)
        .fetch_optional(tx.conn())
        .await?;
    Ok(found.map(Application::from))
}

pub(super) async fn list(
    tx: &mut TenantTx,
    request: PageRequest,
    now: Timestamp,
) -> Result<Vec<Application>> {
    let after = request.after;
    let found = applications!(
        tx,
        now,
        "and ($3::timestamptz is null or (a.created_at, a.id) < ($3, $4::uuid))
         order by a.created_at desc, a.id desc limit $5",
        after.map(|cursor| cursor.at) as _,
        after.map(|cursor| cursor.id),
        request.fetch()
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(Application::from).collect())
}

/// Takes the row for a change; `false` when there is none.
pub(super) async fn lock(tx: &mut TenantTx, id: ApplicationId) -> Result<bool> {
    let tenant = tx.tenant();
    let found = sqlx::query_scalar!(
        "select rev from applications where tenant_id = $1 and id = $2 for update",
        tenant as _,
        id as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.is_some())
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    id: ApplicationId,
    product: &str,
    input: &Checked,
    maker: MembershipId,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into applications (tenant_id, id, module_key, name, slug, status, allowed_origins, cache_seconds, rev,
                                   created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, 'active', $6, $7, 1, $8, $9, $9)",
        tenant as _,
        id as _,
        product,
        input.name,
        input.slug,
        &input.allowed_origins,
        input.cache_seconds,
        maker as _,
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("applications_slug_key", super::name_taken)?;
    Ok(())
}

pub(super) async fn update(
    tx: &mut TenantTx,
    id: ApplicationId,
    input: &Checked,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update applications
         set name = $3, slug = $4, allowed_origins = $5, cache_seconds = $6, rev = rev + 1, updated_at = $7
         where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        input.name,
        input.slug,
        &input.allowed_origins,
        input.cache_seconds,
        now as _,
    )
    .execute(tx.conn())
    .await
    .on_constraint("applications_slug_key", super::name_taken)?;
    Ok(())
}

pub(super) async fn set_status(
    tx: &mut TenantTx,
    id: ApplicationId,
    status: Status,
    now: Timestamp,
) -> Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update applications set status = $3, rev = rev + 1, updated_at = $4 where tenant_id = $1 and id = $2",
        tenant as _,
        id as _,
        status.as_str(),
        now as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The origins of every application in use, each once.
pub(crate) async fn origins(pool: &PgPool, tenant: TenantId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct origin as "origin!" from applications a, unnest(a.allowed_origins) origin
           where a.tenant_id = $1 and a.status = 'active'"#,
        tenant as _,
    )
    .fetch_all(pool)
    .await?)
}
