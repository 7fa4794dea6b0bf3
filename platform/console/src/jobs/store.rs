//! Statements about jobs. They read only.

use kernel::{Result, TenantId};
use sqlx::PgConnection;

use super::{Filter, Row};

/// Dead jobs first, then by when they run or ran.
pub(super) async fn list(conn: &mut PgConnection, filter: &Filter) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select j.id, j.tenant_id as "tenant: TenantId", t.name as "tenant_name?", j.kind, j.state, j.attempts, j.max_attempts,
                  j.run_at, j.finished_at, j.last_error
           from jobs j left join tenants t on t.id = j.tenant_id
           where ($1 = '' or j.state = $1) and ($2 = '' or starts_with(j.kind, $2))
           order by j.state <> 'dead', coalesce(j.finished_at, j.run_at) desc, j.id desc
           offset $3 limit $4"#,
        filter.state,
        filter.kind,
        filter.offset,
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"select j.id, j.tenant_id as "tenant: TenantId", t.name as "tenant_name?", j.kind, j.state, j.attempts, j.max_attempts,
                  j.run_at, j.finished_at, j.last_error
           from jobs j left join tenants t on t.id = j.tenant_id
           where j.tenant_id = $1
           order by j.state <> 'dead', j.created_at desc, j.id desc limit 100"#,
        tenant as _,
    )
    .fetch_all(conn)
    .await?)
}
